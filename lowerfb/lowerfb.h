/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one header that applications include. */

#pragma once

#include <lowerfb/core/lfb-buffer.h>
#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-progress.h>
#include <lowerfb/core/lfb-tensor.h>
#include <lowerfb/core/lfb-types.h>
#include <lowerfb/core/lfb-value.h>
#include <lowerfb/core/lfb-version-macros.h>
#include <lowerfb/graph/lfb-graph-module.h>
#include <lowerfb/graph/lfb-graph.h>
#include <lowerfb/graph/lfb-module.h>
#include <lowerfb/graph/lfb-node.h>
#include <lowerfb/graph/lfb-qconfig-map.h>
#include <lowerfb/graph/lfb-qconfig.h>
#include <lowerfb/graph/lfb-scope-map.h>
#include <lowerfb/lower/lfb-lowerer.h>
#include <lowerfb/lower/lfb-lowering-report.h>
#include <lowerfb/lower/lfb-pass.h>
#include <lowerfb/model/lfb-model-file.h>
#include <lowerfb/model/lfb-tensor-file.h>
#include <lowerfb/run/lfb-call.h>
#include <lowerfb/run/lfb-packed-conv.h>
#include <lowerfb/run/lfb-packed-linear.h>
#include <lowerfb/run/lfb-session-options.h>
#include <lowerfb/run/lfb-session.h>

#include <lowerfb/lfb-enum-types.h>
