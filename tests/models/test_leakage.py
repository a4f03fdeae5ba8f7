"""Species that a classifier can only tell by the place: a random split is fooled by that, one by camera is not."""

import dataclasses

import numpy as np
import pytest

from camtrap_gui.jobs import Cancelled
from camtrap_gui.models import leakage
from camtrap_gui.models.classifiers import features
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, problems, runs, training_data
from tests import tiny

PLACES = 2  # of each species in each split


@pytest.fixture(autouse=True)
def few_epochs(tiny_models, monkeypatch):
    head = dataclasses.replace(leakage._RECIPE.head, epochs=30)
    monkeypatch.setattr(leakage, "_RECIPE", dataclasses.replace(leakage._RECIPE, head=head))


@pytest.fixture
def survey(project) -> Project:
    """Each species has its own cameras in each split; what the backbone sees is the camera alone."""
    tiny.add_crops(
        project,
        {
            (name, split): number
            for name in ("zebra", "gazelle", "rhino")
            for split, number in (("train", 40), ("val", 10), ("test", 20))
        },
        PLACES,
    )
    with project.write() as db:
        db.execute("UPDATE crops SET location = location || ' ' || species_id")
    every = ids(project)
    _, places = np.unique(training_data.locations(project, every), return_inverse=True)
    random = np.random.default_rng(1)  # new cameras happen to look like those of other species
    looks = random.normal(0, 3, (places.max() + 1, tiny.TINY.features))[places]
    kept = features.store_of(project.folder, tiny.TINY)
    kept.add(training_data.sha256s(project, every), looks + random.normal(0, 0.3, looks.shape))
    return project


def ids(project: Project) -> list[int]:
    return [number for (number,) in project.db.execute("SELECT id FROM crops ORDER BY id")]


@pytest.fixture
def run(survey) -> runs.Run:
    data = {"classes": crops.classes(survey), "data_hash": crops.data_hash(survey)}
    return runs.start(survey, "quick", "tiny", {}, data, {})


def test_that_a_random_split_claims_what_new_cameras_do_not_hold(survey, run, quiet):
    found = leakage.measure(survey, run, 0, "evaluate", quiet)
    assert (found.train, found.validation, found.test, found.of) == (120, 30, 60, 210)
    assert found.cameras.count == found.at_random.count == 60
    assert found.at_random.accuracy > 0.85
    assert found.cameras.accuracy < 0.7
    assert found.difference == found.at_random.accuracy - found.cameras.accuracy
    assert found.sentence().startswith("A random split would have claimed ")
    assert "at new cameras it is" in found.sentence()
    assert found.cameras.locations == 6 < found.at_random.locations


def test_that_the_same_question_has_the_same_answer_and_other_data_another(survey, run, quiet):
    found = leakage.measure(survey, run, 0, "evaluate", quiet)
    assert found.made_from == leakage.made_from(survey, run, 0)
    again = leakage.measure(survey, run, 0, "evaluate", quiet)
    assert again.cameras.accuracy == pytest.approx(found.cameras.accuracy, abs=0.02)
    assert leakage.made_from(survey, run, 1) != found.made_from
    with survey.write() as db:
        db.execute("UPDATE crops SET species_id = 2 WHERE id = 1")
    assert leakage.made_from(survey, run, 0) != found.made_from


def test_that_of_many_crops_as_many_of_each_part_are_drawn_as_it_has_a_share(survey, run, quiet, monkeypatch):
    monkeypatch.setattr(leakage, "MOST", 105)
    found = leakage.measure(survey, run, 0, "evaluate", quiet)
    assert found.train + found.validation + found.test == 105
    assert found.train == pytest.approx(60, abs=12) and found.test == pytest.approx(30, abs=10)
    assert "drawn from 210" in found.about()


def test_that_crops_that_cannot_be_read_are_left_out_and_named(project, quiet):
    counts = {
        (name, split): 6 for name in ("zebra", "gazelle", "rhino") for split in ("train", "val", "test")
    }
    tiny.add_crops(project, counts)
    data = {"classes": crops.classes(project), "data_hash": crops.data_hash(project)}
    run = runs.start(project, "quick", "tiny", {}, data, {})
    (project.folder / "crops" / "zebra" / "00001.jpg").write_bytes(b"no picture")
    found = leakage.measure(project, run, 0, "evaluate", quiet)
    assert (found.train, found.validation, found.test) == (17, 18, 18)
    assert [subject for subject, _ in problems.of_step(project, "evaluate")] == ["zebra/00001.jpg"]


def test_that_stopping_keeps_what_was_seen(project, quiet):
    counts = {
        (name, split): 12 for name in ("zebra", "gazelle", "rhino") for split in ("train", "val", "test")
    }
    tiny.add_crops(project, counts)
    data = {"classes": crops.classes(project), "data_hash": crops.data_hash(project)}
    run = runs.start(project, "quick", "tiny", {}, data, {})

    def stop(progress):
        if progress.phase == leakage.EMBEDDING and progress.done >= 64:
            raise Cancelled

    with pytest.raises(Cancelled):
        leakage.measure(project, run, 0, "evaluate", stop)
    kept = features.store_of(project.folder, tiny.TINY)
    assert (kept.rows(training_data.sha256s(project, ids(project))) >= 0).sum() == 64


def test_that_a_project_without_test_crops_is_told_so(survey, run, quiet):
    with survey.write() as db:
        db.execute("UPDATE crops SET split = 'train' WHERE split = 'test'")
    with pytest.raises(Problem, match="test split has no crops"):
        leakage.measure(survey, run, 0, "evaluate", quiet)
