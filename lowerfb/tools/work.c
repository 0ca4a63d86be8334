/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Work that may take long: a thread does it, while the main loop shows how it
 * goes and takes interrupts.
 */

#include "command-private.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Work that is done before this shows nothing. */
#define QUIET_SECONDS 0.5
#define TICK_MILLISECONDS 100
#define MIN_BAR_COLUMNS 24
#define MAX_BAR_COLUMNS 40
#define BLOCK_COLUMNS 4

struct _CommandWork
{
  CommandWorkFunc func;
  gpointer data;

  GMainLoop *loop;
  GCancellable *cancellable;
  guint signals[2];             /* sources */
  GTimer *timer;
  LfbProgress *progress;        /* of the stage; notified here, in the main thread */
  gboolean has_colour;
  gboolean shown;

  GMutex lock;                  /* of the stage */
  char *stage;
};

/* Tells the user what is being done, and returns what cancels it. */
GCancellable *
command_work_stage (CommandWork *work,
                    const char  *doing,
                    const char  *path)
{
  g_autofree char *name = g_filename_display_basename (path);

  g_mutex_lock (&work->lock);
  g_free (work->stage);
  work->stage = g_strdup_printf ("%s %s", doing, name);
  g_mutex_unlock (&work->lock);
  lfb_progress_report (work->progress, 0, NULL);

  return work->cancellable;
}

/* What the stage is to tell how far it has come; it begins with each. */
LfbProgress *
command_work_progress (CommandWork *work)
{
  return work->progress;
}

/* A bar of @width columns. Where it is not known how far the work has come, a
 * block that wanders.
 */
static void
append_bar (GString *string,
            guint    width,
            double   fraction,
            double   seconds)
{
  gboolean unicode = g_get_charset (NULL);
  guint begin = 0, end = (guint) (fraction * width + 0.5);

  if (fraction <= 0)
    {
      guint way = 2 * (width - BLOCK_COLUMNS), place = (guint) (seconds * 1000 / TICK_MILLISECONDS) % way;

      begin = MIN (place, way - place);
      end = begin + BLOCK_COLUMNS;
    }
  for (guint i = 0; i < width; i++)
    if (i >= begin && i < end)
      g_string_append (string, unicode ? "━" : "#");
    else
      g_string_append (string, unicode ? "╌" : "-");
}

static gboolean
show_stage (gpointer user_data)
{
  CommandWork *work = user_data;
  double seconds = g_timer_elapsed (work->timer, NULL);
  double fraction = lfb_progress_get_fraction (work->progress);
  g_autofree char *stage = NULL, *time = NULL;
  g_autoptr (GString) bar = NULL;
  struct winsize window = { 0 };
  glong width = 80, left;

  if (seconds < QUIET_SECONDS)
    return G_SOURCE_CONTINUE;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1)
    width = window.ws_col;
  width--; /* a full line would wrap */

  time = fraction > 0 ? g_strdup_printf ("%3.0f %% %3.0f s", 100 * fraction, seconds)
                      : g_strdup_printf ("      %3.0f s", seconds);
  time[MIN (strlen (time), (gsize) width)] = '\0';

  /* The bar takes what is left, the name of the stage at most half. */
  left = MAX (width - (glong) strlen (time) - 2, 0);
  bar = g_string_new (NULL);
  if (left >= MIN_BAR_COLUMNS)
    append_bar (bar, CLAMP (left / 2, BLOCK_COLUMNS + 1, MAX_BAR_COLUMNS), fraction, seconds);
  left -= g_utf8_strlen (bar->str, -1);
  if (work->has_colour && bar->len > 0)
    {
      g_autofree char *plain = g_strdup (bar->str);

      g_string_truncate (bar, 0);
      command_paint (bar, COMMAND_BLUE, plain, -1);
    }

  g_mutex_lock (&work->lock);
  stage = work->stage != NULL ? command_make_printable (work->stage) : g_strdup ("");
  g_mutex_unlock (&work->lock);
  if (g_utf8_strlen (stage, -1) > left)
    *g_utf8_offset_to_pointer (stage, MAX (left, 0)) = '\0';

  if (left > 0)
    fprintf (stderr, "\r\033[K%s %s %s", stage, bar->str, time);
  else
    fprintf (stderr, "\r\033[K%s", time);
  fflush (stderr);
  work->shown = TRUE;

  return G_SOURCE_CONTINUE;
}

/* The next one kills: the work may be at something that cannot be cancelled. */
static gboolean
interrupt (gpointer user_data)
{
  CommandWork *work = user_data;

  g_cancellable_cancel (work->cancellable);
  for (gsize i = 0; i < G_N_ELEMENTS (work->signals); i++)
    g_clear_handle_id (&work->signals[i], g_source_remove);

  return G_SOURCE_CONTINUE;
}

static gboolean
can_show_progress (void)
{
  return isatty (STDERR_FILENO) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

static void
work_in_thread (GTask        *task,
                gpointer      source_object,
                gpointer      task_data,
                GCancellable *cancellable)
{
  CommandWork *work = task_data;
  GError *error = NULL;

  if (work->func (work, work->data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
work_done (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  CommandWork *work = user_data;

  g_main_loop_quit (work->loop);
}

gboolean
command_work (CommandWorkFunc   func,
              gpointer          data,
              GError          **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GTimer) timer = g_timer_new ();
  g_autoptr (LfbProgress) progress = lfb_progress_new ();
  CommandWork work = { .func = func, .data = data, .loop = loop, .cancellable = cancellable, .timer = timer,
                       .progress = progress, .has_colour = command_has_colour (STDERR_FILENO) };
  g_autoptr (GTask) task = g_task_new (NULL, NULL, work_done, &work);
  guint ticks = can_show_progress () ? g_timeout_add (TICK_MILLISECONDS, show_stage, &work) : 0;
  gboolean done;

  work.signals[0] = g_unix_signal_add (SIGINT, interrupt, &work);
  work.signals[1] = g_unix_signal_add (SIGTERM, interrupt, &work);
  g_mutex_init (&work.lock);
  g_task_set_task_data (task, &work, NULL);
  g_task_run_in_thread (task, work_in_thread);
  g_main_loop_run (loop);

  done = g_task_propagate_boolean (task, error);
  if (work.shown)
    fputs ("\r\033[K", stderr);
  for (gsize i = 0; i < G_N_ELEMENTS (work.signals); i++)
    g_clear_handle_id (&work.signals[i], g_source_remove);
  g_clear_handle_id (&ticks, g_source_remove);
  g_free (work.stage);
  g_mutex_clear (&work.lock);

  return done;
}
