/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The document of a model (model-format) read piece by piece. */

#pragma once

#include <lowerfb/graph/lfb-graph-module.h>
#include <lowerfb/model/lfb-extra-private.h>

G_BEGIN_DECLS

LfbGraphModule *_lfb_model_read          (LfbTensorFile   *file,
                                          GError         **error);

/* Parts of it. @reader knows no nodes: it is that of a document. */
LfbGraphModule *_lfb_read_document       (LfbValueReader  *reader,
                                          const LfbJson   *json,
                                          GError         **error);
LfbGraph       *_lfb_read_nodes          (LfbValueReader  *reader,
                                          const LfbJson   *nodes,
                                          GError         **error);
gboolean        _lfb_read_modules        (LfbValueReader  *reader,
                                          const LfbJson   *modules,
                                          LfbGraphModule  *model,
                                          LfbExtraBuilder *extra,
                                          GError         **error);
gboolean        _lfb_read_qconfig_map    (LfbValueReader  *reader,
                                          const LfbJson   *qconfigs,
                                          const LfbJson   *qconfig_map,
                                          LfbGraphModule  *model,
                                          GError         **error);
gboolean        _lfb_read_scope_map      (const LfbJson   *scopes,
                                          LfbGraphModule  *model,
                                          GError         **error);

/* What every part asks for. */
gboolean        _lfb_read_check_path     (const char      *path,
                                          gsize           *n_parts,
                                          GError         **error);
const LfbJson  *_lfb_read_member         (const LfbJson   *object,
                                          const char      *name,
                                          LfbJsonType      type,
                                          GError         **error);
gboolean        _lfb_read_optional       (const LfbJson   *object,
                                          const char      *name,
                                          LfbJsonType      type,
                                          const LfbJson  **member,
                                          GError         **error);
gboolean        _lfb_read_type           (const LfbJson   *json,
                                          LfbJsonType      type,
                                          GError         **error);

G_END_DECLS
