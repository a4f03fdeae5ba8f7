"""What the tests of this folder share: a project of pictures that differ, a detector without a network, what was found."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageStat

from camtrap_gui.models.detectors import Detection
from camtrap_gui.project import Project


class Brightness:
    """Finds an animal in light pictures, the surer the lighter, and a person in the lightest."""

    name, kind, sha256 = "brightness", "test", "b" * 64
    typical_threshold, conservative_threshold = 0.5, 0.1
    categories = ("animal", "person", "vehicle")
    at_least, batch = 32, 4

    def prepare(self, picture: Image.Image) -> float:
        return ImageStat.Stat(picture.convert("L")).mean[0] / 255

    def detect(self, prepared: Sequence[Any]) -> list[list[Detection]]:
        return [
            [Detection("animal", light, 0.1, 0.2, 0.3, 0.4)] * (light > 0.1)
            + [Detection("person", light / 2, 0.5, 0.5, 0.25, 0.5)] * (light > 0.6)
            for light in prepared
        ]


def make(folder: Path, pictures: int, broken: int = 0) -> Path:
    """A project in ``folder/project`` with grey pictures in ``folder/pictures``; the last ones are no pictures."""
    (folder / "pictures").mkdir(parents=True)
    with Project.create(folder / "project") as project, project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, ?)", (str(folder / "pictures"),))
        for number in range(pictures):
            path = folder / "pictures" / f"{number:04}.jpg"
            if number < pictures - broken:
                Image.new("L", (64, 48), number * 37 % 256).save(path)
            else:
                path.write_bytes(b"no picture")
            db.execute("INSERT INTO images (key, root_id, path) VALUES (?, 1, ?)", (path.name, path.name))
    return folder / "project"


def found(project: Path) -> list[tuple[Any, ...]]:
    """Every answer of every detector in a project, whatever numbers its rows have."""
    with Project.open(project) as opened:
        return found_in(opened.db)


def found_in(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    rows = db.execute(
        "SELECT detectors.sha256, images.path, detected.problem, category, confidence, x, y, detections.width,"
        " detections.height, rejected FROM detected JOIN images ON images.id = detected.image_id"
        " JOIN detectors ON detectors.id = detected.detector_id LEFT JOIN detections"
        " ON detections.image_id = images.id AND detections.detector_id = detectors.id"
        " ORDER BY detectors.sha256, images.path, detections.id"
    )
    return [tuple(row) for row in rows]
