"""Reviewing a small survey of coloured discs, in process and from the command line that is killed."""

import json
import shutil
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui.geometry import crop_window
from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.models import reviewing
from camtrap_gui.models.classifiers import backbones, bundle, out_of_fold
from camtrap_gui.models.classifiers.features import Embedder
from camtrap_gui.pictures import read_upright
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections, problems, queues, runs, suggestions
from camtrap_gui.steps import crop, review, train
from camtrap_gui.steps.review import Options
from tests import tiny

ROOT = Path(__file__).parent.parent.parent
PICTURES = 48


def quiet(_: Progress) -> None:
    pass


@pytest.fixture(autouse=True)
def reviewed_quickly(tiny_models, monkeypatch) -> None:
    monkeypatch.setattr(backbones, "DEFAULT", "tiny")
    monkeypatch.setattr(out_of_fold, "FOLDS", 2)  # heads take their time


@pytest.fixture(scope="session")
def _made_once(tmp_path_factory) -> Path:
    """A survey of 48 pictures with 96 animals; crops of the 72 in labelled pictures, and a classifier."""
    folder = tmp_path_factory.mktemp("reviewed")
    with pytest.MonkeyPatch.context() as patch, Project.create(folder / "project") as project:
        tiny.provide(folder / "models", patch)
        tiny.add_survey(project, PICTURES)
        crop.run(project, crop.Options(), quiet)
        train.run(project, train.Options(backbone="tiny"), quiet)
    return folder


@pytest.fixture
def survey(_made_once, tmp_path):
    shutil.copytree(_made_once / "project", tmp_path / "project")
    with Project.open(tmp_path / "project") as project:
        yield project


@pytest.fixture
def untrained(survey):
    """The same without a classifier, and without what training has seen."""
    with survey.write() as db:
        db.execute("DELETE FROM runs")
    shutil.rmtree(survey.folder / "features")
    return survey


@pytest.fixture
def seen(monkeypatch) -> list[int]:
    """How many pictures the backbone was shown, call by call."""
    shown: list[int] = []
    original = Embedder.__call__

    def counting(self, images):
        shown.append(len(images))
        return original(self, images)

    monkeypatch.setattr(Embedder, "__call__", counting)
    return shown


def rows(project: Project) -> list[dict]:
    return [dict(row) for row in project.db.execute("SELECT * FROM suggestions ORDER BY detection_id")]


def test_that_every_animal_gets_a_suggestion_of_the_current_run_and_a_place(survey):
    result = review.run(survey, Options(), quiet)
    made = rows(survey)
    assert result.run == runs.current(survey).id and result.looked_at == result.animals == len(made) == 96
    assert {row["run_id"] for row in made} == {result.run}
    assert sorted(row["teaches"] for row in made) == list(range(96))
    assert len({row["alike"] for row in made}) == 96
    truth = {number: list(tiny.COLOURS)[(number * 7 // 5) % 3] for number in range(1, PICTURES + 1)}
    right = [
        one.species == truth[image_id]
        for image_id in truth
        for one in suggestions.of_image(survey, image_id).values()
    ]
    assert len(right) == 96 and np.mean(right) > 0.8
    one = next(iter(suggestions.of_image(survey, 1).values()))
    assert one.confidence == one.top[0][1] and one.margin == pytest.approx(one.top[0][1] - one.top[1][1])
    assert queues.counts(survey)["teaches"] == queues.counts(survey)["alike"] == PICTURES
    assert "Teaches most" in result.text() and f"run {result.run}" in result.text()


def test_that_pictures_without_a_label_teach_before_the_labelled_ones(survey):
    with survey.write() as db:
        db.execute("UPDATE images SET reviewed = '2024-01-01T00:00:00+00:00' WHERE id = 2")
    review.run(survey, Options(), quiet)
    order = survey.db.execute("SELECT image_id FROM suggestions WHERE teaches IS NOT NULL ORDER BY teaches")
    images = [image_id for (image_id,) in order]
    assert len(images) == 94 and 2 not in images
    assert set(images[:24]) == set(range(37, 49))


def test_that_only_new_animals_are_looked_at_again(survey, seen):
    review.run(survey, Options(), quiet)
    assert sum(seen) == 96 - 72 + sum_of_test_crops(survey)  # training has seen the others
    seen.clear()
    before = rows(survey)
    assert review.run(survey, Options(), quiet).looked_at == 0
    assert seen == [] and rows(survey) == before
    latest = detections.latest_detector(survey)
    with survey.write() as db:
        db.execute(
            "INSERT INTO detections (image_id, detector_id, category, confidence, x, y, width, height)"
            " VALUES (1, ?, 'animal', 0.8, 0.3, 0.3, 0.2, 0.2)",
            (latest.id,),
        )
        db.execute("UPDATE detections SET rejected = 1 WHERE id = 1")
    assert review.run(survey, Options(), quiet).looked_at == 1
    assert sum(seen) == 1
    assert {row["detection_id"] for row in rows(survey)} == {row["detection_id"] for row in before} - {1} | {
        survey.db.execute("SELECT max(id) FROM detections").fetchone()[0]
    }


def sum_of_test_crops(project: Project) -> int:
    return project.db.execute("SELECT count(*) FROM crops WHERE split = 'test'").fetchone()[0]


def test_that_another_classifier_speaks_from_the_same_features(survey, seen):
    first = review.run(survey, Options(), quiet)
    seen.clear()
    train.run(survey, train.Options(backbone="tiny", epochs=1, fresh=True), quiet)
    second = review.run(survey, Options(), quiet)
    assert second.run != first.run and second.looked_at == 96 and seen == []
    assert {row["run_id"] for row in rows(survey)} == {second.run}
    third = review.run(survey, Options(run=first.run), quiet)
    assert third.run == first.run and {row["run_id"] for row in rows(survey)} == {first.run}


def test_that_a_network_trained_as_a_whole_is_shown_the_animals(survey):
    train.run(survey, train.Options(backbone="tiny", preset="standard", epochs=2, fresh=True), quiet)
    run = runs.newest(survey)
    result = review.run(survey, Options(), quiet)
    assert result.run == run.id and result.looked_at == 96
    classifier = bundle.load(run.model)
    picture = read_upright(survey_folder(survey) / "0040.jpg")
    found = suggestions.of_image(survey, 40)
    boxes = survey.db.execute(
        "SELECT x, y, width, height FROM detections WHERE image_id = 40 AND category = 'animal'"
        " AND confidence > 0.5 ORDER BY id"
    )
    cut = [picture.crop(crop_window(tuple(box), picture.size, 1.69)) for box in boxes]
    for one, shares in zip(found.values(), classifier.predict(cut), strict=True):
        expected = dict(zip(classifier.classes, shares.tolist(), strict=True))
        assert dict(one.top) == pytest.approx(expected, abs=1e-5)


def test_that_without_a_classifier_all_is_put_in_order_by_likeness(untrained):
    result = review.run(untrained, Options(), quiet)
    assert result.run == "" and result.looked_at == 96 and "without a classifier" in result.text()
    made = rows(untrained)
    assert all(row["species_id"] is None and row["margin"] is None and row["top"] is None for row in made)
    assert sorted(row["teaches"] for row in made) == list(range(96))
    assert suggestions.of_image(untrained, 1) == {}
    assert queues.counts(untrained)["least-sure"] == 0 and queues.counts(untrained)["alike"] == PICTURES
    species = [tiny_species(row["image_id"]) for row in sorted(made, key=lambda row: row["alike"])]
    changes = sum(a != b for a, b in pairwise(species))
    shuffled = np.random.default_rng(0).permutation(species)
    assert changes < 0.5 * (shuffled[1:] != shuffled[:-1]).sum()


def tiny_species(image_id: int) -> int:
    return (image_id * 7 // 5) % 3


def test_that_wrong_labels_come_first_and_are_settled_when_corrected(survey, monkeypatch):
    monkeypatch.setattr(out_of_fold, "FOLDS", 5)
    with survey.write() as db:
        db.execute("UPDATE crops SET species_id = species_id % 3 + 1 WHERE image_id IN (3, 11, 20)")
    result = review.run(survey, Options(), quiet)
    assert result.checked == 72 and result.doubted >= 6
    ordered = survey.db.execute("SELECT image_id FROM doubts ORDER BY score DESC LIMIT 6").fetchall()
    assert len({image_id for (image_id,) in ordered} & {3, 11, 20}) >= 2
    doubt = suggestions.doubt_of(survey, 3)
    assert doubt is not None and doubt.species == list(tiny.COLOURS)[tiny_species(3)] != doubt.label
    assert doubt.given < doubt.confidence and doubt.score > 0
    with survey.write() as db:
        db.execute("UPDATE crops SET species_id = ? WHERE image_id = 3", (tiny_species(3) + 1,))
    assert suggestions.doubt_of(survey, 3) is None


def test_that_unreadable_pictures_are_named_and_the_rest_is_looked_at(untrained, tmp_path):
    shutil.copytree(survey_folder(untrained), tmp_path / "elsewhere")
    with untrained.write() as db:
        db.execute("UPDATE roots SET path = ?", (str(tmp_path / "elsewhere"),))
        db.execute("DELETE FROM crops")
    (tmp_path / "elsewhere" / "0005.jpg").write_bytes(b"")
    result = review.run(untrained, Options(), quiet)
    assert (result.looked_at, result.unusable, result.checked) == (94, 1, 0)
    assert [subject for subject, _ in problems.of_step(untrained, "review")] == ["0005.jpg"]


def survey_folder(project: Project) -> Path:
    return Path(project.db.execute("SELECT path FROM roots").fetchone()[0])


def test_that_features_that_were_deleted_are_made_again(survey, seen):
    review.run(survey, Options(), quiet)
    before = rows(survey)
    shutil.rmtree(survey.folder / "features")
    seen.clear()
    review.run(survey, Options(), quiet)
    assert sum(seen) >= 96
    assert close(rows(survey), before)


def close(some: list[dict], others: list[dict]) -> bool:
    return np.allclose([row["confidence"] for row in some], [row["confidence"] for row in others], atol=1e-3)


def test_that_a_cancelled_review_keeps_what_it_found_and_goes_on(untrained, seen):
    def stop(progress: Progress) -> None:
        if progress.phase == reviewing.LOOKING and progress.done >= 64:
            raise Cancelled

    with pytest.raises(Cancelled):
        review.run(untrained, Options(), stop)
    assert len(rows(untrained)) == 64
    result = review.run(untrained, Options(), quiet)
    assert result.looked_at == 32 and result.animals == 96
    assert sum(seen) == 96


def test_that_a_project_with_nothing_to_look_at_says_so(project):
    result = review.run(project, Options(), quiet)
    assert result.animals == result.checked == 0
    assert "camtrap detect" in result.text() and "camtrap crop" in result.text()
    with pytest.raises(Problem, match="no run"):
        review.run(project, Options(run="nothing"), quiet)


def test_that_a_killed_review_goes_on_and_ends_the_same(survey, tmp_path):
    shutil.copytree(survey.folder, tmp_path / "whole")
    with Project.open(tmp_path / "whole") as whole:
        review.run(whole, Options(), quiet)
        expected = rows(whole)
    command = [sys.executable, "-m", "tests.tiny", "--json", "review", str(survey.folder)]
    for phase in (reviewing.LOOKING, reviewing.ORDERING):
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            progress = json.loads(line).get("progress", {})
            if progress.get("phase") == phase and (progress["done"] or phase == reviewing.ORDERING):
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait() == -signal.SIGKILL
        assert 0 < len(rows(survey)) <= 96
    assert review.run(survey, Options(), quiet).looked_at == 0
    found = rows(survey)
    assert [row["detection_id"] for row in found] == [row["detection_id"] for row in expected]
    assert close(found, expected)
    assert sorted(row["teaches"] for row in found) == list(range(96))
