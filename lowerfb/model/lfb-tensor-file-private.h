/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The body of a tensor file, for the files that read and write it. */

#pragma once

#include <gio/gio.h>

#include <lowerfb/model/lfb-json-private.h>
#include <lowerfb/model/lfb-json-writer-private.h>
#include <lowerfb/model/lfb-tensor-file.h>

G_BEGIN_DECLS

/* As the reference implementation of safetensors has it. */
#define LFB_TENSOR_FILE_MAX_HEADER 100000000

/* Where the data starts in the files we write, so that it is aligned in a map. */
#define LFB_TENSOR_FILE_ALIGNMENT 64

/* The key of the metadata that says which tensors are quantized, and how. */
#define LFB_TENSOR_FILE_QPARAMS "qparams"

/* The key of the header that holds the metadata and so cannot name a tensor. */
#define LFB_TENSOR_FILE_METADATA "__metadata__"

struct _LfbTensorFile
{
  GObject parent_instance;

  /* in the order of the file; named after their places in it */
  GPtrArray *tensors;
  GHashTable *positions; /* name -> position in @tensors + 1 */

  GPtrArray *keys; /* of the metadata, in the order of the file */
  GHashTable *metadata;
};

typedef enum {
  LFB_TENSOR_FILE_QUANTIZED, /* tensors that the metadata calls quantized are so */
  LFB_TENSOR_FILE_PLAIN,     /* all are what is stored; a model says itself which are quantized */
} LfbTensorFileMode;

void           _lfb_error_repair             (GError            **error);

void           _lfb_tensor_file_put          (LfbTensorFile      *self,
                                              LfbTensor          *tensor);
void           _lfb_tensor_file_replace      (LfbTensorFile      *self,
                                              LfbTensor          *tensor);
LfbTensorFile *_lfb_tensor_file_read         (const char         *path,
                                              LfbTensorFileMode   mode,
                                              GError            **error);
LfbTensorFile *_lfb_tensor_file_parse        (GBytes             *bytes,
                                              LfbTensorFileMode   mode,
                                              GError            **error);
gboolean       _lfb_tensor_file_write        (LfbTensorFile      *self,
                                              const char         *path,
                                              GCancellable       *cancellable,
                                              GError            **error);

/* Makes the tensors that hold what a quantized tensor needs findable by name. */
typedef LfbTensor *(*LfbTensorLookupFunc) (const char *name,
                                           gpointer    user_data);

LfbTensor     *_lfb_qparams_read             (const LfbJson        *json,
                                              const LfbJson        *shape,
                                              LfbTensor            *integers,
                                              LfbTensorLookupFunc   lookup,
                                              gpointer              user_data,
                                              GError              **error);
void           _lfb_qparams_write            (LfbJsonWriter        *writer,
                                              LfbTensor            *tensor,
                                              const char           *scales,
                                              const char           *zero_points);
gboolean       _lfb_qparams_need_shape       (LfbTensor            *tensor);
void           _lfb_shape_write              (LfbJsonWriter        *writer,
                                              LfbTensor            *tensor);
gboolean       _lfb_shape_read               (const LfbJson        *json,
                                              gint64               *shape,
                                              gsize                *n_dims,
                                              GError              **error);

G_END_DECLS
