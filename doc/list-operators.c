/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes the documentation's page of all operators, made of nothing but what the
 * library says of them: list-operators PAGE. Fails if it leaves anything out.
 */

#include <lowerfb/lowerfb.h>

#include <stdlib.h>
#include <string.h>

typedef struct {
  char *functions;
  char *methods;
  char *modules;
  char *arguments;
  char *inputs;
  char *rule;
} Operator;

static void
operator_free (Operator *self)
{
  g_free (self->functions);
  g_free (self->methods);
  g_free (self->modules);
  g_free (self->arguments);
  g_free (self->inputs);
  g_free (self->rule);
  g_free (self);
}

static void
add_to_family (GHashTable *families,
               const char *family,
               Operator   *operator)
{
  GPtrArray *operators = g_hash_table_lookup (families, family);

  if (operators == NULL)
    {
      operators = g_ptr_array_new_with_free_func ((GDestroyNotify) operator_free);
      g_hash_table_insert (families, g_strdup (family), operators);
    }
  g_ptr_array_add (operators, operator);
}

/* The lines of a description; %FALSE if one is missing or empty. */
static gboolean
read_operator (const char *description,
               GHashTable *families)
{
  g_auto (GStrv) lines = g_strsplit (description, "\n", -1);
  Operator *operator = g_new0 (Operator, 1);
  g_autofree char *family = NULL;
  struct {
    const char *key;
    char **value;
  } parts[] = {
    { "family: ", &family },
    { "functions: ", &operator->functions },
    { "methods: ", &operator->methods },
    { "modules: ", &operator->modules },
    { "arguments: ", &operator->arguments },
    { "inputs: ", &operator->inputs },
    { "rule: ", &operator->rule },
  };

  for (gsize i = 0; lines[i] != NULL; i++)
    for (gsize j = 0; j < G_N_ELEMENTS (parts); j++)
      if (g_str_has_prefix (lines[i], parts[j].key) && *parts[j].value == NULL)
        *parts[j].value = g_strdup (lines[i] + strlen (parts[j].key));

  if (family == NULL || *family == '\0' || operator->arguments == NULL ||
      operator->rule == NULL || *operator->rule == '\0')
    {
      operator_free (operator);
      return FALSE;
    }
  add_to_family (families, family, operator);

  return TRUE;
}

/* Text in a cell of a table. */
static char *
escape (const char *text)
{
  GString *escaped = g_string_new (text);

  g_string_replace (escaped, "&", "&amp;", 0);
  g_string_replace (escaped, "<", "&lt;", 0);
  g_string_replace (escaped, "|", "&#124;", 0);
  g_string_replace (escaped, "*", "&#42;", 0);
  g_string_replace (escaped, "_", "&#95;", 0);
  g_string_replace (escaped, "[", "&#91;", 0);
  g_string_replace (escaped, "`", "&#96;", 0);

  return g_string_free (escaped, FALSE);
}

/* How many there are. */
static gsize
append_names (GString    *page,
              const char *prefix,
              const char *names)
{
  g_auto (GStrv) list = names != NULL ? g_strsplit (names, " ", -1) : g_new0 (char *, 1);

  for (gsize i = 0; list[i] != NULL; i++)
    {
      g_autofree char *name = escape (list[i]);

      g_string_append_printf (page, "<code>%s%s</code> ", prefix, name);
    }

  return g_strv_length (list);
}

static gsize
append_operator (GString  *page,
                 Operator *operator)
{
  g_autofree char *arguments = escape (operator->arguments);
  g_autofree char *rule = escape (operator->rule);

  gsize n;

  g_string_append (page, "| ");
  n = append_names (page, "", operator->functions);
  n += append_names (page, "Tensor.", operator->methods);
  n += append_names (page, "", operator->modules);
  g_string_append_printf (page, "| %s", arguments);
  if (operator->inputs != NULL)
    {
      g_string_append (page, " (a module is called with ");
      append_names (page, "", operator->inputs);
      g_string_append_c (page, ')');
    }
  g_string_append_printf (page, " | %s |\n", rule);

  return n;
}

static int
compare_titles (const void *a,
                const void *b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/* Where the page's maker puts the heading: in lower case, words joined. */
static void
append_link (GString    *page,
             const char *title)
{
  g_string_append_printf (page, "- [%s](#", title);
  for (const char *c = title; *c != '\0'; c++)
    if (g_ascii_isalnum (*c) || *c == ' ')
      g_string_append_c (page, *c == ' ' ? '-' : g_ascii_tolower (*c));
  g_string_append (page, ")\n");
}

static char *
make_page (GHashTable *families,
           gsize       n_names,
           gsize      *n_listed)
{
  guint n_families;
  g_autofree char **titles = (char **) g_hash_table_get_keys_as_array (families, &n_families);
  GString *page = g_string_new ("Title: Operators\nSlug: operators\n\n# Operators\n\n");
  gsize n_operators = 0;

  qsort (titles, n_families, sizeof *titles, compare_titles);
  for (guint i = 0; i < n_families; i++)
    n_operators += ((GPtrArray *) g_hash_table_lookup (families, titles[i]))->len;
  g_string_append_printf (page,
                          "What a graph can call, and [func@Lfb.call] too: %" G_GSIZE_FORMAT " operators in %u families,\n"
                          "under %" G_GSIZE_FORMAT " names. A method is called `Tensor.NAME` here. A module takes its settings and\n"
                          "tensors for the arguments of the same names, and is called with the first one unless\n"
                          "others are named. `acc` is an exact sum of integers, `s` and `z` are scale and zero point.\n\n"
                          "Modules made of parts run in a model alone, since their parts are modules of it.\n\n",
                          n_operators, n_families, n_names);
  for (guint i = 0; i < n_families; i++)
    append_link (page, titles[i]);
  g_string_append_c (page, '\n');
  for (guint i = 0; i < n_families; i++)
    {
      GPtrArray *operators = g_hash_table_lookup (families, titles[i]);

      g_string_append_printf (page, "## %s\n\n| Called as | Arguments | Rule |\n|---|---|---|\n",
                              titles[i]);
      for (guint j = 0; j < operators->len; j++)
        *n_listed += append_operator (page, operators->pdata[j]);
      g_string_append_c (page, '\n');
    }

  return g_string_free (page, FALSE);
}

int
main (int    argc,
      char **argv)
{
  g_auto (GStrv) names = lfb_list_operators ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) families = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                           (GDestroyNotify) g_ptr_array_unref);
  g_autofree char *page = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_listed = 0;

  if (argc != 2)
    {
      g_printerr ("usage: list-operators PAGE\n");
      return 2;
    }

  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *description = lfb_describe_operator (names[i], &error);

      if (description == NULL)
        {
          g_printerr ("list-operators: %s\n", error->message);
          return 1;
        }
      /* All names of an operator have one description. */
      if (g_hash_table_contains (seen, description))
        continue;
      if (!read_operator (description, families))
        {
          g_printerr ("list-operators: %s has no family, arguments or rule\n", names[i]);
          return 1;
        }
      g_hash_table_add (seen, g_steal_pointer (&description));
    }

  page = make_page (families, g_strv_length (names), &n_listed);
  if (n_listed != g_strv_length (names))
    {
      g_printerr ("list-operators: %" G_GSIZE_FORMAT " names are on the page, expected %u\n",
                  n_listed, g_strv_length (names));
      return 1;
    }
  if (!g_file_set_contents (argv[1], page, -1, &error))
    {
      g_printerr ("list-operators: %s\n", error->message);
      return 1;
    }

  return 0;
}
