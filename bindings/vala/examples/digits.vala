/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads handwritten digits: digits digits.reference.safetensors digits.test.safetensors */

int main (string[] args) {
    try {
        var reference = Lfb.GraphModule.load (args[1]);
        var lowerer = new Lfb.Lowerer ();
        var model = lowerer.lower (reference);
        print ("%s\n", lowerer.report.to_text ());

        var data = Lfb.TensorFile.load (args[2]);
        unowned var labels = (int64[]) data.get ("labels").get_bytes ().get_data ();
        var session = new Lfb.Session (model);
        var scores = session.run ({ data.get ("input.0") })[0];
        unowned var score = (float[]) scores.get_bytes ().get_data ();

        int right = 0, count = (int) scores.get_dim (0), classes = (int) scores.get_dim (1);
        for (int i = 0; i < count; i++) {
            int digit = 0;
            for (int k = 1; k < classes; k++)
                if (score[i * classes + k] > score[i * classes + digit])
                    digit = k;
            if (digit == labels[i])
                right++;
        }
        print ("%d of %d digits read correctly: %.2f%%\n", right, count, 100.0 * right / count);
        return 0;
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
}
