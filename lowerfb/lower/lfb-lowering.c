/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One run of a lowerer. The model is a copy, so that a pass that fails leaves
 * nothing half done: the copy is thrown away.
 *
 * On a thread of its own, the run goes back to the caller's main context for
 * whatever an application wrote: its passes, and the handlers of its signals.
 * JavaScript, for one, cannot be called on another thread.
 */

#include <lowerfb/lower/lfb-lowering-private.h>

#include <lowerfb/lower/lfb-lower-changes-private.h>
#include <lowerfb/lower/lfb-lower-debug-private.h>
#include <lowerfb/lower/lfb-lower-explain-private.h>
#include <lowerfb/lower/lfb-lowering-report-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

#include <string.h>

LfbLowering *
_lfb_lowering_new (LfbGraphModule *model,
                   LfbQConfigMap  *qconfig_map,
                   LfbScopeMap    *scope_map,
                   GPtrArray      *passes)
{
  LfbLowering *self = g_new0 (LfbLowering, 1);

  self->model = lfb_graph_module_copy (model);
  self->qconfig_map = qconfig_map != NULL ? lfb_qconfig_map_copy (qconfig_map) : NULL;
  self->scope_map = scope_map != NULL ? lfb_scope_map_copy (scope_map) : NULL;
  self->passes = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < passes->len; i++)
    g_ptr_array_add (self->passes, g_object_ref (g_ptr_array_index (passes, i)));

  return self;
}

void
_lfb_lowering_free (LfbLowering *self)
{
  g_clear_object (&self->model);
  g_clear_object (&self->qconfig_map);
  g_clear_object (&self->scope_map);
  g_clear_pointer (&self->passes, g_ptr_array_unref);
  g_clear_object (&self->progress);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->report);
  g_free (self);
}

/* A call that waits for another thread. Whoever waits may give up as long as
 * the other has not begun.
 */
typedef struct
{
  grefcount ref_count;
  GMutex mutex;
  GCond cond;
  enum { CALL_WAITS, CALL_RUNS, CALL_DONE, CALL_GIVEN_UP } state;
  void (*func) (gpointer data);
  gpointer data;
} Call;

static void
call_unref (gpointer data)
{
  Call *call = data;
  gboolean last;

  g_mutex_lock (&call->mutex);
  last = g_ref_count_dec (&call->ref_count);
  g_mutex_unlock (&call->mutex);
  if (!last)
    return;

  g_mutex_clear (&call->mutex);
  g_cond_clear (&call->cond);
  g_free (call);
}

static gboolean
run_call (gpointer user_data)
{
  Call *call = user_data;
  gboolean wanted;

  g_mutex_lock (&call->mutex);
  wanted = call->state == CALL_WAITS;
  if (wanted)
    call->state = CALL_RUNS;
  g_mutex_unlock (&call->mutex);
  if (!wanted)
    return G_SOURCE_REMOVE;

  call->func (call->data);

  g_mutex_lock (&call->mutex);
  call->state = CALL_DONE;
  g_cond_signal (&call->cond);
  g_mutex_unlock (&call->mutex);

  return G_SOURCE_REMOVE;
}

/* Not g_main_context_invoke(), which calls at once, on this thread, when nobody
 * happens to own the context.
 */
static gboolean
call_application (LfbLowering  *self,
                  void        (*func) (gpointer data),
                  gpointer      data)
{
  g_autoptr (GSource) source = NULL;
  gboolean done;
  Call *call;

  if (self->context == NULL)
    {
      func (data);
      return TRUE;
    }

  call = g_new0 (Call, 1);
  g_ref_count_init (&call->ref_count);
  g_ref_count_inc (&call->ref_count);
  g_mutex_init (&call->mutex);
  g_cond_init (&call->cond);
  call->func = func;
  call->data = data;

  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, run_call, call, call_unref);
  g_source_attach (source, self->context);

  g_mutex_lock (&call->mutex);
  while (call->state != CALL_DONE && call->state != CALL_GIVEN_UP)
    {
      gint64 end = g_get_monotonic_time () + 50 * G_TIME_SPAN_MILLISECOND;

      if (!g_cond_wait_until (&call->cond, &call->mutex, end) && call->state == CALL_WAITS &&
          g_cancellable_is_cancelled (self->cancellable))
        call->state = CALL_GIVEN_UP;
    }
  done = call->state == CALL_DONE;
  g_mutex_unlock (&call->mutex);
  call_unref (call);

  return done;
}

typedef struct
{
  LfbLowering *lowering;
  const char *pass_name;
  LfbNode *node;
  const char *text;
} Rewritten;

static void
tell_rewritten (gpointer data)
{
  Rewritten *rewritten = data;

  rewritten->lowering->rewritten (rewritten->pass_name, rewritten->node, rewritten->text,
                                  rewritten->lowering->user_data);
}

/* A pass of an application, and the handlers it wakes, run in its own context
 * already.
 */
static void
on_rewritten (const char *pass_name,
              LfbNode    *node,
              const char *text,
              gpointer    user_data)
{
  LfbLowering *self = user_data;
  Rewritten rewritten = { self, pass_name, node, text };

  if (self->context != NULL && g_main_context_is_owner (self->context))
    tell_rewritten (&rewritten);
  else
    call_application (self, tell_rewritten, &rewritten);
}

typedef struct
{
  LfbPass *pass;
  LfbLowerContext *context;
  gboolean changed;
  GError *error;
} RunPass;

static void
run_pass_here (gpointer data)
{
  RunPass *run = data;

  run->changed = _lfb_pass_run_in (run->pass, run->context, &run->error);
}

static gboolean
run_pass (LfbLowering      *self,
          LfbLowerContext  *context,
          LfbPass          *pass,
          GError          **error)
{
  gboolean builtin = _lfb_pass_is_builtin (pass);
  RunPass run = { pass, context, FALSE, NULL };
  LfbLowerDebug debug;
  gboolean valid;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;

  _lfb_lower_debug_begin (&debug, context->model, pass);
  if (builtin)
    run_pass_here (&run);
  else if (!call_application (self, run_pass_here, &run))
    g_cancellable_set_error_if_cancelled (self->cancellable, &run.error);

  if (run.error == NULL && !builtin)
    _lfb_lower_credit (context);
  valid = run.error == NULL && _lfb_lower_debug_end (&debug, context->model, run.changed, &run.error);
  if (!valid)
    {
      _lfb_lower_debug_clear (&debug);
      g_propagate_prefixed_error (error, run.error, "Pass %s: ", lfb_pass_get_name (pass));
      return FALSE;
    }

  return TRUE;
}

static gboolean lower_graph (LfbLowering      *self,
                             LfbGraphModule   *model,
                             LfbQConfigMap    *qconfig_map,
                             LfbScopeMap      *scope_map,
                             LfbLowerJournal  *journal,
                             const char       *prefix,
                             GError          **error);

/* Modules that are graphs themselves are lowered first, each as a model of its
 * own. They were copied with the model, and are ours to change.
 */
static gboolean
lower_inner_graphs (LfbLowering      *self,
                    LfbLowerContext  *context,
                    GError          **error)
{
  g_auto (GStrv) paths = lfb_graph_module_list_modules (context->model);

  for (gsize i = 0; paths[i] != NULL; i++)
    {
      LfbModule *module;
      LfbGraphModule *inner;
      g_autofree char *prefix = NULL;

      if (lfb_graph_module_get_alias (context->model, paths[i]) != NULL)
        continue;
      module = lfb_graph_module_get_module (context->model, paths[i]);
      inner = lfb_module_get_graph_module (module);
      if (inner == NULL)
        continue;

      prefix = g_strconcat (context->prefix, paths[i], ":", NULL);
      if (!lower_graph (self, inner, NULL, NULL, context->journal, prefix, error))
        {
          g_prefix_error (error, "Module %s: ", paths[i]);
          return FALSE;
        }
    }

  return TRUE;
}

/* Dead code goes first as well: what it reads would otherwise count as read, and
 * be left, and be lowered the next time.
 */
static gboolean
lower_graph (LfbLowering      *self,
             LfbGraphModule   *model,
             LfbQConfigMap    *qconfig_map,
             LfbScopeMap      *scope_map,
             LfbLowerJournal  *journal,
             const char       *prefix,
             GError          **error)
{
  g_autoptr (LfbLowerContext) context = NULL;

  if (!lfb_graph_module_check (model, error))
    return FALSE;

  context = _lfb_lower_context_new (model, qconfig_map, scope_map, journal, prefix);
  context->strict_upstream = self->strict_upstream;
  context->keep_original_weights = self->keep_original_weights;
  context->user_data = self;
  if (self->rewritten != NULL)
    context->rewritten = on_rewritten;

  _lfb_lower_collect (context);
  if (!lower_inner_graphs (self, context, error))
    return FALSE;

  _lfb_lower_remove_dead_code (context);
  for (guint i = 0; i < self->passes->len; i++)
    {
      LfbPass *pass = g_ptr_array_index (self->passes, i);

      /* Of the model itself; those inside it were lowered before its first pass. */
      if (self->progress != NULL && *prefix == '\0')
        lfb_progress_report (self->progress, (double) i / self->passes->len, lfb_pass_get_name (pass));
      if (!run_pass (self, context, pass, error))
        return FALSE;
    }
  if (!lfb_graph_module_check (model, error))
    return FALSE;

  _lfb_lower_settle (context);
  return TRUE;
}

/* Runs all passes on the copy; an empty model is a model. */
gboolean
_lfb_lowering_run (LfbLowering  *self,
                   GError      **error)
{
  g_autoptr (LfbLowerJournal) journal = _lfb_lower_journal_new ();

  if (!lower_graph (self, self->model, self->qconfig_map, self->scope_map, journal, "", error))
    return FALSE;
  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;

  self->report = _lfb_lowering_report_new (journal);
  if (self->progress != NULL)
    lfb_progress_report (self->progress, 1, "lowered");

  return TRUE;
}
