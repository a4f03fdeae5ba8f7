"""Pictures of the project as the viewer shows them: with their detections, labels and facts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from camtrap_gui.colours import NEUTRAL, class_colour
from camtrap_gui.problem import Problem
from camtrap_gui.project import (
    Project,
    browse,
    crops,
    detections,
    edits,
    images,
    inspection,
    predictions,
    suggestions,
)
from camtrap_gui.ui.viewer.shown import Pictures, ShownBox, ShownPicture

CATEGORY_PLACES = {"animal": 1, "person": 5, "vehicle": 4}
"""Places in the list of class colours: animals blue, people vermilion, vehicles purple."""

MOST_LIKELY = 5
_PATHS = 1_000


def category_colour(category: str) -> str:
    """The colour of a detection's category as #rrggbb."""
    place = CATEGORY_PLACES.get(category)
    return as_hex(NEUTRAL if place is None else class_colour(place))


def as_hex(colour: tuple[int, int, int]) -> str:
    """#rrggbb of three bytes."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


class OfProject(Pictures):
    """Images of the project by their ids, each read when it is looked at: any number of them, always as they are now."""

    def __init__(self, project: Project, ids: Sequence[int]) -> None:
        self._project = project
        self._ids = ids
        self._paths: dict[int, Path] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def at(self, place: int) -> ShownPicture:
        image_id = int(self._ids[place])
        try:
            return of_image(self._project, image_id)
        except Problem as problem:
            return ShownPicture(Path(), f"Image {image_id}", problem=str(problem))

    def path(self, place: int) -> Path:
        """Of the file; empty when there is none. A strip asks for the same ones with every paint."""
        if place not in self._paths:
            if len(self._paths) >= _PATHS:
                self._paths.clear()
            try:
                self._paths[place] = images.path_of(self._project, int(self._ids[place]))
            except Problem:
                self._paths[place] = Path()
        return self._paths[place]


def of_image(project: Project, image_id: int) -> ShownPicture:
    """One image with the boxes people drew and the detections of the latest detector.

    Detections come with the likeliest species as far as a classifier was asked. One that a person has turned into a
    box, or an image whose boxes a person has decided about, shows no detections beside them.
    """
    image = images.get(project, image_id)
    facts = {
        "Location": image.location,
        "Taken": (image.taken or "").replace("T", " "),
        "Sequence": image.sequence,
        "Labels": ", ".join(
            label.species + (" (sequence)" if label.sequence_level else "")
            for label in images.labels_of(project, image_id)
        ),
        "Size": f"{image.width:,} × {image.height:,}" if image.width else "",
        "Problem": image.problem,
    }
    shown = tuple((name, str(value)) for name, value in facts.items() if value)
    return ShownPicture(image.file, image.path, _boxes(project, image_id), shown)


def _boxes(project: Project, image_id: int) -> tuple[ShownBox, ...]:
    known, species = images.boxes_of(project, image_id), images.species(project)
    boxes = [
        ShownBox(
            *(box.x, box.y, box.width, box.height), box.species or "box", 1.0, _species_colour(species, box.species),
            region=("box", box.id),
        )
        for box in known
    ]  # fmt: skip
    detector = detections.latest_detector(project)
    if detector is None or any(box.author not in edits.MACHINES for box in known):
        return tuple(boxes)
    said = suggestions.of_image(project, image_id)
    for found in detections.of_image(project, image_id, detector.id):
        if found.rejected:
            continue
        top = said[found.id].top[:MOST_LIKELY] if found.id in said else ()
        name, share = top[0] if top else (found.category, found.confidence)
        colour = _species_colour(species, name) if top else category_colour(found.category)
        boxes.append(
            ShownBox(
                *(found.x, found.y, found.width, found.height), f"{name} {share:.2f}", found.confidence, colour, top,
                region=("detection", found.id),
            )
        )  # fmt: skip
    return tuple(boxes)


def sequence(project: Project, image_id: int) -> tuple[OfProject, int]:
    """The pictures of an image's sequence, and the place of the image among them."""
    ids = browse.sequence_of(project, image_id)
    return OfProject(project, ids), ids.index(image_id)


def of_cell(
    project: Project, run_id: str, split: str, truth: str, prediction: str, most: int
) -> list[ShownPicture]:
    """Up to ``most`` crops of one cell of a run's confusion matrix, with the five likeliest species."""
    return of_judged(project, predictions.of_cell(project, run_id, split, truth, prediction, most))


def of_change(
    project: Project, current: str, candidate: str, split: str, change: str, most: int
) -> list[ShownPicture]:
    """Up to ``most`` crops that two runs name differently, as the candidate sees them; see ``predictions.CHANGES``."""
    species, folder = images.species(project), crops.folder(project)
    shown = []
    for old, new in predictions.of_change(project, current, candidate, split, change, most):
        (before, sure), (said, confidence) = old.top[0], new.top[0]
        box = ShownBox(
            *(0, 0, 1, 1), f"{said} {confidence:.2f}", confidence, _species_colour(species, said),
            tuple(new.top[:MOST_LIKELY]),
        )  # fmt: skip
        facts = (
            ("Is", new.truth),
            ("Current", f"{before}, {sure:.1%}"),
            ("Candidate", f"{said}, {confidence:.1%}"),
            ("Location", new.location),
        )
        path = folder / new.file
        shown.append(ShownPicture(path, path.name, (box,), facts))
    return shown


def of_judged(project: Project, found: Sequence[predictions.Judged]) -> list[ShownPicture]:
    """Crops with the five likeliest species, as far as a classifier was asked."""
    species, folder = images.species(project), crops.folder(project)
    shown = []
    for judged in found:
        path, boxes, called = folder / judged.file, [], "nothing yet"
        if judged.top:
            said, confidence = judged.top[0]
            called = f"{said}, {confidence:.1%}"
            colour, top = _species_colour(species, said), tuple(judged.top[:MOST_LIKELY])
            boxes.append(ShownBox(0, 0, 1, 1, f"{said} {confidence:.2f}", confidence, colour, top))
        facts = (("Is", judged.truth), ("Was called", called), ("Location", judged.location))
        shown.append(ShownPicture(path, path.name, tuple(boxes), facts))
    return shown


class Inspected(Pictures):
    """Whole pictures with the box of a crop that was judged, or the crop where the picture is away; made when looked at."""

    def __init__(self, project: Project, found: Sequence[predictions.Judged]) -> None:
        self._project, self._found = project, found

    def __len__(self) -> int:
        return len(self._found)

    def at(self, place: int) -> ShownPicture:
        judged = self._found[place]
        [crop] = of_judged(self._project, [judged])
        whole = inspection.place_of(self._project, judged.crop_id)
        if whole is None or not whole[0].file.is_file():
            return crop
        image, (x, y, width, height) = whole
        boxes = tuple(replace(box, x=x, y=y, width=width, height=height) for box in crop.boxes)
        taken = (("Taken", image.taken.replace("T", " ")),) if image.taken else ()
        return ShownPicture(image.file, image.path, boxes, (*crop.facts, *taken))

    def path(self, place: int) -> Path:
        return crops.folder(self._project) / self._found[place].file


def of_prediction(picture: Mapping[str, Any], classes: Sequence[str] = ()) -> ShownPicture:
    """A picture as the predict step says it (plain data), with the likeliest species of each box.

    ``classes`` is the class list of the classifier: a species has the colour of its place.
    """
    boxes = []
    for box in picture.get("boxes", ()):
        top = tuple((name, share) for name, share in box["species"])
        name, share = top[0] if top else (box["category"], box["confidence"])
        place = classes.index(name) if top and name in classes else None
        colour = category_colour(box["category"]) if place is None else as_hex(class_colour(place))
        sure = share if box["confidence"] is None else box["confidence"]
        x, y, width, height = box["box"]
        words = f"{name} {share:.2f}" + (" · unknown?" if box.get("unknown") else "")
        boxes.append(ShownBox(x, y, width, height, words, sure, colour, top))
    path = Path(picture["path"])
    return ShownPicture(path, picture.get("name", path.name), tuple(boxes))


def _species_colour(species: tuple[str, ...], name: str | None) -> str:
    return as_hex(class_colour(species.index(name)) if name in species else NEUTRAL)
