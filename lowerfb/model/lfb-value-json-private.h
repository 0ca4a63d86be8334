/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* VALUEs of the document (model-format) in both directions. */

#pragma once

#include <lowerfb/graph/lfb-graph.h>
#include <lowerfb/model/lfb-tensor-file-private.h>

G_BEGIN_DECLS

/* What a value can refer to. */
typedef struct
{
  LfbTensorFile *file;  /* the tensors */
  GHashTable *mentions; /* names of tensors that something referred to; the keys are @file's */
  LfbGraph *graph;      /* the nodes so far; NULL where no value may name one */
  GHashTable *names;    /* of all nodes of @graph, those that follow included */
  gsize n_path_parts;   /* of the paths of all modules so far */
} LfbValueReader;

LfbTensor *_lfb_value_reader_find_tensor (LfbValueReader  *self,
                                          const char      *name);
LfbValue  *_lfb_value_reader_read        (LfbValueReader  *self,
                                          const LfbJson   *json,
                                          GError         **error);
LfbValue  *_lfb_value_reader_read_dict   (LfbValueReader  *self,
                                          const LfbJson   *object,
                                          GError         **error);

/* Where values go, and the tensors in them. */
typedef struct
{
  LfbJsonWriter json;
  LfbTensorFile *file;  /* what is stored, under the names that the text uses */
  GHashTable *stored;   /* tensor -> its name in @file */
  GHashTable *counters; /* name that was taken -> the number last tried behind it */
} LfbValueWriter;

void        _lfb_value_writer_init         (LfbValueWriter  *self,
                                            gboolean         pretty);
void        _lfb_value_writer_clear        (LfbValueWriter  *self);
void        _lfb_value_writer_write        (LfbValueWriter  *self,
                                            LfbValue        *value,
                                            const char      *hint);
void        _lfb_value_writer_write_dict   (LfbValueWriter  *self,
                                            LfbValue        *dict,
                                            const char      *hint);
const char *_lfb_value_writer_store        (LfbValueWriter  *self,
                                            LfbTensor       *tensor,
                                            const char      *hint);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LfbValueWriter, _lfb_value_writer_clear)

G_END_DECLS
