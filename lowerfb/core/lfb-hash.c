/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A hash of texts with a secret, for every table whose names a file can choose.
 *
 * Names that collide under g_str_hash() are easily made, and make a table of n
 * names take n² steps: a file of one megabyte then keeps a reader busy for a
 * quarter of a minute. This is SipHash-2-4 as its authors describe it
 * (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012), cut to 32
 * bits, under a key drawn once per process. Nothing may depend on the order of
 * such a table, which differs from run to run.
 */

#include <lowerfb/core/lfb-hash-private.h>

#include <string.h>

static guint64 key[2];

static void
draw_key (void)
{
  static gsize drawn;

  if (g_once_init_enter (&drawn))
    {
      for (gsize i = 0; i < G_N_ELEMENTS (key); i++)
        key[i] = (guint64) g_random_int () << 32 | g_random_int ();
      g_once_init_leave (&drawn, 1);
    }
}

static inline guint64
rotate (guint64 word,
        guint   bits)
{
  return word << bits | word >> (64 - bits);
}

static void
mix (guint64 v[4],
     guint   rounds)
{
  while (rounds-- > 0)
    {
      v[0] += v[1];
      v[1] = rotate (v[1], 13) ^ v[0];
      v[0] = rotate (v[0], 32);
      v[2] += v[3];
      v[3] = rotate (v[3], 16) ^ v[2];
      v[0] += v[3];
      v[3] = rotate (v[3], 21) ^ v[0];
      v[2] += v[1];
      v[1] = rotate (v[1], 17) ^ v[2];
      v[2] = rotate (v[2], 32);
    }
}

/* A GHashFunc for texts, to go with g_str_equal(). */
guint
_lfb_str_hash (gconstpointer text)
{
  const char *at = text;
  gsize length = strlen (at), left = length;
  guint64 v[4], word;

  draw_key ();
  v[0] = key[0] ^ G_GUINT64_CONSTANT (0x736f6d6570736575);
  v[1] = key[1] ^ G_GUINT64_CONSTANT (0x646f72616e646f6d);
  v[2] = key[0] ^ G_GUINT64_CONSTANT (0x6c7967656e657261);
  v[3] = key[1] ^ G_GUINT64_CONSTANT (0x7465646279746573);

  for (; left >= sizeof word; left -= sizeof word, at += sizeof word)
    {
      memcpy (&word, at, sizeof word);
      v[3] ^= word;
      mix (v, 2);
      v[0] ^= word;
    }
  word = 0;
  memcpy (&word, at, left);
  word |= (guint64) length << 56;
  v[3] ^= word;
  mix (v, 2);
  v[0] ^= word;

  v[2] ^= 0xff;
  mix (v, 4);
  word = v[0] ^ v[1] ^ v[2] ^ v[3];
  return (guint) (word ^ word >> 32);
}
