/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads digits in the background: the window never waits for the model. */

import Lfb from 'gi://Lfb?version=1.0';

import {pixelsForModel} from './digitImage.js';

export class Reader {
    #session = null;
    #next = null;
    #busy = false;

    /* The reference model is as PyTorch wrote it; lowering it takes a moment, once. */
    async open(path) {
        const model = await new Lfb.Lowerer().lowerAsync(await Lfb.GraphModule.loadAsync(path));
        this.#session = new Lfb.Session(model, {n_threads: 1});
    }

    /* Calls done(probabilities), or done(null) where there is no ink. Of pictures
     * that come while one is being read only the last is read.
     */
    read(pixbuf, done, failed) {
        this.#next = {pixbuf, done, failed};
        if (!this.#busy && this.#session !== null)
            this.#work();
    }

    async #work() {
        this.#busy = true;
        while (this.#next !== null) {
            const {pixbuf, done, failed} = this.#next;
            this.#next = null;
            try {
                done(await this.#probabilities(pixbuf));
            } catch (error) {
                failed(error);
            }
        }
        this.#busy = false;
    }

    async #probabilities(pixbuf) {
        const pixels = pixelsForModel(pixbuf);
        if (pixels === null)
            return null;
        const image = new Lfb.Tensor(Float32Array.from(pixels, pixel => pixel / 16), [1, 1, 8, 8]);
        const [scores] = await this.#session.runAsync([image]);

        const [most, exponents] = [Math.max(...scores.unpack()), []];
        for (const score of scores.unpack())
            exponents.push(Math.exp(score - most));
        const sum = exponents.reduce((a, b) => a + b);
        return exponents.map(exponent => exponent / sum);
    }
}
