/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values as text, the way Python would write them: what printed graphs, error
 * messages and reports show.
 */

#include <lowerfb/core/lfb-value-private.h>

#include <math.h>
#include <string.h>

static void append_value (GString  *string,
                          LfbValue *value);

/* Python's float: a point or an exponent always tells it from an integer. */
static void
append_double (GString *string,
               double   number)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (number))
    {
      g_string_append (string, "nan");
      return;
    }
  if (isinf (number))
    {
      g_string_append (string, number > 0 ? "inf" : "-inf");
      return;
    }

  for (int precision = 1; precision <= 17; precision++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", precision);
      g_ascii_formatd (buffer, sizeof buffer, format, number);
      if (g_ascii_strtod (buffer, NULL) == number)
        break;
    }
  g_string_append (string, buffer);
  if (strpbrk (buffer, ".e") == NULL)
    g_string_append (string, ".0");
}

static void
append_text (GString    *string,
             const char *text)
{
  g_autofree char *escaped = g_strescape (text, NULL);

  g_string_append_printf (string, "'%s'", escaped);
}

static void
append_items (GString             *string,
              const LfbValueItems *value)
{
  for (gsize i = 0; i < value->n_items; i++)
    {
      if (i > 0)
        g_string_append (string, ", ");
      if (value->keys != NULL)
        {
          append_text (string, value->keys[i]);
          g_string_append (string, ": ");
        }
      append_value (string, value->items[i]);
    }
}

/* The name of a node, which lives a layer above: by its property. */
static void
append_node (GString *string,
             GObject *node)
{
  g_autofree char *name = NULL;

  g_object_get (node, "name", &name, NULL);
  g_string_append_printf (string, "%%%s", name);
}

static void
append_value (GString  *string,
              LfbValue *value)
{
  switch ((LfbValueKind) value->kind)
    {
    case LFB_VALUE_KIND_NONE:
      g_string_append (string, "None");
      break;
    case LFB_VALUE_KIND_BOOL:
      g_string_append (string, value->integer ? "True" : "False");
      break;
    case LFB_VALUE_KIND_INT:
      g_string_append_printf (string, "%" G_GINT64_FORMAT, value->integer);
      break;
    case LFB_VALUE_KIND_DOUBLE:
      append_double (string, value->number);
      break;
    case LFB_VALUE_KIND_STRING:
      append_text (string, value->string);
      break;
    case LFB_VALUE_KIND_DTYPE:
      g_string_append_printf (string, "torch.%s", lfb_dtype_to_string (value->integer));
      break;
    case LFB_VALUE_KIND_QSCHEME:
      g_string_append_printf (string, "torch.%s", lfb_qscheme_to_string (value->integer));
      break;
    case LFB_VALUE_KIND_MEMORY_FORMAT:
      g_string_append_printf (string, "torch.%s", lfb_memory_format_to_string (value->integer));
      break;
    case LFB_VALUE_KIND_DEVICE:
      g_string_append_printf (string, "device('%s')", value->string);
      break;
    case LFB_VALUE_KIND_TYPE:
      g_string_append (string, value->string);
      break;
    case LFB_VALUE_KIND_ELLIPSIS:
      g_string_append (string, "...");
      break;
    case LFB_VALUE_KIND_NODE:
      append_node (string, value->object);
      break;
    case LFB_VALUE_KIND_TENSOR:
      {
        g_autofree char *text = lfb_tensor_to_string (LFB_TENSOR (value->object));

        g_string_append_printf (string, "<%s>", text);
        break;
      }
    case LFB_VALUE_KIND_LIST:
      g_string_append_c (string, '[');
      append_items (string, value->nested);
      g_string_append_c (string, ']');
      break;
    case LFB_VALUE_KIND_TUPLE:
      g_string_append_c (string, '(');
      append_items (string, value->nested);
      g_string_append (string, value->nested->n_items == 1 ? ",)" : ")");
      break;
    case LFB_VALUE_KIND_DICT:
      g_string_append_c (string, '{');
      append_items (string, value->nested);
      g_string_append_c (string, '}');
      break;
    case LFB_VALUE_KIND_SLICE:
      g_string_append (string, "slice(");
      append_items (string, value->nested);
      g_string_append_c (string, ')');
      break;
    case LFB_VALUE_KIND_PACKED:
      g_string_append_printf (string, "%s(", value->nested->class_name);
      append_items (string, value->nested);
      g_string_append_c (string, ')');
      break;
    default:
      g_assert_not_reached ();
    }
}

/**
 * lfb_value_to_string:
 * @self: a value
 *
 * The value as Python would write it; nodes as `%name`, tensors by their type
 * and shape.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
lfb_value_to_string (LfbValue *self)
{
  GString *string;

  g_return_val_if_fail (self != NULL, NULL);

  string = g_string_new (NULL);
  append_value (string, self);

  return g_string_free (string, FALSE);
}
