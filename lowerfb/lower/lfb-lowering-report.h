/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What lowering did with every quantize and reference module, and why. */

#pragma once

#include <gio/gio.h>

#include <lowerfb/core/lfb-types.h>

G_BEGIN_DECLS

#define LFB_TYPE_LOWERING_NOTE (lfb_lowering_note_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbLoweringNote, lfb_lowering_note, LFB, LOWERING_NOTE, GObject)

LFB_AVAILABLE_IN_1_0
const char *lfb_lowering_note_get_node_name (LfbLoweringNote *self);
LFB_AVAILABLE_IN_1_0
const char *lfb_lowering_note_get_original  (LfbLoweringNote *self);
LFB_AVAILABLE_IN_1_0
const char *lfb_lowering_note_get_pass_name (LfbLoweringNote *self);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_lowering_note_get_lowered   (LfbLoweringNote *self);
LFB_AVAILABLE_IN_1_0
const char *lfb_lowering_note_get_result    (LfbLoweringNote *self);
LFB_AVAILABLE_IN_1_0
const char *lfb_lowering_note_get_reason    (LfbLoweringNote *self);

#define LFB_TYPE_LOWERING_REPORT (lfb_lowering_report_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbLoweringReport, lfb_lowering_report, LFB, LOWERING_REPORT, GObject)

LFB_AVAILABLE_IN_1_0
LfbLoweringNote *lfb_lowering_report_find      (LfbLoweringReport *self,
                                                const char        *node_name);
LFB_AVAILABLE_IN_1_0
guint            lfb_lowering_report_get_n_notes (LfbLoweringReport *self);
LFB_AVAILABLE_IN_1_0
guint            lfb_lowering_report_get_n_lowered (LfbLoweringReport *self);
LFB_AVAILABLE_IN_1_0
char            *lfb_lowering_report_to_text   (LfbLoweringReport *self);
LFB_AVAILABLE_IN_1_0
char            *lfb_lowering_report_to_json   (LfbLoweringReport *self);

G_END_DECLS
