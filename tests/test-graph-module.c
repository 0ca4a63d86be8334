/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Models: attributes, modules with their parts and aliases, maps, checking. */

#include "common/lfb-test.h"

static LfbGraphModule *
make_model (LfbNode **call)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);

  *call = lfb_test_node (graph, LFB_OP_CALL_MODULE, "a", x, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", *call, NULL);

  return lfb_graph_module_new (graph);
}

static void
set (LfbGraphModule *model,
     const char     *path,
     const char     *type_name)
{
  g_autoptr (LfbModule) module = lfb_module_new (type_name, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (lfb_graph_module_set_module (model, path, module, &error));
  g_assert_no_error (error);
}

static void
alias (LfbGraphModule *model,
       const char     *path,
       const char     *original)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (lfb_graph_module_set_alias (model, path, original, &error));
  g_assert_no_error (error);
}

static void
replace (LfbGraphModule *model,
         const char     *path,
         const char     *type_name)
{
  g_autoptr (LfbModule) module = lfb_module_new (type_name, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (lfb_graph_module_replace_module (model, path, module, &error));
  g_assert_no_error (error);
}

/* "path:Type" or "path=original", joined by blanks, in order of path. */
static void
assert_modules (LfbGraphModule *model,
                const char     *expected)
{
  g_auto (GStrv) paths = lfb_graph_module_list_modules (model);
  g_autoptr (GString) string = g_string_new (NULL);

  for (gsize i = 0; paths[i] != NULL; i++)
    {
      const char *original = lfb_graph_module_get_alias (model, paths[i]);

      if (i > 0)
        g_string_append_c (string, ' ');
      if (original != NULL)
        g_string_append_printf (string, "%s=%s", paths[i], original);
      else
        g_string_append_printf (string, "%s:%s", paths[i],
                                lfb_module_get_type_name (lfb_graph_module_get_module (model, paths[i])));
    }
  g_assert_cmpstr (string->str, ==, expected);
}

static const char *
type_at (LfbGraphModule *model,
         const char     *path)
{
  LfbModule *module = lfb_graph_module_get_module (model, path);

  return module != NULL ? lfb_module_get_type_name (module) : NULL;
}

static void
test_aliases_cover_parts (void)
{
  LfbNode *call;
  g_autoptr (LfbGraphModule) model = make_model (&call);
  g_autofree char *owner = NULL;

  set (model, "a", "Fused");
  set (model, "a.0", "Conv");
  alias (model, "c", "b");
  alias (model, "b", "a");

  g_assert_cmpstr (type_at (model, "c.0"), ==, "Conv");
  owner = lfb_graph_module_resolve_path (model, "c.0");
  g_assert_cmpstr (owner, ==, "a.0");
  g_assert_null (lfb_graph_module_get_module (model, "c.1"));
  g_assert_null (lfb_graph_module_resolve_path (model, "d"));
}

static void
test_replacing_takes_parts_away (void)
{
  LfbNode *call;
  g_autoptr (LfbGraphModule) model = make_model (&call);

  set (model, "a", "Fused");
  set (model, "a.0", "Conv");
  set (model, "a.1", "ReLU");
  set (model, "ab", "Other");
  replace (model, "a", "Quantized");
  assert_modules (model, "a:Quantized ab:Other");
}

static void
test_alias_inherits_what_is_replaced (void)
{
  LfbNode *call;
  g_autoptr (LfbGraphModule) model = make_model (&call);

  set (model, "a", "Fused");
  set (model, "a.0", "Conv");
  alias (model, "b", "a");
  alias (model, "c", "a");
  replace (model, "a", "Quantized");
  assert_modules (model, "a:Quantized b:Fused c=b b.0:Conv");
  g_assert_cmpstr (type_at (model, "c.0"), ==, "Conv");
}

static void
test_alias_of_a_part_survives_its_parent (void)
{
  LfbNode *call;
  g_autoptr (LfbGraphModule) model = make_model (&call);

  set (model, "a", "Fused");
  set (model, "a.1", "ReLU");
  alias (model, "r", "a.1");
  alias (model, "s", "a.1");
  replace (model, "a", "Quantized");
  assert_modules (model, "a:Quantized r:ReLU s=r");
}

static void
test_replacing_an_alias_leaves_the_owner (void)
{
  LfbNode *call;
  g_autoptr (LfbGraphModule) model = make_model (&call);

  set (model, "a", "Fused");
  set (model, "a.0", "Conv");
  alias (model, "b", "a");
  replace (model, "b", "Quantized");
  assert_modules (model, "a:Fused a.0:Conv b:Quantized");
  g_assert_null (lfb_graph_module_get_module (model, "b.0"));
}

static void
test_removing_hands_over (void)
{
  LfbNode *call;
  g_autoptr (LfbGraphModule) model = make_model (&call);

  set (model, "a", "Fused");
  set (model, "a.0.deep", "Conv");
  alias (model, "a.self", "a.0");
  alias (model, "b", "a.0.deep");
  g_assert_true (lfb_graph_module_remove_module (model, "a"));
  assert_modules (model, "b:Conv");
  g_assert_false (lfb_graph_module_remove_module (model, "a"));
}

static void
test_refuses_circles (void)
{
  LfbNode *call;
  g_autoptr (LfbGraphModule) model = make_model (&call);
  const struct { const char *path, *original; } rows[] = {
    { "a", "a" }, { "a", "a.b" }, { "p", "r" },
  };

  alias (model, "q", "p");
  alias (model, "r", "q");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (lfb_graph_module_set_alias (model, rows[i].path, rows[i].original, &error));
      lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "leads back");
    }
  g_assert_null (lfb_graph_module_get_module (model, "r"));
}

static void
test_refuses_paths (void)
{
  LfbNode *call;
  g_autofree char *dots = g_strnfill (1000000, '.');
  g_autofree char *longest = g_strnfill (LFB_MODULE_MAX_PATH_PARTS - 1, '.');
  g_autoptr (LfbGraphModule) model = make_model (&call);
  g_autoptr (LfbModule) module = lfb_module_new ("T", NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (lfb_graph_module_set_module (model, "", module, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "path");
  g_clear_error (&error);
  g_assert_false (lfb_graph_module_set_module (model, dots, module, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "has 1000001 parts, expected at most 128");
  g_clear_error (&error);
  g_assert_false (lfb_graph_module_replace_module (model, dots, module, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "has 1000001 parts");
  g_clear_error (&error);
  g_assert_false (lfb_graph_module_set_alias (model, dots, "seq", &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "has 1000001 parts");
  g_clear_error (&error);
  g_assert_false (lfb_graph_module_set_alias (model, "alias", dots, &error));
  lfb_assert_error (error, LFB_ERROR_ARGUMENT, "has 1000001 parts");
  g_clear_error (&error);
  g_assert_true (lfb_graph_module_set_module (model, longest, module, &error));
  g_assert_no_error (error);
}

static void
test_unused_things_go (void)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *call = lfb_test_node (graph, LFB_OP_CALL_MODULE, "seq.b", x, NULL);
  LfbNode *w = lfb_test_node (graph, LFB_OP_GET_ATTR, "w", NULL);
  g_autoptr (LfbGraphModule) model = NULL;
  g_autoptr (LfbValue) value = lfb_value_for_int (1);

  lfb_test_node (graph, LFB_OP_OUTPUT, "output", call, NULL);
  g_assert_nonnull (w);
  model = lfb_graph_module_new (graph);
  lfb_graph_module_set_attribute (model, "w", value);
  lfb_graph_module_set_attribute (model, "v", value);
  set (model, "seq", "Sequential");
  set (model, "seq.a", "Unused");
  set (model, "shared", "Fused");
  set (model, "shared.0", "Conv");
  set (model, "other", "Unused");
  alias (model, "seq.b", "shared");
  alias (model, "again", "shared");

  g_assert_true (lfb_graph_module_delete_unused (model));
  assert_modules (model, "seq:Sequential shared:Fused shared.0:Conv seq.b=shared");
  g_assert_null (lfb_graph_module_get_attribute (model, "v"));
  g_assert_nonnull (lfb_graph_module_get_attribute (model, "w"));
  g_assert_false (lfb_graph_module_delete_unused (model));
}

static void
test_lint_sees_what_is_missing (void)
{
  LfbNode *call;
  g_autoptr (LfbGraphModule) model = make_model (&call);
  g_autoptr (LfbGraphModule) inner = lfb_graph_module_new (NULL);
  g_autoptr (LfbModule) nested = lfb_module_new ("Graph", NULL, NULL, inner);
  LfbNode *w = lfb_test_node (lfb_graph_module_get_graph (model), LFB_OP_GET_ATTR, "w", NULL);
  g_auto (GStrv) faults = NULL;
  g_autofree char *all = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (lfb_node_prepend (call, w, NULL));
  alias (model, "b", "nowhere");
  g_assert_true (lfb_graph_module_set_module (model, "c", nested, NULL));
  faults = lfb_graph_module_lint (model);
  all = g_strjoinv ("\n", faults);
  g_assert_cmpstr (all, ==,
                   "node `w` reads attribute `w`, which is missing\n"
                   "node `a` calls module `a`, which is missing\n"
                   "module path `b` is an alias of `nowhere`, which leads nowhere\n"
                   "in module `c`: there is no output");
  g_assert_false (lfb_graph_module_check (model, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "node `w` reads attribute `w`, which is missing, and 3 more faults");
}

static void
test_copy_is_independent (void)
{
  LfbNode *call, *inner_call;
  g_autoptr (LfbGraphModule) model = make_model (&call);
  g_autoptr (LfbGraphModule) inner = make_model (&inner_call);
  g_autoptr (LfbModule) nested = lfb_module_new ("Graph", NULL, NULL, inner);
  g_autoptr (LfbQConfigMap) qconfigs = lfb_qconfig_map_new ();
  g_autoptr (LfbScopeMap) scopes = lfb_scope_map_new ();
  g_autoptr (LfbGraphModule) copy = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  set (model, "a", "Fused");
  alias (model, "b", "a");
  g_assert_true (lfb_graph_module_set_module (model, "n", nested, NULL));
  lfb_qconfig_map_set (qconfigs, "a", NULL);
  lfb_scope_map_set (scopes, "a", "layer.a", "torch.nn.Conv2d");
  lfb_graph_module_set_qconfig_map (model, qconfigs);
  lfb_graph_module_set_node_name_to_scope (model, scopes);
  lfb_graph_module_set_producer (model, "test");
  before = lfb_graph_module_to_text (model);

  copy = lfb_graph_module_copy (model);
  after = lfb_graph_module_to_text (copy);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpstr (lfb_graph_module_get_producer (copy), ==, "test");
  g_assert_true (lfb_module_get_graph_module (lfb_graph_module_get_module (copy, "n")) != inner);

  replace (copy, "a", "Quantized");
  lfb_qconfig_map_remove (lfb_graph_module_get_qconfig_map (copy), "a");
  lfb_scope_map_set (lfb_graph_module_get_node_name_to_scope (copy), "a", "", "");
  g_assert_cmpstr (type_at (model, "a"), ==, "Fused");
  g_assert_true (lfb_qconfig_map_skips (qconfigs, "a"));
  g_assert_cmpstr (lfb_scope_map_get_path (scopes, "a"), ==, "layer.a");
}

static void
test_qconfig_map_tells_none_from_missing (void)
{
  g_autoptr (LfbQConfigMap) map = lfb_qconfig_map_new ();
  g_autoptr (LfbValue) observer = lfb_value_for_string ("MinMaxObserver");
  const char *keys[] = { "observer", NULL };
  g_autoptr (LfbValue) activation = lfb_value_for_dict (keys, &observer, 1);
  g_autoptr (LfbQConfig) one = lfb_qconfig_new (activation, NULL);
  g_autoptr (LfbQConfig) equal = lfb_qconfig_new (activation, NULL);
  g_autoptr (LfbQConfig) other = lfb_qconfig_new (NULL, activation);
  g_auto (GStrv) names = NULL;
  LfbQConfig **qconfigs;
  gsize n;

  lfb_qconfig_map_set (map, "b", one);
  lfb_qconfig_map_set (map, "a", NULL);
  lfb_qconfig_map_set (map, "c", one);
  g_assert_true (lfb_qconfig_map_get (map, "b") == one);
  g_assert_null (lfb_qconfig_map_get (map, "a"));
  g_assert_true (lfb_qconfig_map_skips (map, "a"));
  g_assert_false (lfb_qconfig_map_skips (map, "missing"));
  g_assert_false (lfb_qconfig_map_contains (map, "missing"));
  names = lfb_qconfig_map_list_names (map);
  g_assert_cmpstrv (names, ((const char *[]) { "b", "a", "c", NULL }));
  qconfigs = lfb_qconfig_map_get_qconfigs (map, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_true (qconfigs[0] == one);
  g_assert_true (lfb_qconfig_equal (one, equal));
  g_assert_false (lfb_qconfig_equal (one, other));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/graph-module/aliases-cover-parts", test_aliases_cover_parts);
  g_test_add_func ("/graph-module/replacing-takes-parts-away", test_replacing_takes_parts_away);
  g_test_add_func ("/graph-module/alias-inherits-what-is-replaced", test_alias_inherits_what_is_replaced);
  g_test_add_func ("/graph-module/alias-of-a-part-survives-its-parent", test_alias_of_a_part_survives_its_parent);
  g_test_add_func ("/graph-module/replacing-an-alias-leaves-the-owner", test_replacing_an_alias_leaves_the_owner);
  g_test_add_func ("/graph-module/removing-hands-over", test_removing_hands_over);
  g_test_add_func ("/graph-module/refuses-circles", test_refuses_circles);
  g_test_add_func ("/graph-module/refuses-paths", test_refuses_paths);
  g_test_add_func ("/graph-module/unused-things-go", test_unused_things_go);
  g_test_add_func ("/graph-module/lint-sees-what-is-missing", test_lint_sees_what_is_missing);
  g_test_add_func ("/graph-module/copy-is-independent", test_copy_is_independent);
  g_test_add_func ("/graph-module/qconfig-map-tells-none-from-missing", test_qconfig_map_tells_none_from_missing);

  return g_test_run ();
}
