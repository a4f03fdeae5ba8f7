"""Which crops a training learns from, and which tell it how well it does.

The validation crops are those of the split; where it has none (the tutorial's split), a fifth of the training
locations is held out, so that the test crops never influence a decision.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.files import inside
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crop_split, crops

HELD_OUT = 0.2
_PAGE = 10_000

Ids = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True)
class Selection:
    """Crops by ``ids`` (ascending) with their classes, ``labels``; int64 [N] each."""

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, which: NDArray[Any]) -> "Selection":
        """Some of them: by places or by a mask."""
        return Selection(self.ids[which], self.labels[which])


@dataclass(frozen=True)
class TrainingData:
    """``validation_is`` says in words where the validation crops come from."""

    classes: tuple[str, ...]
    train: Selection
    validation: Selection
    validation_is: str
    padding: float

    def counts(self) -> dict[str, dict[str, int]]:
        """Crops of each class by name, for "train" and "validation"."""
        return {
            name: dict(
                zip(
                    self.classes,
                    np.bincount(part.labels, minlength=len(self.classes)).tolist(),
                    strict=True,
                )
            )
            for name, part in (("train", self.train), ("validation", self.validation))
        }


def choose(project: Project, seed: int) -> TrainingData:
    """Choose the crops; the same for the same crops and seed. Raises Problem without two classes to tell apart."""
    crops.require_whole(project)
    classes = crops.classes(project)
    counts = crops.counts(project)
    if not any(map(any, counts.values())):
        raise Problem(f"There are no crops in {project.folder}. Cut them out first: camtrap crop.")
    seen = [name for name, count in zip(classes, counts["train"], strict=True) if count]
    if len(seen) < 2:
        raise Problem(
            f"A classifier needs crops of at least two species in the training split; there are crops of "
            f"{seen[0] if seen else 'none'}. Label or detect more pictures, then: camtrap crop."
        )
    train = of_split(project, "train")
    if any(counts["val"]):
        data = train, of_split(project, "val"), "split"
    else:
        data = _hold_out(project, train, seed)
    return TrainingData(classes, *data, padding=crop_split.made(project).padding)


def of_split(project: Project, split: str) -> Selection:
    """All crops of a split."""
    place = crops.species_places(project)
    query = "SELECT id, species_id FROM crops WHERE split = ? ORDER BY id"
    rows = ((row[0], place[row[1]]) for row in project.db.execute(query, (split,)))
    pairs: NDArray[np.int64] = np.fromiter(rows, np.dtype((np.int64, 2)))
    return Selection(pairs[:, 0], pairs[:, 1])


def file_of(project: Project, crop_id: int) -> tuple[Path, str]:
    """Path and SHA-256 of a crop's file."""
    row = project.db.execute("SELECT file, sha256 FROM crops WHERE id = ?", (crop_id,)).fetchone()
    return inside(crops.folder(project), row["file"]), row["sha256"]


def sha256s(project: Project, crop_ids: Ids) -> Iterator[str]:
    """SHA-256 of the files of many crops, in the order of the ids, read in pages."""
    for page in _pages(crop_ids):
        found = _of_page(project, "SELECT id, sha256 FROM crops WHERE id", page)
        yield from (found[crop_id] for crop_id in page)


def locations(project: Project, crop_ids: Ids) -> NDArray[np.int64]:
    """The locations of many crops, in the order of the ids, as places among all locations of crops, sorted by name."""
    names = project.db.execute("SELECT DISTINCT location FROM crops ORDER BY location")
    place = {name: number for number, (name,) in enumerate(names)}
    places = np.empty(len(crop_ids), np.int64)
    for first, page in enumerate(_pages(crop_ids)):
        found = _of_page(project, "SELECT id, location FROM crops WHERE id", page)
        places[first * _PAGE : first * _PAGE + len(page)] = [place[found[crop_id]] for crop_id in page]
    return places


def confidences(project: Project, crop_ids: Ids) -> NDArray[np.float32]:
    """How sure the detector was of what is in each crop, float32 [N], 0..1; 1 where a person drew the box."""
    query = (
        "SELECT crops.id, detections.confidence FROM crops JOIN detections ON detections.id = crops.detection_id"
        " WHERE crops.id"
    )
    sure = np.empty(len(crop_ids), np.float32)
    for first, page in enumerate(_pages(crop_ids)):
        found = _of_page(project, query, page)
        sure[first * _PAGE : first * _PAGE + len(page)] = [found.get(crop_id, 1.0) for crop_id in page]
    return sure


def _pages(crop_ids: Ids) -> Iterator[list[int]]:
    for first in range(0, len(crop_ids), _PAGE):
        yield [int(crop_id) for crop_id in crop_ids[first : first + _PAGE]]


def _of_page(project: Project, query: str, page: list[int]) -> dict[int, Any]:
    rows = project.db.execute(f"{query} IN (SELECT value FROM json_each(?))", (json.dumps(page),))
    return dict(rows.fetchall())


def _hold_out(project: Project, train: Selection, seed: int) -> tuple[Selection, Selection, str]:
    """By location, or where that leaves a class without crops to learn from, by sequence, or not at all."""
    for group, words in (
        ("crops.location", "a fifth of the training locations"),
        ("coalesce('s' || images.sequence_id, 'i' || images.id)", "a fifth of the training sequences"),
    ):
        query = (
            f"SELECT crops.id, {group} FROM crops JOIN images ON images.id = crops.image_id"
            " WHERE split = 'train' ORDER BY crops.id"
        )
        numbers: dict[str, int] = {}
        groups = np.fromiter(
            (numbers.setdefault(row[1], len(numbers)) for row in project.db.execute(query)), np.int64
        )
        names = list(numbers)
        held = held_out(names, groups, train.labels, seed)
        if held:
            out = np.isin(groups, [numbers[name] for name in held])
            return train.only(~out), train.only(out), words
    return train, train, "the training crops themselves: there are too few to hold any out"


def held_out(names: list[str], groups: NDArray[np.int64], labels: NDArray[np.int64], seed: int) -> list[str]:
    """A fifth of the groups, drawn at random but for those that hold all remaining crops of a class.

    ``groups`` and ``labels`` are the crops' group (index into ``names``) and class.
    """
    of_group: dict[int, Counter[int]] = defaultdict(Counter)
    for group, label in zip(groups.tolist(), labels.tolist(), strict=True):
        of_group[group][label] += 1
    remaining = Counter(labels.tolist())
    number = {name: n for n, name in enumerate(names)}
    order = sorted(names)
    random.Random(seed).shuffle(order)
    held: list[str] = []
    for name in order:
        if len(held) >= max(1, int(HELD_OUT * len(names))):
            break
        taken = of_group[number[name]]
        if all(remaining[label] > count for label, count in taken.items()):
            remaining.subtract(taken)
            held.append(name)
    return held
