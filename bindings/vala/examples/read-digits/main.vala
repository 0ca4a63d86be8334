/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the digits in pictures: read-digits [--json] FILE...
 *
 * The exit status is 0 if all were read, 1 if something went wrong, such as a file that
 * could not be read, and 2 if nothing did but the model is not sure of a digit.
 */

/* What is known of one file. */
class Reading : Object {
    public string path;
    public int[]? pixels = null;
    public float[] probabilities = {};
    public int digit = -1;
    public string? error = null;

    public Reading (string path) {
        this.path = path;
        try {
            pixels = DigitImage.pixels_for_model (DigitImage.load (path));
            if (pixels == null)
                error = "There is no ink in this picture";
        } catch (Error e) {
            error = e.message;
        }
    }

    public float confidence {
        get { return probabilities[digit]; }
    }

    /* Takes the softmax of the model's scores. */
    public void take_scores (float[] scores) {
        probabilities = scores;
        digit = 0;
        for (int i = 1; i < scores.length; i++)
            if (scores[i] > scores[digit])
                digit = i;
        float sum = 0, most = scores[digit];
        for (int i = 0; i < scores.length; i++) {
            probabilities[i] = Math.expf (scores[i] - most);
            sum += probabilities[i];
        }
        for (int i = 0; i < scores.length; i++)
            probabilities[i] /= sum;
    }
}

class ReadDigits : Application {
    const int DIGITS = 10;
    const int SIDE = 8;
    const int BATCH = 256;

    static string? model_path = null;
    static int threads = 1;
    static double least = 0.6;
    static bool as_json = false;
    static bool show_version = false;

    const OptionEntry[] OPTIONS = {
        { "json", 'j', OptionFlags.NONE, OptionArg.NONE, ref as_json,
          "Print a JSON document", null },
        { "confidence", 'c', OptionFlags.NONE, OptionArg.DOUBLE, ref least,
          "How sure the model has to be, 0 to 1 (0.6)", "P" },
        { "model", 'm', OptionFlags.NONE, OptionArg.FILENAME, ref model_path,
          "Another model for 8 x 8 digits", "MODEL" },
        { "threads", 't', OptionFlags.NONE, OptionArg.INT, ref threads,
          "How many threads read a batch of pictures (1)", "N" },
        { "version", 0, OptionFlags.NONE, OptionArg.NONE, ref show_version,
          "Print the version", null },
        {}
    };

    public ReadDigits () {
        Object (application_id: "org.example.ReadDigits",
                flags: ApplicationFlags.HANDLES_COMMAND_LINE | ApplicationFlags.NON_UNIQUE);
        add_main_option_entries (OPTIONS);
        set_option_context_parameter_string ("FILE…");
        set_option_context_summary ("Reads the digit in each picture.");
        set_option_context_description ("Exits with 0 if all were read, with 1 if a file could not be, and with 2 " +
                                        "if the model is not sure of a digit.");
    }

    public override int handle_local_options (VariantDict options) {
        if (show_version) {
            print ("read-digits 1.0\n");
            return 0;
        }
        string? wrong = null;
        if (!(least >= 0 && least <= 1))
            wrong = "--confidence takes a number from 0 to 1";
        else if (threads < 1 || threads > 1024)
            wrong = "--threads takes a number from 1 to 1024";
        if (wrong == null)
            return -1;
        printerr ("read-digits: %s\n", wrong);
        return 1;
    }

    public override int command_line (ApplicationCommandLine command) {
        var arguments = command.get_arguments ();
        if (arguments.length < 2) {
            command.printerr ("read-digits: name the pictures to read; --help tells more\n");
            return 1;
        }

        try {
            var session = new_session ();
            Reading[] readings = {};
            foreach (var argument in arguments[1:])
                readings += new Reading (command.create_file_for_arg (argument).get_path () ?? argument);
            for (int start = 0; start < readings.length; start += BATCH)
                read (session, readings[start:int.min (start + BATCH, readings.length)]);
            return report (command, arguments, readings);
        } catch (Error error) {
            command.printerr ("read-digits: %s\n", error.message);
            return 1;
        }
    }

    /* The model is in the program, as PyTorch wrote it, and lowered each time: that takes
     * less than it takes to load a picture library.
     */
    Lfb.Session new_session () throws Error {
        Lfb.GraphModule reference;
        if (model_path != null)
            reference = Lfb.GraphModule.load (model_path);
        else
            reference = Lfb.GraphModule.load_bytes (resources_lookup_data (
                "/org/example/ReadDigits/digits.reference.safetensors", ResourceLookupFlags.NONE));
        var options = new Lfb.SessionOptions ();
        options.n_threads = threads;
        return new Lfb.Session (new Lfb.Lowerer ().lower (reference), options);
    }

    /* All pictures in one run: one tensor holds them. */
    void read (Lfb.Session session, Reading[] readings) throws Error {
        Reading[] pictures = {};
        float[] values = {};
        foreach (var reading in readings) {
            if (reading.pixels == null)
                continue;
            pictures += reading;
            foreach (var pixel in reading.pixels)
                values += pixel / 16f;
        }
        if (pictures.length == 0)
            return;

        unowned uint8[] data = (uint8[]) values;
        data.length = (int) (values.length * sizeof (float));
        var images = new Lfb.Tensor.for_bytes (Lfb.DType.FLOAT32, { pictures.length, 1, SIDE, SIDE },
                                               new Bytes (data));
        var outputs = session.run ({ images });
        if (outputs.length != 1 || outputs[0].get_dtype () != Lfb.DType.FLOAT32 ||
            outputs[0].get_bytes ().get_size () != pictures.length * DIGITS * sizeof (float))
            throw new Lfb.Error.SHAPE ("This model does not give ten scores for each picture");
        unowned float[] scores = (float[]) outputs[0].get_bytes ().get_data ();
        scores.length = pictures.length * DIGITS;
        for (int i = 0; i < pictures.length; i++)
            pictures[i].take_scores (scores[i * DIGITS:(i + 1) * DIGITS]);
    }

    int report (ApplicationCommandLine command, string[] arguments, Reading[] readings) {
        bool failed = false, unsure = false;
        var json = new Json.Builder ().begin_object ().set_member_name ("digits").begin_array ();
        for (int i = 0; i < readings.length; i++) {
            var reading = readings[i];
            /* As it was given, and printable. */
            var name = Filename.display_name (arguments[i + 1]);
            failed = failed || reading.error != null;
            bool sure = reading.error == null && reading.confidence >= least;
            unsure = unsure || !sure;
            if (as_json)
                add_json (json, name, reading, sure);
            else if (reading.error != null)
                command.printerr ("%s: %s\n", name, reading.error);
            else
                command.print ("%s: %d, %.0f %%%s\n", name, reading.digit, 100 * reading.confidence,
                               sure ? "" : ", not sure");
        }
        if (as_json) {
            var generator = new Json.Generator () { pretty = true };
            generator.root = json.end_array ().end_object ().get_root ();
            command.print ("%s\n", generator.to_data (null));
        }
        return failed ? 1 : unsure ? 2 : 0;
    }

    void add_json (Json.Builder json, string name, Reading reading, bool sure) {
        json.begin_object ().set_member_name ("file").add_string_value (name);
        if (reading.error != null) {
            json.set_member_name ("error").add_string_value (reading.error);
        } else {
            json.set_member_name ("digit").add_int_value (reading.digit);
            json.set_member_name ("confidence").add_double_value (reading.confidence);
            json.set_member_name ("sure").add_boolean_value (sure);
            json.set_member_name ("probabilities").begin_array ();
            foreach (var probability in reading.probabilities)
                json.add_double_value (probability);
            json.end_array ().set_member_name ("pixels").begin_array ();
            foreach (var pixel in reading.pixels)
                json.add_int_value (pixel);
            json.end_array ();
        }
        json.end_object ();
    }

    static int main (string[] args) {
        Intl.setlocale ();
        return new ReadDigits ().run (args);
    }
}
