"""What a detector found on other machines, brought together: each answer is kept once, whoever brings it how often.

An answer that is there stays, unless it says that the picture could not be read and the new one has read it. Two
machines may calculate a little differently, so answers are the same when their boxes are, give or take ``NEAR``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from camtrap_gui.project import Project, detections
from camtrap_gui.project.detections import Box, Seen

NEAR = 0.02
"""By how much confidences and the sides of boxes may differ: what bfloat16 instead of float32 makes of them."""


What = Literal["new", "known", "mended", "conflicts"]


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

    def count(self, what: "What", path: str) -> None:
        """One more image of which there was this or no answer."""
        if what == "conflicts":
            self.conflicts.append(path)
        else:
            setattr(self, what, getattr(self, what) + 1)


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
            what = _compare(_before(project, detector_id, number), answer)
            added.count(what, answer.path)
            if what == "mended":
                db.execute(
                    "DELETE FROM detected WHERE detector_id = ? AND image_id = ?", (detector_id, number)
                )
            if what in ("new", "mended"):
                new.append(Seen(number, answer.boxes, answer.problem))
        detections.add(project, detector_id, new)
    return added


class Preview:
    """What ``add`` would do with one answer after the other, while the project stays as it is.

    What would be kept lies in a table that only this connection sees, and on disk, so that memory stays flat.
    """

    def __init__(self, project: Project) -> None:
        self._project, self._db = project, project.db
        self._db.execute("DROP TABLE IF EXISTS temp.previewed")
        self._db.execute(
            "CREATE TEMP TABLE previewed (sha256 TEXT, image_id INTEGER, problem TEXT, boxes TEXT,"
            " PRIMARY KEY (sha256, image_id)) WITHOUT ROWID"
        )

    def add(self, sha256: str, images: Images, answers: Sequence[Answer]) -> Added:
        """What would come of the answers of the detector with this hash, which the project need not know."""
        known = detections.detector_by_hash(self._project, sha256)
        added = Added()
        self._db.execute("BEGIN")
        try:
            for answer in answers:
                number = images.number(answer.root, answer.path)
                if number is None:
                    added.gone.append(answer.path)
                    continue
                before = self._kept(sha256, number)
                if before is None and known is not None:
                    before = _before(self._project, known.id, number)
                what = _compare(before, answer)
                added.count(what, answer.path)
                if what in ("new", "mended"):
                    self._keep(sha256, number, answer)
        finally:
            self._db.execute("COMMIT")
        return added

    def _keep(self, sha256: str, number: int, answer: Answer) -> None:
        boxes = [[getattr(box, name) for name in _Kept._fields] for box in answer.boxes]
        self._db.execute(
            "INSERT OR REPLACE INTO previewed VALUES (?, ?, ?, ?)",
            (sha256, number, answer.problem, json.dumps(boxes)),
        )

    def _kept(self, sha256: str, number: int) -> "_Before | None":
        query = "SELECT problem, boxes FROM previewed WHERE sha256 = ? AND image_id = ?"
        row = self._db.execute(query, (sha256, number)).fetchone()
        return row and _Before(row["problem"], [_Kept(*box) for box in json.loads(row["boxes"])])


class _Kept(NamedTuple):
    category: str
    confidence: float
    x: float
    y: float
    width: float
    height: float


class _Before(NamedTuple):
    """The answer that there is."""

    problem: str | None
    boxes: Sequence[Box]


def _before(project: Project, detector_id: int, number: int) -> _Before | None:
    row = project.db.execute(
        "SELECT problem FROM detected WHERE detector_id = ? AND image_id = ?", (detector_id, number)
    ).fetchone()
    return row and _Before(row["problem"], list(detections.of_image(project, number, detector_id)))


def _compare(before: _Before | None, answer: Answer) -> What:
    if before is None:
        return "new"
    if before.problem is not None and answer.problem is None:
        return "mended"
    return "known" if answer.problem is not None or _agree(before.boxes, answer.boxes) else "conflicts"


def _agree(before: Sequence[Box], now: Sequence[Box]) -> bool:
    if len(before) != len(now):
        return False
    there = list(before)
    for box in now:
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
