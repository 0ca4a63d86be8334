/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the products of oneDNN (2.x) share. */

#pragma once

#include "onednn.h"

#include <oneapi/dnnl/dnnl.h>

dnnl_engine_t bench_onednn_engine (void);

/* Attributes of a product: scales by output along dimension 1, zero points
 * unless they are negative. */
dnnl_primitive_attr_t bench_onednn_attr (const float *multiplier, size_t n, int32_t x_zero_point, int32_t y_zero_point);

/* Adds the product that @op describes, if oneDNN has it: reorders @w, which lies
 * as @plain says, into the layout that it prefers, once.  Takes @bias, floats
 * of bench_alloc(), and @attr, whose one post-operation, if there is an @addend, takes
 * as many bytes of that as come out, @n_outputs. */
void bench_onednn_add (BenchSubject             *subjects,
                       const char               *name,
                       const_dnnl_op_desc_t      op,
                       dnnl_primitive_attr_t     attr,
                       const uint8_t            *addend,
                       const uint8_t            *x,
                       const dnnl_memory_desc_t *plain,
                       const int8_t             *w,
                       float                    *bias,
                       size_t                    n_outputs,
                       double                    work);
