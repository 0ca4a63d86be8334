/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One layer and direction of a recurrent network. */

#pragma once

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-linear-private.h>

G_BEGIN_DECLS

typedef enum {
  LFB_CELL_LSTM,   /* gates i, f, g, o */
  LFB_CELL_GRU,    /* gates r, z, n */
  LFB_CELL_TANH,
  LFB_CELL_RELU,
} LfbCellType;

typedef struct {
  LfbCellType type;
  gsize n_gates;
} LfbCellKind;

/* A product with its bias: float, int8 or half. */
typedef struct {
  LfbPackedRows *rows;   /* %NULL: float */
  LfbTensor *weight;
  LfbTensor *bias;       /* of a float product; %NULL: none */
  gsize n;
  gsize k;
} LfbGateProduct;

typedef struct {
  LfbGateProduct input;
  LfbGateProduct state;
  LfbGateProduct projection;   /* n is 0 without one */
  gsize hidden;
  gsize output;                /* of the projection, else hidden */
} LfbRecurrentLayer;

/* From the tensors weight_ih, weight_hh, bias_ih, bias_hh and weight_hr with
 * @suffix; the settings of reference modules say how a weight is rounded. */
LfbRecurrentLayer *lfb_recurrent_layer_new   (LfbCall                  *call,
                                              gsize                     n_gates,
                                              const char               *suffix,
                                              GError                  **error);
/* From the packed weights w_ih and w_hh. */
LfbRecurrentLayer *lfb_recurrent_layer_new_packed
                                             (LfbCall                  *call,
                                              gsize                     n_gates,
                                              GError                  **error);
void               lfb_recurrent_layer_free  (LfbRecurrentLayer        *self);
gboolean           lfb_recurrent_check_input (const LfbRecurrentLayer  *self,
                                              LfbTensor                *input,
                                              GError                  **error);
/* What a layer works on, 64-byte aligned. */
typedef struct {
  float *a;              /* products with the input: steps x batch x gates */
  float *b;              /* with the state: batch x gates */
  float *wide;           /* batch x hidden: the cell's own h, where it is projected */
  gpointer dynamic;      /* of the largest of the dynamic products */
} LfbRecurrentWork;

/* Bytes of memory, and where all is in it. %G_MAXSIZE if that is more than there
 * can be. */
gsize              lfb_recurrent_work_size   (const LfbRecurrentLayer  *self,
                                              gsize                     steps,
                                              gsize                     batch);
LfbRecurrentWork   lfb_recurrent_work_place  (const LfbRecurrentLayer  *self,
                                              gsize                     steps,
                                              gsize                     batch,
                                              gpointer                  memory);

/* Runs over @x (@steps, @batch, features), backwards if asked, from the states
 * @h and @c (@batch rows each), which it leaves at the last step; each step's
 * output goes to rows of @y, @y_stride floats apart, unless @y is %NULL. */
gboolean           lfb_recurrent_layer_work  (const LfbRecurrentLayer  *self,
                                              const LfbCellKind        *kind,
                                              const LfbRuntime         *runtime,
                                              const float              *x,
                                              gsize                     steps,
                                              gsize                     batch,
                                              gboolean                  backwards,
                                              float                    *h,
                                              float                    *c,
                                              float                    *y,
                                              gsize                     y_stride,
                                              const LfbRecurrentWork   *work,
                                              GError                  **error);
/* The same in memory of its own. */
gboolean           lfb_recurrent_layer_run   (const LfbRecurrentLayer  *self,
                                              const LfbCellKind        *kind,
                                              const LfbRuntime         *runtime,
                                              const float              *x,
                                              gsize                     steps,
                                              gsize                     batch,
                                              gboolean                  backwards,
                                              float                    *h,
                                              float                    *c,
                                              float                    *y,
                                              gsize                     y_stride,
                                              GError                  **error);

G_END_DECLS
