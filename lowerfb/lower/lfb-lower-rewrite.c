/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The moves that rewritings are made of; the rules are those of doc/lowering-coverage.md,
 * "Rewriting".
 */

#include <lowerfb/lower/lfb-lower-rewrite-private.h>

#include <lowerfb/lower/lfb-lower-changes-private.h>

/* Matching comes before changing, so that nothing here is left to chance. */
static void
must (gboolean  done,
      GError   *error)
{
  if (!done)
    g_error ("Lowering broke a graph: %s", error->message);
}

void
_lfb_erase (LfbLowerContext *context,
            LfbNode         *node)
{
  GError *error = NULL;

  g_hash_table_remove (context->ranges, node);
  _lfb_forget_changes (context, node);
  must (lfb_graph_erase_node (context->graph, node, &error), error);
}

/* A scale or zero-point node goes as soon as nothing reads it. */
void
_lfb_erase_if_unread (LfbLowerContext *context,
                      LfbNode         *node)
{
  if (node != NULL && lfb_node_get_op (node) == LFB_OP_GET_ATTR && lfb_node_get_n_users (node) == 0)
    _lfb_erase (context, node);
}

/* @node reads what @dequantize reads, wherever that stands among its arguments. */
void
_lfb_read_before (LfbNode *node,
                  LfbNode *dequantize)
{
  GError *error = NULL;

  must (lfb_node_replace_input_with (node, dequantize, lfb_node_get_input (dequantize, 0), &error), error);
}

static LfbNode *
last_input (LfbNode *node)
{
  g_autofree LfbNode **inputs = NULL;
  LfbNode *last = NULL;
  gsize n_inputs;

  inputs = lfb_node_get_inputs (node, &n_inputs);
  for (gsize i = 0; i < n_inputs; i++)
    {
      if (last == NULL || lfb_node_is_before (last, inputs[i]))
        last = inputs[i];
    }

  return last;
}

/* Puts @node right after @anchor, or after the last of its inputs if that
 * stands further down.
 */
void
_lfb_place_after (LfbNode *node,
                  LfbNode *anchor)
{
  LfbNode *last = last_input (node);
  GError *error = NULL;

  if (last != NULL && lfb_node_is_before (anchor, last))
    anchor = last;
  must (lfb_node_append (anchor, node, &error), error);
}

/* Puts @node right before @anchor, or after the last of its inputs if that
 * stands there or further down.
 */
void
_lfb_place_before (LfbNode *node,
                   LfbNode *anchor)
{
  LfbNode *last = last_input (node);
  GError *error = NULL;

  if (last != NULL && !lfb_node_is_before (last, anchor))
    must (lfb_node_append (last, node, &error), error);
  else
    must (lfb_node_prepend (anchor, node, &error), error);
}

/* Makes @node call something else; it keeps its name and its users. */
void
_lfb_set_call (LfbNode     *node,
               const char  *target,
               LfbValue   **args,
               gsize        n_args,
               LfbValue    *kwargs)
{
  GError *error = NULL;

  lfb_node_set_target (node, target);
  must (lfb_node_set_args (node, args, n_args, &error) && lfb_node_set_kwargs (node, kwargs, &error), error);
}

/* A new node, named after its function; it stands last until it is placed. */
LfbNode *
_lfb_insert_call (LfbLowerContext *context,
                  const char      *function,
                  LfbValue       **args,
                  gsize            n_args,
                  LfbValue        *kwargs)
{
  GError *error = NULL;
  LfbNode *node;

  node = lfb_graph_create_node (context->graph, LFB_OP_CALL_FUNCTION, function, args, n_args, kwargs, NULL, &error);
  must (node != NULL, error);

  return node;
}

/* @ref does what @relu did: all that is left of its users, which ask for the
 * shape only, ask @ref.
 */
void
_lfb_swallow_relu (LfbLowerContext *context,
                   LfbNode         *relu,
                   LfbNode         *ref)
{
  GError *error = NULL;

  must (lfb_node_replace_all_uses_with (relu, ref, &error), error);
  _lfb_erase (context, relu);
}

/* @result is what @quantize gave: users read it, and the quantize goes with the
 * scale and zero point that only it read.
 */
void
_lfb_take_output (LfbLowerContext *context,
                  LfbNode         *quantize,
                  LfbNode         *result)
{
  LfbQuantizeArgs args = { NULL, };
  GError *error = NULL;

  if (_lfb_is_quantize (quantize))
    _lfb_quantize_args (quantize, &args);

  must (lfb_node_replace_all_uses_with (quantize, result, &error), error);
  _lfb_erase (context, quantize);
  _lfb_erase_if_unread (context, args.scale);
  if (args.zero_point != args.scale)
    _lfb_erase_if_unread (context, args.zero_point);
}
