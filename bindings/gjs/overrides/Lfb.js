/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What makes Lfb feel like JavaScript. gjs loads it by itself.
 *
 * Everything the library offers is there under its own name and with its own
 * signature, arguments at the end that may be null can be left out, and this is
 * added:
 *
 *     new Lfb.Tensor(typedArray, shape)   and tensor.unpack() back, which is a view
 *                                         of memory that must not be written to
 *     dtypes and operations by their names, 'int8' or 'call_function', too
 *     Lfb.Value.from([1, 2.5, null])      and value.unpack(), between arguments of
 *                                         nodes and native values
 *     for (const node of graph)           nodes with args, kwargs, users
 *     new Lfb.Session(model, {n_threads: 2}), session.run([image]) or run({x: image})
 *     Lfb.call(name, args, kwargs)
 *     new Lfb.PackedConv(weight, bias, {stride: 2}).apply(image, scale, zero_point)
 *     await session.runAsync([image])     and loadAsync, saveAsync, lowerAsync
 *     for (const [name, tensor] of file)  and of maps; reports are lists of notes
 *
 * JavaScript has one type of number and one of arrays where values have two: a
 * number without a fraction is an int (Lfb.Value.for_double(3) is 3.0), a frozen
 * array is a tuple.
 */

const GLib = imports.gi.GLib;

let Lfb;

/* Enumerations are numbers here, and gjs takes any number, and any string as 0. */

function toEnum(enumeration, what, value) {
    if (typeof value === 'string') {
        const [found, number] = enumeration.from_string(value);
        if (found)
            return number;
    } else if (Number.isInteger(value) && Object.values(enumeration).includes(value)) {
        return value;
    }
    throw new TypeError(`There is no ${what} ${value}`);
}

/* Tensors */

function toShape(shape) {
    if (!Array.isArray(shape) || !shape.every(length => Number.isSafeInteger(Number(length)) && length !== ''))
        throw new TypeError(`A shape is an array of integers, not ${JSON.stringify(shape) ?? shape}`);
    return shape.map(Number);
}

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
        shape ??= nested;
        const array = arrayFor(dtype);
        data = array.from(flat, array === BigInt64Array ? BigInt : Number);
    }
    if (!ArrayBuffer.isView(data) || data instanceof DataView)
        throw new TypeError(`A tensor is made of a typed array or an array of numbers, not of ${data}`);

    dtype ??= dtypeOf(data);
    const bytes = new GLib.Bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return Lfb.Tensor.new_for_bytes(dtype, toShape(shape ?? [data.length]), bytes);
}

function toTensor(data, shape = null, {dtype = null, scale = null, zero_point = 0, axis = null} = {}) {
    if (data instanceof Lfb.Tensor)
        return data;
    if (dtype !== null)
        dtype = toEnum(Lfb.DType, 'element type', dtype);
    if (scale === null && (zero_point !== 0 || axis !== null))
        throw new TypeError('A tensor with a zero point or an axis has a scale, too');
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
        const entries = entriesOf(data);
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

function toValues(args) {
    if (args !== null && args !== undefined && !Array.isArray(args))
        throw new TypeError(`Arguments by position are an array, not ${args}`);
    return (args ?? []).map(arg => toValue(arg));
}

/* Maps by the names of nodes: those of the library, or objects and Maps. */

function entriesOf(data) {
    return data instanceof Map ? [...data] : Object.entries(data);
}

function toMap(klass, data, put) {
    if (data === null || data === undefined)
        return null;
    if (data instanceof klass || typeof data !== 'object' || !isDictionary(data))
        return data;
    const map = new klass();
    entriesOf(data).forEach(([name, item]) => put(map, name, item));
    return map;
}

function toQConfigMap(data) {
    return toMap(Lfb.QConfigMap, data, (map, name, qconfig) => map.set(name, qconfig));
}

function toScopeMap(data) {
    return toMap(Lfb.ScopeMap, data, (map, name, scope) => {
        if (!Array.isArray(scope) || scope.length !== 2)
            throw new TypeError(`The scope of ${name} is the path of a module and its type, not ${scope}`);
        map.set(name, ...scope);
    });
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
    const begin = function (...args) {
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
    owner[`${name}_async`] = begin;
    owner[`${name}Async`] = begin;
}

/* What it prints as: what a method of that name says, or a function of it. */
function describe(klass, text) {
    klass.prototype.toString = function () {
        return typeof text === 'string' ? this[text]() : `[Lfb.${klass.name.replace(/^Lfb_/, '')} ${text(this)}]`;
    };
}

/* Properties that getters answer. */
function attributes(klass, getters) {
    for (const [name, get] of Object.entries(getters)) {
        Object.defineProperty(klass.prototype, name, {
            configurable: true,
            get() {
                return get(this);
            },
        });
    }
}

/* A list model as a list. */
function list(klass) {
    klass.prototype[Symbol.iterator] = function* () {
        for (let i = 0; i < this.get_n_items(); i++)
            yield this.get_item(i);
    };
    attributes(klass, {length: self => self.get_n_items()});
}

/* Something that has names as pairs of those and what they stand for. */
function dictionary(klass, get) {
    klass.prototype[Symbol.iterator] = function* () {
        for (const name of this.list_names())
            yield [name, get(this, name)];
    };
}

function overrideTensors() {
    /* What _init returns takes the place of the new object. */
    Lfb.Tensor.prototype._init = function (data, shape, options) {
        return toTensor(data, shape, options);
    };
    Lfb.Tensor.prototype.unpack = unpackTensor;
    describe(Lfb.Tensor, 'to_string');
    attributes(Lfb.Tensor, {shape: self => self.get_shape()});

    Lfb.Buffer.prototype._init = function (size) {
        return Lfb.Buffer.new(size);
    };
    Lfb.Buffer.prototype.unpack = unpackBuffer;

    describe(Lfb.Buffer, self => `of ${self.size} bytes`);

    dictionary(Lfb.TensorFile, (self, name) => self.get(name));
    describe(Lfb.TensorFile, self => `of ${self.list_names().join(', ') || 'nothing'}`);

    Lfb.Value.from = data => toValue(data);
    Lfb.Value.prototype.unpack = unpackValue;
    describe(Lfb.Value, 'to_string');
}

function overrideGraphs() {
    Lfb.Node.prototype._init = function () {
        throw new TypeError('Nodes are made by Lfb.Graph.create_node');
    };
    fill(Lfb.Node.prototype, 'set_args', 1, ([args]) => [toValues(args)]);
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
        [toEnum(Lfb.Op, 'operation', op), target, toValues(args), toDictionary(kwargs), name]);
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
    attributes(Lfb.Graph, {length: self => self.get_n_nodes()});

    Lfb.Module.prototype._init = function (type_name, config = null, tensors = null, graph_module = null) {
        return Lfb.Module.new(type_name, toDictionary(config), toDictionary(tensors), graph_module);
    };
    Lfb.QConfig.prototype._init = function (activation = null, weight = null) {
        return Lfb.QConfig.new(toDictionary(activation), toDictionary(weight));
    };
    attributes(Lfb.Module, {
        config: self => self.get_config().unpack(),
        tensors: self => self.get_tensors().unpack(),
        graph_module: self => self.get_graph_module(),
    });
    describe(Lfb.Module, self => `${self.type_name} ${self.get_config()}`);
    attributes(Lfb.QConfig, {
        activation: self => self.get_activation()?.unpack() ?? null,
        weight: self => self.get_weight()?.unpack() ?? null,
    });
    describe(Lfb.QConfig, self => `activation ${self.get_activation()} weight ${self.get_weight()}`);
    dictionary(Lfb.QConfigMap, (self, name) => self.get(name));
    dictionary(Lfb.ScopeMap, (self, name) => [self.get_path(name), self.get_type_name(name)]);
    for (const klass of [Lfb.QConfigMap, Lfb.ScopeMap])
        describe(klass, self => `of ${self.list_names().length} nodes`);

    const {_init: initModel} = Lfb.GraphModule.prototype;
    Lfb.GraphModule.prototype._init = function (data = {}) {
        return initModel.call(this, data instanceof Lfb.Graph ? {graph: data} : data);
    };
    fill(Lfb.GraphModule, 'new', 1);
    promise(Lfb.GraphModule, 'load', 2);
    promise(Lfb.GraphModule.prototype, 'save', 2);
    describe(Lfb.GraphModule, 'to_text');
}

function overrideLowering() {
    const withMaps = ([model, qconfigs, scopes, ...rest]) =>
        [model, toQConfigMap(qconfigs), toScopeMap(scopes), ...rest];
    fill(Lfb.Lowerer.prototype, 'lower', 4, withMaps);
    promise(Lfb.Lowerer.prototype, 'lower', 4, withMaps);
    describe(Lfb.Lowerer, self => `of ${self.get_passes().length} passes`);
    fill(Lfb, 'lower_to_fbgemm', 4, args => withMaps(args).map((arg, i) => i === 3 ? arg ?? false : arg));

    /* A pass that is not given a name goes by that of its class. */
    const {_init: initPass} = Lfb.Pass.prototype;
    Lfb.Pass.prototype._init = function (properties = {}) {
        return initPass.call(this, {name: this.constructor.name, ...properties});
    };

    describe(Lfb.Pass, self => self.name);
    describe(Lfb.Progress, self => `${Math.round(100 * self.fraction)}% ${self.message ?? 'not begun'}`);

    list(Lfb.LoweringReport);
    describe(Lfb.LoweringReport, 'to_text');
    describe(Lfb.LoweringNote, self => `${self.node_name}: ${self.result ?? self.reason}`);
}

function overrideRunning() {
    Lfb.Session.prototype._init = function (model, options = null) {
        if (options !== null && !(options instanceof Lfb.SessionOptions))
            options = new Lfb.SessionOptions(options);
        return Lfb.Session.new(model, options);
    };
    /* GObject takes -1 for 4294967295 and says so on stderr only. */
    const {_init: initOptions} = Lfb.SessionOptions.prototype;
    Lfb.SessionOptions.prototype._init = function (properties = {}) {
        const n_threads = properties.n_threads ?? properties.nThreads ?? 0;
        if (!Number.isInteger(n_threads) || n_threads < 0)
            throw new RangeError(`A session runs on a number of threads, not ${n_threads}`);
        return initOptions.call(this, properties);
    };
    describe(Lfb.SessionOptions, self => `n_threads ${self.n_threads} profile ${self.profile}`);
    describe(Lfb.Session, self => `of ${self.model.graph.length} nodes on ${self.n_threads} threads, ` +
        `inputs ${self.list_inputs().join(', ') || 'none'}`);
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
        if (given instanceof Lfb.Tensor || ArrayBuffer.isView(given))
            given = [given];
        if (given !== null && given !== undefined && !Array.isArray(given))
            throw new TypeError(`The inputs of a session are an array, or an object by their names, not ${given}`);
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

    fill(Lfb.Session.prototype, 'prepare', 2, ([examples, cancellable]) =>
        [examples === null ? null : examples.map(data => toTensor(data)), cancellable]);

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
            const entries = entriesOf(kwargs);
            kwargs = entries.map(([key]) => key);
            values = entries.map(([, item]) => item);
        }
        const result = call(name, toValues(args), kwargs, toValues(values));
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
    describe(Lfb.PackedLinear, self => `of ${self.in_features} to ${self.out_features} features`);
    describe(Lfb.PackedConv, self => `of ${self.in_channels} to ${self.out_channels} channels`);
    overridePacked(Lfb.PackedLinear, (weight, bias) => Lfb.PackedLinear.new(weight, bias));
    overridePacked(Lfb.PackedConv, (weight, bias, settings = null) =>
        Lfb.PackedConv.new(weight, bias, toDictionary(settings)));
}
