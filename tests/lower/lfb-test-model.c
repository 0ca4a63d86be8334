/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-test-model.h. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#include <stdarg.h>
#include <string.h>

typedef struct
{
  LfbGraphModule *model;
  LfbGraph *graph;
  const char *next;
} Parser;

static void
skip_spaces (Parser *self)
{
  while (*self->next == ' ')
    self->next++;
}

static gboolean
take (Parser     *self,
      const char *token)
{
  skip_spaces (self);
  if (!g_str_has_prefix (self->next, token))
    return FALSE;

  self->next += strlen (token);
  return TRUE;
}

static void
need (Parser     *self,
      const char *token)
{
  if (!take (self, token))
    g_error ("no “%s” before “%s”", token, self->next);
}

static char *
take_word (Parser *self)
{
  const char *begin;

  skip_spaces (self);
  begin = self->next;
  while (g_ascii_isalnum (*self->next) || strchr ("_.", *self->next) != NULL)
    {
      if (*self->next == '\0')
        break;
      self->next++;
    }
  g_assert_true (self->next > begin);

  return g_strndup (begin, self->next - begin);
}

static LfbValue *parse_value (Parser *self);

static LfbValue *
parse_sequence (Parser     *self,
                const char *end,
                LfbValue *(*make) (LfbValue **items,
                                   gsize      n_items))
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);

  while (!take (self, end))
    {
      g_ptr_array_add (items, parse_value (self));
      take (self, ",");
    }

  return make ((LfbValue **) items->pdata, items->len);
}

/* slice(start, stop, step) */
static LfbValue *
make_slice (LfbValue **ends,
            gsize      n_ends)
{
  g_assert_cmpuint (n_ends, ==, 3);

  return lfb_value_for_slice (ends[0], ends[1], ends[2]);
}

static LfbValue *
parse_number (Parser *self)
{
  char *end;
  gint64 integer = g_ascii_strtoll (self->next, &end, 10);
  double number;

  if (*end != '.' && *end != 'e')
    {
      self->next = end;
      return lfb_value_for_int (integer);
    }

  number = g_ascii_strtod (self->next, &end);
  self->next = end;
  return lfb_value_for_double (number);
}

static LfbValue *
parse_value (Parser *self)
{
  g_autofree char *word = NULL;
  LfbDType dtype;

  skip_spaces (self);
  if (take (self, "["))
    return parse_sequence (self, "]", lfb_value_for_list);
  if (take (self, "("))
    return parse_sequence (self, ")", lfb_value_for_tuple);
  if (take (self, "slice("))
    return parse_sequence (self, ")", make_slice);
  if (take (self, "..."))
    return lfb_value_for_ellipsis ();
  if (take (self, "'"))
    {
      const char *end = strchr (self->next, '\'');
      g_autofree char *text = g_strndup (self->next, end - self->next);

      self->next = end + 1;
      return lfb_value_for_string (text);
    }
  if (g_ascii_isdigit (*self->next) || *self->next == '-')
    return parse_number (self);
  if (take (self, "%"))
    {
      LfbNode *node;

      word = take_word (self);
      node = lfb_graph_find (self->graph, word);
      if (node == NULL)
        g_error ("no node %s", word);
      return lfb_value_for_node (node);
    }

  word = take_word (self);
  if (g_str_equal (word, "None"))
    return lfb_value_for_none ();
  if (g_str_equal (word, "True") || g_str_equal (word, "False"))
    return lfb_value_for_bool (g_str_equal (word, "True"));
  if (lfb_dtype_from_string (g_str_has_prefix (word, "torch.") ? word + 6 : word, &dtype))
    return lfb_value_for_dtype (dtype);
  g_error ("what is %s?", word);
}

/* A keyword is a word with = behind it. */
static char *
take_keyword (Parser *self)
{
  const char *begin;
  g_autofree char *word = NULL;

  skip_spaces (self);
  begin = self->next;
  if (!g_ascii_isalpha (*begin) && *begin != '_')
    return NULL;
  word = take_word (self);
  if (take (self, "="))
    return g_steal_pointer (&word);

  self->next = begin;
  return NULL;
}

static LfbNode *
create (Parser     *self,
        LfbOp       op,
        const char *target,
        GPtrArray  *args,
        LfbValue   *kwargs,
        const char *name)
{
  g_autoptr (GError) error = NULL;
  LfbNode *node = lfb_graph_create_node (self->graph, op, target, args != NULL ? (LfbValue **) args->pdata : NULL,
                                         args != NULL ? args->len : 0, kwargs, name, &error);

  g_assert_no_error (error);
  return node;
}

static void
add_int (LfbGraphModule *model,
         const char     *name,
         gint64          number)
{
  g_autoptr (LfbTensor) tensor = lfb_test_tensor (LFB_DTYPE_INT64, &number, sizeof number, 0);

  lfb_test_set_tensor (model, name, tensor);
}

/* quantize(%x, 0.5, 10[, dtype]) */
static void
create_quantize (Parser     *self,
                 GPtrArray  *args,
                 const char *name)
{
  g_autofree char *scale = g_strconcat (name, "_scale", NULL);
  g_autofree char *zero_point = g_strconcat (name, "_zero_point", NULL);
  g_autoptr (GPtrArray) full = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);

  g_assert_cmpuint (args->len, >=, 3);
  lfb_test_set_float (self->model, scale, lfb_value_get_double (g_ptr_array_index (args, 1)));
  add_int (self->model, zero_point, lfb_value_get_int (g_ptr_array_index (args, 2)));

  g_ptr_array_add (full, lfb_value_ref (g_ptr_array_index (args, 0)));
  g_ptr_array_add (full, lfb_value_for_node (create (self, LFB_OP_GET_ATTR, scale, NULL, NULL, scale)));
  g_ptr_array_add (full, lfb_value_for_node (create (self, LFB_OP_GET_ATTR, zero_point, NULL, NULL, zero_point)));
  g_ptr_array_add (full, args->len > 3 ? lfb_value_ref (g_ptr_array_index (args, 3))
                                       : lfb_value_for_dtype (LFB_DTYPE_QUINT8));
  create (self, LFB_OP_CALL_FUNCTION, "torch.quantize_per_tensor", full, NULL, name);
}

static void
parse_call (Parser     *self,
            LfbOp       op,
            const char *target,
            const char *name)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (LfbValue) kwargs = NULL;

  need (self, "(");
  while (!take (self, ")"))
    {
      char *keyword = take_keyword (self);

      if (keyword != NULL)
        {
          g_ptr_array_add (keys, keyword);
          g_ptr_array_add (values, parse_value (self));
        }
      else
        {
          g_ptr_array_add (args, parse_value (self));
        }
      take (self, ",");
    }

  if (g_str_equal (target, "quantize"))
    {
      create_quantize (self, args, name);
      return;
    }
  if (g_str_equal (target, "dequantize"))
    op = LFB_OP_CALL_METHOD;
  g_ptr_array_add (keys, NULL);
  kwargs = lfb_value_for_dict ((const char * const *) keys->pdata, (LfbValue **) values->pdata, values->len);
  create (self, op, target, args, kwargs, name);
}

static void
parse_line (Parser *self)
{
  g_autofree char *name = NULL;
  g_autofree char *target = NULL;
  LfbOp op = LFB_OP_CALL_FUNCTION;

  if (take (self, "return"))
    {
      parse_call (self, LFB_OP_OUTPUT, "output", "output");
      return;
    }

  need (self, "%");
  name = take_word (self);
  need (self, "=");
  if (take (self, "placeholder"))
    {
      create (self, LFB_OP_PLACEHOLDER, name, NULL, NULL, name);
      return;
    }
  if (take (self, "get_attr "))
    {
      target = take_word (self);
      create (self, LFB_OP_GET_ATTR, target, NULL, NULL, name);
      return;
    }
  if (take (self, "method "))
    op = LFB_OP_CALL_METHOD;
  else if (take (self, "module "))
    op = LFB_OP_CALL_MODULE;
  target = take_word (self);
  parse_call (self, op, target, name);
}

LfbGraphModule *
lfb_test_parse (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  LfbGraphModule *model = lfb_graph_module_new (NULL);

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      Parser parser = { model, lfb_graph_module_get_graph (model), lines[i] };

      skip_spaces (&parser);
      if (*parser.next == '\0')
        continue;
      parse_line (&parser);
      skip_spaces (&parser);
      g_assert_cmpstr (parser.next, ==, "");
    }

  return model;
}

/* A float tensor of different small numbers. */
LfbTensor *
lfb_test_ramp (gsize n_dims,
               ...)
{
  gint64 shape[LFB_TENSOR_MAX_DIMS], n_elements = 1;
  g_autofree float *values = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor;
  va_list args;

  va_start (args, n_dims);
  for (gsize i = 0; i < n_dims; i++)
    {
      shape[i] = va_arg (args, int);
      n_elements *= shape[i];
    }
  va_end (args);

  values = g_new (float, n_elements + 1);
  for (gint64 i = 0; i < n_elements; i++)
    values[i] = (i % 7 - 3) * 0.125f;
  bytes = g_bytes_new (values, n_elements * sizeof *values);
  tensor = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, n_dims, bytes, &error);
  g_assert_no_error (error);

  return tensor;
}

void
lfb_test_set_float (LfbGraphModule *model,
                    const char     *name,
                    double          number)
{
  float value = number;
  g_autoptr (LfbTensor) tensor = lfb_test_tensor (LFB_DTYPE_FLOAT32, &value, sizeof value, 0);

  lfb_test_set_tensor (model, name, tensor);
}

void
lfb_test_set_tensor (LfbGraphModule *model,
                     const char     *name,
                     LfbTensor      *tensor)
{
  g_autoptr (LfbValue) value = lfb_value_for_tensor (tensor);

  lfb_graph_module_set_attribute (model, name, value);
}

static void
set_module (LfbGraphModule *model,
            const char     *path,
            const char     *type,
            LfbValue       *config,
            LfbValue       *tensors)
{
  g_autoptr (LfbModule) module = lfb_module_new (type, config, tensors, NULL);
  g_autoptr (GError) error = NULL;

  lfb_graph_module_set_module (model, path, module, &error);
  g_assert_no_error (error);
}

void
lfb_test_add_module (LfbGraphModule *model,
                     const char     *path,
                     const char     *type)
{
  set_module (model, path, type, NULL, NULL);
}

void
lfb_test_add_setting (LfbGraphModule *model,
                      const char     *path,
                      const char     *name,
                      LfbValue       *value)
{
  LfbModule *module = lfb_graph_module_get_module (model, path);
  g_autoptr (LfbValue) config = lfb_value_with_item (lfb_module_get_config (module), name, value);
  g_autofree char *type = g_strdup (lfb_module_get_type_name (module));
  g_autoptr (LfbValue) tensors = lfb_value_ref (lfb_module_get_tensors (module));

  lfb_value_unref (value);
  set_module (model, path, type, config, tensors);
}

void
lfb_test_add_tensor (LfbGraphModule *model,
                     const char     *path,
                     const char     *name,
                     LfbTensor      *tensor)
{
  LfbModule *module = lfb_graph_module_get_module (model, path);
  g_autoptr (LfbValue) value = lfb_value_for_tensor (tensor);
  g_autoptr (LfbValue) tensors = lfb_value_with_item (lfb_module_get_tensors (module), name, value);
  g_autofree char *type = g_strdup (lfb_module_get_type_name (module));
  g_autoptr (LfbValue) config = lfb_value_ref (lfb_module_get_config (module));

  g_object_unref (tensor);
  set_module (model, path, type, config, tensors);
}

/* The number of dimensions that the weight of a type of module has. */
static LfbTensor *
make_weight (const char *type)
{
  if (strstr (type, "3d") != NULL)
    return lfb_test_ramp (5, 2, 2, 3, 3, 3);
  if (strstr (type, "2d") != NULL)
    return lfb_test_ramp (4, 2, 2, 3, 3);
  if (strstr (type, "1d") != NULL)
    return lfb_test_ramp (3, 2, 2, 3);

  return lfb_test_ramp (2, 2, 2);
}

/* A reference module of two channels with a qint8 weight and a bias. */
void
lfb_test_add_reference (LfbGraphModule *model,
                        const char     *path,
                        const char     *type,
                        gboolean        per_channel)
{
  g_autofree char *full = g_strconcat ("torch.ao.nn.quantized.reference.", type, NULL);
  const float scales[] = { 0.01f, 0.02f };
  const gint64 points[] = { 0, 0 };
  const gint64 axis = 0;

  lfb_test_add_module (model, path, full);
  lfb_test_add_setting (model, path, "weight_dtype", lfb_value_for_dtype (LFB_DTYPE_QINT8));
  lfb_test_add_setting (model, path, "weight_qscheme",
                        lfb_value_for_qscheme (per_channel ? LFB_QSCHEME_PER_CHANNEL_AFFINE
                                                           : LFB_QSCHEME_PER_TENSOR_AFFINE));
  lfb_test_add_tensor (model, path, "weight", make_weight (type));
  lfb_test_add_tensor (model, path, "bias", lfb_test_ramp (1, 2));
  lfb_test_add_tensor (model, path, "weight_axis", lfb_test_tensor (LFB_DTYPE_INT64, &axis, sizeof axis, 0));
  if (per_channel)
    {
      lfb_test_add_tensor (model, path, "weight_scale",
                           lfb_test_tensor (LFB_DTYPE_FLOAT32, scales, sizeof scales, 1, (gint64) 2));
      lfb_test_add_tensor (model, path, "weight_zero_point",
                           lfb_test_tensor (LFB_DTYPE_INT64, points, sizeof points, 1, (gint64) 2));
    }
  else
    {
      lfb_test_add_tensor (model, path, "weight_scale",
                           lfb_test_tensor (LFB_DTYPE_FLOAT32, scales, sizeof *scales, 0));
      lfb_test_add_tensor (model, path, "weight_zero_point",
                           lfb_test_tensor (LFB_DTYPE_INT64, points, sizeof *points, 0));
    }
}

/* The node's entry in the qconfig map is none. */
void
lfb_test_skip (LfbGraphModule *model,
               const char     *name)
{
  g_autoptr (LfbQConfigMap) map = lfb_qconfig_map_new ();

  if (lfb_graph_module_get_qconfig_map (model) == NULL)
    lfb_graph_module_set_qconfig_map (model, map);
  lfb_qconfig_map_set (lfb_graph_module_get_qconfig_map (model), name, NULL);
}

void
lfb_test_set_scope (LfbGraphModule *model,
                    const char     *name,
                    const char     *path)
{
  g_autoptr (LfbScopeMap) map = lfb_scope_map_new ();

  if (lfb_graph_module_get_node_name_to_scope (model) == NULL)
    lfb_graph_module_set_node_name_to_scope (model, map);
  lfb_scope_map_set (lfb_graph_module_get_node_name_to_scope (model), name, path, "torch.nn.Module");
}

const char *
lfb_test_type (LfbGraphModule *model,
               const char     *path)
{
  LfbModule *module = lfb_graph_module_get_module (model, path);

  return module != NULL ? lfb_module_get_type_name (module) : NULL;
}

/* The graph is, names included, the one that @expected describes. */
void
lfb_test_assert_graph (LfbGraphModule *model,
                       const char     *expected)
{
  g_autoptr (LfbGraphModule) other = lfb_test_parse (expected);
  g_autofree char *text = lfb_graph_to_text (lfb_graph_module_get_graph (model));
  g_autofree char *other_text = lfb_graph_to_text (lfb_graph_module_get_graph (other));

  if (!g_str_equal (text, other_text))
    g_error ("found\n%sinstead of\n%s", text, other_text);
}

/* Lowers, and looks after what is true of every lowering. */
LfbGraphModule *
lfb_test_lower (LfbGraphModule     *model,
                gboolean            strict,
                LfbLoweringReport **report)
{
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbGraphModule) again = NULL;
  g_autofree char *before = lfb_graph_module_to_text (model);
  g_autofree char *after = NULL;
  g_autofree char *text = NULL;
  g_autofree char *again_text = NULL;
  g_autoptr (GError) error = NULL;

  lfb_lowerer_set_strict_upstream (lowerer, strict);
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  if (report != NULL)
    *report = g_object_ref (lfb_lowerer_get_report (lowerer));

  after = lfb_graph_module_to_text (model);
  g_assert_cmpstr (before, ==, after);

  again = lfb_lowerer_lower (lowerer, lowered, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  text = lfb_graph_module_to_text (lowered);
  again_text = lfb_graph_module_to_text (again);
  g_assert_cmpstr (text, ==, again_text);

  return g_steal_pointer (&lowered);
}

/* Takes the model. */
LfbGraphModule *
lfb_test_lowers_to (LfbGraphModule *model,
                    const char     *expected)
{
  LfbGraphModule *lowered = lfb_test_lower (model, FALSE, NULL);

  lfb_test_assert_graph (lowered, expected);
  g_object_unref (model);

  return lowered;
}

/* The graph stays as it is but for dead code, and the report says @reason of the
 * node. Takes the model.
 */
void
lfb_test_stays (LfbGraphModule *model,
                const char     *node_name,
                const char     *reason)
{
  g_autoptr (LfbLoweringReport) report = NULL;
  g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, FALSE, &report);
  g_autofree char *lowered_text = lfb_graph_to_text (lfb_graph_module_get_graph (lowered));
  g_autofree char *text = NULL;
  LfbLoweringNote *note = lfb_lowering_report_find (report, node_name);

  lfb_graph_eliminate_dead_code (lfb_graph_module_get_graph (model));
  text = lfb_graph_to_text (lfb_graph_module_get_graph (model));
  g_assert_cmpstr (lowered_text, ==, text);
  g_assert_nonnull (note);
  g_assert_false (lfb_lowering_note_get_lowered (note));
  g_assert_cmpstr (lfb_lowering_note_get_reason (note), ==, reason);
  g_object_unref (model);
}

void
lfb_test_assert_lowered (LfbLoweringReport *report,
                         const char        *node_name,
                         const char        *pass_name,
                         const char        *result)
{
  LfbLoweringNote *note = lfb_lowering_report_find (report, node_name);

  g_assert_nonnull (note);
  if (!lfb_lowering_note_get_lowered (note))
    g_error ("%s was left: %s", node_name, lfb_lowering_note_get_reason (note));
  g_assert_cmpstr (lfb_lowering_note_get_pass_name (note), ==, pass_name);
  g_assert_cmpstr (lfb_lowering_note_get_result (note), ==, result);
}
