/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What makes Lfb feel like JavaScript. gjs loads it by itself.
 *
 * Everything the library offers is there under its own name and with its own
 * signature, arguments at the end that may be null can be left out, and this is
 * added:
 *
 *     new Lfb.Tensor(typedArray, shape)   and tensor.unpack() back, which is a view
 *                                         of memory that must not be written to
 *     Lfb.Value.from([1, 2.5, null])      and value.unpack(), between arguments of
 *                                         nodes and native values
 *     for (const node of graph)           nodes with args, kwargs, users
 *     new Lfb.Session(model, {n_threads: 2}), session.run([image]) or run({x: image})
 *     Lfb.call(name, args, kwargs)
 *     new Lfb.PackedConv(weight, bias, {stride: 2}).apply(image, scale, zero_point)
 *     await Lfb.GraphModule.load_async(path)    and the other functions of that kind
 *
 * JavaScript has one type of number and one of arrays where values have two: a
 * number without a fraction is an int (Lfb.Value.for_double(3) is 3.0), a frozen
 * array is a tuple.
 */

const GLib = imports.gi.GLib;

let Lfb;

/* Tensors */

/* The typed array for the elements of a type; JavaScript has no 16-bit floats. */
function arrayFor(dtype) {
    switch (Lfb.DType.get_storage(dtype)) {
    case Lfb.DType.FLOAT32: return Float32Array;
    case Lfb.DType.FLOAT64: return Float64Array;
    case Lfb.DType.FLOAT16: return Uint16Array;
    case Lfb.DType.BFLOAT16: return Uint16Array;
    case Lfb.DType.INT8: return Int8Array;
    case Lfb.DType.INT16: return Int16Array;
    case Lfb.DType.INT32: return Int32Array;
    case Lfb.DType.INT64: return BigInt64Array;
    default: return Uint8Array;
    }
}

function dtypeOf(array) {
    switch (array.constructor) {
    case Float32Array: return Lfb.DType.FLOAT32;
    case Float64Array: return Lfb.DType.FLOAT64;
    case Uint8Array: return Lfb.DType.UINT8;
    case Uint8ClampedArray: return Lfb.DType.UINT8;
    case Int8Array: return Lfb.DType.INT8;
    case Int16Array: return Lfb.DType.INT16;
    case Int32Array: return Lfb.DType.INT32;
    case BigInt64Array: return Lfb.DType.INT64;
    default: throw new TypeError(`The elements of a ${array.constructor.name} need a dtype`);
    }
}

/* Numbers in nested arrays, and how they are nested. */
function flatten(data) {
    const shape = [];
    for (let row = data; Array.isArray(row); row = row[0])
        shape.push(row.length);

    const check = (row, depth) => {
        if (depth === shape.length ? Array.isArray(row) : !Array.isArray(row) || row.length !== shape[depth])
            throw new TypeError('The rows of an array of numbers differ in length');
        if (depth < shape.length)
            row.forEach(item => check(item, depth + 1));
        else if (typeof row !== 'number' && typeof row !== 'bigint' && typeof row !== 'boolean')
            throw new TypeError(`An array of numbers holds ${row}`);
    };
    check(data, 0);

    return [data.flat(Infinity), shape];
}

/* gjs cannot lend its memory: it moves what it owns. So this copies, once. */
function makePlain(data, shape, dtype) {
    if (Array.isArray(data)) {
        const [flat, nested] = flatten(data);
        dtype ??= Lfb.DType.FLOAT32;
        const array = arrayFor(dtype);
        data = array.from(flat, array === BigInt64Array ? BigInt : Number);
        shape ??= nested;
    }
    if (!ArrayBuffer.isView(data) || data instanceof DataView)
        throw new TypeError(`A tensor is made of a typed array or an array of numbers, not of ${data}`);

    dtype ??= dtypeOf(data);
    const bytes = new GLib.Bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return Lfb.Tensor.new_for_bytes(dtype, shape ?? [data.length], bytes);
}

function toTensor(data, shape = null, {dtype = null, scale = null, zero_point = 0, axis = null} = {}) {
    if (data instanceof Lfb.Tensor)
        return data;
    if (scale === null)
        return makePlain(data, shape, dtype);

    const integers = makePlain(data, shape, dtype === null ? null : Lfb.DType.get_storage(dtype));
    dtype ??= new Map([
        [Lfb.DType.INT8, Lfb.DType.QINT8],
        [Lfb.DType.INT32, Lfb.DType.QINT32],
    ]).get(integers.dtype) ?? Lfb.DType.QUINT8;
    if (axis === null)
        return Lfb.Tensor.new_quantized(integers, scale, zero_point, dtype);

    const scales = toTensor(scale, null, {dtype: Array.isArray(scale) ? Lfb.DType.FLOAT32 : null});
    const zero_points = toTensor(zero_point, null, {dtype: Array.isArray(zero_point) ? Lfb.DType.INT64 : null});
    return Lfb.Tensor.new_quantized_per_channel(integers, scales, zero_points, axis, dtype);
}

/* The elements, row-major, without a copy; of a quantized tensor the integers,
 * of types of less than a byte the bytes they are packed in. Writing to them
 * changes every tensor that shares them, and ends the program where the memory
 * is that of a file; slice() makes an array of one's own.
 */
function unpackTensor() {
    const bytes = this.get_bytes().toArray();
    return viewOf(bytes, arrayFor(this.dtype));
}

function viewOf(bytes, array) {
    return new array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / array.BYTES_PER_ELEMENT));
}

/* What is in a buffer now and whenever it is written to. */
function unpackBuffer(array = Uint8Array) {
    return viewOf(this.get_bytes().toArray(), array);
}

/* Values */

function isDictionary(data) {
    return data instanceof Map || Object.getPrototypeOf(data) === Object.prototype ||
        Object.getPrototypeOf(data) === null;
}

function toValue(data, depth = 0) {
    if (data instanceof Lfb.Value)
        return data;
    if (data === null || data === undefined)
        return Lfb.Value.for_none();
    if (typeof data === 'boolean')
        return Lfb.Value.for_bool(data);
    if (typeof data === 'bigint' || Number.isSafeInteger(data))
        return Lfb.Value.for_int(data);
    if (typeof data === 'number')
        return Lfb.Value.for_double(data);
    if (typeof data === 'string')
        return Lfb.Value.for_string(data);
    if (data instanceof Lfb.Node)
        return Lfb.Value.for_node(data);
    if (data instanceof Lfb.Tensor || ArrayBuffer.isView(data))
        return Lfb.Value.for_tensor(toTensor(data));

    /* The library takes such a nest for a bug, and arrays can hold themselves. */
    if (depth >= Lfb.VALUE_MAX_DEPTH)
        throw new RangeError(`Values cannot be nested deeper than ${Lfb.VALUE_MAX_DEPTH}`);
    if (Array.isArray(data)) {
        const items = data.map(item => toValue(item, depth + 1));
        return Object.isFrozen(data) ? Lfb.Value.for_tuple(items) : Lfb.Value.for_list(items);
    }
    if (typeof data === 'object' && isDictionary(data)) {
        const entries = data instanceof Map ? [...data] : Object.entries(data);
        return Lfb.Value.for_dict(entries.map(([key]) => `${key}`),
            entries.map(([, item]) => toValue(item, depth + 1)));
    }
    throw new TypeError(`${data} cannot be an argument of a node`);
}

function toDictionary(kwargs) {
    const value = kwargs === null || kwargs === undefined ? null : toValue(kwargs);
    if (value !== null && value.get_kind() !== Lfb.ValueKind.DICT)
        throw new TypeError('Arguments by name must be an object or a Map');
    return value;
}

/* What JavaScript has nothing for stays what it is: element types and other
 * enumerations, which are numbers here, slices, ellipses, packed weights.
 */
function unpackValue() {
    const items = () => this.get_items().map(item => item.unpack());

    switch (this.get_kind()) {
    case Lfb.ValueKind.NONE: return null;
    case Lfb.ValueKind.BOOL: return this.get_bool();
    case Lfb.ValueKind.INT: return this.get_int();
    case Lfb.ValueKind.DOUBLE: return this.get_double();
    case Lfb.ValueKind.STRING: return this.get_string();
    case Lfb.ValueKind.NODE: return this.get_node();
    case Lfb.ValueKind.TENSOR: return this.get_tensor();
    case Lfb.ValueKind.LIST: return items();
    case Lfb.ValueKind.TUPLE: return Object.freeze(items());
    case Lfb.ValueKind.DICT: return Object.fromEntries(items().map((item, i) => [this.get_key(i), item]));
    default: return this;
    }
}

/* Putting it in place */

/* A call with fewer arguments than that takes null for the rest. */
function fill(owner, name, count, convert = args => args) {
    const original = owner[name];
    owner[name] = function (...args) {
        while (args.length < count)
            args.push(null);
        return original.apply(this, convert(args));
    };
}

/* A call that gives no callback gets a promise. */
function promise(owner, name, count, convert = args => args) {
    const [start, finish] = [owner[`${name}_async`], owner[`${name}_finish`]];
    owner[`${name}_async`] = function (...args) {
        if (typeof args[count] === 'function')
            return start.apply(this, convert(args));
        while (args.length < count)
            args.push(null);
        return new Promise((resolve, reject) => {
            start.call(this, ...convert(args), (source, result) => {
                try {
                    resolve(finish.call(this, result));
                } catch (error) {
                    reject(error);
                }
            });
        });
    };
}

function describe(klass, method) {
    klass.prototype.toString = function () {
        return this[method]();
    };
}

function overrideTensors() {
    /* What _init returns takes the place of the new object. */
    Lfb.Tensor.prototype._init = function (data, shape, options) {
        return toTensor(data, shape, options);
    };
    Lfb.Tensor.prototype.unpack = unpackTensor;
    describe(Lfb.Tensor, 'to_string');

    Lfb.Buffer.prototype._init = function (size) {
        return Lfb.Buffer.new(size);
    };
    Lfb.Buffer.prototype.unpack = unpackBuffer;

    Lfb.TensorFile.prototype[Symbol.iterator] = function* () {
        for (const name of this.list_names())
            yield [name, this.get(name)];
    };

    Lfb.Value.from = data => toValue(data);
    Lfb.Value.prototype.unpack = unpackValue;
    describe(Lfb.Value, 'to_string');
}

function overrideGraphs() {
    Lfb.Node.prototype._init = function () {
        throw new TypeError('Nodes are made by Lfb.Graph.create_node');
    };
    fill(Lfb.Node.prototype, 'set_args', 1, ([args]) => [(args ?? []).map(arg => toValue(arg))]);
    fill(Lfb.Node.prototype, 'set_arg', 2, ([position, value]) => [position, toValue(value)]);
    fill(Lfb.Node.prototype, 'set_kwargs', 1, ([kwargs]) => [toDictionary(kwargs)]);
    Object.defineProperties(Lfb.Node.prototype, {
        args: {
            get() {
                return this.get_args().map(arg => arg.unpack());
            },
            set(args) {
                this.set_args(args);
            },
        },
        kwargs: {
            get() {
                return this.get_kwargs().unpack();
            },
            set(kwargs) {
                this.set_kwargs(kwargs);
            },
        },
        users: {
            get() {
                return this.get_users();
            },
        },
        inputs: {
            get() {
                return this.get_inputs();
            },
        },
    });
    describe(Lfb.Node, 'to_text');

    fill(Lfb.Graph.prototype, 'create_node', 5, ([op, target, args, kwargs, name]) =>
        [op, target, (args ?? []).map(arg => toValue(arg)), toDictionary(kwargs), name]);
    /* The nodes of now, less those that are erased meanwhile: a loop may change
     * the graph.
     */
    Lfb.Graph.prototype[Symbol.iterator] = function* () {
        const nodes = [];
        for (let node = this.get_first(); node !== null; node = node.get_next())
            nodes.push(node);
        for (const node of nodes) {
            if (node.get_graph() === this)
                yield node;
        }
    };
    describe(Lfb.Graph, 'to_text');

    Lfb.Module.prototype._init = function (type_name, config = null, tensors = null, graph_module = null) {
        return Lfb.Module.new(type_name, toDictionary(config), toDictionary(tensors), graph_module);
    };
    Lfb.QConfig.prototype._init = function (activation = null, weight = null) {
        return Lfb.QConfig.new(toDictionary(activation), toDictionary(weight));
    };
    fill(Lfb.GraphModule, 'new', 1);
    promise(Lfb.GraphModule, 'load', 2);
    promise(Lfb.GraphModule.prototype, 'save', 2);
    describe(Lfb.GraphModule, 'to_text');
}

function overrideLowering() {
    fill(Lfb.Lowerer.prototype, 'lower', 4);
    promise(Lfb.Lowerer.prototype, 'lower', 4);
    fill(Lfb, 'lower_to_fbgemm', 4, ([model, qconfigs, scopes, keep]) => [model, qconfigs, scopes, keep ?? false]);

    /* A pass that is not given a name goes by that of its class. */
    const {_init: initPass} = Lfb.Pass.prototype;
    Lfb.Pass.prototype._init = function (properties = {}) {
        return initPass.call(this, {name: this.constructor.name, ...properties});
    };

    Lfb.LoweringReport.prototype[Symbol.iterator] = function* () {
        for (let i = 0; i < this.get_n_items(); i++)
            yield this.get_item(i);
    };
    describe(Lfb.LoweringReport, 'to_text');
}

function overrideRunning() {
    Lfb.Session.prototype._init = function (model, options = null) {
        if (options !== null && !(options instanceof Lfb.SessionOptions))
            options = new Lfb.SessionOptions(options);
        return Lfb.Session.new(model, options);
    };
    fill(Lfb.Session, 'new', 2);

    /* Inputs in their order, or by name; typed arrays where one dimension is meant,
     * arrays and objects of tensors where the model takes lists or dictionaries.
     */
    function inputs(session, given) {
        if (!Array.isArray(given) && typeof given === 'object' && given !== null && isDictionary(given)) {
            const byName = new Map(given instanceof Map ? given : Object.entries(given));
            const names = session.list_inputs();
            for (const name of byName.keys()) {
                if (!names.includes(name))
                    throw new TypeError(`The model has no input ${name}; its inputs are ${names.join(', ')}`);
            }
            for (const name of names) {
                if (!byName.has(name))
                    throw new TypeError(`The input ${name} is missing`);
            }
            given = names.map(name => byName.get(name));
        }
        return (given ?? []).map(data => toValue(isNest(data) ? data : toTensor(data)));
    }

    /* What toTensor() does not take: anything but numbers inside. */
    function isNest(data, depth = 0) {
        if (Array.isArray(data))
            return depth > Lfb.VALUE_MAX_DEPTH || data.some(item => isNest(item, depth + 1));
        if (depth > 0)
            return !['number', 'bigint', 'boolean'].includes(typeof data);
        return data === null || data instanceof Lfb.Value ||
            (typeof data === 'object' && !(data instanceof Lfb.Tensor) && isDictionary(data));
    }

    const {run_values, run_values_async, run_values_finish} = Lfb.Session.prototype;
    Lfb.Session.prototype.run = function (given, cancellable = null) {
        return run_values.call(this, inputs(this, given), cancellable);
    };
    Lfb.Session.prototype.run_async = function (given, ...rest) {
        return run_values_async.call(this, inputs(this, given), ...rest);
    };
    Lfb.Session.prototype.run_finish = run_values_finish;
    promise(Lfb.Session.prototype, 'run', 2);

    /* With nothing but Lfb.Value the result is one too, and names and values of
     * arguments may be two arrays, as in C.
     */
    const {call} = Lfb;
    Lfb.call = function (name, args = null, kwargs = null, values = null) {
        if (kwargs !== null && !Array.isArray(kwargs)) {
            const entries = kwargs instanceof Map ? [...kwargs] : Object.entries(kwargs);
            kwargs = entries.map(([key]) => key);
            values = entries.map(([, item]) => item);
        }
        const result = call(name, (args ?? []).map(arg => toValue(arg)), kwargs,
            (values ?? []).map(item => toValue(item)));
        return [...args ?? [], ...values ?? []].every(data => data instanceof Lfb.Value) ? result : result.unpack();
    };
}

/* Weights, biases and inputs may be typed arrays where one dimension is meant. */
function overridePacked(klass, make) {
    klass.prototype._init = function (weight, bias = null, ...rest) {
        return make(toTensor(weight), bias === null ? null : toTensor(bias), ...rest);
    };
    for (const [name, convert] of [
        ['apply', ([input, scale, zero_point]) => [toTensor(input), scale, zero_point ?? 0]],
        ['apply_relu', ([input, scale, zero_point]) => [toTensor(input), scale, zero_point ?? 0]],
        ['apply_dynamic', ([input, reduce_range]) => [toTensor(input), reduce_range ?? false]],
    ])
        fill(klass.prototype, name, 2, convert);
}

function _init() {
    Lfb = this;

    overrideTensors();
    overrideGraphs();
    overrideLowering();
    overrideRunning();
    overridePacked(Lfb.PackedLinear, (weight, bias) => Lfb.PackedLinear.new(weight, bias));
    overridePacked(Lfb.PackedConv, (weight, bias, settings = null) =>
        Lfb.PackedConv.new(weight, bias, toDictionary(settings)));
}
