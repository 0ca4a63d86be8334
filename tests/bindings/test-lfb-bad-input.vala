/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bad input from Vala: each row is refused with an error of the right code whose
 * message names the culprit.
 */

/* Two models, for the rows that change one. A node does not keep its graph alive. */
class World {
    public Lfb.GraphModule model;
    public Lfb.GraphModule other;
    public Lfb.Graph graph;
    public Lfb.Node add;
    public Lfb.Node x;
    public Lfb.Node foreign;
    public Lfb.Node gone;

    public World () throws Error {
        model = Cases.load ("add");
        other = Cases.load ("add");
        graph = model.graph;
        add = graph.find ("add");
        x = graph.find ("x");
        foreign = other.graph.find ("y");
        gone = graph.create_node (Lfb.Op.CALL_FUNCTION, "torch.add", null, null, "gone");
        graph.erase_node (gone);
    }
}

delegate void Try (World world) throws Error;

/* The message of @expected is what that of the error has to say. */
void row (string name, Error expected, owned Try func) {
    Error wanted = expected.copy ();
    Test.add_data_func ("/vala/bad-input/" + name, () => {
        Error? error = null;
        try {
            func (new World ());
        } catch (Error caught) {
            error = caught;
        }
        Cases.assert_error (error, wanted);
    });
}

/* The model, after something was done to it that the library lets pass. */
Lfb.GraphModule cyclic () throws Error {
    var model = Cases.load ("add");
    model.graph.find ("dequantize").set_args ({ node (model.graph.find ("add")) });
    return model;
}

Lfb.Value node (Lfb.Node node) {
    return new Lfb.Value.for_node (node);
}

Lfb.Value number (double value) {
    return new Lfb.Value.for_double (value);
}

Lfb.Value integer (int64 value) {
    return new Lfb.Value.for_int (value);
}

Lfb.Tensor floats () throws Error {
    return Cases.filled (0.5f, { 3, 12 });
}

Lfb.Tensor quantized (double scale, int64 zero_point) throws Error {
    return new Lfb.Tensor.quantized (Cases.bytes ({ 1, 2, 3 }), scale, zero_point, Lfb.DType.QUINT8);
}

Lfb.Tensor per_channel (float[] scales, int64 axis) throws Error {
    return new Lfb.Tensor.quantized_per_channel (Cases.bytes ({ 1, 2, 3 }), Cases.tensor (scales, { scales.length }),
                                                 Cases.bytes ({ 0, 0, 0 }), axis, Lfb.DType.QUINT8);
}

void run (Lfb.Tensor[] inputs) throws Error {
    new Lfb.Session (Cases.load ("add")).run (inputs);
}

void call (string name, Lfb.Value[] args, string[]? names = null, Lfb.Value[]? values = null) throws Error {
    Lfb.call (name, args, names, values);
}

Lfb.Value input () throws Error {
    return new Lfb.Value.for_tensor (floats ());
}

void add_file_rows () {
    row ("a-file-that-is-not-there", new Lfb.Error.IO ("/nowhere/m.safetensors"),
         () => Lfb.GraphModule.load ("/nowhere/m.safetensors"));
    row ("a-folder", new Lfb.Error.IO ("directory"), () => Lfb.GraphModule.load (Cases.path ("")));
    row ("a-file-of-tensors-as-a-model", new Lfb.Error.FORMAT ("add.io.safetensors"),
         () => Lfb.GraphModule.load (Cases.path ("add.io.safetensors")));
    row ("half-a-header", new Lfb.Error.FORMAT ("header"), () => {
        uint8[] content;
        FileUtils.get_data (Cases.path ("add.reference.safetensors"), out content);
        Lfb.GraphModule.load_bytes (new Bytes (content[0:1000]));
    });
    row ("half-the-data", new Lfb.Error.RANGE ("`b.weight_zero_point`"), () => {
        uint8[] content;
        FileUtils.get_data (Cases.path ("add.reference.safetensors"), out content);
        Lfb.GraphModule.load_bytes (new Bytes (content[0:content.length - 100]));
    });
    row ("no-bytes", new Lfb.Error.FORMAT ("8 bytes"), () => Lfb.GraphModule.load_bytes (new Bytes ({})));
    row ("a-folder-to-save-in", new Lfb.Error.IO ("/nowhere/m.safetensors"),
         w => w.model.save ("/nowhere/m.safetensors"));
    row ("saving-a-broken-model", new Lfb.Error.INVALID_GRAPH ("`dequantize`"),
         () => cyclic ().save ("/nowhere/m.safetensors"));
}

void add_tensor_rows () {
    row ("too-few-bytes", new Lfb.Error.SHAPE ("12 bytes, not 8"), () => Cases.tensor ({ 1, 2 }, { 3 }));
    row ("a-negative-dimension", new Lfb.Error.SHAPE ("[-1]"), () => Cases.tensor ({ 1, 2 }, { -1 }));
    row ("a-shape-beyond-memory", new Lfb.Error.RANGE ("1099511627776"),
         () => Cases.tensor ({ 1, 2 }, { 1099511627776, 1099511627776 }));
    row ("65-dimensions", new Lfb.Error.SHAPE ("65 dimensions"), () => Cases.tensor ({ 1, 2 }, new int64[65]));
    row ("quint8-without-a-scale", new Lfb.Error.DTYPE ("quint8"),
         () => new Lfb.Tensor.for_bytes (Lfb.DType.QUINT8, { 1 }, new Bytes ({ 1 })));
    row ("address-0", new Lfb.Error.ARGUMENT ("address 0"),
         () => new Lfb.Tensor.for_pointer (Lfb.DType.UINT8, { 3 }, 0, 3));
    row ("a-scale-of-nan", new Lfb.Error.RANGE ("not nan"), () => quantized (double.NAN, 0));
    row ("an-infinite-scale", new Lfb.Error.RANGE ("not inf"), () => quantized (double.INFINITY, 0));
    row ("a-scale-of-0", new Lfb.Error.RANGE ("not 0"), () => quantized (0, 0));
    row ("a-zero-point-outside", new Lfb.Error.RANGE ("256"), () => quantized (1, 256));
    row ("quint8-of-floats", new Lfb.Error.DTYPE ("not of float32"),
         () => new Lfb.Tensor.quantized (floats (), 1, 0, Lfb.DType.QUINT8));
    row ("an-axis-that-is-not-there", new Lfb.Error.RANGE ("Axis 1"), () => per_channel ({ 1, 1, 1 }, 1));
    row ("too-few-scales", new Lfb.Error.SHAPE ("vector of 3"), () => per_channel ({ 1 }, 0));
    row ("a-channels-scale", new Lfb.Error.RANGE ("Channel 1"), () => per_channel ({ 1, -1, 1 }, 0));
    row ("floats-dequantized", new Lfb.Error.DTYPE ("float32[3, 12]"), () => floats ().dequantize ());
    row ("another-size", new Lfb.Error.SHAPE ("[5, 5]"), () => floats ().reshape ({ 5, 5 }));
}

void add_graph_rows () {
    row ("a-node-that-is-read", new Lfb.Error.INVALID_GRAPH ("`quantize_per_tensor_4` reads it"),
         w => w.graph.erase_node (w.add));
    row ("a-foreign-node-erased", new Lfb.Error.INVALID_GRAPH ("`y` is not in this graph"),
         w => w.graph.erase_node (w.foreign));
    row ("a-foreign-node-read", new Lfb.Error.INVALID_GRAPH ("`y` belongs to another graph"),
         w => w.add.set_args ({ node (w.foreign) }));
    row ("a-foreign-node-deep-inside", new Lfb.Error.INVALID_GRAPH ("`y` belongs to another graph"),
         w => w.add.set_kwargs (new Lfb.Value.for_dict ({ "a" }, { new Lfb.Value.for_list ({ node (w.foreign) }) })));
    row ("a-foreign-node-moved", new Lfb.Error.INVALID_GRAPH ("`y` belong to different"),
         w => w.add.append (w.foreign));
    row ("a-foreign-replacement", new Lfb.Error.INVALID_GRAPH ("`y` belong to different"),
         w => w.add.replace_all_uses_with (w.foreign));
    row ("a-node-that-reads-itself", new Lfb.Error.INVALID_GRAPH ("`add` cannot read its own"),
         w => w.add.set_args ({ node (w.add) }));
    row ("an-erased-node-changed", new Lfb.Error.INVALID_GRAPH ("`gone` has been erased"),
         w => w.gone.set_args ({ integer (1) }));
    row ("an-erased-node-read", new Lfb.Error.INVALID_GRAPH ("`gone` has been erased"),
         w => w.add.set_args ({ node (w.gone) }));
    row ("an-erased-node-erased", new Lfb.Error.INVALID_GRAPH ("`gone` is not in this graph"),
         w => w.graph.erase_node (w.gone));
    row ("a-name-that-is-taken", new Lfb.Error.INVALID_GRAPH ("`y` is taken"), w => w.x.set_name ("y"));
    row ("a-new-nodes-name", new Lfb.Error.INVALID_GRAPH ("`add` is taken"),
         w => w.graph.create_node (Lfb.Op.PLACEHOLDER, "x", null, null, "add"));
    row ("a-place-behind-the-end", new Lfb.Error.RANGE ("no place 5"), w => w.add.set_arg (5, integer (1)));
    row ("a-module-without-a-path", new Lfb.Error.ARGUMENT ("path"),
         w => w.model.set_module ("", new Lfb.Module ("torch.nn.ReLU")));
    row ("an-alias-of-itself", new Lfb.Error.INVALID_GRAPH ("`a`"), w => w.model.set_alias ("a", "a"));
}

void add_model_rows () {
    row ("a-cycle-lowered", new Lfb.Error.INVALID_GRAPH ("`dequantize` reads `add`"),
         () => new Lfb.Lowerer ().lower (cyclic ()));
    row ("a-cycle-run", new Lfb.Error.INVALID_GRAPH ("`dequantize` reads `add`"), () => new Lfb.Session (cyclic ()));
    row ("a-missing-module", new Lfb.Error.INVALID_GRAPH ("module `b`"), w => {
        w.model.remove_module ("b");
        new Lfb.Lowerer ().lower (w.model);
    });
    row ("a-missing-attribute", new Lfb.Error.INVALID_GRAPH ("`a_scale_0`"), w => {
        w.model.remove_attribute ("a_scale_0");
        new Lfb.Session (w.model);
    });
    row ("an-unknown-function", new Lfb.Error.UNSUPPORTED ("`add` (my.own)"), w => {
        w.add.target = "my.own";
        new Lfb.Session (w.model);
    });
    row ("a-pass-that-is-not-there", new Lfb.Error.NOT_FOUND ("`nothing`"),
         () => new Lfb.Lowerer ().remove_pass ("nothing"));

    row ("too-few-inputs", new Lfb.Error.ARGUMENT ("input `y`"), () => run ({ floats () }));
    row ("no-inputs", new Lfb.Error.ARGUMENT ("input `x`"), () => run ({}));
    row ("too-many-inputs", new Lfb.Error.ARGUMENT ("expected 2"), () => run ({ floats (), floats (), floats () }));
    row ("an-input-of-another-shape", new Lfb.Error.SHAPE ("[3, 13]"),
         () => run ({ floats (), Cases.filled (0.5f, { 3, 13 }) }));
    row ("an-input-of-another-dtype", new Lfb.Error.DTYPE ("`y` is a uint8 tensor"),
         () => run ({ floats (), Cases.bytes ({ 1 }) }));
}

void add_call_rows () {
    row ("an-unknown-operator", new Lfb.Error.NOT_FOUND ("quantized.nothing"),
         () => call ("torch.ops.quantized.nothing", {}));
    row ("too-few-arguments", new Lfb.Error.ARGUMENT ("`scale`"),
         () => call ("torch.quantize_per_tensor", { input () }));
    row ("too-many-arguments", new Lfb.Error.ARGUMENT ("5 arguments"),
         () => call ("torch.nn.functional.relu", { input (), input (), input (), input (), input () }));
    row ("an-unknown-argument", new Lfb.Error.ARGUMENT ("`slope`"),
         () => call ("torch.nn.functional.relu", { input () }, { "slope" }, { integer (1) }));
    row ("an-argument-of-another-kind", new Lfb.Error.ARGUMENT ("`input`"),
         () => call ("torch.nn.functional.relu", { new Lfb.Value.for_string ("text") }));
    row ("an-argument-twice", new Lfb.Error.ARGUMENT ("twice"),
         () => call ("torch.nn.functional.relu", { input () }, { "input" }, { input () }));
    row ("a-calls-scale-of-nan", new Lfb.Error.RANGE ("`scale` is nan"),
         () => call ("torch.quantize_per_tensor",
                     { input (), number (double.NAN), integer (0), new Lfb.Value.for_dtype (Lfb.DType.QUINT8) }));
    row ("a-calls-zero-point", new Lfb.Error.RANGE ("`zero_point` is 300"),
         () => call ("torch.quantize_per_tensor",
                     { input (), number (0.5), integer (300), new Lfb.Value.for_dtype (Lfb.DType.QUINT8) }));
    row ("shapes-that-do-not-multiply", new Lfb.Error.SHAPE ("[3, 12]"),
         () => call ("torch.matmul", { input (), input () }));
    row ("names-without-values", new Lfb.Error.ARGUMENT ("1 names are given for 0"),
         () => call ("torch.nn.functional.relu", { input () }, { "inplace" }));
    row ("values-without-names", new Lfb.Error.ARGUMENT ("0 names are given for 1"),
         () => call ("torch.nn.functional.relu", { input () }, null, { integer (1) }));
    row ("an-unknown-instruction-set", new Lfb.Error.NOT_FOUND ("z80"), () => Lfb.set_cpu_limit ("z80"));
    row ("an-unknown-kernel", new Lfb.Error.NOT_FOUND ("nothing"), () => Lfb.get_kernel_variant ("nothing"));
}

int main (string[] args) {
    Test.init (ref args);
    add_file_rows ();
    add_tensor_rows ();
    add_graph_rows ();
    add_model_rows ();
    add_call_rows ();
    return Test.run ();
}
