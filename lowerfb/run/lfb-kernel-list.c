/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which variant of each kernel this CPU and the limit lead to. */

#include <lowerfb/run/lfb-call.h>
#include <lowerfb/run/lfb-runtime-private.h>
#include <lowerfb/core/lfb-error.h>

/**
 * lfb_list_kernels:
 *
 * Lists the kernels, of which there can be several variants;
 * [func@Lfb.get_kernel_variant] tells which is used.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names, such as
 *   `linear` or `max_pool_u8`
 *
 * Since: 1.0
 */
char **
lfb_list_kernels (void)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  LfbRuntime runtime;
  const char *name, *isa;

  lfb_runtime_init (&runtime, NULL);
  for (gsize i = 0; (name = lfb_kernels_describe (&runtime.kernels, i, &isa)) != NULL; i++)
    g_strv_builder_add (names, name);

  return g_strv_builder_end (names);
}

/**
 * lfb_get_kernel_variant:
 * @kernel: the name of a kernel
 * @error: return location for a `GError`
 *
 * Tells which variant of a kernel a session or call that is made now uses: the
 * fastest that this machine can run and [func@Lfb.set_cpu_limit] allows. All
 * variants give the same bits.
 *
 * Returns: (transfer full): the name of its instruction set, such as `avx2`;
 *   `c` is plain C; or %NULL with %LFB_ERROR_NOT_FOUND if no kernel has that name
 *
 * Since: 1.0
 */
char *
lfb_get_kernel_variant (const char  *kernel,
                        GError     **error)
{
  LfbRuntime runtime;
  const char *name, *isa;

  g_return_val_if_fail (kernel != NULL, NULL);

  lfb_runtime_init (&runtime, NULL);
  for (gsize i = 0; (name = lfb_kernels_describe (&runtime.kernels, i, &isa)) != NULL; i++)
    if (g_str_equal (name, kernel))
      return g_strdup (isa);

  g_set_error (error, LFB_ERROR, LFB_ERROR_NOT_FOUND, "no kernel is called “%s”", kernel);
  return NULL;
}
