"""The preset tutorial, on coloured discs with a tiny backbone: from crops to a bundle, stopped, killed and taken up."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui import pictures
from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.models.classifiers import bundle, tutorial
from camtrap_gui.models.classifiers.preprocessing import INCEPTION
from camtrap_gui.models.training.tutorial import CHECKING, Forecast, in_words
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, problems, runs
from camtrap_gui.steps import evaluate, train
from camtrap_gui.steps.train import Options
from tests import tiny

ROOT = Path(__file__).parent.parent.parent
LAYER, WHOLE = (stage.phase for stage in tutorial.stages(1, 1))
SHORT = 24  # steps of the first stage, instead of a thousand


@pytest.fixture(autouse=True)
def store(tiny_models, monkeypatch) -> Path:
    monkeypatch.setattr(tutorial, "FIRST_STEPS", SHORT)
    return tiny_models


@pytest.fixture
def survey(project) -> Project:
    numbers = {("zebra", "train"): 40, ("gazelle", "train"): 30, ("rhino", "train"): 10}
    rest = {(name, split): 6 for name in ("zebra", "gazelle", "rhino") for split in ("val", "test")}
    tiny.add_crops(project, {**numbers, **rest})
    return project


def options(**values: object) -> Options:
    asked = {"preset": "tutorial", "backbone": "tiny", "epochs": 3, "batch_size": 10, **values}
    return Options(**asked)  # type: ignore[arg-type]


def quiet(_: Progress) -> None:
    pass


def lines(run: runs.Run) -> list[dict]:
    return [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]


def test_that_the_tutorial_is_trained_kept_and_evaluated(survey):
    seen: list[Progress] = []
    result = train.run(survey, options(epochs=12), seen.append)
    run = runs.newest(survey)
    assert (run.state, run.preset, run.backbone) == ("done", "tutorial", "tiny")
    assert [line["epoch"] for line in lines(run) if line["phase"] == LAYER] == [1, 2, 3]
    assert [line["epoch"] for line in lines(run) if line["phase"] == WHOLE] == list(range(1, 13))
    assert result.macro_f1 == max(line["macro_f1"] for line in lines(run)) > 0.6
    assert list((run.folder / "checkpoints").iterdir()) == []

    classifier = bundle.load(run.model)
    assert classifier.preprocessing == INCEPTION and classifier.classes == crops.classes(survey)
    val = list(crops.of_split(survey, "val"))
    said = classifier.predict([pictures.read_upright(crops.path_of(survey, crop)) for crop in val])
    assert (said.argmax(1) == [crop.species for crop in val]).mean() == pytest.approx(result.accuracy)
    assert (said[:, 3] == 0).all(), "lions have no crops"
    assert evaluate.run(survey, evaluate.Options(), quiet)

    assert seen[0].phase == CHECKING
    assert {progress.phase for progress in seen} == {CHECKING, LAYER, WHOLE}
    notes = [progress.note for progress in seen if progress.phase == LAYER]
    assert any("s per step" in note and "with the next stage" in note for note in notes)


def test_that_stopping_in_either_stage_and_going_on_changes_nothing(survey):
    whole = train.run(survey, options(), quiet)

    def stop_in(phase: str, done: int):
        def report(progress: Progress) -> None:
            if progress.phase == phase and progress.done > done:
                raise Cancelled

        return report

    for phase, done in ((LAYER, 30), (LAYER, 175), (WHOLE, 100)):
        with pytest.raises(Cancelled):
            train.run(survey, options(seed=0, epochs=3), stop_in(phase, done))
    taken_up = train.run(survey, options(), quiet)
    one, two = (runs.get(survey, result.run) for result in (whole, taken_up))
    assert taken_up.taken_up and one.id != two.id
    for line, again in zip(lines(one), lines(two), strict=True):
        assert (line["phase"], line["epoch"]) == (again["phase"], again["epoch"])
        assert again["val_loss"] == pytest.approx(line["val_loss"], abs=1e-3)
        assert again["loss"] == pytest.approx(line["loss"], abs=1e-3)


def test_that_crops_that_cannot_be_used_are_left_out_and_told(survey):
    broken = next(iter(crops.of_split(survey, "train")))
    crops.path_of(survey, broken).write_bytes(b"no picture")
    gone = next(iter(crops.of_split(survey, "val")))
    crops.path_of(survey, gone).unlink()
    result = train.run(survey, options(epochs=1), quiet)
    assert (result.train_crops, result.validation_crops, result.unusable) == (79, 17, 2)
    assert len(list(problems.of_step(survey, "train"))) == 2


def test_that_the_backbone_is_the_tutorials_own_where_none_is_named(survey, monkeypatch):
    asked: list[str] = []

    def fetch(name: str, report: object) -> None:
        asked.append(name)
        raise Problem("stop here")

    monkeypatch.setattr("camtrap_gui.models.store.fetch", fetch)
    for preset, backbone in (("tutorial", "inception-v4"), ("quick", "efficientnet-lite0")):
        with pytest.raises(Problem, match=f"stop here\n.*camtrap models add FILE --backbone {backbone}"):
            train.run(survey, Options(preset=preset), quiet)
    assert asked == ["inception-v4", "efficientnet-lite0"]


def test_that_options_of_other_recipes_are_refused(survey):
    with pytest.raises(Problem, match="label smoothing"):
        train.run(survey, options(label_smoothing=0.1), quiet)
    with pytest.raises(Problem, match="--as-original"):
        train.run(survey, options(preset="quick", as_original=True), quiet)
    assert runs.all_of(survey) == []


def test_that_too_little_memory_is_told_with_what_suffices(survey, monkeypatch):
    monkeypatch.setattr("camtrap_gui.models.memory.free", lambda: 10_000_000)
    with pytest.raises(Problem, match=r"from 512 crops .* --batch-size (\d+)\.") as told:
        train.run(survey, options(batch_size=512), quiet)
    suffices = int(str(told.value).split("--batch-size ")[1].split(".")[0])
    assert 1 < suffices < 512
    assert train.run(survey, options(batch_size=suffices, epochs=1), quiet).macro_f1 >= 0


def test_that_the_forecast_is_the_time_of_the_steps_times_what_is_left(monkeypatch):
    now = iter(range(0, 1000, 2))
    monkeypatch.setattr("camtrap_gui.models.training.tutorial.time.monotonic", lambda: next(now))
    forecast = Forecast(3600, 0)
    words = [forecast.after(done) for done in range(1, 12)]
    assert words[:7] == [""] * 7 and words[-1] == "2 s per step, about 120 min left"
    forecast = Forecast(100, 36_000)
    assert [forecast.after(n) for n in range(9)][-1] == "2 s per step, about 3 days left with the next stage"
    assert [in_words(s) for s in (40, 150, 50_000, 500_000)] == [
        "about 40 s",
        "about 2 min",
        "about 14 h",
        "about 6 days",
    ]


def test_that_a_killed_training_goes_on_where_it_was(survey, store):
    survey.close()
    script = (
        "import sys; from tests import tiny; from camtrap_gui import cli; tiny.register()\n"
        "from camtrap_gui.models.classifiers import tutorial\n"
        f"tutorial.FIRST_STEPS = {SHORT}\n"
        "raise SystemExit(cli.run(sys.argv[1:]))"
    )
    asked = ["--preset", "tutorial", "--backbone", "tiny", "--epochs", "4", "--batch-size", "10"]
    command = [sys.executable, "-c", script, "train", str(survey.folder), *asked]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    metrics, deadline = None, time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        metrics = next((survey.folder / "runs").glob("*/metrics.jsonl"), None)
        if metrics and WHOLE in metrics.read_text():
            break
        time.sleep(0.01)
    assert process.poll() is None, "it should have been killed while it worked"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with Project.open(survey.folder) as project:
        result = train.run(project, options(epochs=4), quiet)
        assert result.taken_up and len(runs.all_of(project)) == 1
        run = runs.get(project, result.run)
        assert [line["epoch"] for line in lines(run)] == [1, 2, 3, 1, 2, 3, 4]
        straight = train.run(project, options(epochs=4), quiet)
        for line, again in zip(lines(runs.get(project, straight.run)), lines(run), strict=True):
            assert again["val_loss"] == pytest.approx(line["val_loss"], abs=1e-3)
        assert np.isclose(result.macro_f1, straight.macro_f1)
