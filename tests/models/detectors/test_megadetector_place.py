"""The environment of the megadetector package: made once, whole or not at all. pip installs a tiny package in its place."""

import subprocess
import venv
import zipfile
from dataclasses import replace

import pytest

from camtrap_gui.jobs import Cancelled
from camtrap_gui.models import published, store
from camtrap_gui.models.detectors import megadetector_place as place
from camtrap_gui.problem import Problem
from tests import serving


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A store of its own, and a package index that is a folder with one wheel."""
    monkeypatch.delenv("CAMTRAP_MEGADETECTOR", raising=False)
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(place, "REQUIREMENTS", ("tiny==1.0",))
    monkeypatch.setattr(place, "SPACE", 1)
    about = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
    with zipfile.ZipFile(tmp_path / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "said = 'here'\n")
        wheel.writestr("tiny-1.0.dist-info/METADATA", about)
        wheel.writestr(
            "tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    return tmp_path / "models"


def left_over(folder):
    return {path.name for path in folder.iterdir()} - {".lock"}


def test_that_it_is_made_once_and_holds_the_package(folder, quiet, monkeypatch):
    assert place.python() is None
    assert store.install("megadetector", quiet) == []
    said = subprocess.run([place.python(), "-I", "-c", "import tiny; print(tiny.said)"], capture_output=True)
    assert said.stdout.strip() == b"here" and left_over(folder) == {".megadetector"}
    assert store.entries() == []  # it is no model
    monkeypatch.setattr(place, "_make_empty", None)
    store.install("megadetector", quiet)


@pytest.fixture
def without_pip(monkeypatch):
    monkeypatch.setattr(place, "_make_empty", venv.create)


def test_that_what_pip_complains_about_is_told_and_nothing_is_left(folder, quiet, without_pip):
    with pytest.raises(Problem, match=r"could not be installed.*No module named pip"):
        store.install("megadetector", quiet)
    assert left_over(folder) == set() and place.python() is None


def test_that_a_model_that_needs_the_package_is_not_fetched_when_the_package_cannot_be_had(
    folder, quiet, without_pip, monkeypatch
):
    with serving.serving() as server:
        real = next(offer for offer in published.OFFERS if offer.name == "megadetector-v5a.0.1")
        monkeypatch.setattr(store, "OFFERS", (replace(real, addresses=(server.url("md.pt"),)),))
        with pytest.raises(Problem, match="No module named pip"):
            store.install(real.name, quiet)
        assert not server.asked and store.entries() == []


def test_that_a_cancelled_installation_leaves_nothing(folder, without_pip):
    def cancel(progress):
        if progress.phase.startswith("Installing"):
            raise Cancelled

    with pytest.raises(Cancelled):
        store.install("megadetector", cancel)
    assert left_over(folder) == set()


def test_that_an_environment_that_a_kill_left_half_made_is_not_used(folder, quiet):
    venv.create(folder / ".megadetector")
    assert place.python() is None


def test_that_a_full_disk_is_told_before_anything_is_fetched(folder, quiet, monkeypatch):
    monkeypatch.setattr(place, "SPACE", 10**18)
    with pytest.raises(Problem, match="1000000000 GB"):
        store.install("megadetector", quiet)
    assert left_over(folder) == set()


def test_that_the_text_that_one_package_asks_for_while_it_is_built_is_explained():
    log = "Collecting ultralytics-yolov5==0.1.1\nurllib.error.URLError: <urlopen error [Errno -2] Name or service not known>"
    assert "raw.githubusercontent.com" in place._reason(log)
