/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Visibility of public symbols: the library is built with hidden visibility,
 * so that only what carries one of these macros is exported.
 */

#pragma once

#include <glib.h>

#ifndef _LFB_EXTERN
#define _LFB_EXTERN extern
#endif

#define LFB_AVAILABLE_IN_1_0 _LFB_EXTERN
