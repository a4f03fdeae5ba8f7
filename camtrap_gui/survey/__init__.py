"""A camera-trap survey made from nothing: scenes, animals, bursts, labels and bad files, for trying everything out.

``generate`` is the door. ``plan`` decides what happens, ``scenes``/``plants`` and ``animals``/``coats``/``glyphs`` draw
it, ``exposure`` photographs it, ``awkward`` spoils some files, ``records`` writes down what is known.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from camtrap_gui import parallel
from camtrap_gui.files import write_bytes, write_text
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem
from camtrap_gui.survey import awkward, records
from camtrap_gui.survey.plan import Camera, Plan

ABOUT = "made.json"
"""What a survey was made from; the file that tells its folder from any other."""

_VERSION = 1
"""To be raised when the same plan gives other pictures."""

_PARTS = ".parts"
_PART = 24


@dataclass(frozen=True)
class Survey:
    """A finished survey: its folder of pictures, and the two files about them."""

    folder: Path
    images: int
    cameras: int

    @property
    def json(self) -> Path:
        """The COCO Camera Traps file."""
        return self.folder / records.SURVEY

    @property
    def true_boxes(self) -> Path:
        """The COCO file with the box of every visitor."""
        return self.folder / records.TRUE_BOXES


def generate(folder: Path, images: int, seed: int, report: Report) -> Survey:
    """Make a survey of ``images`` pictures in ``folder``, or what is missing of it.

    The same ``images`` and ``seed`` give the same files. Stopped at any moment, the next call continues. Raises Problem
    when the folder holds something else.
    """
    plan = Plan(images, seed)
    survey = Survey(folder, images, len(plan.cameras()))
    _claim(folder, plan)
    if survey.json.exists() and survey.true_boxes.exists():
        report(Progress(images, images, "already there", "Survey"))
        return survey
    parts = [(camera, first) for camera in plan.cameras() for first in range(0, camera.pictures, _PART)]
    done = 0
    report(Progress(0, images, phase="Survey"))
    made = parallel.in_order(lambda part: _make_part(folder, plan, *part), parts)
    for (camera, _), count in zip(parts, made, strict=True):
        done += count
        report(Progress(done, images, camera.name, "Survey"))
    for unfinished in folder.glob("*/*/.IMG_*"):  # what a killed run was just writing
        unfinished.unlink()
    records.write_true_boxes(folder, plan, _made_boxes(folder, parts))
    records.write_survey(folder, plan)
    shutil.rmtree(folder / _PARTS, ignore_errors=True)
    return survey


def _claim(folder: Path, plan: Plan) -> None:
    about = {"made_by": "camtrap demo", "version": _VERSION, **asdict(plan)}
    path = folder / ABOUT
    if path.is_file():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            before = {}
        if before != about:
            raise Problem(
                f"{folder} holds a demo survey with other settings ({before.get('images')} images, seed "
                f"{before.get('seed')}). Choose another folder, or delete this one."
            )
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Problem(f"{folder} is not empty and is not a demo survey. Choose a new or empty folder.")
    else:
        write_text(path, json.dumps(about, indent=1) + "\n")


def _part_file(folder: Path, camera: Camera, first: int) -> Path:
    return folder / _PARTS / f"{camera.number:03d}-{first:07d}.json"


def _make_part(folder: Path, plan: Plan, camera: Camera, first: int) -> int:
    """Write some consecutive pictures of a camera, then a small file that says so and keeps their true boxes."""
    shots = list(plan.shots(camera, first, first + _PART))
    note = _part_file(folder, camera, first)
    if not note.exists():
        from camtrap_gui.survey import drawing

        boxes: dict[str, Any] = {}
        for shot in shots:
            image, true_boxes = drawing.draw(shot, plan.seed)
            data = awkward.encode(image, plan, shot)
            if data is not None:
                write_bytes(folder / shot.file, data)
            readable = awkward.kinds(plan).get(shot.index) not in awkward.UNREADABLE
            boxes[records.image_id(shot)] = [
                [b.species, b.category, b.box, b.visible] for b in true_boxes if readable
            ]
        write_text(note, json.dumps(boxes))
    return len(shots)


def _made_boxes(folder: Path, parts: list[tuple[Camera, int]]) -> Iterator[tuple[str, list[list[Any]]]]:
    for part in parts:
        yield from json.loads(_part_file(folder, *part).read_text(encoding="utf-8")).items()
