/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packed weights and buffers from Vala. */

Lfb.Tensor weights (int8[] content, int64[] shape, double scale) throws Error {
    var integers = new Lfb.Tensor.for_bytes (Lfb.DType.INT8, shape, new Bytes ((uint8[]) content));
    return new Lfb.Tensor.quantized (integers, scale, 0, Lfb.DType.QINT8);
}

Lfb.Tensor image (uint8[] content, int64[] shape, double scale, int64 zero_point) throws Error {
    var integers = new Lfb.Tensor.for_bytes (Lfb.DType.UINT8, shape, new Bytes (content));
    return new Lfb.Tensor.quantized (integers, scale, zero_point, Lfb.DType.QUINT8);
}

Lfb.PackedLinear make_linear () throws Error {
    var weight = weights ({ 3, 4, -1, 1 }, { 2, 2 }, 0.5);
    return new Lfb.PackedLinear (weight, Cases.tensor ({ 1, -1 }, { 2 }));
}

void test_linear () throws Error {
    var packed = make_linear ();
    assert_true (packed.in_features == 2 && packed.out_features == 2);
    assert_true (packed.bias != null && new Lfb.PackedLinear (packed.weight).bias == null);
    /* Sums 11 and 1 of steps of 0.25: 2.75 + 1 and 0.25 - 1, in steps of 0.25. */
    var x = image ({ 11, 12 }, { 1, 2 }, 0.5, 10);
    assert_true (packed.apply (x, 0.25, 5).get_bytes ().compare (new Bytes ({ 20, 2 })) == 0);
    assert_true (packed.apply_relu (x, 0.25, 5).get_bytes ().compare (new Bytes ({ 20, 5 })) == 0);
    var y = packed.apply_dynamic (Cases.tensor ({ -1, 3 }, { 1, 2 }), false);
    assert_true (Math.fabs (Cases.numbers (y)[0] - ((-64 * 3 + 191 * 4) * 4 / 255.0 / 2 + 1)) < 1e-5);
}

void test_conv () throws Error {
    string[] names = { "stride", "transpose", "output_padding" };
    var settings = new Lfb.Value.for_dict (names, { new Lfb.Value.for_int (2), new Lfb.Value.for_bool (true),
                                                    new Lfb.Value.for_int (1) });
    var packed = new Lfb.PackedConv (weights ({ 1, 3 }, { 1, 1, 2 }, 1), null, settings);
    assert_true (packed.transposed && packed.n_spatial == 1 && packed.groups == 1);
    assert_true (packed.in_channels == 1 && packed.out_channels == 1);
    var x = image ({ 1, 2 }, { 1, 1, 2 }, 1, 0);
    assert_true (packed.apply (x, 1, 5).get_bytes ().compare (new Bytes ({ 6, 8, 7, 11, 5 })) == 0);
    var shape = packed.get_output_shape ({ 7, 1, 2 });
    assert_true (shape.length == 3 && shape[0] == 7 && shape[1] == 1 && shape[2] == 5);
    var plain = new Lfb.PackedConv (packed.weight);
    assert_true (plain.apply (x, 1, 5).get_bytes ().compare (new Bytes ({ 12 })) == 0);
}

/* An array of Vala is written to in place. */
void test_buffers () throws Error {
    var packed = make_linear ();
    var x = image ({ 11, 12 }, { 1, 2 }, 0.5, 10);
    uint8[] memory = { 9, 9, 9 };
    var buffer = new Lfb.Buffer.for_pointer ((uint64) (uintptr) memory, memory.length);
    assert_true (packed.apply_into (x, 0.25, 5, buffer));
    assert_true (memory[0] == 20 && memory[1] == 2 && memory[2] == 9);

    var own = new Lfb.Buffer (8);
    assert_true (own.size == 8);
    packed.apply_dynamic_into (Cases.tensor ({ -1, 3 }, { 1, 2 }), false, own);
    var expected = packed.apply_dynamic (Cases.tensor ({ -1, 3 }, { 1, 2 }), false);
    assert_true (own.get_bytes ().compare (expected.get_bytes ()) == 0);
}

void test_values () throws Error {
    var packed = make_linear ();
    var x = image ({ 11, 12 }, { 1, 2 }, 0.5, 10);
    var y = Lfb.call ("torch.ops.quantized.linear", { new Lfb.Value.for_tensor (x), packed.to_value (),
                                                      new Lfb.Value.for_double (0.25), new Lfb.Value.for_int (5) });
    assert_true (y.get_tensor ().equal (packed.apply (x, 0.25, 5)));
    var again = new Lfb.PackedLinear.for_value (packed.to_value ());
    assert_true (again.apply (x, 0.25, 5).equal (y.get_tensor ()));
}

void test_errors () throws Error {
    var x = image ({ 11, 12 }, { 1, 2 }, 0.5, 10);
    Error? error = null;
    try {
        new Lfb.PackedLinear (x);
    } catch (Error caught) {
        error = caught;
    }
    Cases.assert_error (error, new Lfb.Error.DTYPE ("`weight` has the dtype quint8, expected qint8"));
    error = null;
    try {
        new Lfb.PackedLinear (weights ({ 1 }, { 1, 1 }, 1), Cases.tensor ({ float.NAN }, { 1 }));
    } catch (Error caught) {
        error = caught;
    }
    Cases.assert_error (error, new Lfb.Error.RANGE ("`bias` is nan at element 0"));
    error = null;
    try {
        make_linear ().apply_into (x, 1, 0, new Lfb.Buffer (1));
    } catch (Error caught) {
        error = caught;
    }
    Cases.assert_error (error, new Lfb.Error.RANGE ("`buffer` has 1 bytes"));
    error = null;
    try {
        new Lfb.PackedConv (weights ({ 1 }, { 1, 1, 1 }, 1), null, new Lfb.Value.for_int (1));
    } catch (Error caught) {
        error = caught;
    }
    Cases.assert_error (error, new Lfb.Error.ARGUMENT ("`settings` is an int (1), expected a dict"));
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
    add_test ("/vala/packed-linear", test_linear);
    add_test ("/vala/packed-conv", test_conv);
    add_test ("/vala/packed-buffers", test_buffers);
    add_test ("/vala/packed-values", test_values);
    add_test ("/vala/packed-errors", test_errors);
    return Test.run ();
}
