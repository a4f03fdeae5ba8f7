"""Boxes as COCO: one JSON for each split, boxes in pixels, category ids from 1 in the order of the class list."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from camtrap_gui.formats import json_writing
from camtrap_gui.geometry import Box

Boxes = Sequence[tuple[int, Box, float | None]]
"""Class number from 0, box in fractions, and how sure a detector was (None: somebody drew it)."""


@contextmanager
def writing(path: Path, classes: Sequence[str]) -> Iterator[Callable[[dict[str, Any], Boxes], None]]:
    """A function that adds an image (its record with id, file_name, width and height) with its boxes."""
    categories = [{"id": number, "name": name} for number, name in enumerate(classes, start=1)]
    annotations = 0
    with json_writing.writing(
        path, ("images", "annotations"), lambda: {"categories": categories}
    ) as add_record:

        def add(image: dict[str, Any], boxes: Boxes) -> None:
            nonlocal annotations
            add_record("images", image)
            for number, (x, y, width, height), confidence in boxes:
                annotations += 1
                box = [
                    x * image["width"],
                    y * image["height"],
                    width * image["width"],
                    height * image["height"],
                ]
                record = {
                    "id": annotations,
                    "image_id": image["id"],
                    "category_id": number + 1,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                }
                add_record("annotations", record if confidence is None else record | {"score": confidence})

        yield add
