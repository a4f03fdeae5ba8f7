"""Training crops as what a prediction is compared with: which there are, and what each shows where."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from camtrap_gui.files import inside
from camtrap_gui.problem import Problem
from camtrap_gui.project import CONFIG, Project, crops, images

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TrainingCrop(NamedTuple):
    """A crop with its label. ``path`` is its file, ``picture`` the one it was cut from, None where that has no file."""

    id: int
    path: Path
    species: str
    location: str
    picture: Path | None


def project_around(folder: Path) -> Path | None:
    """The project that a folder (of a run, of an export) lies in."""
    folder = folder.resolve()
    return next((one for one in (folder, *folder.parents) if (one / CONFIG).is_file()), None)


def state(project: Project) -> tuple[int, int]:
    """What changes with the training crops: how many there are, and the highest id."""
    row = project.db.execute("SELECT count(*), coalesce(max(id), 0) FROM crops WHERE split = 'train'")
    count, highest = row.fetchone()
    return count, highest


def ids(project: Project) -> "NDArray[np.int64]":
    """All training crops, ascending."""
    from camtrap_gui.project import numbers

    return numbers.column(project, "SELECT id FROM crops WHERE split = 'train' ORDER BY id")


def get(project: Project, crop_ids: Sequence[int]) -> list[TrainingCrop]:
    """Some crops in the order of their ids given, in the names of now; without those that are no more."""
    rows = project.db.execute(
        "SELECT crops.id, file, species.name, location, image_id FROM crops JOIN species ON species.id = species_id"
        " WHERE crops.id IN (SELECT value FROM json_each(?))",
        (json.dumps([int(crop_id) for crop_id in crop_ids]),),
    )
    found = {row[0]: row for row in rows}
    folder = crops.folder(project)
    return [
        TrainingCrop(number, inside(folder, file), species, location, _picture(project, image_id))
        for number, file, species, location, image_id in (found[one] for one in crop_ids if one in found)
    ]


def _picture(project: Project, image_id: int) -> Path | None:
    try:
        return images.path_of(project, image_id)
    except Problem:
        return None
