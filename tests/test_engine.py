"""The engine as a process: orders in as JSON lines, answers out, whatever steps and libraries do inside."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from PIL import Image

from camtrap_gui.engine import LESS_NICE, NICENESS
from camtrap_gui.project import Project, history, images

ROOT = Path(__file__).parent.parent


class Talk:
    """An engine process and what it has said."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        self.lines: Queue[bytes] = Queue()
        self.noise = b""
        self._threads = [threading.Thread(target=read) for read in (self._read_lines, self._read_noise)]
        for thread in self._threads:
            thread.start()

    def say(self, **message: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def order(self, job: int, step: str, project: Path | str = "", **options: object) -> None:
        self.say(job=job, step=step, project=str(project), options=options)

    def next(self) -> dict[str, Any]:
        """The next line; every line must be JSON."""
        message = json.loads(self.lines.get(timeout=60))
        assert isinstance(message, dict)
        return message

    def until(self, is_it: Callable[[dict[str, Any]], object]) -> list[dict[str, Any]]:
        """Everything about jobs up to a message; beats are left out."""
        heard: list[dict[str, Any]] = []
        while not heard or not is_it(heard[-1]):
            message = self.next()
            if "beat" not in message:
                heard.append(message)
        return heard

    def answer(self, job: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The progress of a job, and the line that ends it."""
        heard = self.until(lambda message: message["job"] == job and "progress" not in message)
        return [message["progress"] for message in heard[:-1]], heard[-1]

    def end(self) -> int:
        """Close its stdin and wait for it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        status = self.process.wait(30)
        for thread in self._threads:
            thread.join(30)
        return status

    def _read_lines(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.process.stdout.close()

    def _read_noise(self) -> None:
        assert self.process.stderr is not None
        self.noise = self.process.stderr.read()
        self.process.stderr.close()


@pytest.fixture
def talk() -> Iterator[Callable[..., Talk]]:
    talks: list[Talk] = []

    def begin(module: str, *arguments: str) -> Talk:
        talks.append(Talk(module, *arguments))
        return talks[-1]

    yield begin
    for one in talks:
        one.process.kill()
        one.end()


@pytest.fixture
def engine(talk) -> Talk:
    return talk("camtrap_gui", "--engine")


@pytest.fixture
def odd(talk) -> Talk:
    return talk("tests.odd_steps")


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="processes have no niceness here")
def test_that_short_work_goes_before_long_work_and_the_window_before_both(talk):
    niceness = []
    for name in ("short", "long"):
        one = talk("camtrap_gui", "--engine", name)
        assert "beat" in one.next()
        niceness.append(os.getpriority(os.PRIO_PROCESS, one.process.pid))
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert niceness == [min(own + LESS_NICE["short"], 19), min(own + NICENESS, 19)]
    assert 0 < LESS_NICE["short"] < NICENESS


def make_pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    Image.new("RGB", (8, 8), "olive").save(folder / "0.jpg")
    data = (folder / "0.jpg").read_bytes()
    for number in range(1, count):
        (folder / f"{number}.jpg").write_bytes(data)
    return folder


def test_that_a_step_runs_and_says_how_far_it_is_and_what_it_made(engine, tmp_path):
    engine.order(7, "dataset", tmp_path / "project", folder=str(make_pictures(tmp_path / "pictures", 30)))
    progress, end = engine.answer(7)
    assert [one["phase"] for one in progress][-1] == "Checking files"
    assert (progress[-1]["done"], progress[-1]["total"]) == (30, 30)
    assert end["done"]["images"] == 30 and "30" in end["text"]
    with Project.open(tmp_path / "project") as project:
        assert images.count(project) == 30
        assert history.last_done(project)["dataset"].options["folder"] == str(tmp_path / "pictures")


def test_that_a_problem_is_a_sentence(engine, tmp_path):
    engine.order(1, "crop", tmp_path / "nowhere")
    _, end = engine.answer(1)
    assert str(tmp_path / "nowhere") in end["problem"] and "Traceback" not in end["problem"]


def test_that_options_that_do_not_fit_are_a_problem(engine):
    engine.order(1, "predict", paths=3)
    _, end = engine.answer(1)
    assert end["problem"].startswith("The options cannot be used")


def test_that_a_step_it_does_not_know_fails_and_the_next_job_is_done(engine, tmp_path):
    engine.order(1, "fly")
    engine.order(2, "crop", tmp_path)
    assert "failed" in engine.answer(1)[1]
    assert "problem" in engine.answer(2)[1]


def test_that_it_beats_while_it_works_and_while_it_waits(odd):
    odd.order(1, "odd_steps", do="deaf", seconds=2.5)
    beats, message = 0, odd.next()
    while "beat" in message or "progress" in message:
        beats += "beat" in message
        message = odd.next()
    assert beats >= 2
    assert "beat" in odd.next()


def test_that_a_defect_is_reported_with_its_traceback(odd):
    odd.order(1, "odd_steps", do="defect")
    _, end = odd.answer(1)
    assert "ZeroDivisionError: a defect" in end["failed"] and "Traceback" in end["failed"]
    odd.order(2, "odd_steps", do="nothing")
    assert odd.answer(2)[1]["done"]["did"] == "nothing"


def test_that_a_cancelled_job_stops_at_its_next_report(odd):
    odd.order(1, "odd_steps", do="count", seconds=60)
    odd.until(lambda message: message["progress"]["done"] > 3)
    start = time.monotonic()
    odd.say(cancel=1)
    _, end = odd.answer(1)
    assert end == {"job": 1, "cancelled": True}
    assert time.monotonic() - start < 20


def test_that_a_job_cancelled_before_its_turn_never_starts(odd):
    odd.order(1, "odd_steps", do="deaf", seconds=0.5)
    odd.order(2, "odd_steps", do="count", seconds=60)
    odd.say(cancel=2)
    heard = odd.until(lambda message: message["job"] == 2)
    assert heard[-1] == {"job": 2, "cancelled": True}


def test_that_progress_is_thinned_and_nothing_made_is_lost(odd):
    odd.order(1, "odd_steps", do="count", seconds=1.5)
    progress, _ = odd.answer(1)
    made = [number for one in progress for number in one["made"]]
    assert made == list(range(1, len(made) + 1)) and len(made) > 100
    assert len(progress) <= 1.5 * 10 + 3


def test_that_what_libraries_print_never_reaches_the_protocol(odd):
    odd.order(1, "odd_steps", do="noise")
    progress, end = odd.answer(1)
    assert [one["phase"] for one in progress] == ["noise", "Noise"]
    assert end["text"] == "did noise"
    assert odd.end() == 0
    for words in (b'"done": {}', b"a native library speaks", b"and another", b"on stderr"):
        assert words in odd.noise


@pytest.mark.parametrize("doing", ["count", "deaf"])
def test_that_it_ends_when_the_window_is_gone_whatever_it_does(odd, doing):
    odd.order(1, "odd_steps", do=doing, seconds=60)
    odd.until(lambda message: "progress" in message)
    start = time.monotonic()
    assert odd.end() == 0
    assert time.monotonic() - start < 20


def test_that_it_leaves_the_processor_to_the_window(engine):
    engine.next()
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, engine.process.pid) == min(19, ours + 10)


def test_that_a_step_killed_in_the_middle_goes_on_in_a_new_engine(engine, talk, tmp_path):
    pictures, folder = make_pictures(tmp_path / "pictures", 4000), tmp_path / "project"
    engine.order(1, "dataset", folder, folder=str(pictures))
    heard = engine.until(lambda message: message.get("progress", {}).get("phase") == "Checking files")
    os.kill(engine.process.pid, signal.SIGKILL)
    engine.process.wait(30)
    assert "done" not in heard[-1]
    with Project.open(folder) as project:
        assert history.cut_off(project).keys() == {"dataset"}
    another = talk("camtrap_gui", "--engine")
    another.order(1, "dataset", folder, folder=str(pictures))
    progress, end = another.answer(1)
    checked = [one for one in progress if one["phase"] == "Checking files"]
    assert 0 < checked[-1]["total"] < 4000  # what was checked before is not checked again
    assert end["done"]["images"] == 4000
    with Project.open(folder) as project:
        assert images.count(project) == 4000 and not history.cut_off(project)
