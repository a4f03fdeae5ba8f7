"""What tests share: where the real pictures are, installed models, a project to play with."""

import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from camtrap_gui import remote_patience, remote_pictures
from camtrap_gui.jobs import Progress
from camtrap_gui.picture_cache import Cache
from camtrap_gui.project import Project
from tests import serving
from tests.serving import Served

ROOT = Path(__file__).parent.parent
TESTDATA = ROOT.parent / "shared" / "testdata"

# Where Python is told to keep no bytecode, every process that a test starts would compile TensorFlow anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


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
def tiny_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with a backbone that trains in seconds, known to this process."""
    from tests import tiny

    tiny.provide(tmp_path / "models", monkeypatch)
    return tmp_path / "models"


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


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """For tests of pictures that lie elsewhere: a cache of their own, and servers that are asked again at once."""
    cache = Cache(tmp_path / "copies", 50_000_000)
    monkeypatch.setattr(remote_pictures, "cache", cache)
    monkeypatch.setattr(remote_patience, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(remote_patience, "_failures", defaultdict(set))
    return cache


@pytest.fixture
def served() -> Iterator[Served]:
    """A web server on this computer."""
    with serving.serving() as server:
        yield server


@pytest.fixture
def cropped(project: Project) -> Project:
    """A project with tiny crops as the crop step leaves them: four species, the first without any, seven locations.

    Test crops: 4 zebras at C01, 2 gazelles at C01 and 1 at C02; the rhino is only in train, at B01.
    """
    from PIL import Image

    colours = {"human": "white", "zebra": "navy", "gazelle": "orange", "rhino": "grey"}
    bursts = (
        ("zebra", "B01", "train", 6),
        ("gazelle", "B01", "train", 3),
        ("gazelle", "B03", "train", 2),
        ("rhino", "B01", "train", 1),
        ("zebra", "B02", "val", 3),
        ("zebra", "C01", "test", 4),
        ("gazelle", "C01", "test", 2),
        ("gazelle", "C02", "test", 1),
    )
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/pictures')")
        for place, name in enumerate(colours):
            db.execute("INSERT INTO species (id, name, position) VALUES (?, ?, ?)", (10 + place, name, place))
        number = 0
        for species, location, split, crops in bursts:
            (project.folder / "crops" / species).mkdir(parents=True, exist_ok=True)
            for _ in range(crops):
                number += 1
                taken = f"2024-{number % 12 + 1:02}-05T{number:02}:30:00" if number % 7 else None
                db.execute(
                    "INSERT INTO images (id, key, root_id, path, taken) VALUES (?, ?, 1, ?, ?)",
                    (number, f"image {number}", f"{number}.jpg", taken),
                )
                picture = Image.linear_gradient("L").rotate(17 * number).resize((48, 40)).convert("RGB")
                tint = Image.new("RGB", picture.size, colours[species])
                file = f"{species}/{number}.jpg"
                Image.blend(picture, tint, 0.6).save(project.folder / "crops" / file)
                db.execute(
                    "INSERT INTO crops (image_id, species_id, location, split, file, left, top, right, bottom, sha256)"
                    " VALUES (?, ?, ?, ?, ?, 0, 0, 48, 40, ?)",
                    (number, 10 + list(colours).index(species), location, split, file, f"{number:064}"),
                )
    return project
