"""How much people have decided since a run began to learn: what a new training would learn anew."""

import json
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from camtrap_gui.project import Project, detections
from camtrap_gui.project.machines import MODEL
from camtrap_gui.project.not_animals import NOT_ANIMALS
from camtrap_gui.project.runs import Run

_TABLES = ("labels", "boxes", "detections")
"""What a decision about an image changes; a flag, or the name of a species, is nothing to learn from."""


class Corrections:
    """Knows the images of every edit, each read only once: cheap enough to be asked after every decision."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._images_of: dict[tuple[int, str], frozenset[int]] = {}

    def since(self, run: Run) -> frozenset[int]:
        """Images whose labels or boxes a person changed since the run was started; what was undone does not count."""
        edits = self._project.db.execute(
            "SELECT id, made FROM edits WHERE made > ? AND undone = 0", (run.started.isoformat(),)
        ).fetchall()
        return frozenset().union(*(self._images(*edit) for edit in edits))

    def _images(self, edit_id: int, made: str) -> frozenset[int]:
        # The id alone is not enough: an edit that was undone and replaced leaves its id to another one.
        if (edit_id, made) not in self._images_of:
            self._images_of[edit_id, made] = frozenset(_images(self._project, edit_id))
        return self._images_of[edit_id, made]


def _images(project: Project, edit_id: int) -> Iterator[int]:
    rows = project.db.execute(
        'SELECT "table", key, before, after FROM changes WHERE edit_id = ?', (edit_id,)
    ).fetchall()
    for table, *texts in rows:
        if table not in _TABLES:
            continue
        columns, before, after = (msgspec.json.decode(text or "[]") for text in texts)
        if isinstance(columns, dict):  # by version 1 of the schema: one row, as objects
            yield {**columns, **dict(before), **dict(after)}["image_id"]
        elif "image_id" in columns:
            place = columns.index("image_id")
            yield from (row[place] for row in before or _by_persons(columns, after))
        else:  # of a box or a detection that was changed, only what is new is written down
            place = columns.index("id")
            numbers = json.dumps([row[place] for row in before or after])
            found = project.db.execute(
                f"SELECT image_id FROM {table} WHERE id IN (SELECT value FROM json_each(?))", (numbers,)
            )
            yield from (image_id for (image_id,) in found)


def _by_persons(columns: list[str], rows: list[list[Any]]) -> list[list[Any]]:
    """The new rows without labels that a classifier was sure of: no training learns from them."""
    if "author" not in columns:
        return rows
    place = columns.index("author")
    return [row for row in rows if row[place] != MODEL]


def corrections(project: Project, run: Run) -> int:
    """How many images a person corrected since the run was started."""
    return len(Corrections(project).since(run))


def without_crop(project: Project, image_ids: Collection[int]) -> int:
    """How many of these images show a labelled animal that only the crop step can cut out.

    Newly labelled, or with a box that was drawn or moved since the crops were made.
    """
    detector = detections.latest_detector(project)
    known = (detector.id, detector.typical_threshold) if detector else (-1, 1.0)
    words = json.dumps(sorted(NOT_ANIMALS))
    row = project.db.execute(
        "WITH animals AS (SELECT id FROM species WHERE lower(name) NOT IN (SELECT value FROM json_each(?)))"
        " SELECT count(*) FROM json_each(?) AS asked WHERE EXISTS ("
        "  SELECT 1 FROM boxes WHERE boxes.image_id = asked.value AND species_id IN animals AND NOT EXISTS ("
        "   SELECT 1 FROM crops WHERE crops.image_id = asked.value"
        "    AND (crops.box_id = boxes.id OR crops.detection_id = boxes.detection_id)))"
        " OR (NOT EXISTS (SELECT 1 FROM boxes WHERE boxes.image_id = asked.value)"
        "  AND NOT EXISTS (SELECT 1 FROM crops WHERE crops.image_id = asked.value)"
        "  AND 1 = (SELECT count(*) FROM labels WHERE labels.image_id = asked.value)"
        "  AND EXISTS (SELECT 1 FROM labels WHERE labels.image_id = asked.value AND species_id IN animals)"
        "  AND EXISTS (SELECT 1 FROM detections WHERE detections.image_id = asked.value AND detector_id = ?"
        "   AND category = 'animal' AND NOT rejected AND confidence >= ?))",
        (words, json.dumps(list(image_ids)), *known),
    ).fetchone()
    return int(row[0])
