/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a session is to run. */

#include <lowerfb/run/lfb-session-options.h>

/**
 * LfbSessionOptions:
 *
 * Settings for [ctor@Lfb.Session.new], which reads them once: later changes
 * reach no session that is there already.
 *
 * Since: 1.0
 */
struct _LfbSessionOptions {
  GObject parent_instance;

  guint n_threads;
  gboolean profile;
  LfbProgress *progress;
};

enum {
  PROP_0,
  PROP_N_THREADS,
  PROP_PROFILE,
  PROP_PROGRESS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LfbSessionOptions, lfb_session_options, G_TYPE_OBJECT)

static void
lfb_session_options_finalize (GObject *object)
{
  LfbSessionOptions *self = LFB_SESSION_OPTIONS (object);

  g_clear_object (&self->progress);

  G_OBJECT_CLASS (lfb_session_options_parent_class)->finalize (object);
}

static void
lfb_session_options_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  LfbSessionOptions *self = LFB_SESSION_OPTIONS (object);

  switch (prop_id)
    {
    case PROP_N_THREADS:
      g_value_set_uint (value, self->n_threads);
      break;
    case PROP_PROFILE:
      g_value_set_boolean (value, self->profile);
      break;
    case PROP_PROGRESS:
      g_value_set_object (value, self->progress);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_session_options_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  LfbSessionOptions *self = LFB_SESSION_OPTIONS (object);

  switch (prop_id)
    {
    case PROP_N_THREADS:
      lfb_session_options_set_n_threads (self, g_value_get_uint (value));
      break;
    case PROP_PROFILE:
      lfb_session_options_set_profile (self, g_value_get_boolean (value));
      break;
    case PROP_PROGRESS:
      lfb_session_options_set_progress (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_session_options_class_init (LfbSessionOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = lfb_session_options_finalize;
  object_class->get_property = lfb_session_options_get_property;
  object_class->set_property = lfb_session_options_set_property;

  /**
   * LfbSessionOptions:n-threads:
   *
   * How many threads work on one run, the calling one included; 0 for as many
   * as there are processors. The results do not depend on it.
   *
   * Since: 1.0
   */
  properties[PROP_N_THREADS] =
    g_param_spec_uint ("n-threads", NULL, NULL, 0, 1024, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * LfbSessionOptions:profile:
   *
   * Whether the session measures how long each node takes.
   *
   * Since: 1.0
   */
  properties[PROP_PROFILE] =
    g_param_spec_boolean ("profile", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * LfbSessionOptions:progress:
   *
   * What is told how far the making of the session has come, and each run of it:
   * the name of each node. Of several runs at once the last to report is seen.
   *
   * Since: 1.0
   */
  properties[PROP_PROGRESS] =
    g_param_spec_object ("progress", NULL, NULL, LFB_TYPE_PROGRESS,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
lfb_session_options_init (LfbSessionOptions *self)
{
}

/**
 * lfb_session_options_new:
 *
 * Makes options with the default settings.
 *
 * Returns: (transfer full): new options
 *
 * Since: 1.0
 */
LfbSessionOptions *
lfb_session_options_new (void)
{
  return g_object_new (LFB_TYPE_SESSION_OPTIONS, NULL);
}

/**
 * lfb_session_options_get_n_threads:
 * @self: options
 *
 * Gets [property@Lfb.SessionOptions:n-threads].
 *
 * Returns: the number of threads; 0 for as many as there are processors
 *
 * Since: 1.0
 */
guint
lfb_session_options_get_n_threads (LfbSessionOptions *self)
{
  g_return_val_if_fail (LFB_IS_SESSION_OPTIONS (self), 0);

  return self->n_threads;
}

/**
 * lfb_session_options_set_n_threads:
 * @self: options
 * @n_threads: the number of threads, at most 1024; 0 for as many as there are
 *   processors
 *
 * Sets [property@Lfb.SessionOptions:n-threads].
 *
 * Since: 1.0
 */
void
lfb_session_options_set_n_threads (LfbSessionOptions *self,
                                   guint              n_threads)
{
  g_return_if_fail (LFB_IS_SESSION_OPTIONS (self));
  g_return_if_fail (n_threads <= 1024);

  if (self->n_threads == n_threads)
    return;

  self->n_threads = n_threads;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_THREADS]);
}

/**
 * lfb_session_options_get_profile:
 * @self: options
 *
 * Gets [property@Lfb.SessionOptions:profile].
 *
 * Returns: whether the session measures its nodes
 *
 * Since: 1.0
 */
gboolean
lfb_session_options_get_profile (LfbSessionOptions *self)
{
  g_return_val_if_fail (LFB_IS_SESSION_OPTIONS (self), FALSE);

  return self->profile;
}

/**
 * lfb_session_options_set_profile:
 * @self: options
 * @profile: whether the session is to measure its nodes
 *
 * Sets [property@Lfb.SessionOptions:profile].
 *
 * Since: 1.0
 */
void
lfb_session_options_set_profile (LfbSessionOptions *self,
                                 gboolean           profile)
{
  g_return_if_fail (LFB_IS_SESSION_OPTIONS (self));

  profile = !!profile;
  if (self->profile == profile)
    return;

  self->profile = profile;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROFILE]);
}

/**
 * lfb_session_options_get_progress:
 * @self: options
 *
 * Gets [property@Lfb.SessionOptions:progress].
 *
 * Returns: (transfer none) (nullable): the progress, or %NULL
 *
 * Since: 1.0
 */
LfbProgress *
lfb_session_options_get_progress (LfbSessionOptions *self)
{
  g_return_val_if_fail (LFB_IS_SESSION_OPTIONS (self), NULL);

  return self->progress;
}

/**
 * lfb_session_options_set_progress:
 * @self: options
 * @progress: (nullable): what to tell how far the work has come
 *
 * Sets [property@Lfb.SessionOptions:progress].
 *
 * Since: 1.0
 */
void
lfb_session_options_set_progress (LfbSessionOptions *self,
                                  LfbProgress       *progress)
{
  g_return_if_fail (LFB_IS_SESSION_OPTIONS (self));
  g_return_if_fail (progress == NULL || LFB_IS_PROGRESS (progress));

  if (g_set_object (&self->progress, progress))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROGRESS]);
}
