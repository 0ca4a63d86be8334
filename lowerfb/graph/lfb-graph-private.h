/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bodies of graph and node. A graph is a doubly linked list of the nodes it
 * owns. A node keeps its arguments, which hold references to the nodes they
 * name, and weak links to its users, so that both ways are walked in no time
 * and nothing refers to itself.
 *
 * Each node has an order key that grows along the list, so that “stands before”
 * is one comparison; keys are spread out, and dealt anew when a gap is full.
 */

#pragma once

#include <lowerfb/graph/lfb-graph.h>

G_BEGIN_DECLS

struct _LfbNode
{
  GObject parent_instance;

  LfbGraph *graph; /* NULL once erased */
  LfbNode *previous;
  LfbNode *next;
  guint64 order;

  char *name;
  LfbOp op;
  char *target;
  LfbValue *args;   /* a tuple */
  LfbValue *kwargs; /* a dict */

  /* Users in the order in which they became users: node to NodeUse. */
  GHashTable *users;
  GQueue use_order;

  LfbValue *example;
  LfbValue *extra;
};

struct _LfbGraph
{
  GObject parent_instance;

  LfbNode *first;
  LfbNode *last;
  gsize n_nodes;

  GHashTable *names;     /* name to node */
  GHashTable *name_hint; /* name without number to the number last given */

  /* get_item() of GListModel; made when asked for, dropped by changes */
  GPtrArray *array;
};

LfbNode  *_lfb_node_new            (LfbGraph     *graph,
                                    LfbOp         op,
                                    const char   *target,
                                    const char   *name);
void      _lfb_node_take_values    (LfbNode      *self,
                                    LfbValue     *args,
                                    LfbValue     *kwargs);
void      _lfb_node_drop_values    (LfbNode      *self);
void      _lfb_node_set_stray_error (LfbNode     *self,
                                    GError      **error);

gboolean  _lfb_graph_check_value   (LfbGraph     *self,
                                    LfbNode      *user,
                                    LfbValue     *value,
                                    GError      **error);
gboolean  _lfb_graph_rename        (LfbGraph     *self,
                                    LfbNode      *node,
                                    const char   *name,
                                    GError      **error);
void      _lfb_graph_insert_after  (LfbGraph     *self,
                                    LfbNode      *previous,
                                    LfbNode      *node);
void      _lfb_graph_move_after    (LfbGraph     *self,
                                    LfbNode      *previous,
                                    LfbNode      *node);

G_END_DECLS
