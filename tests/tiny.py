"""A backbone that trains in seconds, in a store of its own, and projects full of coloured crops.

``python -m tests.tiny ARGUMENTS`` is the command line of the program with this backbone known to it, for tests that
kill it.
"""

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from PIL import Image

from camtrap_gui import cli, files
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.models.classifiers import Classifier, arrays, backbones
from camtrap_gui.models.classifiers.backbones import Backbone
from camtrap_gui.project import Project, detections

if TYPE_CHECKING:
    import pytest

COLOURS = {"zebra": (40, 60, 200), "gazelle": (220, 150, 40), "rhino": (40, 200, 60), "lion": (200, 40, 60)}
_SHAPES = {
    "stem/kernel": (3, 3, 3, 8),
    "stem/bias": (8,),
    "norm/gamma": (8,),
    "norm/beta": (8,),
    "norm/moving_mean": (8,),
    "norm/moving_variance": (8,),
    "more/kernel": (3, 3, 8, 16),
    "more/bias": (16,),
}


def _build(images: object) -> object:
    from keras import layers

    x = layers.Rescaling(1 / 128, -1, name="scale")(images)
    x = layers.Conv2D(8, 3, 2, "same", activation="relu", name="stem")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Conv2D(16, 3, 2, "same", activation="relu", name="more")(x)
    return layers.GlobalAveragePooling2D(name="features")(x)


TINY = Backbone("tiny", 32, 16, _build, dict)


def register() -> None:
    """Make the program know the tiny backbone, in this process."""
    known = backbones.registry()
    backbones.registry = lambda: {**known, TINY.name: TINY}


def provide(folder: Path, patch: "pytest.MonkeyPatch") -> None:
    """A store in ``folder`` that holds the tiny backbone, and is the one in use until ``patch`` is undone."""
    make_store(folder)
    patch.setenv("CAMTRAP_MODELS", str(folder))
    known = backbones.registry()
    patch.setattr(backbones, "registry", lambda: {**known, TINY.name: TINY})


def make_store(folder: Path) -> None:
    """A store of models that holds the tiny backbone's weights, which are random but always the same."""
    random = np.random.default_rng(0)
    weights = {
        name: np.ones(shape, np.float32)
        if name.endswith(("gamma", "variance"))
        else random.normal(0, 0.3, shape).astype(np.float32)
        for name, shape in _SHAPES.items()
    }
    path = folder / "tiny" / "weights.npz"
    arrays.write(path, weights)
    sha256 = files.sha256_of(path)
    entry = Entry(
        name="tiny",
        title="A backbone for tests",
        kind="backbone",
        role="backbone",
        file=path.name,
        sha256=sha256,
        origin_sha256=sha256,
        size=path.stat().st_size,
        licence="MIT",
        source="tests/tiny.py",
        input_size=32,
    )
    (path.parent / "entry.json").write_bytes(msgspec.json.encode(entry))
    (path.parent / "LICENCE.txt").write_text("Do what you like.\n")


def add_crops(
    project: Project, crops: Mapping[tuple[str, str], int], locations: int = 5, size: int = 40
) -> None:
    """Crops as the crop step leaves them: so many of each (species, split), in turn at ``locations`` locations.

    Every crop is a disc of its species' colour on noise. Locations are of one split only.
    """
    with project.write() as db:
        db.execute("INSERT OR IGNORE INTO roots (id, path) VALUES (1, '/pictures')")
        for place, name in enumerate(COLOURS):
            db.execute(
                "INSERT OR IGNORE INTO species (id, name, position) VALUES (?, ?, ?)",
                (place + 1, name, place),
            )
        number = db.execute("SELECT count(*) FROM crops").fetchone()[0]
        for (species, split), count in crops.items():
            folder = project.folder / "crops" / species
            folder.mkdir(parents=True, exist_ok=True)
            for turn in range(count):
                number += 1
                file = f"{species}/{number:05}.jpg"
                _disc(number, COLOURS[species], size).save(folder / f"{number:05}.jpg", quality=95)
                data = (project.folder / "crops" / file).read_bytes()
                db.execute(
                    "INSERT INTO images (id, key, root_id, path) VALUES (?, ?, 1, ?)",
                    (number, str(number), f"{number}.jpg"),
                )
                db.execute(
                    "INSERT INTO crops (id, image_id, species_id, location, split, file, left, top, right, bottom, sha256)"
                    " VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)",
                    (
                        number,
                        number,
                        list(COLOURS).index(species) + 1,
                        f"{split}-{turn % locations}",
                        split,
                        file,
                        size,
                        size,
                        hashlib.sha256(data).hexdigest(),
                    ),
                )


@dataclass(frozen=True)
class Found:
    """A detection of a tiny survey."""

    x: float
    y: float
    width: float
    height: float
    category: str = "animal"
    confidence: float = 0.9


class Detector:
    """What is remembered of the detector of a tiny survey."""

    name, kind, sha256, typical_threshold, conservative_threshold = "discs", "test", "d" * 64, 0.5, 0.1


def add_survey(project: Project, pictures: int, locations: int = 8, labelled: float = 0.75) -> list[str]:
    """Pictures in ``survey`` beside the project, two animals in each, found by a detector; returns each one's species.

    The first ones are labelled. Every picture has another species than the one before, in turn at the locations.
    """
    folder = project.folder.parent / "survey"
    folder.mkdir(exist_ok=True)
    detector = detections.register(project, Detector())
    truth = []
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, ?)", (str(folder),))
        db.executemany(
            "INSERT INTO locations (id, name) VALUES (?, ?)", [(n + 1, f"L{n}") for n in range(locations)]
        )
        db.executemany(
            "INSERT INTO species (id, name, position) VALUES (?, ?, ?)",
            [(n + 1, name, n) for n, name in enumerate(COLOURS)],
        )
        for number in range(1, pictures + 1):
            species = (number * 7 // 5) % 3
            truth.append(list(COLOURS)[species])
            picture = Image.new("RGB", (120, 60), (100, 100, 100))
            for side in (0, 1):
                picture.paste(_disc(2 * number + side, COLOURS[truth[-1]], 40), (10 + 60 * side, 10))
            picture.save(folder / f"{number:04}.jpg", quality=95)
            db.execute(
                "INSERT INTO images (id, key, root_id, path, location_id, width, height, checked)"
                " VALUES (?, ?, 1, ?, ?, 120, 60, 1)",
                (number, f"{number:04}", f"{number:04}.jpg", 1 + number % locations),
            )
            if number <= labelled * pictures:
                db.execute("INSERT INTO labels (image_id, species_id) VALUES (?, ?)", (number, species + 1))
    boxes = (Found(12 / 120, 12 / 60, 24 / 120, 24 / 60), Found(72 / 120, 12 / 60, 24 / 120, 24 / 60))
    hidden = Found(0.4, 0.4, 0.1, 0.1, confidence=0.2)
    person = Found(0.4, 0.4, 0.1, 0.1, category="person")
    seen = [detections.Seen(number, (*boxes, hidden, person)) for number in range(1, pictures + 1)]
    detections.add(project, detector, seen)
    return truth


def _disc(seed: int, colour: tuple[int, int, int], size: int) -> Image.Image:
    random = np.random.default_rng(seed)
    pixels = random.integers(60, 140, (size, size, 3)).astype(np.float32)
    y, x = np.mgrid[:size, :size]
    middle = random.uniform(0.35, 0.65, 2) * size
    inside = (y - middle[0]) ** 2 + (x - middle[1]) ** 2 < (random.uniform(0.2, 0.35) * size) ** 2
    pixels[inside] = np.array(colour) + random.normal(0, 12, (int(inside.sum()), 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    register()
    raise SystemExit(cli.run(sys.argv[1:]))


def unlearnt(classes: tuple[str, ...]) -> Classifier:
    """A real network with a 64-pixel input that learnt nothing, but answers differently to each picture."""
    import keras

    keras.utils.set_random_seed(7)
    backbone = backbones.get(backbones.DEFAULT)
    network = backbones.network(backbone, len(classes), 64)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    # Sets the norms' statistics.
    network(np.random.default_rng(0).uniform(0, 255, (8, 64, 64, 3)), training=True)
    kernel = network.get_layer(backbones.SPECIES_LAYER).kernel
    kernel.assign(np.random.default_rng(1).normal(0, 0.08, kernel.shape))
    return Classifier(network, classes, backbone.name, 64, 1.69)
