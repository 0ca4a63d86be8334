/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dynamic functionals (doc/lowering-coverage.md, pass 6).
 *
 *   dynamic quantize -> dequantize, quantize -> dequantize -> linear [-> relu]
 *
 * becomes a prepack call and an operator that quantizes its float input itself.
 * Nodes are taken from the last to the first. A relu goes into the operator if
 * it is the only reader.
 *
 * Rule: _lower_dynamic_weighted_ref_functional of PyTorch. Unless that is
 * followed strictly, convolutions are lowered as well (which PyTorch's table
 * says but its code never does), without their relu, for which there is no form.
 */

#include <lowerfb/lower/lfb-lower-changes-private.h>
#include <lowerfb/lower/lfb-lower-prepack-private.h>
#include <lowerfb/lower/lfb-lower-rewrite-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

typedef struct
{
  LfbNode *ref;
  LfbNode *relu; /* NULL: none goes into the operator */
  LfbNode *quantize;
  LfbNode *input;
  LfbNode *weight;
  gboolean half;
  const LfbFunctionalRow *row;
  const char *target;
} Match;

/* The operator for these types; the reason why there is none is in the journal. */
static gboolean
choose_target (LfbLowerContext *context,
               Match           *match,
               LfbDType         activation,
               LfbDType         weight)
{
  const LfbFunctionalRow *row = match->row;
  const char *plain = NULL, *with_relu = NULL;

  if (row->n_dims > 0 && context->strict_upstream)
    {
      _lfb_lower_context_left (context, match->quantize, match->ref,
                               "upstream leaves dynamic convolution functions alone, and is followed strictly");
      return FALSE;
    }

  if (activation == LFB_DTYPE_QUINT8 && weight == LFB_DTYPE_QINT8)
    {
      plain = row->dynamic;
      with_relu = row->dynamic_relu;
    }
  else if (activation == LFB_DTYPE_FLOAT16 && weight == LFB_DTYPE_FLOAT16)
    {
      plain = row->dynamic_half;
      with_relu = row->dynamic_half_relu;
    }
  if (plain == NULL)
    {
      _lfb_lower_context_left (context, match->quantize, match->ref,
                               "there is no dynamic kernel of %s for %s activations and %s weights",
                               row->function, lfb_dtype_to_string (activation), lfb_dtype_to_string (weight));
      return FALSE;
    }

  if (with_relu == NULL)
    match->relu = NULL;
  match->half = activation == LFB_DTYPE_FLOAT16;
  match->target = match->relu != NULL ? with_relu : plain;

  return TRUE;
}

/* The float input is read later than the quantize read it. */
static gboolean
match_unchanged (LfbLowerContext *context,
                 const Match     *match)
{
  LfbNode *changer;

  if (!_lfb_match_unchanged (context, match->quantize, match->ref, lfb_node_get_input (match->ref, 0)) ||
      !_lfb_match_unchanged (context, match->quantize, match->ref, lfb_node_get_input (match->ref, 1)))
    return FALSE;
  changer = _lfb_changer_of (context, match->input, NULL);
  if (changer == NULL)
    return TRUE;

  _lfb_lower_context_left (context, match->quantize, match->ref, "`%s` changes `%s` in place, which it would read",
                           lfb_node_get_name (changer), lfb_node_get_name (match->input));
  return FALSE;
}

static gboolean
match_call (LfbLowerContext *context,
            LfbNode         *ref,
            Match           *match)
{
  LfbValue *input;
  LfbNode *user;
  LfbDType activation, weight;

  *match = (Match) { .ref = ref, .row = _lfb_functional_row (ref) };
  if (match->row == NULL)
    return FALSE;
  match->quantize = _lfb_dequantized (lfb_node_get_arg (ref, 0));
  if (match->quantize == NULL || !_lfb_is_dynamic_quantize (match->quantize))
    return FALSE;

  if (_lfb_lower_context_skips (context, ref))
    {
      _lfb_lower_context_left (context, match->quantize, ref, "its entry in the qconfig map is none");
      return FALSE;
    }
  match->weight = _lfb_dequantized (lfb_node_get_arg (ref, 1));
  if (match->weight == NULL)
    {
      LfbNode *weight = lfb_node_get_input (ref, 1);

      if (weight != NULL)
        _lfb_lower_context_left (context, match->quantize, ref, "its second input `%s` is not dequantized",
                                 lfb_node_get_name (weight));
      else
        _lfb_lower_context_left (context, match->quantize, ref, "its second input is not given by position");
      return FALSE;
    }
  input = _lfb_node_argument (match->quantize, 0, "input");
  match->input = input != NULL ? lfb_value_get_node (input) : NULL;
  if (match->input == NULL ||
      !_lfb_get_dtype (_lfb_node_argument (match->quantize, 1, "dtype"), &activation))
    {
      _lfb_lower_context_left (context, match->quantize, ref, "what `%s` quantizes, and to what type, is not known",
                               lfb_node_get_name (match->quantize));
      return FALSE;
    }

  if (!match_unchanged (context, match))
    return FALSE;
  if (_lfb_is_to_half (match->weight))
    weight = LFB_DTYPE_FLOAT16;
  else if (!_lfb_match_weight (context, match->quantize, ref, match->row, match->weight, &weight))
    return FALSE;

  user = _lfb_only_user (ref, FALSE);
  if (user != NULL && _lfb_is_dynamic_relu (context, user) && lfb_node_get_input (user, 0) == ref)
    match->relu = user;

  return choose_target (context, match, activation, weight);
}

static LfbValue *
get_reduce_range (LfbNode *quantize)
{
  LfbValue *value = _lfb_node_argument (quantize, 2, "reduce_range");

  return value != NULL ? lfb_value_ref (value) : lfb_value_for_bool (FALSE);
}

static gboolean
lower_call (LfbLowerContext *context,
            LfbNode         *ref)
{
  g_autoptr (LfbPrepack) prepack = NULL;
  LfbValue *args[3];
  LfbNode *packed;
  Match match;

  if (!match_call (context, ref, &match))
    return FALSE;
  prepack = _lfb_prepack_new (context, match.quantize, ref, match.row, match.weight, match.half);
  if (prepack == NULL)
    return FALSE;

  _lfb_lower_context_took (context, ref, match.target);
  _lfb_lower_context_took (context, match.quantize, match.target);
  _lfb_lower_context_took (context, match.weight, prepack->function);

  packed = _lfb_prepack_insert (prepack, context);
  _lfb_place_before (packed, ref);
  args[0] = lfb_value_for_node (match.input);
  args[1] = lfb_value_for_node (packed);
  args[2] = get_reduce_range (match.quantize);
  _lfb_set_call (ref, match.target, args, match.half ? 2 : 3, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (args); i++)
    lfb_value_unref (args[i]);
  if (match.relu != NULL)
    _lfb_swallow_relu (context, match.relu, ref);
  _lfb_lower_context_rewritten (context, ref, "became %s", match.target);

  return TRUE;
}

gboolean
_lfb_lower_dynamic_functionals (LfbLowerContext  *context,
                                GError          **error)
{
  gboolean changed = FALSE;
  LfbNode *previous;

  for (LfbNode *node = lfb_graph_get_last (context->graph); node != NULL; node = previous)
    {
      previous = lfb_node_get_previous (node);
      changed |= lower_call (context, node);
    }

  return changed;
}
