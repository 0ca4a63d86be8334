/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Feeds the reader of models with documents alone, in a file whose frame is
 * right, so that mutations need not get past quoting and lengths.
 */

#include "fuzz-use-model.h"
#include "fuzz.h"

#include <string.h>

/* Tensors of a few kinds that documents can refer to. */
static const char tensors[] =
  ",\"w\":{\"dtype\":\"I8\",\"shape\":[2,3],\"data_offsets\":[32,38]},"
  "\"s\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
  "\"z\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[16,32]},"
  "\"u\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[38,40]},"
  "\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[40,40]},"
  "\"f\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[40,44]}}";

static const struct
{
  double scales[2];
  gint64 points[2];
  gint8 weights[6];
  guint8 codes[2];
  float number;
} contents = { { 0.5, 0.25 }, { 0, 0 }, { 1, -2, 3, -4, 5, -6 }, { 0x21, 0x43 }, 1.5f };

static void
append_quoted (GByteArray    *file,
               const uint8_t *data,
               size_t         size)
{
  for (size_t i = 0; i < size; i++)
    {
      if (data[i] == '"' || data[i] == '\\')
        g_byte_array_append (file, (const guint8 *) "\\", 1);
      if (data[i] == '\n')
        g_byte_array_append (file, (const guint8 *) "\\n", 2);
      else
        g_byte_array_append (file, &data[i], 1);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  static const char start[] = "{\"__metadata__\":{\"lowerfb\":\"";
  GByteArray *file = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  guint64 length = 0;

  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) start, strlen (start));
  append_quoted (file, data, size);
  g_byte_array_append (file, (const guint8 *) "\"}", 2);
  g_byte_array_append (file, (const guint8 *) tensors, strlen (tensors));
  length = GUINT64_TO_LE (file->len - sizeof length);
  memcpy (file->data, &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) &contents, sizeof contents);
  bytes = g_byte_array_free_to_bytes (file);

  fuzz_use_model (bytes);

  return 0;
}
