"""What is known about the survey: ``survey.json`` for users, ``true_boxes.json`` for measuring.

``survey.json`` is a COCO Camera Traps file as volunteers would have made it: labels belong to whole bursts, also to
frames that the animal had already left, and sizes are those of the stored files, turned or not. ``true_boxes.json``
is COCO with a box for each visitor, in pixels of the upright picture, of what can be seen of it.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from camtrap_gui.files import replacing
from camtrap_gui.survey import awkward
from camtrap_gui.survey.plan import Plan, Shot
from camtrap_gui.survey.species import CATEGORIES

SURVEY = "survey.json"
TRUE_BOXES = "true_boxes.json"

_IDS = {name: number for number, name in enumerate(CATEGORIES)}
_CATEGORIES = [{"id": number, "name": name} for name, number in _IDS.items()]


def image_id(shot: Shot) -> str:
    """What both files call a picture: its path without the ending."""
    return shot.file.rsplit(".", 1)[0]


def write_survey(folder: Path, plan: Plan) -> None:
    """Write ``survey.json``, record by record."""
    about = {
        "version": "1.0",
        "description": "Generated camera-trap survey: drawn animals, real file formats",
        "year": 2023,
        "contributor": "camtrap demo",
        "date_created": "2023-07-02",
    }
    with replacing(folder / SURVEY) as beside, beside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"info": {json.dumps(about)},\n"categories": {json.dumps(_CATEGORIES)},\n')
        _list(file, "images", (_image(plan, shot) for shot in _shots(plan)))
        file.write(",\n")
        _list(file, "annotations", (label for shot in _shots(plan) for label in _labels(shot)))
        file.write("}\n")


def write_true_boxes(folder: Path, plan: Plan, boxes: Iterable[tuple[str, list[list[Any]]]]) -> None:
    """Write ``true_boxes.json`` from (image id, rows of species, category, box, visible) in the order of the pictures."""
    with replacing(folder / TRUE_BOXES) as beside, beside.open("w", encoding="utf-8", newline="\n") as file:
        about = {"version": "1.0", "description": "Where each visitor is, in pixels of the upright picture"}
        file.write(f'{{"info": {json.dumps(about)},\n"categories": {json.dumps(_CATEGORIES)},\n')
        _list(file, "images", (_upright(plan, shot) for shot in _shots(plan)))
        file.write(",\n")
        _list(file, "annotations", (box for key, rows in boxes for box in _boxes(key, rows)))
        file.write("}\n")


def _shots(plan: Plan) -> Iterator[Shot]:
    for camera in plan.cameras():
        yield from plan.shots(camera)


def _list(file: TextIO, name: str, records: Iterable[dict[str, Any]]) -> None:
    file.write(f'"{name}": [')
    comma = "\n"
    for record in records:
        file.write(comma + json.dumps(record, ensure_ascii=False))
        comma = ",\n"
    file.write("\n]")


def _image(plan: Plan, shot: Shot) -> dict[str, Any]:
    width, height = awkward.stored_size(plan, shot)
    return {
        "id": image_id(shot),
        "file_name": shot.file,
        "width": width,
        "height": height,
        "location": shot.camera.name,
        "seq_id": shot.sequence,
        "frame_num": shot.frame,
        "seq_num_frames": shot.frames,
        "datetime": shot.taken.strftime("%Y-%m-%d %H:%M:%S"),
    }


def _labels(shot: Shot) -> Iterator[dict[str, Any]]:
    for name in shot.labels:
        yield {
            "id": f"{image_id(shot)}/{name}",
            "image_id": image_id(shot),
            "category_id": _IDS[name],
            "sequence_level_annotation": shot.frames > 1,
        }


def _upright(plan: Plan, shot: Shot) -> dict[str, Any]:
    width, height = shot.camera.upright
    readable = awkward.kinds(plan).get(shot.index) not in awkward.UNREADABLE
    return {
        "id": image_id(shot),
        "file_name": shot.file,
        "width": width,
        "height": height,
        "night": shot.night,
        "readable": readable,
    }


def _boxes(key: str, rows: list[list[Any]]) -> Iterator[dict[str, Any]]:
    for number, (species, category, box, visible) in enumerate(rows):
        yield {
            "id": f"{key}/{number}",
            "image_id": key,
            "category_id": _IDS[species],
            "bbox": box,
            "area": box[2] * box[3],
            "iscrowd": 0,
            "kind": category,
            "visible": visible,
        }
