"""What a classifier suggests about animals that a detector found, and which labels of the data set are in doubt.

A suggestion belongs to a detection and to the run that made it. A doubt belongs to a crop and to the label it had when
classifiers that had not seen its camera were asked; once the label is another one, the doubt is settled and no longer
told. The review step fills both, and the orders in which to look (``queues`` reads them).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from camtrap_gui.geometry import Box, Window
from camtrap_gui.project import Project
from camtrap_gui.project.detections import KnownDetector

_PAGE = 1000
_ORDERED = 20_000  # rows whose place is written at once

Top = tuple[tuple[str, float], ...]


class Suggestion(NamedTuple):
    """What a run's classifier says about a detection: ``top`` holds (species, confidence 0..1), best first.

    ``species`` and ``confidence`` are those of the first; ``margin`` is by how much it is likelier than the second.
    """

    run_id: str
    species: str
    confidence: float
    margin: float
    top: Top


class Doubt(NamedTuple):
    """A label that classifiers which had not seen the crop's camera contradict, or hardly believe.

    They gave ``label`` the confidence ``given`` and ``species``, the likeliest, ``confidence``. The higher the score,
    the likelier the label is wrong; above 0 they said something else.
    """

    crop_id: int
    label: str
    species: str
    given: float
    confidence: float
    score: float


class Animal(NamedTuple):
    """A detection to be looked at. ``crop`` is what the crop step cut out for it, if it did: hash and window."""

    detection_id: int
    image_id: int
    box: Box
    crop: tuple[str, Window] | None


class Said(NamedTuple):
    """What is to be kept about an animal: the key of its features, and ``top`` as above, () without a classifier."""

    detection_id: int
    image_id: int
    features: bytes
    top: Top


class Doubted(NamedTuple):
    """A row of the table of doubts; species are ids."""

    crop_id: int
    image_id: int
    label_id: int
    species_id: int
    given: float
    confidence: float
    score: float


def of_image(project: Project, image_id: int) -> dict[int, Suggestion]:
    """What a classifier suggests about the detections of an image, by detection id. Merged species come as one."""
    rows = project.db.execute(
        "SELECT detection_id, run_id, top FROM suggestions WHERE image_id = ? AND top IS NOT NULL ORDER BY detection_id",
        (image_id,),
    ).fetchall()
    present = _present_names(project) if rows else {}
    return {row["detection_id"]: _suggestion(row["run_id"], _top(row["top"], present)) for row in rows}


def doubt_of(project: Project, image_id: int) -> Doubt | None:
    """The strongest doubt about the crops of an image, None where no label of it is in doubt."""
    row = project.db.execute(
        "SELECT crop_id, label.name, said.name, given, doubts.confidence, score FROM doubts"
        " JOIN crops ON crops.id = crop_id AND crops.species_id = label_id"
        " JOIN species AS label ON label.id = label_id JOIN species AS said ON said.id = doubts.species_id"
        " WHERE doubts.image_id = ? AND label_id <> doubts.species_id ORDER BY score DESC LIMIT 1",
        (image_id,),
    ).fetchone()
    return None if row is None else Doubt(*row)


def prune(project: Project, detector: KnownDetector | None) -> None:
    """Forget what was said of detections that are no longer those to look at."""
    with project.write() as db:
        if detector is None:
            db.execute("DELETE FROM suggestions")
        else:
            db.execute(
                f"DELETE FROM suggestions WHERE detection_id NOT IN (SELECT id FROM detections WHERE {_ANIMALS})",
                _which(detector),
            )


def forget(project: Project) -> None:
    """Forget all suggestions."""
    with project.write() as db:
        db.execute("DELETE FROM suggestions")


def count_pending(project: Project, detector: KnownDetector, made_with: str) -> int:
    """How many animals ``pending`` has to offer."""
    row = project.db.execute(
        f"SELECT count(*) FROM detections JOIN images ON images.id = image_id WHERE {_ANIMALS} AND {_PENDING}",
        (*_which(detector), made_with),
    ).fetchone()
    return int(row[0])


def pending(project: Project, detector: KnownDetector, made_with: str) -> Iterator[list[Animal]]:
    """Animals in readable images without a suggestion of this model, in pages; those of an image stay together.

    Suggestions may be added meanwhile. An animal that gets none is not offered twice.
    """
    after = 0
    while True:
        rows = project.db.execute(
            "SELECT id, image_id, x, y, width, height FROM detections WHERE image_id IN"
            " (SELECT images.id FROM images WHERE images.id > ? AND images.problem IS NULL AND EXISTS"
            f" (SELECT 1 FROM detections WHERE image_id = images.id AND {_ANIMALS} AND {_NOT_MADE}) ORDER BY images.id LIMIT ?)"
            f" AND {_ANIMALS} AND {_NOT_MADE} ORDER BY image_id, id",
            (after, *_which(detector), made_with, _PAGE, *_which(detector), made_with),
        ).fetchall()
        if not rows:
            return
        cut = _crops_of(project, rows[0]["image_id"], rows[-1]["image_id"])
        yield [Animal(row[0], row[1], (row[2], row[3], row[4], row[5]), cut.get(row[0])) for row in rows]
        after = rows[-1]["image_id"]


def add(project: Project, run_id: str, made_with: str, said: Sequence[Said]) -> None:
    """Keep what was found out about some animals, all or nothing; what was said of them before is replaced.

    ``run_id`` is '' without a classifier. Detections that are gone meanwhile are passed over.
    """
    with project.write() as db:
        species = species_ids(project)
        rows = []
        for one in said:
            first, second = ([share for _, share in one.top] + [0.0, 0.0])[:2]
            rows.append(
                (
                    one.detection_id,
                    one.image_id,
                    run_id,
                    species.get(one.top[0][0]) if one.top else None,
                    first if one.top else None,
                    first - second if one.top else None,
                    msgspec.json.encode(one.top).decode() if one.top else None,
                    made_with,
                    one.features,
                )
            )
        db.executemany(
            "INSERT INTO suggestions (detection_id, image_id, run_id, species_id, confidence, margin, top, made_with,"
            " features) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE EXISTS (SELECT 1 FROM detections WHERE id = ?1)"
            " ON CONFLICT (detection_id) DO UPDATE SET run_id = excluded.run_id, species_id = excluded.species_id,"
            " confidence = excluded.confidence, margin = excluded.margin, top = excluded.top,"
            " made_with = excluded.made_with, features = excluded.features",
            rows,
        )


class Known(NamedTuple):
    """All animals with a suggestion, by ascending id: arrays [N], and the keys of their features.

    ``margin`` is NaN without a classifier. ``state`` is 2 where a person decided about the image, 1 where it has a
    label from elsewhere, else 0.
    """

    ids: NDArray[np.int64]
    margin: NDArray[np.float32]
    state: NDArray[np.int8]
    keys: list[bytes]


def known(project: Project) -> Known:
    """What the orders are made from."""
    rows = project.db.execute(
        "SELECT detection_id, margin, CASE WHEN images.reviewed IS NOT NULL THEN 2 WHEN EXISTS"
        " (SELECT 1 FROM labels WHERE labels.image_id = images.id) THEN 1 ELSE 0 END, features"
        " FROM suggestions JOIN images ON images.id = suggestions.image_id ORDER BY detection_id"
    )
    kind = np.dtype([("id", np.int64), ("margin", np.float32), ("state", np.int8)])
    keys: list[bytes] = []

    def numbers() -> Iterator[tuple[int, float, int]]:
        for detection_id, margin, state, key in rows:
            keys.append(key)
            yield detection_id, np.nan if margin is None else margin, state

    table = np.fromiter(numbers(), kind)
    return Known(table["id"], table["margin"], table["state"], keys)


def set_order(project: Project, column: str, ids: Sequence[int] | NDArray[np.int64]) -> None:
    """Keep the order in which animals come ('teaches' or 'alike'): detection ids, first one first.

    Animals that are not among them lose their place. Written in batches.
    """
    assert column in ("teaches", "alike")
    places = _places(ids)
    with project.write() as db:
        db.execute("CREATE TEMP TABLE ordered (id INTEGER PRIMARY KEY)")
        try:
            db.executemany("INSERT INTO ordered VALUES (?)", ((one,) for one, _ in places))
            db.execute(
                f"UPDATE suggestions SET {column} = NULL WHERE {column} IS NOT NULL"
                " AND detection_id NOT IN (SELECT id FROM ordered)"
            )
        finally:
            db.execute("DROP TABLE ordered")
    for first in range(0, len(places), _ORDERED):
        with project.write() as db:
            db.executemany(
                f"UPDATE suggestions SET {column} = ?2 WHERE detection_id = ?1 AND {column} IS NOT ?2",
                places[first : first + _ORDERED],
            )


def replace_doubts(project: Project, rows: Iterable[Doubted], places: dict[int, int]) -> None:
    """Make these the doubts, all or nothing. ``places`` are crops' places in the order of likeness.

    Crops that are gone meanwhile are passed over.
    """
    with project.write() as db:
        db.execute("DELETE FROM doubts")
        db.executemany(
            "INSERT INTO doubts (crop_id, image_id, label_id, species_id, given, confidence, score, alike)"
            " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM crops WHERE id = ?1)",
            ((*row, places.get(row.crop_id)) for row in rows),
        )


def count(project: Project) -> tuple[int, int]:
    """How many animals have been looked at, and how many crops had their label checked."""
    row = project.db.execute(
        "SELECT (SELECT count(*) FROM suggestions), (SELECT count(*) FROM doubts)"
    ).fetchone()
    return int(row[0]), int(row[1])


def species_ids(project: Project) -> dict[str, int]:
    """The species that a classifier's word means now: by name, aliases and merged species included."""
    names = dict(project.db.execute("SELECT name, species_id FROM aliases").fetchall())
    names |= dict(project.db.execute("SELECT name, coalesce(merged_into, id) FROM species").fetchall())
    return names


_ANIMALS = "detector_id = ? AND category = 'animal' AND NOT rejected AND detections.confidence >= ?"
_NOT_MADE = (
    "NOT EXISTS (SELECT 1 FROM suggestions WHERE suggestions.detection_id = detections.id AND made_with = ?)"
)
_PENDING = f"images.problem IS NULL AND {_NOT_MADE}"


def _which(detector: KnownDetector) -> tuple[int, float]:
    return detector.id, detector.typical_threshold


def _crops_of(project: Project, first: int, last: int) -> dict[int, tuple[str, Window]]:
    """Hash and window of the crop of each detection in a range of images; a box made from one counts for it."""
    rows = project.db.execute(
        "SELECT coalesce(crops.detection_id, boxes.detection_id) AS found, sha256, left, top, right, bottom FROM crops"
        " LEFT JOIN boxes ON boxes.id = crops.box_id WHERE crops.image_id BETWEEN ? AND ? AND found IS NOT NULL",
        (first, last),
    )
    return {row[0]: (row[1], (row[2], row[3], row[4], row[5])) for row in rows}


def _present_names(project: Project) -> dict[str, str]:
    """What merged species are called now."""
    return dict(
        project.db.execute(
            "SELECT old.name, new.name FROM species AS old JOIN species AS new ON new.id = old.merged_into"
        ).fetchall()
    )


def _top(text: str, present: dict[str, str]) -> Top:
    said = msgspec.json.decode(text, type=list[tuple[str, float]])
    if not present:
        return tuple(said)
    shares: dict[str, float] = {}
    for name, share in said:
        name = present.get(name, name)
        shares[name] = shares.get(name, 0.0) + share
    return tuple(sorted(shares.items(), key=lambda pair: -pair[1]))


def _suggestion(run_id: str, top: Top) -> Suggestion:
    first, second = ([share for _, share in top] + [0.0])[:2]
    return Suggestion(run_id, top[0][0], first, first - second, top)


def _places(ids: Sequence[int] | NDArray[np.int64]) -> list[tuple[int, int]]:
    """(id, place) by ascending id, so that a batch touches neighbouring rows."""
    array = np.asarray(ids, np.int64)
    by_id = np.argsort(array, kind="stable")
    return list(zip(array[by_id].tolist(), by_id.tolist(), strict=True))
