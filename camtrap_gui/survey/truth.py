"""How well a detector does on the survey: what it found, held against who was really there."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from camtrap_gui.geometry import Box, iou

SAME = 0.5
"""Least intersection over union of a detection that counts as the visitor. Source: PASCAL VOC."""


@dataclass(frozen=True)
class Score:
    """Counts over pictures: visitors there and found, boxes drawn and right, pictures without visitors and with a box nevertheless."""

    visitors: int = 0
    found: int = 0
    boxes: int = 0
    right: int = 0
    empty: int = 0
    alarmed: int = 0

    @property
    def recall(self) -> float | None:
        """Share of the visitors that were found."""
        return self.found / self.visitors if self.visitors else None

    @property
    def precision(self) -> float | None:
        """Share of the boxes that are right."""
        return self.right / self.boxes if self.boxes else None


def read_true_boxes(path: Path) -> dict[str, list[Box]]:
    """The boxes of every readable picture by image id, as fractions of the upright picture."""
    known = json.loads(path.read_text(encoding="utf-8"))
    sizes = {image["id"]: (image["width"], image["height"]) for image in known["images"] if image["readable"]}
    boxes: dict[str, list[Box]] = {key: [] for key in sizes}
    for record in known["annotations"]:
        width, height = sizes[record["image_id"]]
        x, y, w, h = record["bbox"]
        boxes[record["image_id"]].append((x / width, y / height, w / width, h / height))
    return boxes


def score(pictures: Iterable[tuple[Sequence[Box], Sequence[Box]]]) -> Score:
    """The score over (true boxes, detected boxes most confident first) of each picture.

    A detection takes the visitor it overlaps most among those not yet taken, if they overlap by ``SAME`` or more.
    """
    visitors = found = boxes = empty = alarmed = 0
    for true, detected in pictures:
        left = list(true)
        for box in detected:
            best = max(left, key=lambda other: iou(box, other), default=None)
            if best is not None and iou(box, best) >= SAME:
                left.remove(best)
        visitors += len(true)
        found += len(true) - len(left)
        boxes += len(detected)
        empty += not true
        alarmed += not true and bool(detected)
    return Score(visitors, found, boxes, found, empty, alarmed)
