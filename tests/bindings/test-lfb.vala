/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The library from Vala: tensors, graphs, lowering, passes, running, and all of
 * it in the background.
 */

/* Puts a relu behind every addition. */
class AddRelu : Lfb.Pass {
    public AddRelu (string name) {
        Object (name: name);
    }

    public override bool run (Lfb.GraphModule model) throws Error {
        bool changed = false;
        Lfb.Node? next = null;
        for (var node = model.graph.get_first (); node != null; node = next) {
            next = node.get_next ();
            if (node.target != "operator.add")
                continue;
            unowned var relu = model.graph.create_node (Lfb.Op.CALL_FUNCTION, "torch.nn.functional.relu",
                                                        { new Lfb.Value.for_node (node) });
            node.append (relu);
            node.replace_all_uses_with (relu);
            report (relu, true, @"stands behind $(node.name)");
            changed = true;
        }
        return changed;
    }
}

class Failing : Lfb.Pass {
    private Error error;

    public Failing (Error error) {
        Object (name: "failing");
        this.error = error;
    }

    public override bool run (Lfb.GraphModule model) throws Error {
        model.graph.find ("add").target = "operator.mul";
        throw error;
    }
}

void test_tensors () throws Error {
    float[] numbers = { 1.5f, -2, 3, 4, 5, 6 };
    var tensor = Cases.tensor (numbers, { 2, 3 });
    assert_true (tensor.dtype == Lfb.DType.FLOAT32);
    assert_true (tensor.get_shape ().length == 2);
    assert_true (tensor.get_shape ()[1] == 3);
    assert_cmpstr (tensor.to_string (), EQ, "float32[2, 3]");
    assert_true (Cases.numbers (tensor)[5] == 6);

    var scalar = new Lfb.Tensor.for_bytes (Lfb.DType.UINT8, null, new Bytes ({ 7 }));
    assert_true (scalar.get_n_dims () == 0);

    var quantized = new Lfb.Tensor.quantized (Cases.bytes ({ 10, 12 }), 0.5, 10, Lfb.DType.QUINT8);
    assert_true (quantized.scale == 0.5 && quantized.zero_point == 10);
    assert_true (Cases.numbers (quantized.dequantize ())[1] == 1);
    var channels = new Lfb.Tensor.quantized_per_channel (Cases.bytes ({ 1, 4 }), Cases.tensor ({ 0.5f, 2 }, { 2 }),
                                                         Cases.bytes ({ 0, 1 }), 0, Lfb.DType.QUINT8);
    assert_true (channels.axis == 0 && channels.is_per_channel ());
    assert_true (Cases.numbers (channels.dequantize ())[1] == 6);
    assert_true (Cases.numbers (channels.get_scales ())[0] == 0.5f);
}

/* Counts how many there are. */
class Owner : Object {
    public static int count = 0;
    public float[] numbers = { 1.5f, 2.5f };

    construct {
        count++;
    }

    ~Owner () {
        count--;
    }
}

void test_no_copy () throws Error {
    var bytes = new Bytes ({ 1, 2, 3 });
    var tensor = new Lfb.Tensor.for_bytes (Lfb.DType.UINT8, { 3 }, bytes);
    assert_true (tensor.get_address () == (uint64) (size_t) (void*) bytes.get_data ());
    assert_true ((void*) tensor.get_bytes ().get_data () == (void*) bytes.get_data ());
    assert_true (tensor.reshape ({ 1, 3 }).get_address () == tensor.get_address ());

    var owner = new Owner ();
    var address = (uint64) (size_t) (void*) owner.numbers;
    var borrowed = new Lfb.Tensor.for_pointer (Lfb.DType.FLOAT32, { 2 }, address, 8, owner);
    owner = null;
    assert_true (Owner.count == 1);
    assert_true (borrowed.get_address () == address);
    assert_true (Cases.numbers (borrowed)[1] == 2.5f);
    var content = borrowed.get_bytes ();
    borrowed = null;
    assert_true (Owner.count == 1);
    content = null;
    assert_true (Owner.count == 0);
}

void test_values () throws Error {
    var list = new Lfb.Value.for_list ({ new Lfb.Value.for_int (1), new Lfb.Value.for_double (2.5) });
    var dict = new Lfb.Value.for_dict ({ "a", "b" }, { list, new Lfb.Value.for_none () });
    assert_cmpstr (dict.to_string (), EQ, "{'a': [1, 2.5], 'b': None}");
    assert_true (dict.lookup ("a").get_items ().length == 2);
    assert_true (dict.lookup ("a").get_item (1).get_double () == 2.5);
    assert_cmpstr (dict.get_key (1), EQ, "b");
    assert_null (dict.lookup ("c"));
    assert_true (dict.with_item ("b", list).lookup ("b").equal (list));
    assert_cmpstr (new Lfb.Value.for_ints ({ 1, 2 }).to_string (), EQ, "(1, 2)");
    assert_cmpstr (new Lfb.Value.for_slice (new Lfb.Value.for_int (1)).to_string (), EQ, "slice(1, None, None)");
    assert_cmpstr (@"$(new Lfb.Value.for_dtype (Lfb.DType.QUINT8))", EQ, "torch.quint8");
    assert_cmpstr (Lfb.DType.QUINT8.to_string (), EQ, "quint8");
    Lfb.DType dtype;
    assert_true (Lfb.DType.from_string ("int64", out dtype) && dtype == Lfb.DType.INT64);
    assert_false (Lfb.DType.from_string ("int63", out dtype));
}

void test_graph () throws Error {
    var model = Cases.load ("add");
    unowned var graph = model.graph;
    assert_true (graph.get_n_items () == 26);
    assert_cmpstr (((Lfb.Node) graph.get_item (20)).name, EQ, "add");

    unowned var add = graph.find ("add");
    assert_true (add.op == Lfb.Op.CALL_FUNCTION);
    assert_cmpstr (add.target, EQ, "operator.add");
    assert_true (add.get_args ().length == 2);
    assert_true (add.get_args ()[0].get_node () == graph.find ("dequantize_2"));
    assert_true (add.get_inputs ().length == 2);
    assert_true (add.get_users ().length == 1);
    assert_cmpstr (add.get_users ()[0].name, EQ, "quantize_per_tensor_4");
    assert_null (graph.find ("sub"));

    int count = 0;
    for (unowned var node = graph.get_first (); node != null; node = node.get_next ())
        count++;
    assert_true (count == 26);
}

void test_changing_a_graph () throws Error {
    var model = Cases.load ("add");
    unowned var graph = model.graph;
    unowned var add = graph.find ("add");
    unowned var relu = graph.create_node (Lfb.Op.CALL_FUNCTION, "torch.nn.functional.relu",
                                          { new Lfb.Value.for_node (add) },
                                          new Lfb.Value.for_dict ({ "inplace" }, { new Lfb.Value.for_bool (false) }));
    add.append (relu);
    add.replace_all_uses_with (relu);
    assert_true (add.get_users ()[0] == relu);
    relu.set_name ("activation");
    assert_true (graph.find ("activation") == relu);
    assert_true (relu.get_kwarg ("inplace").get_bool () == false);
    assert_true (graph.lint ().length == 0);

    graph.find ("output").set_args ({ new Lfb.Value.for_node (add) });
    assert_true (graph.eliminate_dead_code ());
    assert_null (graph.find ("activation"));
    assert_true (graph.find ("add").set_arg (1, new Lfb.Value.for_int (3)));
    assert_cmpstr (graph.find ("add").to_text (), EQ, "%add = operator.add(%dequantize_2, 3)");
}

void test_building_a_model () throws Error {
    var graph = new Lfb.Graph ();
    unowned var x = graph.create_node (Lfb.Op.PLACEHOLDER, "x");
    unowned var relu = graph.create_node (Lfb.Op.CALL_MODULE, "act", { new Lfb.Value.for_node (x) });
    graph.create_node (Lfb.Op.OUTPUT, "output", { new Lfb.Value.for_node (relu) });
    var model = new Lfb.GraphModule (graph);
    model.set_module ("act", new Lfb.Module ("torch.nn.ReLU"));

    string file = Path.build_filename (DirUtils.make_tmp ("lowerfb-XXXXXX"), "model.safetensors");
    model.save (file);
    var again = Lfb.GraphModule.load (file);
    assert_cmpstr (again.to_text (), EQ, model.to_text ());
    var result = Cases.numbers (new Lfb.Session (again).run ({ Cases.tensor ({ -1.5f, 2.5f }, { 2 }) })[0]);
    assert_true (result[0] == 0 && result[1] == 2.5f);
    FileUtils.unlink (file);
    DirUtils.remove (Path.get_dirname (file));
}

void test_lowering () throws Error {
    var model = Cases.load ("add");
    var before = model.to_text ();
    var lowerer = new Lfb.Lowerer ();
    lowerer.keep_original_weights = true;
    var told = new StringBuilder ();
    lowerer.rewritten.connect ((name, node, text) => told.append (@"$name $(node.name);"));
    assert_null (lowerer.report);
    var lowered = lowerer.lower (model);
    assert_cmpstr (lowered.graph.find ("add").target, EQ, "torch.ops.quantized.add");
    assert_cmpstr (lowered.get_module ("a").type_name, EQ, "torch.ao.nn.quantized.Linear");
    assert_true (told.str.contains ("static-modules a;") && told.str.contains ("binary-operators add;"));
    assert_cmpstr (model.to_text (), EQ, before);

    var report = lowerer.report;
    assert_true (report.get_n_items () == 7 && report.get_n_lowered () == 5);
    assert_cmpstr (report.find ("a").pass_name, EQ, "static-modules");
    var left = report.find ("quantize_per_tensor");
    assert_false (left.lowered);
    assert_null (left.result);
    assert_true (left.reason.contains ("input `x`"));
    assert_true (report.to_text ().has_prefix ("5 of 7"));
    assert_cmpstr (Lfb.lower_to_fbgemm (model).to_text (), EQ, lowered.to_text ());
}

void test_pass () throws Error {
    var model = Cases.load ("add");
    var file = Cases.recorded ("add");
    var lowerer = new Lfb.Lowerer ();
    lowerer.insert_pass (new AddRelu ("add-relu"), "static-modules");
    assert_cmpstr (lowerer.get_passes ()[0].name, EQ, "add-relu");
    var lowered = lowerer.lower (model);
    assert_cmpstr (lowered.graph.find ("add").target, EQ, "torch.ops.quantized.add_relu");
    assert_cmpstr (lowerer.report.find ("relu").pass_name, EQ, "add-relu");
    assert_cmpstr (lowerer.report.find ("relu").result, EQ, "stands behind add");

    Lfb.Tensor[] inputs = { file.get ("input.0"), file.get ("input.1") };
    var plain = Cases.numbers (new Lfb.Session (Lfb.lower_to_fbgemm (model)).run (inputs)[0]);
    var cut = Cases.numbers (new Lfb.Session (lowered).run (inputs)[0]);
    int negative = 0;
    for (int i = 0; i < plain.length; i++) {
        assert_true (cut[i] == float.max (plain[i], 0));
        negative += plain[i] < 0 ? 1 : 0;
    }
    assert_true (negative > 0);

    assert_true (new AddRelu ("alone").run (model));
    assert_nonnull (model.graph.find ("relu"));
    assert_false (new Lfb.Pass.builtin ("shape-reads").run (model));
    Error? error = null;
    try {
        new Lfb.Pass.builtin ("nothing");
    } catch (Error caught) {
        error = caught;
    }
    Cases.assert_error (error, new Lfb.Error.NOT_FOUND ("There is no pass `nothing`"));
}

void test_failing_pass () throws Error {
    var model = Cases.load ("add");
    var before = model.to_text ();
    var lowerer = new Lfb.Lowerer ();
    lowerer.add_pass (new Failing (new Lfb.Error.SHAPE ("node `b` is odd")));
    Error? error = null;
    try {
        lowerer.lower (model);
    } catch (Lfb.Error.SHAPE caught) {
        error = caught;
    }
    Cases.assert_error (error, new Lfb.Error.SHAPE ("Pass failing: node `b` is odd"));
    assert_null (lowerer.report);
    assert_cmpstr (model.to_text (), EQ, before);
}

/* The output scale, seen in the numbers: their smallest distance. */
float smallest_step (float[] numbers) {
    float step = float.INFINITY;
    foreach (var a in numbers)
        foreach (var b in numbers)
            if (a != b && (a - b).abs () < step)
                step = (a - b).abs ();
    return step;
}

void test_running () throws Error {
    foreach (var name in new string[] { "add", "add_relu", "conv2d_relu", "linear_chain", "two_outputs" }) {
        var model = Cases.load (name);
        var file = Cases.recorded (name);
        Lfb.Tensor[] inputs = {};
        for (int i = 0; file.get (@"input.$i") != null; i++)
            inputs += file.get (@"input.$i");

        foreach (var kind in new string[] { "reference", "lowered" }) {
            var runs = kind == "lowered" ? Lfb.lower_to_fbgemm (model) : model;
            var outputs = new Lfb.Session (runs).run (inputs);
            assert_true (outputs.length == (name == "two_outputs" ? 2 : 1));
            for (int k = 0; k < outputs.length; k++) {
                var found = Cases.numbers (outputs[k]);
                var expected = Cases.numbers (file.get (@"$kind.$k"));
                var step = smallest_step (expected);
                int other = 0;
                assert_true (found.length == expected.length);
                for (int i = 0; i < found.length; i++) {
                    var steps = (found[i] - expected[i]).abs () / step;
                    if (steps <= 1e-5)
                        continue;
                    other++;
                    assert_cmpfloat ((steps - 1).abs (), LT, 1e-3);
                }
                assert_cmpint (other, LE, int.max (1, found.length / 100));
            }
        }
    }
}

void test_session () throws Error {
    var options = new Lfb.SessionOptions () { n_threads = 2, profile = true };
    var session = new Lfb.Session (Cases.load ("add"), options);
    var file = Cases.recorded ("add");
    Lfb.Tensor[] inputs = { file.get ("input.0"), file.get ("input.1") };
    assert_true (session.run (inputs)[0].equal (session.run (inputs)[0]));
    assert_true (session.n_threads == 2);
    assert_true (session.peak_memory > 0);
    assert_true (session.profile_to_text ().contains ("quantize_per_tensor"));
    assert_cmpstr (string.joinv (" ", session.list_inputs ()), EQ, "x y");
}

void test_call () throws Error {
    var input = new Lfb.Value.for_tensor (Cases.tensor ({ 1, 2.5f }, { 2 }));
    var quantized = Lfb.call ("torch.quantize_per_tensor", { input, new Lfb.Value.for_double (0.5) },
                              { "zero_point", "dtype" },
                              { new Lfb.Value.for_int (10), new Lfb.Value.for_dtype (Lfb.DType.QUINT8) });
    assert_true (quantized.get_tensor ().scale == 0.5);
    assert_true (quantized.get_tensor ().get_bytes ().compare (new Bytes ({ 12, 15 })) == 0);
    var back = Lfb.call ("torch.dequantize", { quantized });
    assert_true (Cases.numbers (back.get_tensor ())[1] == 2.5f);
    assert_true (strv_contains (Lfb.list_operators (), "torch.ops.quantized.linear"));
}

async void work_in_background () throws Error {
    var thread = Thread.self<void*> ();
    var model = yield Lfb.GraphModule.load_async (Cases.path ("add.reference.safetensors"));
    var lowerer = new Lfb.Lowerer ();
    int told = 0;
    lowerer.rewritten.connect (() => {
        assert_true (Thread.self<void*> () == thread);
        told++;
    });
    lowerer.insert_pass (new AddRelu ("add-relu"), "static-modules");
    var lowered = yield lowerer.lower_async (model);
    assert_cmpstr (lowered.graph.find ("add").target, EQ, "torch.ops.quantized.add_relu");
    assert_true (told > 1);

    var session = new Lfb.Session (lowered);
    var file = Cases.recorded ("add");
    Lfb.Tensor[] inputs = { file.get ("input.0"), file.get ("input.1") };
    var outputs = yield session.run_async (inputs);
    assert_true (outputs.length == 1 && outputs[0].equal (session.run (inputs)[0]));
    assert_true (Thread.self<void*> () == thread);
}

async void fail_in_background () {
    var cancelled = new Cancellable ();
    cancelled.cancel ();
    Error? error = null;
    try {
        yield Lfb.GraphModule.load_async ("/nowhere");
    } catch (Error caught) {
        error = caught;
    }
    Cases.assert_error (error, new Lfb.Error.IO ("/nowhere"));

    error = null;
    try {
        var lowerer = new Lfb.Lowerer ();
        lowerer.add_pass (new Failing (new Lfb.Error.DTYPE ("no")));
        yield lowerer.lower_async (Cases.load ("add"));
    } catch (Error caught) {
        error = caught;
    }
    Cases.assert_error (error, new Lfb.Error.DTYPE ("Pass failing: no"));

    error = null;
    try {
        yield new Lfb.Lowerer ().lower_async (Cases.load ("add"), null, null, cancelled);
    } catch (Error caught) {
        error = caught;
    }
    Cases.assert_error (error, new IOError.CANCELLED (""));

    error = null;
    try {
        yield new Lfb.Session (Cases.load ("add")).run_async ({});
    } catch (Error caught) {
        error = caught;
    }
    Cases.assert_error (error, new Lfb.Error.ARGUMENT ("`x`"));
}

void test_background () throws Error {
    var loop = new MainLoop ();
    Error? failure = null;
    work_in_background.begin ((source, result) => {
        try {
            work_in_background.end (result);
        } catch (Error error) {
            failure = error;
        }
        loop.quit ();
    });
    loop.run ();
    if (failure != null)
        throw failure;
}

void test_background_errors () throws Error {
    var loop = new MainLoop ();
    fail_in_background.begin (() => loop.quit ());
    loop.run ();
}

delegate void Tries () throws Error;

void add_test (string path, owned Tries func) {
    Test.add_data_func (path, () => {
        try {
            func ();
        } catch (Error error) {
            Test.fail_printf ("%s", error.message);
        }
    });
}

int main (string[] args) {
    Test.init (ref args);
    add_test ("/vala/tensors", test_tensors);
    add_test ("/vala/no-copy", test_no_copy);
    add_test ("/vala/values", test_values);
    add_test ("/vala/graph", test_graph);
    add_test ("/vala/changing-a-graph", test_changing_a_graph);
    add_test ("/vala/building-a-model", test_building_a_model);
    add_test ("/vala/lowering", test_lowering);
    add_test ("/vala/pass", test_pass);
    add_test ("/vala/failing-pass", test_failing_pass);
    add_test ("/vala/running", test_running);
    add_test ("/vala/session", test_session);
    add_test ("/vala/call", test_call);
    add_test ("/vala/background", test_background);
    add_test ("/vala/background-errors", test_background_errors);
    return Test.run ();
}
