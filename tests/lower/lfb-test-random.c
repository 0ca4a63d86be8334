/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-test-random.h.
 *
 * Scales are powers of two, and weights and biases multiples of such, so that
 * sums are exact in float32: where lowering is right, most patterns then give the
 * very same integers. For the others, a bound is carried along: what the
 * operator adds, and what it makes of the bound of its inputs.
 */

#include "lfb-test-random-builder.h"

static gsize
count_elements (const Value *value)
{
  gsize n_elements = 1;

  for (guint i = 0; i < value->n_dims; i++)
    n_elements *= value->shape[i];
  return n_elements;
}

static void
finish (Builder *self)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  const Value *last = &g_array_index (self->values, Value, self->values->len - 1);

  lfb_random_give_out (self, last->dequantize, last->bound);
  if (lfb_random_chance (self, 0.5))
    {
      const Value *value = lfb_random_pick_value (self);

      lfb_random_give_out (self, value->dequantize, value->bound);
    }
  for (guint i = 0; i < self->outputs->len; i++)
    g_ptr_array_add (items, NODE (g_ptr_array_index (self->outputs, i)));
  lfb_random_call (self, LFB_OP_OUTPUT, "output", 1,
                   (LfbValue *[]) { lfb_value_for_tuple ((LfbValue **) items->pdata, items->len) });
}

/* The same seed makes the same model. */
LfbTestRandom *
lfb_test_random_new (guint32 seed)
{
  LfbTestRandom *random = g_new0 (LfbTestRandom, 1);
  const gint64 shape[] = { 2, 4, 4, 4 };
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (Value));
  g_autoptr (GPtrArray) outputs = g_ptr_array_new ();
  Builder builder = { .random = random, .rand = g_rand_new_with_seed (seed), .values = values, .outputs = outputs };
  int n_steps;

  random->seed = seed;
  random->bounds = g_array_new (FALSE, FALSE, sizeof (double));
  random->model = builder.model = lfb_graph_module_new (NULL);
  builder.graph = lfb_graph_module_get_graph (builder.model);
  random->input = lfb_random_make_multiples (&builder, 1.0 / 64, 200, shape, 4);
  lfb_random_quantize (&builder, lfb_random_add (&builder, LFB_OP_PLACEHOLDER, "x", NULL, 0), shape, 4, 0, FALSE);

  n_steps = lfb_random_pick (&builder, 1, 14);
  for (int i = 0; i < n_steps; i++)
    {
      const Value *last = &g_array_index (values, Value, values->len - 1);

      if (count_elements (last) > 4096)
        break;
      lfb_random_pick_step (&builder) (&builder);
    }
  finish (&builder);
  g_rand_free (builder.rand);

  return random;
}

void
lfb_test_random_free (LfbTestRandom *self)
{
  g_object_unref (self->model);
  g_object_unref (self->input);
  g_array_unref (self->bounds);
  g_free (self);
}
