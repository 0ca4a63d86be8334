/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a document says beyond what the library knows, kept so that writing gives
 * it back: unknown names with their JSON, the tensors that this JSON mentions,
 * and the order of names where it is not the usual one.
 *
 * The graph layer carries it as a value that it does not look into: a dictionary
 * of
 *
 *     "keys"     name -> text of the JSON, or none for a name that is known
 *     "tensors"  name -> tensor, for the names that the JSON uses
 *
 * and of more such dictionaries for objects that have none of their own, under
 * names that the reader and the writer of the outer object agree on.
 */

#pragma once

#include <lowerfb/model/lfb-value-json-private.h>

G_BEGIN_DECLS

/* The version of the document that this library reads and writes. */
#define LFB_DOCUMENT_VERSION 1

/* When a known member is written. */
typedef enum {
  LFB_KEY_ALWAYS,
  LFB_KEY_UNLESS_EMPTY,
  LFB_KEY_OPTIONAL, /* when there is something, be it empty */
} LfbKeyRule;

typedef struct
{
  const char *name; /* NULL behind the last one */
  LfbKeyRule rule;
} LfbKey;

/* The members of the objects of a document, in the usual order. */
extern const LfbKey _lfb_document_keys[];
extern const LfbKey _lfb_node_keys[];
extern const LfbKey _lfb_meta_keys[];
extern const LfbKey _lfb_module_keys[];
extern const LfbKey _lfb_alias_keys[];
extern const LfbKey _lfb_qconfig_keys[];

/* Puts an extra together. */
typedef struct
{
  GPtrArray *names;
  GPtrArray *values;
} LfbExtraBuilder;

void      _lfb_extra_builder_init     (LfbExtraBuilder   *self);
void      _lfb_extra_builder_clear    (LfbExtraBuilder   *self);
void      _lfb_extra_builder_add      (LfbExtraBuilder   *self,
                                       const char        *name,
                                       LfbValue          *value);
void      _lfb_extra_builder_add_keys (LfbExtraBuilder   *self,
                                       LfbValueReader    *reader,
                                       const LfbJson     *object,
                                       const LfbKey      *known,
                                       gboolean           unusual);
LfbValue *_lfb_extra_builder_end      (LfbExtraBuilder   *self);
LfbValue *_lfb_extra_read             (LfbValueReader    *reader,
                                       const LfbJson     *object,
                                       const LfbKey      *known);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LfbExtraBuilder, _lfb_extra_builder_clear)

/* Writes the member @key of an object, unless there is nothing to write. */
typedef void (*LfbExtraWriteFunc) (gpointer    self,
                                   gpointer    object,
                                   const char *key,
                                   gboolean    omit_empty);

LfbValue *_lfb_extra_get              (LfbValue          *extra,
                                       const char        *name);
GHashTable *_lfb_extra_index          (LfbValue          *extra,
                                       const char        *name);
void      _lfb_extra_write            (LfbValueWriter    *writer,
                                       LfbValue          *extra,
                                       const LfbKey      *known,
                                       LfbExtraWriteFunc  func,
                                       gpointer           self,
                                       gpointer           object);

G_END_DECLS
