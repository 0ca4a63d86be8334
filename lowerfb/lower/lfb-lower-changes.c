/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An operator that works in place changes what others read. In a reference model
 * it mostly changes the result of a dequantize, which nobody else has; on int8
 * it would change the quantized tensor itself. And an operator that reads before
 * a dequantize does not see what was done to its result.
 *
 * So a pattern is left where a dequantize, or the tensor in front of it, is
 * changed by somebody else; and an operator that works in place becomes int8
 * only if nothing else reads the tensor, nor any tensor that it is a view of.
 */

#include <lowerfb/lower/lfb-lower-changes-private.h>

#include <lowerfb/graph/lfb-effects-private.h>
#include <lowerfb/lower/lfb-lower-pattern-private.h>

/* The node whose result @node changes; %NULL if it changes nothing. */
LfbNode *
_lfb_changed_by (LfbLowerContext *context,
                 LfbNode         *node)
{
  LfbNode *changed;

  _lfb_node_get_change (node, _lfb_lower_context_get_module (context, node), &changed);

  return changed;
}

/* The tensor that the result of @node shares its elements with, or may share:
 * of what looks at it another way, and of what works in place. %NULL: it has
 * its own. A dequantize shares nothing with what is quantized.
 */
static LfbNode *
viewed_by (LfbLowerContext *context,
           LfbNode         *node)
{
  LfbNode *changed = _lfb_changed_by (context, node);
  LfbNode *viewed;

  if (changed != NULL)
    return changed;
  if (_lfb_is_dequantize (node))
    return NULL;
  _lfb_node_get_view (node, _lfb_lower_context_get_module (context, node), &viewed);

  return viewed;
}

/* Who changes a node's result: the first, and one more, which tells that there
 * are others than any given one.
 */
typedef struct
{
  LfbNode *first;
  LfbNode *other;
  gboolean more; /* than these two */
} Changers;

static gboolean
note_change (LfbLowerContext *context,
             LfbNode         *node,
             LfbNode         *changer)
{
  Changers *changers = g_hash_table_lookup (context->changes, node);

  if (changers == NULL)
    {
      changers = g_new0 (Changers, 1);
      changers->first = changer;
      g_hash_table_insert (context->changes, node, changers);
      return TRUE;
    }
  if (changers->first == changer || changers->other == changer)
    return FALSE;
  if (changers->other != NULL)
    {
      changers->more = TRUE;
      return FALSE;
    }

  changers->other = changer;
  return TRUE;
}

/* One walk over the graph for each pass that asks. A change of a view is one of
 * what it is a view of; two changes of a node are all that need be known.
 */
static void
find_changes (LfbLowerContext *context)
{
  context->changes = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  for (LfbNode *node = lfb_graph_get_first (context->graph); node != NULL; node = lfb_node_get_next (node))
    {
      LfbNode *changed = _lfb_changed_by (context, node);

      while (changed != NULL && note_change (context, changed, node))
        changed = viewed_by (context, changed);
    }
}

/* Before @node is erased: it will change nothing any more. */
void
_lfb_forget_changes (LfbLowerContext *context,
                     LfbNode         *node)
{
  LfbNode *changed;

  if (context->changes == NULL)
    return;

  g_hash_table_remove (context->changes, node);
  for (changed = _lfb_changed_by (context, node); changed != NULL; changed = viewed_by (context, changed))
    {
      Changers *changers = g_hash_table_lookup (context->changes, changed);

      if (changers == NULL || (changers->first != node && changers->other != node))
        return;
      if (changers->more)
        {
          /* the third is not known: look again when asked */
          g_clear_pointer (&context->changes, g_hash_table_unref);
          return;
        }

      if (changers->first == node)
        changers->first = changers->other;
      changers->other = NULL;
      if (changers->first == NULL)
        g_hash_table_remove (context->changes, changed);
    }
}

/* A node that changes the result of @node in place, other than @except. */
LfbNode *
_lfb_changer_of (LfbLowerContext *context,
                 LfbNode         *node,
                 LfbNode         *except)
{
  const Changers *changers;

  if (context->changes == NULL)
    find_changes (context);
  changers = g_hash_table_lookup (context->changes, node);
  if (changers == NULL)
    return NULL;

  return changers->first != except ? changers->first : changers->other;
}

/* Whether @ref sees the same if it reads before @dequantize. */
gboolean
_lfb_match_unchanged (LfbLowerContext *context,
                      LfbNode         *quantize,
                      LfbNode         *ref,
                      LfbNode         *dequantize)
{
  LfbNode *source = lfb_node_get_input (dequantize, 0);
  LfbNode *changer = _lfb_changer_of (context, dequantize, ref);
  LfbNode *changed = dequantize;
  LfbNode *other;

  if (changer == NULL)
    {
      changer = _lfb_changer_of (context, source, ref);
      changed = source;
    }
  if (changer != NULL)
    {
      _lfb_lower_context_left (context, quantize, ref, "`%s` changes `%s` in place, which it reads",
                               lfb_node_get_name (changer), lfb_node_get_name (changed));
      return FALSE;
    }

  if (_lfb_changed_by (context, ref) != dequantize)
    return TRUE;
  other = _lfb_other_user (dequantize, ref, FALSE);
  if (other == NULL)
    return TRUE;

  _lfb_lower_context_left (context, quantize, ref, "it changes `%s` in place, which `%s` reads as well",
                           lfb_node_get_name (dequantize), lfb_node_get_name (other));
  return FALSE;
}

/* A reader of @node besides @reader. A dequantize that nothing reads any more is
 * dead, and does not count.
 */
static LfbNode *
other_reader (LfbNode *node,
              LfbNode *reader)
{
  g_autofree LfbNode **users = NULL;
  gsize n_users;

  users = lfb_node_get_users (node, &n_users);
  for (gsize i = 0; i < n_users; i++)
    {
      if (users[i] != reader && !(_lfb_is_dequantize (users[i]) && lfb_node_get_n_users (users[i]) == 0))
        return users[i];
    }

  return NULL;
}

/* Whether @ref, if it works in place, can do so on the tensor in front of
 * @dequantize: nothing else may read that, nor what it is a view of.
 */
gboolean
_lfb_match_in_place (LfbLowerContext *context,
                     LfbNode         *quantize,
                     LfbNode         *ref,
                     LfbNode         *dequantize)
{
  LfbNode *reader = dequantize;

  if (_lfb_changed_by (context, ref) != dequantize)
    return TRUE;

  for (LfbNode *node = lfb_node_get_input (dequantize, 0); node != NULL; node = viewed_by (context, node))
    {
      LfbNode *other = other_reader (node, reader);

      if (other != NULL)
        {
          _lfb_lower_context_left (context, quantize, ref,
                                   "it works in place, and would change `%s`, which `%s` reads as well",
                                   lfb_node_get_name (node), lfb_node_get_name (other));
          return FALSE;
        }
      if (lfb_node_get_op (node) == LFB_OP_PLACEHOLDER || lfb_node_get_op (node) == LFB_OP_GET_ATTR)
        {
          _lfb_lower_context_left (context, quantize, ref, "it works in place, and would change `%s` of the model",
                                   lfb_node_get_name (node));
          return FALSE;
        }
      reader = node;
    }

  return TRUE;
}

static LfbModule *
get_module (LfbNode  *node,
            gpointer  user_data)
{
  return _lfb_lower_context_get_module (user_data, node);
}

gboolean
_lfb_lower_remove_dead_code (LfbLowerContext *context)
{
  return _lfb_graph_remove_dead_code (context->graph, get_module, context);
}
