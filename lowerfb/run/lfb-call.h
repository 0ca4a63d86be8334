/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any operator by the name that graphs use, and what CPU it runs on. */

#pragma once

#include <lowerfb/core/lfb-value.h>

G_BEGIN_DECLS

LFB_AVAILABLE_IN_1_0
LfbValue  *lfb_call             (const char          *function,
                                 LfbValue           **args,
                                 gsize                n_args,
                                 const char * const  *names,
                                 LfbValue           **values,
                                 gsize                n_values,
                                 GError             **error);
LFB_AVAILABLE_IN_1_0
char     **lfb_list_operators   (void);
LFB_AVAILABLE_IN_1_0
char      *lfb_describe_operator (const char         *name,
                                 GError             **error);

LFB_AVAILABLE_IN_1_0
char     **lfb_get_cpu_features (void);
LFB_AVAILABLE_IN_1_0
gboolean   lfb_set_cpu_limit    (const char          *name,
                                 GError             **error);
LFB_AVAILABLE_IN_1_0
const char *lfb_get_cpu_limit   (void);
LFB_AVAILABLE_IN_1_0
char     **lfb_list_kernels     (void);
LFB_AVAILABLE_IN_1_0
char      *lfb_get_kernel_variant (const char         *kernel,
                                 GError             **error);

G_END_DECLS
