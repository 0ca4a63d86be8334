#!/usr/bin/gjs -m
/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Twelve steps with the digits model: tour.js digits.reference.safetensors digits.test.safetensors */

import Gio from 'gi://Gio';
import GObject from 'gi://GObject';
import Lfb from 'gi://Lfb?version=1.0';
import System from 'system';

const [modelPath, imagesPath] = System.programArgs;

/* 1. Open a model */
print('1. Open a model');
const model = Lfb.GraphModule.load(modelPath);
print(`${model.graph.length} nodes, ${model.list_modules().length} modules, made by ${model.producer}`);

/* 2. Look at it */
print('2. Look at it');
const node = model.graph.find('stem_0');
const [before] = node.inputs, [after] = node.users;
print(`${node.name} is a ${Lfb.Op.to_string(node.op)} of ${node.target}, ` +
    `reads ${before.name}, is read by ${after.name}`);
const conv = model.get_module('stem.0.0');
print(`${conv.type_name} with a kernel of ${conv.get_setting('kernel_size')}`);

/* 3. Lower it */
print('3. Lower it');
const lowerer = new Lfb.Lowerer();
const lowered = lowerer.lower(model);
print(`${model.graph.length} nodes became ${lowered.graph.length}; ` +
    `stem.0 is ${lowered.get_module('stem.0').type_name}`);

/* 4. Read the report */
print('4. Read the report');
const report = lowerer.report;
print(`${report.get_n_lowered()} of ${report.length} were lowered, ` +
    `scores by the pass ${report.find('scores').pass_name}`);
for (const note of report) {
    if (!note.lowered)
        print(`left: ${note.reason}`);
}

/* 5. Run it */
print('5. Run it');
const file = Lfb.TensorFile.load(imagesPath);
const images = file.get('input.0'), labels = file.get('labels').unpack();
const session = new Lfb.Session(lowered, {n_threads: 1});
const [scores] = session.run([images]);
const best = tensor => {
    const numbers = tensor.unpack(), [n, classes] = tensor.shape;
    return Array.from({length: n}, (_, i) => numbers.subarray(i * classes, (i + 1) * classes))
        .map(row => row.indexOf(Math.max(...row)));
};
const digits = best(scores);
const right = digits.filter((digit, i) => digit === Number(labels[i])).length;
print(`${scores}: ${right} of ${labels.length} digits read correctly`);

/* 6. Compare */
print('6. Compare');
const [reference] = new Lfb.Session(model).run([images]);
const same = best(reference).filter((digit, i) => digit === digits[i]).length;
const numbers = scores.unpack();
const apart = reference.unpack().reduce((most, number, i) => Math.max(most, Math.abs(number - numbers[i])), 0);
print(`${same} digits are the same, scores ${apart < 0.25 ? 'less' : 'more'} than 0.25 apart`);

/* 7. Change a graph */
print('7. Change a graph');
const changed = lowered.copy();
const output = changed.graph.find('output');
const [last] = output.args;
const softmax = changed.graph.create_node(Lfb.Op.CALL_FUNCTION, 'torch.softmax', [last, 1]);
last.append(softmax);
output.replace_input_with(last, softmax);
changed.check();
const [probabilities] = new Lfb.Session(changed).run([images]);
const highest = Math.max(...probabilities.unpack().subarray(0, 10));
print(`${softmax} says ${(100 * highest).toFixed(1)}% for a ${digits[0]}`);

/* 8. Write a pass */
print('8. Write a pass');
const NoNegativeScores = GObject.registerClass(class NoNegativeScores extends Lfb.Pass {
    vfunc_run({graph}) {
        const found = graph.find('scores');
        const relu = graph.create_node(Lfb.Op.CALL_FUNCTION, 'torch.nn.functional.relu', [found]);
        found.append(relu);
        found.replace_all_uses_with(relu);
        this.report(relu, true, `stands behind ${found.name}`);
        return true;
    }
});
lowerer.insert_pass(new NoNegativeScores(), 'static-modules');
const positive = lowerer.lower(model);
print(`relu ${lowerer.report.find('relu').result}; the module is ${positive.get_module('scores').type_name}`);
const lowest = array => array.reduce((least, number) => Math.min(least, number)).toFixed(4);
const [cut] = new Lfb.Session(positive).run([images]);
print(`the lowest score was ${lowest(numbers)} and is ${lowest(cut.unpack())}`);

/* 9. Call one kernel */
print('9. Call one kernel');
const show = (name, tensor) => print(name, ...tensor.unpack(), 'stands for',
    ...Array.from(tensor.dequantize().unpack(), number => number.toFixed(2)));
const matrix = new Lfb.Tensor(new Int8Array([1, 2, 3, 4, -1, 0, 1, 0]), [2, 4], {scale: 0.5});
const x = new Lfb.Tensor(new Uint8Array([10, 20, 30, 40]), [1, 4], {scale: 0.1, zero_point: 10});
const y = new Lfb.PackedLinear(matrix).apply(x, 0.25, 100);
show('linear', y);
show('add', Lfb.call('torch.ops.quantized.add', [y, y, 0.5, 0]));

/* 10. Quantization parameters */
print('10. Quantization parameters');
const linear = lowered.get_module('scores');
const {weight} = linear.tensors, {scale, zero_point} = linear.config;
const scales = weight.get_scales().unpack();
print(`${weight}, ${scales.length} scales, the first ${scales[0].toFixed(6)}`);
print(`the output has the scale ${scale.toFixed(6)} and the zero point ${zero_point}`);
print(`its inputs were watched by a ${model.qconfig_map.get('stem_0').activation.observer}`);

/* 11. In the background, with progress */
print('11. In the background, with progress');
const progress = new Lfb.Progress(), fractions = [];
progress.connect('notify::fraction', () => fractions.push(progress.fraction));
const again = await new Lfb.Lowerer({progress}).lowerAsync(model);
const order = fractions.every((fraction, i) => i === 0 || fraction >= fractions[i - 1]) ? 'in order' : 'in disorder';
print(`${Math.round(100 * progress.fraction)}% ${progress.message}, told ${order}`);

const second = new Lfb.Session(again);
const [repeated] = await second.runAsync([images]);
print(`the scores are ${repeated.equal(scores) ? 'the same' : 'others'}`);

const cancellable = new Gio.Cancellable();
cancellable.cancel();
try {
    await second.runAsync([images], cancellable);
} catch (error) {
    if (!error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
        throw error;
    print(`cancelled: ${error.message}`);
}

/* 12. Handle an error */
print('12. Handle an error');
try {
    Lfb.GraphModule.load('nowhere.safetensors');
} catch (error) {
    if (!error.matches(Lfb.Error, Lfb.Error.IO))
        throw error;
    print(`file: ${error.message}`);
}
try {
    session.run([new Lfb.Tensor(Float64Array.from(images.unpack()), images.shape)]);
} catch (error) {
    if (!error.matches(Lfb.Error, Lfb.Error.DTYPE))
        throw error;
    print(`dtype: ${error.message}`);
}
