"""Training on two computers: here two processes that are connected as two computers are.

``python tests/steps/test_train_together.py ARGUMENTS`` is the command line of the program with a tiny backbone, without
dropout (which drops other crops on every device). Where ``DIE_IN_EPOCH`` is set, the process kills itself in that epoch.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from camtrap_gui import cli  # noqa: E402
from camtrap_gui.jobs import Progress  # noqa: E402
from camtrap_gui.models.classifiers import backbones, recipes  # noqa: E402
from camtrap_gui.models.training import together  # noqa: E402
from camtrap_gui.models.training.together import Helped  # noqa: E402
from camtrap_gui.models.training.watch import Watch  # noqa: E402
from camtrap_gui.problem import Problem  # noqa: E402
from camtrap_gui.project import Project, runs  # noqa: E402
from camtrap_gui.steps import named, start, train  # noqa: E402
from tests import tiny  # noqa: E402

EPOCHS, BATCH = 3, 10
OPTIONS = train.Options(
    preset="standard", backbone="tiny", batch_size=BATCH, epochs=EPOCHS, precision="float32"
)
DIE = "DIE_IN_EPOCH"
LONGEST_S = 240  # on a machine that does much else
pytestmark = pytest.mark.usefixtures("tiny_models")


def as_tested(setting: Callable[[object, str, object], None]) -> None:
    """No dropout, and few epochs of the last layer."""
    setting(backbones, "network", partial(backbones.network, dropout=0.0))
    recipe = recipes.PRESETS["standard"]
    shorter = replace(recipe, head=replace(recipe.head, epochs=3))
    setting(recipes, "PRESETS", {**recipes.PRESETS, "standard": shorter})


@pytest.fixture
def survey(project) -> Project:
    numbers = {("zebra", "train"): 30, ("gazelle", "train"): 20, ("rhino", "train"): 11}
    rest = {(name, split): 5 for name in ("zebra", "gazelle", "rhino") for split in ("val", "test")}
    tiny.add_crops(project, {**numbers, **rest})
    return project


def quiet(_: Progress) -> None:
    pass


def config(number: int, addresses: list[str]) -> str:
    return json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}})


def free_addresses() -> list[str]:
    with ExitStack() as open_together:
        sockets = [open_together.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]


def train_together(folder: Path, die_in: int = 0) -> list[tuple[int, str]]:
    """Exit status and output of both; the second dies in the middle of an epoch."""
    addresses = free_addresses()
    asked = ["--preset", "standard", "--backbone", "tiny", "--precision", "float32"]
    counts = ["--batch-size", str(BATCH), "--epochs", str(EPOCHS)]
    processes = []
    for number in range(2):
        environment = {
            **os.environ,
            "TF_CONFIG": config(number, addresses),
            DIE: str(die_in if number else 0),
        }
        environment |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "2"}
        command = [sys.executable, __file__, "train", str(folder), *asked, *counts]
        processes.append(
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    try:
        said = [process.communicate(timeout=LONGEST_S)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


def weights_of(run: runs.Run) -> dict[str, np.ndarray]:
    (file,) = run.model.glob("*.npz")
    with np.load(file) as arrays:
        return dict(arrays)


def test_that_two_computers_one_of_them_killed_learn_what_one_does(survey, monkeypatch, tmp_path):
    """The weights agree to 2e-4, when they are about 0.3; what remains is the order in which floats are added."""
    other = tmp_path / "other"
    shutil.copytree(survey.folder, other)
    as_tested(monkeypatch.setattr)
    alone = train.run(survey, OPTIONS, quiet)

    (status, text), (killed, _) = train_together(other, die_in=2)
    assert killed == -signal.SIGKILL
    assert status == cli.EXIT_MEND, text
    assert "Computer 2 of 2" in text and "Start the same command on all computers again" in text
    with Project.open(other) as project:
        (run,) = runs.all_of(project)
        assert run.state != "done" and (run.folder / "checkpoints" / "last.npz").is_file()

    leading, helping = train_together(other)
    assert leading[0] == 0 and "taken up again" in leading[1], leading[1]
    assert helping[0] == 0 and f"its share of run {run.id}" in helping[1], helping[1]
    with Project.open(other) as project:
        (again,) = runs.all_of(project)
        assert again.state == "done"
        theirs, ours = weights_of(again), weights_of(runs.get(survey, alone.run))
        assert again.figures["loss"] == pytest.approx(runs.get(survey, alone.run).figures["loss"], rel=1e-3)
        epochs = [json.loads(line) for line in (again.folder / "metrics.jsonl").read_text().splitlines()]
        tuned = [each["epoch"] for each in epochs if each["phase"] == "Fine-tuning"]
        assert tuned == list(range(1, EPOCHS + 1))
    assert theirs.keys() == ours.keys()
    for path, weight in ours.items():
        np.testing.assert_allclose(theirs[path], weight, atol=2e-4, err_msg=path)


def test_that_quick_needs_one_computer(survey, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config(1, ["first:1", "second:1"]))
    said = start(named("train"), survey.folder, train.Options(), quiet)
    assert isinstance(said, Helped) and "needs one computer only" in said.text()
    assert not runs.all_of(survey)


def test_that_a_bad_environment_is_told_before_anything_is_done(survey, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config(7, ["first:1", "second:1"]))
    with pytest.raises(Problem, match="task index 7"):
        start(named("train"), survey.folder, OPTIONS, quiet)


def test_that_other_crops_or_options_are_other_facts(survey):
    options = {"batch_size": 32}
    before = together.facts(survey, options)
    assert before == together.facts(survey, options)
    assert before != together.facts(survey, {"batch_size": 16})
    with survey.write() as db:
        db.execute("UPDATE crops SET species_id = 2 WHERE id = 1")
    assert before != together.facts(survey, options)


def test_that_a_computer_that_does_not_see_the_crops_says_so(survey):
    shutil.rmtree(survey.folder / "crops")
    with pytest.raises(Problem, match="must see the project's folder"):
        together.facts(survey, {})


if __name__ == "__main__":
    tiny.register()
    as_tested(setattr)
    die_in, say = int(os.environ.get(DIE, "0")), Watch.say

    def say_and_die(self, state):
        if state.epoch == die_in and state.step == 2 and self._phase == "Fine-tuning":
            os.kill(os.getpid(), signal.SIGKILL)
        say(self, state)

    Watch.say = say_and_die
    raise SystemExit(cli.run(sys.argv[1:]))
