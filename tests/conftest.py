"""What tests share: where the real pictures are, installed models, a project to play with."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from camtrap_gui.jobs import Progress
from camtrap_gui.project import Project

ROOT = Path(__file__).parent.parent
TESTDATA = ROOT.parent / "shared" / "testdata"


@pytest.fixture(scope="session")
def testdata() -> Path:
    """The folder of real pictures and a real detector graph; tests that need it skip where it is absent."""
    if not TESTDATA.is_dir():
        pytest.skip(f"the real pictures and models for tests are not there: {TESTDATA}")
    return TESTDATA


@pytest.fixture(scope="session")
def installed_models() -> Path:
    """The store with the default models, installed once and kept between test runs in the checkout's .venv."""
    folder = ROOT / ".venv" / "models"
    os.environ["CAMTRAP_MODELS"] = str(folder)
    from camtrap_gui.models import store

    store.install("default", lambda _: None)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty project in a folder of its own."""
    with Project.create(tmp_path / "project") as made:
        yield made


@pytest.fixture
def quiet() -> object:
    """A report that listens to nothing."""

    def report(_: Progress) -> None:
        pass

    return report
