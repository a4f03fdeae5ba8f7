"""Why a classifier says what it says: heat on the picture, and training crops like it."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui.models import explanation
from camtrap_gui.models.classifiers.nearest import nearest
from camtrap_gui.models.explanation import Options
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, likest, runs
from tests import tiny


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a run on crops of three species, whose features are stored."""
    from camtrap_gui.steps import train

    folder = tmp_path_factory.mktemp("explained") / "project"
    with pytest.MonkeyPatch.context() as patch:
        tiny.provide(folder.parent / "models", patch)
        with Project.create(folder) as project:
            of_each = {
                (name, split): 6 for name in ("zebra", "gazelle") for split in ("train", "val", "test")
            }
            tiny.add_crops(project, of_each)
            train.run(project, train.Options(backbone="tiny", epochs=3), lambda _: None)
        yield folder


def test_that_a_crop_is_explained_with_the_training_crops_most_like_it(trained: Path) -> None:
    with Project.open(trained) as project:
        run = runs.all_of(project)[0]
        asked = next(crops.of_split(project, "test"))
        picture = crops.path_of(project, asked)
        names = crops.classes(project)
        training = {crops.path_of(project, crop): crop for crop in crops.of_split(project, "train")}
    said = explanation.run(None, Options(run.model, picture), lambda _: None)
    assert said.species in names
    assert np.shape(said.heat) == (8, 8) and np.max(said.heat) in (0, 1)
    assert said.area == (0, 0, 1, 1)
    assert len(said.likest) == explanation.LIKEST
    how = [one.likeness for one in said.likest]
    assert how == sorted(how, reverse=True) and how[0] > 0.5
    for one in said.likest:
        assert one.species == names[training[one.path].species]
        assert one.location == training[one.path].location
    assert [one.species for one in said.likest[:3]] == [names[asked.species]] * 3


def test_that_a_training_crop_is_not_said_to_be_like_itself(trained: Path) -> None:
    with Project.open(trained) as project:
        run = runs.all_of(project)[0]
        picture = crops.path_of(project, next(crops.of_split(project, "train")))
    said = explanation.run(None, Options(run.model, picture), lambda _: None)
    assert said.likest and picture not in [one.path for one in said.likest]


def test_that_a_box_is_explained_where_its_crop_is(trained: Path) -> None:
    with Project.open(trained) as project:
        run = runs.all_of(project)[0]
        picture = crops.path_of(project, next(crops.of_split(project, "test")))
    said = explanation.run(None, Options(run.model, picture, (0.4, 0.4, 0.2, 0.2), "gazelle"), lambda _: None)
    assert said.species == "gazelle"
    x, y, width, height = said.area
    assert x < 0.4 and y < 0.4 and x + width > 0.6 and y + height > 0.6 and width < 0.5


def test_that_a_bundle_outside_a_project_is_explained_without_training_crops(
    trained: Path, tmp_path: Path
) -> None:
    import shutil

    with Project.open(trained) as project:
        run = runs.all_of(project)[0]
        picture = crops.path_of(project, next(crops.of_split(project, "test")))
    shutil.copytree(run.model, tmp_path / "elsewhere")
    assert likest.project_around(tmp_path / "elsewhere") is None
    said = explanation.run(None, Options(tmp_path / "elsewhere", picture), lambda _: None)
    assert said.heat and not said.likest


def test_that_a_picture_that_cannot_be_read_is_a_problem(trained: Path, tmp_path: Path) -> None:
    with Project.open(trained) as project:
        run = runs.all_of(project)[0]
    (tmp_path / "broken.jpg").write_bytes(os.urandom(100))
    with pytest.raises(Problem, match="cannot be read"):
        explanation.run(None, Options(run.model, tmp_path / "broken.jpg"), lambda _: None)


def test_that_the_nearest_vectors_are_those_of_the_smallest_angle() -> None:
    random = np.random.default_rng(2)
    vectors = random.normal(size=(9000, 16)).astype(np.float16)
    rows = random.permutation(9000)[:8500]
    wanted = random.normal(size=16).astype(np.float32)
    some = vectors[rows].astype(np.float64)
    cosines = some @ wanted / np.linalg.norm(some, axis=1) / np.linalg.norm(wanted)
    places, how = nearest(vectors, rows, wanted, 7)
    assert places.tolist() == np.argsort(-cosines, kind="stable")[:7].tolist()
    np.testing.assert_allclose(how, np.sort(cosines)[::-1][:7], rtol=1e-5)
    assert nearest(vectors, rows[:0], wanted, 7)[0].shape == (0,)
    assert len(nearest(vectors, rows[:3], wanted, 7)[0]) == 3
