/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Transposing. */

#include "check.h"

#include <string.h>

static void
transpose_case (const LfbKernels *kernels,
                size_t            element_size,
                size_t            rows,
                size_t            columns)
{
  bool tight = rnd_one_in (2);
  LfbMatrix matrix = { rows, columns, columns + (tight ? 0 : (size_t) rnd_between (0, 9)),
                       rows + (tight ? 0 : (size_t) rnd_between (0, 9)) };
  size_t n_x = rows > 0 ? (rows - 1) * matrix.x_stride + columns : 0;
  size_t n_y = columns > 0 ? (columns - 1) * matrix.y_stride + rows : 0;
  uint8_t *x = guard_new (CHECK_U8, n_x * element_size, PLACE_END);
  uint8_t *y = guard_new (CHECK_U8, n_y * element_size, rnd_one_in (2) ? PLACE_END : PLACE_BEGIN);
  uint8_t *expected = guard_new (CHECK_U8, n_y * element_size, PLACE_END);

  check_case ("element_size=%zu rows=%zu columns=%zu strides=%zu,%zu", element_size, rows, columns, matrix.x_stride,
              matrix.y_stride);
  fill_bytes (CHECK_U8, x, n_x * element_size, FILL_RANDOM);
  guard_freeze (x);

  /* What lies between the rows of the result stays. */
  memset (y, 0x5a, n_y * element_size);
  memset (expected, 0x5a, n_y * element_size);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      memcpy (expected + (j * matrix.y_stride + i) * element_size, x + (i * matrix.x_stride + j) * element_size, element_size);

  kernels->transpose.run (x, y, element_size, &matrix);
  check_same (CHECK_U8, y, expected, n_y * element_size);
  guard_verify (y);
  guard_free_all ();
}

static void
check_transpose (const LfbKernels *kernels)
{
  for (size_t size = 1; size <= 8; size *= 2)
    {
      for (size_t rows = 0; rows <= 35; rows++)
        transpose_case (kernels, size, rows, (size_t) rnd_between (0, 140));

      for (size_t columns = 0; columns <= 140; columns++)
        {
          transpose_case (kernels, size, (size_t) rnd_between (0, 40), columns);
          transpose_case (kernels, size, (size_t) rnd_between (2, 4), columns);
        }
    }
}

typedef struct
{
  const LfbKernels *kernels;
  size_t            element_size;
  LfbMatrix         matrix;
  void             *x;
  void             *y;
} Bench;

static void
call (void *data)
{
  Bench *bench = data;

  bench->kernels->transpose.run (bench->x, bench->y, bench->element_size, &bench->matrix);
}

static void
bench_transpose (const LfbKernels *kernels)
{
  Bench bytes = { kernels, 1, { 64, 784, 784, 64 }, guard_new (CHECK_U8, 50176, 0), guard_new (CHECK_U8, 50176, 0) };
  Bench floats = { kernels, 4, { 64, 196, 196, 64 }, guard_new (CHECK_F32, 12544, 0), guard_new (CHECK_F32, 12544, 0) };

  Bench planes = { kernels, 1, { 3, 16384, 16384, 3 }, guard_new (CHECK_U8, 49152, 0), guard_new (CHECK_U8, 49152, 0) };
  Bench halves = { kernels, 1, { 2, 16384, 16384, 2 }, guard_new (CHECK_U8, 32768, 0), guard_new (CHECK_U8, 32768, 0) };

  bench_run ("3 x 16384 bytes", 49152 * 2.0, "GB/s", call, &planes);
  bench_run ("2 x 16384 bytes", 32768 * 2.0, "GB/s", call, &halves);
  bench_run ("64 x 784 bytes", 50176 * 2.0, "GB/s", call, &bytes);
  bench_run ("64 x 196 floats", 50176 * 2.0, "GB/s", call, &floats);
}

const CheckEntry check_transpose_entries[] = {
  { "transpose", offsetof (LfbKernels, transpose), check_transpose, bench_transpose },
  { NULL, 0, NULL, NULL },
};
