/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the Vala tests share: the models of tests/cases, and how to make and read
 * tensors.
 */

namespace Cases {

public string path (string name) {
    return Path.build_filename (Environment.get_variable ("LOWERFB_CASES"), name);
}

public Lfb.GraphModule load (string name) throws Error {
    return Lfb.GraphModule.load (path (name + ".reference.safetensors"));
}

/* What went into a model and came out of it when PyTorch ran it. */
public Lfb.TensorFile recorded (string name) throws Error {
    return Lfb.TensorFile.load (path (name + ".io.safetensors"));
}

public Lfb.Tensor tensor (float[] numbers, int64[] shape) throws Error {
    return new Lfb.Tensor.for_bytes (Lfb.DType.FLOAT32, shape, new Bytes ((uint8[]) numbers));
}

/* A tensor filled with one number. */
public Lfb.Tensor filled (float number, int64[] shape) throws Error {
    int64 count = 1;
    foreach (var length in shape)
        count *= length;
    var numbers = new float[count];
    for (int i = 0; i < count; i++)
        numbers[i] = number;
    return tensor (numbers, shape);
}

public Lfb.Tensor bytes (uint8[] content) throws Error {
    return new Lfb.Tensor.for_bytes (Lfb.DType.UINT8, { content.length }, new Bytes (content));
}

public float[] numbers (Lfb.Tensor tensor) {
    assert_true (tensor.dtype == Lfb.DType.FLOAT32);
    var result = new float[tensor.get_n_elements ()];
    var content = tensor.get_bytes ();
    Memory.copy (result, content.get_data (), content.get_size ());
    return result;
}

public void assert_error (Error? error, Error expected) {
    assert_true (error != null);
    if (!error.matches (expected.domain, expected.code))
        Test.fail_printf ("code %d, expected %d: %s", error.code, expected.code, error.message);
    else if (!error.message.contains (expected.message))
        Test.fail_printf ("the message does not say %s: %s", expected.message, error.message);
}

}
