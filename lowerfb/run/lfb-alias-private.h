/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which nodes are names of the same elements, and where a write in place
 * reaches one of them that is read later. Told from the graph alone, when the
 * plan is made; lfb-track-private.h is what a run does about it.
 */

#pragma once

#include <lowerfb/run/lfb-plan-private.h>

G_BEGIN_DECLS

/* Fills in what each of @effects, one a node, writes to and looks at, and what
 * of the plan tells that runs have to keep track. @callables: what each node
 * calls, or %NULL.
 */
gboolean  lfb_alias_find (LfbPlan            *plan,
                          const LfbCompiler  *compiler,
                          GPtrArray          *callables,
                          LfbPlanEffect      *effects,
                          GError            **error);

G_END_DECLS
