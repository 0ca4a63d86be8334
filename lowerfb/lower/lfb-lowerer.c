/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs the passes that turn a reference model into a lowered one. */

#include <lowerfb/lower/lfb-lowerer.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/lower/lfb-lowering-private.h>

/**
 * LfbLowerer:
 *
 * Turns a reference model, which quantizes and dequantizes around float
 * operators, into a lowered one, in which every such pattern that an int8 kernel
 * can do is that kernel.
 *
 * A lowerer works on a copy: the model it is given is never changed, and a
 * failure loses nothing. What it did with each node, and why, is told by
 * [method@Lfb.Lowerer.get_report]; [signal@Lfb.Lowerer::rewritten] tells it while
 * it happens.
 *
 * A new lowerer has the passes of the library, in their order. Applications
 * remove some, or add their own, see [class@Lfb.Pass].
 *
 * The environment variable `LOWERFB_DEBUG` makes it talk, on the standard error
 * stream: `print` shows the model after each pass, `dot` draws it, `validate`
 * checks it, `time` tells how long each pass took.
 *
 * Since: 1.0
 */
struct _LfbLowerer
{
  GObject parent_instance;

  GPtrArray *passes;
  gboolean keep_original_weights;
  gboolean strict_upstream;
  LfbProgress *progress;
  LfbLoweringReport *report;
};

enum {
  PROP_0,
  PROP_KEEP_ORIGINAL_WEIGHTS,
  PROP_STRICT_UPSTREAM,
  PROP_PROGRESS,
  PROP_REPORT,
  N_PROPS
};

enum {
  REWRITTEN,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LfbLowerer, lfb_lowerer, G_TYPE_OBJECT)

static void
lfb_lowerer_finalize (GObject *object)
{
  LfbLowerer *self = LFB_LOWERER (object);

  g_clear_pointer (&self->passes, g_ptr_array_unref);
  g_clear_object (&self->progress);
  g_clear_object (&self->report);

  G_OBJECT_CLASS (lfb_lowerer_parent_class)->finalize (object);
}

static void
lfb_lowerer_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  LfbLowerer *self = LFB_LOWERER (object);

  switch (prop_id)
    {
    case PROP_KEEP_ORIGINAL_WEIGHTS:
      g_value_set_boolean (value, self->keep_original_weights);
      break;
    case PROP_STRICT_UPSTREAM:
      g_value_set_boolean (value, self->strict_upstream);
      break;
    case PROP_PROGRESS:
      g_value_set_object (value, self->progress);
      break;
    case PROP_REPORT:
      g_value_set_object (value, self->report);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_lowerer_set_property (GObject      *object,
                          guint         prop_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  LfbLowerer *self = LFB_LOWERER (object);

  switch (prop_id)
    {
    case PROP_KEEP_ORIGINAL_WEIGHTS:
      lfb_lowerer_set_keep_original_weights (self, g_value_get_boolean (value));
      break;
    case PROP_STRICT_UPSTREAM:
      lfb_lowerer_set_strict_upstream (self, g_value_get_boolean (value));
      break;
    case PROP_PROGRESS:
      lfb_lowerer_set_progress (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_lowerer_class_init (LfbLowererClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = lfb_lowerer_finalize;
  object_class->get_property = lfb_lowerer_get_property;
  object_class->set_property = lfb_lowerer_set_property;

  /**
   * LfbLowerer:keep-original-weights: (getter get_keep_original_weights) (setter set_keep_original_weights)
   *
   * Whether the lowered model remembers the float tensors that were packed; see
   * [method@Lfb.GraphModule.get_original_weights].
   *
   * Since: 1.0
   */
  properties[PROP_KEEP_ORIGINAL_WEIGHTS] =
    g_param_spec_boolean ("keep-original-weights", NULL, NULL, FALSE, flags);

  /**
   * LfbLowerer:strict-upstream: (getter get_strict_upstream) (setter set_strict_upstream)
   *
   * Whether the lowered graph is to be PyTorch's, node for node, wherever
   * PyTorch's is right. Otherwise more is lowered: dynamic convolution
   * functions, and relu in every spelling.
   *
   * Since: 1.0
   */
  properties[PROP_STRICT_UPSTREAM] =
    g_param_spec_boolean ("strict-upstream", NULL, NULL, FALSE, flags);

  /**
   * LfbLowerer:progress: (getter get_progress) (setter set_progress)
   *
   * What is told how far a lowering has come.
   *
   * Since: 1.0
   */
  properties[PROP_PROGRESS] =
    g_param_spec_object ("progress", NULL, NULL, LFB_TYPE_PROGRESS,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * LfbLowerer:report: (getter get_report)
   *
   * What the last lowering did, and why.
   *
   * Since: 1.0
   */
  properties[PROP_REPORT] =
    g_param_spec_object ("report", NULL, NULL, LFB_TYPE_LOWERING_REPORT,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * LfbLowerer::rewritten:
   * @self: the lowerer
   * @pass_name: the pass that rewrote something
   * @node: the node it made, in the model that is being lowered
   * @text: what became of what, in words
   *
   * Emitted for every rewriting, in the main context in which the lowering was
   * begun. Handlers must not change the graph.
   *
   * Since: 1.0
   */
  signals[REWRITTEN] =
    g_signal_new ("rewritten", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 3, G_TYPE_STRING, LFB_TYPE_NODE, G_TYPE_STRING);
}

static void
lfb_lowerer_init (LfbLowerer *self)
{
  g_auto (GStrv) names = lfb_pass_list_builtin ();

  self->passes = g_ptr_array_new_with_free_func (g_object_unref);
  for (gsize i = 0; names[i] != NULL; i++)
    g_ptr_array_add (self->passes, lfb_pass_new_builtin (names[i], NULL));
}

/**
 * lfb_lowerer_new:
 *
 * Makes a lowerer with the passes of the library.
 *
 * Returns: (transfer full): a new lowerer
 *
 * Since: 1.0
 */
LfbLowerer *
lfb_lowerer_new (void)
{
  return g_object_new (LFB_TYPE_LOWERER, NULL);
}

/**
 * lfb_lowerer_get_keep_original_weights: (get-property keep-original-weights)
 * @self: a lowerer
 *
 * Whether lowered models remember the float tensors that were packed.
 *
 * Returns: whether original weights are kept
 *
 * Since: 1.0
 */
gboolean
lfb_lowerer_get_keep_original_weights (LfbLowerer *self)
{
  g_return_val_if_fail (LFB_IS_LOWERER (self), FALSE);

  return self->keep_original_weights;
}

/**
 * lfb_lowerer_set_keep_original_weights: (set-property keep-original-weights)
 * @self: a lowerer
 * @keep_original_weights: whether to keep original weights
 *
 * Says whether lowered models remember the float tensors that were packed.
 *
 * Since: 1.0
 */
void
lfb_lowerer_set_keep_original_weights (LfbLowerer *self,
                                       gboolean    keep_original_weights)
{
  g_return_if_fail (LFB_IS_LOWERER (self));

  keep_original_weights = !!keep_original_weights;
  if (self->keep_original_weights == keep_original_weights)
    return;

  self->keep_original_weights = keep_original_weights;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_KEEP_ORIGINAL_WEIGHTS]);
}

/**
 * lfb_lowerer_get_strict_upstream: (get-property strict-upstream)
 * @self: a lowerer
 *
 * Whether lowered graphs are to be PyTorch's, node for node.
 *
 * Returns: whether PyTorch is followed strictly
 *
 * Since: 1.0
 */
gboolean
lfb_lowerer_get_strict_upstream (LfbLowerer *self)
{
  g_return_val_if_fail (LFB_IS_LOWERER (self), FALSE);

  return self->strict_upstream;
}

/**
 * lfb_lowerer_set_strict_upstream: (set-property strict-upstream)
 * @self: a lowerer
 * @strict_upstream: whether to follow PyTorch strictly
 *
 * Says whether lowered graphs are to be PyTorch's, node for node.
 *
 * Since: 1.0
 */
void
lfb_lowerer_set_strict_upstream (LfbLowerer *self,
                                 gboolean    strict_upstream)
{
  g_return_if_fail (LFB_IS_LOWERER (self));

  strict_upstream = !!strict_upstream;
  if (self->strict_upstream == strict_upstream)
    return;

  self->strict_upstream = strict_upstream;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STRICT_UPSTREAM]);
}

/**
 * lfb_lowerer_get_progress: (get-property progress)
 * @self: a lowerer
 *
 * Gets what is told how far a lowering has come.
 *
 * Returns: (transfer none) (nullable): the progress, or %NULL
 *
 * Since: 1.0
 */
LfbProgress *
lfb_lowerer_get_progress (LfbLowerer *self)
{
  g_return_val_if_fail (LFB_IS_LOWERER (self), NULL);

  return self->progress;
}

/**
 * lfb_lowerer_set_progress: (set-property progress)
 * @self: a lowerer
 * @progress: (nullable): what to tell how far a lowering has come: the name of
 *   each pass, when it begins
 *
 * Says what to tell; lowerings that run already keep what they began with.
 *
 * Since: 1.0
 */
void
lfb_lowerer_set_progress (LfbLowerer  *self,
                          LfbProgress *progress)
{
  g_return_if_fail (LFB_IS_LOWERER (self));
  g_return_if_fail (progress == NULL || LFB_IS_PROGRESS (progress));

  if (g_set_object (&self->progress, progress))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROGRESS]);
}

/**
 * lfb_lowerer_add_pass:
 * @self: a lowerer
 * @pass: a pass
 *
 * Adds a pass behind all others.
 *
 * Since: 1.0
 */
void
lfb_lowerer_add_pass (LfbLowerer *self,
                      LfbPass    *pass)
{
  g_return_if_fail (LFB_IS_LOWERER (self));
  g_return_if_fail (LFB_IS_PASS (pass));

  g_ptr_array_add (self->passes, g_object_ref (pass));
}

static gboolean
find_pass (LfbLowerer  *self,
           const char  *name,
           guint       *index,
           GError     **error)
{
  for (guint i = 0; i < self->passes->len; i++)
    {
      if (g_strcmp0 (lfb_pass_get_name (g_ptr_array_index (self->passes, i)), name) == 0)
        {
          *index = i;
          return TRUE;
        }
    }

  g_set_error (error, LFB_ERROR, LFB_ERROR_NOT_FOUND, "The lowerer has no pass `%s`", name);
  return FALSE;
}

/**
 * lfb_lowerer_insert_pass:
 * @self: a lowerer
 * @pass: a pass
 * @before: the name of the pass to put it before
 * @error: where to put an error
 *
 * Adds a pass before another. Fails with %LFB_ERROR_NOT_FOUND if there is no
 * such other.
 *
 * Returns: whether the pass was added
 *
 * Since: 1.0
 */
gboolean
lfb_lowerer_insert_pass (LfbLowerer  *self,
                         LfbPass     *pass,
                         const char  *before,
                         GError     **error)
{
  guint index;

  g_return_val_if_fail (LFB_IS_LOWERER (self), FALSE);
  g_return_val_if_fail (LFB_IS_PASS (pass), FALSE);
  g_return_val_if_fail (before != NULL, FALSE);

  if (!find_pass (self, before, &index, error))
    return FALSE;

  g_ptr_array_insert (self->passes, index, g_object_ref (pass));
  return TRUE;
}

/**
 * lfb_lowerer_remove_pass:
 * @self: a lowerer
 * @name: the name of a pass
 * @error: where to put an error
 *
 * Removes the first pass of that name. Fails with %LFB_ERROR_NOT_FOUND if there
 * is none.
 *
 * Returns: whether a pass was removed
 *
 * Since: 1.0
 */
gboolean
lfb_lowerer_remove_pass (LfbLowerer  *self,
                         const char  *name,
                         GError     **error)
{
  guint index;

  g_return_val_if_fail (LFB_IS_LOWERER (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  if (!find_pass (self, name, &index, error))
    return FALSE;

  g_ptr_array_remove_index (self->passes, index);
  return TRUE;
}

/**
 * lfb_lowerer_get_passes:
 * @self: a lowerer
 * @n_passes: (out): how many passes there are
 *
 * The passes in the order in which they run.
 *
 * Returns: (transfer container) (array length=n_passes): the passes
 *
 * Since: 1.0
 */
LfbPass **
lfb_lowerer_get_passes (LfbLowerer *self,
                        gsize      *n_passes)
{
  LfbPass **passes;

  g_return_val_if_fail (LFB_IS_LOWERER (self), NULL);
  g_return_val_if_fail (n_passes != NULL, NULL);

  *n_passes = self->passes->len;
  passes = g_new0 (LfbPass *, *n_passes + 1);
  for (gsize i = 0; i < *n_passes; i++)
    passes[i] = g_ptr_array_index (self->passes, i);

  return passes;
}

static void
emit_rewritten (const char *pass_name,
                LfbNode    *node,
                const char *text,
                gpointer    user_data)
{
  g_signal_emit (user_data, signals[REWRITTEN], 0, pass_name, node, text);
}

static LfbLowering *
begin (LfbLowerer     *self,
       LfbGraphModule *model,
       LfbQConfigMap  *qconfig_map,
       LfbScopeMap    *node_name_to_scope,
       GCancellable   *cancellable)
{
  LfbLowering *lowering = _lfb_lowering_new (model, qconfig_map, node_name_to_scope, self->passes);

  lowering->keep_original_weights = self->keep_original_weights;
  lowering->strict_upstream = self->strict_upstream;
  lowering->user_data = self;
  if (g_signal_has_handler_pending (self, signals[REWRITTEN], 0, TRUE))
    lowering->rewritten = emit_rewritten;
  g_set_object (&lowering->cancellable, cancellable);
  g_set_object (&lowering->progress, self->progress);

  return lowering;
}

static void
set_report (LfbLowerer        *self,
            LfbLoweringReport *report)
{
  if (g_set_object (&self->report, report))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REPORT]);
}

/**
 * lfb_lowerer_lower:
 * @self: a lowerer
 * @model: a reference model; it is left as it is
 * @qconfig_map: (nullable): how each node was quantized; a node that maps to none
 *   is skipped. %NULL for the model's own
 * @node_name_to_scope: (nullable): which module each node was traced in, after
 *   which packed weights are named. %NULL for the model's own
 * @cancellable: (nullable): to stop between passes
 * @error: where to put an error
 *
 * Lowers a model.
 *
 * Fails with %LFB_ERROR_INVALID_GRAPH if the model breaks the rules of graphs,
 * and with the error of a pass that fails. A pattern that cannot be lowered is no
 * failure: it stays float, and the report says why.
 *
 * Returns: (transfer full): the lowered model
 *
 * Since: 1.0
 */
LfbGraphModule *
lfb_lowerer_lower (LfbLowerer      *self,
                   LfbGraphModule  *model,
                   LfbQConfigMap   *qconfig_map,
                   LfbScopeMap     *node_name_to_scope,
                   GCancellable    *cancellable,
                   GError         **error)
{
  g_autoptr (LfbLowering) lowering = NULL;

  g_return_val_if_fail (LFB_IS_LOWERER (self), NULL);
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (model), NULL);
  g_return_val_if_fail (qconfig_map == NULL || LFB_IS_QCONFIG_MAP (qconfig_map), NULL);
  g_return_val_if_fail (node_name_to_scope == NULL || LFB_IS_SCOPE_MAP (node_name_to_scope), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  lowering = begin (self, model, qconfig_map, node_name_to_scope, cancellable);
  if (!_lfb_lowering_run (lowering, error))
    {
      set_report (self, NULL);
      return NULL;
    }

  set_report (self, lowering->report);
  return g_steal_pointer (&lowering->model);
}

static void
lower_in_thread (GTask        *task,
                 gpointer      source_object,
                 gpointer      task_data,
                 GCancellable *cancellable)
{
  GError *error = NULL;

  if (_lfb_lowering_run (task_data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * lfb_lowerer_lower_async:
 * @self: a lowerer
 * @model: a reference model; it is left as it is, and may be changed or freed at
 *   once
 * @qconfig_map: (nullable): how each node was quantized; %NULL for the model's own
 * @node_name_to_scope: (nullable): which module each node was traced in; %NULL for
 *   the model's own
 * @cancellable: (nullable): to stop between passes
 * @callback: (scope async): called when the model is lowered
 * @user_data: data for @callback
 *
 * Lowers a model on another thread. Passes that an application wrote, and
 * handlers of [signal@Lfb.Lowerer::rewritten], run in the main context in which
 * this was called, which must be running.
 *
 * Since: 1.0
 */
void
lfb_lowerer_lower_async (LfbLowerer          *self,
                         LfbGraphModule      *model,
                         LfbQConfigMap       *qconfig_map,
                         LfbScopeMap         *node_name_to_scope,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  LfbLowering *lowering;

  g_return_if_fail (LFB_IS_LOWERER (self));
  g_return_if_fail (LFB_IS_GRAPH_MODULE (model));
  g_return_if_fail (qconfig_map == NULL || LFB_IS_QCONFIG_MAP (qconfig_map));
  g_return_if_fail (node_name_to_scope == NULL || LFB_IS_SCOPE_MAP (node_name_to_scope));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, lfb_lowerer_lower_async);

  lowering = begin (self, model, qconfig_map, node_name_to_scope, cancellable);
  lowering->context = g_main_context_ref_thread_default ();
  g_task_set_task_data (task, lowering, (GDestroyNotify) _lfb_lowering_free);
  g_task_run_in_thread (task, lower_in_thread);
}

/**
 * lfb_lowerer_lower_finish:
 * @self: a lowerer
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Takes the result of [method@Lfb.Lowerer.lower_async].
 *
 * Returns: (transfer full): the lowered model
 *
 * Since: 1.0
 */
LfbGraphModule *
lfb_lowerer_lower_finish (LfbLowerer    *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  LfbLowering *lowering;

  g_return_val_if_fail (LFB_IS_LOWERER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, lfb_lowerer_lower_async), NULL);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    {
      set_report (self, NULL);
      return NULL;
    }

  lowering = g_task_get_task_data (G_TASK (result));
  set_report (self, lowering->report);
  return g_steal_pointer (&lowering->model);
}

/**
 * lfb_lowerer_get_report: (get-property report)
 * @self: a lowerer
 *
 * What the last lowering did, and why.
 *
 * Returns: (transfer none) (nullable): the report; %NULL before the first
 *   lowering, and after one that failed
 *
 * Since: 1.0
 */
LfbLoweringReport *
lfb_lowerer_get_report (LfbLowerer *self)
{
  g_return_val_if_fail (LFB_IS_LOWERER (self), NULL);

  return self->report;
}

/**
 * lfb_lower_to_fbgemm:
 * @model: a reference model; it is left as it is
 * @qconfig_map: (nullable): how each node was quantized; %NULL for the model's own
 * @node_name_to_scope: (nullable): which module each node was traced in; %NULL for
 *   the model's own
 * @keep_original_weights: whether the lowered model remembers the float tensors
 *   that were packed
 * @error: where to put an error
 *
 * Lowers a model, in one call; see [method@Lfb.Lowerer.lower].
 *
 * Returns: (transfer full): the lowered model
 *
 * Since: 1.0
 */
LfbGraphModule *
lfb_lower_to_fbgemm (LfbGraphModule  *model,
                     LfbQConfigMap   *qconfig_map,
                     LfbScopeMap     *node_name_to_scope,
                     gboolean         keep_original_weights,
                     GError         **error)
{
  g_autoptr (LfbLowerer) lowerer = NULL;

  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (model), NULL);

  lowerer = lfb_lowerer_new ();
  lfb_lowerer_set_keep_original_weights (lowerer, keep_original_weights);

  return lfb_lowerer_lower (lowerer, model, qconfig_map, node_name_to_scope, NULL, error);
}
