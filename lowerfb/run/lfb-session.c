/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model made ready to run: the object itself. lfb-session-run.c runs it. */

#include <lowerfb/run/lfb-session-private.h>

enum {
  PROP_0,
  PROP_MODEL,
  PROP_N_THREADS,
  PROP_PEAK_MEMORY,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/**
 * LfbSession:
 *
 * A model made ready to run: every node has its operator, constants are
 * computed, weights packed for this CPU. Made once and used again and again,
 * also from several threads at the same time.
 *
 * A session keeps what it needs of the model as it was: changing the model
 * later does not change the session.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (LfbSession, lfb_session, G_TYPE_OBJECT)

static void
lfb_session_finalize (GObject *object)
{
  LfbSession *self = LFB_SESSION (object);

  lfb_profile_free (self->profile);
  lfb_programs_free (self->programs);
  lfb_plan_free (self->plan);
  lfb_threads_free (self->runtime.threads);
  g_clear_object (&self->model);
  g_clear_object (&self->progress);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (lfb_session_parent_class)->finalize (object);
}

static void
lfb_session_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  LfbSession *self = LFB_SESSION (object);

  switch (prop_id)
    {
    case PROP_MODEL:
      g_value_set_object (value, self->model);
      break;
    case PROP_N_THREADS:
      g_value_set_uint (value, lfb_session_get_n_threads (self));
      break;
    case PROP_PEAK_MEMORY:
      g_value_set_uint64 (value, lfb_session_get_peak_memory (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_session_class_init (LfbSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = lfb_session_finalize;
  object_class->get_property = lfb_session_get_property;

  /**
   * LfbSession:model:
   *
   * The model that the session was made from.
   *
   * Since: 1.0
   */
  properties[PROP_MODEL] =
    g_param_spec_object ("model", NULL, NULL, LFB_TYPE_GRAPH_MODULE,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * LfbSession:n-threads:
   *
   * How many threads work on one run, the calling one included.
   *
   * Since: 1.0
   */
  properties[PROP_N_THREADS] =
    g_param_spec_uint ("n-threads", NULL, NULL, 1, G_MAXUINT, 1,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * LfbSession:peak-memory:
   *
   * The most bytes that live tensors took during a run so far; weights do not
   * count.
   *
   * Since: 1.0
   */
  properties[PROP_PEAK_MEMORY] =
    g_param_spec_uint64 ("peak-memory", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* A bare object, as g_object_new () makes it, has no plan and cannot run. */
static void
lfb_session_init (LfbSession *self)
{
  g_mutex_init (&self->lock);
}

/**
 * lfb_session_new:
 * @model: a model: reference, lowered, float or in between
 * @options: (nullable): how to run it; %NULL for the defaults
 * @error: return location for a `GError`
 *
 * Makes a model ready to run.
 *
 * What the model writes in place is seen under all names of the same tensor, as
 * in PyTorch, but neither inputs nor the model change: each run begins anew.
 *
 * Returns: (transfer full): a new session, or %NULL with
 *   %LFB_ERROR_INVALID_GRAPH if the model is not sound, %LFB_ERROR_UNSUPPORTED
 *   if a node calls what there is no operator for, or writes in place where it
 *   cannot be told which other nodes that reaches, or another code if constants
 *   of the model do not fit the operator that reads them; the message names the
 *   node
 *
 * Since: 1.0
 */
LfbSession *
lfb_session_new (LfbGraphModule     *model,
                 LfbSessionOptions  *options,
                 GError            **error)
{
  g_autoptr (LfbSession) self = NULL;
  LfbCompiler compiler = { 0 };
  guint n_threads = 0, budget = 0;

  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (model), NULL);
  g_return_val_if_fail (options == NULL || LFB_IS_SESSION_OPTIONS (options), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (LFB_TYPE_SESSION, NULL);
  self->model = g_object_ref (model);
  if (options != NULL)
    {
      n_threads = lfb_session_options_get_n_threads (options);
      g_set_object (&self->progress, lfb_session_options_get_progress (options));
    }
  if (n_threads == 0)
    n_threads = lfb_count_processors ();
  lfb_runtime_init (&self->runtime, lfb_threads_new (n_threads));

  compiler.model = model;
  compiler.runtime = &self->runtime;
  compiler.subgraphs = &lfb_plan_subgraphs;
  compiler.progress = self->progress;
  compiler.budget = &budget;
  self->runtime.pool = lfb_packing_pool_new ();
  self->plan = lfb_plan_new (&compiler, error);
  g_clear_pointer (&self->runtime.pool, lfb_packing_pool_free);
  if (self->plan == NULL)
    return NULL;
  self->programs = lfb_programs_new (self->plan);
  if (options != NULL && lfb_session_options_get_profile (options))
    self->profile = lfb_profile_new (self->plan);
  if (self->progress != NULL)
    lfb_progress_report (self->progress, 1, "ready");

  return g_steal_pointer (&self);
}

/**
 * lfb_session_get_model:
 * @self: a session
 *
 * Gets the model that the session was made from.
 *
 * Returns: (transfer none): the model
 *
 * Since: 1.0
 */
LfbGraphModule *
lfb_session_get_model (LfbSession *self)
{
  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);

  return self->model;
}

/**
 * lfb_session_get_n_threads:
 * @self: a session
 *
 * Gets how many threads work on one run.
 *
 * Returns: their number, the calling thread included
 *
 * Since: 1.0
 */
guint
lfb_session_get_n_threads (LfbSession *self)
{
  g_return_val_if_fail (LFB_IS_SESSION (self), 1);

  return lfb_threads_get_n (self->runtime.threads);
}

/**
 * lfb_session_list_inputs:
 * @self: a session
 *
 * Lists the placeholders in the order in which [method@Lfb.Session.run] takes
 * their tensors.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names
 *
 * Since: 1.0
 */
char **
lfb_session_list_inputs (LfbSession *self)
{
  g_auto (GStrv) names = NULL;

  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);

  if (self->plan == NULL)
    return g_new0 (char *, 1);

  names = g_new0 (char *, self->plan->inputs->len + 1);
  for (guint i = 0; i < self->plan->inputs->len; i++)
    {
      const LfbPlanInput *input = g_ptr_array_index (self->plan->inputs, i);

      names[i] = g_strdup (input->node);
    }

  return g_steal_pointer (&names);
}

/**
 * lfb_session_profile_to_text:
 * @self: a session
 *
 * Tells how long each node took: a line each with the mean time of a run, the
 * share of the whole, the node's name and its operator.
 *
 * Returns: (transfer full) (nullable): the table, or %NULL if the session was made
 *   without [property@Lfb.SessionOptions:profile]
 *
 * Since: 1.0
 */
char *
lfb_session_profile_to_text (LfbSession *self)
{
  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);

  return self->profile != NULL ? lfb_profile_to_text (self->profile) : NULL;
}

/**
 * lfb_session_get_peak_memory:
 * @self: a session
 *
 * Gets the most bytes that live tensors took during a run so far, inputs
 * included and weights not. A buffer that several tensors share counts once.
 *
 * Returns: the number of bytes; 0 before the first run
 *
 * Since: 1.0
 */
guint64
lfb_session_get_peak_memory (LfbSession *self)
{
  guint64 peak;

  g_return_val_if_fail (LFB_IS_SESSION (self), 0);

  g_mutex_lock (&self->lock);
  peak = self->peak_memory;
  g_mutex_unlock (&self->lock);

  return peak;
}

/**
 * lfb_session_get_arena_size:
 * @self: a session
 *
 * Gets how large the arena is that holds everything between the inputs and
 * outputs of a run, for the shapes that ran last. Runs at the same time have an
 * arena each, and a session keeps them.
 *
 * Returns: the number of bytes; 0 before the first run, or if the model writes in
 *   place in a way that makes it run node by node
 *
 * Since: 1.0
 */
guint64
lfb_session_get_arena_size (LfbSession *self)
{
  gsize size = 0, bound;

  g_return_val_if_fail (LFB_IS_SESSION (self), 0);

  if (self->programs != NULL)
    lfb_programs_get_arena (self->programs, &size, &bound);

  return size;
}

/**
 * lfb_session_get_arena_bound:
 * @self: a session
 *
 * Gets the most bytes of the arena that hold something at the same time: no
 * arrangement in memory could be smaller than this.
 *
 * Returns: the number of bytes; 0 where [method@Lfb.Session.get_arena_size] is 0
 *
 * Since: 1.0
 */
guint64
lfb_session_get_arena_bound (LfbSession *self)
{
  gsize size, bound = 0;

  g_return_val_if_fail (LFB_IS_SESSION (self), 0);

  if (self->programs != NULL)
    lfb_programs_get_arena (self->programs, &size, &bound);

  return bound;
}

/**
 * lfb_session_plan_to_text:
 * @self: a session
 *
 * Tells what a run is made of, for the shapes that ran last: a line for each
 * instruction with its node, what it writes, and what it reads. Nodes that cost
 * nothing have no line; `call` is an operator that runs on tensors of its own.
 *
 * Returns: (transfer full) (nullable): the text, or %NULL where
 *   [method@Lfb.Session.get_arena_size] is 0
 *
 * Since: 1.0
 */
char *
lfb_session_plan_to_text (LfbSession *self)
{
  g_return_val_if_fail (LFB_IS_SESSION (self), NULL);

  return self->programs != NULL ? lfb_programs_to_text (self->programs) : NULL;
}
