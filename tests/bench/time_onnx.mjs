// SPDX-License-Identifier: LGPL-2.1-or-later
// ONNX Runtime as a contender of models_against_peers.py: time_onnx.mjs PACKAGES MODEL INPUTS THREADS [OUTPUT]
//
// PACKAGES is the folder that holds node_modules with onnxruntime-node; INPUTS a JSON file, a list of
// {name, type, dims, file} with the raw elements in files beside it. With OUTPUT, runs once and writes
// the first output's elements there. Otherwise says "ready", and for each line "SECONDS" on stdin runs
// for so long and answers with the milliseconds of each run, as a JSON list.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';

const [packages, model, inputs, threads, output] = process.argv.slice(2);
const ort = createRequire(path.resolve(packages) + '/')('onnxruntime-node');
const arrays = { float32: Float32Array, int64: BigInt64Array };

const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel: 'all', executionMode: 'sequential',
});
const feeds = {};
for (const { name, type, dims, file } of JSON.parse(fs.readFileSync(inputs, 'utf8'))) {
  const raw = fs.readFileSync(path.join(path.dirname(inputs), file));
  const data = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength);
  feeds[name] = new ort.Tensor(type, new arrays[type](data), dims);
}

if (output !== undefined) {
  const { data } = (await session.run(feeds))[session.outputNames[0]];
  fs.writeFileSync(output, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  process.exit(0);
}

console.log('ready');
for await (const line of readline.createInterface({ input: process.stdin })) {
  const stop = performance.now() + 1000 * Number(line);
  const times = [];
  do {
    const begin = performance.now();
    await session.run(feeds);
    times.push(performance.now() - begin);
  } while (performance.now() < stop);
  console.log(JSON.stringify(times));
}
process.exit(0);
