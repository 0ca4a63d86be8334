/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dead code (doc/lowering-coverage.md, pass 10): from the last node to the first, every node
 * without users goes, except inputs, the output, assertions, operator.setitem,
 * methods that work in place, and what else changes in place what others read.
 */

#include <lowerfb/lower/lfb-lower-changes-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

gboolean
_lfb_remove_dead_code (LfbLowerContext  *context,
                       GError          **error)
{
  return _lfb_lower_remove_dead_code (context);
}
