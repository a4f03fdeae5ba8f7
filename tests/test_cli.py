"""The command line: flags from options, exit statuses, progress for people and for programs, quick help."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated

import pytest

from camtrap_gui import cli
from camtrap_gui.cli import COMMANDS
from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.steps import Step


@dataclass(frozen=True)
class Options:
    where: Annotated[str, Option("Somewhere.", positional=True)]
    count: Annotated[int, Option("How many.", low=1, high=9)] = 2
    names: Annotated[tuple[str, ...], Option("Names.")] = ()
    mode: Annotated[str, Option("Mode.", choices=("quick", "standard"))] = "quick"
    loud: Annotated[bool, Option("Louder.")] = False


@dataclass(frozen=True)
class Result:
    options: Options

    def text(self) -> str:
        return f"done {self.options}"


@pytest.fixture
def behaviour(monkeypatch):
    """Puts one small step in place of the real ones; set ``behaviour.run`` to what it shall do."""
    module = SimpleNamespace(Options=Options, run=lambda project, options, report: Result(options))

    class Fake(Step):
        def module(self):
            return module

    monkeypatch.setattr(cli, "COMMANDS", (Fake("fake", "Fake", "Does nothing.", "none"),))
    return module


def test_that_flags_become_options(behaviour, capsys):
    assert cli.run(["fake", "here", "--count", "3", "--names", "a", "b", "--mode", "standard", "--loud"]) == 0
    assert (
        "Options(where='here', count=3, names=('a', 'b'), mode='standard', loud=True)"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["fake"],
        ["fake", "x", "--count", "0"],
        ["fake", "x", "--mode", "slow"],
        ["fake", "x", "--bogus"],
        ["nope"],
    ],
)
def test_that_wrong_flags_exit_with_2_and_a_sentence(behaviour, capsys, arguments):
    assert cli.run(arguments) == 2
    error = capsys.readouterr().err
    assert "--help" in error and "Traceback" not in error


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (Problem("No pictures here."), 2),
        (Cancelled(), 130),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError(), 1),
    ],
)
def test_that_the_exit_status_tells_how_it_ended(behaviour, capsys, raised, status):
    def run(project, options, report):
        raise raised

    behaviour.run = run
    assert cli.run(["fake", "x"]) == status


def test_that_programs_get_one_json_object_per_line(behaviour, capsys):
    def run(project, options, report):
        for done in range(1, 101):
            report(Progress(done, 100, "n", "Counting", {"animals": done}))
        return Result(options)

    behaviour.run = run
    assert cli.run(["--json", "fake", "x"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["result"]["options"]["where"] == "x"
    assert lines[-2]["progress"]["done"] == 100
    assert len(lines) < 20

    behaviour.run = lambda project, options, report: (_ for _ in ()).throw(Problem("No pictures here."))
    assert cli.run(["--json", "fake", "x"]) == 2
    assert json.loads(capsys.readouterr().out) == {"problem": "No pictures here."}


@pytest.mark.parametrize("command", ["", *(step.name for step in COMMANDS)])
def test_that_help_needs_neither_tensorflow_nor_qt(command):
    code = (
        "import sys\n"
        "from camtrap_gui.cli import run\n"
        f"status = run({[command, '--help'] if command else ['--help']!r})\n"
        "heavy = {'tensorflow', 'keras', 'PySide6', 'openvino', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(status or (3 if heavy else 0))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Usage: camtrap" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
def test_that_ctrl_c_stops_cleanly_with_130(tmp_path):
    code = (
        "import sys, time\n"
        "from types import SimpleNamespace\n"
        "from camtrap_gui import cli, steps\n"
        "from camtrap_gui.jobs import Progress\n"
        "import dataclasses\n"
        "Options = dataclasses.make_dataclass('Options', [], frozen=True)\n"
        "def run(project, options, report):\n"
        "    for n in range(10**6):\n"
        "        time.sleep(0.01); report(Progress(n))\n"
        "class Fake(steps.Step):\n"
        "    def module(self): return SimpleNamespace(Options=Options, run=run)\n"
        "cli.COMMANDS = (Fake('fake', '', '', 'none'),)\n"
        "sys.exit(cli.run(['fake']))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    process.stderr.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Stopped" in error and "Traceback" not in error


def test_that_the_help_shows_defaults_as_they_are_typed_and_how_to_say_no(capsys):
    assert cli.run(["export", "--help"]) == 0
    assert "default: bundle frozen-graph" in capsys.readouterr().out
    assert cli.run(["crop", "--help"]) == 0
    assert "--keep-split --no-keep-split" in capsys.readouterr().out
    assert cli.run(["labels", "accept", "--help"]) == 0
    assert "default" not in capsys.readouterr().out
