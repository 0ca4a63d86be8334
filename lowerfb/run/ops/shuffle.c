/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Channels and pixels that change places: reshape, permute, reshape. Bytes
 * move, with the same scale and zero point.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>

#include <string.h>

static gboolean
read_factor (LfbCall     *call,
             const char  *name,
             LfbTensor   *input,
             gsize        min_dims,
             gint64      *factor,
             GError     **error)
{
  if (!lfb_check_movable ("input", input, error) ||
      !lfb_check_rank ("input", input, min_dims, LFB_TENSOR_MAX_DIMS - 2, error) ||
      !lfb_call_int (call, name, factor, error))
    return FALSE;
  if (*factor < 1 || *factor > G_MAXINT32)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `%s` is %" G_GINT64_FORMAT ", expected 1 or more", name, *factor);
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_multiple (gint64       size,
                gint64       factor,
                const char  *what,
                GError     **error)
{
  if (size % factor == 0)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
               "argument `input` has %" G_GINT64_FORMAT " %s, expected a multiple of %" G_GINT64_FORMAT, size, what, factor);

  return FALSE;
}

/* The tensor as @split, its dimensions in the @order, then as @shape. */
static LfbValue *
rearrange (LfbTensor     *input,
           const gint64  *split,
           const gsize   *order,
           gsize          n_split,
           const gint64  *shape,
           gsize          n_dims,
           GError       **error)
{
  g_autoptr (LfbTensor) parts = lfb_tensor_reshape (input, split, n_split, error);
  g_autoptr (LfbTensor) moved = parts != NULL ? lfb_tensor_permute (parts, order, error) : NULL;

  return moved != NULL ? lfb_value_take_tensor (lfb_tensor_reshape (moved, shape, n_dims, error)) : NULL;
}

/* (n, groups, c / groups, rest): groups and their channels change places. */
static LfbValue *
channel_shuffle (LfbCall  *call,
                 GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  static const gsize order[] = { 0, 2, 1, 3 };
  gint64 groups = 1, split[4];
  const gint64 *shape;
  gsize n_dims;

  if (input == NULL || !read_factor (call, "groups", input, 3, &groups, error))
    return NULL;
  shape = lfb_tensor_get_shape (input, &n_dims);
  if (lfb_tensor_is_quantized (input) && shape[1] == 0 && groups > 1)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument `input` has no channels, expected 1 or more, or one group");
      return NULL;
    }
  if (!check_multiple (shape[1], groups, "channels", error))
    return NULL;
  split[0] = shape[0];
  split[1] = groups;
  split[2] = shape[1] / groups;
  split[3] = 1;
  for (gsize i = 2; i < n_dims; i++)
    split[3] *= shape[i];

  return rearrange (input, split, order, 4, shape, n_dims, error);
}

/* (..., c r r, h, w) to (..., c, h r, w r) */
static LfbValue *
pixel_shuffle (LfbCall  *call,
               GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 r = 1, split[6], shape[LFB_TENSOR_MAX_DIMS];
  static const gsize order[] = { 0, 1, 4, 2, 5, 3 };
  gsize n_dims;
  const gint64 *own;

  if (input == NULL || !read_factor (call, "upscale_factor", input, 3, &r, error))
    return NULL;
  own = lfb_tensor_get_shape (input, &n_dims);
  if (!check_multiple (own[n_dims - 3], r * r, "channels", error))
    return NULL;
  lfb_sizes_copy (shape, own, n_dims);
  split[0] = 1;
  for (gsize i = 0; i + 3 < n_dims; i++)
    split[0] *= own[i];
  shape[n_dims - 3] = split[1] = own[n_dims - 3] / (r * r);
  split[2] = split[3] = r;
  split[4] = own[n_dims - 2];
  split[5] = own[n_dims - 1];
  shape[n_dims - 2] = own[n_dims - 2] * r;
  shape[n_dims - 1] = own[n_dims - 1] * r;

  return rearrange (input, split, order, 6, shape, n_dims, error);
}

/* (..., c, h r, w r) to (..., c r r, h, w) */
static LfbValue *
pixel_unshuffle (LfbCall  *call,
                 GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gint64 r = 1, split[6], shape[LFB_TENSOR_MAX_DIMS];
  static const gsize order[] = { 0, 1, 3, 5, 2, 4 };
  gsize n_dims;
  const gint64 *own;

  if (input == NULL || !read_factor (call, "downscale_factor", input, 3, &r, error))
    return NULL;
  own = lfb_tensor_get_shape (input, &n_dims);
  if (!check_multiple (own[n_dims - 2], r, "rows", error) || !check_multiple (own[n_dims - 1], r, "columns", error))
    return NULL;
  lfb_sizes_copy (shape, own, n_dims);
  split[0] = 1;
  for (gsize i = 0; i + 3 < n_dims; i++)
    split[0] *= own[i];
  split[1] = own[n_dims - 3];
  split[2] = shape[n_dims - 2] = own[n_dims - 2] / r;
  split[3] = r;
  split[4] = shape[n_dims - 1] = own[n_dims - 1] / r;
  split[5] = r;
  shape[n_dims - 3] = own[n_dims - 3] * r * r;

  return rearrange (input, split, order, 6, shape, n_dims, error);
}

static const LfbOperator operators[] = {
  {
    .functions = "torch.channel_shuffle torch.nn.functional.channel_shuffle torch.nn.functional.native_channel_shuffle",
    .modules = "torch.nn.ChannelShuffle", .signature = "input, groups", .rule = "channels of all groups in turn", .run = channel_shuffle,
  },
  {
    .functions = "torch.pixel_shuffle torch.nn.functional.pixel_shuffle", .modules = "torch.nn.PixelShuffle",
    .signature = "input, upscale_factor", .rule = "channels become pixels", .run = pixel_shuffle,
  },
  {
    .functions = "torch.pixel_unshuffle torch.nn.functional.pixel_unshuffle", .modules = "torch.nn.PixelUnshuffle",
    .signature = "input, downscale_factor", .rule = "pixels become channels", .run = pixel_unshuffle,
  },
};

const LfbOperatorFamily lfb_shuffle_operators = LFB_OPERATOR_FAMILY (operators);
