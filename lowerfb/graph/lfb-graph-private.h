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

typedef struct _LfbNodeUse LfbNodeUse;

/* That @user reads @input, however often. It is one of the user's inputs, and a
 * link of the list of the input's users.
 */
struct _LfbNodeUse
{
  LfbNode *input;
  LfbNode *user;
  LfbNodeUse *previous;
  LfbNodeUse *next;
};

/* What a walk over the graph reads stands in front, so that it mostly touches
 * one cache line a node. Texts are counted by reference (GRefString): a copy of
 * the graph shares them, and so do nodes that call the same function or method,
 * so that comparing them finds few texts, and those in the cache.
 */
struct _LfbNode
{
  GObject parent_instance;

  LfbNode *next;
  LfbOp op;
  guint n_inputs;
  char *target;
  LfbValue *args; /* a tuple */
  gsize n_users;

  LfbValue *kwargs;      /* a dict */
  LfbNodeUse *inputs;    /* in the order of the arguments, each node once */
  LfbNodeUse *first_use; /* of the users in the order in which they became users */
  LfbNodeUse *last_use;
  LfbNodeUse *mark;      /* of use only while _lfb_node_take_values() runs */

  LfbGraph *graph; /* NULL once erased */
  LfbNode *previous;
  guint64 order;
  char *name;

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
  GHashTable *callees;   /* set of the functions and methods that nodes call */

  /* get_item() of GListModel; made when asked for, dropped by changes */
  GPtrArray *array;

  GSList *owners;        /* models whose graph it is, which they hold; none is held */
};

LfbNode  *_lfb_node_new            (LfbGraph     *graph,
                                    LfbOp         op,
                                    const char   *target,
                                    const char   *name);
LfbNode  *_lfb_node_copy           (LfbNode      *self,
                                    LfbGraph     *graph);
void      _lfb_node_take_values    (LfbNode      *self,
                                    LfbValue     *args,
                                    LfbValue     *kwargs);
void      _lfb_node_drop_values    (LfbNode      *self);
void      _lfb_node_set_stray_error (LfbNode     *self,
                                    GError      **error);

char     *_lfb_graph_share_target  (LfbGraph     *self,
                                    LfbOp         op,
                                    const char   *target);
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
void      _lfb_graph_exchange      (LfbGraph     *self,
                                    LfbGraph     *other);

G_END_DECLS
