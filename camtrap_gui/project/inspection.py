"""Looking through what a run said about crops: the surest first, the least sure first, or a few of each species.

Read in pages by key along the index of confidences, so that the first page of a million comes as quickly as that of a
thousand, and none is counted twice when predictions are added meanwhile.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from camtrap_gui.geometry import Box
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images
from camtrap_gui.project.images import Image
from camtrap_gui.project.predictions import Judged

PAGE = 300
ANY, WRONG, RIGHT = "any", "wrong", "right"

_JUDGED = "SELECT crops.id, file, crops.location, truth.name, predictions.top"
_TOP = msgspec.json.Decoder(list[tuple[str, float]])
_VERDICTS = {
    ANY: "",
    WRONG: " AND predictions.species_id <> crops.species_id",
    RIGHT: " AND predictions.species_id = crops.species_id",
}


@dataclass(frozen=True)
class Asked:
    """Which predictions: of a run, for a split. ``truth`` and ``called`` are species, ``location`` a camera, '' for any;
    ``verdict`` is one of ANY, WRONG and RIGHT."""

    run_id: str
    split: str
    truth: str = ""
    called: str = ""
    location: str = ""
    verdict: str = ANY


def page(
    project: Project, asked: Asked, least_sure_first: bool, after: Judged | None = None, most: int = PAGE
) -> list[Judged]:
    """Up to ``most`` predictions that follow ``after``, by confidence."""
    where, values = _where(asked)
    way, sign = ("ASC", ">") if least_sure_first else ("DESC", "<")
    if after is not None:
        where += f" AND (predictions.confidence, predictions.crop_id) {sign} (?, ?)"
        values += [after.top[0][1], after.crop_id]
    rows = project.db.execute(
        f"{_JUDGED} {where} ORDER BY predictions.confidence {way}, predictions.crop_id {way} LIMIT ?",
        (*values, most),
    )
    return _judged(rows)


def count(project: Project, asked: Asked) -> int:
    """How many predictions there are of that kind."""
    where, values = _where(asked)
    number: int = project.db.execute(f"SELECT count(*) {where}", values).fetchone()[0]
    return number


def sample(project: Project, asked: Asked, of_each: int, seed: int) -> list[Judged]:
    """Up to ``of_each`` predictions for crops of each species, drawn at random, by species; the same for the same seed."""
    where, values = _where(asked)
    chance = random.Random(seed)
    drawn: dict[tuple[int, int], list[int]] = defaultdict(list)
    seen: dict[tuple[int, int], int] = defaultdict(int)
    rows = project.db.execute(
        f"SELECT crops.id, truth.position, truth.id {where} ORDER BY predictions.crop_id", values
    )
    for crop_id, *species in rows:  # Vitter's reservoir: memory of what is drawn only
        key = species[0], species[1]
        seen[key] += 1
        if len(drawn[key]) < of_each:
            drawn[key].append(crop_id)
        elif (place := chance.randrange(seen[key])) < of_each:
            drawn[key][place] = crop_id
    ids = []
    for key in sorted(drawn):
        chance.shuffle(drawn[key])
        ids += drawn[key]
    found = {one.crop_id: one for one in _of_ids(project, asked.run_id, ids)}
    return [found[crop_id] for crop_id in ids if crop_id in found]


def place_of(project: Project, crop_id: int) -> tuple[Image, Box] | None:
    """The image a crop was cut from and where its animal is there; None where the image or the box is gone."""
    row = project.db.execute(
        "SELECT crops.image_id, coalesce(boxes.x, detections.x), coalesce(boxes.y, detections.y),"
        " coalesce(boxes.width, detections.width), coalesce(boxes.height, detections.height) FROM crops"
        " LEFT JOIN boxes ON boxes.id = crops.box_id LEFT JOIN detections ON detections.id = crops.detection_id"
        " WHERE crops.id = ?",
        (crop_id,),
    ).fetchone()
    if row is None or row[1] is None:
        return None
    try:
        return images.get(project, row[0]), (row[1], row[2], row[3], row[4])
    except Problem:
        return None


def _where(asked: Asked) -> tuple[str, list[Any]]:
    # By the crops where their species narrows them down, otherwise along the index of confidences: of a million the first
    # page came after 22 s instead of a hundredth of one where SQLite chose by itself.
    outer, inner = ("crops", "predictions") if asked.truth else ("predictions", "crops")
    clause = (
        f"FROM {outer} CROSS JOIN {inner} ON crops.id = predictions.crop_id"
        " JOIN species AS truth ON truth.id = crops.species_id WHERE predictions.run_id = ? AND crops.split = ?"
        + _VERDICTS[asked.verdict]
    )
    values: list[Any] = [asked.run_id, asked.split]
    for value, condition in (
        (asked.truth, "crops.species_id = (SELECT id FROM species WHERE name = ?)"),
        (asked.called, "predictions.species_id = (SELECT id FROM species WHERE name = ?)"),
        (asked.location, "crops.location = ?"),
    ):
        if value:
            clause += f" AND {condition}"
            values.append(value)
    return clause, values


def _of_ids(project: Project, run_id: str, ids: Sequence[int]) -> list[Judged]:
    rows = project.db.execute(
        f"{_JUDGED} FROM predictions JOIN crops ON crops.id = predictions.crop_id"
        " JOIN species AS truth ON truth.id = crops.species_id"
        " WHERE predictions.run_id = ? AND predictions.crop_id IN (SELECT value FROM json_each(?))",
        (run_id, msgspec.json.encode(list(ids)).decode()),
    )
    return _judged(rows)


def _judged(rows: Any) -> list[Judged]:
    return [
        Judged(number, file, place, truth, _TOP.decode(said)) for number, file, place, truth, said in rows
    ]
