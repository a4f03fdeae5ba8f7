"""Two people who review copies of one survey, and what one brings to the other."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from camtrap_gui.formats import decisions as decisions_file
from camtrap_gui.project import Project, decided, merging

IMAGES = 8
SPECIES = ("zebra", "lion", "gnu")


@contextmanager
def two_copies(folder: Path) -> Iterator[tuple[Project, Project]]:
    """Two copies of a survey of eight pictures, the first four labelled zebra by the source, with two detections each."""
    with Project.create(folder / "anna") as project, project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/disk/pictures')")
        for place, name in enumerate(SPECIES):
            db.execute("INSERT INTO species (id, name, position) VALUES (?, ?, ?)", (place + 1, name, place))
        db.execute("INSERT INTO detectors VALUES (1, 'hash', 'd', 'k', 0.5, 0.1, '')")
        for number in range(1, IMAGES + 1):
            db.execute(
                "INSERT INTO images (id, key, root_id, path) VALUES (?1, 'key ' || ?1, 1, 'B/' || ?1 || '.jpg')",
                (number,),
            )
            db.execute("INSERT INTO detected VALUES (1, ?, NULL)", (number,))
            for place in (1, 2):
                db.execute(
                    "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
                    " VALUES (?, ?, 1, 'animal', 0.9, ?, 0.1, 0.2, 0.3)",
                    (10 * number + place, number, place / 4),
                )
            if number <= 4:
                db.execute("INSERT INTO labels (image_id, species_id) VALUES (?, 1)", (number,))
    shutil.copytree(folder / "anna", folder / "ben")
    with Project.open(folder / "anna") as anna, Project.open(folder / "ben") as ben:
        yield anna, ben


def export(project: Project, path: Path, **which) -> Path:
    about = decisions_file.About(project.name, datetime.now(UTC))
    decisions_file.write(path, about, decided.class_list(project), decided.walk(project, **which))
    return path


def bring(into: Project, source: Project, policy="list", preview=False, **which) -> merging.Merged:
    file = decisions_file.DecisionsFile(export(source, source.folder.parent / "decisions.json", **which))
    return merging.merge(into, file.species, file.images(), policy=policy, preview=preview)


TABLES = (
    "labels",
    "boxes",
    "images",
    "detections",
    "species",
    "aliases",
    "edits",
    "changes",
    "crops",
    "set_aside",
)


def everything(project: Project, tables=TABLES):
    return {table: [tuple(row) for row in project.db.execute(f"SELECT * FROM {table}")] for table in tables}


def shown(project: Project, image_id: int):
    """What an image shows, without times and numbers of rows."""
    one = decided.of_images(project, [image_id])[image_id]
    labels = sorted((label.species, label.count, label.author) for label in one.labels)
    boxes = sorted((drawn.box, drawn.species, drawn.author) for drawn in one.boxes)
    return labels, boxes, one.flagged, len(one.rejected), len(one.confirmed), one.reviewed
