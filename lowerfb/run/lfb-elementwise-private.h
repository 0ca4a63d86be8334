/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that treat each element alone. A row of the table and a scalar
 * function are all that one needs: types, broadcasting, numbers beside
 * tensors, and integers by way of a 256-entry table are done here.
 */

#pragma once

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-math-private.h>

G_BEGIN_DECLS

/* How a unary operator takes a tensor quantized to 8 bits. */
typedef enum {
  LFB_QUANTIZED_REFUSED,   /* floats only */
  LFB_QUANTIZED_FIXED,     /* output range known: u8_* or s8_* below */
  LFB_QUANTIZED_GIVEN,     /* output scale and zero point are arguments; floats refused */
  LFB_QUANTIZED_SAME,      /* scale and zero point of the input */
} LfbQuantizedRule;

typedef enum {
  LFB_RESULT_SAME,         /* the (promoted) type of the operands */
  LFB_RESULT_FLOAT,        /* integers become float32 first */
  LFB_RESULT_BOOL,
} LfbResultType;

#define LFB_UNARY_MAX_PARAMS 3

typedef struct {
  /* @p holds the numbers of @params, in that order. Floats of 16 bits are
   * computed in float32. */
  float  (*f32) (float x, const double *p);
  double (*f64) (double x, const double *p);
  gint64 (*i64) (gint64 x, const double *p);   /* %NULL: integers become floats */
  gsize vector;                                /* where LfbFunctionsKernel has what f32 does; 0: nowhere */
  LfbResultType result;

  const char *params[LFB_UNARY_MAX_PARAMS];
  double defaults[LFB_UNARY_MAX_PARAMS];

  LfbQuantizedRule quantized;
  double u8_scale;
  gint64 u8_zero_point;
  double s8_scale;
  gint64 s8_zero_point;
} LfbUnary;

typedef struct {
  float  (*f32) (float a, float b);
  double (*f64) (double a, double b);
  gint64 (*i64) (gint64 a, gint64 b);          /* %NULL: integers become floats */
  LfbResultType result;
  gsize vector;                                /* where LfbArithmeticKernel has what f32 does; 0: nowhere */
  gboolean swapped;                            /* of b and a */
} LfbBinary;

/* Defines name_f32() and name_f64() from one expression in x and p; `real` is
 * the type, and EXP (x) and its like are the functions of that type. */
#define LFB_UNARY_FUNCTIONS(name, expression) \
  static float name##_f32 (float x, const double *p) { typedef float real; return (real) (expression); } \
  static double name##_f64 (double x, const double *p) { typedef double real; return (real) (expression); }

#define LFB_BINARY_FUNCTIONS(name, expression) \
  static float name##_f32 (float a, float b) { return (expression); } \
  static double name##_f64 (double a, double b) { return (expression); }

#define LFB_VECTOR(name) .vector = offsetof (LfbFunctionsKernel, name)

#define LFB_ARITHMETIC(name) .vector = offsetof (LfbArithmeticKernel, name)

#define EXP(x) _Generic ((x), float: lfb_exp_one, double: lfb_exp) (x)
#define TANH(x) _Generic ((x), float: lfb_tanh_one, double: lfb_tanh) (x)
#define SIGMOID(x) _Generic ((x), float: lfb_sigmoid_one, double: lfb_sigmoid) (x)

/* Functions of table rows: the row's data is a LfbUnary or LfbBinary. */
LfbValue   *lfb_unary_run            (LfbCall           *call,
                                      GError           **error);
LfbValue   *lfb_binary_run           (LfbCall           *call,
                                      GError           **error);

/* Of float32; a step is 0, one element for all, or 1. */
void        lfb_unary_floats         (const LfbRuntime  *runtime,
                                      const LfbUnary    *unary,
                                      const double      *p,
                                      const float       *x,
                                      float             *y,
                                      gsize              n);
void        lfb_binary_floats        (const LfbRuntime  *runtime,
                                      const LfbBinary   *binary,
                                      const float       *a,
                                      gsize              a_step,
                                      const float       *b,
                                      gsize              b_step,
                                      float             *y,
                                      gsize              n);

LfbTensor  *lfb_unary_apply          (const LfbRuntime  *runtime,
                                      const LfbUnary    *unary,
                                      const double      *p,
                                      LfbTensor         *input,
                                      GError           **error);
/* Any mix of tensors and numbers. */
LfbValue   *lfb_binary_apply         (const LfbRuntime  *runtime,
                                      const LfbBinary   *binary,
                                      const char        *a_name,
                                      LfbValue          *a,
                                      const char        *b_name,
                                      LfbValue          *b,
                                      GError           **error);
/* The integers of @input through @f, into another range. */
LfbTensor  *lfb_unary_table          (const LfbRuntime  *runtime,
                                      const LfbUnary    *unary,
                                      const double      *p,
                                      LfbTensor         *input,
                                      double             scale,
                                      gint64             zero_point,
                                      GError           **error);

/* torch.result_type of values that are tensors or numbers. */
gboolean    lfb_promote              (const char        *name,
                                      LfbValue          *value,
                                      LfbDType          *dtype,
                                      int               *priority,
                                      GError           **error);
LfbDType    lfb_promote_types        (LfbDType           a,
                                      int                a_priority,
                                      LfbDType           b,
                                      int                b_priority);
/* Whether a number, or the one in a tensor, can be one of @type: floats are cut
 * off beside integers, uint8 takes -255 to 255 and wraps, as torch does.
 */
gboolean    lfb_check_converts       (const char        *name,
                                      LfbValue          *value,
                                      LfbDType           type,
                                      GError           **error);

/* One element of @type; @element has 8 bytes. Checked in the same way. */
gboolean    lfb_make_element         (const char        *name,
                                      LfbValue          *value,
                                      LfbDType           type,
                                      gpointer           element,
                                      GError           **error);

/* The same as a double. */
gboolean    lfb_read_number_as       (const char        *name,
                                      LfbValue          *value,
                                      LfbDType           type,
                                      double            *number,
                                      GError           **error);

/* A float of @type, infinite if that cannot hold it. */
void        lfb_store_double         (double             number,
                                      LfbDType           type,
                                      gpointer           element);

/* The same check for a number that has to be an int beside integers and bools;
 * tensors may be anything.
 */
gboolean    lfb_check_fits           (const char        *name,
                                      LfbValue          *value,
                                      LfbDType           type,
                                      GError           **error);

/* A tensor or number as a tensor. */
LfbTensor  *lfb_value_as_tensor      (const char        *name,
                                      LfbValue          *value,
                                      GError           **error);

G_END_DECLS
