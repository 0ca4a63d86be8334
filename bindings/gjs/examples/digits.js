#!/usr/bin/gjs -m
/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads handwritten digits: digits.js digits.reference.safetensors digits.test.safetensors */

import Lfb from 'gi://Lfb?version=1.0';
import System from 'system';

const [modelPath, imagesPath] = System.programArgs;

const reference = Lfb.GraphModule.load(modelPath);
const lowerer = new Lfb.Lowerer();
const model = lowerer.lower(reference);
print(lowerer.report);

const data = Lfb.TensorFile.load(imagesPath);
const labels = data.get('labels').unpack();
const session = new Lfb.Session(model);
const [output] = session.run([data.get('input.0')]);

const scores = output.unpack(), n = scores.length / labels.length;
const digits = Array.from(labels, (_, i) => scores.subarray(i * n, (i + 1) * n))
    .map(row => row.indexOf(Math.max(...row)));
const right = digits.filter((digit, i) => digit === Number(labels[i])).length;
print(`${right} of ${labels.length} digits read correctly: ${(100 * right / labels.length).toFixed(2)}%`);
