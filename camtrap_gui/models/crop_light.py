"""Day or night for crops whose pictures have no time of day, from their colours.

How colourful a crop is gets kept by the SHA-256 of its file, as features are, so that it is looked at once.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.evaluation.light import Light, colourfulness
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.models.classifiers.features import FeatureStore
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import Unreadable, read_upright
from camtrap_gui.project import Project, training_data

PHASE = "Telling day from night"
_PAGE = 1024


class CropLight:
    """The light of some crops, by id."""

    def __init__(self, ids: NDArray[np.int64], colourful: NDArray[np.float32]) -> None:
        self._ids, self._colourful = ids, colourful

    def __call__(self, crop_id: int) -> Light:
        """UNKNOWN for crops that were not looked at or cannot be read."""
        place = int(np.searchsorted(self._ids, crop_id))
        if place == len(self._ids) or self._ids[place] != crop_id:
            return Light.UNKNOWN
        return Light.by_colour(float(self._colourful[place]))


def look(project: Project, crop_ids: Iterable[int], report: Report) -> CropLight:
    """Look at crops, given in ascending order; what was seen until ``report`` raises is kept."""
    ids = np.fromiter(crop_ids, np.int64)
    if not len(ids):
        return CropLight(ids, np.empty(0, np.float32))
    kept = FeatureStore(project.folder / "features" / "colour", 1)
    missing = ids[kept.rows(training_data.sha256s(project, ids)) < 0]
    files = (training_data.file_of(project, int(crop_id)) for crop_id in missing)
    done = len(ids) - len(missing)
    with closing(in_order(_seen, files, ahead=64)) as seen:
        while page := list(islice(seen, _PAGE)):
            readable = [(sha256, [value]) for sha256, value in page if value is not None]
            if readable:
                keys, values = zip(*readable, strict=True)
                kept.add(keys, np.array(values))
            done += len(page)
            report(Progress(done, len(ids), phase=PHASE))
    rows = kept.rows(training_data.sha256s(project, ids))
    colourful = np.full(len(ids), np.nan, np.float32)
    colourful[rows >= 0] = kept.vectors()[rows[rows >= 0], 0]
    return CropLight(ids, colourful)


def _seen(file: tuple[Path, str]) -> tuple[str, float | None]:
    """The file's hash, and how colourful it is; None when it cannot be read."""
    path, sha256 = file
    try:
        return sha256, colourfulness(read_upright(path, at_least=64))
    except Unreadable:
        return sha256, None


def without_time(project: Project, split: str) -> Iterator[int]:
    """The ids of the crops of a split whose pictures have no time of day, ascending."""
    rows = project.db.execute(
        "SELECT crops.id FROM crops NOT INDEXED JOIN images ON images.id = image_id"
        " WHERE split = ? AND substr(coalesce(taken, ''), 12, 2) NOT GLOB '[0-9][0-9]' ORDER BY crops.id",
        (split,),
    )
    return (number for (number,) in rows)
