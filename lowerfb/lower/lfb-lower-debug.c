/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* LOWERFB_DEBUG=print,validate,dot,time: after each pass, the model is printed,
 * checked, drawn, and the time it took told, on the standard error stream.
 *
 * To validate is to check the rules of graphs, and to compare the printed model
 * before and after with what the pass says it did. Builds without optimization
 * always validate the passes of the library.
 */

#include <lowerfb/lower/lfb-lower-debug-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

#ifdef __OPTIMIZE__
#define ALWAYS_VALIDATES FALSE
#else
#define ALWAYS_VALIDATES TRUE
#endif

static LfbDebugFlags
get_flags (void)
{
  static const GDebugKey keys[] = {
    { "print", LFB_DEBUG_PRINT },
    { "validate", LFB_DEBUG_VALIDATE },
    { "dot", LFB_DEBUG_DOT },
    { "time", LFB_DEBUG_TIME },
  };
  const char *value = g_getenv ("LOWERFB_DEBUG");

  return value != NULL && *value != '\0' ? g_parse_debug_string (value, keys, G_N_ELEMENTS (keys)) : 0;
}

void
_lfb_lower_debug_begin (LfbLowerDebug  *self,
                        LfbGraphModule *model,
                        LfbPass        *pass)
{
  self->flags = get_flags ();
  self->pass = pass;
  self->validates = (self->flags & LFB_DEBUG_VALIDATE) != 0 ||
                    (ALWAYS_VALIDATES && _lfb_pass_is_builtin (pass));
  self->before = self->validates ? lfb_graph_module_to_text (model) : NULL;
  self->begin = g_get_monotonic_time ();
}

void
_lfb_lower_debug_clear (LfbLowerDebug *self)
{
  g_clear_pointer (&self->before, g_free);
}

static gboolean
validate (LfbLowerDebug   *self,
          LfbGraphModule  *model,
          gboolean         changed,
          GError         **error)
{
  g_autofree char *after = lfb_graph_module_to_text (model);

  if (!lfb_graph_module_check (model, error))
    return FALSE;
  if (!changed && !g_str_equal (self->before, after))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FAILED, "it says that it changed nothing, but the model is another");
      return FALSE;
    }

  return TRUE;
}

/* False, with @error, if the pass broke the model or did not tell the truth. */
gboolean
_lfb_lower_debug_end (LfbLowerDebug   *self,
                      LfbGraphModule  *model,
                      gboolean         changed,
                      GError         **error)
{
  const char *name = lfb_pass_get_name (self->pass);
  double elapsed = (g_get_monotonic_time () - self->begin) / 1000.0;
  gboolean valid = TRUE;

  if ((self->flags & LFB_DEBUG_TIME) != 0)
    g_printerr ("%s: %.3f ms\n", name, elapsed);
  if ((self->flags & LFB_DEBUG_PRINT) != 0)
    {
      g_autofree char *text = lfb_graph_module_to_text (model);

      g_printerr ("# after %s, %s\n%s\n", name, changed ? "which changed it" : "which changed nothing", text);
    }
  if ((self->flags & LFB_DEBUG_DOT) != 0)
    {
      g_autofree char *dot = lfb_graph_module_to_dot (model);

      g_printerr ("// after %s\n%s\n", name, dot);
    }
  if (self->validates)
    valid = validate (self, model, changed, error);
  _lfb_lower_debug_clear (self);

  return valid;
}
