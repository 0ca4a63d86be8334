/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Twelve steps with the digits model: tour digits.reference.safetensors digits.test.safetensors */

Lfb.GraphModule model;
Lfb.Lowerer lowerer;
Lfb.GraphModule lowered;
Lfb.Session session;
Lfb.Tensor images;
Lfb.Tensor scores;
int[] digits;

/* The elements of a float32 tensor, where they are. */
unowned float[] numbers_of (Lfb.Tensor tensor) {
    return (float[]) tensor.get_bytes ().get_data ();
}

/* The digit with the highest score, for each image. */
int[] best (Lfb.Tensor scores) {
    var result = new int[scores.get_dim (0)];
    int classes = (int) scores.get_dim (1);
    unowned var numbers = numbers_of (scores);
    for (int i = 0; i < result.length; i++)
        for (int k = 1; k < classes; k++)
            if (numbers[i * classes + k] > numbers[i * classes + result[i]])
                result[i] = k;
    return result;
}

/* 1. Open a model */
void open_a_model (string path) throws Error {
    print ("1. Open a model\n");
    model = Lfb.GraphModule.load (path);
    print ("%u nodes, %d modules, made by %s\n", model.graph.get_n_items (), model.list_modules ().length,
           model.producer);
}

/* 2. Look at it */
void look_at_it () {
    print ("2. Look at it\n");
    unowned var node = model.graph.find ("stem_0");
    print ("%s is a %s of %s, reads %s, is read by %s\n", node.name, node.op.to_string (), node.target,
           node.get_input (0).name, node.get_users ()[0].name);
    unowned var conv = model.get_module ("stem.0.0");
    print ("%s with a kernel of %s\n", conv.type_name, conv.get_setting ("kernel_size").to_string ());
}

/* 3. Lower it */
void lower_it () throws Error {
    print ("3. Lower it\n");
    lowerer = new Lfb.Lowerer ();
    lowered = lowerer.lower (model);
    print ("%u nodes became %u; stem.0 is %s\n", model.graph.get_n_items (), lowered.graph.get_n_items (),
           lowered.get_module ("stem.0").type_name);
}

/* 4. Read the report */
void read_the_report () {
    print ("4. Read the report\n");
    var report = lowerer.report;
    print ("%u of %u were lowered, scores by the pass %s\n", report.get_n_lowered (), report.get_n_items (),
           report.find ("scores").pass_name);
    foreach (var note in report)
        if (!note.lowered)
            print ("left: %s\n", note.reason);
}

/* 5. Run it */
void run_it (string path) throws Error {
    print ("5. Run it\n");
    var file = Lfb.TensorFile.load (path);
    images = file["input.0"];
    unowned var labels = (int64[]) file["labels"].get_bytes ().get_data ();
    session = new Lfb.Session (lowered, new Lfb.SessionOptions () { n_threads = 1 });
    scores = session.run ({ images })[0];
    digits = best (scores);
    int right = 0;
    for (int i = 0; i < digits.length; i++)
        if (digits[i] == labels[i])
            right++;
    print ("%s: %d of %d digits read correctly\n", scores.to_string (), right, digits.length);
}

/* 6. Compare */
void compare () throws Error {
    print ("6. Compare\n");
    var reference = new Lfb.Session (model).run ({ images })[0];
    var others = best (reference);
    int same = 0;
    for (int i = 0; i < digits.length; i++)
        if (others[i] == digits[i])
            same++;
    unowned var a = numbers_of (reference);
    unowned var b = numbers_of (scores);
    double apart = 0;
    for (int i = 0; i < scores.get_n_elements (); i++)
        apart = double.max (apart, (double) Math.fabsf (a[i] - b[i]));
    print ("%d digits are the same, scores %s than 0.25 apart\n", same, apart < 0.25 ? "less" : "more");
}

/* 7. Change a graph */
void change_a_graph () throws Error {
    print ("7. Change a graph\n");
    var changed = lowered.copy ();
    unowned var output = changed.graph.find ("output");
    unowned var last = output.get_input (0);
    unowned var softmax = changed.graph.create_node (Lfb.Op.CALL_FUNCTION, "torch.softmax",
                                                     { new Lfb.Value.for_node (last), new Lfb.Value.for_int (1) });
    last.append (softmax);
    output.replace_input_with (last, softmax);
    changed.check ();
    var probabilities = new Lfb.Session (changed).run ({ images })[0];
    double highest = numbers_of (probabilities)[digits[0]];
    print ("%s says %.1f%% for a %d\n", softmax.to_text (), 100 * highest, digits[0]);
}

/* 8. Write a pass */
class NoNegativeScores : Lfb.Pass {
    public NoNegativeScores () {
        Object (name: "NoNegativeScores");
    }

    public override bool run (Lfb.GraphModule model) throws Error {
        unowned var scores = model.graph.find ("scores");
        unowned var relu = model.graph.create_node (Lfb.Op.CALL_FUNCTION, "torch.nn.functional.relu",
                                                    { new Lfb.Value.for_node (scores) });
        scores.append (relu);
        scores.replace_all_uses_with (relu);
        report (relu, true, @"stands behind $(scores.name)");
        return true;
    }
}

double lowest (Lfb.Tensor tensor) {
    double least = double.MAX;
    unowned var numbers = numbers_of (tensor);
    for (int i = 0; i < tensor.get_n_elements (); i++)
        least = double.min (least, numbers[i]);
    return least;
}

void write_a_pass () throws Error {
    print ("8. Write a pass\n");
    lowerer.insert_pass (new NoNegativeScores (), "static-modules");
    var positive = lowerer.lower (model);
    print ("relu %s; the module is %s\n", lowerer.report.find ("relu").result,
           positive.get_module ("scores").type_name);
    var cut = new Lfb.Session (positive).run ({ images })[0];
    print ("the lowest score was %.4f and is %.4f\n", lowest (scores), lowest (cut));
}

/* 9. Call one kernel */
void show (string name, Lfb.Tensor tensor) throws Error {
    unowned var integers = tensor.get_bytes ().get_data ();
    var real = tensor.dequantize ();
    unowned var numbers = numbers_of (real);
    print ("%s %u %u stands for %.2f %.2f\n", name, integers[0], integers[1], numbers[0], numbers[1]);
}

void call_one_kernel () throws Error {
    print ("9. Call one kernel\n");
    int8[] weights = { 1, 2, 3, 4, -1, 0, 1, 0 };
    uint8[] inputs = { 10, 20, 30, 40 };
    var weight = new Lfb.Tensor.for_bytes (INT8, { 2, 4 }, new Bytes ((uint8[]) weights));
    var x = new Lfb.Tensor.for_bytes (UINT8, { 1, 4 }, new Bytes (inputs));
    var packed = new Lfb.PackedLinear (new Lfb.Tensor.quantized (weight, 0.5, 0, QINT8));
    var y = packed.apply (new Lfb.Tensor.quantized (x, 0.1, 10, QUINT8), 0.25, 100);
    show ("linear", y);
    var value = new Lfb.Value.for_tensor (y);
    var sum = Lfb.call ("torch.ops.quantized.add",
                        { value, value, new Lfb.Value.for_double (0.5), new Lfb.Value.for_int (0) });
    show ("add", sum.get_tensor ());
}

/* 10. Quantization parameters */
void quantization_parameters () {
    print ("10. Quantization parameters\n");
    unowned var linear = lowered.get_module ("scores");
    unowned var weight = linear.get_tensor ("weight");
    unowned var scales = weight.get_scales ();
    print ("%s, %d scales, the first %.6f\n", weight.to_string (), (int) scales.get_dim (0),
           numbers_of (scales)[0]);
    print ("the output has the scale %.6f and the zero point %d\n", linear.get_setting ("scale").get_double (),
           (int) linear.get_setting ("zero_point").get_int ());
    print ("its inputs were watched by a %s\n",
           model.qconfig_map["stem_0"].get_activation ().lookup ("observer").get_string ());
}

/* 11. In the background, with progress */
async void in_the_background () throws Error {
    print ("11. In the background, with progress\n");
    var progress = new Lfb.Progress ();
    double told = 0;
    bool ordered = true;
    progress.notify["fraction"].connect (() => {
        ordered = ordered && progress.fraction >= told;
        told = progress.fraction;
    });
    var other = new Lfb.Lowerer () { progress = progress };
    var again = yield other.lower_async (model);
    print ("%.0f%% %s, told %s\n", 100 * progress.fraction, progress.message, ordered ? "in order" : "in disorder");

    var second = new Lfb.Session (again);
    var outputs = yield second.run_async ({ images });
    print ("the scores are %s\n", outputs[0].equal (scores) ? "the same" : "others");

    var cancellable = new Cancellable ();
    cancellable.cancel ();
    try {
        yield second.run_async ({ images }, cancellable);
    } catch (IOError.CANCELLED error) {
        print ("cancelled: %s\n", error.message);
    }
}

/* 12. Handle an error */
void handle_an_error () throws Error {
    print ("12. Handle an error\n");
    try {
        Lfb.GraphModule.load ("nowhere.safetensors");
    } catch (Lfb.Error.IO error) {
        print ("file: %s\n", error.message);
    }
    try {
        var doubles = new double[images.get_n_elements ()];
        for (int i = 0; i < doubles.length; i++)
            doubles[i] = numbers_of (images)[i];
        session.run ({ new Lfb.Tensor.for_bytes (FLOAT64, images.get_shape (), new Bytes ((uint8[]) doubles)) });
    } catch (Lfb.Error.DTYPE error) {
        print ("dtype: %s\n", error.message);
    }
}

int main (string[] args) {
    if (args.length != 3) {
        printerr ("Usage: %s MODEL IMAGES\n", args[0]);
        return 2;
    }
    try {
        open_a_model (args[1]);
        look_at_it ();
        lower_it ();
        read_the_report ();
        run_it (args[2]);
        compare ();
        change_a_graph ();
        write_a_pass ();
        call_one_kernel ();
        quantization_parameters ();

        var loop = new MainLoop ();
        Error? failed = null;
        in_the_background.begin ((_source, result) => {
            try {
                in_the_background.end (result);
            } catch (Error error) {
                failed = error;
            }
            loop.quit ();
        });
        loop.run ();
        if (failed != null)
            throw failed;

        handle_an_error ();
        return 0;
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
}
