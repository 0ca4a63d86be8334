/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Static convolutions: from pixels to pixels, either of which may be a slice of
 * the channels of wider images.
 */

#include <lowerfb/run/emit/lfb-product-private.h>
#include <lowerfb/run/lfb-emit-private.h>

#include <string.h>

void
lfb_product_free (gpointer data)
{
  LfbProduct *self = data;

  lfb_output_stage_clear (&self->stage);
  g_free (self);
}

static gboolean
run_taps (const LfbProgram  *program,
          const LfbInstr    *self,
          LfbFrame          *frame,
          GError           **error)
{
  const LfbProduct *product = self->data;
  LfbAddend addend = product->addend;
  gsize x_stride, y_stride;

  if (product->adds)
    {
      addend.q = lfb_frame_data (frame, &self->x[1]);
      if (!lfb_operand_is_pixels (&self->x[1], &addend.stride))
        g_assert_not_reached ();
    }
  if (!lfb_operand_is_pixels (&self->x[0], &x_stride) || !lfb_operand_is_pixels (&self->y, &y_stride))
    g_assert_not_reached ();

  return lfb_packed_taps_run_pixels (product->taps, frame->runtime, &product->window, product->batch,
                                     lfb_frame_data (frame, &self->x[0]), x_stride, &product->output, NULL,
                                     product->adds ? &addend : NULL, lfb_frame_data (frame, &self->y), y_stride, error);
}

const LfbInstrType lfb_taps_instr = { "convolution", run_taps, lfb_product_free, TRUE };

/* @x: the image, and what is added if @adds. */
static LfbEmitted
emit_product (LfbEmit              *self,
              const LfbPackedTaps  *taps,
              LfbOperand           *x,
              gboolean              adds,
              LfbOperand           *y,
              gboolean              relu,
              GError              **error)
{
  g_autofree LfbProduct *product = g_new0 (LfbProduct, 1);
  LfbImage image;

  product->taps = taps;
  if (!lfb_packed_taps_init_image (taps, "input", x->shape, x->n_dims, &image, error) ||
      !lfb_conv_settings_window (&taps->settings, &image, &product->window, error) ||
      !lfb_output_stage_init (&product->stage, &taps->params, x->scale, y->scale, error))
    return LFB_EMITTED_ERROR;
  product->batch = image.batch;
  product->output = (LfbRequantize) {
    .multiplier = product->stage.multiplier, .bias = product->stage.bias, .x_zero_point = x->zero_point,
    .y_zero_point = y->zero_point, .y_min = relu ? y->zero_point : 0, .y_max = 255,
  };

  y->n_dims = lfb_image_shape (&image, taps->out_channels, product->window.out_size, y->shape);
  if (adds)
    {
      if (x[1].n_dims != y->n_dims || memcmp (x[1].shape, y->shape, y->n_dims * sizeof *y->shape) != 0)
        {
          lfb_output_stage_clear (&product->stage);
          return LFB_EMITTED_NOTHING;
        }
      product->adds = TRUE;
      product->addend.scale = (float) x[1].scale / (float) y->scale;
      product->addend.zero_point = x[1].zero_point;
      lfb_emit_channels_last (self, &x[1]);
    }
  lfb_emit_channels_last (self, x);
  lfb_operand_set_channels_last (y);
  lfb_emit_allocate (self, y);
  if (lfb_operand_n_elements (y) > 0)
    lfb_emit_instr (self, &lfb_taps_instr, y, x, adds ? 2 : 1, g_steal_pointer (&product));
  else
    lfb_output_stage_clear (&product->stage);

  return LFB_EMITTED;
}

LfbEmitted
lfb_emit_taps (LfbEmit              *self,
               const LfbPackedTaps  *taps,
               gsize                 n_spatial,
               const LfbOperand     *input,
               const LfbOperand     *extra,
               double                scale,
               gint64                zero_point,
               gboolean              relu,
               GError              **error)
{
  LfbOperand x[2] = { *input }, y = { .dtype = LFB_DTYPE_QUINT8, .scale = scale, .zero_point = zero_point };
  gboolean batched = input->n_dims == n_spatial + 2, flat = n_spatial != taps->settings.n_spatial;
  LfbEmitted emitted;

  if (taps->settings.pad_mode != LFB_PAD_CONSTANT || input->dtype != LFB_DTYPE_QUINT8 ||
      (!batched && input->n_dims != n_spatial + 1) ||
      (extra != NULL && (extra->dtype != LFB_DTYPE_QUINT8 || extra->n_dims != input->n_dims)))
    return LFB_EMITTED_NOTHING;

  if (extra != NULL)
    x[1] = *extra;
  for (gsize i = 0; i < (extra != NULL ? 2 : 1); i++)
    {
      if (!batched)
        lfb_operand_insert_dim (&x[i], 0);
      if (flat)
        lfb_operand_insert_dim (&x[i], 2);
    }
  emitted = emit_product (self, taps, x, extra != NULL, &y, relu, error);
  if (emitted != LFB_EMITTED)
    return emitted;
  if (flat)
    lfb_operand_remove_dim (&y, 2);
  if (!batched)
    lfb_operand_remove_dim (&y, 0);

  return lfb_emit_return (self, &y);
}
