/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A safetensors file: named tensors, mapped rather than read. */

#pragma once

#include <lowerfb/core/lfb-tensor.h>

G_BEGIN_DECLS

#define LFB_TYPE_TENSOR_FILE (lfb_tensor_file_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbTensorFile, lfb_tensor_file, LFB, TENSOR_FILE, GObject)

LFB_AVAILABLE_IN_1_0
LfbTensorFile *lfb_tensor_file_new           (void);
LFB_AVAILABLE_IN_1_0
LfbTensorFile *lfb_tensor_file_load          (const char     *path,
                                              GError        **error);
LFB_AVAILABLE_IN_1_0
LfbTensorFile *lfb_tensor_file_load_bytes    (GBytes         *bytes,
                                              GError        **error);
LFB_AVAILABLE_IN_1_0
gboolean       lfb_tensor_file_save          (LfbTensorFile  *self,
                                              const char     *path,
                                              GError        **error);
LFB_AVAILABLE_IN_1_0
GBytes        *lfb_tensor_file_to_bytes      (LfbTensorFile  *self,
                                              GError        **error);
LFB_AVAILABLE_IN_1_0
char         **lfb_tensor_file_list_names    (LfbTensorFile  *self);
LFB_AVAILABLE_IN_1_0
LfbTensor     *lfb_tensor_file_get           (LfbTensorFile  *self,
                                              const char     *name);
LFB_AVAILABLE_IN_1_0
gboolean       lfb_tensor_file_add           (LfbTensorFile  *self,
                                              const char     *name,
                                              LfbTensor      *tensor,
                                              GError        **error);
LFB_AVAILABLE_IN_1_0
char         **lfb_tensor_file_list_metadata (LfbTensorFile  *self);
LFB_AVAILABLE_IN_1_0
const char    *lfb_tensor_file_get_metadata  (LfbTensorFile  *self,
                                              const char     *key);
LFB_AVAILABLE_IN_1_0
void           lfb_tensor_file_set_metadata  (LfbTensorFile  *self,
                                              const char     *key,
                                              const char     *text);

G_END_DECLS
