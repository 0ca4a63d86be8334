/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators by name: the rows of all families with their signatures taken
 * apart, in one hash table for each kind of name. Made once, when the first
 * name is looked up, and never changed.
 */

#include <lowerfb/run/lfb-operator-private.h>

#include <string.h>

static GHashTable *tables[3];

static LfbValue *
parse_default (const char *text)
{
  gsize length = strlen (text);
  char *end;
  double number;
  gint64 integer;

  if (strcmp (text, "None") == 0)
    return lfb_value_for_none ();
  if (strcmp (text, "True") == 0)
    return lfb_value_for_bool (TRUE);
  if (strcmp (text, "False") == 0)
    return lfb_value_for_bool (FALSE);
  if (strcmp (text, "()") == 0)
    return lfb_value_for_tuple (NULL, 0);
  if (length >= 2 && text[0] == '\'' && text[length - 1] == '\'')
    {
      g_autofree char *inner = g_strndup (text + 1, length - 2);

      return lfb_value_for_string (inner);
    }

  integer = g_ascii_strtoll (text, &end, 10);
  if (*end == '\0')
    return lfb_value_for_int (integer);
  number = g_ascii_strtod (text, &end);
  g_assert (*end == '\0');

  return lfb_value_for_double (number);
}

static gboolean
list_names (const char *list,
            const char *name)
{
  g_auto (GStrv) names = NULL;

  if (list == NULL)
    return FALSE;
  names = g_strsplit (list, " ", -1);

  return g_strv_contains ((const char * const *) names, name);
}

static LfbOperatorInfo *
parse_row (const LfbOperator *row,
           const char        *family)
{
  LfbOperatorInfo *info = g_new0 (LfbOperatorInfo, 1);
  g_auto (GStrv) parts = g_strsplit (row->signature, ", ", -1);

  info->row = row;
  info->family = family;
  info->n_parameters = row->signature[0] == '\0' ? 0 : g_strv_length (parts);
  info->parameters = g_new0 (LfbParameter, info->n_parameters);
  for (gsize i = 0; i < info->n_parameters; i++)
    {
      LfbParameter *parameter = &info->parameters[i];
      const char *name = parts[i];
      const char *equals = strchr (name, '=');

      if (*name == '*')
        {
          parameter->variadic = TRUE;
          name++;
        }
      parameter->name = equals != NULL ? g_strndup (name, equals - name) : g_strdup (name);
      if (equals != NULL)
        parameter->fallback = parse_default (equals + 1);
      parameter->forward = row->forward == NULL ? i == 0 : list_names (row->forward, parameter->name);
      parameter->prepared = list_names (row->prepared, parameter->name);
    }

  return info;
}

static void
add_names (LfbOperatorKind        kind,
           const char            *list,
           const LfbOperatorInfo *info)
{
  g_auto (GStrv) names = NULL;

  if (list == NULL)
    return;

  names = g_strsplit (list, " ", -1);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      /* Two rows must not claim one name. */
      g_assert (!g_hash_table_contains (tables[kind], names[i]));
      g_hash_table_insert (tables[kind], g_strdup (names[i]), (gpointer) info);
    }
}

static void
ensure_tables (void)
{
  static gsize made;

  if (g_once_init_enter (&made))
    {
      gsize n_families;
      const LfbTitledFamily *families = lfb_operator_families (&n_families);

      for (gsize i = 0; i < G_N_ELEMENTS (tables); i++)
        tables[i] = g_hash_table_new (g_str_hash, g_str_equal);
      for (gsize i = 0; i < n_families; i++)
        for (gsize j = 0; j < families[i].family->n_rows; j++)
          {
            const LfbOperator *row = &families[i].family->rows[j];
            const LfbOperatorInfo *info = parse_row (row, families[i].title);

            add_names (LFB_OPERATOR_FUNCTION, row->functions, info);
            add_names (LFB_OPERATOR_METHOD, row->methods, info);
            add_names (LFB_OPERATOR_MODULE, row->modules, info);
          }
      g_once_init_leave (&made, 1);
    }
}

/* The operator of exactly this kind and name, or %NULL. */
const LfbOperatorInfo *
lfb_operator_lookup (LfbOperatorKind  kind,
                     const char      *name)
{
  ensure_tables ();

  return g_hash_table_lookup (tables[kind], name);
}

/* The operator that a caller outside a graph means: a function, a method
 * (also as torch.Tensor.NAME) or a module type; %NULL if there is none.
 */
const LfbOperatorInfo *
lfb_operator_find (const char      *name,
                   LfbOperatorKind *kind)
{
  static const char method_prefix[] = "torch.Tensor.";
  const LfbOperatorInfo *info;

  for (LfbOperatorKind k = LFB_OPERATOR_FUNCTION; k <= LFB_OPERATOR_MODULE; k++)
    {
      info = lfb_operator_lookup (k, name);
      if (info != NULL)
        {
          *kind = k;
          return info;
        }
    }
  if (!g_str_has_prefix (name, method_prefix))
    return NULL;

  *kind = LFB_OPERATOR_METHOD;

  return lfb_operator_lookup (LFB_OPERATOR_METHOD, name + strlen (method_prefix));
}

gssize
lfb_operator_parameter (const LfbOperatorInfo *info,
                        const char            *name)
{
  for (gsize i = 0; i < info->n_parameters; i++)
    if (strcmp (info->parameters[i].name, name) == 0)
      return i;

  return -1;
}

static int
compare_strings (gconstpointer a,
                 gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/* Every name of every operator, sorted; methods as torch.Tensor.NAME. */
char **
lfb_operator_list_names (void)
{
  GPtrArray *names = g_ptr_array_new ();

  ensure_tables ();
  for (LfbOperatorKind kind = LFB_OPERATOR_FUNCTION; kind <= LFB_OPERATOR_MODULE; kind++)
    {
      GHashTableIter iter;
      gpointer key;

      g_hash_table_iter_init (&iter, tables[kind]);
      while (g_hash_table_iter_next (&iter, &key, NULL))
        g_ptr_array_add (names, g_strconcat (kind == LFB_OPERATOR_METHOD ? "torch.Tensor." : "", key, NULL));
    }
  g_ptr_array_sort (names, compare_strings);
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_free (names, FALSE);
}

static void
append_line (GString    *text,
             const char *title,
             const char *content)
{
  if (content != NULL)
    g_string_append_printf (text, "%s: %s\n", title, content);
}

/* The row as text: family, names, signature, what a module is called with and
 * rule, a line each.
 */
char *
lfb_operator_describe (const LfbOperatorInfo *info)
{
  GString *text = g_string_new (NULL);

  append_line (text, "family", info->family);
  append_line (text, "functions", info->row->functions);
  append_line (text, "methods", info->row->methods);
  append_line (text, "modules", info->row->modules);
  append_line (text, "arguments", info->row->signature);
  append_line (text, "inputs", info->row->forward);
  append_line (text, "parts", info->row->sequence != NULL ? "modules of the model" : NULL);
  append_line (text, "rule", info->row->rule);

  return g_string_free (text, FALSE);
}
