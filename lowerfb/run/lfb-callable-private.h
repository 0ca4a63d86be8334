/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Something that a node calls, found and prepared: an operator, an operator
 * with the settings and tensors of a module, a module made of parts that run
 * one after the other, or a module that is a graph of its own.
 */

#pragma once

#include <lowerfb/core/lfb-progress.h>
#include <lowerfb/graph/lfb-graph-module.h>
#include <lowerfb/run/lfb-call-private.h>

G_BEGIN_DECLS

typedef struct _LfbCallable LfbCallable;

/* How modules that are graphs are made, run and freed: the plan's business. */
typedef struct _LfbCompiler LfbCompiler;

/* What a call of parts or a graph may do to its arguments, and whether its result
 * may hold elements of theirs, or the same ones twice.
 */
typedef struct {
  gboolean changes;
  gboolean shows;
  gboolean repeats;
} LfbCallableEffects;

typedef struct {
  gpointer   (*make) (LfbGraphModule      *model,
                      const LfbCompiler   *outer,
                      GError             **error);
  LfbValue  *(*run)  (gpointer             plan,
                      const LfbRuntime    *runtime,
                      LfbValue           **args,
                      gsize                n_args,
                      const char * const  *names,
                      LfbValue           **values,
                      gsize                n_values,
                      GError             **error);
  const LfbCallableEffects *
             (*get_effects) (gpointer      plan);
  void       (*free) (gpointer             plan);
} LfbSubgraphFuncs;

/* What finding callables needs. @budget is shared by all of a session: shared
 * parts of parts could otherwise grow without end.
 */
struct _LfbCompiler {
  LfbGraphModule *model;
  const LfbRuntime *runtime;
  const LfbSubgraphFuncs *subgraphs;
  LfbProgress *progress;     /* of the session's own graph; NULL: nobody asks */
  guint depth;
  guint *budget;
};

/* An operator has no more parameters than this. */
#define LFB_CALLABLE_MAX_PARAMETERS 32

#define LFB_COMPILER_MAX_DEPTH  64
#define LFB_COMPILER_MAX_PARTS  1000000

LfbCallable *lfb_callable_new_operator (LfbOperatorKind          kind,
                                        const char              *name,
                                        GError                 **error);
LfbCallable *lfb_callable_new_module   (const LfbCompiler       *compiler,
                                        const char              *path,
                                        GError                 **error);
void         lfb_callable_free         (LfbCallable             *self);

/* Makes what the operator can make ahead, if all that it reads for this is
 * among @args and @values, which are %NULL where they are not constant.
 */
gboolean     lfb_callable_prepare      (LfbCallable             *self,
                                        const LfbRuntime        *runtime,
                                        LfbValue               **args,
                                        gsize                    n_args,
                                        const char * const      *names,
                                        LfbValue               **values,
                                        gsize                    n_values,
                                        GError                 **error);
/* Only reads @self: any number of threads may run it at once. */
LfbValue    *lfb_callable_run          (const LfbCallable       *self,
                                        const LfbRuntime        *runtime,
                                        LfbValue               **args,
                                        gsize                    n_args,
                                        const char * const      *names,
                                        LfbValue               **values,
                                        gsize                    n_values,
                                        GError                 **error);
/* The call that it would run, with @args bound to the operator's parameters:
 * @bound has a place for each. %FALSE without an error if it is no operator. */
gboolean     lfb_callable_bind         (const LfbCallable       *self,
                                        const LfbRuntime        *runtime,
                                        LfbValue               **args,
                                        gsize                    n_args,
                                        const char * const      *names,
                                        LfbValue               **values,
                                        gsize                    n_values,
                                        LfbValue               **bound,
                                        LfbValue               **variadic,
                                        LfbCall                 *call,
                                        GError                 **error);
const char  *lfb_callable_get_name     (const LfbCallable       *self);
gboolean     lfb_callable_has_parts    (const LfbCallable       *self);
const LfbCallableEffects *
             lfb_callable_get_effects  (const LfbCallable       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbCallable, lfb_callable_free)

G_END_DECLS
