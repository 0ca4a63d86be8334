/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Modules made of parts: every type in the table runs its parts in order, with
 * what its type adds, and refuses to have fewer.
 */

#include "common/lfb-test.h"

#include <string.h>

#define INTRINSIC "torch.ao.nn.intrinsic."

typedef struct {
  const char *type;
  const char *parts[4];
  gboolean adds;
  float expected[2];     /* of the inputs -1 and 2, and -2 and 3 where two are added */
} Case;

/* A relu before a sigmoid makes 0.5 of what is negative; the other way round it
 * would do nothing.
 */
#define TWO_PARTS(type) { type, { "torch.nn.ReLU", "torch.nn.Hardsigmoid" }, FALSE, { 0.5f, 5.0f / 6.0f } }
#define THREE_PARTS(type) \
  { type, { "torch.nn.Identity", "torch.nn.ReLU", "torch.nn.Hardsigmoid" }, FALSE, { 0.5f, 5.0f / 6.0f } }

static const Case cases[] = {
  { "torch.nn.Sequential", { NULL }, FALSE, { -1, 2 } },
  TWO_PARTS ("torch.nn.Sequential"),
  TWO_PARTS (INTRINSIC "LinearReLU"),
  TWO_PARTS (INTRINSIC "LinearLeakyReLU"),
  TWO_PARTS (INTRINSIC "LinearTanh"),
  TWO_PARTS (INTRINSIC "LinearBn1d"),
  TWO_PARTS (INTRINSIC "ConvReLU1d"),
  TWO_PARTS (INTRINSIC "ConvReLU2d"),
  TWO_PARTS (INTRINSIC "ConvReLU3d"),
  TWO_PARTS (INTRINSIC "ConvBn1d"),
  TWO_PARTS (INTRINSIC "ConvBn2d"),
  TWO_PARTS (INTRINSIC "ConvBn3d"),
  TWO_PARTS (INTRINSIC "BNReLU2d"),
  TWO_PARTS (INTRINSIC "BNReLU3d"),
  THREE_PARTS (INTRINSIC "ConvBnReLU1d"),
  THREE_PARTS (INTRINSIC "ConvBnReLU2d"),
  THREE_PARTS (INTRINSIC "ConvBnReLU3d"),
  { INTRINSIC "ConvAdd2d", { "torch.nn.Identity" }, TRUE, { -3, 5 } },
  { INTRINSIC "ConvAddReLU2d", { "torch.nn.Identity" }, TRUE, { 0, 5 } },
};

static LfbTensor *
floats (float a,
        float b)
{
  const float values[] = { a, b };

  return lfb_test_tensor (LFB_DTYPE_FLOAT32, values, sizeof values, 1, 2);
}

static void
add_module (LfbGraphModule *model,
            const char     *path,
            const char     *type)
{
  g_autoptr (LfbModule) module = lfb_module_new (type, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  lfb_graph_module_set_module (model, path, module, &error);
  g_assert_no_error (error);
}

/* A model that calls one such module, with its first @n_parts parts. */
static LfbGraphModule *
new_model (const Case *c,
           gsize       n_parts)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  LfbNode *x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  LfbNode *y = c->adds ? lfb_test_node (graph, LFB_OP_PLACEHOLDER, "y", NULL) : NULL;
  LfbNode *called = lfb_test_node (graph, LFB_OP_CALL_MODULE, "m", x, y, NULL);
  LfbGraphModule *model;

  lfb_test_node (graph, LFB_OP_OUTPUT, "output", called, NULL);
  model = lfb_graph_module_new (graph);
  add_module (model, "m", c->type);
  for (gsize i = 0; i < n_parts; i++)
    {
      g_autofree char *path = g_strdup_printf ("m.%" G_GSIZE_FORMAT, i);

      add_module (model, path, c->parts[i]);
    }

  return model;
}

static gsize
count_parts (const Case *c)
{
  gsize n = 0;

  while (n < G_N_ELEMENTS (c->parts) && c->parts[n] != NULL)
    n++;

  return n;
}

static void
test_results (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (LfbGraphModule) model = new_model (c, count_parts (c));
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbSession) session = lfb_session_new (model, NULL, &error);
  g_autoptr (LfbTensor) x = floats (-1, 2);
  g_autoptr (LfbTensor) y = floats (-2, 3);
  g_autoptr (LfbTensor) expected = floats (c->expected[0], c->expected[1]);
  LfbTensor *inputs[] = { x, y };

  g_assert_no_error (error);
  for (gsize i = 0; i < 2; i++)
    {
      g_autofree LfbTensor **outputs = NULL;
      gsize n;

      outputs = lfb_session_run (session, inputs, c->adds ? 2 : 1, NULL, &n, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (n, ==, 1);
      g_assert_true (lfb_tensor_equal (outputs[0], expected));
      g_object_unref (outputs[0]);
    }
}

static void
test_missing_part (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (LfbGraphModule) model = new_model (c, count_parts (c) - 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (lfb_session_new (model, NULL, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, c->type);
  g_assert_nonnull (strstr (error->message, "parts"));
}

/* Outside of a model there are no parts. */
static void
test_call (void)
{
  g_autoptr (LfbTensor) x = floats (-1, 2);
  g_autoptr (LfbValue) value = lfb_value_for_tensor (x);
  g_autoptr (GError) error = NULL;

  g_assert_null (lfb_call ("torch.nn.Sequential", &value, 1, NULL, NULL, 0, &error));
  lfb_assert_error (error, LFB_ERROR_UNSUPPORTED, "torch.nn.Sequential");
}

/* Types that the table has and this test forgot. */
static void
test_complete (void)
{
  g_auto (GStrv) names = lfb_list_operators ();
  gsize n_found = 0;

  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *text = lfb_describe_operator (names[i], NULL);
      gboolean known = FALSE;

      if (strstr (text, "\nparts: ") == NULL)
        continue;
      for (gsize j = 0; j < G_N_ELEMENTS (cases); j++)
        known |= strcmp (cases[j].type, names[i]) == 0;
      if (!known)
        g_error ("%s is not tested", names[i]);
      n_found++;
    }
  g_assert_cmpuint (n_found, ==, 18);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *results = g_strdup_printf ("/sequences/results/%" G_GSIZE_FORMAT "-%s", i, cases[i].type);
      g_autofree char *missing = g_strdup_printf ("/sequences/missing-part/%" G_GSIZE_FORMAT "-%s", i, cases[i].type);

      g_test_add_data_func (results, &cases[i], test_results);
      if (strcmp (cases[i].type, "torch.nn.Sequential") != 0)
        g_test_add_data_func (missing, &cases[i], test_missing_part);
    }
  g_test_add_func ("/sequences/call", test_call);
  g_test_add_func ("/sequences/complete", test_complete);

  return g_test_run ();
}
