/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Models put together at random, before and after lowering, with two shapes in
 * turns: programs give the same bits as running node by node.
 *
 * LFB_TEST_SEED and LFB_TEST_GRAPHS say where to begin and how many to make.
 */

#include "lfb-test-both.h"

#include "../lower/lfb-test-random.h"

#include <stdlib.h>
#include <string.h>

#define N_GRAPHS 300
#define FIRST_SEED 1

static guint
get_number (const char *variable,
            guint       fallback)
{
  const char *text = g_getenv (variable);

  return text != NULL ? (guint) strtoul (text, NULL, 10) : fallback;
}

/* The first @n images. */
static LfbTensor *
take_images (LfbTensor *tensor,
             gint64     n)
{
  gsize n_dims, size;
  const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);
  gconstpointer data = lfb_tensor_get_data (tensor, &size);
  g_autoptr (GBytes) bytes = g_bytes_new (data, size / shape[0] * n);
  g_autofree gint64 *less = g_memdup2 (shape, n_dims * sizeof *shape);
  g_autoptr (GError) error = NULL;
  LfbTensor *result;

  less[0] = n;
  result = lfb_tensor_new_for_bytes (lfb_tensor_get_dtype (tensor), less, n_dims, bytes, &error);
  g_assert_no_error (error);

  return result;
}

static guint
check_seed (guint32 seed)
{
  g_autoptr (LfbTestRandom) random = lfb_test_random_new (seed);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbTensor) one = take_images (random->input, 1);
  g_autofree char *name = g_strdup_printf ("seed %u", seed);
  g_autoptr (GError) error = NULL;
  LfbTensor *inputs[] = { random->input, one };

  lowered = lfb_lowerer_lower (lowerer, random->model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  return lfb_test_assert_tensors (name, random->model, inputs, 2) + lfb_test_assert_tensors (name, lowered, inputs, 2);
}

static void
test_random_graphs (void)
{
  guint32 seed = get_number ("LFB_TEST_SEED", FIRST_SEED);
  guint n_graphs = get_number ("LFB_TEST_GRAPHS", N_GRAPHS), n_compared = 0;

  for (guint i = 0; i < n_graphs; i++)
    n_compared += check_seed (seed + i);
  g_test_message ("%u graphs, %u outputs compared", n_graphs, n_compared);
  g_assert_cmpuint (n_compared, >=, n_graphs * 8);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/program-random", test_random_graphs);

  return g_test_run ();
}
