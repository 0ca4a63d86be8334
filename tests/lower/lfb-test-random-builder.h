/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the steps of a random model are made of; see lfb-test-random.h. */

#pragma once

#include "lfb-test-random.h"

#define MAX_DIMS 6
#define WEIGHT_SCALE (1.0 / 128)

/* A quantized tensor, read through a dequantize. */
typedef struct
{
  LfbNode *quantize;
  LfbNode *dequantize;
  gint64 shape[MAX_DIMS];
  guint n_dims;
  double scale;
  gint64 zero_point;
  LfbDType dtype;
  double bound;
} Value;

typedef struct
{
  LfbTestRandom *random;
  GRand *rand;
  LfbGraphModule *model;
  LfbGraph *graph;
  GArray *values;
  GPtrArray *outputs; /* LfbNode */
  guint counter;
} Builder;

#define FUNCTION(target, ...) \
  lfb_random_call (self, LFB_OP_CALL_FUNCTION, target, G_N_ELEMENTS (((LfbValue *[]) { __VA_ARGS__ })), (LfbValue *[]) { __VA_ARGS__ })
#define METHOD(target, ...) \
  lfb_random_call (self, LFB_OP_CALL_METHOD, target, G_N_ELEMENTS (((LfbValue *[]) { __VA_ARGS__ })), (LfbValue *[]) { __VA_ARGS__ })
#define MODULE(target, ...) \
  lfb_random_call (self, LFB_OP_CALL_MODULE, target, G_N_ELEMENTS (((LfbValue *[]) { __VA_ARGS__ })), (LfbValue *[]) { __VA_ARGS__ })
#define NODE(node) lfb_value_for_node (node)
#define READ(value) lfb_value_for_node (lfb_random_read_value (self, value))
#define INT(number) lfb_value_for_int (number)

gboolean lfb_random_chance (Builder *self,
                            double probability);
int lfb_random_pick (Builder *self,
                     int begin,
                     int end);
char *lfb_random_fresh (Builder *self,
                        const char *name);
LfbNode *lfb_random_add (Builder *self,
                         LfbOp op,
                         const char *target,
                         LfbValue **args,
                         gsize n_args);
LfbNode *lfb_random_call (Builder *self,
                          LfbOp op,
                          const char *target,
                          gsize n_args,
                          LfbValue **args);
LfbTensor *lfb_random_make_floats (const float *data,
                                   const gint64 *shape,
                                   gsize n_dims);
LfbTensor *lfb_random_make_multiples (Builder *self,
                                      double step,
                                      int limit,
                                      const gint64 *shape,
                                      gsize n_dims);
LfbNode *lfb_random_add_tensor (Builder *self,
                                const char *prefix,
                                LfbTensor *tensor);
LfbTensor *lfb_random_make_int (gint64 number);
LfbTensor *lfb_random_make_float (float number);
void lfb_random_give_out (Builder *self,
                          LfbNode *node,
                          double bound);
void lfb_random_quantize_as (Builder *self,
                             LfbNode *node,
                             const gint64 *shape,
                             guint n_dims,
                             double scale,
                             gint64 zero_point,
                             LfbDType dtype,
                             double bound,
                             gboolean inexact);
void lfb_random_quantize (Builder *self,
                          LfbNode *node,
                          const gint64 *shape,
                          guint n_dims,
                          double bound,
                          gboolean inexact);
const Value *lfb_random_pick_value (Builder *self);
const Value *lfb_random_pick_like (Builder *self,
                                   const Value *value);
LfbNode *lfb_random_read_value (Builder *self,
                                const Value *value);
double lfb_random_largest (const Value *value);
LfbNode *lfb_random_maybe_relu (Builder *self,
                                LfbNode *node);
void lfb_random_set_module (Builder *self,
                            const char *path,
                            const char *type,
                            const char **settings,
                            LfbValue **values,
                            gsize n_settings,
                            const char **names,
                            LfbTensor **tensors,
                            gsize n_tensors);
LfbValue *lfb_random_twice (gint64 number);
void lfb_random_add_convolution (Builder *self,
                                 const char *path,
                                 gint64 n_inputs,
                                 gint64 n_outputs,
                                 gint64 kernel,
                                 gboolean per_channel);
void lfb_random_add_linear (Builder *self,
                            const char *path,
                            gint64 n_inputs,
                            gint64 n_outputs);
double lfb_random_gain (gint64 n_products);
LfbNode *lfb_random_add_weight (Builder *self,
                                const gint64 *shape,
                                gsize n_dims);

/* Adds a pattern to the model; false if it does not go with what is there. */
typedef gboolean (*LfbRandomStep) (Builder *self);

LfbRandomStep lfb_random_pick_step (Builder *self);
