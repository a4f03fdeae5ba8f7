"""Other computers that have the same project on a shared disk: processes that say they have another name.

Their locks can be made to be missing, or to lie, as network disks' do.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.disks import ROOT

OTHER = """
import fcntl, json, os, platform, sys, time
from pathlib import Path
platform.node = lambda: sys.argv[1]
def lying(*_):
    return None
def missing(*_):
    raise OSError(37, "No locks available")
if sys.argv[2] != "true":
    fcntl.flock = {"lying": lying, "missing": missing}[sys.argv[2]]
from camtrap_gui.jobs import recorded
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, holding, problems
holding.BEAT_EVERY_S = 0.05
open_ones = {}
def add(project, number):
    with project.write() as db:
        db.execute("INSERT INTO species (name, position) VALUES (?, ?)", (f"{sys.argv[1]} {number}", number))
def begin(project, number):
    job = recorded(project, "train", {})
    job.__enter__()
    open_ones["job"] = job
    open_ones["writing"] = project.write()
    open_ones["writing"].__enter__().execute("INSERT INTO species (name, position) VALUES ('half done', ?)", (number,))
def end(project):
    open_ones["writing"].__exit__(None, None, None)
for line in sys.stdin:
    verb, *rest = json.loads(line)
    try:
        if verb == "open":
            open_ones[rest[0]] = Project.open(Path(rest[0]))
            said = open_ones[rest[0]].read_only
        else:
            project = open_ones[rest[0]]
            said = {"add": add, "begin": begin, "end": end, "close": Project.close}[verb](project, *rest[1:])
    except Problem as problem:
        said = f"Problem: {problem}"
    print(json.dumps(said), flush=True)
"""


class Computer:
    """Another computer, which does what it is told."""

    def __init__(self, name: str, locks: str = "true") -> None:
        command = [sys.executable, "-c", OTHER, name, locks]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, *words: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def answer(self) -> object:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, *words: object) -> object:
        self.tell(*words)
        return self.answer()

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def crash(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def computers() -> Iterator[Callable[..., Computer]]:
    """Starts other computers, and ends them all."""
    made: list[Computer] = []

    def one(*arguments: str) -> Computer:
        made.append(Computer(*arguments))
        return made[-1]

    yield one
    for each in made:
        each.crash()
        for pipe in (each.process.stdin, each.process.stdout):
            assert pipe is not None
            pipe.close()
