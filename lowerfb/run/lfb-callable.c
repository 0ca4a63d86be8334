/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-callable-private.h. */

#include <lowerfb/run/lfb-callable-private.h>

#include <lowerfb/graph/lfb-effects-private.h>

#include <string.h>

struct _LfbCallable {
  char *name;
  LfbOperatorKind kind;

  /* An operator; with a module's settings in @bound, where set. */
  const LfbOperatorInfo *info;
  LfbValue **bound;
  gpointer state;

  LfbCallableEffects effects;

  /* If the operator is a module made of parts. */
  GPtrArray *parts;

  /* A graph. */
  const LfbSubgraphFuncs *subgraphs;
  gpointer subgraph;
};

static LfbCallable *
callable_new (LfbOperatorKind        kind,
              const LfbOperatorInfo *info,
              const char            *name)
{
  LfbCallable *self = g_new0 (LfbCallable, 1);

  self->kind = kind;
  self->info = info;
  self->name = g_strdup (name);
  if (info != NULL)
    self->bound = g_new0 (LfbValue *, MAX (info->n_parameters, 1));

  return self;
}

void
lfb_callable_free (LfbCallable *self)
{
  if (self == NULL)
    return;

  if (self->info != NULL)
    for (gsize i = 0; i < self->info->n_parameters; i++)
      g_clear_pointer (&self->bound[i], lfb_value_unref);
  if (self->state != NULL)
    self->info->row->free_state (self->state);
  g_clear_pointer (&self->parts, g_ptr_array_unref);
  if (self->subgraph != NULL)
    self->subgraphs->free (self->subgraph);
  g_free (self->bound);
  g_free (self->name);
  g_free (self);
}

const char *
lfb_callable_get_name (const LfbCallable *self)
{
  return self->name;
}

LfbCallable *
lfb_callable_new_operator (LfbOperatorKind   kind,
                           const char       *name,
                           GError          **error)
{
  const LfbOperatorInfo *info = lfb_operator_lookup (kind, name);

  if (info == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "there is no operator %s%s",
                   kind == LFB_OPERATOR_METHOD ? "for the method " : "", name);
      return NULL;
    }

  return callable_new (kind, info, name);
}

/* The settings and tensors of a module under the names of parameters. */
static void
bind_module (LfbCallable *self,
             LfbModule   *module)
{
  LfbValue *sources[2] = { lfb_module_get_tensors (module), lfb_module_get_config (module) };

  for (gsize i = 0; i < self->info->n_parameters; i++)
    {
      const LfbParameter *parameter = &self->info->parameters[i];

      if (parameter->forward)
        continue;
      for (gsize j = 0; j < G_N_ELEMENTS (sources) && self->bound[i] == NULL; j++)
        {
          LfbValue *value = lfb_value_lookup (sources[j], parameter->name);

          if (value != NULL)
            self->bound[i] = lfb_value_ref (value);
        }
      /* The recurrent modules have as many tensors as layers: all at once. */
      if (self->bound[i] == NULL && strcmp (parameter->name, "tensors") == 0)
        self->bound[i] = lfb_value_ref (sources[0]);
      else if (self->bound[i] == NULL && strcmp (parameter->name, "settings") == 0)
        self->bound[i] = lfb_value_ref (sources[1]);
    }
}

/* The first part has the argument; the next has it too if that shows it. */
static void
find_effects (LfbCallable *self)
{
  self->effects.shows = TRUE;
  for (guint i = 0; i < self->parts->len && self->effects.shows; i++)
    {
      const LfbCallableEffects *part = lfb_callable_get_effects (g_ptr_array_index (self->parts, i));

      self->effects.changes |= part->changes;
      self->effects.shows = part->shows;
    }
  for (guint i = 0; i < self->parts->len; i++)
    {
      const LfbCallableEffects *part = lfb_callable_get_effects (g_ptr_array_index (self->parts, i));

      self->effects.repeats = part->repeats || (self->effects.repeats && part->shows);
    }
  if (self->info->row->sequence->adds)
    self->effects.shows = FALSE;
}

static gboolean
add_parts (LfbCallable        *self,
           const LfbCompiler  *outer,
           const char         *path,
           GError            **error)
{
  const LfbSequence *sequence = self->info->row->sequence;
  LfbCompiler compiler = *outer;

  compiler.depth++;
  self->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_callable_free);
  for (gsize i = 0;; i++)
    {
      g_autofree char *part_path = g_strdup_printf ("%s.%" G_GSIZE_FORMAT, path, i);
      LfbCallable *part;

      if (lfb_graph_module_get_module (compiler.model, part_path) == NULL)
        break;
      part = lfb_callable_new_module (&compiler, part_path, error);
      if (part == NULL)
        return FALSE;
      g_ptr_array_add (self->parts, part);
    }
  if (self->parts->len < sequence->min_parts)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                   "module `%s` (%s) has %u parts, expected %" G_GSIZE_FORMAT " under `%s.0`, ...",
                   path, self->name, self->parts->len, sequence->min_parts, path);
      return FALSE;
    }
  find_effects (self);
  if (sequence->adds)
    {
      g_ptr_array_set_size (self->parts, 1);
      g_ptr_array_add (self->parts, lfb_callable_new_operator (LFB_OPERATOR_FUNCTION, "torch.add", NULL));
      if (sequence->relu)
        g_ptr_array_add (self->parts, lfb_callable_new_operator (LFB_OPERATOR_FUNCTION, "torch.relu", NULL));
    }

  return TRUE;
}

LfbCallable *
lfb_callable_new_module (const LfbCompiler  *compiler,
                         const char         *path,
                         GError            **error)
{
  LfbModule *module = lfb_graph_module_get_module (compiler->model, path);
  g_autoptr (LfbCallable) self = NULL;
  const LfbOperatorInfo *info;
  const char *type;

  if (module == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH, "the model has no module `%s`", path);
      return NULL;
    }

  if (compiler->depth > LFB_COMPILER_MAX_DEPTH || ++*compiler->budget > LFB_COMPILER_MAX_PARTS)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_INVALID_GRAPH,
                   "module `%s` has parts or graphs nested deeper than %d, or more than %d of them",
                   path, LFB_COMPILER_MAX_DEPTH, LFB_COMPILER_MAX_PARTS);
      return NULL;
    }

  type = lfb_module_get_type_name (module);
  if (lfb_module_get_graph_module (module) != NULL)
    {
      self = callable_new (LFB_OPERATOR_MODULE, NULL, type);
      self->subgraphs = compiler->subgraphs;
      self->subgraph = self->subgraphs->make (lfb_module_get_graph_module (module), compiler, error);

      return self->subgraph != NULL ? g_steal_pointer (&self) : NULL;
    }
  info = lfb_operator_lookup (LFB_OPERATOR_MODULE, type);
  if (info == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "there is no operator for the module type %s (`%s`)", type, path);
      return NULL;
    }
  self = callable_new (LFB_OPERATOR_MODULE, info, type);
  if (info->row->sequence != NULL)
    return add_parts (self, compiler, path, error) ? g_steal_pointer (&self) : NULL;
  bind_module (self, module);
  self->effects.changes = _lfb_module_works_in_place (module);
  self->effects.shows = self->effects.changes || _lfb_module_get_view (module) != LFB_VIEW_NONE;

  return g_steal_pointer (&self);
}

/* Whether it runs other callables or a graph, rather than an operator. */
gboolean
lfb_callable_has_parts (const LfbCallable *self)
{
  return self->parts != NULL || self->subgraph != NULL;
}

const LfbCallableEffects *
lfb_callable_get_effects (const LfbCallable *self)
{
  return self->subgraph != NULL ? self->subgraphs->get_effects (self->subgraph) : &self->effects;
}

/* Where an argument given by position goes while preparing: %NULLs are skipped
 * rather than missing.
 */
gboolean
lfb_callable_prepare (LfbCallable         *self,
                      const LfbRuntime    *runtime,
                      LfbValue           **args,
                      gsize                n_args,
                      const char * const  *names,
                      LfbValue           **values,
                      gsize                n_values,
                      GError             **error)
{
  g_autofree LfbValue **bound = NULL;
  gboolean is_module = self->kind == LFB_OPERATOR_MODULE;
  gsize position = 0;
  LfbCall call = { 0 };

  if (self->parts != NULL)
    {
      for (guint i = 0; i < self->parts->len; i++)
        if (!lfb_callable_prepare (g_ptr_array_index (self->parts, i), runtime, NULL, 0, NULL, NULL, 0, error))
          return FALSE;
      return TRUE;
    }
  if (self->info == NULL || self->info->row->prepare == NULL)
    return TRUE;

  bound = g_memdup2 (self->bound, self->info->n_parameters * sizeof *bound);
  for (gsize i = 0; i < self->info->n_parameters; i++)
    {
      const LfbParameter *parameter = &self->info->parameters[i];
      gboolean given = FALSE;

      if (position < n_args && !parameter->variadic && (!is_module || parameter->forward))
        {
          bound[i] = args[position++];
          given = TRUE;
        }
      for (gsize j = 0; j < n_values; j++)
        if (lfb_bind_parameter (self->info, names[j]) == (gssize) i)
          {
            bound[i] = values[j];
            given = TRUE;
          }
      if (bound[i] == NULL && !given)
        bound[i] = parameter->fallback;
      if (parameter->prepared && bound[i] == NULL)
        return TRUE;
      if (!parameter->prepared)
        bound[i] = NULL;
    }

  call.info = self->info;
  call.runtime = runtime;
  call.name = self->name;
  call.values = bound;
  self->state = self->info->row->prepare (&call, error);

  return self->state != NULL;
}

gboolean
lfb_callable_bind (const LfbCallable   *self,
                   const LfbRuntime    *runtime,
                   LfbValue           **args,
                   gsize                n_args,
                   const char * const  *names,
                   LfbValue           **values,
                   gsize                n_values,
                   LfbValue           **bound,
                   LfbValue           **variadic,
                   LfbCall             *call,
                   GError             **error)
{
  if (lfb_callable_has_parts (self))
    return FALSE;

  g_assert (self->info->n_parameters <= LFB_CALLABLE_MAX_PARAMETERS);
  memcpy (bound, self->bound, self->info->n_parameters * sizeof *bound);
  *call = (LfbCall) { .info = self->info, .kind = self->kind, .runtime = runtime, .name = self->name,
                      .values = bound, .state = self->state };

  return lfb_bind_arguments (self->info, self->kind == LFB_OPERATOR_MODULE,
                             args, n_args, names, values, n_values, bound, variadic, error);
}

static LfbValue *
run_operator (const LfbCallable   *self,
              const LfbRuntime    *runtime,
              LfbValue           **args,
              gsize                n_args,
              const char * const  *names,
              LfbValue           **values,
              gsize                n_values,
              GError             **error)
{
  LfbValue *bound[LFB_CALLABLE_MAX_PARAMETERS];
  g_autoptr (LfbValue) variadic = NULL;
  LfbCall call;

  if (!lfb_callable_bind (self, runtime, args, n_args, names, values, n_values, bound, &variadic, &call, error))
    return NULL;

  return lfb_call_run (&call, error);
}

static LfbValue *
run_sequence (const LfbCallable   *self,
              const LfbRuntime    *runtime,
              LfbValue           **args,
              gsize                n_args,
              const char * const  *names,
              LfbValue           **values,
              gsize                n_values,
              GError             **error)
{
  LfbValue *bound[2] = { NULL, NULL };
  g_autoptr (LfbValue) variadic = NULL;
  g_autoptr (LfbValue) value = NULL;

  if (!lfb_bind_arguments (self->info, TRUE, args, n_args, names, values, n_values, bound, &variadic, error))
    return NULL;

  value = lfb_value_ref (bound[0]);
  for (guint i = 0; i < self->parts->len; i++)
    {
      const LfbCallable *part = g_ptr_array_index (self->parts, i);
      gboolean second = self->info->row->sequence->adds && i == 1;
      LfbValue *inputs[2] = { value, second ? bound[1] : NULL };
      LfbValue *result = lfb_callable_run (part, runtime, inputs, second ? 2 : 1, NULL, NULL, 0, error);

      if (result == NULL)
        {
          g_prefix_error (error, "part %u (%s): ", i, part->name);
          return NULL;
        }
      lfb_value_unref (value);
      value = result;
    }

  return g_steal_pointer (&value);
}

LfbValue *
lfb_callable_run (const LfbCallable   *self,
                  const LfbRuntime    *runtime,
                  LfbValue           **args,
                  gsize                n_args,
                  const char * const  *names,
                  LfbValue           **values,
                  gsize                n_values,
                  GError             **error)
{
  if (self->parts != NULL)
    return run_sequence (self, runtime, args, n_args, names, values, n_values, error);

  if (self->info != NULL)
    return run_operator (self, runtime, args, n_args, names, values, n_values, error);

  return self->subgraphs->run (self->subgraph, runtime, args, n_args, names, values, n_values, error);
}
