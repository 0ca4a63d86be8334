/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The inner loops of tile_avx512vnni.h; what each function does is said in
 * lfb_tile_u8s8_avx512vnni.c, which calls them.
 *
 * A step takes one group of 4 bytes: it broadcasts those of each row and
 * multiplies them with one or two vectors of weights.  12 rows of 32 outputs are
 * 24 sums; with 2 vectors of weights and the bytes of a row they fill the
 * registers, and need 14 loads for 24 multiply-adds.  Few rows take several
 * groups (phases) in a step, each with sums of its own, so that no multiply-add
 * waits for the one before.
 *
 * It is assembly, because compilers do not keep 24 sums and 12 pointers in
 * registers: GCC 12 stores or copies sums in every step, or fetches pointers from
 * vector registers, where they wait for the output stage of the tile before.
 *
 *   rbp               the LfbTile
 *   rdi               the weights of the next group
 *   rax               the position in the run, which counts up to 0
 *   the others        the 12 pointers to the bytes of rows, see `each`
 *   zmm0 to zmm23     the sums
 *   zmm24 to zmm26    weights, bytes of a row
 *   zmm28 to zmm31    what the output stage needs
 */

/* The fields of LfbTile. */
#define ROWS 0(%rbp)
#define N_RUNS 8(%rbp)
#define SIZE 16(%rbp)
#define LAST 24(%rbp)
#define FINAL_SIZE 32(%rbp)
#define FINAL_LAST 40(%rbp)
#define W 48(%rbp)
#define Y 56(%rbp)
#define Y_STRIDE 64(%rbp)
#define MULTIPLIER 72(%rbp)
#define BIAS 80(%rbp)
#define LIMIT 88(%rbp)
#define ZERO_POINT 92(%rbp)
#define MIN 94(%rbp)
#define MINUS_X_ZERO_POINT 96(%rbp)
#define OFFSETS 104(%rbp)
#define Q 112(%rbp)
#define Q_STRIDE 120(%rbp)
#define Q_ZERO_POINT 128(%rbp)
#define Q_SCALE 132(%rbp)
#define PRODUCT_LOW 136(%rbp)
#define PRODUCT_HIGH 140(%rbp)
#define PRODUCT_SCALE 144(%rbp)
#define RECIPROCAL 148(%rbp)

#define OUT_Y %rbx
#define OUT_Q %rcx
#define OUT_MULTIPLIER %rdx
#define OUT_BIAS %rsi
#include "output_avx512.inc"

/* On the stack: the pointers of the run, the runs that are left, where sums go. */
#define RUN_ROWS 0(%rsp)
#define RUNS_LEFT 8(%rsp)
#define SUMS 16(%rsp)
#define FRAME 24

/* Groups at the end that are added six rows at a time. */
#define LEFT 8

/* Sum i is row r of phase p, i = r + p * rows: its pointer, its sums of the first
 * 16 outputs and of the others.  The order is that in which pointers are loaded:
 * r14 is where they come from. */
.macro each do, rows, vectors, phases
  \do 0, rbx, 0, 12, \rows, \vectors, \phases
  \do 1, rcx, 1, 13, \rows, \vectors, \phases
  \do 2, rdx, 2, 14, \rows, \vectors, \phases
  \do 3, rsi, 3, 15, \rows, \vectors, \phases
  \do 4, r8, 4, 16, \rows, \vectors, \phases
  \do 5, r9, 5, 17, \rows, \vectors, \phases
  \do 6, r10, 6, 18, \rows, \vectors, \phases
  \do 7, r11, 7, 19, \rows, \vectors, \phases
  \do 8, r12, 8, 20, \rows, \vectors, \phases
  \do 9, r13, 9, 21, \rows, \vectors, \phases
  \do 11, r15, 11, 23, \rows, \vectors, \phases
  \do 10, r14, 10, 22, \rows, \vectors, \phases
.endm

.macro enter_function
  .cfi_startproc
  .irp register, rbp, rbx, r12, r13, r14, r15
  push %\register
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset \register, 0
  .endr
  sub $FRAME, %rsp
  .cfi_adjust_cfa_offset FRAME
  mov %rdi, %rbp
.endm

.macro leave_function
  vzeroupper
  add $FRAME, %rsp
  .cfi_adjust_cfa_offset -FRAME
  .irp register, r15, r14, r13, r12, rbx, rbp
  pop %\register
  .cfi_adjust_cfa_offset -8
  .cfi_restore \register
  .endr
  ret
  .cfi_endproc
.endm

.macro function name
  .globl \name
  .hidden \name
  .type \name, @function
  .p2align 6
\name:
  enter_function
.endm

.macro end_function name
  leave_function
  .size \name, . - \name
.endm

/* Sums of phase 0 begin with -zx * offset, those of the others with 0. */
.macro start i, pointer, first, second, rows, vectors, phases
  .if \i < \rows
    vmovdqa64 %zmm24, %zmm\first
    .if \vectors == 2
      vmovdqa64 %zmm25, %zmm\second
    .endif
  .elseif \i < \rows * \phases
    vpxord %zmm\first, %zmm\first, %zmm\first
    .if \vectors == 2
      vpxord %zmm\second, %zmm\second, %zmm\second
    .endif
  .endif
.endm

.macro point i, pointer, first, second, rows, vectors, phases
  .if \i < \rows * \phases
    mov 8 * (\i - \i / \rows * \rows)(%r14), %\pointer
    lea 4 * (\i / \rows)(%\pointer, %rax), %\pointer
  .endif
.endm

.macro add_row pointer, first, second, vectors, at=0
  vpbroadcastd \at(%\pointer, %rax), %zmm26
  vpdpbusd %zmm24, %zmm26, %zmm\first
  .if \vectors == 2
    vpdpbusd %zmm25, %zmm26, %zmm\second
  .endif
.endm

.macro load_weights group, vectors
  vmovdqa64 64 * \vectors * (\group)(%rdi), %zmm24
  .if \vectors == 2
    vmovdqa64 64 + 128 * (\group)(%rdi), %zmm25
  .endif
.endm

/* Weights that come from the L3 cache are fetched ahead, unless they are used so
 * seldom that the processor does better alone. */
.macro fetch_weights rows, vectors
  .if \rows > 6
    prefetcht0 3072(%rdi)
    .if \vectors == 2
      prefetcht0 3072 + 64(%rdi)
    .endif
  .endif
.endm

.macro add_sum i, pointer, first, second, rows, vectors, phases
  .if \i < \rows * \phases
    .if \i - \i / \rows * \rows == 0
      load_weights \i/\rows, \vectors
      fetch_weights \rows, \vectors
    .endif
    add_row \pointer, \first, \second, \vectors
  .endif
.endm

/* All runs, but what FINAL_SIZE and FINAL_LAST leave of the last one. */
.macro add_runs rows, vectors, phases
  vpbroadcastd MINUS_X_ZERO_POINT, %zmm26
  mov OFFSETS, %rax
  vpmulld (%rax), %zmm26, %zmm24
  .if \vectors == 2
    vpmulld 64(%rax), %zmm26, %zmm25
  .endif
  each start, \rows, \vectors, \phases
  mov W, %rdi
  mov ROWS, %r14
  mov N_RUNS, %rcx

2:
  mov %r14, RUN_ROWS
  mov %rcx, RUNS_LEFT
  mov SIZE, %rax
  cmp $1, %rcx
  cmove FINAL_SIZE, %rax
  each point, \rows, \vectors, \phases
  neg %rax
  jz 6f

  .if \phases > 1
    add $4 * \phases, %rax
    jg 4f
    .p2align 5
3:
    sub $4 * \phases, %rax
    each add_sum, \rows, \vectors, \phases
    add $64 * \vectors * \phases, %rdi
    add $8 * \phases, %rax
    jle 3b
4:
    sub $4 * \phases, %rax
    jz 6f
  .endif

  .p2align 5
5:
  each add_sum, \rows, \vectors, 1
  add $64 * \vectors, %rdi
  add $4, %rax
  jnz 5b

6:
  mov LAST, %rax
  cmpq $1, RUNS_LEFT
  cmove FINAL_LAST, %rax
  test %rax, %rax
  jns 7f
  each add_sum, \rows, \vectors, 1
  add $64 * \vectors, %rdi
7:
  cmpq $1, RUNS_LEFT
  je 8f
  mov RUN_ROWS, %r14
  mov RUNS_LEFT, %rcx
  add $8 * \rows, %r14
  dec %rcx
  jmp 2b
8:
.endm

.macro store_sum i, pointer, first, second, rows, vectors, phases
  .if \i < \rows
    vmovdqa64 %zmm\first, 64 * \first(%rax)
    .if \vectors == 2
      vmovdqa64 %zmm\second, 64 * \second(%rax)
    .endif
  .endif
.endm

.macro add_sums to, from
  vpaddd %zmm\from, %zmm\to, %zmm\to
.endm

/* Adds the sums of each phase to those of the phase before, from the last one on. */
.macro fold_phases rows, vectors, phases
  .altmacro
  .irp i, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1
    .if \i >= \rows && \i < \rows * \phases
      add_sums %(\i-\rows), \i
      .if \vectors == 2
        add_sums %(\i-\rows+12), %(\i+12)
      .endif
    .endif
  .endr
  .noaltmacro
.endm

/* With few rows time goes by reading weights: what comes after these, most often
 * those of the next tile, is on its way before they are done with. */
.macro fetch_next rows
  .if \rows < 5
    .irp line, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
      prefetcht0 64 * \line(%rdi)
    .endr
  .endif
.endm

.macro sums name, rows, vectors, phases
  function \name
  mov %rsi, SUMS
  add_runs \rows, \vectors, \phases
  fetch_next \rows
  fold_phases \rows, \vectors, \phases
  mov SUMS, %rax
  each store_sum, \rows, \vectors, \phases
  end_function \name
.endm

.irp vectors, 1, 2
  sums lfb_tile_sums_1_\vectors, 1, \vectors, 8
  sums lfb_tile_sums_2_\vectors, 2, \vectors, 4
  sums lfb_tile_sums_3_\vectors, 3, \vectors, 4
  sums lfb_tile_sums_4_\vectors, 4, \vectors, 2
  sums lfb_tile_sums_5_\vectors, 5, \vectors, 2
  sums lfb_tile_sums_6_\vectors, 6, \vectors, 2
  sums lfb_tile_sums_7_\vectors, 7, \vectors, 1
  sums lfb_tile_sums_8_\vectors, 8, \vectors, 1
  sums lfb_tile_sums_9_\vectors, 9, \vectors, 1
  sums lfb_tile_sums_10_\vectors, 10, \vectors, 1
  sums lfb_tile_sums_11_\vectors, 11, \vectors, 1
  sums lfb_tile_sums_12_\vectors, 12, \vectors, 1
.endr

/* --- from x to y in one piece: 7 to 12 rows, 32 outputs ---
 *
 * One after the other, the product and the output stage would each wait for other
 * parts of the core: it looks ahead by about 200 vector instructions, and the
 * output of 12 rows has as many.  So the last groups are added for one half of the
 * rows, and then for the other half with the output of the first between them. */

/* One group for rows @from to @to - 1. */
.macro add_part group, from, to, at
  load_weights \group, 2
  add_if 0, rbx, 12, \from, \to, \at
  add_if 1, rcx, 13, \from, \to, \at
  add_if 2, rdx, 14, \from, \to, \at
  add_if 3, rsi, 15, \from, \to, \at
  add_if 4, r8, 16, \from, \to, \at
  add_if 5, r9, 17, \from, \to, \at
  add_if 6, r10, 18, \from, \to, \at
  add_if 7, r11, 19, \from, \to, \at
  add_if 8, r12, 20, \from, \to, \at
  add_if 9, r13, 21, \from, \to, \at
  add_if 10, r14, 22, \from, \to, \at
  add_if 11, r15, 23, \from, \to, \at
.endm

.macro add_if row, pointer, second, from, to, at
  .if \row >= \from && \row < \to
    add_row \pointer, \row, \second, 2, \at
  .endif
.endm

/* The group that is not at a multiple of 4. */
.macro add_last from, to
  mov LAST, %rax
  test %rax, %rax
  jns 9f
  add $4 * LEFT, %rax
  add_part LEFT, \from, \to, 0
9:
.endm

/* Output of row @wanted, one of @from to @to - 1: rows go in pairs. */
.macro output_row output, wanted, from, to
  output_if \output, 0, 12, -1, \wanted, \from, \to
  output_if \output, 1, 13, 0, \wanted, \from, \to
  output_if \output, 2, 14, 1, \wanted, \from, \to
  output_if \output, 3, 15, 2, \wanted, \from, \to
  output_if \output, 4, 16, 3, \wanted, \from, \to
  output_if \output, 5, 17, 4, \wanted, \from, \to
  output_if \output, 6, 18, 5, \wanted, \from, \to
  output_if \output, 7, 19, 6, \wanted, \from, \to
  output_if \output, 8, 20, 7, \wanted, \from, \to
  output_if \output, 9, 21, 8, \wanted, \from, \to
  output_if \output, 10, 22, 9, \wanted, \from, \to
  output_if \output, 11, 23, 10, \wanted, \from, \to
.endm

/* The last argument of an output: the row before, to be stored with this one; the
 * row itself, if it is stored alone; or -1, if it waits for the next. */
.macro output_if output, row, second, before, wanted, from, to
  .if \row == \wanted && \row < \to
    .if (\row - (\from)) & 1
      \output \row, \second, \before
    .elseif \row + 1 == \to
      \output \row, \second, \row
    .else
      \output \row, \second, -1
    .endif
  .endif
.endm

.macro to_floats first, second
  vcvtdq2ps %zmm\first, %zmm\first
  vcvtdq2ps %zmm\second, %zmm\second
.endm

.macro output_u8 first, second, before
  to_floats \first, \second
  value_u8 \first, \second
  pack_row \first, \second, \before
  .if \before >= 0
    vmovdqu64 %ymm\first, (%rbx)
    .if \before != \first
      vextracti64x4 $1, %zmm\first, (%rbx, %rcx)
      lea (%rbx, %rcx, 2), %rbx
    .else
      add %rcx, %rbx
    .endif
  .endif
.endm

/* zmm24 and zmm25 hold weights only between the outputs of two rows.  There is no
 * register left for strides. */
.macro output_add first, second, before
  to_floats \first, \second
  value_add \first, \second
  pack_row \first, \second, \before
  store_rows \first, \before
.endm

.macro output_radd first, second, before
  to_floats \first, \second
  value_radd \first, \second
  pack_row \first, \second, \before
  store_rows \first, \before
.endm

/* y = float (acc) * multiplier + bias; of a NaN and of two zeros, vmaxps returns
 * the operand that is first here. */
.macro output_f32 first, second, before
  vcvtdq2ps %zmm\first, %zmm\first
  vcvtdq2ps %zmm\second, %zmm\second
  vmulps (%rdx), %zmm\first, %zmm\first
  vmulps 64(%rdx), %zmm\second, %zmm\second
  vaddps (%rsi), %zmm\first, %zmm\first
  vaddps 64(%rsi), %zmm\second, %zmm\second
  vmaxps %zmm\first, %zmm28, %zmm\first
  vmaxps %zmm\second, %zmm28, %zmm\second
  vmovups %zmm\first, (%rbx)
  vmovups %zmm\second, 64(%rbx)
  add %rcx, %rbx
.endm

.macro whole name, output, rows, half, added
  function \name
  vbroadcastss LIMIT, %zmm28
  vpbroadcastw ZERO_POINT, %zmm29
  vpbroadcastb MIN, %zmm30
  vmovdqa64 in_order(%rip), %zmm31
  add_runs \rows, 2, 1

  xor %eax, %eax
  .irp group, 0, 1, 2, 3, 4, 5, 6, 7
    add_part \group, 0, \half, 4*\group
  .endr
  add_last 0, \half

  /* Nobody needs the first four pointers any more. */
  mov Y, %rbx
  .if \added
    mov Q, %rcx
  .else
    mov Y_STRIDE, %rcx
  .endif
  mov MULTIPLIER, %rdx
  mov BIAS, %rsi
  xor %eax, %eax
  .irp group, 0, 1, 2, 3, 4, 5, 6, 7
    add_part \group, \half, \rows, 4*\group
    output_row \output, \group, 0, \half
  .endr
  add_last \half, \rows

  .irp row, 0, 1, 2, 3, 4, 5
    output_row \output, \half+\row, \half, \rows
  .endr
  end_function \name
.endm

.macro whole_tiles name, added
  whole lfb_tile_\name\()_7, output_\name, 7, 4, \added
  whole lfb_tile_\name\()_8, output_\name, 8, 4, \added
  whole lfb_tile_\name\()_9, output_\name, 9, 5, \added
  whole lfb_tile_\name\()_10, output_\name, 10, 5, \added
  whole lfb_tile_\name\()_11, output_\name, 11, 6, \added
  whole lfb_tile_\name\()_12, output_\name, 12, 6, \added
.endm

whole_tiles u8, 0
whole_tiles f32, 0
whole_tiles add, 1
whole_tiles radd, 1

  .section .rodata
  output_order in_order

  .section .note.GNU-stack, "", @progbits
