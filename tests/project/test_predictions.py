import pytest

from camtrap_gui.project import Project, predictions, runs
from camtrap_gui.project.predictions import Prediction


@pytest.fixture
def run_id(cropped: Project) -> str:
    data = {"classes": ["human", "zebra", "gazelle", "rhino"], "data_hash": "x"}
    run = runs.start(cropped, "quick", "efficientnet-lite0", {}, data, {})
    predictions.begin(cropped, run.id, "a model")
    return run.id


def missing(project, run_id, split="test"):
    return [crop for page in predictions.missing(project, run_id, split) for crop in page]


def test_that_every_crop_of_the_split_is_missing_at_first(cropped, run_id):
    assert [crop.file for crop in missing(cropped, run_id)] == [
        *(f"zebra/{n}.jpg" for n in range(16, 20)),
        *(f"gazelle/{n}.jpg" for n in range(20, 23)),
    ]
    assert len(missing(cropped, run_id, "val")) == 3


def test_that_predicted_crops_are_missing_no_more(cropped, run_id):
    first, *rest = missing(cropped, run_id)
    predictions.add(cropped, run_id, [Prediction(first.crop_id, [("zebra", 0.9)])])
    assert missing(cropped, run_id) == rest
    assert predictions.count(cropped, run_id, "test") == 1
    assert predictions.count(cropped, run_id, "val") == 0


def test_that_crops_without_a_prediction_are_offered_once_across_pages(cropped, run_id, monkeypatch):
    monkeypatch.setattr(predictions, "_PAGE", 2)
    offered = []
    for page in predictions.missing(cropped, run_id, "test"):
        offered += page
        predictions.add(cropped, run_id, [Prediction(page[0].crop_id, [("zebra", 0.9)])])
    assert [crop.crop_id for crop in offered] == [16, 17, 18, 19, 20, 21, 22]


def test_that_predictions_come_back_beside_the_truth(cropped, run_id, monkeypatch):
    monkeypatch.setattr(predictions, "_PAGE", 2)
    top = [("gazelle", 0.7), ("zebra", 0.25)]
    predictions.add(
        cropped, run_id, [Prediction(crop.crop_id, top) for crop in reversed(missing(cropped, run_id))]
    )
    judged = list(predictions.judged(cropped, run_id, "test"))
    assert [row.truth for row in judged] == ["zebra"] * 4 + ["gazelle"] * 3
    assert [row.location for row in judged] == ["C01"] * 6 + ["C02"]
    assert all(row.top == top for row in judged)


def test_that_a_batch_is_kept_whole_or_not_at_all(cropped, run_id):
    good, bad = missing(cropped, run_id)[:2]
    with pytest.raises(KeyError):
        predictions.add(
            cropped,
            run_id,
            [Prediction(good.crop_id, [("zebra", 1.0)]), Prediction(bad.crop_id, [("yeti", 1.0)])],
        )
    assert predictions.count(cropped, run_id, "test") == 0


def test_that_another_model_of_the_run_starts_anew_and_the_same_goes_on(cropped, run_id):
    crop = missing(cropped, run_id)[0]
    predictions.add(cropped, run_id, [Prediction(crop.crop_id, [("zebra", 0.9)])])
    predictions.begin(cropped, run_id, "a model")
    assert predictions.count(cropped, run_id, "test") == 1
    predictions.begin(cropped, run_id, "the model after more training")
    assert predictions.count(cropped, run_id, "test") == 0


def test_that_predictions_go_with_their_crops(cropped, run_id):
    crop = missing(cropped, run_id)[0]
    predictions.add(cropped, run_id, [Prediction(crop.crop_id, [("zebra", 0.9)])])
    with cropped.write() as db:
        db.execute("DELETE FROM crops")
    assert cropped.db.execute("SELECT count(*) FROM predictions").fetchone()[0] == 0
