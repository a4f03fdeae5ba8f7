"""A backbone that sees crops at another size than its own: trained, asked again, refused."""

import pytest

from camtrap_gui.models import crop_predictions
from camtrap_gui.models.classifiers import bundle, features
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, predictions, runs
from camtrap_gui.steps import train
from tests import tiny

SIZE = 48
pytestmark = pytest.mark.usefixtures("tiny_models")


@pytest.fixture
def survey(project) -> Project:
    tiny.add_crops(
        project,
        {
            (name, split): count
            for name in ("zebra", "gazelle")
            for split, count in (("train", 16), ("val", 6), ("test", 6))
        },
    )
    return project


def test_that_what_is_seen_at_another_size_is_kept_apart_and_asked_of_again(survey, quiet, monkeypatch):
    train.run(survey, train.Options(backbone="tiny", epochs=1), quiet)
    [own] = (survey.folder / "features").iterdir()
    assert "px" not in own.name
    result = train.run(survey, train.Options(backbone="tiny", epochs=20, input_size=SIZE), quiet)
    assert result.macro_f1 > 0.8
    other = survey.folder / "features" / f"{own.name}-{SIZE}px"
    assert set((survey.folder / "features").iterdir()) == {own, other}
    run = runs.newest(survey)
    head = bundle.head_of(run.model)
    assert run.input_size == SIZE and head is not None and head.backbone.input_size == SIZE
    assert bundle.load(run.model).input_size == SIZE

    sizes = set()
    read = features.read_crop
    monkeypatch.setattr(features, "read_crop", lambda crop, size: (sizes.add(size), read(crop, size))[1])
    crop_predictions.predict_missing(survey, run, "test", "evaluate", quiet)
    assert sizes == {SIZE} and predictions.count(survey, run.id, "test") == 12
    assert len(features.store_of(survey.folder, head.backbone).vectors()) == 2 * (16 + 6 + 6)


def test_that_the_whole_network_learns_at_that_size(survey, quiet):
    options = train.Options(preset="standard", backbone="tiny", epochs=1, batch_size=16, input_size=SIZE)
    train.run(survey, options, quiet)
    classifier = bundle.load(runs.newest(survey).model)
    assert classifier.input_size == SIZE and classifier.model.input_shape == (None, SIZE, SIZE, 3)


@pytest.mark.parametrize("size", [8, 1000_000])
def test_that_an_impossible_size_is_refused_before_anything_is_done(survey, quiet, size):
    with pytest.raises(Problem, match="tiny sees squares of 32 to 1024 pixels"):
        train.run(survey, train.Options(backbone="tiny", input_size=size), quiet)
    assert not (survey.folder / "features").exists() and not runs.all_of(survey)
