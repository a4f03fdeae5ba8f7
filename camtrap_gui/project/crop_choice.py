"""Which crops the project's labels, boxes and detections ask for, and why the other images give none."""

import sqlite3
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from camtrap_gui.files import safe_name
from camtrap_gui.project import Project, images
from camtrap_gui.project.crop_plan import UNREADABLE, Plan
from camtrap_gui.project.machines import MODEL

NO_LABEL = "no species is given"
SEVERAL = "several species are given, it is not known which box is which"
EXCLUDED = "labelled empty, person or vehicle, or with a species left out"
BY_MODEL = "its species was accepted from a classifier; nobody has confirmed it"
SEQUENCE_LABEL = "its species was given for the whole sequence"
UNSEEN = "no detector has looked at it yet"
NO_ANIMAL = "no animal was found at this threshold"
NO_LOCATION = "it has no location"

_PAGE = 2_000
_OWN_FILES = ("train.json", "val.json", "test.json", "classlist.txt", "label_map.pbtxt")


@dataclass(frozen=True)
class Rules:
    """What is to be cut out. ``excluded`` are species ids; detections count from ``threshold`` on."""

    detector_id: int | None
    threshold: float
    excluded: Collection[int]
    location_key: str
    skip_sequence_labels: bool


def choose(project: Project, rules: Rules, plan: Plan, seen: Callable[[int], None]) -> None:
    """Fill the plan from the project; ``seen`` is told how many images have been looked at.

    Boxes that people drew or that came with the source are taken as complete for their image: where there are any,
    detections are not asked. A box's own species wins over the image's label, so that also pictures of several species
    can be used. Without boxes, an image must show exactly one species, "empty" counting as one.
    """
    folders = species_folders(project)
    values = images.location_values(project, rules.location_key)
    done = 0
    while page := list(islice(values, _PAGE)):
        known = _Known(project, rules, page[0][0], page[-1][0])
        plan.db.execute("BEGIN")
        for image_id, location in page:
            row = known.images.get(image_id)
            if row is not None:
                _choose_image(plan, rules, known, row, location, folders)
        plan.db.execute("COMMIT")
        done += len(page)
        seen(done)


def species_folders(project: Project) -> dict[int, str]:
    """The folder of each species below ``crops/``: its name made safe, different from all others on every system."""
    taken = {_folded(name) for name in _OWN_FILES}
    folders = {}
    for species_id, name in project.db.execute(
        "SELECT id, name FROM species WHERE merged_into IS NULL ORDER BY position, id"
    ):
        folders[species_id] = _free(_name(name), "", lambda text: _folded(text) not in taken)
        taken.add(_folded(folders[species_id]))
    return folders


class _Known:
    """What the project knows about a page of images, by image id."""

    def __init__(self, project: Project, rules: Rules, first: int, last: int) -> None:
        def by_image(query: str, *values: object) -> dict[int, list[sqlite3.Row]]:
            found = defaultdict(list)
            for row in project.db.execute(query, (first, last, *values)):
                found[row["image_id"]].append(row)
            return found

        self.images = {
            row["id"]: row
            for row in project.db.execute(
                "SELECT images.*, sequences.name AS sequence FROM images"
                " LEFT JOIN sequences ON sequences.id = sequence_id WHERE images.id BETWEEN ? AND ?",
                (first, last),
            )
        }
        self.labels = by_image("SELECT * FROM labels WHERE image_id BETWEEN ? AND ?")
        self.boxes = by_image(
            "SELECT id AS box_id, NULL AS detection_id, NULL AS confidence, image_id, species_id, x, y, width, height"
            " FROM boxes WHERE image_id BETWEEN ? AND ? ORDER BY id"
        )
        self.looked_at = {
            row["image_id"]: row["problem"]
            for row in project.db.execute(
                "SELECT image_id, problem FROM detected WHERE detector_id = ? AND image_id BETWEEN ? AND ?",
                (rules.detector_id, first, last),
            )
        }
        self.detections = by_image(
            "SELECT NULL AS box_id, id AS detection_id, confidence, image_id, NULL AS species_id, x, y, width, height"
            " FROM detections WHERE image_id BETWEEN ? AND ? AND detector_id = ? AND category = 'animal'"
            " AND NOT rejected AND confidence >= ? ORDER BY image_id, confidence DESC, id",
            rules.detector_id,
            rules.threshold,
        )


def _choose_image(
    plan: Plan, rules: Rules, known: _Known, image: Any, location: str | None, folders: dict[int, str]
) -> None:
    wanted = _boxes_or_reason(rules, known, image)
    if not isinstance(wanted, str) and location is None:
        wanted = NO_LOCATION
    if isinstance(wanted, str):
        plan.db.execute("INSERT INTO left_out VALUES (?, ?)", (image["id"], wanted))
        return
    plan.db.execute(
        "INSERT INTO images VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*(image[name] for name in ("id", "key", "root_id", "path", "sequence_id", "sequence")), location),
    )
    for place, (species_id, box) in enumerate(wanted):
        file = _file(plan, folders[species_id], image["path"], f"_{place}" if len(wanted) > 1 else "")
        plan.db.execute(
            "INSERT INTO crops (image_id, species_id, box_id, detection_id, confidence, x, y, width, height, file,"
            " folded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                image["id"],
                species_id,
                *box[:3],
                *(box[side] for side in ("x", "y", "width", "height")),
                file,
                _folded(file),
            ),
        )


def _boxes_or_reason(rules: Rules, known: _Known, image: Any) -> list[tuple[int, Any]] | str:
    # The boxes of an image, each with its species id, or why there are none.
    image_id = image["id"]
    if image["problem"] is not None:
        return UNREADABLE
    species = _species_or_reason(rules, known.labels.get(image_id, []))
    if drawn := known.boxes.get(image_id):
        named = [(box["species_id"] or species, box) for box in drawn]
        wanted = [
            (whose, box) for whose, box in named if isinstance(whose, int) and whose not in rules.excluded
        ]
        unnamed = any(box["species_id"] is None for box in drawn)
        return wanted or (species if unnamed and isinstance(species, str) else EXCLUDED)
    if isinstance(species, str):
        return species
    if image_id not in known.looked_at:
        return UNSEEN
    if known.looked_at[image_id] is not None:
        return UNREADABLE
    return [(species, box) for box in known.detections.get(image_id, [])] or NO_ANIMAL


def _species_or_reason(rules: Rules, labels: list[sqlite3.Row]) -> int | str:
    if not labels:
        return NO_LABEL
    labels = [row for row in labels if row["author"] != MODEL]
    if not labels:
        return BY_MODEL
    if len(labels) > 1:
        return SEVERAL
    species_id: int = labels[0]["species_id"]
    if species_id in rules.excluded:
        return EXCLUDED
    return SEQUENCE_LABEL if labels[0]["sequence_level"] and rules.skip_sequence_labels else species_id


def _file(plan: Plan, folder: str, path: str, suffix: str) -> str:
    # Where a crop of an image goes: the image's own path below the species, always .jpg, never that of another crop.
    pure = PurePosixPath(path)
    # A folder "a.jpg" would stand in the way of a crop "a.jpg".
    parents = [f"{name}_" if _folded(name).endswith(".jpg") else name for name in map(_name, pure.parts[:-1])]
    stem = "/".join([folder, *parents, _name(pure.stem) + suffix])

    def is_free(file: str) -> bool:
        return not plan.count("crops", "folded = ?", _folded(file))

    return _free(stem, ".jpg", is_free)


def _free(stem: str, ending: str, is_free: Callable[[str], bool]) -> str:
    if is_free(stem + ending):
        return stem + ending
    return next(name for name in _numbered(stem, ending) if is_free(name))


def _numbered(stem: str, ending: str) -> Iterator[str]:
    number = 2
    while True:
        yield f"{stem}-{number}{ending}"
        number += 1


def _name(text: str) -> str:
    # Names end at 255 bytes on most disks; some room is left for what is put behind.
    return safe_name(text).encode()[:200].decode(errors="ignore")


def _folded(name: str) -> str:
    # Windows and macOS take names for equal that differ in case, macOS also in the way accents are written.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
