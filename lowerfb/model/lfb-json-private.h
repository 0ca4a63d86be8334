/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* JSON as a tree of constant nodes, read strictly. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How deeply arrays and objects may be nested (model-format). */
#define LFB_JSON_MAX_DEPTH 128

typedef enum {
  LFB_JSON_NULL,
  LFB_JSON_BOOL,
  LFB_JSON_INT,
  LFB_JSON_DOUBLE,
  LFB_JSON_STRING,
  LFB_JSON_ARRAY,
  LFB_JSON_OBJECT,
} LfbJsonType;

typedef struct _LfbJson LfbJson;
typedef struct _LfbJsonMember LfbJsonMember;
typedef struct _LfbJsonTree LfbJsonTree;

/* Everything a node points to belongs to its tree. */
struct _LfbJson
{
  LfbJsonType type;
  guint n_items; /* of an array or object */
  union {
    gboolean boolean;
    gint64 integer;
    double number;
    const char *text;
    const LfbJson *items;         /* of an array */
    const LfbJsonMember *members; /* of an object, in the order of the text */
  };
};

struct _LfbJsonMember
{
  const char *name;
  LfbJson value;
};

LfbJsonTree   *_lfb_json_tree_new      (const char    *text,
                                        gsize          length,
                                        GError       **error);
void           _lfb_json_tree_free     (LfbJsonTree   *self);
const LfbJson *_lfb_json_tree_get_root (LfbJsonTree   *self);

const LfbJson *_lfb_json_lookup        (const LfbJson *object,
                                        const char    *name);
const char    *_lfb_json_describe      (const LfbJson *json);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbJsonTree, _lfb_json_tree_free)

G_END_DECLS
