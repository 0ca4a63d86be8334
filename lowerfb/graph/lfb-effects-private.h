/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a node does to tensors that others know by other names: what it writes
 * to in place, and whose elements its result shares. Told from the graph and
 * the types and settings of modules alone, as PyTorch's operators behave.
 */

#pragma once

#include <lowerfb/graph/lfb-graph.h>
#include <lowerfb/graph/lfb-module.h>

G_BEGIN_DECLS

/* What the result of a node shares with what it looks at. */
typedef enum {
  LFB_VIEW_NONE,         /* nothing: it has elements of its own */
  LFB_VIEW_SAME,         /* it is the very same tensor */
  LFB_VIEW_IN_ORDER,     /* the same elements in the same order */
  LFB_VIEW_MOVED,        /* the same elements, some or all, in any order */
  LFB_VIEW_IF_TYPE,      /* it is the same tensor unless it has another type or scale */
  LFB_VIEW_IF_BASIC,     /* by index: shared unless tensors or lists index */
  LFB_VIEW_IF_STRIDED,   /* shared if strides can describe it, as reshape () does */
  LFB_VIEW_IF_ROW_MAJOR, /* it is the same tensor if that is row-major without gaps */
  LFB_VIEW_ITEMS,        /* a list or tuple that holds the same tensors */
  LFB_VIEW_PERHAPS,      /* it may, which depends on sizes and types */
} LfbView;

/* What is written in place. */
typedef enum {
  LFB_CHANGE_NONE,
  LFB_CHANGE_ELEMENTS,
  LFB_CHANGE_SHAPE,      /* elements stay; the tensor looks at them another way */
} LfbChange;

/* The first argument of a call, which is what it writes to or looks at. */
LfbValue  *_lfb_node_get_subject         (LfbNode    *node);
/* By the name of a function or method alone: relu_, operator.iadd. */
LfbChange  _lfb_name_get_change          (const char *name);
gboolean   _lfb_module_works_in_place    (LfbModule  *module);
LfbView    _lfb_module_get_view          (LfbModule  *module);
/* @module is what a node that calls a module calls, else %NULL. */
LfbChange  _lfb_node_get_change          (LfbNode    *node,
                                          LfbModule  *module,
                                          LfbNode   **changed);
gsize      _lfb_node_get_statistics      (LfbNode    *node,
                                          LfbNode    *statistics[2]);
LfbView    _lfb_node_get_view            (LfbNode    *node,
                                          LfbModule  *module,
                                          LfbNode   **viewed);

/* The module that a node calls. */
typedef LfbModule *(*LfbGetModule)       (LfbNode      *node,
                                          gpointer      user_data);

/* lfb_graph_eliminate_dead_code() with the modules that @get_module knows; if it
 * is %NULL, none is known, and they stay.
 */
gboolean   _lfb_graph_remove_dead_code   (LfbGraph     *graph,
                                          LfbGetModule  get_module,
                                          gpointer      user_data);

G_END_DECLS
