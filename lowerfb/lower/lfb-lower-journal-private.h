/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The journal of a lowering: one entry for every node that the report must
 * speak of, kept up to date while the passes run.
 *
 * Entries are known by the name their node had at the start, after a prefix for
 * the graphs inside of modules. What an entry finally says is settled against
 * the finished graph, so that no pass can claim, or forget to claim, anything.
 */

#pragma once

#include <lowerfb/graph/lfb-graph-module.h>

G_BEGIN_DECLS

typedef enum {
  LFB_SUBJECT_NONE,
  LFB_SUBJECT_QUANTIZE,
  LFB_SUBJECT_DYNAMIC_QUANTIZE,
  LFB_SUBJECT_MODULE,
  LFB_SUBJECT_FUNCTIONAL,
  LFB_SUBJECT_OTHER, /* a node that an application's pass reported */
} LfbSubject;

typedef struct
{
  char *node_name; /* with the prefix */
  LfbSubject subject;
  char *was; /* the function, or the type of the module, before */
  gboolean lowered;
  char *pass_name;
  char *result;
  char *reason;
} LfbLowerEntry;

typedef struct _LfbLowerJournal LfbLowerJournal;

LfbLowerJournal *_lfb_lower_journal_new    (void);
LfbLowerJournal *_lfb_lower_journal_ref    (LfbLowerJournal *self);
void             _lfb_lower_journal_unref  (LfbLowerJournal *self);

void             _lfb_lower_journal_add    (LfbLowerJournal *self,
                                            const char      *prefix,
                                            const char      *name,
                                            LfbSubject       subject,
                                            const char      *was);
LfbLowerEntry   *_lfb_lower_journal_find   (LfbLowerJournal *self,
                                            const char      *prefix,
                                            const char      *name);
gboolean         _lfb_lower_journal_wants  (LfbLowerJournal *self,
                                            const char      *prefix,
                                            const char      *name);
void             _lfb_lower_journal_took   (LfbLowerJournal *self,
                                            const char      *prefix,
                                            const char      *name,
                                            const char      *pass_name,
                                            const char      *result);
void             _lfb_lower_journal_left   (LfbLowerJournal *self,
                                            const char      *prefix,
                                            const char      *name,
                                            const char      *pass_name,
                                            const char      *reason);
GPtrArray       *_lfb_lower_journal_get    (LfbLowerJournal *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbLowerJournal, _lfb_lower_journal_unref)

G_END_DECLS
