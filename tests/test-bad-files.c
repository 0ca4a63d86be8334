/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files that are not what they should be: each is refused with an error of the
 * right code whose message names what is at fault, and none does any harm.
 */

#include "common/lfb-test-file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef enum {
  HEADER,   /* text is the header; eight bytes of data */
  QPARAMS,  /* text is the metadata of that name, beside the tensors below; only tensor files look at it */
  DOCUMENT, /* text is the document, beside the tensors below */
  VALUE,    /* text is an attribute of an otherwise good document */
  NODE,     /* text is a node between the placeholder x and the output */
  MODULES,  /* text is the modules, of which the graph calls m */
} Kind;

typedef struct
{
  const char *name;
  Kind kind;
  const char *text;
  int code;
  const char *part;
} Row;

#define TENSORS \
  ",\"w\":{\"dtype\":\"I8\",\"shape\":[2,3],\"data_offsets\":[32,38]}," \
  "\"s\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]}," \
  "\"z\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[16,32]}," \
  "\"bad\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[40,48]}"

#define X "{\"name\":\"x\",\"op\":\"placeholder\",\"target\":\"x\",\"args\":[]}"
#define OUT "{\"name\":\"output\",\"op\":\"output\",\"target\":\"output\",\"args\":[{\"node\":\"x\"}]}"
#define NODES "\"nodes\":[" X "," OUT "]"
#define CALL "{\"name\":\"c\",\"op\":\"call_module\",\"target\":\"m\",\"args\":[{\"node\":\"x\"}]}"
#define TENSOR(rest) "{\"a\":{\"dtype\":\"U8\"," rest "}}"
#define SHAPED(shape, begin, end) TENSOR ("\"shape\":" shape ",\"data_offsets\":[" begin "," end "]")
#define Q(rest) "{\"tensor\":\"w\",\"qparams\":{" rest "}}"
#define TYPES "\"dtype\":\"qint8\",\"qscheme\":\"per_tensor_affine\","
#define CHANNEL "\"dtype\":\"qint8\",\"qscheme\":\"per_channel_affine\","
#define VECTORS "\"scale\":{\"tensor\":\"s\"},\"zero_point\":{\"tensor\":\"z\"},"

static const Row rows[] = {
  { "empty header", HEADER, "", LFB_ERROR_FORMAT, "does not begin with `{`" },
  { "header of spaces", HEADER, "        ", LFB_ERROR_FORMAT, "does not begin with `{`" },
  { "header is an array", HEADER, "[]", LFB_ERROR_FORMAT, "does not begin with `{`" },
  { "header is cut off", HEADER, "{\"a\":{\"dtype\":\"U8\"", LFB_ERROR_FORMAT, "header: byte 18: " },
  { "text behind the header", HEADER, "{} x", LFB_ERROR_FORMAT, "header: byte 3: expected the end" },
  { "header not UTF-8", HEADER, "{\"\xff\":1}", LFB_ERROR_FORMAT, "header: byte 2: NUL, or not UTF-8" },
  { "two tensors of a name", HEADER,
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
    LFB_ERROR_FORMAT, "the name `a` twice" },
  { "two dtypes in a tensor", HEADER, "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"I8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
    LFB_ERROR_FORMAT, "the name `dtype` twice" },
  { "tensor is a number", HEADER, "{\"a\":1}", LFB_ERROR_FORMAT, "tensor `a`: expected an object, not an integer" },
  { "no dtype", HEADER, "{\"a\":{\"shape\":[0],\"data_offsets\":[0,0]}}", LFB_ERROR_FORMAT, "tensor `a`: expected a text as dtype" },
  { "dtype is a number", HEADER, "{\"a\":{\"dtype\":8,\"shape\":[0],\"data_offsets\":[0,0]}}", LFB_ERROR_FORMAT, "as dtype, not an integer" },
  { "unknown dtype", HEADER, "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[0],\"data_offsets\":[0,0]}}",
    LFB_ERROR_DTYPE, "tensor `a`: the dtype `F8_E4M3` is unknown" },
  { "no shape", HEADER, TENSOR ("\"data_offsets\":[0,0]"), LFB_ERROR_FORMAT, "tensor `a`: expected an array as shape, not nothing" },
  { "shape is a number", HEADER, SHAPED ("3", "0", "3"), LFB_ERROR_FORMAT, "expected an array as shape, not an integer" },
  { "shape of floats", HEADER, SHAPED ("[3.0]", "0", "3"), LFB_ERROR_FORMAT, "dimension 0 of the shape is a float" },
  { "negative dimension", HEADER, SHAPED ("[1,-3]", "0", "3"), LFB_ERROR_SHAPE, "dimension 1 of the shape is negative: -3" },
  { "shape beyond 64 bits", HEADER, SHAPED ("[4294967296,4294967296]", "0", "0"), LFB_ERROR_RANGE, "tensor `a`: Shape [4294967296, 4294967296]" },
  { "shape beyond 64 bits behind a zero", HEADER, SHAPED ("[0,4294967296,4294967296]", "0", "0"), LFB_ERROR_RANGE, "tensor `a`: Shape [0" },
  { "dimension beyond 64 bits", HEADER, SHAPED ("[18446744073709551616]", "0", "0"), LFB_ERROR_FORMAT, "does not fit into 64 bits" },
  { "no offsets", HEADER, TENSOR ("\"shape\":[1]"), LFB_ERROR_FORMAT, "tensor `a`: expected an array of two integers as data_offsets" },
  { "three offsets", HEADER, TENSOR ("\"shape\":[1],\"data_offsets\":[0,1,2]"), LFB_ERROR_FORMAT, "two integers as data_offsets" },
  { "offsets of floats", HEADER, SHAPED ("[1]", "0.0", "1.0"), LFB_ERROR_FORMAT, "two integers as data_offsets" },
  { "reversed offsets", HEADER, SHAPED ("[1]", "2", "1"), LFB_ERROR_FORMAT, "data_offsets 2 to 1 are reversed" },
  { "negative offset", HEADER, SHAPED ("[1]", "-1", "0"), LFB_ERROR_FORMAT, "data_offsets -1 to 0 are reversed or negative" },
  { "end outside of the file", HEADER, SHAPED ("[9]", "0", "9"), LFB_ERROR_RANGE, "tensor `a`: the data_offsets 0 to 9 lie outside of the file, which has 8" },
  { "begin outside of the file", HEADER, SHAPED ("[0]", "9", "9"), LFB_ERROR_RANGE, "data_offsets 9 to 9 lie outside" },
  { "end beyond everything", HEADER, SHAPED ("[1]", "0", "9223372036854775807"), LFB_ERROR_RANGE, "lie outside of the file" },
  { "more bytes than the shape", HEADER, SHAPED ("[2]", "0", "3"), LFB_ERROR_SHAPE, "tensor `a`: A uint8 tensor of shape [2] takes 2 bytes, not 3" },
  { "fewer bytes than the shape", HEADER, SHAPED ("[2,2]", "0", "3"), LFB_ERROR_SHAPE, "of shape [2, 2] takes 4 bytes, not 3" },
  { "overlapping tensors", HEADER,
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]},\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}",
    LFB_ERROR_FORMAT, "the tensors `b` (bytes 0 to 3) and `a` (2 to 6) overlap" },
  { "the same bytes twice", HEADER,
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
    LFB_ERROR_FORMAT, "overlap" },
  { "strides", HEADER, TENSOR ("\"shape\":[1],\"strides\":[2],\"data_offsets\":[0,1]"), LFB_ERROR_FORMAT, "tensor `a`: the name `strides` is unknown" },
  { "metadata is an array", HEADER, "{\"__metadata__\":[]}", LFB_ERROR_FORMAT, "__metadata__ is an array" },
  { "metadata of numbers", HEADER, "{\"__metadata__\":{\"a\":1}}", LFB_ERROR_FORMAT, "`a` in __metadata__ is an integer" },
  { "metadata with NUL", HEADER, "{\"__metadata__\":{\"a\":\"b\\u0000c\"}}", LFB_ERROR_FORMAT, "NUL" },
  { "tensor name with NUL", HEADER, "{\"a\\u0000\":1}", LFB_ERROR_FORMAT, "NUL" },
  { "comment in the header", HEADER, "{/* c */}", LFB_ERROR_FORMAT, "header: byte 1: expected a name" },

  { "qparams are no JSON", QPARAMS, "{", LFB_ERROR_FORMAT, "metadata `qparams`: byte 1" },
  { "qparams are an array", QPARAMS, "[]", LFB_ERROR_FORMAT, "metadata `qparams`: expected an object, not an array" },
  { "qparams of no tensor", QPARAMS, "{\"y\":{}}", LFB_ERROR_NOT_FOUND, "metadata `qparams`: tensor `y`: the file has no such tensor" },
  { "qparams is a text", QPARAMS, "{\"w\":\"\"}", LFB_ERROR_FORMAT, "tensor `w`: qparams are a text" },
  { "qparams of other integers", QPARAMS, "{\"z\":{" TYPES "\"scale\":1.0,\"zero_point\":0}}", LFB_ERROR_DTYPE, "tensor `z`: A qint8 tensor is made of int8" },

  { "document is no JSON", DOCUMENT, "{\"lowerfb\":1,", LFB_ERROR_FORMAT, "document: byte 13: " },
  { "document is an array", DOCUMENT, "[1]", LFB_ERROR_FORMAT, "document: expected an object, not an array" },
  { "no version", DOCUMENT, "{" NODES "}", LFB_ERROR_FORMAT, "document: `lowerfb` is missing" },
  { "version is a text", DOCUMENT, "{\"lowerfb\":\"1\"," NODES "}", LFB_ERROR_FORMAT, "`lowerfb`: expected an integer, not a text" },
  { "version is a float", DOCUMENT, "{\"lowerfb\":1.0," NODES "}", LFB_ERROR_FORMAT, "`lowerfb`: expected an integer, not a float" },
  { "version of the future", DOCUMENT, "{\"lowerfb\":2,\"nodes\":{}}", LFB_ERROR_UNSUPPORTED, "format version 2 is higher than 1" },
  { "version zero", DOCUMENT, "{\"lowerfb\":0," NODES "}", LFB_ERROR_FORMAT, "no format version 0" },
  { "two versions", DOCUMENT, "{\"lowerfb\":1,\"lowerfb\":2," NODES "}", LFB_ERROR_FORMAT, "the name `lowerfb` twice" },
  { "producer is a number", DOCUMENT, "{\"lowerfb\":1,\"producer\":1," NODES "}", LFB_ERROR_FORMAT, "`producer`: expected a text" },
  { "no nodes", DOCUMENT, "{\"lowerfb\":1}", LFB_ERROR_FORMAT, "`nodes` is missing" },
  { "nodes by name", DOCUMENT, "{\"lowerfb\":1,\"nodes\":{}}", LFB_ERROR_FORMAT, "`nodes`: expected an array, not an object" },
  { "empty graph", DOCUMENT, "{\"lowerfb\":1,\"nodes\":[]}", LFB_ERROR_INVALID_GRAPH, "there is no output" },
  { "no output", DOCUMENT, "{\"lowerfb\":1,\"nodes\":[" X "]}", LFB_ERROR_INVALID_GRAPH, "there is no output" },
  { "two outputs", DOCUMENT,
    "{\"lowerfb\":1,\"nodes\":[" X ",{\"name\":\"o\",\"op\":\"output\",\"target\":\"output\",\"args\":[1]}," OUT "]}",
    LFB_ERROR_INVALID_GRAPH, "`output` stands behind the output `o`" },
  { "output without a value", DOCUMENT, "{\"lowerfb\":1,\"nodes\":[{\"name\":\"output\",\"op\":\"output\",\"target\":\"output\",\"args\":[]}]}",
    LFB_ERROR_INVALID_GRAPH, "output `output` has 0 arguments" },
  { "attributes are an array", DOCUMENT, "{\"lowerfb\":1," NODES ",\"attributes\":[]}", LFB_ERROR_FORMAT, "`attributes`: expected an object" },
  { "modules are an array", DOCUMENT, "{\"lowerfb\":1," NODES ",\"modules\":[]}", LFB_ERROR_FORMAT, "`modules`: expected an object" },
  { "qconfigs by name", DOCUMENT, "{\"lowerfb\":1," NODES ",\"qconfigs\":{}}", LFB_ERROR_FORMAT, "`qconfigs`: expected an array" },
  { "qconfig is a text", DOCUMENT, "{\"lowerfb\":1," NODES ",\"qconfigs\":[\"fbgemm\"]}", LFB_ERROR_FORMAT, "`qconfigs`: item 0: expected an object, not a text" },
  { "observer is an array", DOCUMENT, "{\"lowerfb\":1," NODES ",\"qconfigs\":[{\"activation\":null,\"weight\":[]}]}",
    LFB_ERROR_FORMAT, "`qconfigs`: item 0: `weight`: expected an object, not an array" },
  { "observer of a number", DOCUMENT, "{\"lowerfb\":1," NODES ",\"qconfigs\":[{\"activation\":{\"dtype\":8}}]}",
    LFB_ERROR_FORMAT, "item 0: `activation`: `dtype`: expected a text" },
  { "observer with a range of texts", DOCUMENT, "{\"lowerfb\":1," NODES ",\"qconfigs\":[{\"weight\":{\"quant_min\":\"0\"}}]}",
    LFB_ERROR_FORMAT, "`quant_min`: expected an integer, not a text" },
  { "qconfig beyond the table", DOCUMENT, "{\"lowerfb\":1," NODES ",\"qconfigs\":[{}],\"qconfig_map\":{\"x\":1}}",
    LFB_ERROR_RANGE, "`qconfig_map`: node `x`: there is no qconfig 1: there are 1" },
  { "qconfig before the table", DOCUMENT, "{\"lowerfb\":1," NODES ",\"qconfig_map\":{\"x\":-1}}", LFB_ERROR_RANGE, "node `x`: there is no qconfig -1" },
  { "qconfig by name", DOCUMENT, "{\"lowerfb\":1," NODES ",\"qconfig_map\":{\"x\":\"default\"}}", LFB_ERROR_FORMAT, "node `x`: expected an integer" },
  { "scope is a text", DOCUMENT, "{\"lowerfb\":1," NODES ",\"node_name_to_scope\":{\"x\":\"conv\"}}", LFB_ERROR_FORMAT, "`node_name_to_scope`: node `x`: expected an array of two" },
  { "scope of one", DOCUMENT, "{\"lowerfb\":1," NODES ",\"node_name_to_scope\":{\"x\":[\"conv\"]}}", LFB_ERROR_FORMAT, "node `x`: expected an array of two" },
  { "original weights are a list", DOCUMENT, "{\"lowerfb\":1," NODES ",\"original_weights\":[]}", LFB_ERROR_FORMAT, "`original_weights`: expected a {\"dict\"" },

  { "value of an unknown kind", VALUE, "{\"complex\":[1,2]}", LFB_ERROR_FORMAT, "attribute `a`: the kind of value `complex` is unknown" },
  { "value of no kind", VALUE, "[1,{}]", LFB_ERROR_FORMAT, "attribute `a`: item 1: an empty object" },
  { "value of two kinds", VALUE, "{\"dtype\":\"qint8\",\"device\":\"cpu\"}", LFB_ERROR_FORMAT, "either `dtype` or `device`" },
  { "deep in a value", VALUE, "{\"dict\":{\"k\":[0,{\"tuple\":[{\"dtype\":\"int4\"}]}]}}", LFB_ERROR_FORMAT,
    "attribute `a`: `dict`: `k`: item 1: `tuple`: item 0: `dtype`: the element type `int4` is unknown" },
  { "dtype is a number", VALUE, "{\"dtype\":1}", LFB_ERROR_FORMAT, "expected the name of an element type, not an integer" },
  { "unknown qscheme", VALUE, "{\"qscheme\":\"none\"}", LFB_ERROR_FORMAT, "scheme `none` is unknown" },
  { "unknown memory format", VALUE, "{\"memory_format\":\"nhwc\"}", LFB_ERROR_FORMAT, "memory format `nhwc` is unknown" },
  { "device is a number", VALUE, "{\"device\":0}", LFB_ERROR_FORMAT, "the name of a device" },
  { "type is null", VALUE, "{\"type\":null}", LFB_ERROR_FORMAT, "the name of a class, not null" },
  { "ellipsis is false", VALUE, "{\"ellipsis\":false}", LFB_ERROR_FORMAT, "`ellipsis`: expected true, not false" },
  { "unknown float", VALUE, "{\"float\":\"infinity\"}", LFB_ERROR_FORMAT, "`float`: expected \"inf\"" },
  { "slice of two", VALUE, "{\"slice\":[1,2]}", LFB_ERROR_FORMAT, "a slice has start, stop and step, not 2" },
  { "tuple of a number", VALUE, "{\"tuple\":1}", LFB_ERROR_FORMAT, "`tuple`: expected an array" },
  { "dict of an array", VALUE, "{\"dict\":[]}", LFB_ERROR_FORMAT, "`dict`: expected an object" },
  { "node in an attribute", VALUE, "{\"node\":\"x\"}", LFB_ERROR_INVALID_GRAPH, "attribute `a`: `node`: node `x` is named where there can be no node" },
  { "integer beyond 64 bits", VALUE, "9223372036854775808", LFB_ERROR_FORMAT, "the integer 9223372036854775808 does not fit" },
  { "float beyond a double", VALUE, "1e400", LFB_ERROR_FORMAT, "the number 1e400 does not fit" },
  { "text with NUL", VALUE, "\"a\\u0000b\"", LFB_ERROR_FORMAT, "NUL" },
  { "not a number in JSON", VALUE, "NaN", LFB_ERROR_FORMAT, "document: byte" },
  { "missing tensor", VALUE, "{\"tensor\":\"nowhere\"}", LFB_ERROR_NOT_FOUND, "attribute `a`: the file has no tensor `nowhere`" },
  { "metadata as a tensor", VALUE, "{\"tensor\":\"__metadata__\"}", LFB_ERROR_NOT_FOUND, "no tensor `__metadata__`" },
  { "tensor by number", VALUE, "{\"tensor\":0}", LFB_ERROR_FORMAT, "expected the name of a tensor" },
  { "tensor with an unknown part", VALUE, "{\"tensor\":\"w\",\"stride\":[1]}", LFB_ERROR_FORMAT, "part of a tensor `stride` is unknown" },
  { "shape of a plain tensor", VALUE, "{\"tensor\":\"w\",\"shape\":[6]}", LFB_ERROR_FORMAT, "not quantized `shape` is unknown" },
  { "packed of no class", VALUE, "{\"packed\":1,\"weight\":null}", LFB_ERROR_FORMAT, "the name of a packed class" },
  { "packed part", VALUE, "{\"packed\":\"P\",\"weight\":{\"tensor\":\"nowhere\"}}", LFB_ERROR_NOT_FOUND, "`weight`: the file has no tensor `nowhere`" },

  { "qparams without dtype", VALUE, Q ("\"qscheme\":\"per_tensor_affine\",\"scale\":1.0,\"zero_point\":0"), LFB_ERROR_FORMAT, "tensor `w`: qparams: `dtype` is missing" },
  { "qparams of a plain type", VALUE, Q ("\"dtype\":\"int8\",\"qscheme\":\"per_tensor_affine\",\"scale\":1.0,\"zero_point\":0"), LFB_ERROR_DTYPE, "`int8` is not a quantized type" },
  { "qparams of an unknown scheme", VALUE, Q ("\"dtype\":\"qint8\",\"qscheme\":\"per_row\",\"scale\":1.0,\"zero_point\":0"), LFB_ERROR_FORMAT, "the scheme `per_row` is unknown" },
  { "qparams with an unknown name", VALUE, Q (TYPES "\"scale\":1.0,\"zero_point\":0,\"bits\":4"), LFB_ERROR_FORMAT, "qparams: the name `bits` is unknown" },
  { "quint8 of signed integers", VALUE, Q ("\"dtype\":\"quint8\",\"qscheme\":\"per_tensor_affine\",\"scale\":1.0,\"zero_point\":0"), LFB_ERROR_DTYPE, "A quint8 tensor is made of uint8 integers, not of int8" },
  { "no scale", VALUE, Q (TYPES "\"zero_point\":0"), LFB_ERROR_FORMAT, "`scale` is missing" },
  { "scale is a text", VALUE, Q (TYPES "\"scale\":\"1\",\"zero_point\":0"), LFB_ERROR_FORMAT, "`scale` is a text, not a number" },
  { "scale 0", VALUE, Q (TYPES "\"scale\":0.0,\"zero_point\":0"), LFB_ERROR_RANGE, "tensor `w`: A scale must be finite and positive" },
  { "negative scale", VALUE, Q (TYPES "\"scale\":-0.5,\"zero_point\":0"), LFB_ERROR_RANGE, "not -0.5" },
  { "scale too small for a float", VALUE, Q (TYPES "\"scale\":1e-60,\"zero_point\":0"), LFB_ERROR_RANGE, "as a 32-bit float" },
  { "scale too large for a float", VALUE, Q (TYPES "\"scale\":1e60,\"zero_point\":0"), LFB_ERROR_RANGE, "as a 32-bit float" },
  { "infinite scale", VALUE, Q (TYPES "\"scale\":{\"float\":\"inf\"},\"zero_point\":0"), LFB_ERROR_FORMAT, "`scale` is an object, not a number" },
  { "no zero point", VALUE, Q (TYPES "\"scale\":1.0"), LFB_ERROR_FORMAT, "`zero_point` is missing" },
  { "zero point is a float", VALUE, Q (TYPES "\"scale\":1.0,\"zero_point\":0.0"), LFB_ERROR_FORMAT, "`zero_point` is a float, not an integer" },
  { "zero point outside of the type", VALUE, Q (TYPES "\"scale\":1.0,\"zero_point\":128"), LFB_ERROR_RANGE, "Zero point 128 lies outside of qint8: -128 to 127" },
  { "zero point below the type", VALUE, Q (TYPES "\"scale\":1.0,\"zero_point\":-129"), LFB_ERROR_RANGE, "Zero point -129" },
  { "axis without channels", VALUE, Q (TYPES "\"scale\":1.0,\"zero_point\":0,\"axis\":0"), LFB_ERROR_FORMAT, "`axis` is an integer, not absent" },
  { "no axis", VALUE, Q (CHANNEL "\"scale\":{\"tensor\":\"s\"},\"zero_point\":{\"tensor\":\"z\"}"), LFB_ERROR_FORMAT, "`axis` is missing" },
  { "axis beyond the shape", VALUE, Q (CHANNEL VECTORS "\"axis\":2"), LFB_ERROR_RANGE, "tensor `w`: Axis 2" },
  { "negative axis", VALUE, Q (CHANNEL VECTORS "\"axis\":-1"), LFB_ERROR_RANGE, "Axis -1" },
  { "scales for another axis", VALUE, Q (CHANNEL VECTORS "\"axis\":1"), LFB_ERROR_SHAPE, "must be a vector of 3 numbers" },
  { "one scale per channel", VALUE, Q (CHANNEL "\"scale\":0.5,\"zero_point\":{\"tensor\":\"z\"},\"axis\":0"), LFB_ERROR_FORMAT, "`scale` is a float, not {\"tensor\": name}" },
  { "scales missing", VALUE, Q (CHANNEL "\"scale\":{\"tensor\":\"no\"},\"zero_point\":{\"tensor\":\"z\"},\"axis\":0"), LFB_ERROR_NOT_FOUND, "`scale` is the tensor `no`" },
  { "integers as scales", VALUE, Q (CHANNEL "\"scale\":{\"tensor\":\"z\"},\"zero_point\":{\"tensor\":\"z\"},\"axis\":0"), LFB_ERROR_DTYPE, "Scales must be float32 or float64, not int64" },
  { "floats as zero points", VALUE, Q (CHANNEL "\"scale\":{\"tensor\":\"s\"},\"zero_point\":{\"tensor\":\"s\"},\"axis\":0"), LFB_ERROR_DTYPE, "must be integers, not float64" },
  { "a scale that is no number", VALUE, Q (CHANNEL "\"scale\":{\"tensor\":\"bad\"},\"zero_point\":{\"tensor\":\"z\"},\"axis\":0"), LFB_ERROR_RANGE, "Channel 1: A scale must be finite" },
  { "bits without a shape", VALUE, "{\"tensor\":\"u\",\"qparams\":{\"dtype\":\"quint4x2\",\"qscheme\":\"per_tensor_affine\",\"scale\":1.0,\"zero_point\":0}}", LFB_ERROR_SHAPE, "tensor `u`: A quint4x2 tensor needs its own shape" },
  { "bits of another shape", VALUE, "{\"tensor\":\"u\",\"qparams\":{\"dtype\":\"quint4x2\",\"qscheme\":\"per_tensor_affine\",\"scale\":1.0,\"zero_point\":0},\"shape\":[9]}", LFB_ERROR_SHAPE, "of shape [9] takes 5 bytes, not 2" },
  { "zero point beyond four bits", VALUE, "{\"tensor\":\"u\",\"qparams\":{\"dtype\":\"quint4x2\",\"qscheme\":\"per_tensor_affine\",\"scale\":1.0,\"zero_point\":16},\"shape\":[4]}", LFB_ERROR_RANGE, "Zero point 16 lies outside of quint4x2: 0 to 15" },

  { "node is a text", NODE, "\"conv\"", LFB_ERROR_FORMAT, "node 1: expected an object, not a text" },
  { "node without a name", NODE, "{\"op\":\"placeholder\",\"target\":\"y\",\"args\":[]}", LFB_ERROR_FORMAT, "node 1: `name` is missing" },
  { "node with an empty name", NODE, "{\"name\":\"\",\"op\":\"placeholder\",\"target\":\"y\",\"args\":[]}", LFB_ERROR_INVALID_GRAPH, "A node needs a name" },
  { "node with a number as name", NODE, "{\"name\":7,\"op\":\"placeholder\",\"target\":\"y\",\"args\":[]}", LFB_ERROR_FORMAT, "node 1: `name`: expected a text, not an integer" },
  { "node without an op", NODE, "{\"name\":\"y\",\"target\":\"y\",\"args\":[]}", LFB_ERROR_FORMAT, "node `y`: `op` is missing" },
  { "unknown op", NODE, "{\"name\":\"y\",\"op\":\"call\",\"target\":\"y\",\"args\":[]}", LFB_ERROR_FORMAT, "node `y`: the op `call` is unknown" },
  { "node without a target", NODE, "{\"name\":\"y\",\"op\":\"placeholder\",\"args\":[]}", LFB_ERROR_FORMAT, "node `y`: `target` is missing" },
  { "node with an empty target", NODE, "{\"name\":\"y\",\"op\":\"placeholder\",\"target\":\"\",\"args\":[]}", LFB_ERROR_INVALID_GRAPH, "node `y` (placeholder) has no target" },
  { "node without arguments", NODE, "{\"name\":\"y\",\"op\":\"placeholder\",\"target\":\"y\"}", LFB_ERROR_FORMAT, "node `y`: `args` is missing" },
  { "arguments by name", NODE, "{\"name\":\"y\",\"op\":\"placeholder\",\"target\":\"y\",\"args\":{}}", LFB_ERROR_FORMAT, "node `y`: `args`: expected an array" },
  { "kwargs are an array", NODE, "{\"name\":\"y\",\"op\":\"placeholder\",\"target\":\"y\",\"args\":[],\"kwargs\":[]}", LFB_ERROR_FORMAT, "node `y`: `kwargs`: expected an object" },
  { "two nodes of a name", NODE, X, LFB_ERROR_INVALID_GRAPH, "two nodes have the name `x`" },
  { "a later node", NODE, "{\"name\":\"y\",\"op\":\"call_method\",\"target\":\"f\",\"args\":[{\"node\":\"output\"}]}", LFB_ERROR_INVALID_GRAPH, "node `y`: `args`: item 0: `node`: node `output` is read here, but does not stand before" },
  { "itself", NODE, "{\"name\":\"y\",\"op\":\"call_method\",\"target\":\"f\",\"args\":[{\"node\":\"y\"}]}", LFB_ERROR_INVALID_GRAPH, "node `y` is read here, but does not stand before" },
  { "no such node", NODE, "{\"name\":\"y\",\"op\":\"call_method\",\"target\":\"f\",\"args\":[1],\"kwargs\":{\"k\":{\"tuple\":[{\"node\":\"v\"}]}}}", LFB_ERROR_INVALID_GRAPH, "node `y`: `kwargs`: `k`: `tuple`: item 0: `node`: there is no node `v`" },
  { "node by number", NODE, "{\"name\":\"y\",\"op\":\"call_method\",\"target\":\"f\",\"args\":[{\"node\":0}]}", LFB_ERROR_FORMAT, "expected the name of a node, not an integer" },
  { "missing attribute", NODE, "{\"name\":\"y\",\"op\":\"get_attr\",\"target\":\"scale_0\",\"args\":[]}", LFB_ERROR_INVALID_GRAPH, "node `y` reads attribute `scale_0`, which is missing" },
  { "missing module", NODE, "{\"name\":\"y\",\"op\":\"call_module\",\"target\":\"block.conv\",\"args\":[{\"node\":\"x\"}]}", LFB_ERROR_INVALID_GRAPH, "node `y` calls module `block.conv`, which is missing" },
  { "module of an empty path", NODE, "{\"name\":\"y\",\"op\":\"call_module\",\"target\":\"\",\"args\":[{\"node\":\"x\"}]}", LFB_ERROR_FORMAT, "node `y`: `target`: a module path cannot be empty" },
  { "method of nothing", NODE, "{\"name\":\"y\",\"op\":\"call_method\",\"target\":\"relu\",\"args\":[]}", LFB_ERROR_INVALID_GRAPH, "`y` has nothing to call `relu` on" },
  { "meta is a text", NODE, "{\"name\":\"y\",\"op\":\"placeholder\",\"target\":\"y\",\"args\":[],\"meta\":\"\"}", LFB_ERROR_FORMAT, "node `y`: `meta`: expected an object" },
  { "meta without a shape", NODE, "{\"name\":\"y\",\"op\":\"placeholder\",\"target\":\"y\",\"args\":[],\"meta\":{\"dtype\":\"float32\"}}", LFB_ERROR_FORMAT, "node `y`: `meta`: `shape` is missing" },
  { "meta of an unknown dtype", NODE, "{\"name\":\"y\",\"op\":\"placeholder\",\"target\":\"y\",\"args\":[],\"meta\":{\"shape\":[1],\"dtype\":\"float\"}}", LFB_ERROR_DTYPE, "node `y`: `meta`: the element type `float` is unknown" },
  { "meta of a negative shape", NODE, "{\"name\":\"y\",\"op\":\"placeholder\",\"target\":\"y\",\"args\":[],\"meta\":{\"shape\":[-1],\"dtype\":\"float32\"}}", LFB_ERROR_SHAPE, "node `y`: `meta`: dimension 0 of the shape is negative" },

  { "module is null", MODULES, "{\"m\":null}", LFB_ERROR_FORMAT, "module `m`: expected an object, not null" },
  { "module without a type", MODULES, "{\"m\":{}}", LFB_ERROR_FORMAT, "module `m`: `type` is missing" },
  { "module of an empty path", MODULES, "{\"\":{\"type\":\"T\"}}", LFB_ERROR_FORMAT, "module ``: a module path cannot be empty" },
  { "type is a number", MODULES, "{\"m\":{\"type\":1}}", LFB_ERROR_FORMAT, "module `m`: `type`: expected a text" },
  { "config is an array", MODULES, "{\"m\":{\"type\":\"T\",\"config\":[]}}", LFB_ERROR_FORMAT, "module `m`: `config`: expected an object" },
  { "setting of an unknown kind", MODULES, "{\"m\":{\"type\":\"T\",\"config\":{\"k\":{\"what\":1}}}}", LFB_ERROR_FORMAT, "module `m`: `config`: `k`: the kind of value `what` is unknown" },
  { "tensors are an array", MODULES, "{\"m\":{\"type\":\"T\",\"tensors\":[]}}", LFB_ERROR_FORMAT, "module `m`: `tensors`: expected an object" },
  { "a number among the tensors", MODULES, "{\"m\":{\"type\":\"T\",\"tensors\":{\"weight\":1.0}}}", LFB_ERROR_FORMAT, "module `m`: `tensors`: `weight`: expected a tensor or null" },
  { "a missing tensor in a module", MODULES, "{\"m\":{\"type\":\"T\",\"tensors\":{\"weight\":{\"tensor\":\"m.weight\"}}}}", LFB_ERROR_NOT_FOUND, "module `m`: `tensors`: `weight`: the file has no tensor `m.weight`" },
  { "alias and type", MODULES, "{\"m\":{\"type\":\"T\",\"alias\":\"n\"}}", LFB_ERROR_FORMAT, "module `m`: a module has either" },
  { "alias of a number", MODULES, "{\"m\":{\"alias\":1}}", LFB_ERROR_FORMAT, "module `m`: `alias`: expected a text" },
  { "alias of an empty path", MODULES, "{\"m\":{\"alias\":\"\"}}", LFB_ERROR_FORMAT, "module `m`: `alias`: a module path cannot be empty" },
  { "alias of itself", MODULES, "{\"m\":{\"alias\":\"m\"}}", LFB_ERROR_INVALID_GRAPH, "`m` cannot be an alias of `m`" },
  { "circle of aliases", MODULES, "{\"m\":{\"alias\":\"n\"},\"n\":{\"alias\":\"o\"},\"o\":{\"alias\":\"m\"}}", LFB_ERROR_INVALID_GRAPH, "module `o`: Module path `o` cannot be an alias of `m`" },
  { "alias of its own part", MODULES, "{\"m\":{\"alias\":\"m.0\"},\"m.0\":{\"type\":\"T\"}}", LFB_ERROR_INVALID_GRAPH, "`m` cannot be an alias of `m.0`" },
  { "alias of nothing", MODULES, "{\"m\":{\"alias\":\"gone\"}}", LFB_ERROR_INVALID_GRAPH, "calls module `m`, which is missing" },
  { "unused alias of nothing", MODULES, "{\"m\":{\"type\":\"T\"},\"n\":{\"alias\":\"gone\"}}", LFB_ERROR_INVALID_GRAPH, "module path `n` is an alias of `gone`, which leads nowhere" },
  { "graph is a text", MODULES, "{\"m\":{\"type\":\"T\",\"graph\":\"\"}}", LFB_ERROR_FORMAT, "module `m`: `graph`: expected an object" },
  { "graph of a later version", MODULES, "{\"m\":{\"type\":\"T\",\"graph\":{\"lowerfb\":9," NODES "}}}", LFB_ERROR_UNSUPPORTED, "module `m`: `graph`: format version 9" },
  { "graph with an unknown node", MODULES, "{\"m\":{\"type\":\"T\",\"graph\":{\"lowerfb\":1,\"nodes\":[" OUT "]}}}", LFB_ERROR_INVALID_GRAPH, "module `m`: `graph`: node `output`: `args`: item 0: `node`: there is no node `x`" },
  { "graph without an output", MODULES, "{\"m\":{\"type\":\"T\",\"graph\":{\"lowerfb\":1,\"nodes\":[" X "]}}}", LFB_ERROR_INVALID_GRAPH, "in module `m`: there is no output" },
  { "alias into a graph", MODULES, "{\"m\":{\"alias\":\"g.a\"},\"g\":{\"type\":\"T\",\"graph\":{\"lowerfb\":1," NODES ",\"modules\":{\"a\":{\"type\":\"T\"}}}},\"g.a\":{\"type\":\"T\"}}",
    LFB_ERROR_INVALID_GRAPH, "calls module `m`, which is missing" },
};

static const struct { double scales[2]; gint64 points[2]; gint8 weights[6]; guint8 more[2]; float bad[2]; } tensor_data = {
  { 0.5, 0.25 }, { 0, 0 }, { 1, 2, 3, 4, 5, 6 }, { 7, 8 }, { 1, -1 }
};

static GBytes *
make_document (const char *document)
{
  return lfb_test_make_model (document,
                              TENSORS ",\"u\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[38,40]}",
                              &tensor_data, sizeof tensor_data);
}

static GBytes *
make_file (const Row *row)
{
  g_autofree char *text = NULL;

  switch (row->kind)
    {
    case HEADER:
      return lfb_test_make_file (row->text, "12345678", 8);
    case QPARAMS:
      {
        g_autoptr (JsonNode) node = json_node_new (JSON_NODE_VALUE);
        g_autofree char *quoted = NULL;

        json_node_set_string (node, row->text);
        quoted = json_to_string (node, FALSE);
        text = g_strdup_printf ("{\"__metadata__\":{\"qparams\":%s}" TENSORS "}", quoted);
        return lfb_test_make_file (text, &tensor_data, sizeof tensor_data);
      }
    case DOCUMENT:
      return make_document (row->text);
    case VALUE:
      text = g_strdup_printf ("{\"lowerfb\":1," NODES ",\"attributes\":{\"a\":%s}}", row->text);
      break;
    case NODE:
      text = g_strdup_printf ("{\"lowerfb\":1,\"nodes\":[" X ",%s," OUT "]}", row->text);
      break;
    case MODULES:
      text = g_strdup_printf ("{\"lowerfb\":1,\"nodes\":[" X "," CALL "," OUT "],\"modules\":%s}", row->text);
      break;
    default:
      g_assert_not_reached ();
    }

  return make_document (text);
}

/* From memory, as a tensor file or as a model. */
static void
assert_bytes_refused (GBytes     *bytes,
                      gboolean    as_model,
                      int         code,
                      const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) result = as_model ? (GObject *) lfb_graph_module_load_bytes (bytes, &error)
                                        : (GObject *) lfb_tensor_file_load_bytes (bytes, &error);

  g_assert_null (result);
  lfb_assert_error (error, code, part);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

/* From a file, whose name stands in front. */
static void
assert_path_refused (const char *path,
                     gboolean    as_model,
                     int         code,
                     const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) result = as_model ? (GObject *) lfb_graph_module_load (path, &error)
                                        : (GObject *) lfb_tensor_file_load (path, &error);

  g_assert_null (result);
  lfb_assert_error (error, code, part);
  g_assert_true (g_str_has_prefix (error->message, path));
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autofree char *path = lfb_test_scratch ("bad.safetensors");
  g_autoptr (GBytes) bytes = make_file (row);

  lfb_test_write_bytes (path, bytes);
  if (row->kind <= QPARAMS)
    {
      assert_bytes_refused (bytes, FALSE, row->code, row->part);
      assert_path_refused (path, FALSE, row->code, row->part);
    }
  if (row->kind != QPARAMS)
    {
      assert_bytes_refused (bytes, TRUE, row->code, row->part);
      assert_path_refused (path, TRUE, row->code, row->part);
    }
}

/* Files that end before there is a header. */
static void
test_short (void)
{
  static const struct
  {
    const char *contents;
    gsize size;
    const char *part;
  } files[] = {
    { "", 0, "0 bytes are too few" },
    { "1234567", 7, "7 bytes are too few" },
    { "\0\0\0\0\0\0\0\0", 8, "does not begin with `{`" },
    { "\5\0\0\0\0\0\0\0{}", 10, "the header should have 5 bytes, but the file ends after 2" },
    { "\377\377\377\377\377\377\377\377{}", 10, "the header should have 18446744073709551615 bytes" },
    { "\200\2}q\0(X\4\0\0\0", 11, "the header should have" }, /* a pickle */
    { "PK\3\4\0\0\10\10", 8, "the header should have" },      /* a zip */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = lfb_test_scratch ("short.safetensors");
      g_autoptr (GBytes) bytes = g_bytes_new (files[i].contents, files[i].size);

      lfb_test_write_bytes (path, bytes);
      for (int as_model = 0; as_model < 2; as_model++)
        {
          assert_bytes_refused (bytes, as_model, LFB_ERROR_FORMAT, files[i].part);
          assert_path_refused (path, as_model, LFB_ERROR_FORMAT, files[i].part);
        }
    }
}

/* The frames around the rows are good: without what a row puts in they load. */
static void
test_frames (void)
{
  static const Row good[] = {
    { "header", HEADER, SHAPED ("[2,4]", "0", "8") },
    { "qparams", QPARAMS, "{\"w\":{" CHANNEL VECTORS "\"axis\":0}}" },
    { "document", DOCUMENT, "{\"lowerfb\":1," NODES "}" },
    { "value", VALUE, Q (CHANNEL VECTORS "\"axis\":0") },
    { "node", NODE, "{\"name\":\"y\",\"op\":\"call_method\",\"target\":\"f\",\"args\":[{\"node\":\"x\"}]}" },
    { "modules", MODULES, "{\"m\":{\"type\":\"T\"}}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GBytes) bytes = make_file (&good[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (LfbTensorFile) file = lfb_tensor_file_load_bytes (bytes, &error);
      g_autoptr (LfbGraphModule) model = NULL;

      g_assert_no_error (error);
      g_assert_nonnull (file);
      if (good[i].kind <= QPARAMS)
        continue;
      model = lfb_graph_module_load_bytes (bytes, &error);
      g_assert_no_error (error);
      g_assert_nonnull (model);
    }
}

static void
test_paths (void)
{
  g_autofree char *missing = lfb_test_scratch ("missing.safetensors");
  g_autofree char *folder = lfb_test_scratch ("folder");
  g_autofree char *pipe = lfb_test_scratch ("pipe");
  g_autofree char *below = g_build_filename (missing, "below", NULL);
  g_autofree char *tensors = lfb_test_scratch ("tensors.safetensors");
  g_autoptr (GBytes) bytes = lfb_test_make_file ("{\"__metadata__\":{\"format\":\"pt\"}}", NULL, 0);

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  for (int as_model = 0; as_model < 2; as_model++)
    {
      assert_path_refused (missing, as_model, LFB_ERROR_IO, "missing.safetensors: cannot be opened: ");
      assert_path_refused (below, as_model, LFB_ERROR_IO, "cannot be opened: ");
      assert_path_refused (folder, as_model, LFB_ERROR_IO, "folder: is a directory");
      assert_path_refused (pipe, as_model, LFB_ERROR_IO, "pipe: is a device, pipe or socket");
      assert_path_refused ("/dev/null", as_model, LFB_ERROR_IO, "/dev/null: is a device");
    }
  lfb_test_write_bytes (tensors, bytes);
  assert_path_refused (tensors, TRUE, LFB_ERROR_FORMAT, "a file of tensors, not a model");
}

static char *
repeat (const char *open,
        const char *middle,
        const char *close,
        gsize       times)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < times; i++)
    g_string_append (text, open);
  g_string_append (text, middle);
  for (gsize i = 0; i < times; i++)
    g_string_append (text, close);

  return g_string_free (text, FALSE);
}

/* Nested 100,000 deep, where a careless reader runs out of stack. */
static void
test_deep (void)
{
  static const struct
  {
    const char *open, *close;
  } nests[] = {
    { "[", "]" },
    { "{\"a\":", "}" },
    { "{\"tuple\":[", "]}" },
    { "[{\"dict\":{\"a\":", "}}]" },
    { "{\"lowerfb\":1,\"nodes\":[],\"modules\":{\"m\":{\"type\":\"T\",\"graph\":", "}}}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (nests); i++)
    {
      g_autofree char *nest = repeat (nests[i].open, "1", nests[i].close, 100000);
      g_autofree char *header = g_strdup_printf ("{\"a\":%s}", nest);
      g_autofree char *document = g_strdup_printf ("{\"lowerfb\":1," NODES ",\"attributes\":{\"a\":%s}}", nest);
      g_autoptr (GBytes) file = lfb_test_make_file (header, NULL, 0);
      g_autoptr (GBytes) model = make_document (document);

      assert_bytes_refused (file, FALSE, LFB_ERROR_FORMAT, "nested deeper than 128");
      assert_bytes_refused (model, TRUE, LFB_ERROR_FORMAT, "nested deeper than 128");
    }
}

/* A path of many parts, a shape of many dimensions, an observer of many settings,
 * a chain of many aliases.
 */
static void
test_many (void)
{
  g_autofree char *dots = repeat ("a.", "a", "", 128);
  g_autofree char *path = g_strdup_printf ("{\"lowerfb\":1," NODES ",\"modules\":{\"%s\":{\"type\":\"T\"}}}", dots);
  g_autofree char *call = g_strdup_printf ("{\"lowerfb\":1,\"nodes\":[{\"name\":\"y\",\"op\":\"call_module\","
                                           "\"target\":\"%s\",\"args\":[]}]}", dots);
  g_autofree char *dims = repeat ("1,", "1", "", 64);
  g_autofree char *shape = g_strdup_printf ("{\"a\":{\"dtype\":\"U8\",\"shape\":[%s],\"data_offsets\":[0,1]}}", dims);
  GString *settings = g_string_new ("{\"lowerfb\":1," NODES ",\"qconfigs\":[{\"weight\":{");
  GString *paths = g_string_new ("{\"lowerfb\":1," NODES ",\"modules\":{");
  GString *aliases = g_string_new ("{\"lowerfb\":1," NODES ",\"modules\":{");
  g_autoptr (GBytes) path_file = make_document (path);
  g_autoptr (GBytes) call_file = make_document (call);
  g_autoptr (GBytes) shape_file = lfb_test_make_file (shape, "1", 1);
  g_autoptr (GBytes) settings_file = NULL;
  g_autoptr (GBytes) paths_file = NULL;
  g_autoptr (GBytes) aliases_file = NULL;

  for (int i = 0; i < 129; i++)
    g_string_append_printf (settings, "%s\"s%d\":%d", i > 0 ? "," : "", i, i);
  g_string_append (settings, "}}]}");
  settings_file = make_document (settings->str);
  for (int i = 0; i < 1000; i++)
    g_string_append_printf (aliases, "\"a%d\":{\"alias\":\"a%d\"},", i, i + 1);
  g_string_append (aliases, "\"a1000\":{\"type\":\"T\"}}}");
  aliases_file = make_document (aliases->str);
  for (int i = 0; i < 8300; i++)
    g_string_append_printf (paths, "%s\"%d%s\":{\"type\":\"T\"}", i > 0 ? "," : "", i, dots + 2);
  g_string_append (paths, "}}");
  paths_file = make_document (paths->str);

  assert_bytes_refused (path_file, TRUE, LFB_ERROR_FORMAT, "a path of 129 parts");
  assert_bytes_refused (call_file, TRUE, LFB_ERROR_FORMAT, "node `y`: `target`: a path of 129 parts");
  assert_bytes_refused (shape_file, FALSE, LFB_ERROR_SHAPE, "tensor `a`: a shape of 65 dimensions");
  assert_bytes_refused (settings_file, TRUE, LFB_ERROR_FORMAT, "an observer of 129 settings");
  assert_bytes_refused (paths_file, TRUE, LFB_ERROR_FORMAT, "have more than 1048576 parts in all");
  assert_bytes_refused (aliases_file, TRUE, LFB_ERROR_INVALID_GRAPH, "module path `a0` is an alias of `a1`, which leads nowhere");
  g_string_free (settings, TRUE);
  g_string_free (paths, TRUE);
  g_string_free (aliases, TRUE);
}

/* Long names are cut short in messages, which stay UTF-8. */
static void
test_long_names (void)
{
  for (gsize length = 40; length < 150; length++)
    {
      g_autofree char *name = repeat ("é", "x", "", length);
      g_autofree char *other = repeat ("x€", "", "", length);
      g_autofree char *header = g_strdup_printf ("{\"%s\":1}", name);
      g_autofree char *twice = g_strdup_printf ("{\"%s\":1,\"%s\":1}", other, other);
      g_autofree char *document = g_strdup_printf ("{\"lowerfb\":1," NODES ",\"attributes\":{\"%s\":{\"%s\":1}}}",
                                                   name, other);
      g_autoptr (GBytes) header_file = lfb_test_make_file (header, NULL, 0);
      g_autoptr (GBytes) twice_file = lfb_test_make_file (twice, NULL, 0);
      g_autoptr (GBytes) document_file = make_document (document);

      assert_bytes_refused (header_file, FALSE, LFB_ERROR_FORMAT, "tensor `éé");
      assert_bytes_refused (twice_file, FALSE, LFB_ERROR_FORMAT, "the name `x€x€");
      assert_bytes_refused (document_file, TRUE, LFB_ERROR_FORMAT, "attribute `éé");
    }
}

/* A header longer than any may be, in a file that has it (in a hole of it). */
static void
test_long_header (void)
{
  const guint64 length = 100000001;
  g_autofree guint8 *contents = g_malloc0 (8 + length);
  g_autoptr (GBytes) bytes = NULL;

  memcpy (contents, &length, sizeof length);
  bytes = g_bytes_new_static (contents, 8 + length);
  assert_bytes_refused (bytes, FALSE, LFB_ERROR_FORMAT, "a header of 100000001 bytes is longer than the 100000000");
}

/* Everything that can be done with a model, so that a checker of memory sees it. */
static void
use_model (LfbGraphModule *model)
{
  g_autofree char *text = lfb_graph_module_to_text (model);
  g_autoptr (GBytes) bytes = lfb_graph_module_to_bytes (model, NULL);
  g_autoptr (LfbGraphModule) again = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (text);
  g_assert_nonnull (bytes);
  again = lfb_graph_module_load_bytes (bytes, &error);
  g_assert_no_error (error);
}

/* Every beginning of a file is refused. */
static void
test_truncated (void)
{
  g_autofree char *path = lfb_test_data_path ("cases", "conv1d.reference.safetensors", NULL);
  g_autoptr (GBytes) whole = lfb_test_read_bytes (path);
  gsize size;
  const char *contents = g_bytes_get_data (whole, &size);

  for (gsize i = 0; i < size; i++)
    {
      /* a copy of the exact size, so that a byte too far is noticed */
      g_autoptr (GBytes) part = g_bytes_new (contents, i);
      g_autoptr (GError) error = NULL;
      g_autoptr (LfbGraphModule) model = lfb_graph_module_load_bytes (part, &error);

      g_assert_null (model);
      g_assert_true (error->domain == LFB_ERROR);
      g_assert_true (error->code == LFB_ERROR_FORMAT || error->code == LFB_ERROR_RANGE);
    }
}

static guint
flip_bytes (const char *name,
            guint       times)
{
  g_autofree char *path = lfb_test_data_path ("cases", name, NULL);
  g_autoptr (GBytes) whole = lfb_test_read_bytes (path);
  gsize size;
  const guint8 *contents = g_bytes_get_data (whole, &size);
  guint n_loaded = 0;

  for (guint i = 0; i < times; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (contents, size);
      guint n_flips = g_test_rand_int_range (1, 4);
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (LfbGraphModule) model = NULL;
      g_autoptr (LfbTensorFile) file = NULL;
      g_autoptr (GError) error = NULL;

      for (guint j = 0; j < n_flips; j++)
        copy[g_test_rand_int_range (0, size)] ^= 1 << g_test_rand_int_range (0, 8);
      bytes = g_bytes_new_take (g_steal_pointer (&copy), size);

      file = lfb_tensor_file_load_bytes (bytes, NULL);
      model = lfb_graph_module_load_bytes (bytes, &error);
      g_assert_true ((model != NULL) == (error == NULL));
      if (model == NULL)
        {
          g_assert_true (error->domain == LFB_ERROR);
          continue;
        }
      n_loaded++;
      use_model (model);
    }

  return n_loaded;
}

static void
test_flipped (void)
{
  static const char *names[] = {
    "conv1d.reference.safetensors",
    "embedding_4bit.reference.safetensors",
    "add_relu.reference.safetensors",
    "linear_called_twice.reference.safetensors",
  };
  guint n_loaded = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    n_loaded += flip_bytes (names[i], 1500);
  /* Some hit a number or a weight and do no harm. */
  g_assert_cmpuint (n_loaded, >, 0);
  g_test_message ("%u of 6000 files loaded", n_loaded);
}

int
main (int   argc,
      char *argv[])
{
  static const char *kinds[] = { "header", "qparams", "document", "value", "node", "modules" };

  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name = g_strdelimit (g_strdup (rows[i].name), " ", '-');
      g_autofree char *path = g_strdup_printf ("/bad-files/%s/%s", kinds[rows[i].kind], name);

      g_test_add_data_func (path, &rows[i], test_row);
    }
  g_test_add_func ("/bad-files/short", test_short);
  g_test_add_func ("/bad-files/frames", test_frames);
  g_test_add_func ("/bad-files/paths", test_paths);
  g_test_add_func ("/bad-files/deep", test_deep);
  g_test_add_func ("/bad-files/many", test_many);
  g_test_add_func ("/bad-files/long-names", test_long_names);
  g_test_add_func ("/bad-files/long-header", test_long_header);
  g_test_add_func ("/bad-files/truncated", test_truncated);
  g_test_add_func ("/bad-files/flipped", test_flipped);

  return g_test_run ();
}
