"""A survey in which detectors see the same thing at the same place again and again, for tests."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from camtrap_gui.project import Project

START = datetime(2024, 3, 1, 6)
STUMP = (0.3, 0.5, 0.2, 0.15)
DAILY = [START + timedelta(days=day) for day in range(25)]


def prepare(project: Project) -> Project:
    """Two cameras and a detector, no pictures yet."""
    with project.write() as db:
        db.execute("INSERT INTO roots (path) VALUES ('/pictures')")
        db.execute("INSERT INTO locations (name) VALUES ('C01'), ('C02')")
        db.execute("INSERT INTO detectors VALUES (1, 'abc', 'a detector', 'none', 0.25, 0.05, '2024')")
    return project


def add(
    project: Project,
    times: Iterable[datetime | None],
    box: tuple[float, float, float, float] = STUMP,
    camera: int | None = 1,
    category: str = "animal",
    confidence: float = 0.5,
    sequence: str | None = None,
    folder: str = "",
) -> list[int]:
    """A picture with one detection for each time; the numbers of the detections."""
    made = []
    with project.write() as db:
        sequence_id = None
        if sequence is not None:
            sequence_id = db.execute("INSERT INTO sequences (name) VALUES (?)", (sequence,)).lastrowid
        for time in times:
            number = db.execute("SELECT count(*) + 1 FROM images").fetchone()[0]
            db.execute(
                "INSERT INTO images (id, key, root_id, path, location_id, sequence_id, taken) VALUES (?, ?, 1, ?, ?, ?, ?)",
                (
                    number,
                    f"{number}",
                    f"{folder}{number}.jpg",
                    camera,
                    sequence_id,
                    time and time.isoformat(),
                ),
            )
            row = db.execute(
                "INSERT INTO detections (image_id, detector_id, category, confidence, x, y, width, height)"
                " VALUES (?, 1, ?, ?, ?, ?, ?, ?)",
                (number, category, confidence, *box),
            )
            made.append(row.lastrowid)
    return made
