"""What a detector found on another computer, as a file tells it: kept as if the detector had worked here.

A classifier's word about a detection becomes a suggestion, so that review shows and proposes it; like every suggestion
it is of the latest detector's animals from the typical confidence on. When the review step asks a classifier of the
project itself, its suggestions take their place.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from camtrap_gui.geometry import Box
from camtrap_gui.project import Project, detections, species_names, suggestions
from camtrap_gui.project.suggestions import Top

_TOP = 5


@dataclass(frozen=True)
class ForeignDetector:
    """A detector known by what it found. Results under the same name are taken for those of one detector."""

    name: str
    sha256: str
    typical_threshold: float
    conservative_threshold: float
    kind: str = detections.ELSEWHERE


class Found(NamedTuple):
    """A detection. ``rejected``: it was found to be nothing. ``top``: species and confidences, best first."""

    category: str
    confidence: float
    box: Box
    rejected: bool = False
    top: Top = ()


class Seen(NamedTuple):
    """What came of one image: what was found, or why nothing could be."""

    image_id: int
    found: Sequence[Found] = ()
    problem: str | None = None


class Added(NamedTuple):
    """Images, detections and suggestions that are new."""

    images: int
    detections: int
    suggestions: int


def hash_of(name: str) -> str:
    """What stands for the hash of a detector whose file nobody has."""
    return hashlib.sha256(f"results of {name}".encode()).hexdigest()


def register(project: Project, detector: ForeignDetector) -> int:
    """The number of the detector in this project; it becomes the latest one.

    One that has worked here keeps its name and thresholds.
    """
    return detections.register(project, detections.detector_by_hash(project, detector.sha256) or detector)


def known(project: Project, detector_id: int, image_ids: Sequence[int]) -> set[int]:
    """Those of some images that the detector has seen before."""
    rows = project.db.execute(
        "SELECT image_id FROM detected WHERE detector_id = ? AND image_id IN (SELECT value FROM json_each(?))",
        (detector_id, json.dumps(image_ids)),
    )
    return {number for (number,) in rows}


def add(
    project: Project, detector_id: int, typical_threshold: float, classifier: str, batch: Sequence[Seen]
) -> Added:
    """Keep what was found in some images, all of it or nothing. Images the detector has seen before stay as they are."""
    with project.write() as db:
        old = known(project, detector_id, [seen.image_id for seen in batch])
        new = [seen for seen in batch if seen.image_id not in old]
        db.executemany(
            "INSERT INTO detected (detector_id, image_id, problem) VALUES (?, ?, ?)",
            ((detector_id, seen.image_id, seen.problem) for seen in new),
        )
        (number,) = db.execute("SELECT coalesce(max(id), 0) FROM detections").fetchone()
        rows, said = [], []
        for seen in new:
            for found in seen.found:
                number += 1
                where = (found.category, found.confidence, *found.box, found.rejected)
                rows.append((number, seen.image_id, detector_id, *where))
                if (
                    found.top
                    and found.category == "animal"
                    and not found.rejected
                    and found.confidence >= typical_threshold
                ):
                    said.append((number, seen.image_id, found.top[:_TOP]))
        db.executemany(
            "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height, rejected)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        _suggest(project, classifier, said)
    return Added(len(new), len(rows), len(said))


def _suggest(project: Project, classifier: str, said: Sequence[tuple[int, int, Top]]) -> None:
    words = {name for _, _, top in said for name, _ in top}
    species = {word: species_names.find(project.db, word) for word in words}
    names = species_names.all_names(project.db) if words else {}
    run_id = f"{classifier}{suggestions.ELSEWHERE}"
    rows = []
    for number, image_id, theirs in said:
        ids: dict[str, int | None] = {}
        shares: dict[str, float] = {}  # in the project's own words; two of theirs may mean the same
        for word, share in theirs:
            own = word if (species_id := species[word]) is None else names[species_id]
            ids[own] = species_id
            shares[own] = min(1.0, shares.get(own, 0.0) + share)
        top = sorted(shares.items(), key=lambda pair: -pair[1])
        (_, first), (_, second) = (*top, ("", 0.0))[:2]
        rows.append(
            (
                number,
                image_id,
                run_id,
                ids[top[0][0]],
                first,
                first - second,
                msgspec.json.encode(top).decode(),
            )
        )
    project.db.executemany(
        "INSERT INTO suggestions (detection_id, image_id, run_id, species_id, confidence, margin, top)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
