/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of operators: one row each, from which dispatch, the binding and
 * checking of arguments, and the documentation's list all come.
 *
 * A row names an operator in every spelling that graphs use: dotted function
 * names, method names, module types. All spellings share one signature, one
 * rule and one function; a module binds its settings and tensors to the
 * parameters of the same names. Families of rows are constant arrays in
 * ops/, gathered in lfb-operator-table.c.
 */

#pragma once

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-value.h>
#include <lowerfb/run/lfb-runtime-private.h>

G_BEGIN_DECLS

typedef struct _LfbCall LfbCall;
typedef struct _LfbOperator LfbOperator;

typedef LfbValue *(*LfbOperatorFunc) (LfbCall  *call,
                                      GError  **error);
typedef gpointer (*LfbPrepareFunc)   (LfbCall  *call,
                                      GError  **error);

/* Whether an operator put instructions into a program; see lfb-emit-private.h. */
typedef struct _LfbEmit LfbEmit;
typedef enum {
  LFB_EMITTED_ERROR,
  LFB_EMITTED_NOTHING,   /* it is to be called as it is */
  LFB_EMITTED,
} LfbEmitted;

typedef LfbEmitted (*LfbEmitFunc)    (LfbEmit  *emit,
                                      GError  **error);

/* A module that runs parts of its own, MODULE.0 and so on, one after the other. */
typedef struct {
  gsize min_parts;
  gboolean adds;         /* part 0 takes the first input, then the second is added */
  gboolean relu;         /* and a relu follows */
} LfbSequence;

struct _LfbOperator {
  /* Names, separated by spaces; %NULL for none. */
  const char *functions;
  const char *methods;
  const char *modules;

  /* "input, weight, bias=None, stride=1, *sizes": defaults are None, True,
   * False, numbers and 'text'; a parameter after * takes the positional
   * arguments that are left.
   */
  const char *signature;

  /* One line for the list of operators. */
  const char *rule;

  LfbOperatorFunc run;

  /* What the family keeps for this row. */
  gconstpointer data;

  /* What can be made ahead from constants alone, such as packed weights. It
   * reads the parameters that @prepared names and no others. A session calls
   * it once if those are constants; otherwise every call does.
   */
  LfbPrepareFunc prepare;
  GDestroyNotify free_state;
  const char *prepared;

  /* The parameters that a module is called with; %NULL for the first one. */
  const char *forward;

  /* Of a module made of parts; %NULL for all others. */
  const LfbSequence *sequence;

  /* Puts the operator into a program; %NULL: programs call it as it is. */
  LfbEmitFunc emit;
};

typedef struct {
  const LfbOperator *rows;
  gsize n_rows;
} LfbOperatorFamily;

/* As the documentation lists it. */
typedef struct {
  const char *title;
  const LfbOperatorFamily *family;
} LfbTitledFamily;

#define LFB_OPERATOR_FAMILY(rows) { (rows), G_N_ELEMENTS (rows) }

/* The families, one a file in ops/. */
extern const LfbOperatorFamily lfb_activation_operators;
extern const LfbOperatorFamily lfb_adaptive_max_pool_operators;
extern const LfbOperatorFamily lfb_arithmetic_operators;
extern const LfbOperatorFamily lfb_attention_operators;
extern const LfbOperatorFamily lfb_batch_norm_operators;
extern const LfbOperatorFamily lfb_bilinear_operators;
extern const LfbOperatorFamily lfb_cat_operators;
extern const LfbOperatorFamily lfb_clamp_operators;
extern const LfbOperatorFamily lfb_compare_operators;
extern const LfbOperatorFamily lfb_conv_operators;
extern const LfbOperatorFamily lfb_conv_prepack_operators;
extern const LfbOperatorFamily lfb_convert_operators;
extern const LfbOperatorFamily lfb_create_operators;
extern const LfbOperatorFamily lfb_dropout_operators;
extern const LfbOperatorFamily lfb_elementwise_operators;
extern const LfbOperatorFamily lfb_embedding_operators;
extern const LfbOperatorFamily lfb_embedding_bytes_operators;
extern const LfbOperatorFamily lfb_float_conv_operators;
extern const LfbOperatorFamily lfb_gather_operators;
extern const LfbOperatorFamily lfb_group_norm_operators;
extern const LfbOperatorFamily lfb_index_operators;
extern const LfbOperatorFamily lfb_interpolate_operators;
extern const LfbOperatorFamily lfb_linear_operators;
extern const LfbOperatorFamily lfb_matmul_operators;
extern const LfbOperatorFamily lfb_norm_operators;
extern const LfbOperatorFamily lfb_pad_operators;
extern const LfbOperatorFamily lfb_pool_operators;
extern const LfbOperatorFamily lfb_python_operators;
extern const LfbOperatorFamily lfb_quantize_operators;
extern const LfbOperatorFamily lfb_quantized_arithmetic_operators;
extern const LfbOperatorFamily lfb_recurrent_operators;
extern const LfbOperatorFamily lfb_reduce_operators;
extern const LfbOperatorFamily lfb_repeat_operators;
extern const LfbOperatorFamily lfb_sequence_operators;
extern const LfbOperatorFamily lfb_shape_operators;
extern const LfbOperatorFamily lfb_shuffle_operators;
extern const LfbOperatorFamily lfb_softmax_operators;
extern const LfbOperatorFamily lfb_sort_operators;
extern const LfbOperatorFamily lfb_swin_operators;

typedef struct {
  char *name;
  LfbValue *fallback;      /* %NULL: the parameter has to be given */
  gboolean variadic;
  gboolean forward;        /* a module is called with it */
  gboolean prepared;
} LfbParameter;

/* A row with its signature taken apart. */
typedef struct {
  const LfbOperator *row;
  const char *family;
  LfbParameter *parameters;
  gsize n_parameters;
} LfbOperatorInfo;

typedef enum {
  LFB_OPERATOR_FUNCTION,
  LFB_OPERATOR_METHOD,
  LFB_OPERATOR_MODULE,
} LfbOperatorKind;

const LfbOperatorInfo *lfb_operator_lookup     (LfbOperatorKind         kind,
                                                const char             *name);
const LfbOperatorInfo *lfb_operator_find       (const char             *name,
                                                LfbOperatorKind        *kind);
char                 **lfb_operator_list_names (void);
gssize                 lfb_operator_parameter  (const LfbOperatorInfo  *info,
                                                const char             *name);
char                  *lfb_operator_describe   (const LfbOperatorInfo  *info);
const LfbTitledFamily *lfb_operator_families   (gsize                  *n_families);

G_END_DECLS
