"""What accepting an image would say of it.

Its labels, where it has some. Otherwise what the classifier suggests for its animals; otherwise, where the latest
detector has found no animal in it, person and vehicle, or empty.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from camtrap_gui.project import Project, detections, species_names

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Said:
    """A species on an image. ``run_id`` and ``confidence`` (0..1): the classifier that suggested it, and how sure it was."""

    species: str
    count: int | None = None
    run_id: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What accepting an image says; ``source`` is 'label', 'model', 'detector', or '' where there is nothing to say."""

    said: tuple[Said, ...] = ()
    source: str = ""


def of_image(project: Project, image_id: int) -> Proposal:
    """The proposal of one image."""
    return dict(of_images(project, [image_id]))[image_id]


def of_images(project: Project, image_ids: Sequence[int]) -> Iterator[tuple[int, Proposal]]:
    """The proposals of many images, in their order, each with the image's id."""
    for start in range(0, len(image_ids), _PAGE):
        yield from _page(project, [int(number) for number in image_ids[start : start + _PAGE]])


def _page(project: Project, wanted: list[int]) -> Iterator[tuple[int, Proposal]]:
    names = species_names.all_names(project.db)
    detector = detections.latest_detector(project)
    marks = ",".join("?" * len(wanted))

    def by_image(query: str, *values: object) -> dict[int, list[sqlite3.Row]]:
        found = defaultdict(list)
        for row in project.db.execute(query.format(marks), (*values, *wanted)):
            found[row["image_id"]].append(row)
        return found

    labels = by_image(
        "SELECT labels.* FROM labels JOIN species ON species.id = species_id WHERE image_id IN ({})"
        " ORDER BY image_id, position, species.id"
    )
    seen, found = dict[int, list[sqlite3.Row]](), dict[int, list[sqlite3.Row]]()
    if detector is not None:
        seen = by_image(
            "SELECT image_id FROM detected WHERE detector_id = ? AND problem IS NULL AND image_id IN ({})",
            detector.id,
        )
        found = by_image(
            "SELECT detections.image_id, category, suggestions.species_id, suggestions.run_id,"
            " suggestions.confidence, top FROM detections LEFT JOIN suggestions ON detection_id = detections.id"
            " WHERE detector_id = ? AND detections.confidence >= ? AND NOT rejected AND detections.image_id IN ({})"
            " ORDER BY detections.image_id, detections.confidence DESC, detections.id",
            detector.id,
            detector.typical_threshold,
        )
    for image_id in wanted:
        if image_id in labels:
            said = tuple(
                Said(names[row["species_id"]], row["count"], row["run_id"], row["confidence"])
                for row in labels[image_id]
            )
            yield image_id, Proposal(said, "label")
        elif image_id in seen:
            yield image_id, _of_detections(found.get(image_id, []), names)
        else:
            yield image_id, Proposal()


def _of_detections(rows: list[sqlite3.Row], names: dict[int, str]) -> Proposal:
    suggested: dict[str, list[sqlite3.Row]] = defaultdict(list)
    for row in rows:
        if row["species_id"] is not None:
            suggested[names[row["species_id"]]].append(row)
        elif (
            row["top"] is not None
        ):  # a classifier from elsewhere may know species that are not in the class list yet
            suggested[json.loads(row["top"])[0][0]].append(row)
    if suggested:
        said = []
        for name, some in suggested.items():
            surest = max(some, key=lambda row: row["confidence"] or 0.0)
            said.append(Said(name, len(some), surest["run_id"], surest["confidence"]))
        return Proposal(tuple(said), "model")
    categories = [row["category"] for row in rows]
    if not categories:
        return Proposal((Said("empty"),), "detector")
    if set(categories) <= {"person", "vehicle"}:
        counts = {name: categories.count(name) for name in dict.fromkeys(categories)}
        return Proposal(tuple(Said(name, count) for name, count in counts.items()), "detector")
    return Proposal()
