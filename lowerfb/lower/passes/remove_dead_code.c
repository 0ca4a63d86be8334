/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dead code (doc/lowering-coverage.md, pass 10): from the last node to the first, every node
 * without users goes, except inputs, the output, assertions, operator.setitem
 * and methods that work in place.
 */

#include <lowerfb/lower/lfb-pass-table-private.h>

gboolean
_lfb_remove_dead_code (LfbLowerContext  *context,
                       GError          **error)
{
  return lfb_graph_eliminate_dead_code (context->graph);
}
