"""What a detector found on other machines, brought together: each answer is kept once, whoever brings it how often.

An answer that is there stays, unless it says that the picture could not be read and the new one has read it. Two
machines may calculate a little differently, so answers are the same when their boxes are, give or take ``NEAR``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from camtrap_gui.project import Project, detections
from camtrap_gui.project.detections import Box, Seen

NEAR = 0.02
"""By how much confidences and the sides of boxes may differ: what bfloat16 instead of float32 makes of them."""


class Answer(Protocol):
    """What came of an image that is known by its root folder and its path below that."""

    @property
    def root(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def boxes(self) -> Sequence[Box]: ...
    @property
    def problem(self) -> str | None: ...


@dataclass
class Added:
    """Images whose answer is ``new``, was ``known``, or was none and is one now (``mended``).

    ``conflicts`` are images with another answer, which stays; ``gone`` are not in the project any more.
    """

    new: int = 0
    known: int = 0
    mended: int = 0
    conflicts: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


class Images:
    """Finds the images of answers: in the root that they name, else in the only one that has their path."""

    def __init__(self, project: Project) -> None:
        self._db = project.db
        self._roots = {
            str(Path(row["path"])): row["id"] for row in self._db.execute("SELECT id, path FROM roots")
        }

    def number(self, root: str, path: str) -> int | None:
        """The row number of an image, or None when the project has no such image."""
        roots = [self._roots[root]] if root in self._roots else list(self._roots.values())
        query = "SELECT id FROM images WHERE root_id = ? AND path = ?"
        found = [row[0] for one in roots if (row := self._db.execute(query, (one, path)).fetchone())]
        return int(found[0]) if len(found) == 1 else None


def add(project: Project, detector_id: int, images: Images, answers: Sequence[Answer]) -> Added:
    """Keep what is new of some answers, all of it or nothing."""
    added = Added()
    new: list[Seen] = []
    with project.write() as db:
        for answer in answers:
            number = images.number(answer.root, answer.path)
            if number is None:
                added.gone.append(answer.path)
                continue
            seen = Seen(number, answer.boxes, answer.problem)
            before = db.execute(
                "SELECT problem FROM detected WHERE detector_id = ? AND image_id = ?", (detector_id, number)
            ).fetchone()
            if before is None:
                added.new += 1
                new.append(seen)
            elif before["problem"] is not None and answer.problem is None:
                db.execute(
                    "DELETE FROM detected WHERE detector_id = ? AND image_id = ?", (detector_id, number)
                )
                added.mended += 1
                new.append(seen)
            elif answer.problem is not None or _agree(project, detector_id, seen):
                added.known += 1
            else:
                added.conflicts.append(answer.path)
        detections.add(project, detector_id, new)
    return added


def _agree(project: Project, detector_id: int, seen: Seen) -> bool:
    there = list(detections.of_image(project, seen.image_id, detector_id))
    if len(there) != len(seen.boxes):
        return False
    for box in seen.boxes:
        same = next((other for other in there if _is_near(box, other)), None)
        if same is None:
            return False
        there.remove(same)
    return True


def _is_near(one: Box, other: Box) -> bool:
    numbers = ("confidence", "x", "y", "width", "height")
    return one.category == other.category and all(
        abs(getattr(one, name) - getattr(other, name)) <= NEAR for name in numbers
    )
