/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Matching; the rules are those of doc/lowering-coverage.md, "The static pattern". Every way
 * in which a pattern of the wanted kind fails is written into the journal.
 */

#include <lowerfb/lower/lfb-lower-pattern-private.h>

#include <lowerfb/lower/lfb-lower-changes-private.h>
#include <lowerfb/lower/lfb-lower-range-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>

#include <math.h>

gboolean
_lfb_is_quantize (LfbNode *node)
{
  return lfb_node_is (node, LFB_OP_CALL_FUNCTION, "torch.quantize_per_tensor");
}

gboolean
_lfb_is_dynamic_quantize (LfbNode *node)
{
  return lfb_node_is (node, LFB_OP_CALL_FUNCTION, "torch.quantize_per_tensor_dynamic");
}

gboolean
_lfb_is_dequantize (LfbNode *node)
{
  return lfb_node_is (node, LFB_OP_CALL_METHOD, "dequantize") && lfb_node_get_input (node, 0) != NULL;
}

/* Whether a node is the method `to` with the one argument float16. */
gboolean
_lfb_is_to_half (LfbNode *node)
{
  LfbValue *dtype;
  gsize n_args;

  if (!lfb_node_is (node, LFB_OP_CALL_METHOD, "to") ||
      lfb_value_get_n_items (lfb_node_get_kwargs (node)) > 0)
    return FALSE;

  lfb_node_get_args (node, &n_args);
  if (n_args != 2)
    return FALSE;
  dtype = lfb_node_get_arg (node, 1);

  return lfb_value_get_kind (dtype) == LFB_VALUE_KIND_DTYPE &&
         lfb_value_get_dtype (dtype) == LFB_DTYPE_FLOAT16;
}

/* Whether a node is a relu that can be fused: what torch steps over, and, as an
 * improvement on it, every other spelling.
 */
gboolean
_lfb_is_relu (LfbLowerContext *context,
              LfbNode         *node)
{
  static const char *upstream[] = { LFB_FUNCTIONAL ("relu"), "torch.relu", NULL };
  static const char *others[] = { LFB_FUNCTIONAL ("relu_"), "torch.relu_", NULL };
  static const char *methods[] = { "relu", "relu_", NULL };
  const char *target = lfb_node_get_target (node);

  switch (lfb_node_get_op (node))
    {
    case LFB_OP_CALL_FUNCTION:
      return g_strv_contains (upstream, target) ||
             (!context->strict_upstream && g_strv_contains (others, target));

    case LFB_OP_CALL_METHOD:
      return !context->strict_upstream && g_strv_contains (methods, target);

    case LFB_OP_CALL_MODULE:
      return g_strcmp0 (_lfb_lower_context_get_type (context, node), LFB_FLOAT ("ReLU")) == 0;

    default:
      return FALSE;
    }
}

/* Behind a dynamic linear, torch steps over fewer relus than elsewhere. */
gboolean
_lfb_is_dynamic_relu (LfbLowerContext *context,
                      LfbNode         *node)
{
  if (context->strict_upstream && lfb_node_is (node, LFB_OP_CALL_FUNCTION, "torch.relu"))
    return FALSE;

  return _lfb_is_relu (context, node);
}

/* The element type that a value names. */
gboolean
_lfb_get_dtype (LfbValue *value,
                LfbDType *dtype)
{
  if (value == NULL || lfb_value_get_kind (value) != LFB_VALUE_KIND_DTYPE)
    return FALSE;

  *dtype = lfb_value_get_dtype (value);
  return TRUE;
}

/* The quantized node that a value reads through a dequantize; %NULL if it is
 * no dequantize.
 */
LfbNode *
_lfb_dequantized (LfbValue *value)
{
  LfbNode *node = value != NULL ? lfb_value_get_node (value) : NULL;

  if (node == NULL || !_lfb_is_dequantize (node))
    return NULL;

  return lfb_node_get_input (node, 0);
}

/* An argument that can be given by position or by name. */
LfbValue *
_lfb_node_argument (LfbNode    *node,
                    gsize       position,
                    const char *name)
{
  LfbValue *value = lfb_node_get_arg (node, position);

  return value != NULL ? value : lfb_node_get_kwarg (node, name);
}

static LfbNode *
argument_node (LfbNode    *node,
               gsize       position,
               const char *name)
{
  LfbValue *value = _lfb_node_argument (node, position, name);

  return value != NULL ? lfb_value_get_node (value) : NULL;
}

void
_lfb_quantize_args (LfbNode         *quantize,
                    LfbQuantizeArgs *args)
{
  args->input = argument_node (quantize, 0, "input");
  args->scale = argument_node (quantize, 1, "scale");
  args->zero_point = argument_node (quantize, 2, "zero_point");
  args->dtype_known = _lfb_get_dtype (_lfb_node_argument (quantize, 3, "dtype"), &args->dtype);
}

/* A shape read counts as one only if it asks @node itself, not if @node is the
 * dimension it asks for.
 */
static gboolean
reads_shape_of (LfbNode *user,
                LfbNode *node)
{
  return _lfb_is_shape_read (user) && lfb_node_get_input (user, 0) == node &&
         lfb_node_get_input (user, 1) != node;
}

/* The first user of @node besides @user; %NULL if there is none. */
LfbNode *
_lfb_other_user (LfbNode  *node,
                 LfbNode  *user,
                 gboolean  ignore_shape_reads)
{
  g_autofree LfbNode **users = NULL;
  gsize n_users;

  if (lfb_node_get_n_users (node) <= 1 && user != NULL)
    return NULL;

  users = lfb_node_get_users (node, &n_users);
  for (gsize i = 0; i < n_users; i++)
    {
      if (users[i] != user && !(ignore_shape_reads && reads_shape_of (users[i], node)))
        return users[i];
    }

  return NULL;
}

/* The one user of @node; %NULL if there are several or none. */
LfbNode *
_lfb_only_user (LfbNode  *node,
                gboolean  ignore_shape_reads)
{
  LfbNode *user = _lfb_other_user (node, NULL, ignore_shape_reads);

  if (user == NULL || _lfb_other_user (node, user, ignore_shape_reads) != NULL)
    return NULL;

  return user;
}

const char *
_lfb_ordinal (guint position)
{
  static const char *ordinals[] = { "first", "second", "third", "fourth", "fifth", "sixth" };

  return position < G_N_ELEMENTS (ordinals) ? ordinals[position] : "last";
}

/* What a node does, for people: `add` (torch.add), or `conv` (a Conv2d). */
char *
_lfb_describe (LfbLowerContext *context,
               LfbNode         *node)
{
  const char *target = lfb_node_get_target (node);
  const char *type;

  switch (lfb_node_get_op (node))
    {
    case LFB_OP_PLACEHOLDER:
      return g_strdup_printf ("the input `%s` of the model", lfb_node_get_name (node));

    case LFB_OP_GET_ATTR:
      return g_strdup_printf ("the attribute `%s`", target);

    case LFB_OP_CALL_METHOD:
      return g_strdup_printf ("`%s` (method %s)", lfb_node_get_name (node), target);

    case LFB_OP_CALL_MODULE:
      type = _lfb_lower_context_get_type (context, node);
      return g_strdup_printf ("`%s` (%s)", lfb_node_get_name (node), type != NULL ? type : target);

    default:
      return g_strdup_printf ("`%s` (%s)", lfb_node_get_name (node), target);
    }
}

/* An int8 kernel reads quint8 with one scale. What is not known, such as the
 * element type of a placeholder, is taken to be right.
 */
gboolean
_lfb_match_activation (LfbLowerContext *context,
                       LfbNode         *quantize,
                       LfbNode         *ref,
                       LfbNode         *dequantized)
{
  LfbRange range;

  _lfb_range_of (context, dequantized, &range);
  if (!range.dtype_known || (range.dtype == LFB_DTYPE_QUINT8 && range.per_tensor))
    return TRUE;

  _lfb_lower_context_left (context, quantize, ref,
                           "it reads `%s`, which is %s%s; the kernel reads quint8 with one scale only",
                           lfb_node_get_name (dequantized), lfb_dtype_to_string (range.dtype),
                           range.per_tensor ? "" : " per channel");
  return FALSE;
}

/* The kernels write quint8, in a range that is known when the model is lowered. */
gboolean
_lfb_match_output (LfbLowerContext *context,
                   LfbNode         *quantize,
                   LfbNode         *ref,
                   LfbStaticMatch  *match)
{
  LfbQuantizeArgs args;
  double zero_point;

  _lfb_quantize_args (quantize, &args);
  if (!args.dtype_known || args.dtype != LFB_DTYPE_QUINT8)
    {
      _lfb_lower_context_left (context, quantize, ref,
                               "`%s` quantizes its output to %s; the kernel makes quint8 only",
                               lfb_node_get_name (quantize),
                               args.dtype_known ? lfb_dtype_to_string (args.dtype) : "a type that is not known");
      return FALSE;
    }
  if (args.scale == NULL || lfb_node_get_op (args.scale) != LFB_OP_GET_ATTR ||
      !_lfb_read_number (context, args.scale, &match->scale))
    {
      _lfb_lower_context_left (context, quantize, ref, "the output scale that `%s` uses is not an attribute",
                               lfb_node_get_name (quantize));
      return FALSE;
    }
  if (args.zero_point == NULL || lfb_node_get_op (args.zero_point) != LFB_OP_GET_ATTR ||
      !_lfb_read_number (context, args.zero_point, &zero_point))
    {
      _lfb_lower_context_left (context, quantize, ref, "the output zero point that `%s` uses is not an attribute",
                               lfb_node_get_name (quantize));
      return FALSE;
    }
  if (!(match->scale > 0) || !isfinite (match->scale) || zero_point != floor (zero_point) ||
      zero_point < 0 || zero_point > 255)
    {
      _lfb_lower_context_left (context, quantize, ref,
                               "`%s` quantizes its output with scale %g and zero point %g, which no quint8 has",
                               lfb_node_get_name (quantize), match->scale, zero_point);
      return FALSE;
    }

  match->quantize = quantize;
  match->ref = ref;
  match->scale_node = args.scale;
  match->zero_point_node = args.zero_point;
  match->zero_point = zero_point;

  return TRUE;
}

/* Lowering changes what @ref gives, and takes @relu away: nobody else may look. */
gboolean
_lfb_match_users (LfbLowerContext *context,
                  LfbNode         *quantize,
                  LfbNode         *ref,
                  LfbNode         *relu,
                  gboolean         moves)
{
  LfbNode *other = _lfb_other_user (ref, relu != NULL ? relu : quantize, !moves);

  if (other != NULL)
    {
      _lfb_lower_context_left (context, quantize, ref, "`%s` reads its float result as well",
                               lfb_node_get_name (other));
      return FALSE;
    }

  other = relu != NULL ? _lfb_other_user (relu, quantize, !moves) : NULL;
  if (other != NULL)
    {
      _lfb_lower_context_left (context, quantize, ref, "`%s` reads the float result of `%s` as well",
                               lfb_node_get_name (other), lfb_node_get_name (relu));
      return FALSE;
    }

  return TRUE;
}

/* The arguments that must come through a dequantize. */
static gboolean
match_positions (LfbLowerContext        *context,
                 LfbNode                *quantize,
                 LfbNode                *ref,
                 const LfbStaticPattern *pattern)
{
  gboolean found = FALSE;

  for (guint i = 0; i < pattern->n_positions; i++)
    {
      LfbValue *value = lfb_node_get_arg (ref, i);

      if (value == NULL)
        {
          _lfb_lower_context_left (context, quantize, ref, "its %s input is not given by position",
                                   _lfb_ordinal (i));
          return FALSE;
        }
      if (_lfb_dequantized (value) != NULL)
        {
          found = TRUE;
        }
      else if (lfb_value_get_node (value) != NULL)
        {
          _lfb_lower_context_left (context, quantize, ref, "its %s input `%s` is not dequantized",
                                   _lfb_ordinal (i), lfb_node_get_name (lfb_value_get_node (value)));
          return FALSE;
        }
      else if (pattern->only_nodes)
        {
          _lfb_lower_context_left (context, quantize, ref, "its %s input is a constant, not a quantized tensor",
                                   _lfb_ordinal (i));
          return FALSE;
        }
    }

  if (!found)
    _lfb_lower_context_left (context, quantize, ref, "none of its inputs is dequantized");

  return found;
}

/* Matches dequantize, a node of the wanted kind, maybe a relu, and @node, which
 * quantizes.
 */
static gboolean
match_static (LfbLowerContext        *context,
              LfbNode                *node,
              const LfbStaticPattern *pattern,
              LfbStaticMatch         *match)
{
  LfbNode *ref, *relu = NULL;
  LfbQuantizeArgs args;
  gsize n_args;

  if (!_lfb_is_quantize (node))
    return FALSE;

  _lfb_quantize_args (node, &args);
  ref = args.input;
  if (ref != NULL && !pattern->no_relu && _lfb_is_relu (context, ref) && lfb_node_get_input (ref, 0) != NULL)
    {
      relu = ref;
      ref = lfb_node_get_input (relu, 0);
    }
  if (ref == NULL || !pattern->wanted (context, ref))
    return FALSE;

  if (_lfb_lower_context_skips (context, ref))
    {
      _lfb_lower_context_left (context, node, ref, "its entry in the qconfig map is none");
      return FALSE;
    }
  if (!match_positions (context, node, ref, pattern))
    return FALSE;
  lfb_node_get_args (ref, &n_args);
  if (pattern->exact && n_args != pattern->n_positions)
    {
      _lfb_lower_context_left (context, node, ref, "it has %" G_GSIZE_FORMAT " arguments, not %u",
                               n_args, pattern->n_positions);
      return FALSE;
    }

  for (guint i = 0; i < pattern->n_activations; i++)
    {
      LfbNode *dequantized = _lfb_dequantized (lfb_node_get_arg (ref, i));

      if (dequantized != NULL && !_lfb_match_activation (context, node, ref, dequantized))
        return FALSE;
    }
  for (guint i = 0; i < pattern->n_positions; i++)
    {
      if (_lfb_dequantized (lfb_node_get_arg (ref, i)) != NULL &&
          !_lfb_match_unchanged (context, node, ref, lfb_node_get_input (ref, i)))
        return FALSE;
    }
  if (!_lfb_match_output (context, node, ref, match) ||
      !_lfb_match_users (context, node, ref, relu, pattern->moves))
    return FALSE;

  match->relu = relu;
  return TRUE;
}

/* Lowers whatever matches @pattern, in the order of the graph. */
gboolean
_lfb_lower_static (LfbLowerContext        *context,
                   const LfbStaticPattern *pattern)
{
  gboolean changed = FALSE;
  LfbNode *next;

  for (LfbNode *node = lfb_graph_get_first (context->graph); node != NULL; node = next)
    {
      LfbStaticMatch match;

      next = lfb_node_get_next (node);
      if (match_static (context, node, pattern, &match))
        changed |= pattern->rewrite (context, &match);
    }

  return changed;
}
