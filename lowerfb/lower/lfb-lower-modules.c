/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lowered form of a module, as model-format.md describes it: the settings of
 * the module it replaces, and its tensors under their names, the weights
 * quantized. Reference modules keep, beside each float weight, how it is to be
 * quantized: weight_scale, weight_zero_point and weight_axis among the tensors,
 * weight_qscheme and weight_dtype among the settings; recurrent ones do so once
 * per weight.
 */

#include <lowerfb/lower/lfb-lower-modules-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-tensor-numbers-private.h>
#include <lowerfb/lower/lfb-lower-weights-private.h>

#include <string.h>

static LfbValue *
look_up (LfbValue   *dict,
         const char *weight,
         const char *suffix)
{
  g_autofree char *key = g_strconcat (weight, suffix, NULL);

  return lfb_value_lookup (dict, key);
}

static LfbTensor *
look_up_tensor (LfbValue   *dict,
                const char *weight,
                const char *suffix)
{
  LfbValue *value = look_up (dict, weight, suffix);

  return value != NULL ? lfb_value_get_tensor (value) : NULL;
}

/* Whether a tensor says how another one is to be quantized. */
static gboolean
is_qparam (LfbValue   *tensors,
           const char *name)
{
  static const char *suffixes[] = { "_scale", "_zero_point", "_axis" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *weight = NULL;

      if (!g_str_has_suffix (name, suffixes[i]))
        continue;
      weight = g_strndup (name, strlen (name) - strlen (suffixes[i]));
      if (g_str_has_prefix (weight, "weight") && lfb_value_lookup (tensors, weight) != NULL)
        return TRUE;
    }

  return FALSE;
}

static gboolean
is_weight (LfbValue   *tensors,
           const char *name)
{
  LfbValue *value = lfb_value_lookup (tensors, name);

  return g_str_has_prefix (name, "weight") && lfb_value_get_tensor (value) != NULL && !is_qparam (tensors, name);
}

/* The type a weight is to have: its own setting, or that of all weights. A file
 * that says nothing means what its scales mean.
 */
static LfbDType
weight_dtype (LfbModule  *source,
              const char *name,
              LfbWeights  weights)
{
  LfbValue *value = look_up (lfb_module_get_config (source), name, "_dtype");

  if (value == NULL)
    value = lfb_module_get_setting (source, "weight_dtype");
  if (value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_DTYPE)
    return lfb_value_get_dtype (value);

  return weights == LFB_WEIGHTS_HALF ? LFB_DTYPE_FLOAT16
         : weights == LFB_WEIGHTS_EMBEDDING ? LFB_DTYPE_QUINT8 : LFB_DTYPE_QINT8;
}

static LfbQScheme
weight_qscheme (LfbModule  *source,
                const char *name,
                LfbTensor  *scales,
                LfbTensor  *zero_points)
{
  LfbValue *value = look_up (lfb_module_get_config (source), name, "_qscheme");

  if (value == NULL)
    value = lfb_module_get_setting (source, "weight_qscheme");
  if (value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_QSCHEME)
    return lfb_value_get_qscheme (value);

  if (lfb_tensor_get_n_elements (scales) == 1)
    return LFB_QSCHEME_PER_TENSOR_AFFINE;
  return lfb_dtype_is_floating_point (lfb_tensor_get_dtype (zero_points))
           ? LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS : LFB_QSCHEME_PER_CHANNEL_AFFINE;
}

static gboolean
check_dtype (LfbDType     dtype,
             LfbWeights   weights,
             GError     **error)
{
  gboolean fits;

  switch (weights)
    {
    case LFB_WEIGHTS_HALF:
      fits = dtype == LFB_DTYPE_FLOAT16;
      break;
    case LFB_WEIGHTS_EMBEDDING:
      fits = dtype == LFB_DTYPE_QUINT8 || dtype == LFB_DTYPE_QUINT4X2 || dtype == LFB_DTYPE_QUINT2X4;
      break;
    default:
      fits = dtype == LFB_DTYPE_QINT8;
      break;
    }

  if (!fits)
    g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "it is to be %s, and the kernel takes %s",
                 lfb_dtype_to_string (dtype),
                 weights == LFB_WEIGHTS_HALF ? "float16"
                 : weights == LFB_WEIGHTS_EMBEDDING ? "quint8, quint4x2 or quint2x4" : "qint8");
  return fits;
}

static gboolean
check_qscheme (LfbQScheme   qscheme,
               LfbTensor   *axis,
               LfbWeights   weights,
               gint64      *channel_axis,
               GError     **error)
{
  gboolean per_channel = qscheme >= LFB_QSCHEME_PER_CHANNEL_AFFINE;

  *channel_axis = 0;
  if (weights == LFB_WEIGHTS_EMBEDDING && qscheme != LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "it is %s, and the kernel takes rows with float zero points", lfb_qscheme_to_string (qscheme));
      return FALSE;
    }
  if (weights != LFB_WEIGHTS_EMBEDDING && qscheme == LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "no kernel takes its float zero points");
      return FALSE;
    }
  if (weights == LFB_WEIGHTS_PER_TENSOR && per_channel)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "it has a scale per channel, and the kernel takes one for all");
      return FALSE;
    }
  if (per_channel && axis != NULL && !_lfb_tensor_read_integer (axis, channel_axis))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "the axis of its channels is not one integer");
      return FALSE;
    }
  if (*channel_axis != 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "its scales differ along axis %" G_GINT64_FORMAT ", and the kernel takes axis 0", *channel_axis);
      return FALSE;
    }

  return TRUE;
}

static LfbTensor *
lower_weight (LfbModule   *source,
              const char  *name,
              LfbWeights   weights,
              GError     **error)
{
  LfbValue *tensors = lfb_module_get_tensors (source);
  LfbTensor *weight = look_up_tensor (tensors, name, "");
  LfbTensor *scales = look_up_tensor (tensors, name, "_scale");
  LfbTensor *zero_points = look_up_tensor (tensors, name, "_zero_point");
  LfbTensor *axis = look_up_tensor (tensors, name, "_axis");
  LfbQParams qparams = { 0, };
  double scale, zero_point;

  qparams.dtype = weight_dtype (source, name, weights);
  if (!check_dtype (qparams.dtype, weights, error))
    return NULL;
  if (weights == LFB_WEIGHTS_HALF)
    return _lfb_halve_weight (weight, error);

  if (scales == NULL || zero_points == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "it has no %s", scales == NULL ? "scale" : "zero point");
      return NULL;
    }
  qparams.qscheme = weight_qscheme (source, name, scales, zero_points);
  if (!check_qscheme (qparams.qscheme, axis, weights, &qparams.axis, error))
    return NULL;

  if (qparams.qscheme >= LFB_QSCHEME_PER_CHANNEL_AFFINE)
    {
      qparams.scales = scales;
      qparams.zero_points = zero_points;
    }
  else if (_lfb_tensor_read_number (scales, &scale) && _lfb_tensor_read_number (zero_points, &zero_point))
    {
      qparams.scale = scale;
      qparams.zero_point = CLAMP (zero_point, -1e9, 1e9);
    }
  else
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "its scale or zero point is not one number");
      return NULL;
    }

  return _lfb_quantize_weight (weight, &qparams, error);
}

/* All tensors of the lowered form. */
static LfbValue *
lower_tensors (LfbModule   *source,
               LfbWeights   weights,
               GError     **error)
{
  LfbValue *tensors = lfb_module_get_tensors (source);
  g_autoptr (LfbValue) result = lfb_value_ref (tensors);

  if (lfb_module_get_tensor (source, "weight") == NULL && lfb_module_get_tensor (source, "weight_ih") == NULL &&
      lfb_module_get_tensor (source, "weight_ih_l0") == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT, "there is none");
      return NULL;
    }

  for (gsize i = 0; i < lfb_value_get_n_items (tensors); i++)
    {
      const char *name = lfb_value_get_key (tensors, i);
      g_autoptr (LfbTensor) tensor = NULL;
      g_autoptr (LfbValue) value = NULL;
      LfbValue *next;

      if (is_qparam (tensors, name))
        {
          next = lfb_value_without_item (result, name);
        }
      else if (is_weight (tensors, name))
        {
          tensor = lower_weight (source, name, weights, error);
          if (tensor == NULL)
            {
              if (!g_str_equal (name, "weight"))
                g_prefix_error (error, "`%s`: ", name);
              return NULL;
            }
          value = lfb_value_for_tensor (tensor);
          next = lfb_value_with_item (result, name, value);
        }
      else
        {
          continue;
        }
      lfb_value_unref (result);
      result = next;
    }

  return g_steal_pointer (&result);
}

/* The lowered form of a module, without an output range. A module that is
 * lowered for several calls, or under several paths, is quantized once.
 *
 * The message of an error goes on from “its weight cannot be quantized: ”.
 */
LfbModule *
_lfb_lower_module (LfbLowerContext  *context,
                   LfbModule        *source,
                   const char       *lowered_type,
                   LfbWeights        weights,
                   GError          **error)
{
  LfbValue *tensors;

  if (weights == LFB_WEIGHTS_NONE)
    return lfb_module_new (lowered_type, lfb_module_get_config (source), lfb_module_get_tensors (source), NULL);

  tensors = g_hash_table_lookup (context->lowered_tensors[weights], source);
  if (tensors == NULL)
    {
      tensors = lower_tensors (source, weights, error);
      if (tensors == NULL)
        return NULL;
      g_hash_table_insert (context->lowered_tensors[weights], g_object_ref (source), tensors);
    }

  return lfb_module_new (lowered_type, lfb_module_get_config (source), tensors, NULL);
}

LfbModule *
_lfb_module_with_setting (LfbModule  *module,
                          const char *name,
                          LfbValue   *value)
{
  g_autoptr (LfbValue) config = lfb_value_with_item (lfb_module_get_config (module), name, value);

  return lfb_module_new (lfb_module_get_type_name (module), config, lfb_module_get_tensors (module), NULL);
}

/* The module with an output range. */
LfbModule *
_lfb_module_with_range (LfbModule *module,
                        double     scale,
                        gint64     zero_point)
{
  g_autoptr (LfbValue) scale_value = lfb_value_for_double (scale);
  g_autoptr (LfbValue) point_value = lfb_value_for_int (zero_point);
  g_autoptr (LfbValue) scaled = lfb_value_with_item (lfb_module_get_config (module), "scale", scale_value);
  g_autoptr (LfbValue) config = lfb_value_with_item (scaled, "zero_point", point_value);

  return lfb_module_new (lfb_module_get_type_name (module), config, lfb_module_get_tensors (module), NULL);
}
