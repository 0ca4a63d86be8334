/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one error domain of the library. */

#pragma once

#include <lowerfb/core/lfb-types.h>

G_BEGIN_DECLS

#define LFB_ERROR (lfb_error_quark ())

/**
 * LfbError:
 * @LFB_ERROR_FAILED: something failed that has no code of its own
 * @LFB_ERROR_FORMAT: a file or document is not what its format asks for
 * @LFB_ERROR_UNSUPPORTED: sound, but nothing here can do it
 * @LFB_ERROR_INVALID_GRAPH: a graph, node or module breaks the rules of graphs
 * @LFB_ERROR_ARGUMENT: an argument is missing, unknown or of the wrong kind
 * @LFB_ERROR_SHAPE: a shape does not fit
 * @LFB_ERROR_DTYPE: an element type does not fit
 * @LFB_ERROR_RANGE: a number, size or index is out of range
 * @LFB_ERROR_NOT_FOUND: a name stands for nothing
 * @LFB_ERROR_IO: a file could not be read or written
 *
 * Why a call failed. The message names the file, node or argument at fault,
 * what was found there and what was expected.
 */
typedef enum {
  LFB_ERROR_FAILED,
  LFB_ERROR_FORMAT,
  LFB_ERROR_UNSUPPORTED,
  LFB_ERROR_INVALID_GRAPH,
  LFB_ERROR_ARGUMENT,
  LFB_ERROR_SHAPE,
  LFB_ERROR_DTYPE,
  LFB_ERROR_RANGE,
  LFB_ERROR_NOT_FOUND,
  LFB_ERROR_IO,
} LfbError;

LFB_AVAILABLE_IN_1_0
GQuark lfb_error_quark (void);

G_END_DECLS
