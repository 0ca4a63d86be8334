/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The document of a model (model-format) written. */

#pragma once

#include <lowerfb/graph/lfb-graph-module.h>
#include <lowerfb/model/lfb-extra-private.h>

G_BEGIN_DECLS

/* Where a document is in the file, and what went wrong first. */
typedef struct
{
  LfbValueWriter *values;
  const char *prefix; /* of the names of its tensors: empty, or the path of its module and a dot */
  GError **error;
} LfbModelWriter;

gboolean _lfb_model_write_document (LfbValueWriter  *values,
                                    LfbGraphModule  *model,
                                    GError         **error);
void     _lfb_model_write_rest     (LfbValueWriter  *values,
                                    LfbGraphModule  *model,
                                    const char      *document);

void     _lfb_write_document       (LfbModelWriter  *self,
                                    LfbGraphModule  *model);
void     _lfb_write_modules        (LfbModelWriter  *self,
                                    LfbGraphModule  *model);
void     _lfb_write_nodes          (LfbModelWriter  *self,
                                    LfbGraph        *graph);
void     _lfb_write_qconfigs       (LfbModelWriter  *self,
                                    LfbQConfigMap   *map);
void     _lfb_write_qconfig_map    (LfbModelWriter  *self,
                                    LfbQConfigMap   *map);
void     _lfb_write_scope_map      (LfbModelWriter  *self,
                                    LfbScopeMap     *map);
void     _lfb_write_check          (LfbModelWriter  *self,
                                    const char      *what,
                                    const char      *name);

G_END_DECLS
