/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the JavaScript tests share: a runner that speaks TAP, assertions, and the
 * models of tests/cases.
 */

import GLib from 'gi://GLib';
import Lfb from 'gi://Lfb?version=1.0';
import System from 'system';

export const CASES = GLib.getenv('LOWERFB_CASES');

export function path(name) {
    return GLib.build_filenamev([CASES, `${name}.reference.safetensors`]);
}

export function load(name) {
    return Lfb.GraphModule.load(path(name));
}

/* What went into a model and came out of it when PyTorch ran it. */
export function recorded(name) {
    return Lfb.TensorFile.load(GLib.build_filenamev([CASES, `${name}.io.safetensors`]));
}

function isList(value) {
    return Array.isArray(value) || ArrayBuffer.isView(value);
}

function same(a, b) {
    if (isList(a) && isList(b))
        return a.length === b.length && Array.from(a).every((item, i) => same(item, b[i]));
    if (a !== null && b !== null && [a, b].every(value => Object.getPrototypeOf(Object(value)) === Object.prototype))
        return same(Object.entries(a), Object.entries(b));
    return Object.is(a, b);
}

export function equal(found, expected) {
    if (!same(found, expected))
        throw new Error(`found ${JSON.stringify(found) ?? found}, expected ${JSON.stringify(expected) ?? expected}`);
}

export function ok(truth, what) {
    if (truth !== true)
        throw new Error(what);
}

function checkError(error, domain, code, text) {
    ok(error instanceof GLib.Error && error.matches(domain, code), `${error}, expected code ${code}`);
    ok(error.message.includes(text), `the message does not say ${text}: ${error.message}`);
}

/* That a call fails with an error of the library. */
export function fails(func, code, text) {
    let result;
    try {
        result = func();
    } catch (error) {
        checkError(error, Lfb.Error, code, text);
        return;
    }
    throw new Error(`no error, but ${result}`);
}

export async function rejects(promise, domain, code, text) {
    let result;
    try {
        result = await promise;
    } catch (error) {
        checkError(error, domain, code, text);
        return;
    }
    throw new Error(`no error, but ${result}`);
}

export function throws(func, type, text) {
    let result;
    try {
        result = func();
    } catch (error) {
        ok(error instanceof type && error.message.includes(text), `${error}, expected a ${type.name}: ${text}`);
        return;
    }
    throw new Error(`no error, but ${result}`);
}

const tests = [];

export function test(name, func) {
    tests.push([name, func]);
}

/* Runs the tests, which may be asynchronous, and ends the program. */
export function run() {
    const loop = new GLib.MainLoop(null, false);
    let failed = 0;

    const runAll = async () => {
        print(`1..${tests.length}`);
        for (const [i, [name, func]] of tests.entries()) {
            try {
                await func();
                print(`ok ${i + 1} ${name}`);
            } catch (error) {
                failed++;
                print(`# ${error}`.replaceAll('\n', '\n# '));
                print(`# ${error.stack ?? ''}`.trimEnd().replaceAll('\n', '\n# '));
                print(`not ok ${i + 1} ${name}`);
            }
        }
    };

    GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, 120, () => {
        print('Bail out! Something never ended');
        failed++;
        loop.quit();
        return GLib.SOURCE_REMOVE;
    });
    runAll().finally(() => loop.quit());
    loop.run();
    System.exit(failed > 0 ? 1 : 0);
}
