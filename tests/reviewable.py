"""A small survey as it is when the review step has looked at it: pictures, detections, suggestions, some labels."""

import json
from pathlib import Path

from PIL import Image

from camtrap_gui.project import Project

IMAGES = 12
SPECIES = ("zebra", "lion", "gnu")


def make(folder: Path, images: int = IMAGES) -> Path:
    """A project of so many images, three to a sequence, at two locations.

    Image n, counted from 1, has one animal, suggested to be a zebra, lion or gnu in turn; every sixth has none. Detection
    n is that of image n. Image 1 has a label of the source, image 2 two animals more (detections 1002 and 2002).
    """
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    for number in range(1, images + 1):
        Image.new("RGB", (64, 48), (20 * number % 256, 90, 60)).save(pictures / f"{number:03}.jpg")
    with Project.create(folder / "project") as project, project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, ?)", (str(pictures),))
        db.executemany("INSERT INTO locations (id, name) VALUES (?, ?)", [(1, "B03"), (2, "C11")])
        db.executemany(
            "INSERT INTO species (id, name, position) VALUES (?, ?, ?)",
            [(place + 1, name, place) for place, name in enumerate(SPECIES)],
        )
        db.execute("INSERT INTO detectors VALUES (1, 'x', 'd', 'k', 0.5, 0.1, '')")
        for number in range(1, images + 1):
            sequence = (number - 1) // 3 + 1
            db.execute("INSERT OR IGNORE INTO sequences VALUES (?, 1, ?)", (sequence, str(sequence)))
            db.execute(
                "INSERT INTO images (id, key, root_id, path, location_id, sequence_id, frame, taken, width, height)"
                " VALUES (?1, ?2, 1, ?2, ?3, ?4, ?5, ?6, 64, 48)",
                (
                    number, f"{number:03}.jpg", 1 + (number > images // 2), sequence, (number - 1) % 3,
                    f"2024-05-01T10:{number // 60:02}:{number % 60:02}",
                ),
            )  # fmt: skip
            db.execute("INSERT INTO detected VALUES (1, ?, NULL)", (number,))
            if number % 6:
                _add_animal(db, number, number, (0.25, 0.25, 0.25, 0.5))
        _add_animal(db, 1002, 2, (0.55, 0.25, 0.2, 0.2))
        _add_animal(db, 2002, 2, (0.75, 0.6, 0.2, 0.2))
        db.execute("INSERT INTO labels (image_id, species_id) VALUES (1, 3)")
    return folder / "project"


def _add_animal(db: object, detection: int, image: int, box: tuple[float, float, float, float]) -> None:
    likely = image % 3
    top = [[SPECIES[likely], 0.8], [SPECIES[(likely + 1) % 3], 0.15], [SPECIES[(likely + 2) % 3], 0.05]]
    db.execute(  # type: ignore[attr-defined]
        "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
        " VALUES (?, ?, 1, 'animal', 0.9, ?, ?, ?, ?)",
        (detection, image, *box),
    )
    db.execute(  # type: ignore[attr-defined]
        "INSERT INTO suggestions (detection_id, image_id, run_id, species_id, confidence, margin, top, teaches, alike)"
        " VALUES (?1, ?2, 'a-run', ?3, 0.8, 0.65, ?4, ?1, ?1)",
        (detection, image, likely + 1, json.dumps(top)),
    )
