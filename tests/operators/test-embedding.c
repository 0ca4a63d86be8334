/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Embeddings and recurrent layers, by hand from numerics.md. */

#include "lfb-test-rows.h"

#define OPS "torch.ops.quantized."
#define ROWS "quint8[3,2]{0 2 4 6 8 10}*(0.5 1 2)@@(1 0.5 0)/0"

static void
test_embedding (void)
{
  /* Rows {-0.5 0.5}, {3.5 5.5}, {16 20}. */
  static const LfbTestRow rows[] = {
    { "torch.ao.nn.quantized.Embedding (i64[2]{2 0}, " ROWS ")", "f32[2,2]{16 20 -0.5 0.5}" },
    { OPS "embedding_byte (" OPS "embedding_bag_prepack (" ROWS "), i32[1,1]{1})", "f32[1,1,2]{3.5 5.5}" },
    { OPS "embedding_bag_unpack (" OPS "embedding_bag_prepack (" ROWS "))", ROWS },
    { OPS "embedding_bag_unpack (" OPS "linear_prepack (qint8[1,1]{1}*0.5@0))", "!DTYPE expected quint8" },
    { OPS "embedding_bag_unpack (f32[1,1]{1})", "!ARGUMENT `W_prepack` is" },
    /* 3 / 255 is 0x3c40c0c1, 1 is 0x3f800000. */
    { OPS "embedding_bag_byte_prepack (f32[1,4]{1 2 3 4})", "u8[1,12]{0 85 170 255 193 192 64 60 0 0 128 63}" },
    { OPS "embedding_bag_byte_prepack (f32[2]{5 5})", "u8[10]{0 0 0 0 0 0 0 0 160 64}" },
    { OPS "embedding_bag_byte_unpack (u8[1,10]{3 255 0 0 0 64 0 0 128 63})", "f32[1,2]{7 511}" },
    /* 0.2 is 0x3266 as half, 1 is 0x3c00. */
    { OPS "embedding_bag_4bit_prepack (f32[1,4]{1 2 3 4})", "u8[1,6]{80 250 102 50 0 60}" },
    { OPS "embedding_bag_4bit_unpack (u8[1,5]{65 0 64 0 60})", "f32[1,2]{3 9}" },
    { OPS "embedding_bag_2bit_prepack (f16[1,4]{1 2 3 4})", "u8[1,5]{228 0 60 0 60}" },
    { OPS "embedding_bag_2bit_unpack (u8[1,5]{228 0 60 0 60})", "f32[1,4]{1 2 3 4}" },
    { OPS "embedding_bag_2bit_prepack (f32[1,4]{-1 -1 -1 -1})", "u8[1,5]{0 0 60 0 188}" },
    { OPS "embedding_bag_byte_prepack (f64[1,1]{1})", "!DTYPE float64, expected float32 or float16" },
    { OPS "embedding_bag_byte_prepack (f32[2,1]{1 nan})", "!RANGE in row 1 what is not finite" },
    { OPS "embedding_bag_4bit_prepack (f32[1,2]{0 1e6})", "!RANGE too far apart for 4 bits" },
    { OPS "embedding_bag_4bit_prepack (f32[1,3]{1 2 3})", "!SHAPE rows of 3, expected a multiple of 2" },
    { OPS "embedding_bag_4bit_prepack (f32[1,2]{1 2}, True)", "!UNSUPPORTED `optimized_qparams`" },
    { OPS "embedding_bag_byte_unpack (u8[1,7]{1 ...})", "!SHAPE rows of 7 bytes, expected the 8" },
    { OPS "embedding_bag_4bit_unpack (f32[1,5]{1 ...})", "!DTYPE float32, expected uint8" },
    { "torch.nn.functional.embedding (i64[1]{1}, f32[2,1]{3 4})", "f32[1,1]{4}" },
    /* Norm 5, at most 1: a fifth. */
    { "torch.nn.functional.embedding (i64[1]{0}, f32[1,2]{3 4}, max_norm=1.0)", "f32[1,2]{0.6 0.8}" },
    /* Four bits, a row of three: scale and bias are rounded to half. */
    { "torch.ao.nn.quantized.Embedding (i64[1]{1}, quint4x2[2,3]{0 1 2 3 4 15}*(1 0.5)@@(0 2)/0)", "f32[1,3]{0.5 1 6.5}" },
    { "torch.ao.nn.quantized.Embedding (i64[1]{0}, quint2x4[1,4]{0 1 2 3}*(1)@@(1)/0)", "f32[1,4]{-1 0 1 2}" },
    { "torch.ao.nn.quantized.Embedding (i64[1]{0}, quint4x2[1,1]{1}*(0.1)@@(0)/0)", "f32[1,1]{0.0999755859375}" },
    {
      "torch.ao.nn.quantized.reference.Embedding (i64[1]{0}, f32[1,2]{0.3 1}, weight_scale=f32[1]{0.25}, weight_zero_point=f32[1]{0}, "
      "weight_qscheme=per_channel_affine_float_qparams, weight_dtype=quint8)",
      "f32[1,2]{0.25 1}",
    },
    { "torch.nn.functional.embedding (i64[1]{2}, f32[2,1]{3 4})", "!RANGE has the index 2 at 0, expected 0 to 1" },
    { "torch.nn.functional.embedding (i64[1]{-1}, f32[2,1]{3 4})", "!RANGE has the index -1" },
    { "torch.nn.functional.embedding (f32[1]{0}, f32[2,1]{3 4})", "!DTYPE expected int32 or int64" },
    { "torch.ao.nn.quantized.Embedding (i64[1]{0}, qint8[1,1]{1}*1@0)", "!DTYPE expected quint8, quint4x2 or quint2x4" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_bags (void)
{
  static const LfbTestRow rows[] = {
    { "torch.ao.nn.quantized.EmbeddingBag (i64[3]{0 1 2}, " ROWS ", i64[2]{0 2}, mode='sum')", "f32[2,2]{3 6 16 20}" },
    { "torch.ao.nn.quantized.EmbeddingBag (i64[3]{0 1 2}, " ROWS ", i64[2]{0 2})", "f32[2,2]{1.5 3 16 20}" },
    { "torch.ao.nn.quantized.EmbeddingBag (i64[3]{0 1 2}, " ROWS ", i64[2]{0 2}, mode='max')", "f32[2,2]{3.5 5.5 16 20}" },
    { "torch.ao.nn.quantized.EmbeddingBag (i64[2,2]{0 1 2 2}, " ROWS ", mode='sum')", "f32[2,2]{3 6 32 40}" },
    {
      "torch.ao.nn.quantized.EmbeddingBag (i64[2]{0 1}, " ROWS ", i64[1]{0}, per_sample_weights=f32[2]{2 0.5}, mode='sum')",
      "f32[1,2]{0.75 3.75}",
    },
    /* The last offset is the end; an empty bag is 0; padding is left out. */
    { "torch.ao.nn.quantized.EmbeddingBag (i64[2]{0 1}, " ROWS ", i64[3]{0 0 2}, mode='sum', include_last_offset=True)", "f32[2,2]{0 0 3 6}" },
    { "torch.ao.nn.quantized.EmbeddingBag (i64[2]{0 1}, " ROWS ", i64[1]{0}, padding_idx=0)", "f32[1,2]{3.5 5.5}" },
    { "torch.ao.nn.quantized.EmbeddingBag (i64[2]{0 2}, " ROWS ", i64[1]{0}, padding_idx=-1)", "f32[1,2]{-0.5 0.5}" },
    { OPS "embedding_bag_byte (" OPS "embedding_bag_prepack (" ROWS "), i64[2]{0 1}, i64[1]{0})", "f32[1,2]{3 6}" },
    { "torch.nn.functional.embedding_bag (i64[2]{0 1}, f32[2,1]{3 5}, i64[1]{0})", "f32[1,1]{4}" },
    { "torch.nn.EmbeddingBag (i64[2]{0 1}, f32[2,1]{3 5}, i64[1]{0}, mode='sum')", "f32[1,1]{8}" },
    { "torch.nn.functional.embedding_bag (i64[2]{0 1}, f32[2,1]{3 5})", "!ARGUMENT `offsets` is missing" },
    { "torch.nn.functional.embedding_bag (i64[1,1]{0}, f32[2,1]{3 5}, i64[1]{0})", "!ARGUMENT each row of the indices is a bag" },
    { "torch.nn.functional.embedding_bag (i64[2]{0 1}, f32[2,1]{3 5}, i64[2]{0 3})", "!RANGE `offsets` has the index 3" },
    { "torch.nn.functional.embedding_bag (i64[2]{0 1}, f32[2,1]{3 5}, i64[2]{1 0})", "!RANGE must begin with 0 and not decrease" },
    {
      "torch.nn.functional.embedding_bag (i64[1]{0}, f32[2,1]{3 5}, i64[1]{0}, per_sample_weights=f32[1]{1})",
      "!ARGUMENT only for the mode 'sum'",
    },
    { "torch.nn.functional.embedding_bag (i64[1]{0}, f32[2,1]{3 5}, i64[1]{0}, mode='median')", "!ARGUMENT `mode` is 'median'" },
  };

  LFB_TEST_ROWS (rows);
}

#define PACKED_ONE(bias) OPS "linear_prepack (qint8[1,1]{4}*0.25@0, " bias ")"
#define PACKED_NONE(rows, bias) OPS "linear_prepack (qint8[" rows ",1]{0 ...}*0.25@0, " bias ")"
#define LSTM_WEIGHTS "weight_ih=f32[4,1]{0 ...}, weight_hh=f32[4,1]{0 ...}, bias_ih=f32[4]{100 100 0.5 100}, bias_hh=f32[4]{0 ...}"

static void
test_recurrent (void)
{
  /* Gates open (sigmoid of 100): c = c + tanh 0.5, h = tanh c. */
  static const LfbTestRow rows[] = {
    {
      "torch.nn.LSTMCell (f32[1,1]{3}, tensors=dict(" LSTM_WEIGHTS "), settings=dict())", "(f32[1,1]{0.43180817} , f32[1,1]{0.46211716})",
    },
    {
      "torch.nn.LSTMCell (f32[1,1]{3}, (f32[1,1]{0}, f32[1,1]{1}), tensors=dict(" LSTM_WEIGHTS "), settings=dict())",
      "(f32[1,1]{0.898063}, f32[1,1]{1.46211716})",
    },
    {
      "torch.nn.RNNCell (f32[1,1]{2}, f32[1,1]{3}, tensors=dict(weight_ih=f32[1,1]{10}, weight_hh=f32[1,1]{100}), "
      "settings=dict(), nonlinearity='relu')",
      "f32[1,1]{320}",
    },
    /* r and z are half open: n = tanh (0 + 0.5 * 2), h = (3 - n) * 0.5 + n. */
    {
      "torch.nn.GRUCell (f32[1]{0}, f32[1]{3}, tensors=dict(weight_ih=f32[3,1]{0 ...}, weight_hh=f32[3,1]{0 ...}, bias_ih=f32[3]{0 ...}, "
      "bias_hh=f32[3]{0 0 2}), settings=dict())",
      "f32[1]{1.8807971}",
    },
    /* Two steps of relu (x + h), forward and backward. */
    {
      "torch.nn.RNN (f32[2,1,1]{1 10}, tensors=dict(weight_ih_l0=f32[1,1]{1}, weight_hh_l0=f32[1,1]{1}, weight_ih_l0_reverse=f32[1,1]{1}, "
      "weight_hh_l0_reverse=f32[1,1]{1}), settings=dict(), bidirectional=True, nonlinearity='relu')",
      "(f32[2,1,2]{1 11 11 10}, f32[2,1,1]{11 11})",
    },
    {
      "torch.nn.RNN (f32[1,2]{1 10}, tensors=dict(weight_ih_l0=f32[1,2]{1 1}, weight_hh_l0=f32[1,1]{1}), settings=dict(), nonlinearity='relu')",
      "(f32[1,1]{11}, f32[1,1]{11})",
    },
    /* Int8: the input is its own range, 127 steps of 2 / 127; the state is 0. */
    {
      "torch.ao.nn.quantized.dynamic.RNNCell (f32[1,1]{2}, tensors=dict(weight_ih=qint8[1,1]{4}*0.25@0, weight_hh=qint8[1,1]{4}*0.25@0, "
      "bias_ih=f32[1]{1}), settings=dict(), nonlinearity='relu')",
      "f32[1,1]{3}",
    },
    /* The same with packed weights, whose biases count and not those beside them. */
    {
      OPS "quantized_rnn_relu_cell_dynamic (f32[1,1]{2}, f32[1,1]{0}, " PACKED_ONE ("f32[1]{1}") ", " PACKED_ONE ("None") ", f32[1]{9}, f32[1]{9})",
      "f32[1,1]{3}",
    },
    {
      OPS "quantized_rnn_tanh_cell_dynamic (f32[1,1]{2}, f32[1,1]{0}, " PACKED_ONE ("f32[1]{-2}") ", " PACKED_ONE ("None") ", f32[1]{9}, f32[1]{9})",
      "f32[1,1]{0}",
    },
    /* r and z are half open, as above. */
    {
      OPS "quantized_gru_cell_dynamic (f32[1,1]{0}, f32[1,1]{3}, " PACKED_NONE ("3", "f32[3]{0 0 0}") ", " PACKED_NONE ("3", "f32[3]{0 0 2}")
      ", f32[3]{0 ...}, f32[3]{0 ...})",
      "f32[1,1]{1.8807971}",
    },
    /* All gates half open: c = 0.5 * 2, h = 0.5 * tanh (1). */
    {
      OPS "quantized_lstm_cell_dynamic (f32[1,1]{0}, [f32[1,1]{3}, f32[1,1]{2}], " PACKED_NONE ("4", "None") ", " PACKED_NONE ("4", "None")
      ", f32[4]{0 ...}, f32[4]{0 ...})",
      "(f32[1,1]{0.38079708}, f32[1,1]{1})",
    },
    {
      OPS "quantized_gru_cell_dynamic (f32[1,1]{0}, f32[1,1]{3}, f32[3,1]{0 ...}, f32[3,1]{0 ...}, f32[3]{0 ...}, f32[3]{0 ...})",
      "!ARGUMENT `w_ih` is ",
    },
    {
      OPS "quantized_gru_cell_dynamic (f32[1,1]{0}, f32[1,1]{3}, " PACKED_ONE ("None") ", " PACKED_ONE ("None") ", f32[3]{0 ...}, f32[3]{0 ...})",
      "!SHAPE do not fit together",
    },
    {
      "torch.nn.RNNCell (f32[1,2]{2 3}, tensors=dict(weight_ih=f32[1,1]{10}, weight_hh=f32[1,1]{100}), settings=dict())",
      "!SHAPE expected a last dimension of 1",
    },
    { "torch.nn.RNNCell (f32[1,1]{2}, tensors=dict(weight_ih=f32[1,1]{10}), settings=dict())", "!ARGUMENT the tensor `weight_hh` is missing" },
    {
      "torch.nn.LSTMCell (f32[1,1]{2}, tensors=dict(weight_ih=f32[3,1]{1 ...}, weight_hh=f32[3,1]{1 ...}), settings=dict())",
      "!SHAPE do not fit together",
    },
    { "torch.nn.LSTMCell (f32[1,1]{3}, f32[1,1]{0}, tensors=dict(" LSTM_WEIGHTS "), settings=dict())", "!ARGUMENT `hx` is not a pair" },
    {
      "torch.nn.RNNCell (f32[1,1]{2}, f32[2,1]{3 3}, tensors=dict(weight_ih=f32[1,1]{10}, weight_hh=f32[1,1]{100}), settings=dict())",
      "!SHAPE the initial hidden state has the shape [2, 1], expected 1 elements",
    },
  };

  LFB_TEST_ROWS (rows);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/embedding/rows", test_embedding);
  g_test_add_func ("/embedding/bags", test_bags);
  g_test_add_func ("/embedding/recurrent", test_recurrent);

  return g_test_run ();
}
