/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-profile-private.h. */

#include <lowerfb/run/lfb-profile-private.h>

typedef struct {
  gint64 nanoseconds;
  guint64 n_runs;
} StepTime;

struct _LfbProfile {
  const LfbPlan *plan;   /* of the session, which outlives this */
  GMutex lock;
  StepTime *times;
};

LfbProfile *
lfb_profile_new (const LfbPlan *plan)
{
  LfbProfile *self = g_new0 (LfbProfile, 1);

  self->plan = plan;
  self->times = g_new0 (StepTime, MAX (plan->steps->len, 1));
  g_mutex_init (&self->lock);

  return self;
}

void
lfb_profile_free (LfbProfile *self)
{
  if (self == NULL)
    return;

  g_mutex_clear (&self->lock);
  g_free (self->times);
  g_free (self);
}

/* A LfbPlanTimer. */
void
lfb_profile_add (gsize    step,
                 gint64   nanoseconds,
                 gpointer user_data)
{
  LfbProfile *self = user_data;

  g_mutex_lock (&self->lock);
  self->times[step].nanoseconds += nanoseconds;
  self->times[step].n_runs++;
  g_mutex_unlock (&self->lock);
}

/* A line for each node: mean time of a run, share of the whole, name, operator. */
char *
lfb_profile_to_text (LfbProfile *self)
{
  GString *text = g_string_new ("   time (ms)   share  node                      operator\n");
  gint64 total = 0;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->plan->steps->len; i++)
    total += self->times[i].nanoseconds;
  for (guint i = 0; i < self->plan->steps->len; i++)
    {
      const LfbPlanStep *step = g_ptr_array_index (self->plan->steps, i);
      const StepTime *time = &self->times[i];

      g_string_append_printf (text, "%12.4f %6.1f%%  %-24s  %s\n",
                              time->n_runs > 0 ? time->nanoseconds / 1e6 / time->n_runs : 0.0,
                              total > 0 ? 100.0 * time->nanoseconds / total : 0.0,
                              step->node, lfb_callable_get_name (step->callable));
    }
  g_mutex_unlock (&self->lock);

  return g_string_free (text, FALSE);
}
