/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of torchvision's Swin transformers that tracing leaves as they are:
 * attention within windows, which are shifted every other time, the bias by
 * relative position, and the joining of four neighbours. They are put together
 * from other operators of the table, in the order in which torchvision does it,
 * so that rounding is the same.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>

#include <math.h>
#include <stdarg.h>
#include <string.h>

/* What torchvision adds to the scores of pixels that only meet because the image
 * was rolled.
 */
#define APART -100.0f

static LfbValue *
ints (const gint64 *numbers,
      gsize         n)
{
  LfbValue *items[LFB_TENSOR_MAX_DIMS];
  LfbValue *tuple;

  for (gsize i = 0; i < n; i++)
    items[i] = lfb_value_for_int (numbers[i]);
  tuple = lfb_value_for_tuple (items, n);
  for (gsize i = 0; i < n; i++)
    lfb_value_unref (items[i]);

  return tuple;
}

#define INTS(...) ints ((const gint64[]) { __VA_ARGS__ }, sizeof ((gint64[]) { __VA_ARGS__ }) / sizeof (gint64))

/* Replaces @x by what @name makes of it and the arguments that follow, which it
 * takes. After an error, which leaves %NULL, the rest of a chain does nothing.
 */
static void G_GNUC_NULL_TERMINATED
apply (LfbCall     *call,
       LfbValue   **x,
       GError     **error,
       const char  *name,
       ...)
{
  LfbValue *args[4] = { *x };
  gboolean complete = *x != NULL;
  gsize n = 1;
  va_list more;

  va_start (more, name);
  for (LfbValue *arg = va_arg (more, LfbValue *); arg != NULL; arg = va_arg (more, LfbValue *))
    args[n++] = arg;
  va_end (more);
  *x = complete ? lfb_call_other (call, name, args, n, error) : NULL;
  for (gsize i = 0; i < n; i++)
    g_clear_pointer (&args[i], lfb_value_unref);
}

/* The sizes of one call. */
typedef struct {
  gint64 batch;
  gint64 size[2];       /* of the image */
  gint64 padded[2];     /* a multiple of the window's */
  gint64 window[2];
  gint64 shift[2];
  gint64 channels;
  gint64 heads;
} Windows;

static gboolean
windows_init (Windows    *self,
              LfbCall    *call,
              LfbTensor  *input,
              GError    **error)
{
  if (!lfb_check_rank ("input", input, 4, 4, error) ||
      !lfb_call_ints_n (call, "window_size", self->window, 2, error) ||
      !lfb_call_ints_n (call, "shift_size", self->shift, 2, error) ||
      !lfb_call_int (call, "num_heads", &self->heads, error))
    return FALSE;
  self->batch = lfb_tensor_get_dim (input, 0);
  self->channels = lfb_tensor_get_dim (input, 3);
  if (self->heads < 1 || self->channels % self->heads != 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "argument `num_heads` is %" G_GINT64_FORMAT ", which does not divide %" G_GINT64_FORMAT " channels",
                   self->heads, self->channels);
      return FALSE;
    }
  for (gsize i = 0; i < 2; i++)
    {
      gint64 size = self->size[i] = lfb_tensor_get_dim (input, 1 + i);

      if (self->window[i] < 1 || self->window[i] > G_MAXINT || self->shift[i] < 0 || self->shift[i] > self->window[i] ||
          size < 1 || size > G_MAXINT)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                       "a window of %" G_GINT64_FORMAT ", shifted by %" G_GINT64_FORMAT ", on a size of %"
                       G_GINT64_FORMAT "; expected 1 or more, 0 to that, and 1 or more",
                       self->window[i], self->shift[i], size);
          return FALSE;
        }
      self->padded[i] = (size + self->window[i] - 1) / self->window[i] * self->window[i];
      if (self->window[i] >= self->padded[i])
        self->shift[i] = 0;
    }

  return TRUE;
}

/* Which of the three parts of a rolled dimension a place is in. */
static int
part_of (const Windows *self,
         gsize          i,
         gint64         at)
{
  if (at >= self->padded[i] - self->shift[i] || self->shift[i] == 0)
    return 2;

  return at >= self->padded[i] - self->window[i];
}

/* (windows, 1, places, places): what is added to the scores of a shifted image. */
static LfbValue *
shift_mask (const Windows  *self,
            LfbDType        dtype,
            GError        **error)
{
  gint64 down = self->padded[0] / self->window[0], across = self->padded[1] / self->window[1];
  gint64 n = self->window[0] * self->window[1];
  gint64 shape[4] = { down * across, 1, n, n };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) mask = NULL;
  g_autofree int *parts = NULL;
  float *to;

  if (!lfb_array_init (&array, LFB_DTYPE_FLOAT32, shape, 4, error))
    return NULL;
  parts = lfb_try_alloc (n, sizeof *parts, error);
  if (parts == NULL)
    return NULL;
  to = array.data;
  for (gint64 window = 0; window < shape[0]; window++)
    {
      for (gint64 i = 0; i < n; i++)
        {
          gint64 h = window / across * self->window[0] + i / self->window[1];
          gint64 w = window % across * self->window[1] + i % self->window[1];

          parts[i] = 3 * part_of (self, 0, h) + part_of (self, 1, w);
        }
      for (gint64 i = 0; i < n; i++)
        for (gint64 j = 0; j < n; j++)
          *to++ = parts[i] == parts[j] ? 0 : APART;
    }
  mask = lfb_array_seal (&array, error);

  return mask != NULL ? lfb_value_take_tensor (lfb_tensor_convert (mask, dtype, error)) : NULL;
}

/* With cosines the keys have no bias, which is the middle third. */
static LfbValue *
read_bias (LfbCall   *call,
           gboolean   cosine,
           GError   **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  LfbTensor *bias;
  gsize third;

  if (!lfb_call_optional_tensor (call, "qkv_bias", &bias, error))
    return NULL;
  if (bias == NULL)
    return lfb_value_for_none ();
  if (!cosine)
    return lfb_value_for_tensor (bias);
  if (!lfb_check_movable ("qkv_bias", bias, error) ||
      !lfb_array_init_like (&array, lfb_tensor_get_dtype (bias), bias, error))
    return NULL;
  lfb_array_copy (&array, bias);
  third = array.n_elements / 3 * lfb_dtype_size (array.dtype);
  if (third > 0)
    memset ((char *) array.data + third, 0, third);

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

/* A third of @qkv, which is (3, windows, heads, places, channels). */
static LfbValue *
third_of (LfbCall   *call,
          LfbValue  *qkv,
          gint64     index,
          GError   **error)
{
  LfbValue *x = lfb_value_ref (qkv);

  apply (call, &x, error, "operator.getitem", lfb_value_for_int (index), NULL);

  return x;
}

static LfbValue *
find_scores (LfbCall        *call,
             const Windows  *self,
             LfbValue       *qkv,
             GError        **error)
{
  LfbValue *logit_scale = lfb_call_get (call, "logit_scale");
  LfbValue *q = third_of (call, qkv, 0, error);
  LfbValue *k = q != NULL ? third_of (call, qkv, 1, error) : NULL;
  LfbValue *scale = NULL;

  if (!lfb_value_is_none (logit_scale))
    {
      apply (call, &q, error, "torch.nn.functional.normalize", lfb_value_for_int (2), lfb_value_for_int (-1), NULL);
      apply (call, &k, error, "torch.nn.functional.normalize", lfb_value_for_int (2), lfb_value_for_int (-1), NULL);
      scale = lfb_value_ref (logit_scale);
      apply (call, &scale, error, "torch.clamp", lfb_value_for_none (), lfb_value_for_double (log (100)), NULL);
      apply (call, &scale, error, "torch.exp", NULL);
    }
  else
    {
      apply (call, &q, error, "torch.mul", lfb_value_for_double (pow (self->channels / self->heads, -0.5)), NULL);
    }
  apply (call, &k, error, "torch.transpose", lfb_value_for_int (-2), lfb_value_for_int (-1), NULL);
  if (k != NULL)
    apply (call, &q, error, "torch.matmul", k, NULL);
  else
    g_clear_pointer (&q, lfb_value_unref);
  if (!lfb_value_is_none (logit_scale) && scale != NULL)
    apply (call, &q, error, "torch.mul", scale, NULL);
  else if (!lfb_value_is_none (logit_scale))
    g_clear_pointer (&q, lfb_value_unref);
  apply (call, &q, error, "torch.add", lfb_value_ref (lfb_call_get (call, "relative_position_bias")), NULL);

  return q;
}

static void
add_mask (LfbCall        *call,
          const Windows  *self,
          LfbDType        dtype,
          LfbValue      **scores,
          GError        **error)
{
  gint64 n = self->window[0] * self->window[1];
  gint64 windows = self->padded[0] * self->padded[1] / n;
  LfbValue *mask = *scores != NULL ? shift_mask (self, dtype, error) : NULL;

  if (mask == NULL)
    {
      g_clear_pointer (scores, lfb_value_unref);
      return;
    }
  apply (call, scores, error, "torch.reshape", INTS (self->batch, windows, self->heads, n, n), NULL);
  apply (call, scores, error, "torch.add", mask, NULL);
  apply (call, scores, error, "torch.reshape", INTS (self->batch * windows, self->heads, n, n), NULL);
}

/* The image as (batch * windows, places, channels). */
static LfbValue *
partition (LfbCall        *call,
           const Windows  *self,
           GError        **error)
{
  LfbValue *x = lfb_value_ref (lfb_call_get (call, "input"));
  gint64 n = self->window[0] * self->window[1];

  apply (call, &x, error, "torch.nn.functional.pad",
         INTS (0, 0, 0, self->padded[1] - self->size[1], 0, self->padded[0] - self->size[0]), NULL);
  if (self->shift[0] + self->shift[1] > 0)
    apply (call, &x, error, "torch.roll", INTS (-self->shift[0], -self->shift[1]), INTS (1, 2), NULL);
  apply (call, &x, error, "torch.reshape",
         INTS (self->batch, self->padded[0] / self->window[0], self->window[0], self->padded[1] / self->window[1],
               self->window[1], self->channels), NULL);
  apply (call, &x, error, "torch.permute", INTS (0, 1, 3, 2, 4, 5), NULL);
  apply (call, &x, error, "torch.reshape",
         INTS (self->batch * (self->padded[0] * self->padded[1] / n), n, self->channels), NULL);

  return x;
}

static void
join (LfbCall        *call,
      const Windows  *self,
      LfbValue      **x,
      GError        **error)
{
  apply (call, x, error, "torch.reshape",
         INTS (self->batch, self->padded[0] / self->window[0], self->padded[1] / self->window[1], self->window[0],
               self->window[1], self->channels), NULL);
  apply (call, x, error, "torch.permute", INTS (0, 1, 3, 2, 4, 5), NULL);
  apply (call, x, error, "torch.reshape", INTS (self->batch, self->padded[0], self->padded[1], self->channels), NULL);
  if (self->shift[0] + self->shift[1] > 0)
    apply (call, x, error, "torch.roll", INTS (self->shift[0], self->shift[1]), INTS (1, 2), NULL);
  for (gsize i = 0; i < 2; i++)
    apply (call, x, error, "torch.narrow", lfb_value_for_int (1 + i), lfb_value_for_int (0),
           lfb_value_for_int (self->size[i]), NULL);
}

static LfbValue *
shifted_window_attention (LfbCall  *call,
                          GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gboolean cosine = input != NULL && !lfb_value_is_none (lfb_call_get (call, "logit_scale"));
  g_autoptr (LfbValue) qkv = NULL;
  LfbValue *x, *bias, *scores, *v;
  Windows windows;
  gint64 n;

  if (input == NULL || lfb_call_state (call, error) == NULL || !windows_init (&windows, call, input, error))
    return NULL;
  n = windows.window[0] * windows.window[1];
  bias = read_bias (call, cosine, error);
  qkv = bias != NULL ? partition (call, &windows, error) : NULL;
  if (qkv == NULL)
    {
      g_clear_pointer (&bias, lfb_value_unref);
      return NULL;
    }
  apply (call, &qkv, error, "torch.nn.functional.linear", lfb_value_ref (lfb_call_get (call, "qkv_weight")), bias, NULL);
  apply (call, &qkv, error, "torch.reshape",
         INTS (windows.batch * (windows.padded[0] * windows.padded[1] / n), n, 3, windows.heads,
               windows.channels / windows.heads), NULL);
  apply (call, &qkv, error, "torch.permute", INTS (2, 0, 3, 1, 4), NULL);
  scores = qkv != NULL ? find_scores (call, &windows, qkv, error) : NULL;
  if (windows.shift[0] + windows.shift[1] > 0)
    add_mask (call, &windows, lfb_tensor_get_dtype (input), &scores, error);
  apply (call, &scores, error, "torch.softmax", lfb_value_for_int (-1), NULL);
  v = scores != NULL ? third_of (call, qkv, 2, error) : NULL;
  if (v == NULL)
    {
      g_clear_pointer (&scores, lfb_value_unref);
      return NULL;
    }
  x = scores;
  apply (call, &x, error, "torch.matmul", v, NULL);
  apply (call, &x, error, "torch.transpose", lfb_value_for_int (1), lfb_value_for_int (2), NULL);
  apply (call, &x, error, "torch.reshape",
         INTS (windows.batch * (windows.padded[0] * windows.padded[1] / n), n, windows.channels), NULL);
  apply (call, &x, error, "torch.nn.functional.linear", lfb_value_ref (lfb_call_get (call, "proj_weight")),
         lfb_value_ref (lfb_call_get (call, "proj_bias")), NULL);
  join (call, &windows, &x, error);

  return x;
}

/* Its dropout is told to drop whatever the module's training is. */
static gpointer
prepare_attention (LfbCall  *call,
                   GError  **error)
{
  static const char * const names[] = { "attention_dropout", "dropout" };
  static gboolean done;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      double p = 0;

      if (!lfb_call_double (call, names[i], &p, error))
        return NULL;
      if (p != 0)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                       "argument `%s` is %g, so that torchvision drops at random in evaluation too, which nobody could "
                       "repeat; expected 0", names[i], p);
          return NULL;
        }
    }

  return &done;
}

static void
free_attention (gpointer state)
{
}

/* table[index] as (1, heads, N, N), N the places of a window. */
static LfbValue *
relative_position_bias (LfbCall  *call,
                        GError  **error)
{
  LfbTensor *table = lfb_call_tensor (call, "relative_position_bias_table", error);
  gint64 window[2] = { 1, 1 }, n;
  LfbValue *x;

  if (table == NULL || !lfb_call_ints_n (call, "window_size", window, 2, error))
    return NULL;
  if (!(window[0] >= 1 && window[0] <= G_MAXINT && window[1] >= 1 && window[1] <= G_MAXINT))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `window_size` is (%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
                   "), expected 1 or more", window[0], window[1]);
      return NULL;
    }
  n = window[0] * window[1];
  x = lfb_value_for_tensor (table);
  apply (call, &x, error, "operator.getitem", lfb_value_ref (lfb_call_get (call, "relative_position_index")), NULL);
  apply (call, &x, error, "torch.reshape", INTS (n, n, -1), NULL);
  apply (call, &x, error, "torch.permute", INTS (2, 0, 1), NULL);
  apply (call, &x, error, "torch.unsqueeze", lfb_value_for_int (0), NULL);

  return x;
}

/* Every second pixel of each dimension, from where @h and @w say. */
static LfbValue *
every_second (LfbCall   *call,
              LfbValue  *image,
              gint64     h,
              gint64     w,
              GError   **error)
{
  g_autoptr (LfbValue) none = lfb_value_for_none ();
  g_autoptr (LfbValue) two = lfb_value_for_int (2);
  g_autoptr (LfbValue) from_h = lfb_value_for_int (h);
  g_autoptr (LfbValue) from_w = lfb_value_for_int (w);
  g_autoptr (LfbValue) dots = lfb_value_for_ellipsis ();
  g_autoptr (LfbValue) rows = lfb_value_for_slice (from_h, none, two);
  g_autoptr (LfbValue) columns = lfb_value_for_slice (from_w, none, two);
  g_autoptr (LfbValue) all = lfb_value_for_slice (none, none, none);
  LfbValue *x = lfb_value_ref (image);

  apply (call, &x, error, "operator.getitem",
         lfb_value_for_tuple ((LfbValue *[]) { dots, rows, columns, all }, 4), NULL);

  return x;
}

static LfbValue *
patch_merging_pad (LfbCall  *call,
                   GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "x", error);
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (LfbValue) image = NULL;
  LfbValue *list;
  gsize n;

  if (input == NULL || !lfb_check_rank ("x", input, 3, LFB_TENSOR_MAX_DIMS, error))
    return NULL;
  n = lfb_tensor_get_n_dims (input);
  image = lfb_value_for_tensor (input);
  apply (call, &image, error, "torch.nn.functional.pad",
         INTS (0, 0, 0, lfb_tensor_get_dim (input, n - 2) % 2, 0, lfb_tensor_get_dim (input, n - 3) % 2), NULL);
  if (image == NULL)
    return NULL;
  for (gsize i = 0; i < 4; i++)
    {
      LfbValue *part = every_second (call, image, i % 2, i / 2, error);

      if (part == NULL)
        return NULL;
      g_ptr_array_add (parts, part);
    }
  list = lfb_value_for_list ((LfbValue **) parts->pdata, parts->len);
  apply (call, &list, error, "torch.cat", lfb_value_for_int (-1), NULL);

  return list;
}

#define SWIN "torchvision.models.swin_transformer."

static const LfbOperator operators[] = {
  {
    .functions = SWIN "shifted_window_attention",
    .signature = "input, qkv_weight, proj_weight, relative_position_bias, window_size, num_heads, shift_size, "
                 "attention_dropout=0.0, dropout=0.0, qkv_bias=None, proj_bias=None, logit_scale=None",
    .rule = "attention within windows of an image (N, H, W, C), rolled by shift_size; the dropouts must be 0",
    .run = shifted_window_attention, .prepare = prepare_attention, .free_state = free_attention,
    .prepared = "attention_dropout dropout",
  },
  {
    .functions = SWIN "_get_relative_position_bias",
    .signature = "relative_position_bias_table, relative_position_index, window_size",
    .rule = "table[index] as (1, heads, N, N), N the pixels of a window", .run = relative_position_bias,
  },
  {
    .functions = SWIN "_patch_merging_pad", .signature = "x",
    .rule = "four neighbours (..., H, W, C) as one pixel of 4 C channels, odd sizes padded with 0", .run = patch_merging_pad,
  },
};

const LfbOperatorFamily lfb_swin_operators = LFB_OPERATOR_FAMILY (operators);
