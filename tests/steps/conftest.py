"""What tests of steps that use a classifier share: a small real one, and a run that has it."""

import shutil
from pathlib import Path

import pytest

from camtrap_gui.project import Project, crops, runs
from tests import tiny

CLASSES = ("human", "zebra", "gazelle", "rhino")


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a small classifier that learnt nothing."""
    from camtrap_gui.models.classifiers import bundle

    folder = tmp_path_factory.mktemp("small") / "savanna"
    bundle.save(folder, tiny.unlearnt(CLASSES), {})
    return folder


@pytest.fixture
def with_run(cropped: Project, small_bundle: Path) -> Project:
    """A project with crops and a finished run."""
    data = {"classes": crops.classes(cropped), "data_hash": crops.data_hash(cropped)}
    run = runs.start(cropped, "quick", "efficientnet-lite0", {}, data, {})
    shutil.copytree(small_bundle, run.model)
    runs.set_state(cropped, run.id, "done", {})
    return cropped
