"""What detectors found in the images: which images each has seen, its boxes, and how many there are.

A detector is known by the hash of its file, so the same detector under another name has nothing to do again. Seeing an
image leaves one row in ``detected``, with or without boxes, or with the reason why it could not be read.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from camtrap_gui.project import Project, clock

ELSEWHERE = "results"
"""Kind of a detector that the project has only results of."""


class Described(Protocol):
    """What is remembered of a detector."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def typical_threshold(self) -> float: ...
    @property
    def conservative_threshold(self) -> float: ...


class Box(Protocol):
    """A detection before it is stored; fractions of the upright picture."""

    @property
    def category(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...


@dataclass(frozen=True, slots=True)
class KnownDetector:
    """A detector that has worked on this project."""

    id: int
    name: str
    kind: str
    sha256: str
    typical_threshold: float
    conservative_threshold: float


@dataclass(frozen=True, slots=True)
class UnseenImage:
    """An image a detector has yet to see: its row, the root folder it lies below, and its path below that."""

    id: int
    root: Path
    path: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one image: its boxes, or why there are none to be had."""

    image_id: int
    boxes: Sequence[Box] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class StoredDetection:
    """A detection with its row number. ``rejected``: a person said that nothing is there."""

    id: int
    category: str
    confidence: float
    x: float
    y: float
    width: float
    height: float
    rejected: bool


@dataclass(frozen=True)
class Counts:
    """Images by what a detector found in them.

    ``images_with`` is by category; one with an animal and a person counts for both. ``unreadable`` is by reason.
    ``left_out`` are images the detector never gets to see, because their file is known to be bad.
    """

    seen: int
    empty: int
    images_with: dict[str, int]
    unreadable: dict[str, int]
    left_out: int


def register(project: Project, detector: Described) -> int:
    """The number of a detector in this project; it becomes the latest one. Thresholds and name are brought up to date."""
    with project.write() as db:
        row = db.execute(
            "INSERT INTO detectors (sha256, name, kind, typical_threshold, conservative_threshold, used)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET name = excluded.name,"
            " kind = excluded.kind, typical_threshold = excluded.typical_threshold, used = excluded.used"
            " RETURNING id",
            (
                detector.sha256,
                detector.name,
                detector.kind,
                detector.typical_threshold,
                detector.conservative_threshold,
                clock.now(db).isoformat(),
            ),
        ).fetchone()
    return int(row["id"])


def latest_detector(project: Project) -> KnownDetector | None:
    """The detector that was last asked to work on this project, or None when none ever was."""
    return _known(project, "ORDER BY used DESC, id DESC LIMIT 1")


def detector_by_name(project: Project, name: str) -> KnownDetector | None:
    """The latest detector of that name that has worked on this project."""
    return _known(project, "WHERE name = ? ORDER BY used DESC, id DESC LIMIT 1", name)


def detector_by_hash(project: Project, sha256: str) -> KnownDetector | None:
    """The detector of that hash, if it has worked on this project."""
    return _known(project, "WHERE sha256 = ?", sha256)


def count_unseen(project: Project, detector_id: int) -> int:
    """How many images ``unseen`` has to offer."""
    count = project.db.execute(f"SELECT count(*) FROM images WHERE {UNSEEN}", (detector_id,))
    return int(count.fetchone()[0])


def unseen(project: Project, detector_id: int, batch: int = 256) -> Iterator[list[UnseenImage]]:
    """Images that a detector has not seen and whose file is not known to be bad, by row number, in batches.

    Rows may be added with ``add`` meanwhile.
    """
    after = 0
    while True:
        rows = project.db.execute(
            "SELECT images.id, roots.path AS root, images.path FROM images JOIN roots ON roots.id = root_id"
            f" WHERE images.id > ? AND {UNSEEN} ORDER BY images.id LIMIT ?",
            (after, detector_id, batch),
        ).fetchall()
        if not rows:
            return
        yield [UnseenImage(row["id"], Path(row["root"]), row["path"]) for row in rows]
        after = rows[-1]["id"]


def add(project: Project, detector_id: int, batch: Iterable[Seen]) -> None:
    """Store what a detector found in some images, all of it or nothing. Images it has seen before stay as they are."""
    with project.write() as db:
        for seen in batch:
            new = db.execute(
                "INSERT INTO detected (detector_id, image_id, problem) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (detector_id, seen.image_id, seen.problem),
            )
            if new.rowcount:
                db.executemany(
                    "INSERT INTO detections (image_id, detector_id, category, confidence, x, y, width, height)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (seen.image_id, detector_id, b.category, b.confidence, b.x, b.y, b.width, b.height)
                        for b in seen.boxes
                    ],
                )


def forget_unreadable(project: Project, detector_id: int) -> int:
    """Make images that could not be read unseen again, and say how many there were."""
    with project.write() as db:
        deleted = db.execute(
            "DELETE FROM detected WHERE detector_id = ? AND problem IS NOT NULL", (detector_id,)
        )
    return deleted.rowcount


def of_image(project: Project, image_id: int, detector_id: int) -> list[StoredDetection]:
    """What a detector found in one image, most confident first, rejected ones included."""
    rows = project.db.execute(
        "SELECT id, category, confidence, x, y, width, height, rejected FROM detections"
        " WHERE image_id = ? AND detector_id = ? ORDER BY confidence DESC, id",
        (image_id, detector_id),
    )
    return [_stored(row) for row in rows]


def of_images(
    project: Project, image_ids: Sequence[int], detector_id: int, threshold: float
) -> dict[int, list[StoredDetection]]:
    """What a detector found in some images at or above a confidence, the least confident first, without rejected ones.

    By image; those without any are left out. For the images of a screen, not for all of a project.
    """
    found: dict[int, list[StoredDetection]] = {}
    for row in project.db.execute(
        "SELECT image_id, id, category, confidence, x, y, width, height, rejected FROM detections"
        f" WHERE image_id IN ({','.join('?' * len(image_ids))}) AND detector_id = ? AND confidence >= ?"
        " AND NOT rejected ORDER BY confidence, id",
        (*map(int, image_ids), detector_id, threshold),
    ):
        found.setdefault(row["image_id"], []).append(_stored(row))
    return found


def _stored(row: Any) -> StoredDetection:
    fields = ("id", "category", "confidence", "x", "y", "width", "height")
    return StoredDetection(**{name: row[name] for name in fields}, rejected=bool(row["rejected"]))


def problems(project: Project, detector_id: int) -> Iterator[tuple[int, str]]:
    """Image numbers that this detector could not read, each with the reason."""
    rows = project.db.execute(
        "SELECT image_id, problem FROM detected WHERE detector_id = ? AND problem IS NOT NULL ORDER BY image_id",
        (detector_id,),
    )
    for row in rows:
        yield row["image_id"], row["problem"]


def count(project: Project, detector_id: int, threshold: float) -> Counts:
    """Count images by what a detector found in them at or above a confidence, leaving out rejected detections."""
    db = project.db
    wanted = "FROM detections WHERE detector_id = ? AND confidence >= ? AND NOT rejected"
    by_category = db.execute(
        f"SELECT category, count(DISTINCT image_id) {wanted} GROUP BY category", (detector_id, threshold)
    )
    filled = db.execute(f"SELECT count(DISTINCT image_id) {wanted}", (detector_id, threshold)).fetchone()[0]
    seen = db.execute("SELECT count(*) FROM detected WHERE detector_id = ?", (detector_id,)).fetchone()[0]
    unreadable: Counter[str] = Counter()
    for _, reason in problems(project, detector_id):
        unreadable[reason.partition(":")[0]] += 1
    left_out = db.execute(
        "SELECT count(*) FROM images WHERE problem IS NOT NULL"
        " AND id NOT IN (SELECT image_id FROM detected WHERE detector_id = ?)",
        (detector_id,),
    ).fetchone()[0]
    return Counts(
        seen=seen,
        empty=seen - filled - unreadable.total(),
        images_with=dict(by_category.fetchall()),
        unreadable=dict(unreadable.most_common()),
        left_out=left_out,
    )


def per_image(project: Project, detector_id: int, threshold: float) -> dict[int, int]:
    """How many of the images a detector could read have 0, 1, 2 ... detections at or above a confidence.

    Numbers that no image has are left out, but 0 is always there. Rejected detections do not count.
    """
    rows = project.db.execute(
        "SELECT found, count(*) FROM (SELECT count(*) AS found FROM detections"
        " WHERE detector_id = ? AND confidence >= ? AND NOT rejected GROUP BY image_id) GROUP BY found",
        (detector_id, threshold),
    )
    filled = dict(sorted((found, images) for found, images in rows))
    readable = project.db.execute(
        "SELECT count(*) FROM detected WHERE detector_id = ? AND problem IS NULL", (detector_id,)
    ).fetchone()[0]
    return {0: readable - sum(filled.values()), **filled}


UNSEEN = (
    "images.problem IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM detected WHERE detected.detector_id = ? AND detected.image_id = images.id)"
)


def _known(project: Project, which: str, *values: object) -> KnownDetector | None:
    row = project.db.execute(
        f"SELECT id, name, kind, sha256, typical_threshold, conservative_threshold FROM detectors {which}",
        values,
    ).fetchone()
    return None if row is None else KnownDetector(*row)
