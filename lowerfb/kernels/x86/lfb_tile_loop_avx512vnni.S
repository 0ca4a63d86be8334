/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The inner loops of tile_avx512vnni.h; what each function does is in
 * tile_loop_avx512vnni.h.
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
 *   rbp               the LfbTileWork
 *   rdi               the weights of the next group
 *   rax               the position in the run, which counts up to 0
 *   the others        the 12 pointers to the bytes of rows, see `each`
 *   zmm0 to zmm23     the sums
 *   zmm24 to zmm26    weights, bytes of a row
 *   zmm28 to zmm31    what the output stage needs
 */

/* The fields of LfbTileWork. */
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

/* Groups at the end that are added four rows at a time: LFB_TILE_LEFT. */
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
  mov %rdi, %rbp
.endm

.macro leave_function
  vzeroupper
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

.macro add_sum i, pointer, first, second, rows, vectors, phases
  .if \i < \rows * \phases
    .if \i - \i / \rows * \rows == 0
      load_weights \i/\rows, \vectors
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

2:
  mov ROWS, %r14
  mov SIZE, %rax
  cmpq $1, N_RUNS
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
  cmpq $1, N_RUNS
  cmove FINAL_LAST, %rax
  test %rax, %rax
  jns 7f
  each add_sum, \rows, \vectors, 1
  add $64 * \vectors, %rdi
7:
  addq $8 * \rows, ROWS
  decq N_RUNS
  jnz 2b
.endm

.macro store_sum i, pointer, first, second, rows, vectors, phases
  .if \i < \rows * \phases
    vmovdqa64 %zmm\first, 64 * \first(%rax)
    .if \vectors == 2
      vmovdqa64 %zmm\second, 64 * \second(%rax)
    .endif
  .endif
.endm

.macro sums name, rows, vectors, phases
  function \name
  add_runs \rows, \vectors, \phases
  mov Y, %rax
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
 * output of 12 rows has as many.  So the last groups are added four rows at a
 * time, and the output of these four comes before the last groups of the next:
 * multiply-adds of some rows are never far from the output of others. */

.macro add_four group, rows, row, p0, p1, p2, p3, a0, a1, a2, a3, b0, b1, b2, b3, at
  load_weights \group, 2
  add_row \p0, \a0, \b0, 2, \at
  .if \row + 1 < \rows
    add_row \p1, \a1, \b1, 2, \at
  .endif
  .if \row + 2 < \rows
    add_row \p2, \a2, \b2, 2, \at
  .endif
  .if \row + 3 < \rows
    add_row \p3, \a3, \b3, 2, \at
  .endif
.endm

/* y = (float (acc) + bias) * multiplier, rounded, as 16-bit integers: see
 * output_avx512.h.  Of a NaN, vminps returns the operand that is first here. */
.macro round_row first, second
  vcvtdq2ps %zmm\first, %zmm\first
  vcvtdq2ps %zmm\second, %zmm\second
  vaddps (%rsi), %zmm\first, %zmm\first
  vaddps 64(%rsi), %zmm\second, %zmm\second
  vmulps (%rdx), %zmm\first, %zmm\first
  vmulps 64(%rdx), %zmm\second, %zmm\second
  vminps %zmm\first, %zmm28, %zmm\first
  vminps %zmm\second, %zmm28, %zmm\second
  vcvtps2dq %zmm\first, %zmm\first
  vcvtps2dq %zmm\second, %zmm\second
  vpackssdw %zmm\second, %zmm\first, %zmm\first
  vpaddsw %zmm29, %zmm\first, %zmm\first
.endm

.macro store_bytes rows, row, a0, a1
  .if \row < \rows
    vpackuswb %zmm\a1, %zmm\a0, %zmm\a0
    vpmaxub %zmm30, %zmm\a0, %zmm\a0
    vpermd %zmm\a0, %zmm31, %zmm\a0
    vmovdqu64 %ymm\a0, (%rbx)
    .if \row + 1 < \rows
      vextracti64x4 $1, %zmm\a0, (%rbx, %rcx)
      lea (%rbx, %rcx, 2), %rbx
    .endif
  .endif
.endm

.macro output_u8 rows, row, a0, a1, a2, a3, b0, b1, b2, b3
  round_row \a0, \b0
  .if \row + 1 < \rows
    round_row \a1, \b1
  .endif
  store_bytes \rows, \row, \a0, \a1
  .if \row + 2 < \rows
    round_row \a2, \b2
  .endif
  .if \row + 3 < \rows
    round_row \a3, \b3
  .endif
  store_bytes \rows, \row+2, \a2, \a3
.endm

/* y = float (acc) * multiplier + bias; of a NaN and of two zeros, vmaxps returns
 * the operand that is first here. */
.macro output_floats rows, row, first, second
  .if \row < \rows
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
  .endif
.endm

.macro output_f32 rows, row, a0, a1, a2, a3, b0, b1, b2, b3
  output_floats \rows, \row, \a0, \b0
  output_floats \rows, \row+1, \a1, \b1
  output_floats \rows, \row+2, \a2, \b2
  output_floats \rows, \row+3, \a3, \b3
.endm

.macro finish_four output, rows, row, p0, p1, p2, p3, a0, a1, a2, a3, b0, b1, b2, b3
  .if \row < \rows
    xor %eax, %eax
    .irp group, 0, 1, 2, 3, 4, 5, 6, 7
      add_four \group, \rows, \row, \p0, \p1, \p2, \p3, \a0, \a1, \a2, \a3, \b0, \b1, \b2, \b3, 4*\group
    .endr
    mov LAST, %rax
    test %rax, %rax
    jns 8f
    add $4 * LEFT, %rax
    add_four LEFT, \rows, \row, \p0, \p1, \p2, \p3, \a0, \a1, \a2, \a3, \b0, \b1, \b2, \b3, 0
8:
    /* The first four pointers are free from here on. */
    .if \row == 0
      mov Y, %rbx
      mov Y_STRIDE, %rcx
      mov MULTIPLIER, %rdx
      mov BIAS, %rsi
    .endif
    \output \rows, \row, \a0, \a1, \a2, \a3, \b0, \b1, \b2, \b3
  .endif
.endm

.macro whole name, output, rows
  function \name
  vbroadcastss LIMIT, %zmm28
  vpbroadcastw ZERO_POINT, %zmm29
  vpbroadcastb MIN, %zmm30
  vmovdqa64 in_order(%rip), %zmm31
  add_runs \rows, 2, 1
  finish_four \output, \rows, 0, rbx, rcx, rdx, rsi, 0, 1, 2, 3, 12, 13, 14, 15
  finish_four \output, \rows, 4, r8, r9, r10, r11, 4, 5, 6, 7, 16, 17, 18, 19
  finish_four \output, \rows, 8, r12, r13, r14, r15, 8, 9, 10, 11, 20, 21, 22, 23
  end_function \name
.endm

.irp rows, 7, 8, 9, 10, 11, 12
  whole lfb_tile_u8_\rows, output_u8, \rows
  whole lfb_tile_f32_\rows, output_f32, \rows
.endr

/* Packing leaves in each lane 4 bytes of each of 4 vectors. */
  .section .rodata
  .p2align 6
in_order:
  .long 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15

  .section .note.GNU-stack, "", @progbits
