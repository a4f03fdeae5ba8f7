"""What a run keeps of itself suffices to train the same again, and to go on with it in the same way."""

import json
import shlex

import numpy as np
import pytest

from camtrap_gui.jobs import Cancelled
from camtrap_gui.models.classifiers import batch_size, devices, finetuning
from camtrap_gui.models.training import machine
from camtrap_gui.project import crops, run_data, runs
from camtrap_gui.steps import train
from tests import tiny
from tests.steps.test_train import lines, options, quiet, weights_of

pytestmark = pytest.mark.usefixtures("tiny_models")


@pytest.fixture
def survey(project):
    tiny.add_crops(project, {("zebra", "train"): 20, ("gazelle", "train"): 14, ("zebra", "val"): 5})
    tiny.add_crops(project, {("gazelle", "val"): 5, ("gazelle", "test"): 3})
    return project


def test_that_a_run_lists_every_crop_it_learnt_from_or_was_chosen_by(survey):
    train.run(survey, options(epochs=2), quiet)
    told = list(run_data.read_crops(runs.newest(survey)))
    assert [row["part"] for row in told] == ["train"] * 34 + ["validation"] * 10
    by_file = {crop.file: (name, crop) for name in ("train", "val") for crop in crops.of_split(survey, name)}
    assert {row["file"] for row in told} == by_file.keys()
    names = crops.classes(survey)
    for row in told:
        split, crop = by_file[row["file"]]
        assert (row["species"], row["sha256"]) == (names[crop.species], crop.sha256)
        assert row["location"].startswith(split)


def test_that_the_kept_command_trains_the_same_again(survey):
    from camtrap_gui import cli

    first = train.run(survey, options(epochs=3, seed=5, by_confidence=True), quiet)
    run = runs.newest(survey)
    words = shlex.split((run.folder / run_data.COMMAND).read_text())
    assert words[:3] == ["camtrap", "train", "PROJECT"]
    assert words[3:] == ["--backbone", "tiny", "--epochs", "3", "--seed", "5", "--by-confidence", "--fresh"]
    assert cli.run(["train", str(survey.folder), *words[3:]]) == 0
    again = runs.newest(survey)
    assert again.id != first.run and again.options == run.options
    for one, two in zip(lines(run), lines(again), strict=True):
        assert one["val_loss"] == pytest.approx(two["val_loss"], abs=1e-6)
    assert run_data.CROPS in {path.name for path in again.folder.iterdir()}
    one, two = ((folder / run_data.CROPS).read_bytes() for folder in (run.folder, again.folder))
    assert one == two
    environment = json.loads((again.folder / "environment.json").read_text())
    assert environment["processor"] and environment["cores"] >= 1


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_that_a_run_goes_on_as_it_began_on_another_machine(survey, monkeypatch, precision):
    monkeypatch.setattr(devices, "has_bfloat16", lambda: True)
    monkeypatch.setattr(batch_size, "choose", lambda usual, computers: 8)
    monkeypatch.setattr(finetuning, "memory_parts", lambda model, size: 2)
    asked = {"preset": "standard", "epochs": 2, "precision": precision}
    undisturbed = train.run(survey, options(**asked), quiet)
    expected = weights_of(survey)

    def stop(progress) -> None:
        if progress.phase == finetuning.PHASE and progress.done > 40:  # in the second epoch
            raise Cancelled

    with pytest.raises(Cancelled):
        train.run(survey, options(fresh=True, **asked), stop)
    stopped = runs.all_of(survey)[0]
    decided = machine.read(stopped.folder)
    assert decided is not None and (decided.batch_size, decided.parts) == (8, 2)
    assert decided.precision == precision and decided.rate_factor == pytest.approx(0.5)

    monkeypatch.setattr(devices, "has_bfloat16", lambda: False)
    monkeypatch.setattr(batch_size, "choose", lambda usual, computers: 4)
    monkeypatch.setattr(finetuning, "memory_parts", lambda model, size: 1)
    result = train.run(survey, options(**asked), quiet)
    assert result.taken_up and result.run == stopped.id != undisturbed.run
    assert machine.read(stopped.folder) == decided
    for path, weight in weights_of(survey).items():
        np.testing.assert_allclose(weight, expected[path], atol=1e-3, err_msg=path)
    curves = [
        [line["val_loss"] for line in lines(runs.get(survey, one))] for one in (stopped.id, undisturbed.run)
    ]
    np.testing.assert_allclose(*curves, atol=1e-2 if precision == "bfloat16" else 1e-3)


def test_that_auto_is_bfloat16_only_where_it_pays(monkeypatch):
    from camtrap_gui.models.classifiers import backbones
    from camtrap_gui.problem import Problem

    depthwise, plain = backbones.get("mobilenet-v2"), tiny.TINY
    monkeypatch.setattr(devices, "has_bfloat16", lambda: True)
    assert [devices.precision("auto", one) for one in (plain, depthwise)] == ["bfloat16", "float32"]
    assert devices.precision("float32", plain) == "float32"
    assert devices.precision("bfloat16", depthwise) == "bfloat16"
    monkeypatch.setattr(devices, "has_bfloat16", lambda: False)
    assert devices.precision("auto", plain) == "float32"
    with pytest.raises(Problem, match="bfloat16"):
        devices.precision("bfloat16", plain)
