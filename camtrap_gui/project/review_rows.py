"""Images as the review page lists them: what was said or is proposed, the region that matters, and whether it is done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from camtrap_gui.geometry import Box
from camtrap_gui.project import Project, browse, detections, numbers, proposals

_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One image. ``words`` are its labels or its proposal, whose ``source`` is 'label', 'model', 'detector' or ''.

    ``confidence`` is the least sure part of a proposal of the model. ``region`` is the largest box, else the surest
    detection, as fractions of the picture; None where there is neither.
    """

    id: int
    file: Path
    name: str
    location: str
    taken: str
    words: str
    source: str
    confidence: float | None
    region: Box | None
    reviewed: bool
    flagged: bool
    problem: str


def rows(project: Project, wanted: Sequence[int]) -> dict[int, ReviewRow]:
    """The images with these ids (some hundreds at most); ids that are gone are left out."""
    ids = [int(number) for number in wanted]
    proposed = dict(proposals.of_images(project, ids))
    regions, marks = main_regions(project, ids), _marks(project, ids)
    found = {}
    for row in browse.rows(project, ids):
        proposal = proposed[row.id]
        sure = [said.confidence for said in proposal.said if said.confidence is not None]
        found[row.id] = ReviewRow(
            row.id, row.file, row.name, row.location, row.taken, words_of(proposal), proposal.source,
            min(sure) if sure and proposal.source == "model" else None, regions.get(row.id), *marks[row.id], row.problem,
        )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class KnownLabel:
    """A label and where it comes from: ``author`` is 'import', 'folder' or a person, ``made`` UTC, ISO 8601.

    ``confidence`` (0..1) is that of a suggestion that was accepted.
    """

    species: str
    count: int | None
    author: str
    made: str | None
    confidence: float | None
    sequence_level: bool


def labels(project: Project, image_id: int) -> list[KnownLabel]:
    """What was said of an image, in the order of the class list."""
    rows = project.db.execute(
        "SELECT coalesce(target.name, species.name) AS name, count, author, made, confidence, sequence_level"
        " FROM labels JOIN species ON species.id = species_id"
        " LEFT JOIN species AS target ON target.id = species.merged_into"
        " WHERE image_id = ? ORDER BY species.position, species.id",
        (image_id,),
    )
    return [KnownLabel(row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in rows]


def words_of(proposal: proposals.Proposal) -> str:
    """What a proposal says, with counts above one."""
    return ", ".join(
        f"{said.count} × {said.species}" if said.count and said.count > 1 else said.species
        for said in proposal.said
    )


def main_regions(project: Project, ids: Iterable[int]) -> dict[int, Box]:
    """For each image its largest box; where it has none, the latest detector's surest detection it typically trusts."""
    wanted = list(ids)
    marks = ",".join("?" * len(wanted))
    found: dict[int, Box] = {}
    detector = detections.latest_detector(project)
    if detector is not None:
        for image_id, *box in project.db.execute(
            "SELECT image_id, x, y, width, height FROM detections"
            f" WHERE image_id IN ({marks}) AND detector_id = ? AND confidence >= ? AND NOT rejected"
            " ORDER BY confidence, id DESC",
            (*wanted, detector.id, detector.typical_threshold),
        ):
            found[image_id] = (box[0], box[1], box[2], box[3])
    for image_id, *box in project.db.execute(
        "SELECT image_id, x, y, width, height FROM boxes"
        f" WHERE image_id IN ({marks}) ORDER BY width * height, id DESC",
        wanted,
    ):
        found[image_id] = (box[0], box[1], box[2], box[3])
    return found


def next_unreviewed(project: Project, ids: Sequence[int], place: int) -> int | None:
    """The first place after ``place`` whose image nobody has reviewed; None when there is none."""
    following = np.asarray(ids[place + 1 :], dtype=np.int64)
    if not len(following):
        return None
    reviewed = numbers.marked(
        project, int(following.max()), "SELECT id FROM images WHERE reviewed IS NOT NULL"
    )
    still = np.flatnonzero(~reviewed[following])
    return place + 1 + int(still[0]) if len(still) else None


def reviewed(project: Project, ids: Iterable[int]) -> set[int]:
    """Those of these images that a person has decided about."""
    wanted, found = list(ids), set[int]()
    for start in range(0, len(wanted), _PAGE):
        page = wanted[start : start + _PAGE]
        marks = ",".join("?" * len(page))
        rows = project.db.execute(
            f"SELECT id FROM images WHERE reviewed IS NOT NULL AND id IN ({marks})", page
        )
        found.update(number for (number,) in rows)
    return found


def _marks(project: Project, ids: Sequence[int]) -> dict[int, tuple[bool, bool]]:
    """Whether each image is reviewed, and whether it is flagged."""
    marks = ",".join("?" * len(ids))
    return {
        image_id: (bool(reviewed), bool(flagged))
        for image_id, reviewed, flagged in project.db.execute(
            f"SELECT id, reviewed IS NOT NULL, flagged FROM images WHERE id IN ({marks})", list(ids)
        )
    }
