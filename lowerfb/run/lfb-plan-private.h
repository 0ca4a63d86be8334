/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A graph made ready to run: a row of steps over slots. Every node has a slot
 * for its value; a step knows what it calls, which slots it reads, and which
 * of them nothing reads afterwards. What depends on constants alone is
 * computed while the plan is made. A plan is only read once it is made.
 */

#pragma once

#include <lowerfb/graph/lfb-effects-private.h>
#include <lowerfb/run/lfb-callable-private.h>
#include <lowerfb/run/lfb-track-private.h>

G_BEGIN_DECLS

/* An argument: a constant, a slot, or a constant with nodes inside. */
typedef struct {
  LfbValue *value;
  gssize slot;          /* -1: not a slot */
  gboolean nested;
} LfbPlanArg;

/* What a step does to other names: what it writes to in place, and what it looks
 * at; slots, or -1 for none.
 */
typedef struct {
  LfbChange change;
  gssize changed;
  LfbView view;
  gssize viewed;
} LfbPlanEffect;

typedef struct {
  char *node;
  LfbCallable *callable;

  LfbPlanArg *args;
  gsize n_args;
  char **names;
  LfbPlanArg *values;
  gsize n_values;

  gsize slot;
  LfbPlanEffect effect;
  LfbView view;         /* what its result shares with the slot viewed */
  gssize viewed;        /* -1: none */
  gssize replaces;      /* the slot that the result fills too; -1: none */
  GArray *updated;      /* gsize: tracked slots that it reads; %NULL: none */
  GArray *dead;         /* gsize: slots that nothing reads afterwards */
} LfbPlanStep;

typedef struct {
  char *node;
  char *name;           /* of the argument */
  gsize slot;
  LfbValue *fallback;   /* %NULL: the input has to be given */
  LfbDType dtype;       /* of the example */
  gboolean has_dtype;
} LfbPlanInput;

typedef struct {
  GPtrArray *inputs;    /* LfbPlanInput */
  GPtrArray *steps;     /* LfbPlanStep */
  GHashTable *slots;    /* LfbNode: slot + 1 */
  LfbValue **constants; /* by slot; %NULL where the value comes with a run */
  gsize n_slots;
  LfbPlanArg output;
  GPtrArray *nodes;     /* keeps the keys of slots */

  /* By slot, %NULL if no write reaches another name that is read later: whether
   * a run tracks it, and of an attribute the slot that shows it first.
   */
  gboolean *tracked;
  gsize *first;
  GArray *updated;      /* gsize: tracked slots that the output reads */

  /* As a part of another graph: whether it writes to an input in place, whether
   * its output may hold elements of an input, or the same ones twice.
   */
  LfbCallableEffects effects;
} LfbPlan;

/* A call with all its values, as a run makes it. */
typedef struct {
  const LfbCallable *callable;
  const LfbRuntime *runtime;
  LfbValue **args;
  gsize n_args;
  const char * const *names;
  LfbValue **values;
  gsize n_values;
} LfbPlanCall;

typedef void (*LfbPlanTimer) (gsize    step,
                              gint64   nanoseconds,
                              gpointer user_data);

LfbPlan  *lfb_plan_new     (const LfbCompiler  *compiler,
                            GError            **error);
void      lfb_plan_free    (LfbPlan            *self);

LfbValue *lfb_plan_run     (const LfbPlan      *self,
                            const LfbRuntime   *runtime,
                            LfbValue          **inputs,
                            gsize               n_inputs,
                            LfbPlanTimer        timer,
                            gpointer            user_data,
                            GError            **error);

gboolean  lfb_plan_check_inputs (const LfbPlan  *self,
                                 LfbValue      **inputs,
                                 gsize           n_inputs,
                                 GError        **error);
/* Adds what the inputs are to a message about shapes or types. */
void      lfb_plan_name_inputs  (const LfbPlan  *self,
                                 LfbValue      **inputs,
                                 gsize           n_inputs,
                                 GError        **error);
gint64    lfb_plan_now          (void);
gboolean  lfb_value_is_changeable (LfbValue *value);

LfbTrack *lfb_follow_view  (const LfbPlanCall  *call,
                            LfbView             view,
                            const LfbTrack     *subject,
                            LfbValue           *result,
                            GError            **error);
gboolean  lfb_follow_write (const LfbPlanCall  *call,
                            LfbTrack           *subject,
                            LfbValue           *result,
                            GError            **error);

extern const LfbSubgraphFuncs lfb_plan_subgraphs;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbPlan, lfb_plan_free)

G_END_DECLS
