"""Pictures that nobody but the owner of a survey should see: those with people in them."""

import json
from collections.abc import Iterable

from camtrap_gui.project import Project
from camtrap_gui.project.not_animals import MEANINGS

_LEAST = 0.1
"""Confidence from which a detected person counts: far below what detectors are used with, to be on the safe side."""


def crops_without_people(project: Project, crop_ids: Iterable[int]) -> set[int]:
    """Those of some crops whose whole picture shows no person, as far as labels, boxes and detectors know."""
    words = json.dumps(sorted(MEANINGS["person"]))
    rows = project.db.execute(
        "WITH people AS (SELECT id FROM species WHERE lower(name) IN (SELECT value FROM json_each(?1)))"
        " SELECT crops.id FROM crops WHERE id IN (SELECT value FROM json_each(?2))"
        " AND NOT EXISTS (SELECT 1 FROM labels"
        "  WHERE labels.image_id = crops.image_id AND species_id IN (SELECT id FROM people))"
        " AND NOT EXISTS (SELECT 1 FROM boxes"
        "  WHERE boxes.image_id = crops.image_id AND species_id IN (SELECT id FROM people))"
        " AND NOT EXISTS (SELECT 1 FROM detections WHERE detections.image_id = crops.image_id"
        "  AND category = 'person' AND confidence >= ?3 AND NOT rejected)",
        (words, json.dumps(list(crop_ids)), _LEAST),
    )
    return {crop_id for (crop_id,) in rows}
