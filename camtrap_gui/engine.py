"""The warm child process in which heavy work happens: jobs come in, progress goes out.

The window starts ``python -m camtrap_gui --engine long`` and talks to it in JSON lines. In on stdin::

    {"job": 7, "step": "detect", "project": "/surveys/pilot", "options": {"detector": "default"}}
    {"cancel": 7}

Out on stdout, until the one line that ends a job::

    {"job": 7, "progress": {"done": 10, "total": 500, ...}}
    {"job": 7, "done": {...}} | {"job": 7, "problem": "...", "goes_on": false} | {"job": 7, "cancelled": true} | {"job": 7, "failed": "traceback"}

``goes_on`` says that only something outside the program is in the way: the same job goes on once that is mended. And
``{"beat": n}`` every second as long as the process lives. Why a process: TensorFlow stalls a window it shares a
process with for up to 0.7 s, native crashes and memory are contained, and a stuck job can be killed. It stays warm:
the libraries and the last models are loaded once. Whatever libraries print goes to stderr, which the window keeps as
the log; nothing but the protocol ever reaches stdout. The engine ends when its stdin does.
"""

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from camtrap_gui import mishaps, steps
from camtrap_gui.jobs import Cancelled, Pace, Progress, from_plain, to_plain
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.steps import start

COMMANDS = (*steps.COMMANDS, steps.MODELS, steps.LILA, steps.EXPLANATION, steps.CLUSTER)
BEAT_EVERY_S = 1.0
PROGRESS_EVERY_S = 0.1
NICENESS = 10
"""Measured: with the engine at this lower priority the window stays smoothest while training."""

LESS_NICE = {"short": 3, "preview": 3}
"""Engines whose answers somebody waits for: before a training, and only a little behind the window."""


@dataclass(frozen=True)
class Order:
    """A job as the window asks for it: a step's name, the project's folder ('' for none) and the options given."""

    job: int
    step: str
    project: str
    options: Mapping[str, Any]


def main(name: str = "") -> None:
    """Serve the window that started this process until it closes our stdin. ``name`` says for which of its queues."""
    out = _own_stdout()
    if hasattr(os, "nice"):
        os.nice(LESS_NICE.get(name, NICENESS))
    Engine(sys.stdin, out).serve()


class Engine:
    """Takes orders from ``lines`` and answers on ``out``. One job at a time, in the order they came."""

    def __init__(self, lines: IO[str], out: IO[str]) -> None:
        self._lines = lines
        self._out = out
        self._writing = threading.Lock()
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._cancelled: set[int] = set()

    def serve(self) -> None:
        """Work until the input ends."""
        threading.Thread(target=self._listen, name="listener", daemon=True).start()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        while (order := self._orders.get()) is not None:
            self._say(job=order.job, **self._carry_out(order))

    def _carry_out(self, order: Order) -> dict[str, Any]:
        try:
            self._stop_if_cancelled(order)
            step = next(step for step in COMMANDS if step.name == order.step)
            options = from_plain(step.module().Options, order.options)
            pace = Pace(PROGRESS_EVERY_S)

            def report(progress: Progress) -> None:
                self._stop_if_cancelled(order)
                if thinned := pace.thinned(progress):
                    self._say(job=order.job, progress=to_plain(thinned))

            folder = Path(order.project) if order.project else None
            with mishaps.told(folder):
                result = start(step, folder, options, report)
            return {"done": to_plain(result), "text": result.text()}
        except Problem as problem:
            return {"problem": str(problem), "goes_on": isinstance(problem, Interrupted)}
        except Cancelled:
            return {"cancelled": True}
        except Exception:
            return {"failed": traceback.format_exc()}

    def _stop_if_cancelled(self, order: Order) -> None:
        if order.job in self._cancelled:
            raise Cancelled

    def _listen(self) -> None:
        try:
            for line in self._lines:
                message = json.loads(line)
                if "cancel" in message:
                    self._cancelled.add(message["cancel"])
                else:
                    self._orders.put(Order(**message))
        finally:
            # The window is gone: nobody waits for the result. Work in hand is committed in batches and resumes later.
            os._exit(0)

    def _beat(self) -> None:
        for number in range(1 << 62):
            self._say(beat=number)
            time.sleep(BEAT_EVERY_S)

    def _say(self, **message: Any) -> None:
        with self._writing:
            self._out.write(json.dumps(message) + "\n")
            self._out.flush()


def _own_stdout() -> IO[str]:
    """The real stdout for the protocol alone; everything else that writes to stdout ends in stderr."""
    protocol = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(protocol, "w", encoding="utf-8")
