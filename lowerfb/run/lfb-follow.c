/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the result of a step shows, decided as PyTorch decides it: operators
 * that look at a tensor another way run on the places of its elements too.
 */

#include <lowerfb/run/lfb-plan-private.h>

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-index-private.h>

#include <string.h>

/* The step's call once more, of @subject in place of what it was called with. */
static LfbValue *
call_on (const LfbPlanCall  *call,
         LfbValue           *subject,
         GError            **error)
{
  g_autofree LfbValue **args = g_memdup2 (call->args, call->n_args * sizeof *args);
  g_autofree LfbValue **values = g_memdup2 (call->values, call->n_values * sizeof *values);

  if (call->n_args > 0)
    args[0] = subject;
  for (gsize i = 0; i < call->n_values && call->n_args == 0; i++)
    if (strcmp (call->names[i], "input") == 0)
      values[i] = subject;

  return lfb_callable_run (call->callable, call->runtime, args, call->n_args,
                           call->names, values, call->n_values, error);
}

static LfbValue *
named (const LfbPlanCall *call,
       const char        *name)
{
  for (gsize i = 0; i < call->n_values; i++)
    if (strcmp (call->names[i], name) == 0)
      return call->values[i];

  return NULL;
}

static LfbValue *
subject_of (const LfbPlanCall *call)
{
  return call->n_args > 0 ? call->args[0] : named (call, "input");
}

/* An int, also as a tensor without dimensions, a slice, None or ..., or a tuple
 * of them. Lists, masks and tensors of indices gather copies.
 */
static gboolean
index_is_basic (LfbValue *index)
{
  LfbTensor *tensor;

  switch (lfb_value_get_kind (index))
    {
    case LFB_VALUE_KIND_INT:
    case LFB_VALUE_KIND_SLICE:
    case LFB_VALUE_KIND_NONE:
    case LFB_VALUE_KIND_ELLIPSIS:
      return TRUE;

    case LFB_VALUE_KIND_TENSOR:
      tensor = lfb_value_get_tensor (index);
      return lfb_tensor_get_n_dims (tensor) == 0 && !lfb_dtype_is_floating_point (lfb_tensor_get_dtype (tensor)) &&
             lfb_tensor_get_dtype (tensor) != LFB_DTYPE_BOOL && lfb_tensor_get_dtype (tensor) != LFB_DTYPE_UINT8;

    case LFB_VALUE_KIND_TUPLE:
      for (gsize i = 0; i < lfb_value_get_n_items (index); i++)
        if (lfb_value_get_kind (lfb_value_get_item (index, i)) == LFB_VALUE_KIND_TUPLE ||
            !index_is_basic (lfb_value_get_item (index, i)))
          return FALSE;
      return TRUE;

    default:
      return FALSE;
    }
}

static LfbValue *
index_of (const LfbPlanCall *call)
{
  return call->n_args > 1 ? call->args[1] : named (call, "index");
}

/* to (..., copy=True), also by position, behind the dtype, device or tensor and
 * non_blocking.
 */
static gboolean
wants_copy (const LfbPlanCall *call)
{
  LfbValue *copy = named (call, "copy");
  gsize position = 1;

  if (strcmp (lfb_callable_get_name (call->callable), "to") != 0)
    return FALSE;
  while (position < call->n_args && lfb_value_get_kind (call->args[position]) != LFB_VALUE_KIND_BOOL)
    position++;
  if (copy == NULL && position + 1 < call->n_args)
    copy = call->args[position + 1];

  return copy != NULL && lfb_value_get_kind (copy) == LFB_VALUE_KIND_BOOL && lfb_value_get_bool (copy);
}

static gboolean
is_alike (LfbTensor *a,
          LfbTensor *b)
{
  return lfb_tensor_get_dtype (a) == lfb_tensor_get_dtype (b) &&
         lfb_tensor_get_scale (a) == lfb_tensor_get_scale (b) &&
         lfb_tensor_get_zero_point (a) == lfb_tensor_get_zero_point (b);
}

/* Whether the result has the elements of the tensor that it was made from. */
static gboolean
shares (const LfbPlanCall  *call,
        LfbView             view,
        LfbTensor          *before,
        LfbTensor          *after,
        LfbValue           *result)
{
  switch (view)
    {
    case LFB_VIEW_NONE:
    case LFB_VIEW_ITEMS:
    case LFB_VIEW_PERHAPS:
      return FALSE;
    case LFB_VIEW_SAME:
    case LFB_VIEW_IN_ORDER:
    case LFB_VIEW_MOVED:
      return TRUE;
    case LFB_VIEW_IF_TYPE:
      return !wants_copy (call) && lfb_value_get_kind (result) == LFB_VALUE_KIND_TENSOR &&
             is_alike (lfb_value_get_tensor (result), lfb_value_get_tensor (subject_of (call)));
    case LFB_VIEW_IF_BASIC:
      return index_is_basic (index_of (call));
    case LFB_VIEW_IF_STRIDED:
      return lfb_places_are_strided (after);
    case LFB_VIEW_IF_ROW_MAJOR:
      return lfb_places_are_row_major (before);
    default:
      g_return_val_if_reached (FALSE);
    }
}

/* What @result shows, where the step looks at what @subject shows. */
LfbTrack *
lfb_follow_view (const LfbPlanCall  *call,
                 LfbView             view,
                 const LfbTrack     *subject,
                 LfbValue           *result,
                 GError            **error)
{
  g_autoptr (LfbTensor) places = NULL;
  g_autoptr (LfbValue) before = NULL;
  g_autoptr (LfbValue) after = NULL;
  gboolean converts = view == LFB_VIEW_SAME || view == LFB_VIEW_IF_TYPE;

  if (view == LFB_VIEW_NONE)
    return lfb_track_new (result);
  if (!lfb_track_is_tensor (subject))
    {
      before = lfb_track_number (subject, subject_of (call), error);
      after = before != NULL ? call_on (call, before, error) : NULL;
      return after != NULL ? lfb_track_pick (subject, after, result) : NULL;
    }
  if (converts)
    return shares (call, view, NULL, NULL, result) ? lfb_track_copy (subject) : lfb_track_new (result);

  /* masks and the like may have other sizes than places: not run if not shared */
  if (view == LFB_VIEW_IF_BASIC && !index_is_basic (index_of (call)))
    return lfb_track_new (result);
  places = lfb_track_get_places (subject, error);
  if (places == NULL)
    return NULL;
  before = lfb_value_for_tensor (places);
  after = call_on (call, before, error);
  if (after == NULL)
    return NULL;
  if (!shares (call, view, places,
               lfb_value_get_kind (after) == LFB_VALUE_KIND_TENSOR ? lfb_value_get_tensor (after) : NULL, result))
    return lfb_track_new (result);

  return lfb_track_look (subject, after);
}

/* What was written by index is written alone: an element may stand for several
 * where others are written, and where all are the same number.
 */
static gboolean
write_items (const LfbPlanCall  *call,
             LfbTrack           *subject,
             LfbTensor          *result,
             GError            **error)
{
  g_autoptr (LfbTensor) all = lfb_track_get_places (subject, error);
  g_autoptr (LfbTensor) places = NULL;
  g_autoptr (LfbTensor) elements = NULL;
  LfbValue *value = call->n_args > 2 ? call->args[2] : named (call, "value");
  gboolean once = index_is_basic (index_of (call)) && lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR;

  if (all == NULL)
    return FALSE;
  places = lfb_index_tensor (all, index_of (call), error);
  elements = places != NULL ? lfb_index_tensor (result, index_of (call), error) : NULL;

  return elements != NULL && lfb_track_write (subject, places, elements, once, error);
}

/* Writes @result to what @subject shows. One element may stand for several where
 * a number is written to all or some of them.
 */
gboolean
lfb_follow_write (const LfbPlanCall  *call,
                  LfbTrack           *subject,
                  LfbValue           *result,
                  GError            **error)
{
  static const char * const fills[] = { "zero_", "fill_", "masked_fill_", NULL };
  const char *name = lfb_callable_get_name (call->callable);
  LfbTensor *tensor;

  if (lfb_value_get_kind (result) != LFB_VALUE_KIND_TENSOR)
    {
      g_autofree char *found = lfb_value_describe (result);

      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "%s cannot be written to a tensor in place", found);
      return FALSE;
    }

  tensor = lfb_value_get_tensor (result);
  if (g_str_has_suffix (name, "setitem") || g_str_has_suffix (name, "__setitem__"))
    return write_items (call, subject, tensor, error);

  if (g_strv_contains (fills, name))
    return lfb_track_write (subject, NULL, tensor, FALSE, error);

  if (!lfb_track_write (subject, NULL, tensor, TRUE, error))
    return FALSE;
  lfb_track_set_updated (subject);

  return TRUE;
}
