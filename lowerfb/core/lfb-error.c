/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one error domain of the library. */

#include <lowerfb/core/lfb-error.h>

/**
 * lfb_error_quark:
 *
 * The domain of all errors of this library.
 *
 * Returns: the domain of [error@Lfb.Error]
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (lfb-error-quark, lfb_error)
