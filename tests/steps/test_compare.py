"""Correcting labels, training a candidate on them and comparing it: with a tiny backbone on coloured discs."""

import numpy as np
import pytest

from camtrap_gui import pictures
from camtrap_gui.cli import run as camtrap
from camtrap_gui.models.classifiers import bundle
from camtrap_gui.models.training import everything
from camtrap_gui.problem import Problem
from camtrap_gui.project import (
    Project,
    comparisons,
    corrections,
    crops,
    decisions,
    edits,
    predictions,
    runs,
    species,
    training_data,
)
from camtrap_gui.project.decisions import Said
from camtrap_gui.steps import compare, evaluate, named, run_step, train
from tests import tiny

CAMERAS = 8
MISLABELLED = range(1, 41)  # the zebras in train, whose images are the first


@pytest.fixture(autouse=True)
def learns_from_train_only(tiny_models, monkeypatch):
    monkeypatch.setattr(everything, "MOST", 0)  # the validation crops have the right labels


@pytest.fixture
def survey(project) -> Project:
    """Three species at eight cameras of each split; all training zebras are labelled as gazelles."""
    amounts = {("zebra", "train"): 40, ("gazelle", "train"): 30, ("rhino", "train"): 10}
    rest = {(name, split): 16 for name in ("zebra", "gazelle", "rhino") for split in ("val", "test")}
    tiny.add_crops(project, {**amounts, **rest}, locations=CAMERAS)
    with project.write() as db:
        db.execute("INSERT INTO labels (image_id, species_id) SELECT image_id, species_id FROM crops")
        for image_id in MISLABELLED:
            db.execute("UPDATE crops SET species_id = 2 WHERE image_id = ?", (image_id,))
            db.execute("UPDATE labels SET species_id = 2 WHERE image_id = ?", (image_id,))
    return project


def trained(project, **options) -> runs.Run:
    return runs.get(
        project, train.run(project, train.Options(backbone="tiny", **options), lambda _: None).run
    )


def correct(project) -> None:
    decisions.label(project, list(MISLABELLED), [Said("zebra")])


def compared(project, **options) -> compare.Result:
    return compare.run(project, compare.Options(**options), lambda _: None)


def test_that_corrections_change_what_the_candidate_learns_and_it_waits_to_be_promoted(survey):
    first = trained(survey)
    assert corrections.corrections(survey, first) == 0
    correct(survey)
    assert corrections.corrections(survey, first) == len(MISLABELLED)
    candidate = trained(survey, candidate=True)
    assert first.data["counts"]["train"] == {"zebra": 0, "gazelle": 70, "rhino": 10, "lion": 0}
    assert candidate.data["counts"]["train"] == {"zebra": 40, "gazelle": 30, "rhino": 10, "lion": 0}
    labels = dict(zip(*map(list, _pairs(training_data.choose(survey, 0).train)), strict=True))
    assert {labels[image_id] for image_id in MISLABELLED} == {0}
    with Project.open(survey.folder) as again:
        assert runs.current(again).id == first.id
        assert runs.newest(again).id == candidate.id
        assert corrections.corrections(again, runs.current(again)) == len(MISLABELLED)
    assert first.data["locations"] == candidate.data["locations"]


def _pairs(selection):
    return selection.ids.tolist(), selection.labels.tolist()


def test_that_what_was_undone_is_no_correction(survey):
    first = trained(survey)
    counted = corrections.Corrections(survey)
    correct(survey)
    decisions.label(survey, [45], [Said("rhino")])
    decisions.flag(survey, [39], True)
    assert len(counted.since(first)) == len(MISLABELLED) + 1
    edits.undo(survey)
    edits.undo(survey)
    assert len(counted.since(first)) == len(MISLABELLED)
    edits.undo(survey)
    assert counted.since(first) == frozenset()
    decisions.label(survey, [46, 47], [Said("rhino")])  # takes the number of an edit undone
    assert counted.since(first) == {46, 47}


def test_that_a_candidate_is_compared_on_cameras_that_neither_has_seen(survey):
    current = trained(survey)
    correct(survey)
    candidate = trained(survey, candidate=True)
    result = compared(survey)
    assert (result.current, result.candidate, result.in_use) == (current.id, candidate.id, current.id)
    assert result.figures.locations == CAMERAS and result.figures.crops == 48
    for run, side in ((current, "current"), (candidate, "candidate")):
        alone = evaluate.run(survey, evaluate.Options(run.id), lambda _: None).figures
        assert getattr(result.figures.accuracy, side).value == pytest.approx(alone.accuracy)
        assert getattr(result.figures.macro_f1, side).value == pytest.approx(alone.macro_f1)
    better = result.figures.accuracy.difference.value
    assert better == pytest.approx((result.mended - result.broken) / 48) and better > 0
    assert len(result.changed) == result.mended + result.broken + result.other
    assert f"camtrap compare PROJECT {candidate.id} --promote" in result.text()


def test_that_the_current_model_stays_until_the_candidate_is_promoted(survey, capsys):
    current = trained(survey)
    correct(survey)
    candidate = trained(survey, candidate=True)
    assert camtrap(["compare", str(survey.folder)]) == 0
    assert "current model stays" in capsys.readouterr().out
    assert runs.current(survey).id == current.id
    waiting = comparisons.undecided(survey)
    assert waiting is not None and waiting["candidate"] == candidate.id
    assert camtrap(["compare", str(survey.folder), candidate.id, "--promote"]) == 0
    with Project.open(survey.folder) as again:
        assert runs.current(again).id == candidate.id
        assert comparisons.undecided(again) is None
    assert evaluate.run(survey, evaluate.Options(), lambda _: None).run == candidate.id
    assert camtrap(["compare", str(survey.folder), current.id, "--promote"]) == 0
    assert runs.current(survey).id == current.id


def test_that_keeping_the_current_model_settles_the_comparison(survey):
    current = trained(survey)
    correct(survey)
    trained(survey, candidate=True)
    run_step(named("compare"), survey, compare.Options(), lambda _: None)
    assert comparisons.undecided(survey) is not None
    runs.promote(survey, current.id)
    assert comparisons.undecided(survey) is None


def test_that_a_comparison_refuses_cameras_that_a_model_has_learnt_from(survey):
    trained(survey)
    with survey.write() as db:
        db.execute("UPDATE crops SET split = 'test' WHERE location = 'val-3'")
        db.execute("UPDATE crops SET split = 'train' WHERE location = 'test-2'")
    trained(survey, candidate=True)
    with pytest.raises(Problem, match=r"learnt from 1 of the cameras .*val-3"):
        compared(survey)


def test_that_a_comparison_needs_two_models(survey):
    with pytest.raises(Problem, match="camtrap train"):
        compared(survey)
    only = trained(survey)
    with pytest.raises(Problem, match="only model"):
        compared(survey)
    other = trained(survey, seed=1)
    assert compared(survey).candidate == other.id  # nobody has chosen, so the newer one is the candidate
    with pytest.raises(Problem, match="current model itself"):
        compared(survey, candidate=only.id, current=only.id)


def test_that_what_was_said_stays_valid_when_labels_are_corrected(survey, monkeypatch):
    run = trained(survey)
    before = evaluate.run(survey, evaluate.Options(), lambda _: None)
    image_id = next(crops.of_split(survey, "test")).image_id
    decisions.label(survey, [image_id], [Said("rhino")])
    for name in ("load", "head_of"):
        monkeypatch.setattr(bundle, name, None)  # nobody is asked again
    after = evaluate.run(survey, evaluate.Options(run.id), lambda _: None)
    assert after.figures.crops == before.figures.crops
    counts = {one.name: one.crops for one in after.figures.classes}
    assert counts == {"zebra": 15, "gazelle": 16, "rhino": 17, "lion": 0}


def test_that_predictions_of_a_merged_species_count_for_what_it_was_merged_into(survey):
    current = trained(survey)
    asked = evaluate.run(survey, evaluate.Options(), lambda _: None).figures
    species.merge(survey, "gazelle", "zebra")
    candidate = trained(survey, candidate=True)
    result = compared(survey)
    assert [pair.name for pair in result.figures.recalls] == ["zebra", "rhino"]
    said = {name for row in predictions.judged(survey, current.id, "test") for name, _ in row.top}
    assert said == {"zebra", "rhino"}
    rhino = next(one for one in asked.classes if one.name == "rhino")
    assert result.figures.recalls[0].current.value > 0.9 and rhino.recall is not None
    assert result.figures.recalls[1].current.value <= rhino.recall  # zebra and gazelle are likelier together
    assert candidate.classes == ("zebra", "rhino", "lion")
    edits.undo(survey)
    again = evaluate.run(survey, evaluate.Options(current.id), lambda _: None).figures
    assert again == asked


def test_that_a_species_younger_than_the_current_model_is_told(survey):
    trained(survey)
    decisions.label(survey, [crop.image_id for crop in crops.of_split(survey, "test")][:3], [Said("okapi")])
    trained(survey, candidate=True)
    result = compared(survey)
    assert "okapi" in result.notes[0] and "misses every one" in result.notes[0]


def test_that_asking_from_stored_features_says_what_the_network_says(survey):
    run = trained(survey)
    assert bundle.head_of(run.model) is not None
    evaluate.run(survey, evaluate.Options(), lambda _: None)
    classifier = bundle.load(run.model)
    test = list(crops.of_split(survey, "test"))
    scores = classifier.predict([pictures.read_upright(crops.path_of(survey, crop)) for crop in test])
    for row, crop in zip(scores, test, strict=True):
        told = dict(predictions.of_crop(survey, run.id, crop.id))
        assert told == pytest.approx(
            {name: row[place] for place, name in enumerate(run.classes) if row[place] > 0}, abs=2e-3
        )


def test_that_a_network_trained_as_a_whole_is_asked_as_a_whole(survey):
    current = trained(survey)
    fine = trained(survey, preset="standard", epochs=1, candidate=True)
    model = bundle.load(fine.model)
    scale = model.model.get_layer("stem")
    scale.kernel.assign(scale.kernel * 1.1)  # whichever epoch was the best, it is another network now
    bundle.save(fine.model, model)
    assert bundle.head_of(fine.model) is None
    result = compared(survey)
    assert (result.current, result.candidate) == (current.id, fine.id)
    assert "preset standard" in " ".join(result.notes)
    scores = model.predict(
        [pictures.read_upright(crops.path_of(survey, crop)) for crop in crops.of_split(survey, "test")]
    )
    told = [row.top[0][1] for row in predictions.judged(survey, fine.id, "test")]
    np.testing.assert_allclose(told, scores.max(axis=1), atol=1e-4)


def test_that_an_unreadable_crop_is_counted_for_neither(survey):
    trained(survey)
    broken = next(crops.of_split(survey, "test"))
    crops.path_of(survey, broken).write_bytes(b"no picture")
    trained(survey, candidate=True, seed=2)
    result = compared(survey)
    assert result.unreadable == 1 and result.figures.crops == 47
    assert "Unreadable and not counted: 1 crops" in result.text()


def test_that_a_training_is_not_gone_on_with_when_labels_have_changed_meanwhile(survey):
    run = trained(survey)
    runs.set_state(survey, run.id, "stopped", {})
    correct(survey)
    with pytest.raises(Problem, match="cannot be gone on with"):
        train.run(survey, train.Options(run=run.id), lambda _: None)
    assert trained(survey).id != run.id  # the same options take up nothing that learnt other labels
