/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dropout, of elements, channels and whole branches: the identity in inference;
 * integers are requantized where the output's scale or zero point differs
 * (numerics.md). A function that is told to drop, of which Python's functions
 * take that for granted, is refused when a session is made: nobody could repeat
 * its results. But for a probability of 0, and of 1, where nothing is left.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-quantized-private.h>

#include <string.h>

LFB_UNARY_FUNCTIONS (same, x)

LFB_UNARY_FUNCTIONS (nothing, x * 0)

static gint64
nothing_i64 (gint64        x,
             const double *p)
{
  return 0;
}

/* What a function does. */
typedef enum {
  KEEP = 1,
  DROP_ALL,
} Dropping;

/* What is left where all is dropped: torch multiplies by 0; a block is masked. */
static const gboolean all_or_none = TRUE, blocks = FALSE;

static gboolean
check_mode (LfbCall  *call,
            GError  **error)
{
  const char *mode = "batch";

  if (!lfb_call_string (call, "mode", &mode, error))
    return FALSE;
  if (strcmp (mode, "batch") == 0 || strcmp (mode, "row") == 0)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `mode` is '%.40s', expected 'batch' or 'row'", mode);

  return FALSE;
}

/* The state is a Dropping: known before the first run, where the arguments are. */
static gpointer
prepare_dropping (LfbCall  *call,
                  GError  **error)
{
  gboolean training = FALSE;
  double p = 0.5;

  if (!lfb_call_double (call, "p", &p, error) || !lfb_call_bool (call, "training", &training, error) ||
      !check_mode (call, error))
    return NULL;
  if (!(p >= 0 && p <= 1))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `p` is %g, expected 0 to 1", p);
      return NULL;
    }
  if (!training || p == 0)
    return GINT_TO_POINTER (KEEP);
  if (p == 1 && *LFB_CALL_DATA (call, gboolean))
    return GINT_TO_POINTER (DROP_ALL);

  g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
               "argument `training` is True, so that it drops at random with p = %g, which nobody could repeat; "
               "expected False, or p = 0%s", p, *LFB_CALL_DATA (call, gboolean) ? " or 1" : "");

  return NULL;
}

static void
free_dropping (gpointer state)
{
}

static LfbValue *
dropout (LfbCall  *call,
         GError  **error)
{
  static const LfbUnary clear = { .f32 = nothing_f32, .f64 = nothing_f64, .i64 = nothing_i64 };
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  Dropping dropping = input != NULL ? GPOINTER_TO_INT (lfb_call_state (call, error)) : 0;

  if (dropping == DROP_ALL)
    return lfb_value_take_tensor (lfb_unary_apply (call->runtime, &clear, NULL, input, error));

  return dropping == KEEP ? lfb_value_for_tensor (input) : NULL;
}

/* A module of a model is in evaluation. */
static LfbValue *
module_dropout (LfbCall  *call,
                GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);

  return input != NULL ? lfb_value_for_tensor (input) : NULL;
}

static LfbValue *
quantized_dropout (LfbCall  *call,
                   GError  **error)
{
  static const LfbUnary requantize = { .f32 = same_f32, .f64 = same_f64 };
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gboolean function = lfb_call_has (call, "output_scale");
  double scale = 1;
  gint64 zero_point = 0;

  if (input == NULL || !lfb_check_quantized ("input", input, error) ||
      !lfb_call_qparams (call, function ? "output_scale" : "scale", function ? "output_zero_point" : "zero_point",
                         lfb_tensor_get_dtype (input), &scale, &zero_point, error))
    return NULL;
  if (scale == lfb_tensor_get_scale (input) && zero_point == lfb_tensor_get_zero_point (input))
    return lfb_value_for_tensor (input);

  return lfb_value_take_tensor (lfb_unary_table (call->runtime, &requantize, NULL, input, scale, zero_point, error));
}

#define RULE "the input itself"
#define DROPPING(kind) .run = dropout, .prepare = prepare_dropping, .free_state = free_dropping, .data = &(kind)
#define DROP_RULE RULE "; with training only p = 0, and p = 1: 0 * x"

static const LfbOperator operators[] = {
  {
    .functions = "torch.nn.functional.dropout torch.nn.functional.dropout1d torch.nn.functional.dropout2d "
                 "torch.nn.functional.dropout3d torch.nn.functional.alpha_dropout torch.nn.functional.feature_alpha_dropout",
    .signature = "input, p=0.5, training=True, inplace=False", .rule = DROP_RULE,
    DROPPING (all_or_none), .prepared = "p training",
  },
  {
    .functions = "torch.dropout", .signature = "input, p, training", .rule = DROP_RULE,
    DROPPING (all_or_none), .prepared = "p training",
  },
  {
    .functions = "torchvision.ops.stochastic_depth.stochastic_depth",
    .signature = "input, p, mode, training=True", .rule = DROP_RULE,
    DROPPING (all_or_none), .prepared = "p mode training",
  },
  {
    .functions = "torchvision.ops.drop_block.drop_block2d torchvision.ops.drop_block.drop_block3d",
    .signature = "input, p, block_size, inplace=False, eps=1e-06, training=True",
    .rule = RULE "; with training only p = 0", DROPPING (blocks), .prepared = "p training",
  },
  {
    .modules = "torch.nn.Dropout torch.nn.Dropout1d torch.nn.Dropout2d torch.nn.Dropout3d torch.nn.AlphaDropout "
               "torch.nn.FeatureAlphaDropout",
    .signature = "input, p=0.5, inplace=False", .rule = RULE, .run = module_dropout,
  },
  {
    .functions = "torch.ops.quantized.dropout",
    .signature = "input, output_scale, output_zero_point, p=0.5, training=False, inplace=False",
    .rule = RULE ", requantized where scale or zero point differ", .run = quantized_dropout, .emit = lfb_emit_bytes,
  },
  {
    .modules = "torch.ao.nn.quantized.Dropout", .signature = "input, scale, zero_point, p=0.5, inplace=False",
    .rule = RULE ", requantized where scale or zero point differ", .run = quantized_dropout, .emit = lfb_emit_bytes,
  },
};

const LfbOperatorFamily lfb_dropout_operators = LFB_OPERATOR_FAMILY (operators);
