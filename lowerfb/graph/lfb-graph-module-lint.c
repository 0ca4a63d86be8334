/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model checked and printed as a whole: the graph together with what it reads
 * and calls.
 */

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/graph/lfb-graph-module.h>

static void
lint_module (LfbGraphModule *self,
             const char     *path,
             GPtrArray      *faults)
{
  LfbModule *module = lfb_graph_module_get_module (self, path);
  LfbGraphModule *inner;
  g_auto (GStrv) inner_faults = NULL;

  if (module == NULL)
    {
      g_ptr_array_add (faults, g_strdup_printf ("module path `%s` is an alias of `%s`, which leads nowhere",
                                                path, lfb_graph_module_get_alias (self, path)));
      return;
    }

  inner = lfb_module_get_graph_module (module);
  if (inner == NULL || lfb_graph_module_get_alias (self, path) != NULL)
    return;
  inner_faults = lfb_graph_module_lint (inner);
  for (gsize i = 0; inner_faults[i] != NULL; i++)
    g_ptr_array_add (faults, g_strdup_printf ("in module `%s`: %s", path, inner_faults[i]));
}

/**
 * lfb_graph_module_lint:
 * @self: a model
 *
 * Looks for faults: those of the graph, see [method@Lfb.Graph.lint], nodes that
 * read an attribute or call a module that is missing, aliases that lead nowhere,
 * and all of these in models inside of the model.
 *
 * Returns: (transfer full) (array zero-terminated=1): all faults, each a
 *   sentence that names the node; empty if there are none
 *
 * Since: 1.0
 */
char **
lfb_graph_module_lint (LfbGraphModule *self)
{
  g_auto (GStrv) graph_faults = NULL;
  g_auto (GStrv) paths = NULL;
  GPtrArray *faults;
  LfbGraph *graph;

  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  graph = lfb_graph_module_get_graph (self);
  faults = g_ptr_array_new ();
  graph_faults = lfb_graph_lint (graph);
  for (gsize i = 0; graph_faults[i] != NULL; i++)
    g_ptr_array_add (faults, g_strdup (graph_faults[i]));

  for (LfbNode *node = lfb_graph_get_first (graph); node != NULL; node = lfb_node_get_next (node))
    {
      const char *target = lfb_node_get_target (node);

      if (lfb_node_get_op (node) == LFB_OP_GET_ATTR && lfb_graph_module_get_attribute (self, target) == NULL)
        g_ptr_array_add (faults, g_strdup_printf ("node `%s` reads attribute `%s`, which is missing",
                                                  lfb_node_get_name (node), target));
      if (lfb_node_get_op (node) == LFB_OP_CALL_MODULE && lfb_graph_module_get_module (self, target) == NULL)
        g_ptr_array_add (faults, g_strdup_printf ("node `%s` calls module `%s`, which is missing",
                                                  lfb_node_get_name (node), target));
    }

  paths = lfb_graph_module_list_modules (self);
  for (gsize i = 0; paths[i] != NULL; i++)
    lint_module (self, paths[i], faults);
  g_ptr_array_add (faults, NULL);

  return (char **) g_ptr_array_free (faults, FALSE);
}

/**
 * lfb_graph_module_check:
 * @self: a model
 * @error: where to put an error
 *
 * Fails with %LFB_ERROR_INVALID_GRAPH if [method@Lfb.GraphModule.lint] finds a
 * fault; the message is the first, and how many more there are.
 *
 * Returns: whether the model is sound
 *
 * Since: 1.0
 */
gboolean
lfb_graph_module_check (LfbGraphModule  *self,
                        GError         **error)
{
  g_auto (GStrv) faults = NULL;
  guint n_faults;

  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), FALSE);

  faults = lfb_graph_module_lint (self);
  n_faults = g_strv_length (faults);
  if (n_faults == 0)
    return TRUE;

  if (n_faults == 1)
    g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH, "Invalid graph: %s", faults[0]);
  else
    g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH, "Invalid graph: %s, and %u more faults",
                 faults[0], n_faults - 1);
  return FALSE;
}

static void
append_dict (GString    *string,
             const char *what,
             LfbValue   *dict)
{
  for (gsize i = 0; i < lfb_value_get_n_items (dict); i++)
    {
      g_autofree char *text = lfb_value_to_string (lfb_value_get_item (dict, i));

      g_string_append_printf (string, "%s%s=%s", i > 0 ? ", " : what, lfb_value_get_key (dict, i), text);
    }
}

static void
append_module (GString        *string,
               LfbGraphModule *self,
               const char     *path)
{
  const char *original = lfb_graph_module_get_alias (self, path);
  LfbModule *module = lfb_graph_module_get_module (self, path);

  if (original != NULL)
    {
      g_string_append_printf (string, "module %s is %s\n", path, original);
      return;
    }

  g_string_append_printf (string, "module %s: %s(", path, lfb_module_get_type_name (module));
  append_dict (string, "", lfb_module_get_config (module));
  g_string_append_c (string, ')');
  append_dict (string, " with ", lfb_module_get_tensors (module));
  g_string_append_c (string, '\n');
  if (lfb_module_get_graph_module (module) != NULL)
    {
      g_autofree char *text = lfb_graph_module_to_text (lfb_module_get_graph_module (module));
      g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

      for (gsize i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
        g_string_append_printf (string, "    %s\n", lines[i]);
    }
}

/**
 * lfb_graph_module_to_text:
 * @self: a model
 *
 * The model as text: the graph, a line a node, then its attributes and modules.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
lfb_graph_module_to_text (LfbGraphModule *self)
{
  g_auto (GStrv) names = NULL;
  g_auto (GStrv) paths = NULL;
  g_autofree char *graph_text = NULL;
  GString *string;

  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  graph_text = lfb_graph_to_text (lfb_graph_module_get_graph (self));
  string = g_string_new (graph_text);

  names = lfb_graph_module_list_attributes (self);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *text = lfb_value_to_string (lfb_graph_module_get_attribute (self, names[i]));

      g_string_append_printf (string, "attribute %s = %s\n", names[i], text);
    }

  paths = lfb_graph_module_list_modules (self);
  for (gsize i = 0; paths[i] != NULL; i++)
    append_module (string, self, paths[i]);

  return g_string_free (string, FALSE);
}
