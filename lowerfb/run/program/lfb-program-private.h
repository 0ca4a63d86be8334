/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A plan made for inputs of certain shapes: instructions over regions of memory,
 * with everything decided that shapes decide. Activations of images lie channels
 * last, views are strides, and all that a run needs besides its outputs is one
 * arena.
 *
 * lfb-trace.c makes one from a plan; what operators put in stands in emit/.
 * Nodes whose operators put nothing in are called as they are (lfb-instr-call.c):
 * what they return has to be as it was when the program was made, else the run
 * begins again without a program.
 */

#pragma once

#include <lowerfb/run/lfb-plan-private.h>
#include <lowerfb/run/program/lfb-operand-private.h>

G_BEGIN_DECLS

typedef enum {
  LFB_REGION_ARENA,
  LFB_REGION_CONSTANT,
  LFB_REGION_INPUT,
  LFB_REGION_OUTPUT,     /* memory of a tensor that the run returns */
  LFB_REGION_RESULT,     /* what a called operator returned */
} LfbRegionKind;

typedef struct {
  LfbRegionKind kind;
  gsize size;            /* in bytes */
  gsize offset;          /* in the arena */
  gsize index;           /* of the input, or of the result */
  LfbTensor *constant;
  LfbOperand whole;      /* what the tensor is that it belongs to, of all but arena and outputs */
  gsize first;           /* instructions that use it */
  gsize last;
} LfbRegion;

/* What an operator's value is while a program is made. */
typedef enum {
  LFB_TERM_CONSTANT,
  LFB_TERM_TENSOR,
  LFB_TERM_ITEMS,        /* a list or tuple of terms */
  LFB_TERM_VALUE,        /* anything else: known only when it runs */
} LfbTermKind;

typedef struct _LfbTerm LfbTerm;
struct _LfbTerm {
  LfbTermKind kind;
  LfbValue *constant;
  LfbOperand operand;
  GPtrArray *items;      /* LfbTerm */
  gboolean tuple;
  gsize value;           /* which of the run's values it is */
  gboolean changeable;   /* whether that is a tensor or a list */
};

typedef struct _LfbInstr LfbInstr;
typedef struct _LfbProgram LfbProgram;

/* What one run of a program works on. Kept on the shelf between runs. */
typedef struct {
  const LfbRuntime *runtime;
  guint8 *arena;
  guint8 **bases;        /* by region */
  LfbValue **values;     /* results of called operators */
  LfbTensor **inputs;    /* of the caller */
  gssize strayed;        /* the step that returned something else than before; -1: none */
} LfbFrame;

typedef struct {
  const char *name;
  gboolean (*run)  (const LfbProgram  *program,
                    const LfbInstr    *self,
                    LfbFrame          *frame,
                    GError           **error);
  void     (*free) (gpointer           data);  /* %NULL: nothing to free */
  gboolean strided;      /* operands that lie as pixels may be slices of wider ones */
  gboolean in_place;     /* y may be where an operand is that has its type and layout */
  gboolean terms;        /* reads terms of its own, which name the same regions as x */
} LfbInstrType;

struct _LfbInstr {
  const LfbInstrType *type;
  gsize step;            /* of the plan */
  LfbOperand y;          /* what it writes; type->run says */
  gboolean writes;
  LfbOperand *x;         /* what it reads */
  gsize n_x;
  GArray *results;       /* guint: regions of what a called operator returns; %NULL: none */
  GArray *dead;          /* gsize: results that nothing reads afterwards; %NULL: none */
  gpointer data;
};

struct _LfbProgram {
  const LfbPlan *plan;
  GArray *inputs;        /* LfbOperand: what it was made for */
  GPtrArray *regions;    /* LfbRegion */
  GPtrArray *instrs;     /* LfbInstr, ordered by step */
  gsize n_values;
  LfbTerm *output;
  gsize arena_size;
  gsize arena_bound;     /* the most that lives at once */
  gint took;             /* microseconds, the last run; atomic */
  GPtrArray *shelf;      /* LfbFrame: those that no run uses; guarded by lock */
  GMutex lock;
  gatomicrefcount ref_count;
};

LfbTerm    *lfb_term_new_constant  (LfbValue              *value);
LfbTerm    *lfb_term_new_tensor    (const LfbOperand      *operand);
LfbTerm    *lfb_term_new_items     (gboolean               tuple);
LfbTerm    *lfb_term_new_value     (gsize                  value);
LfbTerm    *lfb_term_ref           (LfbTerm               *self);
void        lfb_term_unref         (LfbTerm               *self);

LfbProgram *lfb_program_alloc      (const LfbPlan         *plan);
LfbProgram *lfb_program_ref        (LfbProgram            *self);
void        lfb_program_unref      (LfbProgram            *self);
/* Made for such inputs? */
gboolean    lfb_program_fits       (const LfbProgram      *self,
                                    LfbTensor            **inputs,
                                    gsize                  n_inputs);
guint       lfb_program_add_region (LfbProgram            *self,
                                    LfbRegionKind          kind,
                                    gsize                  size);
LfbRegion  *lfb_program_region     (const LfbProgram      *self,
                                    guint                  region);
LfbInstr   *lfb_program_add_instr  (LfbProgram            *self,
                                    const LfbInstrType    *type,
                                    gsize                  step,
                                    const LfbOperand      *y,
                                    const LfbOperand      *x,
                                    gsize                  n_x,
                                    gpointer               data);
void        lfb_instr_free         (LfbInstr              *self);

/* Improves instructions; see the files. Then lays regions out in the arena. */
void        lfb_program_fuse       (LfbProgram            *self);
void        lfb_program_lay_out    (LfbProgram            *self);

char       *lfb_program_to_text    (const LfbProgram      *self);

/* Runs it on inputs that it fits. %NULL without an error if a called operator
 * returned something else than when the program was made, which is then the step
 * @strayed, or if there is too little memory: then @strayed is -1.
 */
LfbValue   *lfb_program_run        (LfbProgram            *self,
                                    const LfbRuntime      *runtime,
                                    LfbTensor            **inputs,
                                    LfbPlanTimer           timer,
                                    gpointer               user_data,
                                    gssize                *strayed,
                                    GError               **error);

/* A program for such inputs; inputs that the plan has a value for may be missing.
 * Operators that have to run for that, run: then @result is what the plan returns
 * for these inputs, and @times says how many nanoseconds each step took, and what
 * had to run before it. @unstable says of each step whether its result differs
 * from run to run. %NULL without an error if the plan cannot be made a program, or
 * takes more memory than there is.
 */
LfbProgram *lfb_trace_plan         (const LfbPlan         *plan,
                                    const LfbRuntime      *runtime,
                                    const gboolean        *unstable,
                                    LfbTensor            **inputs,
                                    gsize                  n_inputs,
                                    LfbValue             **result,
                                    gint64                *times,
                                    GError               **error);

static inline gpointer
lfb_frame_data (const LfbFrame   *self,
                const LfbOperand *operand)
{
  return self->bases[operand->region] + operand->offset * (gint64) lfb_operand_item_size (operand);
}

gboolean    lfb_frame_run_instr    (const LfbProgram      *program,
                                    LfbFrame              *self,
                                    const LfbInstr        *instr,
                                    GError               **error);
/* The term as a value: tensors stand on the frame's memory. */
LfbValue   *lfb_frame_read_term    (const LfbProgram      *program,
                                    LfbFrame              *self,
                                    const LfbTerm         *term,
                                    GError               **error);
/* The same with tensors on memory of their own. */
LfbValue   *lfb_frame_copy_term    (const LfbProgram      *program,
                                    LfbFrame              *self,
                                    const LfbTerm         *term,
                                    GError               **error);
/* What the program returns; its memory leaves the frame. */
LfbValue   *lfb_frame_take_output  (const LfbProgram      *program,
                                    LfbFrame              *self,
                                    GError               **error);
void        lfb_frame_free         (LfbFrame              *self);

/* Calls the operator of a step as it is. @terms are those of the slots that it
 * reads, tensors row-major. */
LfbInstr   *lfb_instr_call_add     (LfbProgram            *program,
                                    gsize                  step,
                                    LfbTerm              **terms);
/* Runs it for the first time: from then on it expects such a result, which is
 * returned as a term; if it is @unstable, any result. */
LfbTerm    *lfb_instr_call_record  (LfbProgram            *program,
                                    LfbInstr              *instr,
                                    LfbFrame              *frame,
                                    gboolean               unstable,
                                    GError               **error);

extern const LfbInstrType lfb_copy_instr;

/* Copies x to y, which have the same shape. */
void        lfb_instr_copy_add     (LfbProgram            *program,
                                    gsize                  step,
                                    const LfbOperand      *y,
                                    const LfbOperand      *x);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbProgram, lfb_program_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbTerm, lfb_term_unref)

G_END_DECLS
