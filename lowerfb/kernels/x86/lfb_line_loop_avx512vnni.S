/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The inner loops of lines_avx512vnni.h.
 *
 * A tile is 5 or 6 neighbouring pixels of 32 outputs, 12 sums.  A step takes a group of
 * 4 bytes of each pixel's run and multiplies it with two vectors of weights.  When
 * its sums are complete they are converted into other registers, where their output
 * is worked out in three parts, one before each of the first three runs of the next
 * tile: so the core has multiply-adds to do all the time.  The pixels of a tile are
 * taken through the weights of all blocks of 32 outputs before those of the next.
 *
 *   rbp               the LfbLineLoop, which is used up
 *   r14               the LfbLineTiles
 *   rsi, r8           pointers and lengths of runs, and what is to be added to pointers
 *   rbx               pixel 0 in the run
 *   rdx, r9, rcx      from there to pixels 1, 3 and 5
 *   rdi               the weights of the next group
 *   rax, r11          groups and runs that are left
 *   r10, r15, r12, r13
 *                     of the tile before: y, what is added, multipliers, biases
 *   zmm0 to zmm11     sums: of the first 16 outputs, of the others
 *   zmm12 to zmm23    the sums of the tile before, as floats
 *   zmm24 to zmm26    weights, bytes of a pixel; what is added
 *   zmm28 to zmm31    what the output stage needs
 */

/* The fields of LfbLineLoop; what changes from block to block comes first. */
#define TILES 0(%rbp)
#define ENTRIES_LEFT 8(%rbp)
#define N_RUNS 16(%rbp)
#define X_STEP 24(%rbp)
#define BLOCK_SIZE 32(%rbp)
#define N_BLOCKS 40(%rbp)
#define BLOCKS_LEFT 48(%rbp)
#define W_FIRST 56(%rbp)
#define W 64(%rbp)
#define FLOATS 72(%rbp)
#define MULTIPLIER 80(%rbp)
#define BIAS 88(%rbp)
#define START 96(%rbp)
#define Y 104(%rbp)
#define Y_STRIDE 112(%rbp)
#define Q 120(%rbp)
#define Q_STRIDE 128(%rbp)
#define LIMIT 136(%rbp)
#define ZERO_POINT 140(%rbp)
#define MIN 142(%rbp)
#define Q_ZERO_POINT 144(%rbp)
#define Q_SCALE 148(%rbp)
#define PRODUCT_LOW 152(%rbp)
#define PRODUCT_HIGH 156(%rbp)
#define PRODUCT_SCALE 160(%rbp)
#define RECIPROCAL 164(%rbp)
#define TILES_LEFT 168(%rbp)
#define Y_AT 176(%rbp)
#define Q_AT 184(%rbp)

/* Those of LfbLineTiles. */
#define ENTRY_RUNS 0(%r14)
#define ENTRY_X 8(%r14)
#define ENTRY_Y 16(%r14)
#define ENTRY_Q 24(%r14)
#define ENTRY_PIXELS 32(%r14)
#define ENTRY_COUNT 40(%r14)
#define ENTRY_SIZE 48

#define OUT_Y %r10
#define OUT_Q %r15
#define OUT_MULTIPLIER %r12
#define OUT_BIAS %r13
#include "output_avx512.inc"

.macro add_pixel first, second, address:vararg
  vpbroadcastd \address, %zmm26
  vpdpbusd %zmm24, %zmm26, %zmm\first
  vpdpbusd %zmm25, %zmm26, %zmm\second
.endm

.macro add_run pixels
  mov (%rsi), %rbx
  mov 8(%rsi), %rax
  add %r8, %rbx
  add $16, %rsi
  .p2align 4
1:
  vmovdqa64 (%rdi), %zmm24
  vmovdqa64 64(%rdi), %zmm25
  add_pixel 0, 6, (%rbx)
  add_pixel 1, 7, (%rbx, %rdx)
  add_pixel 2, 8, (%rbx, %rdx, 2)
  add_pixel 3, 9, (%rbx, %r9)
  add_pixel 4, 10, (%rbx, %rdx, 4)
  .if \pixels == 6
    add_pixel 5, 11, (%rbx, %rcx)
  .endif
  add $128, %rdi
  add $4, %rbx
  dec %rax
  jnz 1b
.endm

.macro output_row kind, first, second, before
  value_\kind \first, \second
  pack_row \first, \second, \before
  store_rows \first, \before
.endm

/* Two rows of the tile before, which has \pixels; none if that is 0. */
.macro output_part kind, part, pixels
  .if \pixels > 0
    .if \part == 0
      output_row \kind, 12, 18, -1
      output_row \kind, 13, 19, 12
    .elseif \part == 1
      output_row \kind, 14, 20, -1
      output_row \kind, 15, 21, 14
    .elseif \pixels == 6
      output_row \kind, 16, 22, -1
      output_row \kind, 17, 23, 16
    .else
      output_row \kind, 16, 22, 16
    .endif
  .endif
.endm

/* To the tiles at r14, after one of \pixels. */
.macro next_entry name, pixels
  mov ENTRY_X, %r8
  mov ENTRY_Y, %rax
  mov %rax, Y_AT
  mov ENTRY_Q, %rax
  mov %rax, Q_AT
  mov ENTRY_COUNT, %rax
  mov %rax, TILES_LEFT
  cmpq $6, ENTRY_PIXELS
  je \name\()_6_\pixels
  jmp \name\()_5_\pixels
.endm

/* A tile of \pixels after one of \previous. */
.macro tile name, kind, pixels, previous
  .p2align 6
\name\()_\pixels\()_\previous:
  mov ENTRY_RUNS, %rsi
  mov W, %rdi
  mov FLOATS, %rax
  add START, %rax
  .irp sum, 0, 1, 2, 3, 4, 5
    .if \sum < \pixels
      vmovdqa64 (%rax), %zmm\sum
    .endif
  .endr
  .irp sum, 6, 7, 8, 9, 10, 11
    .if \sum - 6 < \pixels
      vmovdqa64 64(%rax), %zmm\sum
    .endif
  .endr

  output_part \kind, 0, \previous
  add_run \pixels
  output_part \kind, 1, \previous
  add_run \pixels
  output_part \kind, 2, \previous
  add_run \pixels

  mov N_RUNS, %r11
  sub $3, %r11
  jz 3f
2:
  add_run \pixels
  dec %r11
  jnz 2b
3:
  jmp \name\()_done_\pixels
.endm

/* What comes after a tile of \pixels. */
.macro done name, kind, added, pixels
  .p2align 6
\name\()_done_\pixels:
  vcvtdq2ps %zmm0, %zmm12
  vcvtdq2ps %zmm6, %zmm18
  vcvtdq2ps %zmm1, %zmm13
  vcvtdq2ps %zmm7, %zmm19
  vcvtdq2ps %zmm2, %zmm14
  vcvtdq2ps %zmm8, %zmm20
  vcvtdq2ps %zmm3, %zmm15
  vcvtdq2ps %zmm9, %zmm21
  vcvtdq2ps %zmm4, %zmm16
  vcvtdq2ps %zmm10, %zmm22
  .if \pixels == 6
    vcvtdq2ps %zmm5, %zmm17
    vcvtdq2ps %zmm11, %zmm23
  .endif

  /* y and what is added of this block, of which there are N_BLOCKS side by side. */
  mov FLOATS, %rax
  mov MULTIPLIER, %r12
  mov BIAS, %r13
  add %rax, %r12
  add %rax, %r13
  shr $2, %rax
  mov Y, %r10
  add Y_AT, %r10
  add %rax, %r10
  .if \added
    mov Q, %r15
    add Q_AT, %r15
    add %rax, %r15
  .endif

  decq BLOCKS_LEFT
  jz 4f
  mov BLOCK_SIZE, %rax
  add %rax, W
  addq $128, FLOATS
  jmp \name\()_\pixels\()_\pixels
4:
  mov W_FIRST, %rax
  mov %rax, W
  movq $0, FLOATS
  mov N_BLOCKS, %rax
  mov %rax, BLOCKS_LEFT
  decq TILES_LEFT
  jz 5f
  lea (%rdx, %rdx, 4), %rax
  .if \pixels == 6
    add %rdx, %rax
  .endif
  add %rax, %r8
  imul $\pixels, Y_STRIDE, %rax
  add %rax, Y_AT
  .if \added
    imul $\pixels, Q_STRIDE, %rax
    add %rax, Q_AT
  .endif
  jmp \name\()_\pixels\()_\pixels
5:
  add $ENTRY_SIZE, %r14
  decq ENTRIES_LEFT
  jz 6f
  next_entry \name, \pixels
6:
  output_part \kind, 0, \pixels
  output_part \kind, 1, \pixels
  output_part \kind, 2, \pixels
  jmp \name\()_leave
.endm

.macro lines name, kind, added
  .globl \name
  .hidden \name
  .type \name, @function
  .p2align 6
\name:
  .cfi_startproc
  .irp register, rbp, rbx, r12, r13, r14, r15
  push %\register
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset \register, 0
  .endr
  mov %rdi, %rbp
  vbroadcastss LIMIT, %zmm28
  vpbroadcastw ZERO_POINT, %zmm29
  vpbroadcastb MIN, %zmm30
  vmovdqa64 in_order(%rip), %zmm31
  mov TILES, %r14
  mov X_STEP, %rdx
  lea (%rdx, %rdx, 2), %r9
  lea (%rdx, %rdx, 4), %rcx
  next_entry \name, 0

  tile \name, \kind, 5, 0
  tile \name, \kind, 6, 0
  tile \name, \kind, 5, 5
  tile \name, \kind, 6, 5
  tile \name, \kind, 5, 6
  tile \name, \kind, 6, 6
  done \name, \kind, \added, 5
  done \name, \kind, \added, 6

\name\()_leave:
  vzeroupper
  .irp register, r15, r14, r13, r12, rbx, rbp
  pop %\register
  .cfi_adjust_cfa_offset -8
  .cfi_restore \register
  .endr
  ret
  .cfi_endproc
  .size \name, . - \name
.endm

  .text
lines lfb_line_u8, u8, 0
lines lfb_line_add, add, 1
lines lfb_line_radd, radd, 1

  .section .rodata
  output_order in_order

  .section .note.GNU-stack, "", @progbits
