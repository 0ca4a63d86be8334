/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Graphs as drawings, in the language of graphviz. A box says what a node calls
 * and with which numbers; its colour, and that of the lines that leave it, whether
 * it makes floats or integers of 8 bits. So a reference model shows in stripes,
 * and one that was lowered as a single stretch of int8.
 */

#include <lowerfb/graph/lfb-graph-private.h>

#include <lowerfb/graph/lfb-graph-module.h>

#include <string.h>

/* Of the texts in a box; tooltips have everything. */
#define MAX_LETTERS 48

/* What comes out of a node. */
typedef enum
{
  KIND_PLAIN,  /* sizes, numbers, attributes, indices */
  KIND_FLOAT,
  KIND_INT8,
} Kind;

static const struct
{
  const char *fill, *line, *edge;
} looks[] = {
  [KIND_PLAIN] = { "#f6f5f4", "#9a9996", "color=\"#9a9996\", style=dashed" },
  [KIND_FLOAT] = { "#ffe8cc", "#c64600", "color=\"#c64600\"" },
  [KIND_INT8] = { "#cfe2fa", "#1a5fb4", "color=\"#1a5fb4\", penwidth=2" },
};

typedef struct
{
  LfbGraphModule *model;   /* NULL: only the graph is known */
  GHashTable *kinds;       /* node to Kind */
  GString *text;
} Drawing;

static void
append_quoted (GString    *string,
               const char *text)
{
  g_string_append_c (string, '"');
  for (const char *c = text; *c != '\0'; c++)
    {
      if (*c == '"' || *c == '\\')
        g_string_append_c (string, '\\');
      g_string_append_c (string, *c);
    }
  g_string_append_c (string, '"');
}

/* Into a label that graphviz reads as XML, which has no place for control characters. */
static void
append_label (GString    *string,
              const char *text)
{
  guint n_letters = 0;

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar letter = g_utf8_get_char (at);

      if (++n_letters > MAX_LETTERS)
        {
          g_string_append (string, "…");
          return;
        }
      if (letter == '&')
        g_string_append (string, "&amp;");
      else if (letter == '<')
        g_string_append (string, "&lt;");
      else if (letter == '>')
        g_string_append (string, "&gt;");
      else
        g_string_append_unichar (string, g_unichar_iscntrl (letter) || letter >= 0xfffe ? 0xfffd : letter);
    }
}

/* The last part of a dotted name is enough to know it by. */
static const char *
short_name (const char *name)
{
  const char *dot = strrchr (name, '.');

  return dot != NULL && dot[1] != '\0' ? dot + 1 : name;
}

static LfbModule *
get_module (Drawing *self,
            LfbNode *node)
{
  return self->model != NULL && node->op == LFB_OP_CALL_MODULE ? lfb_graph_module_get_module (self->model, node->target)
                                                               : NULL;
}

/* By the names that PyTorch gives to what computes in int8 and returns such tensors. */
static gboolean
returns_int8 (const char *name)
{
  static const char *others[] = { ".reference.", "dynamic", "prepack", "mbedding", "DeQuantize" };

  if (g_str_has_prefix (name, "torch.quantize_per_"))
    return TRUE;
  if (strstr (name, ".quantized.") == NULL)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    if (strstr (name, others[i]) != NULL)
      return FALSE;

  return TRUE;
}

static Kind
get_placeholder_kind (LfbNode *node)
{
  LfbValue *dtype = node->example != NULL ? lfb_value_lookup (node->example, "dtype") : NULL;

  if (dtype == NULL || lfb_value_get_kind (dtype) != LFB_VALUE_KIND_DTYPE)
    return KIND_FLOAT;
  if (lfb_dtype_is_quantized (lfb_value_get_dtype (dtype)))
    return KIND_INT8;

  return lfb_dtype_is_floating_point (lfb_value_get_dtype (dtype)) ? KIND_FLOAT : KIND_PLAIN;
}

/* What does not say what it returns, such as a pool or a reshape, returns what it is given. */
static Kind
get_kind (Drawing *self,
          LfbNode *node)
{
  LfbModule *module = get_module (self, node);
  const char *name = module != NULL ? lfb_module_get_type_name (module) : node->target;
  g_autofree LfbNode **inputs = NULL;
  gsize n_inputs;
  Kind kind = KIND_PLAIN;

  if (node->op == LFB_OP_PLACEHOLDER)
    return get_placeholder_kind (node);
  if (node->op == LFB_OP_GET_ATTR || g_str_equal (name, "builtins.getattr") ||
      (node->op == LFB_OP_CALL_METHOD && (g_str_equal (name, "size") || g_str_equal (name, "dim"))))
    return KIND_PLAIN;
  if (node->op == LFB_OP_CALL_METHOD && g_str_equal (name, "dequantize"))
    return KIND_FLOAT;
  if (returns_int8 (name))
    return KIND_INT8;
  /* Of what it would return, the name says nothing more: what computes in floats. */
  if (strstr (name, ".quantized.") != NULL)
    return KIND_FLOAT;

  inputs = lfb_node_get_inputs (node, &n_inputs);
  for (gsize i = 0; i < n_inputs && kind == KIND_PLAIN; i++)
    kind = GPOINTER_TO_INT (g_hash_table_lookup (self->kinds, inputs[i]));

  return kind;
}

/* The one number that an attribute is; NULL: it is something else. */
static char *
get_number (Drawing *self,
            LfbNode *node)
{
  LfbValue *value = self->model != NULL && node->op == LFB_OP_GET_ATTR
                      ? lfb_graph_module_get_attribute (self->model, node->target) : NULL;
  LfbTensor *tensor;

  if (value == NULL)
    return NULL;
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_INT || lfb_value_get_kind (value) == LFB_VALUE_KIND_DOUBLE)
    return lfb_value_to_string (value);
  if (lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR)
    return NULL;

  tensor = lfb_value_get_tensor (value);
  if (lfb_tensor_get_n_elements (tensor) != 1)
    return NULL;
  if (lfb_tensor_get_dtype (tensor) == LFB_DTYPE_FLOAT32)
    return g_strdup_printf ("%.6g", *(const float *) lfb_tensor_get_data (tensor, NULL));
  if (lfb_tensor_get_dtype (tensor) == LFB_DTYPE_INT64)
    return g_strdup_printf ("%" G_GINT64_FORMAT, *(const gint64 *) lfb_tensor_get_data (tensor, NULL));

  return NULL;
}

static void
append_setting (GString    *string,
                LfbValue   *value,
                const char *separator)
{
  g_autofree char *text = NULL;

  if (string->len > 0)
    g_string_append (string, separator);
  if (!lfb_value_is_sequence (value))
    {
      text = lfb_value_to_string (value);
      g_string_append (string, text);
      return;
    }
  for (gsize i = 0; i < lfb_value_get_n_items (value); i++)
    {
      g_autofree char *item = lfb_value_to_string (lfb_value_get_item (value, i));

      g_string_append_printf (string, "%s%s", i > 0 ? "×" : "", item);
    }
}

/* The sizes that tell one layer from another, from channels to kernel. */
static gboolean
append_sizes (GString   *string,
              LfbModule *module)
{
  static const struct
  {
    const char *name, *separator;
  } settings[] = {
    { "in_channels", ", " }, { "out_channels", " → " }, { "in_features", ", " }, { "out_features", " → " },
    { "kernel_size", ", " }, { "output_size", ", " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      LfbValue *value = lfb_module_get_setting (module, settings[i].name);

      if (value != NULL)
        append_setting (string, value, settings[i].separator);
    }

  return string->len > 0;
}

/* What a call is given beside what other nodes made: numbers, types, settings. */
static char *
describe_details (Drawing *self,
                  LfbNode *node)
{
  g_autoptr (GString) string = g_string_new (NULL);
  LfbModule *module = get_module (self, node);
  LfbValue **args;
  gsize n_args;

  if (node->op == LFB_OP_PLACEHOLDER)
    {
      LfbValue *shape = node->example != NULL ? lfb_value_lookup (node->example, "shape") : NULL;

      if (shape != NULL)
        append_setting (string, shape, ", ");
      return g_string_free (g_steal_pointer (&string), FALSE);
    }
  if (module != NULL && !append_sizes (string, module))
    {
      /* A layer with its activation: the layer is its first part. */
      g_autofree char *first = g_strconcat (node->target, ".0", NULL);
      LfbModule *part = lfb_graph_module_get_module (self->model, first);

      if (part != NULL)
        append_sizes (string, part);
    }

  args = lfb_node_get_args (node, &n_args);
  for (gsize i = 0; i < n_args; i++)
    {
      LfbNode *input = lfb_value_get_kind (args[i]) == LFB_VALUE_KIND_NODE ? lfb_value_get_node (args[i]) : NULL;
      g_autofree char *text = input != NULL ? get_number (self, input) : lfb_value_to_string (args[i]);

      if (node->op != LFB_OP_OUTPUT && text != NULL)
        g_string_append_printf (string, "%s%s", string->len > 0 ? ", " : "",
                                g_str_has_prefix (text, "torch.") ? text + strlen ("torch.") : text);
    }

  return g_string_free (g_steal_pointer (&string), FALSE);
}

static void
draw_node (Drawing *self,
           LfbNode *node)
{
  static const char *shapes[] = {
    [LFB_OP_PLACEHOLDER] = "ellipse",
    [LFB_OP_GET_ATTR] = "note",
    [LFB_OP_CALL_FUNCTION] = "box",
    [LFB_OP_CALL_METHOD] = "box",
    [LFB_OP_CALL_MODULE] = "box",
    [LFB_OP_OUTPUT] = "ellipse",
  };
  Kind kind = GPOINTER_TO_INT (g_hash_table_lookup (self->kinds, node));
  LfbModule *module = get_module (self, node);
  g_autofree char *details = describe_details (self, node);
  g_autofree char *line = lfb_node_to_text (node);
  const char *title = module != NULL ? lfb_module_get_type_name (module) : node->target;

  if (node->op == LFB_OP_PLACEHOLDER || node->op == LFB_OP_OUTPUT)
    title = node->name;

  g_string_append (self->text, "  ");
  append_quoted (self->text, node->name);
  g_string_append (self->text, " [label=<<b>");
  append_label (self->text, short_name (title));
  g_string_append (self->text, "</b>");
  if (*details != '\0')
    {
      g_string_append (self->text, "<br/><font point-size=\"9\">");
      append_label (self->text, details);
      g_string_append (self->text, "</font>");
    }
  g_string_append_printf (self->text, ">, shape=%s, fillcolor=\"%s\", color=\"%s\", tooltip=", shapes[node->op],
                          looks[kind].fill, looks[kind].line);
  append_quoted (self->text, line);
  g_string_append (self->text, "];\n");
}

static gboolean
is_drawn (Drawing *self,
          LfbNode *node)
{
  g_autofree char *number = get_number (self, node);

  return number == NULL;
}

static void
draw_edges (Drawing *self,
            LfbNode *node)
{
  g_autofree LfbNode **inputs = NULL;
  gsize n_inputs;

  inputs = lfb_node_get_inputs (node, &n_inputs);
  for (gsize i = 0; i < n_inputs; i++)
    {
      Kind kind = GPOINTER_TO_INT (g_hash_table_lookup (self->kinds, inputs[i]));

      if (!is_drawn (self, inputs[i]))
        continue;
      g_string_append (self->text, "  ");
      append_quoted (self->text, inputs[i]->name);
      g_string_append (self->text, " -> ");
      append_quoted (self->text, node->name);
      g_string_append_printf (self->text, " [%s];\n", looks[kind].edge);
    }
}

static char *
draw (LfbGraph       *graph,
      LfbGraphModule *model)
{
  g_autoptr (GHashTable) kinds = g_hash_table_new (NULL, NULL);
  Drawing self = { model, kinds, g_string_new (
    "digraph lowerfb {\n"
    "  graph [ranksep=0.22, nodesep=0.25, bgcolor=transparent];\n"
    "  node [style=\"filled,rounded\", fontname=\"sans-serif\", fontsize=11, margin=\"0.12,0.04\", height=0.3];\n"
    "  edge [arrowsize=0.6];\n") };

  for (LfbNode *node = graph->first; node != NULL; node = node->next)
    {
      g_hash_table_insert (kinds, node, GINT_TO_POINTER (get_kind (&self, node)));
      if (is_drawn (&self, node))
        draw_node (&self, node);
      draw_edges (&self, node);
    }
  g_string_append (self.text, "}\n");

  return g_string_free (self.text, FALSE);
}

/**
 * lfb_graph_to_dot:
 * @self: a graph
 *
 * The graph in the language of graphviz, to be drawn by `dot`.
 *
 * What comes out as integers of 8 bits is blue, and what comes out as floats is
 * orange. [method@Lfb.GraphModule.to_dot] knows more: types and settings of
 * modules, and numbers that are attributes.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
lfb_graph_to_dot (LfbGraph *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH (self), NULL);

  return draw (self, NULL);
}

/**
 * lfb_graph_module_to_dot:
 * @self: a model
 *
 * The model in the language of graphviz, to be drawn by `dot`: what each node
 * calls, with types and sizes of modules, scales and zero points.
 *
 * What comes out as integers of 8 bits is blue, and what comes out as floats is
 * orange. Attributes that are one number stand where they are used.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
lfb_graph_module_to_dot (LfbGraphModule *self)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  return draw (lfb_graph_module_get_graph (self), self);
}
