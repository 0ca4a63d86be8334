/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is shown belongs to the thread that made the object; what other threads
 * report waits, the last of it, until that thread's main context takes it.
 */

#include <lowerfb/core/lfb-progress.h>

/**
 * LfbProgress:
 *
 * How far long work has come: a fraction and a few words on what is being done.
 *
 * Make one where it is to be shown, give it to what takes long, such as
 * [property@Lfb.Lowerer:progress] and [property@Lfb.SessionOptions:progress], and
 * connect to `notify`. Whichever thread does the work, properties change and
 * `notify` is emitted in the main context that was the thread's default when the
 * object was made; several reports in a row may come as one. Work that is done
 * right in that thread is notified at once, without the main context.
 *
 * Since: 1.0
 */
struct _LfbProgress {
  GObject parent_instance;

  GMainContext *context;
  GThread *thread;

  /* Of that thread alone. */
  double fraction;
  char *message;

  /* Reported by others; the source is there while something waits. */
  GMutex lock;
  GSource *source;
  double next_fraction;
  char *next_message;
};

enum {
  PROP_0,
  PROP_FRACTION,
  PROP_MESSAGE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LfbProgress, lfb_progress, G_TYPE_OBJECT)

static void
lfb_progress_finalize (GObject *object)
{
  LfbProgress *self = LFB_PROGRESS (object);

  /* A source that waits holds the object. */
  g_assert (self->source == NULL);
  g_main_context_unref (self->context);
  g_free (self->message);
  g_free (self->next_message);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (lfb_progress_parent_class)->finalize (object);
}

static void
lfb_progress_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  LfbProgress *self = LFB_PROGRESS (object);

  switch (prop_id)
    {
    case PROP_FRACTION:
      g_value_set_double (value, self->fraction);
      break;
    case PROP_MESSAGE:
      g_value_set_string (value, self->message);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_progress_class_init (LfbProgressClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = lfb_progress_finalize;
  object_class->get_property = lfb_progress_get_property;

  /**
   * LfbProgress:fraction: (getter get_fraction)
   *
   * How much of the work is done, 0 to 1.
   *
   * Since: 1.0
   */
  properties[PROP_FRACTION] = g_param_spec_double ("fraction", NULL, NULL, 0, 1, 0, flags);

  /**
   * LfbProgress:message: (getter get_message)
   *
   * What is being done; %NULL before anything is.
   *
   * Since: 1.0
   */
  properties[PROP_MESSAGE] = g_param_spec_string ("message", NULL, NULL, NULL, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
lfb_progress_init (LfbProgress *self)
{
  g_mutex_init (&self->lock);
  self->context = g_main_context_ref_thread_default ();
  self->thread = g_thread_self ();
}

/**
 * lfb_progress_new:
 *
 * Makes a progress that is notified in the main context that is this thread's
 * default now.
 *
 * Returns: (transfer full): a new progress
 *
 * Since: 1.0
 */
LfbProgress *
lfb_progress_new (void)
{
  return g_object_new (LFB_TYPE_PROGRESS, NULL);
}

/**
 * lfb_progress_get_fraction: (get-property fraction)
 * @self: a progress
 *
 * Gets how much of the work is done. To be called in the thread that is notified.
 *
 * Returns: 0 to 1
 *
 * Since: 1.0
 */
double
lfb_progress_get_fraction (LfbProgress *self)
{
  g_return_val_if_fail (LFB_IS_PROGRESS (self), 0);

  return self->fraction;
}

/**
 * lfb_progress_get_message: (get-property message)
 * @self: a progress
 *
 * Gets what is being done. To be called in the thread that is notified.
 *
 * Returns: (transfer none) (nullable): a few words; %NULL before anything is done
 *
 * Since: 1.0
 */
const char *
lfb_progress_get_message (LfbProgress *self)
{
  g_return_val_if_fail (LFB_IS_PROGRESS (self), NULL);

  return self->message;
}

/* In the thread that is notified. Takes @message. */
static void
show (LfbProgress *self,
      double       fraction,
      char        *message)
{
  gboolean moved = fraction != self->fraction;
  gboolean said = g_strcmp0 (message, self->message) != 0;

  self->fraction = fraction;
  g_free (self->message);
  self->message = message;

  g_object_freeze_notify (G_OBJECT (self));
  if (moved)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FRACTION]);
  if (said)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MESSAGE]);
  g_object_thaw_notify (G_OBJECT (self));
}

static gboolean
show_next (gpointer user_data)
{
  LfbProgress *self = user_data;
  double fraction;
  char *message;

  g_mutex_lock (&self->lock);
  fraction = self->next_fraction;
  message = g_steal_pointer (&self->next_message);
  g_clear_pointer (&self->source, g_source_unref);
  g_mutex_unlock (&self->lock);

  show (self, fraction, message != NULL ? message : g_strdup (self->message));

  return G_SOURCE_REMOVE;
}

/* What waits is older than what is reported in the thread itself. */
static void
drop_next (LfbProgress *self)
{
  GSource *source;

  g_mutex_lock (&self->lock);
  source = g_steal_pointer (&self->source);
  g_clear_pointer (&self->next_message, g_free);
  g_mutex_unlock (&self->lock);

  if (source != NULL)
    {
      g_source_destroy (source);
      g_source_unref (source);
    }
}

/**
 * lfb_progress_report:
 * @self: a progress
 * @fraction: how much of the work is done; what lies outside of 0 to 1 is cut off
 * @message: (nullable): what is being done; %NULL for what was said before
 *
 * Says how far the work has come. It may be called in any thread, and is of use
 * to passes that take long.
 *
 * Since: 1.0
 */
void
lfb_progress_report (LfbProgress *self,
                     double       fraction,
                     const char  *message)
{
  g_return_if_fail (LFB_IS_PROGRESS (self));

  fraction = fraction > 0 ? MIN (fraction, 1) : 0;
  if (g_thread_self () == self->thread)
    {
      drop_next (self);
      show (self, fraction, g_strdup (message != NULL ? message : self->message));
      return;
    }

  g_mutex_lock (&self->lock);
  self->next_fraction = fraction;
  if (message != NULL)
    {
      g_free (self->next_message);
      self->next_message = g_strdup (message);
    }
  if (self->source == NULL)
    {
      self->source = g_idle_source_new ();
      g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
      g_source_set_callback (self->source, show_next, g_object_ref (self), g_object_unref);
      g_source_set_static_name (self->source, "lowerfb progress");
      g_source_attach (self->source, self->context);
    }
  g_mutex_unlock (&self->lock);
}
