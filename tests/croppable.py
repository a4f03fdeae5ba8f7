"""Surveys whose pictures are cut out, and what is made of them."""

import json
import random
from types import SimpleNamespace

from PIL import Image

from camtrap_gui.project import crops, detections
from camtrap_gui.project.detections import Seen

SPECIES = ("empty", "lion", "zebra", "human", "aardwolf")


def animal(x=0.3, y=0.3, width=0.2, height=0.2, confidence=0.9, category="animal"):
    return SimpleNamespace(category=category, confidence=confidence, x=x, y=y, width=width, height=height)


ONE_ANIMAL = (animal(),)


class Survey:
    """A project with real pictures and whatever labels, boxes and detections a test needs."""

    def __init__(self, project, pictures):
        self.project, self.pictures = project, pictures
        self.detector = detections.register(
            project,
            SimpleNamespace(
                name="finder", kind="test", sha256="f", typical_threshold=0.5, conservative_threshold=0.05
            ),
        )
        with project.write() as db:
            db.execute("INSERT INTO roots VALUES (1, ?)", (str(pictures),))
            db.executemany(
                "INSERT INTO species (name, position) VALUES (?, ?)",
                [(name, place) for place, name in enumerate(SPECIES)],
            )

    def add(
        self,
        path,
        labels=("lion",),
        location="A",
        found=ONE_ANIMAL,
        boxes=(),
        sequence=None,
        extra=None,
        size=(160, 120),
        save=None,
        sequence_level=False,
        problem=None,
    ):
        file = self.pictures / path
        file.parent.mkdir(parents=True, exist_ok=True)
        rng = random.Random(path)
        picture = Image.new("RGB", size, tuple(rng.randrange(256) for _ in range(3)))
        picture.paste((255, 0, 0), (0, 0, size[0] // 4, size[1] // 4))
        picture.save(file, **(save or {}))
        with self.project.write() as db:
            image_id = db.execute(
                "INSERT INTO images (key, root_id, path, location_id, sequence_id, extra, problem, width, height)"
                " VALUES (?, 1, ?, ?, ?, ?, ?, 1, 1)",
                (
                    path,
                    path,
                    self._place("locations", location),
                    self._place("sequences", sequence),
                    extra and json.dumps(extra),
                    problem,
                ),
            ).lastrowid
            for name in labels:
                db.execute(
                    "INSERT INTO labels (image_id, species_id, sequence_level) SELECT ?, id, ? FROM species"
                    " WHERE name = ?",
                    (image_id, sequence_level, name),
                )
            for name, *box in boxes:
                db.execute(
                    "INSERT INTO boxes (image_id, species_id, x, y, width, height)"
                    " VALUES (?, (SELECT id FROM species WHERE name = ?), ?, ?, ?, ?)",
                    (image_id, name, *box),
                )
            if found is not None:
                detections.add(self.project, self.detector, [Seen(image_id, found)])
        return image_id

    def _place(self, table, name):
        if name is None:
            return None
        self.project.db.execute(f"INSERT OR IGNORE INTO {table} (name) VALUES (?)", (name,))
        return self.project.db.execute(f"SELECT id FROM {table} WHERE name = ?", (name,)).fetchone()[0]

    def cover(self):
        """Enough pictures that a balanced split has nothing to complain about."""
        for place in range(6):
            for name in ("lion", "zebra"):
                self.add(f"{name}/{place}.jpg", labels=(name,), location=f"site {place}")
        return self


def files_of(project):
    return sorted(row["file"] for row in project.db.execute("SELECT file FROM crops"))


def on_disk(project):
    folder = crops.folder(project)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))


def snapshot(project):
    """Everything the crop step makes, byte for byte."""
    made = {
        path.relative_to(project.folder).as_posix(): path.read_bytes()
        for folder in (crops.folder(project), crops.records(project))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    rows = [tuple(row) for row in project.db.execute("SELECT * FROM crops ORDER BY id")]
    return made, rows, crops.left_out(project)
