/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One rewriting step. The passes of the library are instances of a private
 * subclass, made from the rows of lfb-pass-table.c.
 */

#include <lowerfb/lower/lfb-pass-table-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/graph/lfb-graph-module-private.h>

/**
 * LfbPass:
 *
 * One step of lowering: something that rewrites a model.
 *
 * The passes of the library are listed by [func@Lfb.Pass.list_builtin]; each can
 * be run alone. Applications write their own by deriving from this class, in C,
 * Python, JavaScript or Vala, and implementing [vfunc@Lfb.Pass.run]; they join
 * the others with [method@Lfb.Lowerer.add_pass].
 *
 * A pass that says with [method@Lfb.Pass.report] what it did, or why it left
 * something, is heard of in the [class@Lfb.LoweringReport].
 *
 * A pass that an application wrote takes part in one lowering at a time.
 *
 * Since: 1.0
 */

typedef struct
{
  char *name;
  LfbLowerContext *context; /* while it takes part in a lowering */
} LfbPassPrivate;

enum {
  PROP_0,
  PROP_NAME,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_TYPE_WITH_PRIVATE (LfbPass, lfb_pass, G_TYPE_OBJECT)

/* A pass of the library: its row says all about it. */
#define LFB_TYPE_BUILTIN_PASS (lfb_builtin_pass_get_type ())
G_DECLARE_FINAL_TYPE (LfbBuiltinPass, lfb_builtin_pass, LFB, BUILTIN_PASS, LfbPass)

struct _LfbBuiltinPass
{
  LfbPass parent_instance;

  const LfbPassRow *row;
};

G_DEFINE_FINAL_TYPE (LfbBuiltinPass, lfb_builtin_pass, LFB_TYPE_PASS)

/* A pass that does not say what it is called goes by its type. */
static void
lfb_pass_constructed (GObject *object)
{
  LfbPassPrivate *priv = lfb_pass_get_instance_private (LFB_PASS (object));

  if (priv->name == NULL)
    priv->name = g_strdup (G_OBJECT_TYPE_NAME (object));

  G_OBJECT_CLASS (lfb_pass_parent_class)->constructed (object);
}

static void
lfb_pass_finalize (GObject *object)
{
  LfbPassPrivate *priv = lfb_pass_get_instance_private (LFB_PASS (object));

  g_clear_pointer (&priv->name, g_free);

  G_OBJECT_CLASS (lfb_pass_parent_class)->finalize (object);
}

static void
lfb_pass_get_property (GObject    *object,
                       guint       prop_id,
                       GValue     *value,
                       GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, lfb_pass_get_name (LFB_PASS (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_pass_set_property (GObject      *object,
                       guint         prop_id,
                       const GValue *value,
                       GParamSpec   *pspec)
{
  LfbPassPrivate *priv = lfb_pass_get_instance_private (LFB_PASS (object));

  switch (prop_id)
    {
    case PROP_NAME:
      priv->name = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* A class without a vfunc of its own rewrites nothing. */
static gboolean
lfb_pass_real_run (LfbPass         *self,
                   LfbGraphModule  *model,
                   GError         **error)
{
  return FALSE;
}

static void
lfb_pass_class_init (LfbPassClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = lfb_pass_constructed;
  object_class->finalize = lfb_pass_finalize;
  object_class->get_property = lfb_pass_get_property;
  object_class->set_property = lfb_pass_set_property;
  klass->run = lfb_pass_real_run;

  /**
   * LfbPass:name: (getter get_name)
   *
   * What the pass is called; the name of its type unless it is given another.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
lfb_pass_init (LfbPass *self)
{
}

/* Run alone, a pass of the library works with the maps of the model. */
static gboolean
lfb_builtin_pass_run (LfbPass         *pass,
                      LfbGraphModule  *model,
                      GError         **error)
{
  g_autoptr (LfbLowerJournal) journal = _lfb_lower_journal_new ();
  g_autoptr (LfbLowerContext) context = NULL;

  if (!lfb_graph_module_check (model, error))
    return FALSE;

  context = _lfb_lower_context_new (model, NULL, NULL, journal, "");
  return _lfb_pass_run_in (pass, context, error);
}

static void
lfb_builtin_pass_class_init (LfbBuiltinPassClass *klass)
{
  LFB_PASS_CLASS (klass)->run = lfb_builtin_pass_run;
}

static void
lfb_builtin_pass_init (LfbBuiltinPass *self)
{
}

/**
 * lfb_pass_new_builtin:
 * @name: the name of a pass of the library, such as `static-modules`
 * @error: where to put an error
 *
 * Makes one of the passes that the library comes with;
 * [func@Lfb.Pass.list_builtin] lists their names.
 *
 * Returns: (transfer full): the pass, or %NULL with %LFB_ERROR_NOT_FOUND if there
 *   is none of that name
 *
 * Since: 1.0
 */
LfbPass *
lfb_pass_new_builtin (const char  *name,
                      GError     **error)
{
  g_autofree char *known = NULL;
  g_auto (GStrv) names = NULL;
  const LfbPassRow *rows;
  gsize n_rows;

  g_return_val_if_fail (name != NULL, NULL);

  rows = _lfb_pass_table (&n_rows);
  for (gsize i = 0; i < n_rows; i++)
    {
      LfbBuiltinPass *pass;

      if (!g_str_equal (rows[i].name, name))
        continue;
      pass = g_object_new (LFB_TYPE_BUILTIN_PASS, "name", name, NULL);
      pass->row = &rows[i];
      return LFB_PASS (pass);
    }

  names = lfb_pass_list_builtin ();
  known = g_strjoinv (", ", names);
  g_set_error (error, LFB_ERROR, LFB_ERROR_NOT_FOUND,
               "There is no pass `%s`, expected one of %s", name, known);
  return NULL;
}

/**
 * lfb_pass_list_builtin:
 *
 * The names of the passes that the library comes with, in the order in which a
 * new [class@Lfb.Lowerer] runs them.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
lfb_pass_list_builtin (void)
{
  const LfbPassRow *rows;
  gsize n_rows;
  char **names;

  rows = _lfb_pass_table (&n_rows);
  names = g_new0 (char *, n_rows + 1);
  for (gsize i = 0; i < n_rows; i++)
    names[i] = g_strdup (rows[i].name);

  return names;
}

/**
 * lfb_pass_get_name: (get-property name)
 * @self: a pass
 *
 * What the pass is called.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
lfb_pass_get_name (LfbPass *self)
{
  LfbPassPrivate *priv;

  g_return_val_if_fail (LFB_IS_PASS (self), NULL);

  priv = lfb_pass_get_instance_private (self);
  return priv->name;
}

/**
 * lfb_pass_run: (virtual run)
 * @self: a pass
 * @model: the model to rewrite
 * @error: where to put an error
 *
 * Runs the pass alone, on the model itself: unlike [method@Lfb.Lowerer.lower],
 * this gives no new one. Passes of the library take the qconfig map and scopes of
 * the model.
 *
 * If the pass fails, the model is what it was, made of new nodes: those that the
 * graph had before are erased.
 *
 * Fails with %LFB_ERROR_INVALID_GRAPH if the model breaks the rules of graphs,
 * and as the pass fails.
 *
 * Returns: whether anything was changed; false with @error set if the pass
 *   failed
 *
 * Since: 1.0
 */
gboolean
lfb_pass_run (LfbPass         *self,
              LfbGraphModule  *model,
              GError         **error)
{
  g_autoptr (LfbGraphModule) before = NULL;
  GError *fault = NULL;
  gboolean changed;

  g_return_val_if_fail (LFB_IS_PASS (self), FALSE);
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (model), FALSE);

  before = lfb_graph_module_copy (model);
  changed = LFB_PASS_GET_CLASS (self)->run (self, model, &fault);
  if (fault != NULL)
    {
      _lfb_graph_module_exchange (model, before);
      g_propagate_error (error, fault);
      return FALSE;
    }

  return changed;
}

gboolean
_lfb_pass_is_builtin (LfbPass *self)
{
  return LFB_IS_BUILTIN_PASS (self);
}

/* An application's pass reports through the context it was last run in. */
gboolean
_lfb_pass_run_in (LfbPass          *self,
                  LfbLowerContext  *context,
                  GError          **error)
{
  LfbPassPrivate *priv = lfb_pass_get_instance_private (self);
  GError *fault = NULL;
  gboolean changed;

  _lfb_lower_context_begin (context, priv->name);
  if (LFB_IS_BUILTIN_PASS (self))
    {
      changed = LFB_BUILTIN_PASS (self)->row->run (context, &fault);
    }
  else
    {
      LfbLowerContext *outer = priv->context;

      priv->context = context;
      changed = LFB_PASS_GET_CLASS (self)->run (self, context->model, &fault);
      priv->context = outer;
    }

  if (fault != NULL)
    {
      g_propagate_error (error, fault);
      return FALSE;
    }

  return changed;
}

/**
 * lfb_pass_report:
 * @self: a pass
 * @node: the node that was rewritten or left
 * @lowered: whether it was rewritten
 * @text: what it became, or why it was left
 *
 * Says what the pass did with a node, for the report of the lowering it takes
 * part in. Called while the pass runs; does nothing when it runs alone. A node
 * that is going to be erased must be reported before.
 *
 * Since: 1.0
 */
void
lfb_pass_report (LfbPass    *self,
                 LfbNode    *node,
                 gboolean    lowered,
                 const char *text)
{
  LfbPassPrivate *priv;
  LfbLowerContext *context;
  const char *name;

  g_return_if_fail (LFB_IS_PASS (self));
  g_return_if_fail (LFB_IS_NODE (node));
  g_return_if_fail (text != NULL);

  priv = lfb_pass_get_instance_private (self);
  context = priv->context;
  if (context == NULL)
    return;

  name = lfb_node_get_name (node);
  if (_lfb_lower_journal_find (context->journal, context->prefix, name) == NULL)
    _lfb_lower_journal_add (context->journal, context->prefix, name, LFB_SUBJECT_OTHER, lfb_node_get_target (node));
  if (lowered)
    {
      _lfb_lower_journal_took (context->journal, context->prefix, name, priv->name, text);
      _lfb_lower_context_rewritten (context, node, "%s", text);
    }
  else
    {
      _lfb_lower_journal_left (context->journal, context->prefix, name, priv->name, text);
    }
}
