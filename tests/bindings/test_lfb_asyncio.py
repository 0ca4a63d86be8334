#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Work in the background awaited under asyncio: results, errors, cancelling, and on which thread it calls back."""

import asyncio
import sys
import tempfile
import threading
import time
import unittest

from gi.repository import Gio, GLib

from lfb_cases import CASES, Lfb, load, recorded


class Watching(Lfb.Pass):
    """Tells on which thread it runs; may take its time, or raise."""

    def __init__(self, threads, before=lambda: None):
        super().__init__()
        self.threads, self.before = threads, before

    def do_run(self, model):
        self.threads.append(threading.current_thread())
        self.before()
        return False


def slow_session():
    """A model that takes about a second, in many steps: a run can be cancelled between two."""
    graph = Lfb.Graph()
    x = node = graph.create_node("placeholder", "x")
    for _ in range(400):
        node = graph.create_node("call_function", "torch.matmul", [node, x])
    graph.create_node("output", "output", [node])
    return Lfb.Session(Lfb.GraphModule(graph), n_threads=1), Lfb.Tensor([[0.0] * 256] * 256)


class Awaiting(unittest.IsolatedAsyncioTestCase):
    async def test_load_lower_run_save(self):
        model = await Lfb.GraphModule.load_async(CASES / "add.reference.safetensors")
        lowerer, threads = Lfb.Lowerer(), []
        lowerer.add_pass(Watching(threads))
        lowerer.connect("rewritten", lambda *_args: threads.append(threading.current_thread()))
        lowered = await lowerer.lower_async(model)
        self.assertEqual(str(lowered), str(Lfb.lower_to_fbgemm(load("add"))))
        self.assertGreater(len(threads), 1)
        self.assertEqual(set(threads), {threading.current_thread()})

        session, file = Lfb.Session(lowered), recorded("add")
        x, y = file["input.0"], file["input.1"]
        for inputs in ([x, y], {"y": y, "x": x}, [x.tolist(), y]):
            output, = await session.run_async(inputs)
            self.assertTrue(output.equal(session(x, y)))
        output, = await session.run_values_async([x, y])
        self.assertTrue(output.equal(session(x, y)))
        with tempfile.TemporaryDirectory() as folder:
            self.assertTrue(await lowered.save_async(folder + "/model"))
            self.assertEqual(str(Lfb.GraphModule.load(folder + "/model")), str(lowered))

    async def test_the_loop_goes_on_meanwhile(self):
        session, x = slow_session()
        task, turns = asyncio.create_task(session.run_async([x])), 0
        while not task.done():
            await asyncio.sleep(0.001)
            turns += 1
        self.assertEqual(task.result()[0].shape, (256, 256))
        self.assertGreater(turns, 2)

    async def test_many_at_once(self):
        session, file = Lfb.Session(load("add")), recorded("add")
        inputs = [file["input.0"], file["input.1"]]
        expected = session(*inputs)
        for outputs in await asyncio.gather(*(session.run_async(inputs) for _ in range(50))):
            self.assertTrue(outputs[0].equal(expected))

    async def test_errors(self):
        session, cancelled, cause = Lfb.Session(load("add")), Gio.Cancellable(), KeyError("no")
        cancelled.cancel()

        def fail():
            raise cause

        lowerer = Lfb.Lowerer()
        lowerer.add_pass(Watching([], fail))
        for start, expected in ((lambda: Lfb.GraphModule.load_async("/nowhere"), Lfb.FileError),
                                (lambda: session.run_async([]), Lfb.ArgumentError),
                                (lambda: session.run_async([[[1]] * 2, [[1]]]), Lfb.DTypeError),
                                (lambda: lowerer.lower_async(load("add")), Lfb.FailedError),
                                (lambda: session.run_async([[[1.0]]] * 2, cancelled), GLib.Error),
                                (lambda: lowerer.lower_async(None), TypeError)):
            with self.assertRaises(expected) as caught:
                await start()
            if expected is Lfb.FailedError:
                self.assertIs(caught.exception.__cause__, cause)
        with self.assertRaisesRegex(TypeError, "not int"):
            session.run_async(3)

    async def test_cancelling_the_task_cancels_the_work(self):
        session, x = slow_session()
        cancellable = Gio.Cancellable()
        task = asyncio.create_task(session.run_async([x], cancellable))
        await asyncio.sleep(0.01)
        self.assertFalse(task.done())
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertTrue(cancellable.is_cancelled())
        self.assertTrue(task.cancelled())

        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(session.run_async([x]), 0.01)
        # Nothing is left behind: the next one is as fast as ever.
        output, = await session.run_async([Lfb.Tensor([[0.5]])])
        self.assertEqual(output.shape, (1, 1))

    async def test_cancelling_stops_a_lowering(self):
        lowerer, threads, cancellable = Lfb.Lowerer(), [], Gio.Cancellable()
        for _ in range(1000):
            lowerer.add_pass(Watching(threads, lambda: task.cancel()))
        task = asyncio.create_task(lowerer.lower_async(load("add"), None, None, cancellable))
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertTrue(cancellable.is_cancelled())
        self.assertIn(len(threads), range(1, 500), "it went on after it was cancelled")

    async def test_progress(self):
        progress, seen = Lfb.Progress(), []
        progress.connect("notify", lambda progress, _pspec: seen.append(
            (progress.fraction, threading.current_thread())))
        lowerer = Lfb.Lowerer(progress=progress)
        lowered = await lowerer.lower_async(load("add"))
        session, file = Lfb.Session(lowered, progress=progress), recorded("add")
        progress.report(0, "waiting")
        seen.clear()
        await session.run_async([file["input.0"], file["input.1"]])
        self.assertEqual(seen[-1], (1, threading.current_thread()))


class Loops(unittest.TestCase):
    def test_one_loop_after_the_other(self):
        async def work():
            return await Lfb.GraphModule.load_async(CASES / "add.reference.safetensors")

        for _ in range(3):
            self.assertEqual(len(asyncio.run(work()).graph), 26)

    def test_a_loop_on_another_thread(self):
        threads = []

        async def work():
            lowerer = Lfb.Lowerer()
            lowerer.add_pass(Watching(threads))
            return await lowerer.lower_async(load("add"))

        thread = threading.Thread(target=lambda: asyncio.run(work()))
        thread.start()
        thread.join(60)
        self.assertEqual(threads, [thread])

    def test_no_loop_at_all(self):
        waiting = Lfb.GraphModule.load_async("/nowhere")
        with self.assertRaisesRegex(RuntimeError, "no running event loop"):
            waiting.send(None)

    def test_idling_costs_nothing(self):
        async def work():
            await Lfb.GraphModule.load_async(CASES / "add.reference.safetensors")
            before = time.thread_time()
            await asyncio.sleep(0.3)
            return time.thread_time() - before

        self.assertLess(asyncio.run(work()), 0.1)


if __name__ == "__main__":
    sys.argv.insert(1, "-v")
    unittest.main()
