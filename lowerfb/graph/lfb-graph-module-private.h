/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The body of a model, for the files that implement it. */

#pragma once

#include <lowerfb/graph/lfb-graph-module.h>
#include <lowerfb/graph/lfb-module-tree-private.h>
#include <lowerfb/graph/lfb-ordered-table-private.h>

G_BEGIN_DECLS

struct _LfbGraphModule
{
  GObject parent_instance;

  LfbGraph *graph;
  LfbOrderedTable *attributes;
  LfbModuleTree *modules;

  LfbQConfigMap *qconfig_map;
  LfbScopeMap *node_name_to_scope;
  LfbValue *original_weights;
  char *producer;
  LfbValue *extra;
};

void _lfb_graph_module_exchange (LfbGraphModule *self,
                                 LfbGraphModule *other);

G_END_DECLS
