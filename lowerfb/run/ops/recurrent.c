/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* LSTM, GRU and plain recurrent layers, and their single cells; numerics.md,
 * "LSTM, GRU, cells". Weights are float (reference modules: quantized and
 * dequantized first), int8 with dynamically quantized inputs, or float16.
 */

#include <lowerfb/run/emit/lfb-recurrent-emit-private.h>

#include <string.h>

static const LfbCellKind kinds[] = {
  { LFB_CELL_LSTM, 4 },
  { LFB_CELL_GRU, 3 },
  { LFB_CELL_TANH, 1 },
  { LFB_CELL_RELU, 1 },
};

#define LSTM &kinds[0]
#define GRU &kinds[1]
#define RNN &kinds[2]

/* torch.nn.RNN and its cell say in a setting which function they use. */
static const LfbCellKind *
cell_kind (LfbCall  *call,
           GError  **error)
{
  const LfbCellKind *kind = LFB_CALL_DATA (call, LfbCellKind);
  const char *name = "tanh";

  if (kind->type != LFB_CELL_TANH)
    return kind;
  if (!lfb_call_string (call, "nonlinearity", &name, error))
    return NULL;
  if (strcmp (name, "relu") == 0)
    return &kinds[3];
  if (strcmp (name, "tanh") == 0)
    return kind;

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `nonlinearity` is '%.40s', expected 'tanh' or 'relu'", name);

  return NULL;
}

static void
free_layers (gpointer layers)
{
  g_ptr_array_unref (layers);
}

static gpointer
prepare_cell (LfbCall  *call,
              GError  **error)
{
  g_autoptr (GPtrArray) layers = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_recurrent_layer_free);
  gsize n_gates = LFB_CALL_DATA (call, LfbCellKind)->n_gates;
  LfbRecurrentLayer *layer = lfb_call_has (call, "w_ih") ? lfb_recurrent_layer_new_packed (call, n_gates, error)
                                                         : lfb_recurrent_layer_new (call, n_gates, "", error);

  if (layer == NULL)
    return NULL;
  g_ptr_array_add (layers, layer);

  return g_steal_pointer (&layers);
}

/* All layers, each forward and, if there is one, backward. */
static gpointer
prepare_layers (LfbCall  *call,
                GError  **error)
{
  g_autoptr (GPtrArray) layers = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_recurrent_layer_free);
  gboolean bidirectional = FALSE;
  gint64 n_layers = 1;

  if (!lfb_call_int (call, "num_layers", &n_layers, error) || !lfb_call_bool (call, "bidirectional", &bidirectional, error))
    return NULL;
  if (n_layers < 1 || n_layers > 65536)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `num_layers` is %" G_GINT64_FORMAT ", expected 1 to 65536", n_layers);
      return NULL;
    }
  for (gint64 i = 0; i < n_layers; i++)
    for (int direction = 0; direction <= bidirectional; direction++)
      {
        g_autofree char *suffix = g_strdup_printf ("_l%" G_GINT64_FORMAT "%s", i, direction == 1 ? "_reverse" : "");
        LfbRecurrentLayer *layer = lfb_recurrent_layer_new (call, LFB_CALL_DATA (call, LfbCellKind)->n_gates, suffix, error);

        if (layer == NULL)
          return NULL;
        g_ptr_array_add (layers, layer);
      }

  return g_steal_pointer (&layers);
}

/* The one or two tensors of hx; a pair for an LSTM. */
static gboolean
read_state (LfbCall            *call,
            const LfbCellKind  *kind,
            LfbTensor         **h,
            LfbTensor         **c,
            GError            **error)
{
  LfbValue *hx = lfb_call_get (call, "hx");
  gboolean pair = kind->type == LFB_CELL_LSTM;

  *h = *c = NULL;
  if (lfb_value_is_none (hx))
    return TRUE;
  if (!pair && lfb_value_get_kind (hx) == LFB_VALUE_KIND_TENSOR)
    {
      *h = lfb_value_get_tensor (hx);
      return TRUE;
    }
  if (pair && lfb_value_is_sequence (hx) && lfb_value_get_n_items (hx) == 2 &&
      lfb_value_get_kind (lfb_value_get_item (hx, 0)) == LFB_VALUE_KIND_TENSOR &&
      lfb_value_get_kind (lfb_value_get_item (hx, 1)) == LFB_VALUE_KIND_TENSOR)
    {
      *h = lfb_value_get_tensor (lfb_value_get_item (hx, 0));
      *c = lfb_value_get_tensor (lfb_value_get_item (hx, 1));
      return TRUE;
    }

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `hx` is not %s", pair ? "a pair of tensors" : "a tensor");

  return FALSE;
}

/* @state has @n floats: those of @tensor, or zeros. */
static gboolean
fill_state (const char  *name,
            LfbTensor   *tensor,
            float       *state,
            gsize        n,
            GError     **error)
{
  g_autoptr (LfbTensor) floats = NULL;

  if (tensor == NULL)
    {
      memset (state, 0, n * sizeof *state);
      return TRUE;
    }
  if ((gsize) lfb_tensor_get_n_elements (tensor) != n)
    {
      g_autofree char *shape = lfb_tensor_describe_shape (tensor);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "the initial %s state has the shape %s, expected %" G_GSIZE_FORMAT " elements", name, shape, n);
      return FALSE;
    }
  floats = lfb_tensor_as_float ("hx", tensor, error);
  if (floats == NULL)
    return FALSE;
  memcpy (state, lfb_tensor_floats (floats), n * sizeof *state);

  return TRUE;
}

static LfbValue *
run_cell (LfbCall  *call,
          GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  const LfbCellKind *kind = input != NULL ? cell_kind (call, error) : NULL;
  GPtrArray *layers = kind != NULL ? lfb_call_state (call, error) : NULL;
  const LfbRecurrentLayer *layer = layers != NULL ? g_ptr_array_index (layers, 0) : NULL;
  g_auto (LfbArray) h = LFB_ARRAY_INIT;
  g_auto (LfbArray) c = LFB_ARRAY_INIT;
  LfbTensor *results[2] = { NULL, NULL }, *h0, *c0;
  gsize batch, n_dims;
  gint64 shape[2];

  if (layer == NULL ||
      !lfb_check_dtype ("input", input, LFB_DTYPE_FLOAT32, error) ||
      !lfb_check_rank ("input", input, 1, 2, error) ||
      !read_state (call, kind, &h0, &c0, error))
    return NULL;
  n_dims = lfb_tensor_get_n_dims (input);
  batch = n_dims == 2 ? lfb_tensor_get_dim (input, 0) : 1;
  if (!lfb_recurrent_check_input (layer, input, error))
    return NULL;
  shape[0] = batch;
  shape[n_dims - 1] = layer->hidden;
  if (!lfb_array_init (&h, LFB_DTYPE_FLOAT32, shape, n_dims, error) ||
      !lfb_array_init (&c, LFB_DTYPE_FLOAT32, shape, n_dims, error) ||
      !fill_state ("hidden", h0, h.data, h.n_elements, error) ||
      !fill_state ("cell", c0, c.data, c.n_elements, error) ||
      !lfb_recurrent_layer_run (layer, kind, call->runtime, lfb_tensor_floats (input), 1, batch, FALSE,
                                h.data, c.data, NULL, 0, error))
    return NULL;

  results[0] = lfb_array_seal (&h, error);
  if (kind->type != LFB_CELL_LSTM || results[0] == NULL)
    return lfb_value_take_tensor (results[0]);
  results[1] = lfb_array_seal (&c, error);

  return lfb_value_take_tensors (results, 2, TRUE);
}

/* (time, batch, features) whatever the caller's order is. */
static LfbTensor *
arrange_input (LfbTensor  *input,
               gboolean    batch_first,
               GError    **error)
{
  static const gsize order[] = { 1, 0, 2 };
  gint64 shape[3];

  if (lfb_tensor_get_n_dims (input) == 3)
    return batch_first ? lfb_tensor_permute (input, order, error) : g_object_ref (input);

  shape[0] = lfb_tensor_get_dim (input, 0);
  shape[1] = 1;
  shape[2] = lfb_tensor_get_dim (input, 1);

  return lfb_tensor_reshape (input, shape, 3, error);
}

static LfbTensor *
arrange_output (LfbTensor  *output,
                gboolean    batched,
                gboolean    batch_first,
                GError    **error)
{
  static const gsize order[] = { 1, 0, 2 };
  gint64 shape[2] = { lfb_tensor_get_dim (output, 0), lfb_tensor_get_dim (output, 2) };

  if (!batched)
    return lfb_tensor_reshape (output, shape, 2, error);

  return batch_first ? lfb_tensor_permute (output, order, error) : g_object_ref (output);
}

/* One layer in all its directions: the sequence @x becomes another one. */
static LfbTensor *
run_layer (LfbCall            *call,
           const LfbCellKind  *kind,
           GPtrArray          *layers,
           gsize               first,
           gsize               n_directions,
           LfbTensor          *x,
           float              *h,
           float              *c,
           GError            **error)
{
  const LfbRecurrentLayer *layer = g_ptr_array_index (layers, first);
  gsize steps = lfb_tensor_get_dim (x, 0), batch = lfb_tensor_get_dim (x, 1);
  gint64 shape[3] = { steps, batch, layer->output * n_directions };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  if (!lfb_array_init (&array, LFB_DTYPE_FLOAT32, shape, 3, error))
    return NULL;
  for (gsize d = 0; d < n_directions; d++)
    {
      layer = g_ptr_array_index (layers, first + d);
      if (!lfb_recurrent_check_input (layer, x, error) ||
          !lfb_recurrent_layer_run (layer, kind, call->runtime, lfb_tensor_floats (x), steps, batch, d == 1,
                                    h + d * batch * layer->output, c + d * batch * layer->hidden,
                                    (float *) array.data + d * layer->output, layer->output * n_directions, error))
        return NULL;
    }

  return lfb_array_seal (&array, error);
}

/* The result: the sequence, and the last states of all layers. */
static LfbValue *
make_result (const LfbCellKind  *kind,
             LfbTensor          *output,
             LfbArray           *h,
             LfbArray           *c,
             GError            **error)
{
  LfbTensor *states[2] = { NULL, NULL };
  g_autoptr (LfbValue) first = lfb_value_for_tensor (output);
  g_autoptr (LfbValue) second = NULL;
  LfbValue *items[2];

  states[0] = lfb_array_seal (h, error);
  if (states[0] == NULL)
    return NULL;
  if (kind->type == LFB_CELL_LSTM)
    {
      states[1] = lfb_array_seal (c, error);
      if (states[1] == NULL)
        {
          g_object_unref (states[0]);
          return NULL;
        }
      second = lfb_value_take_tensors (states, 2, TRUE);
    }
  else
    {
      second = lfb_value_take_tensor (states[0]);
    }
  items[0] = first;
  items[1] = second;

  return lfb_value_for_tuple (items, 2);
}

static LfbValue *
run_layers (LfbCall  *call,
            GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  const LfbCellKind *kind = input != NULL ? cell_kind (call, error) : NULL;
  GPtrArray *layers = kind != NULL ? lfb_call_state (call, error) : NULL;
  gboolean batch_first = FALSE, bidirectional = FALSE, batched;
  g_auto (LfbArray) h = LFB_ARRAY_INIT;
  g_auto (LfbArray) c = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) output = NULL;
  const LfbRecurrentLayer *layer;
  gsize n_directions, batch, n_dims;
  LfbTensor *h0, *c0;
  gint64 shape[3];

  if (layers == NULL ||
      !lfb_check_dtype ("input", input, LFB_DTYPE_FLOAT32, error) ||
      !lfb_check_rank ("input", input, 2, 3, error) ||
      !lfb_call_bool (call, "batch_first", &batch_first, error) ||
      !lfb_call_bool (call, "bidirectional", &bidirectional, error) ||
      !read_state (call, kind, &h0, &c0, error))
    return NULL;
  batched = lfb_tensor_get_n_dims (input) == 3;
  n_directions = bidirectional ? 2 : 1;
  x = arrange_input (input, batch_first, error);
  if (x == NULL)
    return NULL;
  if (lfb_tensor_get_dim (x, 0) == 0)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument `input` has no time step, expected at least one");
      return NULL;
    }

  batch = lfb_tensor_get_dim (x, 1);
  layer = g_ptr_array_index (layers, 0);
  n_dims = batched ? 3 : 2;
  shape[0] = layers->len;
  shape[1] = batch;
  shape[n_dims - 1] = layer->output;
  if (!lfb_array_init (&h, LFB_DTYPE_FLOAT32, shape, n_dims, error))
    return NULL;
  shape[n_dims - 1] = layer->hidden;
  if (!lfb_array_init (&c, LFB_DTYPE_FLOAT32, shape, n_dims, error) ||
      !fill_state ("hidden", h0, h.data, h.n_elements, error) ||
      !fill_state ("cell", c0, c.data, c.n_elements, error))
    return NULL;

  for (guint i = 0; i < layers->len; i += n_directions)
    {
      LfbTensor *next = run_layer (call, kind, layers, i, n_directions, x,
                                   (float *) h.data + i * batch * layer->output,
                                   (float *) c.data + i * batch * layer->hidden, error);

      if (next == NULL)
        {
          g_prefix_error (error, "layer %u: ", (guint) (i / n_directions));
          return NULL;
        }
      g_object_unref (x);
      x = next;
    }
  output = arrange_output (x, batched, batch_first, error);

  return output != NULL ? make_result (kind, output, &h, &c, error) : NULL;
}

/* Where states begin, of the run or constant: FALSE if that is something else, or of
 * another type than float32.
 */
static gboolean
emit_state (LfbEmit            *emit,
            const LfbCellKind  *kind,
            LfbOperand         *states,
            gsize              *n)
{
  gboolean pair = kind->type == LFB_CELL_LSTM;
  g_autofree LfbOperand *both = NULL;

  *n = 0;
  if (lfb_value_is_none (lfb_call_get (&emit->call, "hx")))
    return TRUE;
  if (pair)
    {
      both = lfb_emit_operands (emit, "hx", n);
      if (both == NULL || *n != 2)
        return FALSE;
      states[0] = both[0];
      states[1] = both[1];
    }
  else
    {
      *n = 1;
      if (!lfb_emit_operand (emit, "hx", &states[0]))
        return FALSE;
    }
  for (gsize i = 0; i < *n; i++)
    if (states[i].dtype != LFB_DTYPE_FLOAT32)
      return FALSE;

  return TRUE;
}

static LfbEmitted
emit_recurrent (LfbEmit  *emit,
                gboolean  cell,
                GError  **error)
{
  LfbCall *call = &emit->call;
  LfbRecurrent recurrent = { .layers = call->state, .n_directions = 1, .cell = cell };
  gsize least = cell ? 1 : 2, n_states = 0;
  gboolean bidirectional = FALSE;
  LfbOperand input, states[2];

  if (call->state == NULL || !lfb_emit_is_constant (emit, "input hx") || !lfb_emit_operand (emit, "input", &input) ||
      input.dtype != LFB_DTYPE_FLOAT32 || input.n_dims < least || input.n_dims > least + 1)
    return LFB_EMITTED_NOTHING;
  recurrent.kind = cell_kind (call, error);
  if (recurrent.kind == NULL || !lfb_call_bool (call, "batch_first", &recurrent.batch_first, error) ||
      !lfb_call_bool (call, "bidirectional", &bidirectional, error))
    return LFB_EMITTED_ERROR;
  if (bidirectional)
    recurrent.n_directions = 2;
  if (!emit_state (emit, recurrent.kind, states, &n_states) ||
      (cell && ((const LfbRecurrentLayer *) g_ptr_array_index (recurrent.layers, 0))->projection.n > 0))
    return LFB_EMITTED_NOTHING;

  return lfb_emit_recurrent (emit, &recurrent, &input, n_states > 0 ? &states[0] : NULL, n_states > 1 ? &states[1] : NULL);
}

static LfbEmitted
emit_layers (LfbEmit  *emit,
             GError  **error)
{
  return emit_recurrent (emit, FALSE, error);
}

static LfbEmitted
emit_cell (LfbEmit  *emit,
           GError  **error)
{
  return emit_recurrent (emit, TRUE, error);
}

#define LSTM_RULE "c = sig(f) c + sig(i) tanh(g), h = sig(o) tanh(c); products float, or by dynamic linear"
#define GRU_RULE "n = tanh(in + sig(r) hn), h = (h - n) sig(z) + n; products float, or by dynamic linear"
#define RNN_RULE "h = tanh or relu of the sum of both products; products float, or by dynamic linear"

#define LAYERS \
  .signature = "input, hx=None, tensors, settings, num_layers=1, batch_first=False, bidirectional=False, nonlinearity='tanh'", \
  .forward = "input hx", .run = run_layers, .emit = emit_layers, .prepare = prepare_layers, .free_state = free_layers, \
  .prepared = "tensors settings num_layers bidirectional"

#define CELL \
  .signature = "input, hx=None, tensors, settings, nonlinearity='tanh'", \
  .forward = "input hx", .run = run_cell, .emit = emit_cell, .prepare = prepare_cell, .free_state = free_layers, .prepared = "tensors settings"

#define PACKED_CELL(biases) \
  .signature = "input, hx, w_ih, w_hh, " biases, .run = run_cell, .emit = emit_cell, .prepare = prepare_cell, .free_state = free_layers, \
  .prepared = "w_ih w_hh"

/* torch does not look at the biases beside the packed weights either. */
#define PACKED_RULE "; products by dynamic linear, biases those of the packed weights"
#define PACKED "torch.ops.quantized.quantized_"

#define REFERENCE "torch.ao.nn.quantized.reference."
#define DYNAMIC "torch.ao.nn.quantized.dynamic."

static const LfbOperator operators[] = {
  { .modules = "torch.nn.LSTM " REFERENCE "LSTM " DYNAMIC "LSTM", .rule = LSTM_RULE, .data = LSTM, LAYERS },
  { .modules = "torch.nn.GRU " REFERENCE "GRU " DYNAMIC "GRU", .rule = GRU_RULE, .data = GRU, LAYERS },
  { .modules = "torch.nn.RNN " REFERENCE "RNN", .rule = RNN_RULE, .data = RNN, LAYERS },
  { .modules = "torch.nn.LSTMCell " REFERENCE "LSTMCell " DYNAMIC "LSTMCell", .rule = LSTM_RULE, .data = LSTM, CELL },
  { .modules = "torch.nn.GRUCell " REFERENCE "GRUCell " DYNAMIC "GRUCell", .rule = GRU_RULE, .data = GRU, CELL },
  { .modules = "torch.nn.RNNCell " REFERENCE "RNNCell " DYNAMIC "RNNCell", .rule = RNN_RULE, .data = RNN, CELL },
  {
    .functions = PACKED "lstm_cell_dynamic", .rule = "c = sig(f) c + sig(i) tanh(g), h = sig(o) tanh(c)" PACKED_RULE,
    .data = LSTM, PACKED_CELL ("bias_ih, bias_hh"),
  },
  {
    .functions = PACKED "gru_cell_dynamic", .rule = "n = tanh(in + sig(r) hn), h = (h - n) sig(z) + n" PACKED_RULE,
    .data = GRU, PACKED_CELL ("b_ih, b_hh"),
  },
  {
    .functions = PACKED "rnn_tanh_cell_dynamic", .rule = "h = tanh of the sum of both products" PACKED_RULE,
    .data = RNN, PACKED_CELL ("b_ih, b_hh"),
  },
  {
    .functions = PACKED "rnn_relu_cell_dynamic", .rule = "h = relu of the sum of both products" PACKED_RULE,
    .data = &kinds[3], PACKED_CELL ("b_ih, b_hh"),
  },
};

const LfbOperatorFamily lfb_recurrent_operators = LFB_OPERATOR_FAMILY (operators);
