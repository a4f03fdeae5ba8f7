"""The project as a COCO Camera Traps file, the form that surveys are published in and that the dataset step reads.

It holds what people and sources say, not what machines found: labels, and boxes that somebody drew. File names start
from the image folder, or the one around them all. Fields of the source that the project has no name for come back as
they were; who labelled, when, and by which suggestion stand as ``author``, ``made``, ``run`` and ``confidence``, and
``box_author`` is who drew the box if that was another one.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from camtrap_gui.formats import json_writing
from camtrap_gui.jobs import Report
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images
from camtrap_gui.project.known_images import CORRUPT
from camtrap_gui.project.observations import Rules
from camtrap_gui.sharing import telling
from camtrap_gui.sharing.file_names import namer
from camtrap_gui.sharing.telling import Told

NOTHING_SURE = Rules(low=2.0)
"""No detection is as sure as this: only boxes are told."""


@dataclass(frozen=True)
class Written:
    """How much a file holds."""

    images: int
    annotations: int


def write(project: Project, target: Path, report: Report) -> Written:
    """Write the file, whole or not at all."""
    if images.count(project) == 0:
        raise Problem(f"There are no pictures in {project.folder} yet. Import some first: camtrap dataset.")
    categories = _Categories(images.species(project))
    name_of = namer(project)
    number_of = {path: number for number, path in images.roots(project).items()}
    whole = images.numbered_locations(project)
    extras = _Extras(project)
    pictures = annotations = 0
    with json_writing.writing(target, ("images", "annotations"), lambda: _rest(project, categories)) as add:
        for observed in telling.each(project, NOTHING_SURE, report):
            image = observed.image
            # Two image folders may both have a picture or a sequence "1".
            prefix = "" if len(number_of) == 1 else f"{number_of[image.root]}:"
            key = prefix + image.key
            add(
                "images", _image(image, prefix, name_of(image), image.location in whole) | extras.of(image.id)
            )
            pictures += 1
            for place, told in enumerate(telling.tell(observed)):
                if told.source in ("person", "import"):
                    annotations += 1
                    row = _annotation(told, image, categories.id_of(told.species or told.kind))
                    add("annotations", {"id": f"{key}:{place}", "image_id": key, **row})
    return Written(pictures, annotations)


class _Categories:
    """Category ids by name: 0 for "empty", whether it is used or not, then the class list, then what else turns up."""

    def __init__(self, species: tuple[str, ...]) -> None:
        self.ids = {"empty": 0}
        for name in species:
            self.id_of(name)

    def id_of(self, name: str) -> int:
        return self.ids.setdefault(name, len(self.ids))


class _Extras:
    """Other fields of the source by image, a page at a time; ids are asked for in ascending order."""

    def __init__(self, project: Project) -> None:
        self._db = project.db
        self._page: dict[int, str] = {}
        self._until = 0

    def of(self, image_id: int) -> dict[str, Any]:
        if image_id > self._until:
            self._until = image_id + 5000
            self._page = dict(
                self._db.execute(
                    "SELECT id, extra FROM images WHERE id BETWEEN ? AND ? AND extra IS NOT NULL",
                    (image_id, self._until),
                ).fetchall()
            )
        text = self._page.get(image_id)
        if text is None:
            return {}
        # The time is there in its own right where it could be read.
        return {name: value for name, value in json.loads(text).items() if name != "datetime"}


def _image(image: images.Image, prefix: str, name: str, whole: bool) -> dict[str, Any]:
    location: str | int | None = image.location
    if whole and image.location is not None:
        location = int(image.location)
    record = {
        "id": prefix + image.key,
        "file_name": name,
        "location": location,
        "seq_id": None if image.sequence is None else prefix + image.sequence,
        "frame_num": image.frame,
        "seq_num_frames": image.frames,
        "datetime": image.taken.replace("T", " ") if image.taken else None,
        "width": image.width,
        "height": image.height,
        "corrupt": True if image.problem == CORRUPT else None,
    }
    return {field: value for field, value in record.items() if value is not None}


def _annotation(told: Told, image: images.Image, category: int) -> dict[str, Any]:
    record: dict[str, Any] = {"category_id": category}
    if told.amount is not None:
        record["count"] = told.amount
    if told.sequence_level:
        record["sequence_level_annotation"] = True
    if told.region is not None:
        x, y, width, height = told.region.box
        if image.width and image.height:
            record["bbox"] = [x * image.width, y * image.height, width * image.width, height * image.height]
        else:
            record["bbox_relative"] = [x, y, width, height]
    if told.source == "person" and told.author:
        said = {"author": told.author, "made": told.made, "run": told.run_id, "confidence": told.confidence}
        record |= {name: value for name, value in said.items() if value is not None}
    if told.box_author:
        record["box_author"] = told.box_author
    return record


def _rest(project: Project, categories: _Categories) -> dict[str, Any]:
    return {
        "categories": [{"id": number, "name": name} for name, number in categories.ids.items()],
        "info": {
            "version": "1.0",
            "description": project.name,
            "date_created": datetime.now(UTC).strftime("%Y-%m-%d"),
        },
    }
