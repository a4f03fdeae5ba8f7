"""A small survey to decide about: sequences, labels of the source, boxes, detections, crops and what was said of them."""

from collections.abc import Mapping
from pathlib import Path

from camtrap_gui.geometry import crop_window
from camtrap_gui.project import Project, detections

SIZE = (1000, 800)
TABLES = {
    "species": "id",
    "aliases": "name",
    "images": "id",
    "detections": "id",
    "boxes": "id",
    "labels": "image_id, species_id",
    "crops": "id",
    "set_aside": "id",
    "predictions": "run_id, crop_id",
    "doubts": "crop_id",
}
"""The tables that decisions change, with the order to compare them in."""

DETECTED = {
    1: [("animal", 0.9, (0.1, 0.1, 0.2, 0.2))],
    2: [("animal", 0.9, (0.1, 0.1, 0.2, 0.2)), ("animal", 0.8, (0.6, 0.5, 0.2, 0.3))],
    3: [],
    4: [("person", 0.9, (0.3, 0.3, 0.2, 0.5))],
    5: [("animal", 0.7, (0.2, 0.2, 0.3, 0.3)), ("animal", 0.2, (0.7, 0.7, 0.1, 0.1))],
    6: [("animal", 0.9, (0.4, 0.4, 0.2, 0.2)), ("person", 0.8, (0.1, 0.2, 0.1, 0.4))],
    7: [("animal", 0.9, (0.1, 0.1, 0.2, 0.2))],
    8: [("animal", 0.9, (0.5, 0.1, 0.2, 0.2))],
}
"""What the detector found in the images, by id. Images 7 and 8 have boxes of the source, image 9 it has not seen."""


class Detector:
    """As detectors describe themselves."""

    name = "a detector"
    kind = "test"
    sha256 = "d"
    typical_threshold = 0.5
    conservative_threshold = 0.1


def make(folder: Path) -> Project:
    """Nine images in three sequences; species zebra (1), lion (2), blank (3).

    The source says: 1, 2, 7, 8 zebra, 6 lion, 8 lion too; of 2 it says so for the whole sequence, and that there are three.
    The boxes of 7 and 8 came with it, those of 8 one of each species.
    """
    project = Project.create(folder)
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/pictures')")
        db.executemany("INSERT INTO locations (id, name) VALUES (?, ?)", [(1, "A"), (2, "B"), (3, "C")])
        db.executemany(
            "INSERT INTO sequences (id, root_id, name) VALUES (?, 1, ?)", [(1, "s1"), (2, "s2"), (3, "s3")]
        )
        db.executemany(
            "INSERT INTO species (id, name, position) VALUES (?, ?, ?)",
            [(1, "zebra", 0), (2, "lion", 1), (3, "blank", 2)],
        )
        db.executemany(
            "INSERT INTO images (id, key, root_id, path, location_id, sequence_id, width, height)"
            " VALUES (?1, ?1, 1, ?2, ?3, ?4, ?5, ?6)",
            [(n, f"{n}.jpg", 1 + n % 3, (n + 2) // 3, *SIZE) for n in range(1, 10)],
        )
        db.executemany(
            "INSERT INTO labels (image_id, species_id, count, sequence_level) VALUES (?, ?, ?, ?)",
            [(1, 1, None, 0), (2, 1, 3, 1), (6, 2, None, 0), (7, 1, 1, 0), (8, 1, 1, 0), (8, 2, 1, 0)],
        )
        db.executemany(
            "INSERT INTO boxes (id, image_id, species_id, x, y, width, height) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(1, 7, 1, 0.3, 0.3, 0.2, 0.2), (2, 8, 1, 0.1, 0.2, 0.3, 0.3), (3, 8, 2, 0.6, 0.6, 0.25, 0.25)],
        )
    detector = detections.register(project, Detector())
    with project.write() as db:
        for image_id, found in DETECTED.items():
            db.execute("INSERT INTO detected (detector_id, image_id) VALUES (?, ?)", (detector, image_id))
            db.executemany(
                "INSERT INTO detections (image_id, detector_id, category, confidence, x, y, width, height)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(image_id, detector, category, confidence, *box) for category, confidence, box in found],
            )
        cut = [
            *db.execute(
                "SELECT image_id, species_id, detections.id, NULL, x, y, width, height FROM detections"
                " JOIN labels USING (image_id) WHERE category = 'animal' AND image_id < 7 ORDER BY detections.id"
            ).fetchall(),
            *db.execute(
                "SELECT image_id, species_id, NULL, id, x, y, width, height FROM boxes ORDER BY id"
            ).fetchall(),
        ]
        for number, (image_id, species_id, detection_id, box_id, *box) in enumerate(cut, 1):
            window = crop_window((box[0], box[1], box[2], box[3]), SIZE)
            db.execute(
                "INSERT INTO crops VALUES (?, ?, ?, ?, ?, 'A', 'train', ?, ?, ?, ?, ?, ?)",
                (
                    number,
                    image_id,
                    species_id,
                    detection_id,
                    box_id,
                    f"{number}.jpg",
                    *window,
                    f"{number:064}",
                ),
            )
        db.execute(
            "INSERT INTO runs (id, started, finished, state, preset, backbone, data_hash)"
            " VALUES ('r', '2024', '2024-05-01', 'done', '', '', '')"
        )
        for (crop_id,) in db.execute("SELECT id FROM crops").fetchall():
            db.execute("INSERT INTO predictions VALUES ('r', ?, 1, 0.123456789012345678, '[]')", (crop_id,))
        db.execute(
            "INSERT INTO doubts (crop_id, image_id, label_id, species_id, given, confidence, score)"
            " VALUES (1, 1, 1, 2, 0.1, 0.9, 0.8)"
        )
    return project


def state(project: Project) -> Mapping[str, list[tuple[object, ...]]]:
    """All rows of the tables that decisions change."""
    return {
        table: [tuple(row) for row in project.db.execute(f"SELECT * FROM {table} ORDER BY {order}")]
        for table, order in TABLES.items()
    }


def crops(project: Project) -> dict[int, str]:
    """The species of every crop in the data set, by crop id."""
    rows = project.db.execute(
        "SELECT crops.id, name FROM crops JOIN species ON species.id = species_id ORDER BY crops.id"
    )
    return dict(rows.fetchall())


def aside(project: Project) -> list[int]:
    """Ids of the crops that were set aside."""
    return [number for (number,) in project.db.execute("SELECT id FROM set_aside ORDER BY id")]


def labels(project: Project, image_id: int) -> dict[str, int | None]:
    """Species and counts on an image."""
    rows = project.db.execute(
        "SELECT name, count FROM labels JOIN species ON species.id = species_id WHERE image_id = ? ORDER BY name",
        (image_id,),
    )
    return dict(rows.fetchall())
