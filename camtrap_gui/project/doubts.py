"""Labels of the data set that are probably wrong: what is checked, and what came of it.

``suggestions.doubt_of`` tells of one image; ``queues`` puts images in order.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.project import Project, crops

_BATCH = 20_000

# What keeps crops together that show the same scene, the strongest first.
_GROUPS = ("crops.location", "coalesce('s' || images.sequence_id, 'i' || images.id)", "images.id")


@dataclass(frozen=True)
class Labelled:
    """The crops of all splits by ascending id, arrays [N]: ``labels`` are places in the class list, ``groups`` number
    what must not be split up: locations, where there are too few sequences, or else images."""

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]

    def only(self, which: NDArray[np.bool_]) -> "Labelled":
        """Some of them."""
        return Labelled(self.ids[which], self.labels[which], self.groups[which])


class Row(NamedTuple):
    """A row of the table; ``alike`` is the crop's place among all that is alike."""

    crop_id: int
    label_id: int
    species_id: int
    given: float
    confidence: float
    score: float
    alike: int


def labelled(project: Project, least_groups: int) -> Labelled:
    """All crops with their labels, and the strongest grouping that has at least so many groups."""
    place = crops.species_places(project)
    pairs: NDArray[np.int64] = np.fromiter(
        (
            (crop_id, place[species_id])
            for crop_id, species_id in project.db.execute("SELECT id, species_id FROM crops ORDER BY id")
            if species_id in place
        ),
        np.dtype((np.int64, 2)),
    )
    ids, labels = pairs[:, 0], pairs[:, 1]
    groups = np.zeros(0, np.int64)
    for group in _GROUPS:
        numbers: dict[str | int, int] = {}
        rows = project.db.execute(
            f"SELECT species_id, {group} FROM crops JOIN images ON images.id = crops.image_id ORDER BY crops.id"
        )
        groups = np.fromiter(
            (numbers.setdefault(value, len(numbers)) for species_id, value in rows if species_id in place),
            np.int64,
        )
        if len(numbers) >= least_groups:
            break
    return Labelled(ids, labels, groups)


def replace_all(project: Project, rows: Iterable[Row]) -> None:
    """Make these the doubts; rows by ascending crop id. Written in batches, crops that are gone are passed over."""
    before, left = 0, iter(rows)
    while batch := list(islice(left, _BATCH)):
        with project.write() as db:
            db.execute("DELETE FROM doubts WHERE crop_id > ? AND crop_id <= ?", (before, batch[-1].crop_id))
            db.executemany(
                "INSERT INTO doubts (crop_id, image_id, label_id, species_id, given, confidence, score, alike)"
                " SELECT id, image_id, ?2, ?3, ?4, ?5, ?6, ?7 FROM crops WHERE id = ?1",
                batch,
            )
        before = batch[-1].crop_id
    with project.write() as db:
        db.execute("DELETE FROM doubts WHERE crop_id > ?", (before,))
