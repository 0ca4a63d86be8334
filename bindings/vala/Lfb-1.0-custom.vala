/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What neither the GIR nor metadata can say, for vapigen: lists to loop over, and
 * the type of the length that the functions which finish a run give. Left to
 * itself valac takes an int for it, and 8 bytes are written to 4.
 */

namespace Lfb {

public class Graph : GLib.Object, GLib.ListModel {
    public int size { [CCode (cname = "lfb_graph_get_n_nodes")] get; }
    public Lfb.Node @get (int index) {
        return (Lfb.Node) get_item (index);
    }
}

public class LoweringReport : GLib.Object, GLib.ListModel {
    public int size { [CCode (cname = "lfb_lowering_report_get_n_notes")] get; }
    public Lfb.LoweringNote @get (int index) {
        return (Lfb.LoweringNote) get_item (index);
    }
}

public class Session : GLib.Object {
    [CCode (array_length_pos = 1.1, array_length_type = "gsize")]
    public async Lfb.Tensor[] run_async (
        [CCode (array_length_cname = "n_inputs", array_length_pos = 1.5, array_length_type = "gsize")]
        Lfb.Tensor[]? inputs, GLib.Cancellable? cancellable = null) throws GLib.Error;
    [CCode (array_length_pos = 1.1, array_length_type = "gsize")]
    public async Lfb.Tensor[] run_values_async (
        [CCode (array_length_cname = "n_inputs", array_length_pos = 1.5, array_length_type = "gsize")]
        Lfb.Value[]? inputs, GLib.Cancellable? cancellable = null) throws GLib.Error;
}

}
