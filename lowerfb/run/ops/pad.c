/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Padding of the last dimensions. On integers a constant is quantized first;
 * same scale and zero point.
 */

#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-pad-private.h>
#include <lowerfb/run/lfb-quantized-private.h>

typedef struct {
  LfbPadMode mode;
  gsize n;          /* dimensions; 0: as many as the argument says */
} PadKind;

static const PadKind function = { LFB_PAD_CONSTANT, 0 };

/* Pairs from the last dimension on: (left, right, top, bottom, front, back). */
static gboolean
read_amounts (LfbCall     *call,
              const char  *name,
              gsize        n_wanted,
              gsize        n_dims,
              gint64      *before,
              gint64      *after,
              gsize       *n,
              GError     **error)
{
  gint64 amounts[2 * LFB_TENSOR_MAX_DIMS];
  gsize n_amounts = 0;

  if (!lfb_call_ints (call, name, amounts, G_N_ELEMENTS (amounts), &n_amounts, error))
    return FALSE;
  if (n_wanted > 0 && n_amounts == 1)
    {
      n_amounts = 2 * n_wanted;
      for (gsize i = 1; i < n_amounts; i++)
        amounts[i] = amounts[0];
    }
  *n = n_amounts / 2;
  if (n_amounts % 2 != 0 || *n > n_dims || (n_wanted > 0 && *n != n_wanted))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `%s` has %" G_GSIZE_FORMAT " ints, expected two for each of at most %" G_GSIZE_FORMAT " dimensions",
                   name, n_amounts, n_wanted > 0 ? n_wanted : n_dims);
      return FALSE;
    }
  for (gsize i = 0; i < *n; i++)
    {
      before[*n - 1 - i] = amounts[2 * i];
      after[*n - 1 - i] = amounts[2 * i + 1];
      for (gsize j = 0; j < 2; j++)
        if (amounts[2 * i + j] < -G_MAXINT32 || amounts[2 * i + j] > G_MAXINT32)
          {
            g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `%s` has %" G_GINT64_FORMAT ", which is too much",
                         name, amounts[2 * i + j]);
            return FALSE;
          }
    }

  return TRUE;
}

static LfbValue *
pad (LfbCall  *call,
     GError  **error)
{
  const PadKind *kind = LFB_CALL_DATA (call, PadKind);
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 before[LFB_TENSOR_MAX_DIMS], after[LFB_TENSOR_MAX_DIMS];
  const char *mode_name = NULL;
  LfbPadMode mode = kind->mode;
  guint64 element = 0;
  LfbValue *fill = lfb_call_has (call, "value") ? lfb_call_get (call, "value") : NULL;
  double value = 0;
  gsize n = 0;

  if (input == NULL || !lfb_check_movable ("input", input, error) ||
      !lfb_call_string (call, "mode", &mode_name, error) ||
      (mode_name != NULL && !lfb_pad_mode_parse ("mode", mode_name, &mode, error)) ||
      !lfb_call_double (call, "value", &value, error) ||
      !read_amounts (call, lfb_call_has (call, "pad") ? "pad" : "padding", kind->n, lfb_tensor_get_n_dims (input),
                     before, after, &n, error))
    return NULL;
  if (lfb_tensor_is_quantized (input))
    {
      float number = value;

      if (!lfb_check_quantized ("input", input, error))
        return NULL;
      lfb_quantize_floats (call->runtime, &number, &element, 1, lfb_tensor_get_scale (input),
                           lfb_tensor_get_zero_point (input), lfb_tensor_get_dtype (input));
    }
  else if (fill != NULL && !lfb_value_is_none (fill) &&
           !lfb_make_element ("value", fill, lfb_tensor_get_dtype (input), &element, error))
    {
      return NULL;
    }

  return lfb_value_take_tensor (lfb_tensor_pad (input, n, before, after, mode, &element, error));
}

#define MODULE(module, mode_, n_, rule_) \
  { \
    .modules = (module), .signature = "input, padding", .rule = (rule_), .run = pad, \
    .data = &(const PadKind) { (mode_), (n_) }, \
  }
#define CONSTANT(module, n_) \
  { \
    .modules = (module), .signature = "input, padding, value=0.0", .rule = "a constant around the input", .run = pad, \
    .data = &(const PadKind) { LFB_PAD_CONSTANT, (n_) }, \
  }

#define MIRRORED "the input's own elements mirrored at its edges"
#define REPEATED "the elements at the edges repeated"
#define AROUND "the elements from the other side"

static const LfbOperator operators[] = {
  {
    .functions = "torch.nn.functional.pad torch._C._nn.pad", .signature = "input, pad, mode='constant', value=None",
    .rule = "a constant, mirrored, repeated or circular elements around the input", .run = pad, .data = &function,
  },
  CONSTANT ("torch.nn.ConstantPad1d torch.nn.ZeroPad1d", 1),
  CONSTANT ("torch.nn.ConstantPad2d torch.nn.ZeroPad2d", 2),
  CONSTANT ("torch.nn.ConstantPad3d torch.nn.ZeroPad3d", 3),
  MODULE ("torch.nn.ReflectionPad1d", LFB_PAD_REFLECT, 1, MIRRORED),
  MODULE ("torch.nn.ReflectionPad2d", LFB_PAD_REFLECT, 2, MIRRORED),
  MODULE ("torch.nn.ReflectionPad3d", LFB_PAD_REFLECT, 3, MIRRORED),
  MODULE ("torch.nn.ReplicationPad1d", LFB_PAD_REPLICATE, 1, REPEATED),
  MODULE ("torch.nn.ReplicationPad2d", LFB_PAD_REPLICATE, 2, REPEATED),
  MODULE ("torch.nn.ReplicationPad3d", LFB_PAD_REPLICATE, 3, REPEATED),
  MODULE ("torch.nn.CircularPad1d", LFB_PAD_CIRCULAR, 1, AROUND),
  MODULE ("torch.nn.CircularPad2d", LFB_PAD_CIRCULAR, 2, AROUND),
  MODULE ("torch.nn.CircularPad3d", LFB_PAD_CIRCULAR, 3, AROUND),
};

const LfbOperatorFamily lfb_pad_operators = LFB_OPERATOR_FAMILY (operators);
