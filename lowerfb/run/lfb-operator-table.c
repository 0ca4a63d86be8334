/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The list of operator families under their titles in the documentation. A new
 * family is its file in ops/, its declaration in lfb-operator-private.h and its
 * line here.
 */

#include <lowerfb/run/lfb-operator-private.h>

static const LfbTitledFamily families[] = {
  { "Activations", &lfb_activation_operators },
  { "Adaptive max pooling", &lfb_adaptive_max_pool_operators },
  { "Arithmetic", &lfb_arithmetic_operators },
  { "Attention", &lfb_attention_operators },
  { "Batch norm", &lfb_batch_norm_operators },
  { "Bilinear forms", &lfb_bilinear_operators },
  { "Joining and splitting", &lfb_cat_operators },
  { "Clamping", &lfb_clamp_operators },
  { "Comparison", &lfb_compare_operators },
  { "Int8 convolution", &lfb_conv_operators },
  { "Packed weights of convolutions", &lfb_conv_prepack_operators },
  { "Conversion", &lfb_convert_operators },
  { "New tensors", &lfb_create_operators },
  { "Dropout", &lfb_dropout_operators },
  { "Elementwise functions", &lfb_elementwise_operators },
  { "Embeddings", &lfb_embedding_operators },
  { "Rows of embeddings as bytes", &lfb_embedding_bytes_operators },
  { "Float convolution", &lfb_float_conv_operators },
  { "Gathering", &lfb_gather_operators },
  { "Layer, group and instance norm", &lfb_group_norm_operators },
  { "Indexing", &lfb_index_operators },
  { "Interpolation", &lfb_interpolate_operators },
  { "Linear", &lfb_linear_operators },
  { "Matrix products", &lfb_matmul_operators },
  { "Norms of vectors and matrices", &lfb_norm_operators },
  { "Padding", &lfb_pad_operators },
  { "Pooling", &lfb_pool_operators },
  { "Numbers and attributes of Python", &lfb_python_operators },
  { "Quantizing and dequantizing", &lfb_quantize_operators },
  { "Int8 arithmetic", &lfb_quantized_arithmetic_operators },
  { "LSTM, GRU and RNN", &lfb_recurrent_operators },
  { "Reduction", &lfb_reduce_operators },
  { "Repeating", &lfb_repeat_operators },
  { "Modules made of parts", &lfb_sequence_operators },
  { "Shapes", &lfb_shape_operators },
  { "Shuffling", &lfb_shuffle_operators },
  { "Softmax", &lfb_softmax_operators },
  { "Sorting", &lfb_sort_operators },
  { "Swin transformers", &lfb_swin_operators },
};

const LfbTitledFamily *
lfb_operator_families (gsize *n_families)
{
  *n_families = G_N_ELEMENTS (families);

  return families;
}
