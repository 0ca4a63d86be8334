/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See tile_avx512vnni.h.
 *
 * A step of the inner loop takes one group of 4 bytes: it broadcasts those of
 * each row and multiplies them with one or two vectors of weights.  12 rows of 32
 * outputs are 24 sums; with 2 vectors of weights and the bytes of a row they
 * fill the registers, and need 14 loads for 24 multiply-adds.  Few rows take
 * several groups (phases) in a step, each with sums of its own, so that no
 * multiply-add waits for the one before.
 *
 * The loop is assembly, because compilers do not keep 24 sums and 12 pointers in
 * registers: GCC 12 stores or copies sums in every step, or goes through vector
 * registers for pointers.  All of it is made from one line a row; what depends
 * on the number of rows is decided when it is assembled.  Sums come out in
 * registers, and what becomes of them is C.
 */

#include <lowerfb/kernels/x86/tile_avx512vnni.h>

#include <immintrin.h>
#include <stddef.h>

#include <lowerfb/kernels/x86/output_avx512.h>

#define UNROLLED _Pragma ("GCC unroll 32")
#define INLINE static inline __attribute__ ((always_inline))

/* Sums of row r of phase p, r + p * rows = i: number i of the first 16 outputs,
 * number 12 + i of the others. */
#define SUMS 24

/* Where the loop finds its fields. */
_Static_assert (offsetof (LfbTileAvx512, rows) == 0 && offsetof (LfbTileAvx512, n_runs) == 8 &&
                offsetof (LfbTileAvx512, n_groups) == 16 && offsetof (LfbTileAvx512, last) == 24 &&
                offsetof (LfbTileAvx512, w) == 32, "the assembly below counts on it");

/* i, the register that points at its bytes, its sums. */
#define EACH_SUM(DO, ...) \
  DO (0, "rbx", "%0", "%12", __VA_ARGS__) DO (1, "rcx", "%1", "%13", __VA_ARGS__) \
  DO (2, "rdx", "%2", "%14", __VA_ARGS__) DO (3, "rsi", "%3", "%15", __VA_ARGS__) \
  DO (4, "r8", "%4", "%16", __VA_ARGS__) DO (5, "r9", "%5", "%17", __VA_ARGS__) \
  DO (6, "r10", "%6", "%18", __VA_ARGS__) DO (7, "r11", "%7", "%19", __VA_ARGS__) \
  DO (8, "r12", "%8", "%20", __VA_ARGS__) DO (9, "r13", "%9", "%21", __VA_ARGS__) \
  DO (11, "r15", "%11", "%23", __VA_ARGS__) DO (10, "r14", "%10", "%22", __VA_ARGS__)

#define IF(condition, code) ".if " condition "\n" code ".endif\n"

#define START(i, pointer, first, second, rows, vectors, phases) \
  IF (#i " < " #rows, \
      "vmovdqa64 %%zmm24, " first "\n" IF (#vectors " == 2", "vmovdqa64 %%zmm25, " second "\n")) \
  IF (#i " >= " #rows " && " #i " < " #rows " * " #phases, \
      "vpxord " first ", " first ", " first "\n" IF (#vectors " == 2", "vpxord " second ", " second ", " second "\n"))

/* r14 is the table, rax the size of the run. */
#define POINT(i, pointer, first, second, rows, vectors, phases) \
  IF (#i " < " #rows " * " #phases, \
      "mov 8 * (" #i " %% " #rows ")(%%r14), %%" pointer "\n" \
      "lea 4 * (" #i " / " #rows ")(%%" pointer ", %%rax), %%" pointer "\n")

#define ADD(i, pointer, first, second, rows, vectors, phases) \
  IF (#i " < " #rows " * " #phases, \
      IF (#i " %% " #rows " == 0", \
          "vmovdqa64 64 * " #vectors " * (" #i " / " #rows ")(%%rdi), %%zmm24\n" \
          IF (#vectors " == 2", "vmovdqa64 64 + 128 * (" #i " / " #rows ")(%%rdi), %%zmm25\n")) \
      "vpbroadcastd (%%" pointer ", %%rax), %%zmm26\n" \
      "vpdpbusd %%zmm24, %%zmm26, " first "\n" \
      IF (#vectors " == 2", "vpdpbusd %%zmm25, %%zmm26, " second "\n"))

/* From rdi, the tile, and rsi, two vectors to begin with.  In the loops rdi is the
 * weights and rax the position, which counts up to 0.  %26 keeps, on the stack: the
 * pointers of the run, the number of runs left, the size of a run, the position of
 * the last group or 1. */
#define LOOP(rows, vectors, phases) \
  "vmovdqa64 (%%rsi), %%zmm24\n" \
  "vmovdqa64 64(%%rsi), %%zmm25\n" \
  EACH_SUM (START, rows, vectors, phases) \
  "mov 8(%%rdi), %%rcx\n" \
  "mov %%rcx, 8+%26\n" \
  "mov 16(%%rdi), %%rax\n" \
  "shl $2, %%rax\n" \
  "mov %%rax, 16+%26\n" \
  "mov 24(%%rdi), %%rbx\n" \
  "mov $1, %%ecx\n" \
  "mov %%rbx, %%rdx\n" \
  "sub %%rax, %%rdx\n" \
  "test %%rbx, %%rbx\n" \
  "cmovs %%rcx, %%rdx\n" \
  "mov %%rdx, 24+%26\n" \
  "mov (%%rdi), %%r14\n" \
  "mov 32(%%rdi), %%rdi\n" \
  \
  "2: mov %%r14, %26\n" \
  EACH_SUM (POINT, rows, vectors, phases) \
  "neg %%rax\n" \
  IF (#phases " > 1", \
      "add $4 * " #phases ", %%rax\n" \
      "jg 4f\n" \
      ".p2align 5\n" \
      "3:\n" \
      "sub $4 * " #phases ", %%rax\n" \
      EACH_SUM (ADD, rows, vectors, phases) \
      "add $64 * " #vectors " * " #phases ", %%rdi\n" \
      "add $8 * " #phases ", %%rax\n" \
      "jle 3b\n" \
      "4: sub $4 * " #phases ", %%rax\n" \
      "jz 6f\n") \
  ".p2align 5\n" \
  "5:\n" \
  EACH_SUM (ADD, rows, vectors, 1) \
  "add $64 * " #vectors ", %%rdi\n" \
  "add $4, %%rax\n" \
  "jnz 5b\n" \
  "6: mov 24+%26, %%rax\n" \
  "test %%rax, %%rax\n" \
  "jns 7f\n" \
  EACH_SUM (ADD, rows, vectors, 1) \
  "add $64 * " #vectors ", %%rdi\n" \
  "7: mov %26, %%r14\n" \
  "mov 16+%26, %%rax\n" \
  "add $8 * " #rows ", %%r14\n" \
  "decq 8+%26\n" \
  "jnz 2b\n"

#define EACH_OUTPUT(sums) \
  "=&v" (sums[0]), "=&v" (sums[1]), "=&v" (sums[2]), "=&v" (sums[3]), "=&v" (sums[4]), "=&v" (sums[5]), \
  "=&v" (sums[6]), "=&v" (sums[7]), "=&v" (sums[8]), "=&v" (sums[9]), "=&v" (sums[10]), "=&v" (sums[11]), \
  "=&v" (sums[12]), "=&v" (sums[13]), "=&v" (sums[14]), "=&v" (sums[15]), "=&v" (sums[16]), "=&v" (sums[17]), \
  "=&v" (sums[18]), "=&v" (sums[19]), "=&v" (sums[20]), "=&v" (sums[21]), "=&v" (sums[22]), "=&v" (sums[23])

#define ADD_RUNS(rows, vectors, phases) \
  { \
    const LfbTileAvx512 *at = tile; \
    const __m512i *from = first; \
    struct { uint64_t values[4]; } kept; \
    \
    __asm__ volatile (LOOP (rows, vectors, phases) \
                      : EACH_OUTPUT (all), "+D" (at), "+S" (from), "=m" (kept) \
                      : \
                      : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm24", \
                        "xmm25", "xmm26", "cc", "memory"); \
  }

/* -zx * offset. */
INLINE void
find_first (const LfbTileAvx512 *tile,
            size_t               vectors,
            __m512i             *first)
{
  int32_t x_zero_point = tile->requantize != NULL ? tile->requantize->x_zero_point : tile->rescale->x_zero_point;

  for (size_t v = 0; v < vectors; v++)
    first[v] = _mm512_mullo_epi32 (_mm512_load_si512 (tile->offsets + 16 * v), _mm512_set1_epi32 (-x_zero_point));
}

INLINE void
subtract_zero_points (const LfbTileAvx512 *tile,
                      __m512i             *sums,
                      size_t               rows,
                      size_t               vectors)
{
  UNROLLED
  for (size_t v = 0; v < vectors; v++)
    {
      __m512i zero_points = _mm512_load_si512 (tile->w_zero_points + 16 * v);

      UNROLLED
      for (size_t r = 0; r < rows; r++)
        {
          __m512i all = _mm512_mullo_epi32 (zero_points, _mm512_set1_epi32 (tile->row_sums[r]));

          sums[r * vectors + v] = _mm512_sub_epi32 (sums[r * vectors + v], all);
        }
    }
}

/* Piece @piece of 16 bytes of @bytes is vector @piece of the tile. */
INLINE void
store_bytes (const LfbTileAvx512 *tile,
             __m512i              bytes,
             size_t               row,
             size_t               rows,
             size_t               vectors)
{
  size_t size = tile->n_outputs;
  uint8_t *y = tile->y_u8 + row * tile->y_stride;

  if (vectors == 2)
    {
      __m256i low = _mm512_castsi512_si256 (bytes);
      __m256i high = _mm512_extracti64x4_epi64 (bytes, 1);

      if (size == 32)
        {
          _mm256_storeu_si256 ((__m256i *) y, low);
          if (row + 1 < rows)
            _mm256_storeu_si256 ((__m256i *) (y + tile->y_stride), high);
        }
      else
        {
          __mmask32 mask = (__mmask32) ((UINT64_C (1) << size) - 1);

          _mm256_mask_storeu_epi8 (y, mask, low);
          if (row + 1 < rows)
            _mm256_mask_storeu_epi8 (y + tile->y_stride, mask, high);
        }
    }
  else
    {
      __mmask16 mask = (__mmask16) ((1u << size) - 1);

      _mm_mask_storeu_epi8 (y, mask, _mm512_castsi512_si128 (bytes));
      if (row + 1 < rows)
        _mm_mask_storeu_epi8 (y + tile->y_stride, mask, _mm512_extracti32x4_epi32 (bytes, 1));
      if (row + 2 < rows)
        _mm_mask_storeu_epi8 (y + 2 * tile->y_stride, mask, _mm512_extracti32x4_epi32 (bytes, 2));
      if (row + 3 < rows)
        _mm_mask_storeu_epi8 (y + 3 * tile->y_stride, mask, _mm512_extracti32x4_epi32 (bytes, 3));
    }
}

/* Four vectors of sums at a time, which fill one of bytes. */
INLINE void
output_bytes (const LfbTileAvx512 *tile,
              const __m512i       *sums,
              size_t               rows,
              size_t               vectors)
{
  const LfbRequantizeAvx512 stage = lfb_requantize_avx512 (tile->requantize);
  const __m512i in_order = _mm512_setr_epi32 (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const float *multiplier = tile->requantize->multiplier + tile->n;
  const float *bias = tile->requantize->bias + tile->n;
  __m512 biases[2] = { _mm512_loadu_ps (bias), _mm512_loadu_ps (bias + 16 * (vectors - 1)) };
  __m512 multipliers[2] = { _mm512_loadu_ps (multiplier), _mm512_loadu_ps (multiplier + 16 * (vectors - 1)) };

  UNROLLED
  for (size_t i = 0; i < rows * vectors; i += 4)
    {
      __m512i rounded[4];
      __m512i bytes;

      UNROLLED
      for (size_t j = 0; j < 4; j++)
        rounded[j] = i + j < rows * vectors
                     ? lfb_requantize_round_avx512 (&stage, sums[i + j], biases[(i + j) % vectors],
                                                    multipliers[(i + j) % vectors])
                     : _mm512_setzero_si512 ();

      bytes = lfb_requantize_pack4_avx512 (&stage, rounded);
      store_bytes (tile, _mm512_permutexvar_epi32 (in_order, bytes), i / vectors, rows, vectors);
    }
}

INLINE void
output_floats (const LfbTileAvx512 *tile,
               const __m512i       *sums,
               size_t               rows,
               size_t               vectors)
{
  const float *multiplier = tile->rescale->multiplier + tile->n;
  const float *bias = tile->rescale->bias + tile->n;
  bool relu = tile->rescale->relu;

  UNROLLED
  for (size_t v = 0; v < vectors; v++)
    {
      size_t left = tile->n_outputs - 16 * v;
      __mmask16 mask = left >= 16 ? (__mmask16) 0xffff : (__mmask16) ((1u << left) - 1);
      __m512 biases = _mm512_loadu_ps (bias + 16 * v);
      __m512 multipliers = _mm512_loadu_ps (multiplier + 16 * v);

      UNROLLED
      for (size_t r = 0; r < rows; r++)
        _mm512_mask_storeu_ps (tile->y_f32 + r * tile->y_stride + 16 * v, mask,
                               lfb_rescale_avx512 (sums[r * vectors + v], biases, multipliers, relu));
    }
}

/* From the sums of the phases to y. */
INLINE void
finish (const LfbTileAvx512 *tile,
        const __m512i       *all,
        size_t               rows,
        size_t               vectors,
        size_t               phases)
{
  __m512i sums[SUMS];

  UNROLLED
  for (size_t r = 0; r < rows; r++)
    for (size_t v = 0; v < vectors; v++)
      {
        __m512i sum = all[12 * v + r];

        for (size_t p = 1; p < phases; p++)
          sum = _mm512_add_epi32 (sum, all[12 * v + r + p * rows]);
        sums[r * vectors + v] = sum;
      }

  if (tile->w_zero_points != NULL)
    subtract_zero_points (tile, sums, rows, vectors);

  if (tile->requantize != NULL)
    output_bytes (tile, sums, rows, vectors);
  else
    output_floats (tile, sums, rows, vectors);
}

#define DEFINE_TILE(rows, vectors, phases) \
  static void \
  run_##rows##_##vectors (const LfbTileAvx512 *tile) \
  { \
    __m512i first[2], all[SUMS]; \
    \
    find_first (tile, vectors, first); \
    ADD_RUNS (rows, vectors, phases) \
    finish (tile, all, rows, vectors, phases); \
  }
#define DEFINE(rows, phases) DEFINE_TILE (rows, 1, phases) DEFINE_TILE (rows, 2, phases)

/* Rows and phases. */
#define EACH_TILE(DO) \
  DO (1, 8) DO (2, 4) DO (3, 4) DO (4, 2) DO (5, 2) DO (6, 2) DO (7, 1) DO (8, 1) DO (9, 1) DO (10, 1) DO (11, 1) \
  DO (12, 1)

EACH_TILE (DEFINE)

void
lfb_tile_u8s8_avx512vnni (const LfbTileAvx512 *tile,
                          size_t               n_rows)
{
#define ENTRY(rows, phases) { run_##rows##_1, run_##rows##_2 },
  static void (* const run[LFB_TILE_ROWS][2]) (const LfbTileAvx512 *tile) = { EACH_TILE (ENTRY) };

  run[n_rows - 1][lfb_tile_vectors (tile->n_outputs) - 1] (tile);
}
