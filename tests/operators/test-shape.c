/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that move elements: shapes, indices, joining and splitting, padding,
 * sorting; and what graphs take from Python.
 */

#include "lfb-test-rows.h"

#define X "quint8[2,3]{1 2 3 4 5 6}*0.5@7"

static void
test_shapes (void)
{
  static const LfbTestRow rows[] = {
    { "torch.flatten (quint8[1,2,2]{1 2 3 4}*0.5@7, 1)", "quint8[1,4]{1 2 3 4}*0.5@7" },
    { "torch.flatten (f32[]{1})", "f32[1]{1}" },
    { "torch.nn.Flatten (f32[2,1,2]{1 2 3 4})", "f32[2,2]{1 2 3 4}" },
    { "view (" X ", 3, -1)", "quint8[3,2]{1 2 3 4 5 6}*0.5@7" },
    { "torch.reshape (f32[2,3]{1 2 3 4 5 6}, (6,))", "f32[6]{1 2 3 4 5 6}" },
    { "reshape (f32[0,3]{}, 0, 5)", "f32[0,5]{}" },
    { "torch.unflatten (f32[4]{1 2 3 4}, 0, (2, -1))", "f32[2,2]{1 2 3 4}" },
    { "permute (" X ", 1, 0)", "quint8[3,2]{1 4 2 5 3 6}*0.5@7" },
    { "torch.transpose (" X ", 0, -1)", "quint8[3,2]{1 4 2 5 3 6}*0.5@7" },
    { "t (f32[1,2]{1 2})", "f32[2,1]{1 2}" },
    { "torch.movedim (f32[1,2,2]{1 2 3 4}, 0, 2)", "f32[2,2,1]{1 2 3 4}" },
    { "torch.squeeze (f32[1,2,1]{1 2})", "f32[2]{1 2}" },
    { "torch.squeeze (f32[1,2,1]{1 2}, 1)", "f32[1,2,1]{1 2}" },
    { "torch.unsqueeze (f32[2]{1 2}, -1)", "f32[2,1]{1 2}" },
    { "expand (f32[2,1]{1 2}, -1, 2)", "f32[2,2]{1 1 2 2}" },
    { "expand_as (f32[1]{1}, f32[2,2]{0 ...})", "f32[2,2]{1 ...}" },
    { "repeat (" X ", 1, 2)", "quint8[2,6]{1 2 3 1 2 3 4 5 6 4 5 6}*0.5@7" },
    { "torch.tile (f32[2]{1 2}, (2,))", "f32[4]{1 2 1 2}" },
    { "torch.repeat_interleave (f32[2]{1 2}, 2)", "f32[4]{1 1 2 2}" },
    { "torch.repeat_interleave (f32[2]{1 2}, i64[2]{0 3}, 0)", "f32[3]{2 2 2}" },
    { "torch.flip (f32[2,2]{1 2 3 4}, [0])", "f32[2,2]{3 4 1 2}" },
    { "torch.flip (f32[1]{1}, (0, 0))", "!ARGUMENT names dimension 0 twice" },
    { "torch.roll (f32[3]{1 2 3}, 1)", "f32[3]{3 1 2}" },
    { "contiguous (" X ")", X },
    { "torch.channel_shuffle (f32[1,4,1]{1 2 3 4}, 2)", "f32[1,4,1]{1 3 2 4}" },
    { "torch.pixel_shuffle (f32[1,4,1,1]{1 2 3 4}, 2)", "f32[1,1,2,2]{1 2 3 4}" },
    { "torch.nn.PixelUnshuffle (f32[1,1,2,2]{1 2 3 4}, 2)", "f32[1,4,1,1]{1 2 3 4}" },
    { "view (f32[2,3]{1 2 3 4 5 6}, 4)", "!SHAPE elements" },
    { "view (f32[2,3]{1 2 3 4 5 6}, -1, -1)", "!SHAPE at most one -1" },
    { "view (f32[2,3]{1 2 3 4 5 6}, -1, 4)", "!SHAPE does not divide" },
    { "permute (f32[1,1]{1}, 0, 0)", "!ARGUMENT names dimension 0 twice" },
    { "permute (f32[1,1]{1}, 0)", "!ARGUMENT has 1 dimensions, expected all 2" },
    { "torch.transpose (f32[1]{1}, 0, 1)", "!RANGE `dim1` is 1" },
    { "expand (f32[2]{1 2}, 3)", "!SHAPE does not expand" },
    { "repeat (f32[2]{1 2}, -1)", "!RANGE a repeat is -1" },
    { "repeat (f32[2]{1 2}, 4611686018427387904, 4611686018427387904)", "!RANGE and not too many" },
    { "torch.transpose (qint8[1,2]{1 2}*(1 1)@(0 0)/1, 0, 1)", "!DTYPE quantized per channel" },
    { "torch.pixel_shuffle (f32[1,3,1,1]{1 2 3}, 2)", "!SHAPE expected a multiple of 4" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_index (void)
{
  static const LfbTestRow rows[] = {
    { "operator.getitem (" X ", 1)", "quint8[3]{4 5 6}*0.5@7" },
    { "operator.getitem (" X ", (slice(None, None, None), slice(1, None, None)))", "quint8[2,2]{2 3 5 6}*0.5@7" },
    { "operator.getitem (f32[5]{0 1 2 3 4}, slice(-3, -1, None))", "f32[2]{2 3}" },
    { "operator.getitem (f32[5]{0 1 2 3 4}, slice(None, 100, 2))", "f32[3]{0 2 4}" },
    { "operator.getitem (f32[2]{1 2}, slice(1, 0, None))", "f32[0]{}" },
    { "operator.getitem (f32[2,2]{1 2 3 4}, (..., -1))", "f32[2]{2 4}" },
    { "operator.getitem (f32[2]{1 2}, (None, slice(None, None, None)))", "f32[1,2]{1 2}" },
    { "operator.getitem (f32[2,2]{1 2 3 4}, i64[3]{1 0 -1})", "f32[3,2]{3 4 1 2 3 4}" },
    { "operator.getitem (f32[2,2]{1 2 3 4}, (i64[2]{0 1}, i64[2]{1 0}))", "f32[2]{2 3}" },
    { "operator.getitem (f32[2,2]{1 2 3 4}, bool[2,2]{1 0 0 1})", "f32[2]{1 4}" },
    { "operator.getitem (f32[2,2]{1 2 3 4}, [1, 1])", "f32[2,2]{3 4 3 4}" },
    { "operator.getitem ((1, 2, 3), -1)", "3" },
    { "operator.getitem ([1, 2, 3], slice(1, None, None))", "[2, 3]" },
    { "operator.getitem (dict(a=1), 'a')", "1" },
    { "operator.setitem (f32[3]{1 2 3}, slice(1, None, None), 9)", "f32[3]{1 9 9}" },
    { "operator.setitem (f32[2,2]{1 2 3 4}, (slice(None, None, None), 0), f32[2]{7 8})", "f32[2,2]{7 2 8 4}" },
    { "operator.setitem (f32[2]{1 2}, bool[2]{0 1}, 5)", "f32[2]{1 5}" },
    { "operator.setitem (i64[2]{1 2}, 0, 9007199254740993)", "i64[2]{9007199254740993 2}" },
    { "operator.setitem (i8[2]{1 2}, 0, 128)", "!RANGE 128" },
    { "operator.setitem (i8[2]{1 2}, slice(None, None, None), i64[]{128})", "!RANGE 128" },
    { "operator.setitem (i8[2]{1 2}, bool[2]{1 1}, i64[1]{128})", "!RANGE 128" },
    { "operator.setitem (i8[2]{1 2}, slice(None, None, None), i64[1]{128})", "i8[2]{-128 -128}" },
    { "operator.setitem (i8[]{1}, (), i64[]{128})", "i8[]{-128}" },
    { "operator.setitem (f32[2,2]{1 2 3 4}, (slice(1, 0, None), i64[1]{7}), 5)", "f32[2,2]{1 2 3 4}" },
    { "operator.getitem (f32[2,2]{1 2 3 4}, (slice(1, 0, None), i64[1]{7}))", "f32[0,1]{}" },
    { "operator.getitem (f32[2,2]{1 2 3 4}, (i64[]{1}, slice(None, None, None), None))", "f32[2,1]{3 4}" },
    { "operator.getitem (f32[2,1,2]{1 2 3 4}, (i64[]{1}, slice(None, None, None), i64[1]{0}))", "f32[1,1]{3}" },
    { "operator.getitem (f32[2,2]{1 2 3 4}, (slice(1, 0, None), i64[]{7}))", "!RANGE index 7 is out of range" },
    { "operator.getitem (f32[2,0]{}, (slice(1, 0, None), i64[1]{0}))", "!RANGE index 0 in a tensor" },
    { "torch.select (f32[2,2]{1 2 3 4}, 1, 0)", "f32[2]{1 3}" },
    { "torch.narrow (f32[3]{1 2 3}, 0, 1, 2)", "f32[2]{2 3}" },
    { "torch.index_select (" X ", 1, i64[2]{2 0})", "quint8[2,2]{3 1 6 4}*0.5@7" },
    { "torch.gather (f32[2,2]{1 2 3 4}, 1, i64[2,1]{1 0})", "f32[2,1]{2 3}" },
    { "torch.take_along_dim (f32[2,2]{1 2 3 4}, i64[1,1]{1}, 1)", "f32[2,1]{2 4}" },
    { "torch.take_along_dim (f32[2,2]{1 2 3 4}, i64[1]{3})", "f32[1]{4}" },
    { "torch.scatter (f32[1,2]{1 2}, 1, i64[1,1]{1}, f32[1,1]{9})", "f32[1,2]{1 9}" },
    { "torch.nn.functional.one_hot (i64[2]{0 2})", "i64[2,3]{1 0 0 0 0 1}" },
    { "operator.getitem (f32[2]{1 2}, 2)", "!RANGE index 2 is out of range" },
    { "operator.getitem (f32[2]{1 2}, (0, 0))", "!SHAPE takes 2 dimensions, but the tensor has 1" },
    { "operator.getitem (f32[2]{1 2}, i64[1]{2})", "!RANGE index 2 in a tensor" },
    { "operator.getitem (f32[2]{1 2}, slice(None, None, -1))", "!ARGUMENT the step of a slice" },
    { "operator.getitem (f32[2]{1 2}, 'a')", "!ARGUMENT an index holds text" },
    { "operator.getitem ((1, 2), 2)", "!RANGE out of range for 2 items" },
    { "operator.getitem (dict(a=1), 'b')", "!NOT_FOUND no item 'b'" },
    { "operator.setitem (f32[2]{1 2}, slice(None, None, None), f32[3]{1 2 3})", "!SHAPE do not broadcast" },
    { "torch.narrow (f32[3]{1 2 3}, 0, 2, 2)", "!RANGE outside of a dimension of 3" },
    { "torch.gather (f32[2]{1 2}, 0, i64[1]{5})", "!RANGE `index` has 5" },
    { "torch.index_select (f32[2]{1 2}, 0, f32[1]{0})", "!DTYPE `index`" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_join (void)
{
  static const LfbTestRow rows[] = {
    { "torch.cat ([f32[1,2]{1 2}, f32[2,2]{3 4 5 6}])", "f32[3,2]{1 2 3 4 5 6}" },
    { "torch.cat ([f32[2,1]{1 2}, f32[2,1]{3 4}], 1)", "f32[2,2]{1 3 2 4}" },
    { "torch.cat ([f32[0]{}, f32[1,1]{1}], 1)", "f32[1,1]{1}" },
    { "torch.cat ([f32[1]{1}, i64[1]{2}])", "f32[2]{1 2}" },
    /* Integers of another scale are requantized to that of the first. */
    { "torch.cat ([quint8[1]{10}*0.5@0, quint8[1]{10}*1@8])", "quint8[2]{10 4}*0.5@0" },
    { "torch.ops.quantized.cat ([quint8[1]{10}*0.5@0, quint8[1]{10}*1@8], 0, 0.25, 1)", "quint8[2]{21 9}*0.25@1" },
    { "torch.ops.quantized.cat_relu ([quint8[1]{0}*0.5@4, quint8[1]{10}*1@8], 0, 0.25, 1)", "quint8[2]{1 9}*0.25@1" },
    { "torch.stack ([f32[2]{1 2}, f32[2]{3 4}], 1)", "f32[2,2]{1 3 2 4}" },
    { "torch.chunk (f32[5]{1 2 3 4 5}, 2)", "(f32[3]{1 2 3}, f32[2]{4 5})" },
    { "torch.chunk (f32[0]{}, 2)", "(f32[0]{}, f32[0]{})" },
    { "torch.split (f32[3]{1 2 3}, [1, 2])", "(f32[1]{1}, f32[2]{2 3})" },
    { "split (f32[3]{1 2 3}, 2)", "(f32[2]{1 2}, f32[1]{3})" },
    { "torch.split_with_sizes (f32[3]{1 2 3}, [0, 3])", "(f32[0]{}, f32[3]{1 2 3})" },
    { "split_with_sizes (f32[1,3]{1 2 3}, split_sizes=[2, 1], dim=1)", "(f32[1,2]{1 2}, f32[1,1]{3})" },
    { "torch.unbind (f32[2,1]{1 2})", "(f32[1]{1}, f32[1]{2})" },
    { "torch.nn.functional.pad (f32[2]{1 2}, (1, 2), value=9)", "f32[5]{9 1 2 9 9}" },
    { "torch.nn.functional.pad (quint8[1]{3}*0.5@1, (1, 0), 'constant', 2.0)", "quint8[2]{5 3}*0.5@1" },
    { "torch.nn.functional.pad (f32[3]{1 2 3}, (-1, 0))", "f32[2]{2 3}" },
    { "torch.nn.ReflectionPad1d (f32[1,3]{1 2 3}, 2)", "f32[1,7]{3 2 1 2 3 2 1}" },
    { "torch.nn.ZeroPad2d (f32[1,1]{1}, (0, 1, 1, 0))", "f32[2,2]{0 0 1 0}" },
    { "torch.cat ([f32[1,2]{1 2}, f32[1,3]{1 2 3}])", "!SHAPE does not join" },
    { "torch.cat ([])", "!ARGUMENT `tensors` is empty" },
    { "torch.cat ([f32[1]{1}, quint8[1]{1}*1@0])", "!DTYPE tensor 1 has the dtype quint8" },
    { "torch.cat ([f32[1]{1}, 3])", "!ARGUMENT `tensors[1]` is an int" },
    { "torch.cat ([f32[]{1}])", "!SHAPE without dimensions" },
    { "torch.stack ([f32[1]{1}, f32[2]{1 2}])", "!SHAPE tensor 1 has the shape [2], expected [1]" },
    { "torch.split (f32[3]{1 2 3}, [1, 1])", "!SHAPE adds up to 2, expected 3" },
    { "torch.split_with_sizes (f32[3]{1 2 3}, 2)", "!ARGUMENT `split_sizes` is an int (2), expected a sequence" },
    { "torch.split_with_sizes (f32[3]{1 2 3}, [-1, 4])", "!ARGUMENT `split_sizes` must hold ints of 0 or more" },
    { "torch.chunk (f32[3]{1 2 3}, 0)", "!RANGE `chunks` is 0" },
    { "torch.nn.functional.pad (f32[2]{1 2}, (1, 2, 3))", "!ARGUMENT `pad` has 3 ints" },
    { "torch.nn.ReflectionPad1d (f32[1,3]{1 2 3}, 3)", "!SHAPE too much for the mode 'reflect'" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_order (void)
{
  static const LfbTestRow rows[] = {
    { "torch.argmax (f32[2,2]{1 5 7 2})", "i64[]{2}" },
    { "torch.argmax (f32[2,2]{1 5 7 2}, 1)", "i64[2]{1 0}" },
    { "torch.argmin (f32[3]{1 nan 0})", "i64[]{1}" },
    { "torch.min (f32[3]{1 nan 0}, 0)", "(f32[]{nan}, i64[]{1})" },
    { "torch.argmin (f32[2,2]{1 5 7 2}, 0, True)", "i64[1,2]{0 1}" },
    { "torch.max (f32[2,2]{1 5 7 2}, 1)", "(f32[2]{5 7}, i64[2]{1 0})" },
    { "torch.max (quint8[2]{1 5}*0.5@3)", "quint8[]{5}*0.5@3" },
    { "torch.min (f32[2]{1 5}, f32[2]{3 3})", "f32[2]{1 3}" },
    { "torch.topk (f32[3]{1 nan 2}, 2)", "(f32[2]{nan 2}, i64[2]{1 2})" },
    { "torch.sort (f32[3]{2 1 2}, descending=True)", "(f32[3]{2 2 1}, i64[3]{0 2 1})" },
    { "torch.argsort (f32[3]{3 1 2})", "i64[3]{1 2 0}" },
    { "torch.topk (f32[2]{1 2}, 3)", "!RANGE `k` is 3, expected 0 to 2" },
    { "torch.argmax (f32[0]{})", "!SHAPE dimension 0 is empty" },
  };

  LFB_TEST_ROWS (rows);
}

static void
test_python (void)
{
  static const LfbTestRow rows[] = {
    { "size (" X ")", "(2, 3)" },
    { "size (" X ", -1)", "3" },
    { "builtins.getattr (" X ", 'shape')", "(2, 3)" },
    { "builtins.getattr (f32[1]{1}, 'dtype')", "float32" },
    { "builtins.getattr (f32[1,2]{1 2}, 'T')", "f32[2,1]{1 2}" },
    { "dim (" X ")", "2" },
    { "numel (" X ")", "6" },
    { "builtins.len ((1, 2))", "2" },
    { "builtins.int (2.9)", "2" },
    { "builtins.float (f32[1]{2.5})", "2.5" },
    { "item (i64[1,1]{7})", "7" },
    { "torch._assert (True, 'x')", "None" },
    { "to (f32[1]{2.5}, int64)", "i64[1]{2}" },
    { "to (f32[1]{2.5}, dtype=float16)", "f16[1]{2.5}" },
    { "float (i64[1]{3})", "f32[1]{3}" },
    { "type_as (f32[1]{3}, i32[1]{0})", "i32[1]{3}" },
    { "bool (f32[2]{0 0.5})", "bool[2]{0 1}" },
    { "torch.zeros (2, 1)", "f32[2,1]{0 0}" },
    { "torch.ones ((2,), dtype=int64)", "i64[2]{1 1}" },
    { "torch.full ((2,), 7)", "i64[2]{7 7}" },
    { "torch.zeros_like (i64[2]{1 2})", "i64[2]{0 0}" },
    { "new_ones (f32[1]{0}, 2)", "f32[2]{1 1}" },
    { "torch.arange (3)", "i64[3]{0 1 2}" },
    { "torch.arange (-1.5, 2.5, dtype=int32)", "i32[4]{-1 0 1 2}" },
    { "torch.arange (1, 2, 0.5)", "f32[2]{1 1.5}" },
    { "torch.linspace (0, 1, 3)", "f32[3]{0 0.5 1}" },
    { "torch.eye (2)", "f32[2,2]{1 0 0 1}" },
    { "torch.tril (f32[2,2]{1 2 3 4})", "f32[2,2]{1 0 3 4}" },
    { "torch.triu (f32[2,2]{1 2 3 4}, 1)", "f32[2,2]{0 2 0 0}" },
    { "torch.tensor ([[1, 2], [3, 4.5]])", "f32[2,2]{1 2 3 4.5}" },
    { "builtins.getattr (f32[1]{1}, 'grad')", "!UNSUPPORTED `name` is 'grad'" },
    { "builtins.int (inf)", "!RANGE that an int can hold" },
    { "item (f32[2]{1 2})", "!SHAPE expected one element" },
    { "torch._assert (False, 'no batch')", "!FAILED no batch" },
    { "to (quint8[1]{1}*1@0, float32)", "!DTYPE dequantize it before" },
    { "to (f32[1]{1}, 3)", "!ARGUMENT `first` is an int" },
    { "torch.zeros (-1)", "!SHAPE negative" },
    { "torch.zeros (1099511627776, 1099511627776)", "!RANGE too many elements" },
    { "torch.zeros (2305843009213693952)", "!RANGE not enough memory" },
    { "torch.arange (0, 1, 0)", "!RANGE has no end" },
    { "torch.arange (-0.07, -0.35, dtype=uint8)", "u8[0]{}" },
    { "torch.arange (1.5, 0.2, dtype=uint8)", "!RANGE has no end" },
    { "torch.arange (1.5, 1.2)", "!RANGE has no end" },
    { "torch.nn.functional.one_hot (i64[0]{}, 0)", "!ARGUMENT `num_classes` is 0" },
    { "torch.channel_shuffle (quint8[1,0,2]{}*1@0, 1)", "quint8[1,0,2]{}*1@0" },
    { "torch.channel_shuffle (quint8[1,0,2]{}*1@0, 2)", "!SHAPE has no channels" },
    { "torch.nn.functional.pad (f32[0]{}, (2, -1))", "!SHAPE of 2 and -1 cuts more than a size of 0" },
    { "torch.nn.functional.pad (f32[2]{1 2}, (1, -2), value=5.0)", "f32[1]{5}" },
    { "torch.split (f32[0]{}, 0)", "(f32[0]{})" },
    { "torch.split (f32[1]{1}, 0)", "!RANGE is 0, expected 1 or more" },
    { "torch.cumsum (i64[]{300}, 0, dtype=uint8)", "!RANGE 300" },
    { "torch.norm (i64[2]{3 4}, 2, dtype=float32)", "f32[]{5}" },
    { "torch.norm (i64[2]{3 4})", "!DTYPE int64, expected floats" },
    { "torch.tensor ([[1], [2, 3]])", "!SHAPE different lengths" },
  };

  LFB_TEST_ROWS (rows);
}

/* What only renames dimensions costs no copy. */
static void
test_shared_bytes (void)
{
  static const char * const calls[] = { "view", "torch.flatten", "torch.squeeze", "contiguous", "torch.reshape" };
  g_autoptr (LfbValue) x = lfb_test_parse_value ("quint8[1,2,3]{1 2 3 4 5 6}*0.5@7");
  g_autoptr (LfbValue) shape = lfb_test_parse_value ("(6,)");
  gconstpointer data = lfb_tensor_get_data (lfb_value_get_tensor (x), NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      LfbValue *args[] = { x, shape };
      gboolean with_shape = strstr (calls[i], "view") != NULL || strstr (calls[i], "reshape") != NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (LfbValue) y = lfb_call (calls[i], args, with_shape ? 2 : 1, NULL, NULL, 0, &error);

      g_assert_no_error (error);
      g_assert_true (lfb_tensor_get_data (lfb_value_get_tensor (y), NULL) == data);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shape/shapes", test_shapes);
  g_test_add_func ("/shape/index", test_index);
  g_test_add_func ("/shape/join", test_join);
  g_test_add_func ("/shape/order", test_order);
  g_test_add_func ("/shape/python", test_python);
  g_test_add_func ("/shape/shared-bytes", test_shared_bytes);

  return g_test_run ();
}
