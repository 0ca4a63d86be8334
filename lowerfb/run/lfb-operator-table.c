/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The list of operator families. A new family is its file in ops/, its
 * declaration in lfb-operator-private.h and its line here.
 */

#include <lowerfb/run/lfb-operator-private.h>

static const LfbOperatorFamily * const families[] = {
  &lfb_activation_operators,
  &lfb_arithmetic_operators,
  &lfb_attention_operators,
  &lfb_batch_norm_operators,
  &lfb_cat_operators,
  &lfb_clamp_operators,
  &lfb_compare_operators,
  &lfb_conv_operators,
  &lfb_conv_prepack_operators,
  &lfb_convert_operators,
  &lfb_create_operators,
  &lfb_dropout_operators,
  &lfb_elementwise_operators,
  &lfb_embedding_operators,
  &lfb_float_conv_operators,
  &lfb_gather_operators,
  &lfb_group_norm_operators,
  &lfb_index_operators,
  &lfb_interpolate_operators,
  &lfb_linear_operators,
  &lfb_matmul_operators,
  &lfb_pad_operators,
  &lfb_pool_operators,
  &lfb_python_operators,
  &lfb_quantize_operators,
  &lfb_quantized_arithmetic_operators,
  &lfb_recurrent_operators,
  &lfb_reduce_operators,
  &lfb_repeat_operators,
  &lfb_shape_operators,
  &lfb_shuffle_operators,
  &lfb_softmax_operators,
  &lfb_sort_operators,
};

const LfbOperatorFamily * const *
lfb_operator_families (gsize *n_families)
{
  *n_families = G_N_ELEMENTS (families);

  return families;
}
