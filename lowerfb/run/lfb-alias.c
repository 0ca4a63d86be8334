/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-alias-private.h. Nodes fall into classes: those that may share
 * elements, and within them those of which a run will know whether they do. A
 * write has to be followed where another node of its class, made before it, is
 * read after it; it is refused if a run could not tell what that one shows.
 *
 * That depends on strides in PyTorch, where reshape () and contiguous () copy
 * or do not. Here tensors have none, so it can be told only of tensors that are
 * certainly row-major, and of what is made from them by looking at them another
 * way. Inputs and attributes count as row-major.
 */

#include <lowerfb/run/lfb-alias-private.h>

#include <lowerfb/run/lfb-order-private.h>

#include <string.h>

/* Of the nodes of a class so far: that which is read last, the next one, and the
 * last of those of which a run will not know what they share with the first.
 */
typedef struct
{
  gssize last;
  gssize second;
  gssize unsure;
  gboolean written;
  GSList *attributes;   /* nodes, until the first write */
} Class;

typedef struct
{
  LfbPlan *plan;
  LfbGraphModule *model;
  GPtrArray *callables;
  LfbPlanEffect *effects;

  gsize *may;           /* classes by slot: a forest */
  gsize *sure;
  gsize *object;        /* may be the very same tensor */
  gsize *last;          /* the node that reads it last */
  LfbOrder *orders;
  gboolean *lists;      /* may be a list or tuple of tensors */
  gboolean *repeats;    /* may hold one tensor twice */
  Class *classes;       /* of may */
  Class *objects;
  gboolean *tracked;    /* of sure */

  GHashTable *owners;   /* module path: the written attribute below it */
  GHashTable *tensors;  /* written tensor: its attribute */
} Finder;

static LfbNode *
node_at (const Finder *self,
         gsize         slot)
{
  return g_ptr_array_index (self->plan->nodes, slot);
}

static gsize
slot_of (const Finder *self,
         LfbNode      *node)
{
  return GPOINTER_TO_SIZE (g_hash_table_lookup (self->plan->slots, node)) - 1;
}

static gsize
class_of (gsize *forest,
          gsize  slot)
{
  while (forest[slot] != slot)
    {
      forest[slot] = forest[forest[slot]];
      slot = forest[slot];
    }

  return slot;
}

static void
join (gsize *forest,
      gsize  a,
      gsize  b)
{
  forest[class_of (forest, a)] = class_of (forest, b);
}

static void
finder_init (Finder        *self,
             LfbPlan       *plan,
             LfbGraphModule *model,
             GPtrArray     *callables,
             LfbPlanEffect *effects)
{
  gsize n = MAX (plan->n_slots, 1);

  self->plan = plan;
  self->model = model;
  self->callables = callables;
  self->effects = effects;
  self->may = g_new (gsize, n);
  self->sure = g_new (gsize, n);
  self->object = g_new (gsize, n);
  for (gsize i = 0; i < n; i++)
    self->may[i] = self->sure[i] = self->object[i] = i;
  self->last = g_new0 (gsize, n);
  self->orders = g_new0 (LfbOrder, n);
  self->lists = g_new0 (gboolean, n);
  self->repeats = g_new0 (gboolean, n);
  self->classes = g_new (Class, n);
  self->objects = g_new (Class, n);
  for (gsize i = 0; i < n; i++)
    self->classes[i] = self->objects[i] = (Class) { -1, -1, -1, FALSE, NULL };
  self->tracked = g_new0 (gboolean, n);
  self->owners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->tensors = g_hash_table_new (NULL, NULL);
}

static void
finder_clear (Finder *self)
{
  for (gsize i = 0; i < self->plan->n_slots; i++)
    g_slist_free (self->classes[i].attributes);
  g_free (self->may);
  g_free (self->sure);
  g_free (self->object);
  g_free (self->last);
  g_free (self->orders);
  g_free (self->lists);
  g_free (self->repeats);
  g_free (self->classes);
  g_free (self->objects);
  g_free (self->tracked);
  g_hash_table_unref (self->owners);
  g_hash_table_unref (self->tensors);
}

static gboolean
is_list (LfbValue *value)
{
  return value != NULL && (lfb_value_is_sequence (value) || lfb_value_get_kind (value) == LFB_VALUE_KIND_DICT);
}

static LfbOrder
order_of_own (Finder     *self,
              LfbNode    *node,
              LfbModule  *module)
{
  gsize n_inputs;
  g_autofree LfbNode **inputs = lfb_node_get_inputs (node, &n_inputs);
  LfbOrder order;

  if (lfb_order_of_call (node, module, &order))
    return order;
  for (gsize i = 0; i < n_inputs; i++)
    if (self->orders[slot_of (self, inputs[i])] != LFB_ORDER_ROW_MAJOR)
      return LFB_ORDER_UNKNOWN;

  return LFB_ORDER_ROW_MAJOR;
}

static void
join_inputs (Finder  *self,
             LfbNode *node)
{
  gsize n_inputs;
  g_autofree LfbNode **inputs = lfb_node_get_inputs (node, &n_inputs);

  for (gsize i = 0; i < n_inputs; i++)
    join (self->may, slot_of (self, node), slot_of (self, inputs[i]));
}

/* Lists are joined by what adds numbers and tensors too. */
static gboolean
joins_lists (Finder  *self,
             LfbNode *node)
{
  gsize n_inputs, n_args;
  g_autofree LfbNode **inputs = lfb_node_get_inputs (node, &n_inputs);
  LfbValue **args = lfb_node_get_args (node, &n_args);

  if (lfb_node_get_op (node) != LFB_OP_CALL_FUNCTION ||
      (strcmp (lfb_node_get_target (node), "operator.add") != 0 &&
       strcmp (lfb_node_get_target (node), "operator.iadd") != 0))
    return FALSE;
  for (gsize i = 0; i < n_args; i++)
    if (is_list (args[i]))
      return TRUE;
  for (gsize i = 0; i < n_inputs; i++)
    if (self->lists[slot_of (self, inputs[i])])
      return TRUE;

  return FALSE;
}

static void
note_change (Finder  *self,
             LfbNode *node,
             gsize    slot,
             gsize    changed)
{
  const char *name = lfb_node_get_target (node);

  join (self->may, slot, changed);
  join (self->sure, slot, changed);
  join (self->object, slot, changed);
  self->lists[slot] = self->lists[changed];
  if (self->effects[slot].change == LFB_CHANGE_SHAPE)
    {
      if (strcmp (name, "resize_") == 0)
        self->orders[changed] = LFB_ORDER_ROW_MAJOR;
      else if (!strstr (name, "squeeze_") && self->orders[changed] == LFB_ORDER_ROW_MAJOR)
        self->orders[changed] = LFB_ORDER_STRIDED;
    }
  self->orders[slot] = self->orders[changed];
}

static void
note_view (Finder        *self,
           LfbNode       *node,
           LfbPlanEffect *effect)
{
  gsize slot = slot_of (self, node), viewed = effect->viewed;
  gboolean known;

  self->orders[slot] = lfb_order_of_view (node, effect->view, self->orders[viewed], &known);
  join (self->may, slot, viewed);
  if (effect->view != LFB_VIEW_IN_ORDER && effect->view != LFB_VIEW_MOVED)
    join (self->object, slot, viewed);
  self->lists[slot] = self->lists[viewed] || effect->view == LFB_VIEW_MOVED;
  if (self->repeats[viewed])
    known = FALSE;
  if (known)
    join (self->sure, slot, viewed);
  else
    effect->view = LFB_VIEW_NONE;
}

static void
note_parts (Finder                   *self,
            LfbNode                  *node,
            LfbModule                *module,
            const LfbCallableEffects *parts)
{
  gsize slot = slot_of (self, node);

  self->orders[slot] = lfb_module_get_graph_module (module) != NULL ? LFB_ORDER_UNKNOWN
                                                                   : order_of_own (self, node, module);
  self->lists[slot] = parts->repeats || lfb_module_get_graph_module (module) != NULL;
  self->repeats[slot] = parts->repeats;
  if (parts->shows)
    join_inputs (self, node);
}

/* Nodes that show an attribute show the same tensor, under one path or several. */
static void
note_attribute (Finder     *self,
                GHashTable *seen,
                gsize       slot)
{
  LfbValue *value = self->plan->constants[slot];
  gsize first;

  if (value == NULL || lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR)
    return;

  first = GPOINTER_TO_SIZE (g_hash_table_lookup (seen, lfb_value_get_tensor (value)));
  if (first == 0)
    {
      g_hash_table_insert (seen, lfb_value_get_tensor (value), GSIZE_TO_POINTER (slot + 1));
      return;
    }
  self->plan->first[slot] = first - 1;
  join (self->may, slot, first - 1);
  join (self->sure, slot, first - 1);
  join (self->object, slot, first - 1);
}

static LfbModule *
module_of (Finder  *self,
           LfbNode *node)
{
  return lfb_node_get_op (node) == LFB_OP_CALL_MODULE
           ? lfb_graph_module_get_module (self->model, lfb_node_get_target (node)) : NULL;
}

static void
note_node (Finder     *self,
           LfbNode    *node,
           GHashTable *seen)
{
  gsize slot = slot_of (self, node), n_inputs;
  g_autofree LfbNode **inputs = lfb_node_get_inputs (node, &n_inputs);
  LfbCallable *callable = g_ptr_array_index (self->callables, slot);
  LfbPlanEffect *effect = &self->effects[slot];
  LfbModule *module = module_of (self, node);

  for (gsize i = 0; i < n_inputs; i++)
    self->last[slot_of (self, inputs[i])] = slot;
  if (callable == NULL)
    {
      if (lfb_node_get_op (node) == LFB_OP_GET_ATTR)
        note_attribute (self, seen, slot);
      return;
    }
  if (lfb_callable_has_parts (callable))
    {
      note_parts (self, node, module, lfb_callable_get_effects (callable));
      return;
    }

  if (joins_lists (self, node))
    {
      join_inputs (self, node);
      self->lists[slot] = TRUE;
      self->orders[slot] = LFB_ORDER_UNKNOWN;
    }
  if (effect->change != LFB_CHANGE_NONE && effect->changed >= 0)
    note_change (self, node, slot, effect->changed);
  else if (effect->view == LFB_VIEW_ITEMS || (effect->view != LFB_VIEW_NONE && effect->viewed < 0))
    {
      /* of a list that is written out in the graph */
      join_inputs (self, node);
      self->lists[slot] = TRUE;
      self->orders[slot] = LFB_ORDER_UNKNOWN;
      effect->view = LFB_VIEW_NONE;
    }
  else if (effect->view != LFB_VIEW_NONE)
    note_view (self, node, effect);
  else
    self->orders[slot] = order_of_own (self, node, module);
}

/* @slot is there from now on: kept if it is read later than others are. */
static void
class_add (Finder *self,
           Class  *class,
           gsize   slot)
{
  if (class->last < 0 || self->last[slot] > self->last[class->last])
    {
      class->second = class->last;
      class->last = slot;
      if (class->second >= 0 && class_of (self->sure, class->second) != class_of (self->sure, slot))
        class->unsure = class->second;
      return;
    }
  if (class->second < 0 || self->last[slot] > self->last[class->second])
    class->second = slot;
  if (class_of (self->sure, slot) != class_of (self->sure, class->last) &&
      (class->unsure < 0 || self->last[slot] > self->last[class->unsure]))
    class->unsure = slot;
}

/* A node of @class other than @slot that is read after @now, or -1. */
static gssize
class_read_later (Finder *self,
                  Class  *class,
                  gssize  slot,
                  gsize   now)
{
  gssize other = class->last == slot ? class->second : class->last;

  return other >= 0 && self->last[other] > now ? other : -1;
}

/* One of which a run will not know whether it shows what @slot does. */
static gssize
class_unsure_later (Finder *self,
                    Class  *class,
                    gsize   slot,
                    gsize   now)
{
  gssize other = class->last;

  if (other >= 0 && class_of (self->sure, other) == class_of (self->sure, slot))
    other = class->unsure;

  return other >= 0 && self->last[other] > now ? other : -1;
}

static const char *
name_at (const Finder *self,
         gsize         slot)
{
  return lfb_node_get_name (node_at (self, slot));
}

/* Modules that have a written attribute must not be called any more: what they
 * read was prepared before.
 */
static void
add_owners (Finder *self,
            Class  *class)
{
  for (GSList *l = class->attributes; l != NULL; l = l->next)
    {
      LfbNode *node = l->data;
      LfbValue *value = self->plan->constants[slot_of (self, node)];
      g_autofree char *path = g_strdup (lfb_node_get_target (node));
      char *dot;

      if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
        g_hash_table_insert (self->tensors, lfb_value_get_tensor (value), node);
      while ((dot = strrchr (path, '.')) != NULL)
        {
          *dot = '\0';
          g_hash_table_insert (self->owners, g_strdup (path), node);
        }
    }
  g_clear_slist (&class->attributes, NULL);
}

static gboolean
check_module (Finder   *self,
              LfbNode  *node,
              GError  **error)
{
  LfbModule *module = module_of (self, node);
  LfbValue *tensors = module != NULL ? lfb_module_get_tensors (module) : NULL;
  LfbNode *written = g_hash_table_lookup (self->owners, lfb_node_get_target (node));

  for (gsize i = 0; tensors != NULL && written == NULL && i < lfb_value_get_n_items (tensors); i++)
    {
      LfbValue *item = lfb_value_get_item (tensors, i);

      if (lfb_value_get_kind (item) == LFB_VALUE_KIND_TENSOR)
        written = g_hash_table_lookup (self->tensors, lfb_value_get_tensor (item));
    }
  if (written == NULL)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
               "the module has the tensor `%s`, which was written in place before as `%s`",
               lfb_node_get_target (written), lfb_node_get_name (written));
  return FALSE;
}

/* Writes that a run does not follow: none that is read later may be reached. */
static gboolean
check_inputs (Finder      *self,
              LfbNode     *node,
              LfbNode    **inputs,
              gsize        n_inputs,
              const char  *what,
              GError     **error)
{
  gsize now = slot_of (self, node);

  for (gsize i = 0; i < n_inputs; i++)
    {
      Class *class = &self->classes[class_of (self->may, slot_of (self, inputs[i]))];
      gssize other = class_read_later (self, class, -1, now);

      class->written = TRUE;
      add_owners (self, class);
      if (other >= 0)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                       "%s `%s` in place, which may reach `%s`, which is read later", what,
                       lfb_node_get_name (inputs[i]), name_at (self, other));
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
check_parts (Finder   *self,
             LfbNode  *node,
             GError  **error)
{
  gsize n_inputs;
  g_autofree LfbNode **inputs = lfb_node_get_inputs (node, &n_inputs);

  return check_inputs (self, node, inputs, n_inputs, "parts of it write to", error);
}

static gboolean
check_statistics (Finder   *self,
                  LfbNode  *node,
                  GError  **error)
{
  LfbNode *statistics[2];
  gsize n = _lfb_node_get_statistics (node, statistics);

  return check_inputs (self, node, statistics, n, "it updates the running statistics", error);
}

static gboolean
check_change (Finder   *self,
              LfbNode  *node,
              GError  **error)
{
  gsize now = slot_of (self, node);
  const LfbPlanEffect *effect = &self->effects[now];
  gsize changed = effect->changed;
  Class *class = &self->classes[class_of (self->may, changed)];
  gssize other;

  if (effect->change == LFB_CHANGE_SHAPE)
    {
      other = class_read_later (self, &self->objects[class_of (self->object, changed)], changed, now);
      if (other < 0)
        return TRUE;
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "it gives `%s` another shape in place, and `%s`, which is read later, may be the same tensor",
                   name_at (self, changed), name_at (self, other));
      return FALSE;
    }

  class->written = TRUE;
  add_owners (self, class);
  other = class_unsure_later (self, class, changed, now);
  if (other >= 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "it writes to `%s` in place, and it cannot be told whether that reaches `%s`, which is read later",
                   name_at (self, changed), name_at (self, other));
      return FALSE;
    }
  if (class_read_later (self, class, changed, now) >= 0)
    self->tracked[class_of (self->sure, changed)] = TRUE;

  return TRUE;
}

/* Whether a node writes in place must be in the graph. */
static gboolean
check_flag (LfbNode  *node,
            GError  **error)
{
  LfbValue *flag = lfb_node_get_kwarg (node, "inplace");

  if (flag == NULL || lfb_value_get_node (flag) == NULL)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
               "argument `inplace` is computed by `%s`, expected True or False",
               lfb_node_get_name (lfb_value_get_node (flag)));
  return FALSE;
}

static gboolean
check_node (Finder   *self,
            LfbNode  *node,
            GError  **error)
{
  gsize slot = slot_of (self, node);
  LfbCallable *callable = g_ptr_array_index (self->callables, slot);
  Class *class = &self->classes[class_of (self->may, slot)];

  if (!check_flag (node, error) ||
      (lfb_node_get_op (node) == LFB_OP_CALL_MODULE && !check_module (self, node, error)))
    return FALSE;
  if (callable != NULL && lfb_callable_has_parts (callable) && lfb_callable_get_effects (callable)->changes &&
      !check_parts (self, node, error))
    return FALSE;
  if (!check_statistics (self, node, error))
    return FALSE;
  if (self->effects[slot].change != LFB_CHANGE_NONE && self->effects[slot].changed >= 0 &&
      !check_change (self, node, error))
    return FALSE;

  if (lfb_node_get_op (node) == LFB_OP_GET_ATTR && self->plan->constants[slot] != NULL)
    {
      class->attributes = g_slist_prepend (class->attributes, node);
      if (class->written)
        add_owners (self, class);
    }
  class_add (self, class, slot);
  class_add (self, &self->objects[class_of (self->object, slot)], slot);

  return TRUE;
}

/* resize_ takes elements as they lie in memory. */
static gboolean
check_resize (Finder   *self,
              LfbNode  *node,
              GError  **error)
{
  const LfbPlanEffect *effect = &self->effects[slot_of (self, node)];

  if (effect->change != LFB_CHANGE_SHAPE || effect->changed < 0 ||
      strcmp (lfb_node_get_target (node), "resize_") != 0 || self->orders[effect->changed] == LFB_ORDER_ROW_MAJOR)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
               "it takes the elements of `%s` as they lie in memory, and that may not be row-major in PyTorch",
               name_at (self, effect->changed));
  return FALSE;
}

/* What the whole graph does as a part of another. */
static void
find_own_effects (Finder *self)
{
  g_autofree guint8 *held = g_new0 (guint8, MAX (self->plan->n_slots, 1));
  LfbNode *output = self->plan->nodes->len > 0 ? node_at (self, self->plan->nodes->len - 1) : NULL;
  gsize n_inputs = 0;
  g_autofree LfbNode **inputs = NULL;

  if (output != NULL && lfb_node_get_op (output) == LFB_OP_OUTPUT)
    inputs = lfb_node_get_inputs (output, &n_inputs);
  for (gsize i = 0; i < n_inputs; i++)
    {
      gsize class = class_of (self->may, slot_of (self, inputs[i]));

      self->plan->effects.repeats |= held[class] || self->lists[slot_of (self, inputs[i])];
      held[class] = TRUE;
    }
  for (gsize i = 0; i < self->plan->n_slots; i++)
    {
      gsize class = class_of (self->may, i);

      if (lfb_node_get_op (node_at (self, i)) != LFB_OP_PLACEHOLDER)
        continue;
      self->plan->effects.shows |= held[class];
      self->plan->effects.changes |= self->classes[class].written;
    }
}

static void
find_effects (Finder *self)
{
  for (gsize i = 0; i < self->plan->n_slots; i++)
    {
      LfbNode *node = node_at (self, i), *changed, *viewed;
      LfbModule *module = module_of (self, node);
      LfbPlanEffect *effect = &self->effects[i];

      effect->change = _lfb_node_get_change (node, module, &changed);
      effect->changed = changed != NULL ? (gssize) slot_of (self, changed) : -1;
      effect->view = effect->change == LFB_CHANGE_NONE ? _lfb_node_get_view (node, module, &viewed) : LFB_VIEW_NONE;
      effect->viewed = effect->view != LFB_VIEW_NONE && viewed != NULL ? (gssize) slot_of (self, viewed) : -1;
    }
}

static void
keep_track (Finder *self)
{
  gboolean any = FALSE;

  self->plan->tracked = g_new0 (gboolean, MAX (self->plan->n_slots, 1));
  for (gsize i = 0; i < self->plan->n_slots; i++)
    {
      self->plan->tracked[i] = self->tracked[class_of (self->sure, i)];
      any |= self->plan->tracked[i];
    }
  if (!any)
    g_clear_pointer (&self->plan->tracked, g_free);
}

gboolean
lfb_alias_find (LfbPlan            *plan,
                const LfbCompiler  *compiler,
                GPtrArray          *callables,
                LfbPlanEffect      *effects,
                GError            **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  Finder self = { 0 };
  gboolean done = TRUE;
  LfbNode *node = NULL;

  finder_init (&self, plan, compiler->model, callables, effects);
  find_effects (&self);
  for (gsize i = 0; i < plan->n_slots && done; i++)
    {
      node = node_at (&self, i);
      done = check_resize (&self, node, error);
      if (done)
        note_node (&self, node, seen);
    }
  for (gsize i = 0; i < plan->n_slots && done; i++)
    {
      node = node_at (&self, i);
      done = check_node (&self, node, error);
    }
  if (done)
    {
      find_own_effects (&self);
      keep_track (&self);
    }
  else
    {
      g_prefix_error (error, "node `%s` (%s): ", lfb_node_get_name (node), lfb_node_get_target (node));
    }
  finder_clear (&self);

  return done;
}
