"""A step that behaves as badly as steps can, for tests of the engine and of the window's patience with it.

``python -m tests.odd_steps`` is an engine that knows it. Like any step it is a module with Options, Result and run.
"""

import ctypes
import errno
import os
import sys
import time
from dataclasses import dataclass
from typing import Annotated, Any

from camtrap_gui import engine, steps
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem


@dataclass(frozen=True)
class Options:
    do: Annotated[str, Option("What to do.")] = "count"
    seconds: Annotated[float, Option("How long it may take.")] = 60.0


@dataclass(frozen=True)
class Result:
    did: str
    process: int

    def text(self) -> str:
        return f"did {self.did}"


def run(_: Any, options: Options, report: Report) -> Result:
    """Do one of the things below until it is done or the time is over."""
    report(Progress(0, None, "", options.do))
    globals()[f"_{options.do}"](options.seconds, report)
    return Result(options.do, os.getpid())


def _nothing(_: float, __: Report) -> None:
    pass


def _count(seconds: float, report: Report) -> None:
    start = time.monotonic()
    number = 0
    while time.monotonic() - start < seconds:
        time.sleep(0.001)
        number += 1
        report(Progress(number, None, "", "Counting", made=(number,)))


def _noise(_: float, report: Report) -> None:
    print('{"job": 1, "done": {}}')
    os.write(1, b"a native library speaks\n")
    ctypes.CDLL(None).puts(b"and another")
    ctypes.CDLL(None).fflush(None)
    print("on stderr", file=sys.stderr)
    report(Progress(1, 1, "", "Noise"))


def _problem(_: float, __: Report) -> None:
    raise Problem("There is no lion in the picture. Take another.")


def _full(_: float, __: Report) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _defect(_: float, __: Report) -> None:
    raise ZeroDivisionError("a defect")


def _deaf(seconds: float, _: Report) -> None:
    time.sleep(seconds)


def _frozen(seconds: float, _: Report) -> None:
    # A call that keeps the interpreter's lock: not even the heartbeat comes through.
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))


def _crash(_: float, __: Report) -> None:
    print("last words", file=sys.stderr, flush=True)
    os.abort()


STEP = steps.Step("odd_steps", "Oddities", "Behave badly.", project="none", package="tests")

if __name__ == "__main__":
    engine.COMMANDS = (*steps.COMMANDS, STEP)
    engine.main()
