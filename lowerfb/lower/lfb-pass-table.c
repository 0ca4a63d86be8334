/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The passes of the library; see lfb-pass-table-private.h. Their order is that
 * of doc/lowering-coverage.md, and counts: each sees what those before it left.
 */

#include <lowerfb/lower/lfb-pass-table-private.h>

static const LfbPassRow passes[] = {
  { "static-modules", "reference Linear and Conv modules, and fused ones, with a quantized output",
    _lfb_lower_static_modules },
  { "two-input-modules", "fused convolution and addition",
    _lfb_lower_two_input_modules },
  { "dynamic-modules", "reference Linear and recurrent modules behind a dynamic quantize",
    _lfb_lower_dynamic_modules },
  { "weight-only-modules", "reference embeddings",
    _lfb_lower_weight_only_modules },
  { "static-functionals", "linear and convolution functions with a quantized output",
    _lfb_lower_static_functionals },
  { "dynamic-functionals", "linear and convolution functions behind a dynamic quantize",
    _lfb_lower_dynamic_functionals },
  { "binary-operators", "add, mul and matmul",
    _lfb_lower_binary_operators },
  { "shape-reads", "questions for the shape of a dequantized tensor",
    _lfb_lower_shape_reads },
  { "int8-operators", "everything else that runs on int8 tensors",
    _lfb_lower_int8_operators },
  { "dead-code", "nodes that nothing reads",
    _lfb_remove_dead_code },
  { "fold-weights", "weights packed once and for all, and what is left over removed",
    _lfb_fold_weights },
};

const LfbPassRow *
_lfb_pass_table (gsize *n_rows)
{
  *n_rows = G_N_ELEMENTS (passes);

  return passes;
}
