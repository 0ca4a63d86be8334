/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the subcommands of lowerfb share: how they are described, how they read
 * their arguments and speak to the user, and how they do work that takes long.
 */

#pragma once

#include <lowerfb/lowerfb.h>

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The only exit statuses. */
enum {
  COMMAND_DONE = 0,
  COMMAND_FAILED = 1,
  COMMAND_WRONG_USAGE = 2,
};

typedef struct _Command Command;

struct _Command
{
  const char *name;
  const char *arguments;        /* behind the name in the usage line */
  const char *summary;          /* one line */
  const char *help;             /* what it does, for someone who never used it */
  const char *examples;         /* what to type, each under a comment that says what for */

  int (*main) (const Command  *self,
               int             argc,
               char          **argv);
};

extern const Command command_bench;
extern const Command command_lower;
extern const Command command_show;
extern const Command command_run;
extern const Command command_compare;
extern const Command command_cpu;

/* Reads options and @n_files file names, or from @min_files to @max_files. If FALSE is returned, there is
 * nothing left to do but to exit with @status: the help was asked for, or the
 * usage was wrong.
 */
gboolean      command_parse           (const Command       *self,
                                       int                  argc,
                                       char               **argv,
                                       const GOptionEntry  *entries,
                                       guint                n_files,
                                       char              ***files,
                                       int                 *status);

gboolean      command_parse_range     (const Command       *self,
                                       int                  argc,
                                       char               **argv,
                                       const GOptionEntry  *entries,
                                       guint                min_files,
                                       guint                max_files,
                                       char              ***files,
                                       int                 *status);

/* One line on stderr; they return the exit status that belongs to it. */
int           command_wrong_usage     (const Command       *self,
                                       const char          *format,
                                       ...) G_GNUC_PRINTF (2, 3);
int           command_fail            (const GError        *error);

/* Writes whole lines to stdout, in UTF-8, and makes sure that they arrived;
 * returns the exit status.
 */
int           command_print           (const char          *text);
int           command_print_json      (JsonBuilder         *builder);

/* The same where it is for people. On a terminal, @paint writes each line in
 * colours; @heading is the last line so far that is not indented.
 */
typedef enum
{
  COMMAND_BOLD,
  COMMAND_RED,
  COMMAND_GREEN,
  COMMAND_YELLOW,
  COMMAND_BLUE,
  COMMAND_CYAN,
} CommandColour;

typedef void (*CommandPaint) (GString    *string,
                              const char *line,
                              const char *heading);

int           command_print_painted   (const char          *text,
                                       CommandPaint         paint);
void          command_paint_help      (GString             *string,
                                       const char          *line,
                                       const char          *heading);
void          command_paint_table     (GString             *string,
                                       const char          *line,
                                       const char          *heading);
void          command_paint           (GString             *string,
                                       CommandColour        colour,
                                       const char          *text,
                                       gssize               length);
gboolean      command_has_colour      (int                  fd);
char         *command_make_printable  (const char          *text);

/* A subcommand's work, in a thread of its own. Meanwhile a terminal shows the
 * stage that it is at, and an interrupt cancels it.
 */
typedef struct _CommandWork CommandWork;

typedef gboolean (*CommandWorkFunc) (CommandWork  *work,
                                     gpointer      data,
                                     GError      **error);

gboolean      command_work            (CommandWorkFunc      func,
                                       gpointer             data,
                                       GError             **error);
GCancellable *command_work_stage      (CommandWork         *work,
                                       const char          *doing,
                                       const char          *path);
LfbProgress  *command_work_progress   (CommandWork         *work);

/* The model in a file, with a word on what to do about files that hold something else. */
LfbGraphModule *command_load_model    (CommandWork         *work,
                                       const char          *path,
                                       GError             **error);
/* The session, with the file's name on what goes wrong with its model, which may
 * be lowered first. Gets the progress of @work. */
LfbSession   *command_open_session    (CommandWork         *work,
                                       const char          *path,
                                       gboolean             lower,
                                       LfbSessionOptions   *options,
                                       GError             **error);
/* Tensors of a file for the session's inputs. */
GPtrArray    *command_read_inputs     (CommandWork         *work,
                                       LfbSession          *session,
                                       const char          *path,
                                       GError             **error);
/* What a model in a file makes of the inputs in another. */
GPtrArray    *command_run_model       (CommandWork         *work,
                                       const char          *model_path,
                                       gboolean             lower,
                                       const char          *inputs_path,
                                       GError             **error);

G_END_DECLS
