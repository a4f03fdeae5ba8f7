"""From a training to answers that nobody needs to look at."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from camtrap_gui import temperature
from camtrap_gui.models.classifiers import bundle
from camtrap_gui.models.training import everything
from camtrap_gui.problem import Problem
from camtrap_gui.project import acceptance, runs
from camtrap_gui.steps import evaluate, predict, train
from camtrap_gui.thresholds import Accepting, Answers
from tests import tiny

pytestmark = pytest.mark.usefixtures("tiny_models")


def quiet(_: object) -> None:
    pass


@pytest.fixture
def trained(project) -> runs.Run:
    """A run of zebras and gazelles, quickly told apart, with enough crops of zebras to accept them."""
    return train_on(project, locations=5)


def train_on(project, locations: int) -> runs.Run:
    """A quick run, so many cameras in each split."""
    seen = {("zebra", "train"): 20, ("gazelle", "train"): 20, ("zebra", "val"): 60, ("gazelle", "val"): 15}
    tiny.add_crops(project, seen, locations)
    tiny.add_crops(project, {("zebra", "test"): 9, ("gazelle", "test"): 6, ("rhino", "test"): 3})
    train.run(project, train.Options(backbone="tiny", epochs=25), quiet)
    return runs.newest(project)


def test_that_a_quick_training_ends_with_honest_confidence_and_thresholds(trained, project):
    classifier = bundle.load(trained.model)
    with np.load(trained.folder / "out_of_fold.npz") as kept:
        labels, logits = kept["labels"], kept["logits"]
    assert classifier.temperature == temperature.fit(logits, labels) != 1.0
    assert trained.figures["temperature"] == classifier.temperature

    shares = temperature.probabilities(logits, classifier.temperature).max(1)
    assert 0 < (shares < classifier.unknown_below).mean() <= 0.05

    known = acceptance.answers(trained)
    assert known is not None and len(known.said) == 115 and len(set(known.location.tolist())) == 10
    made = acceptance.thresholds(trained)
    assert made is not None and made.accepting == classifier.accepting
    assert set(made.accepting.least) == {"zebra"}  # 35 gazelles do not tell

    as_it_is = evaluate.run(project, evaluate.Options(), quiet)
    assert as_it_is.acceptance is not None and as_it_is.acceptance.precision_wanted == 0.95
    assert as_it_is.acceptance.species == ("zebra",) and 0 < as_it_is.acceptance.accepted <= 9
    assert "Accept zebra automatically" in as_it_is.text()
    assert "calibrated on 115 crops of 10 cameras, each asked of a layer that learnt" in as_it_is.text()
    assert "of 15 crops of species it has learnt, " in as_it_is.text()
    assert "of 3 of species it has not" in as_it_is.text()

    stricter = evaluate.run(project, evaluate.Options(precision=0.99), quiet)
    assert stricter.acceptance is not None and stricter.acceptance.accepted == 0
    assert "at least 268 crops of unseen cameras" in stricter.text()
    assert bundle.load(trained.model).accepting == Accepting(0.99, {})
    kept = json.loads((trained.folder / "evaluation" / "acceptance.json").read_text())
    assert kept["precision_wanted"] == 0.99 and kept["crops"] == 18

    (trained.folder / acceptance.ANSWERS).unlink()  # as in a run from before they were kept
    with pytest.raises(Problem, match="kept no answers"):
        evaluate.run(project, evaluate.Options(precision=0.9), quiet)


def test_that_a_quick_training_learns_from_the_crops_that_have_judged_it(trained, project):
    assert trained.learnt_from_validation and sum(trained.crops_learnt().values()) == 115
    said = evaluate.run(project, evaluate.Options(split="val"), quiet)
    assert "It has learnt from the val crops" in said.text()
    assert "has learnt from" not in evaluate.run(project, evaluate.Options(), quiet).text()


@pytest.mark.parametrize(("locations", "most"), [(2, everything.MOST), (5, 100)])
def test_that_with_few_cameras_or_many_crops_the_validation_crops_judge(
    project, monkeypatch, locations, most
):
    monkeypatch.setattr(everything, "MOST", most)
    trained = train_on(project, locations)
    assert not trained.learnt_from_validation and sum(trained.crops_learnt().values()) == 40
    with np.load(trained.folder / "validation.npz") as kept:
        labels, logits = kept["labels"], kept["logits"]
    assert bundle.load(trained.model).temperature == temperature.fit(logits, labels) != 1.0
    known = acceptance.answers(trained)
    assert known is not None and known.correct.mean() == trained.figures["accuracy"]
    said = evaluate.run(project, evaluate.Options(split="val"), quiet)
    assert f"75 validation crops of {locations} cameras, which have also chosen the best epoch" in said.text()
    assert "It has learnt" not in said.text()


def test_that_answers_without_a_look_are_marked(trained, project, tmp_path):
    bundle.revise(trained.model, accepting=Accepting(0.95, {"zebra": 0.0, "gazelle": 1.1}))
    pictures = sorted((project.folder / "crops").glob("*/*.jpg"))[::9]
    table, results = tmp_path / "said.csv", tmp_path / "said.json"
    options = predict.Options(trained.model, tuple(pictures), csv=table, json=results)
    result = predict.run(None, options, quiet)
    rows = list(csv.DictReader(table.open()))
    assert {(row["species_1"], row["accepted"]) for row in rows} == {("zebra", "yes"), ("gazelle", "no")}
    assert result.accepted == sum(row["accepted"] == "yes" for row in rows)
    assert "Sure enough to accept." in result.text() and "Not to be accepted without a look." in result.text()
    about = json.loads(results.read_text())["info"]["classifier_metadata"]
    assert about["accepted"] == {"precision": 0.95, "least": {"zebra": 0.0, "gazelle": 1.1}}

    bundle.revise(trained.model, accepting=None, unknown_below=1.0)
    result = predict.run(None, options, quiet)
    rows = list(csv.DictReader(table.open()))
    assert {row["accepted"] for row in rows} == {""} and {row["unknown"] for row in rows} == {"yes"}
    assert result.accepted is None and "Sure enough" not in result.text()
    assert result.unknown == len(rows) and "does not know" in result.text()

    bundle.revise(trained.model, unknown_below=0.0)
    result = predict.run(None, options, quiet)
    assert {row["unknown"] for row in csv.DictReader(table.open())} == {""} and result.unknown is None


def test_that_merged_species_are_accepted_from_the_higher_of_their_thresholds(project):
    tiny.add_crops(project, {("zebra", "val"): 1})
    data = {"classes": list(tiny.COLOURS), "data_hash": ""}
    trained = runs.start(project, "quick", "tiny", {}, data, {})
    answers = Answers(
        np.repeat([0, 1], 60), np.full(120, 0.9), np.ones(120, bool), np.tile(np.arange(12), 10)
    )
    sure = replace(answers, confidence=np.where(answers.said == 0, 0.9, 0.7))
    acceptance.keep_answers(trained, sure)
    acceptance.make_thresholds(trained, 0.95)
    assert acceptance.accepting_now(project, trained) == Accepting(0.95, {"zebra": 0.9, "gazelle": 0.7})
    with project.write() as db:
        db.execute("UPDATE species SET merged_into = 1 WHERE id = 2")
    assert acceptance.accepting_now(project, trained) == Accepting(0.95, {"zebra": 0.9})
    with project.write() as db:
        db.execute("UPDATE species SET merged_into = 1 WHERE id = 3")  # which had none
    assert acceptance.accepting_now(project, trained) == Accepting(0.95, {})
