/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a lowerer makes its report. */

#pragma once

#include <lowerfb/lower/lfb-lower-journal-private.h>
#include <lowerfb/lower/lfb-lowering-report.h>

G_BEGIN_DECLS

LfbLoweringNote   *_lfb_lowering_note_new   (const LfbLowerEntry *entry);
LfbLoweringReport *_lfb_lowering_report_new (LfbLowerJournal     *journal);

G_END_DECLS
