/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a pass has to work with while it runs: the model that is being
 * rewritten, the maps and switches of this lowering, and the journal in which
 * every rewriting and every refusal is written down.
 */

#pragma once

#include <lowerfb/graph/lfb-graph-module.h>
#include <lowerfb/lower/lfb-lower-journal-private.h>

G_BEGIN_DECLS

typedef struct _LfbLowerSwaps LfbLowerSwaps;

/* What weights the kernels of a lowered module take. */
typedef enum {
  LFB_WEIGHTS_NONE,       /* keeps its tensors as they are */
  LFB_WEIGHTS_INT8,       /* qint8; per channel along the first dimension */
  LFB_WEIGHTS_PER_TENSOR, /* qint8, one scale */
  LFB_WEIGHTS_HALF,       /* float16 */
  LFB_WEIGHTS_EMBEDDING,  /* rows of 8, 4 or 2 bits with float zero points */
  LFB_N_WEIGHTS
} LfbWeights;

typedef void (*LfbRewrittenFunc) (const char *pass_name,
                                  LfbNode    *node,
                                  const char *text,
                                  gpointer    user_data);

typedef struct _LfbLowerContext
{
  LfbGraphModule *model;
  LfbGraph *graph;
  LfbQConfigMap *qconfig_map;
  LfbScopeMap *scope_map;
  gboolean strict_upstream;
  gboolean keep_original_weights;

  const char *pass_name;  /* of the pass that is running */
  char *prefix;           /* of node names in the journal: "" or "module:" */
  LfbLowerJournal *journal;
  guint first_entry;      /* of this graph in the journal */
  guint end_entry;

  LfbLowerSwaps *swaps;        /* of the running pass, if it replaces modules */
  GHashTable *ranges;          /* node to LfbRange, found by the running pass */
  GHashTable *changes;         /* node to who changes it in place; made when asked for */
  GHashTable *scalar_ranges;   /* name of a lowered add or mul with a number to
                                  the LfbRange of the quantize it replaced */
  GHashTable *lowered_tensors[LFB_N_WEIGHTS]; /* LfbModule to the tensors of its lowered form */

  LfbRewrittenFunc rewritten;
  gpointer user_data;
} LfbLowerContext;

LfbLowerContext *_lfb_lower_context_new        (LfbGraphModule  *model,
                                                LfbQConfigMap   *qconfig_map,
                                                LfbScopeMap     *scope_map,
                                                LfbLowerJournal *journal,
                                                const char      *prefix);
void             _lfb_lower_context_free       (LfbLowerContext *self);
void             _lfb_lower_context_begin      (LfbLowerContext *self,
                                                const char      *pass_name);

gboolean         _lfb_lower_context_skips      (LfbLowerContext *self,
                                                LfbNode         *node);
LfbModule       *_lfb_lower_context_get_module (LfbLowerContext *self,
                                                LfbNode         *node);
const char      *_lfb_lower_context_get_type   (LfbLowerContext *self,
                                                LfbNode         *node);
const char      *_lfb_lower_context_get_callee (LfbLowerContext *self,
                                                LfbNode         *node);
LfbModule       *_lfb_lower_context_get_part   (LfbLowerContext *self,
                                                LfbNode         *node,
                                                guint            index);

void             _lfb_lower_context_took       (LfbLowerContext *self,
                                                LfbNode         *node,
                                                const char      *result);
void             _lfb_lower_context_left       (LfbLowerContext *self,
                                                LfbNode         *quantize,
                                                LfbNode         *node,
                                                const char      *format,
                                                ...) G_GNUC_PRINTF (4, 5);
void             _lfb_lower_context_rewritten  (LfbLowerContext *self,
                                                LfbNode         *node,
                                                const char      *format,
                                                ...) G_GNUC_PRINTF (3, 4);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbLowerContext, _lfb_lower_context_free)

G_END_DECLS
