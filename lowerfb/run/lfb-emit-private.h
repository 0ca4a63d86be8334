/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What operators put into programs. A row of the table may have an emit function
 * beside its run function: for operands of known shapes it adds instructions
 * that compute the same bits, and says where the result will lie. Where it
 * cannot (an argument is only known when it runs, a rare setting), it leaves the
 * operator to be called as it is.
 */

#pragma once

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-packed-apply-private.h>
#include <lowerfb/run/lfb-pool-private.h>
#include <lowerfb/run/program/lfb-program-private.h>

G_BEGIN_DECLS

typedef struct _LfbTrace LfbTrace;

struct _LfbEmit {
  LfbCall call;          /* its arguments: constants as they are, all else as nodes */
  LfbTrace *trace;
  LfbProgram *program;
  const LfbRuntime *runtime;
  gsize step;
  LfbTerm *result;
  GPtrArray *kept;       /* LfbValue: stand-ins */
};

/* What an argument is; %NULL if the operator has no such parameter. */
LfbTerm   *lfb_emit_term          (LfbEmit             *self,
                                   const char          *name);
LfbTerm   *lfb_emit_value_term    (LfbEmit             *self,
                                   LfbValue            *value);
/* An argument that is a tensor, of this run or constant; else %FALSE. */
gboolean   lfb_emit_operand       (LfbEmit             *self,
                                   const char          *name,
                                   LfbOperand          *operand);
/* The same of a term. */
gboolean   lfb_emit_term_operand  (LfbEmit             *self,
                                   LfbTerm             *term,
                                   LfbOperand          *operand);
/* The tensors of a list or tuple; %NULL if one is none. */
LfbOperand *lfb_emit_operands     (LfbEmit             *self,
                                   const char          *name,
                                   gsize               *n_operands);
/* Whether all arguments are constants but those named, separated by spaces, so that
 * the readers of a call can read them. */
gboolean   lfb_emit_is_constant   (LfbEmit             *self,
                                   const char          *except);

/* Puts a tensor of the same shape and type in the place of an argument, for code
 * that does not look at its elements: they are the system's zeros. %NULL if the
 * argument is no operand, or others are not constant. */
LfbTensor *lfb_emit_stand_in      (LfbEmit             *self,
                                   const char          *name,
                                   LfbOperand          *operand);

/* Memory for @operand, which has its shape and layout. If that is more than there
 * can be, the plan runs node by node, and the node says so. */
void       lfb_emit_allocate      (LfbEmit             *self,
                                   LfbOperand          *operand);
/* @size bytes to work on while one instruction runs, which has @operand among what it
 * reads. */
void       lfb_emit_work          (LfbEmit             *self,
                                   gsize                size,
                                   LfbOperand          *operand);
/* The same elements in another layout: @operand itself if it has it already. */
void       lfb_emit_channels_last (LfbEmit             *self,
                                   LfbOperand          *operand);
void       lfb_emit_row_major     (LfbEmit             *self,
                                   LfbOperand          *operand);
void       lfb_emit_layout_of     (LfbEmit             *self,
                                   LfbOperand          *operand,
                                   const LfbOperand    *like);
LfbInstr  *lfb_emit_instr         (LfbEmit             *self,
                                   const LfbInstrType  *type,
                                   const LfbOperand    *y,
                                   const LfbOperand    *x,
                                   gsize                n_x,
                                   gpointer             data);
/* The operator's value. */
LfbEmitted lfb_emit_return        (LfbEmit             *self,
                                   const LfbOperand    *operand);

/* Emit functions that serve many rows. */

/* Each byte of the result is a function of the byte at the same place of the
 * first argument, whatever operator it is: a table says which. */
LfbEmitted lfb_emit_bytes         (LfbEmit             *self,
                                   GError             **error);
/* A row whose data is a LfbUnary, of float32 or of bytes. */
LfbEmitted lfb_emit_unary         (LfbEmit             *self,
                                   GError             **error);
/* relu and its kin. */
LfbEmitted lfb_emit_clamp         (LfbEmit             *self,
                                   GError             **error);
/* The same for @table itself; the result has the type, scale and zero point of @type,
 * and is the bytes of @x where the table leaves all as they are. */
LfbEmitted lfb_emit_table         (LfbEmit             *self,
                                   const LfbOperand    *x,
                                   const LfbOperand    *type,
                                   const guint8        *table);
/* A tensor of all 256 bytes with the type, scale and zero point of @like. */
LfbTensor *lfb_emit_all_bytes     (const LfbOperand    *like,
                                   GError             **error);
/* The result depends on the shape and type of the arguments alone. */
LfbEmitted lfb_emit_shape         (LfbEmit             *self,
                                   GError             **error);

/* Instructions of families whose rows read their arguments themselves. */

/* A convolution, and what is added to it if @extra is not %NULL; the rest as
 * lfb_packed_taps_apply() and lfb_packed_taps_apply_add() have it. The
 * image may lack the batch, or the height that a conv1d is packed with. */
LfbEmitted lfb_emit_taps          (LfbEmit             *self,
                                   const LfbPackedTaps *taps,
                                   gsize                n_spatial,
                                   const LfbOperand    *x,
                                   const LfbOperand    *extra,
                                   double               scale,
                                   gint64               zero_point,
                                   gboolean             relu,
                                   GError             **error);
LfbEmitted lfb_emit_rows          (LfbEmit             *self,
                                   const LfbPackedRows *rows,
                                   const LfbOperand    *x,
                                   double               scale,
                                   gint64               zero_point,
                                   gboolean             relu,
                                   GError             **error);
/* A pool of x, which has a batch; y has its shape and type. */
LfbEmitted lfb_emit_pool          (LfbEmit             *self,
                                   const LfbPool       *pool,
                                   const LfbOperand    *x,
                                   const LfbOperand    *y);
/* add or mul of two tensors of 8-bit integers; y has the type, scale and zero
 * point. */
LfbEmitted lfb_emit_binary        (LfbEmit             *self,
                                   gboolean             multiply,
                                   gboolean             relu,
                                   const LfbOperand    *a,
                                   const LfbOperand    *b,
                                   const LfbOperand    *y,
                                   GError             **error);
LfbEmitted lfb_emit_quantize      (LfbEmit             *self,
                                   const LfbOperand    *x,
                                   LfbDType             dtype,
                                   double               scale,
                                   gint64               zero_point);
LfbEmitted lfb_emit_dequantize    (LfbEmit             *self,
                                   const LfbOperand    *x);
/* Operators on float32; where shapes or types are others, nothing is emitted. */
LfbEmitted lfb_emit_function      (LfbEmit             *self,
                                   const LfbUnary      *unary,
                                   const double        *p,
                                   const LfbOperand    *x);
LfbEmitted lfb_emit_arithmetic    (LfbEmit             *self,
                                   const LfbBinary     *binary,
                                   const LfbOperand    *a,
                                   const LfbOperand    *b);
/* The same of the arguments input and other, of which one may be a number. */
LfbEmitted lfb_emit_binary_row    (LfbEmit             *self,
                                   const LfbBinary     *binary);
LfbEmitted lfb_emit_softmax       (LfbEmit             *self,
                                   LfbSoftmaxKind       kind,
                                   const LfbOperand    *x,
                                   gsize                dim);
/* Takes @gamma and @beta, which may be %NULL. */
LfbEmitted lfb_emit_layer_norm    (LfbEmit             *self,
                                   const LfbOperand    *x,
                                   gsize                length,
                                   float               *gamma,
                                   float               *beta,
                                   double               eps);
LfbEmitted lfb_emit_matmul        (LfbEmit             *self,
                                   const LfbOperand    *a,
                                   const LfbOperand    *b);
LfbEmitted lfb_emit_dynamic       (LfbEmit             *self,
                                   const LfbPackedRows *rows,
                                   const LfbOperand    *x,
                                   gboolean             reduce_range,
                                   gboolean             relu,
                                   GError             **error);
/* The 8-bit integers of which floats were made by dequantizing; %FALSE if they were
 * not. */
gboolean   lfb_emit_integers_of   (LfbEmit             *self,
                                   const LfbOperand    *x,
                                   LfbOperand          *q);
/* @tables: of each part a table of 256 bytes, or NULL to take it as it is. */
LfbEmitted lfb_emit_cat           (LfbEmit             *self,
                                   const LfbOperand    *parts,
                                   guint8             **tables,
                                   gsize                n_parts,
                                   gsize                dim,
                                   const LfbOperand    *y);

G_END_DECLS
