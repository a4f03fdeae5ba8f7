"""What a classifier suggests about animals that a detector found, and which labels of the data set are in doubt.

A suggestion belongs to a detection and to the run that made it. A doubt belongs to a crop and to the label it had when
classifiers that had not seen its camera were asked; once the label is another one, the doubt is settled and no longer
told. The review step fills both, and the orders in which to look (``queues`` reads them).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from camtrap_gui.geometry import Box
from camtrap_gui.project import Project, crop_files, images
from camtrap_gui.project.detections import KnownDetector

_PAGE = 1000
_ORDERED = 20_000  # rows whose place is written at once

ELSEWHERE = " (elsewhere)"
"""End of the run id of suggestions that came with a file; before it stands the classifier's name."""

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
    """A detection to be looked at. ``crop`` is the file that the crop step cut out for it with its SHA-256, if it did."""

    detection_id: int
    box: Box
    crop: tuple[Path, str] | None


class Picture(NamedTuple):
    """An image with animals to be looked at; its file lies at ``path`` below ``root``."""

    image_id: int
    root: Path
    path: str
    animals: tuple[Animal, ...]


class Said(NamedTuple):
    """What is to be kept about an animal: the key of its features, and ``top`` as above, () without a classifier."""

    detection_id: int
    features: bytes
    top: Top


def of_image(project: Project, image_id: int) -> dict[int, Suggestion]:
    """What a classifier suggests about the detections of an image, by detection id. Merged species come as one."""
    rows = project.db.execute(
        "SELECT detection_id, run_id, top FROM suggestions WHERE image_id = ? AND top IS NOT NULL ORDER BY detection_id",
        (image_id,),
    ).fetchall()
    present = present_names(project) if rows else {}
    return {row["detection_id"]: _suggestion(row["run_id"], read_top(row["top"], present)) for row in rows}


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


def pending(project: Project, detector: KnownDetector, made_with: str, use_crops: bool) -> Iterator[Picture]:
    """Readable images with animals that have no suggestion of this model, with those animals, by ascending id.

    Suggestions may be added meanwhile. An animal that gets none is not offered twice. ``use_crops``: the crop files
    were cut as these animals shall be.
    """
    which, after = (*_which(detector), made_with), 0
    roots = images.roots(project)
    while True:
        page = project.db.execute(
            "SELECT id, root_id, path FROM images WHERE id > ? AND problem IS NULL AND EXISTS (SELECT 1 FROM detections"
            f" WHERE image_id = images.id AND {_ANIMALS} AND {_NOT_MADE}) ORDER BY id LIMIT ?",
            (after, *which, _PAGE),
        ).fetchall()
        if not page:
            return
        first, after = page[0]["id"], page[-1]["id"]
        animals = _animals(project, first, after, which, use_crops)
        for image_id, root_id, path in page:
            yield Picture(image_id, roots[root_id], path, tuple(animals[image_id]))


def add(project: Project, run_id: str, made_with: str, said: Sequence[Said]) -> None:
    """Keep what was found out about some animals, all or nothing; what was said of them before is replaced.

    ``run_id`` is '' without a classifier; what one elsewhere said then stays. Detections that are gone meanwhile are
    passed over.
    """
    with project.write() as db:
        species = species_ids(project)
        rows = []
        for one in said:
            first, second = ([share for _, share in one.top] + [0.0, 0.0])[:2]
            rows.append(
                (
                    one.detection_id,
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
            " features) SELECT id, image_id, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM detections WHERE id = ?1"
            " ON CONFLICT (detection_id) DO UPDATE SET made_with = excluded.made_with, features = excluded.features",
            rows,
        )
        db.executemany(
            "UPDATE suggestions SET run_id = ?2, species_id = ?3, confidence = ?4, margin = ?5, top = ?6"
            f" WHERE detection_id = ?1 AND (?6 IS NOT NULL OR run_id NOT LIKE '%{ELSEWHERE}')",
            (row[:6] for row in rows),
        )


UNLABELLED, LABELLED, DECIDED = range(3)


@dataclass(frozen=True)
class Known:
    """All animals with a suggestion, by ascending id: arrays [N], 45 bytes of memory each. ``keys`` are those of their
    features, 32 bytes each, zeros where there are none.

    ``margin`` is NaN without a classifier. ``state`` is DECIDED where a person has decided about the image, LABELLED
    where it has a label from elsewhere, else UNLABELLED.
    """

    ids: NDArray[np.int64]
    margin: NDArray[np.float32]
    state: NDArray[np.int8]
    keys: NDArray[np.void]

    def only(self, which: NDArray[np.bool_]) -> "Known":
        """Some of them."""
        return Known(self.ids[which], self.margin[which], self.state[which], self.keys[which])


def known(project: Project) -> Known:
    """What the orders are made from."""
    rows = project.db.execute(
        "SELECT detection_id, margin, CASE WHEN images.reviewed IS NOT NULL THEN ? WHEN EXISTS"
        " (SELECT 1 FROM labels WHERE labels.image_id = images.id) THEN ? ELSE ? END, features"
        " FROM suggestions JOIN images ON images.id = suggestions.image_id ORDER BY detection_id",
        (DECIDED, LABELLED, UNLABELLED),
    )
    said = ((number, np.nan if margin is None else margin, state, key) for number, margin, state, key in rows)
    kinds = [("id", np.int64), ("margin", np.float32), ("state", np.int8), ("key", "V32")]
    table: NDArray[np.void] = np.fromiter(said, np.dtype(kinds))
    return Known(table["id"], table["margin"], table["state"], table["key"])


def set_orders(
    project: Project,
    ids: NDArray[np.int64],
    teaches: NDArray[np.int64],
    alike: NDArray[np.int64],
    say: Callable[[int], None],
) -> None:
    """Keep the places of animals (detection ids, ascending) in both orders, -1 for none; written in batches."""
    for first in range(0, len(ids), _ORDERED):
        part = slice(first, first + _ORDERED)
        with project.write() as db:
            db.executemany(
                "UPDATE suggestions SET teaches = nullif(?2, -1), alike = nullif(?3, -1) WHERE detection_id = ?1"
                " AND (teaches IS NOT nullif(?2, -1) OR alike IS NOT nullif(?3, -1))",
                zip(ids[part].tolist(), teaches[part].tolist(), alike[part].tolist(), strict=True),
            )
        say(min(first + _ORDERED, len(ids)))


def outdate(project: Project, ids: NDArray[np.int64]) -> None:
    """Have animals looked at again: their features are gone."""
    with project.write() as db:
        db.executemany(
            "UPDATE suggestions SET made_with = '' WHERE detection_id = ?", ((one,) for one in ids.tolist())
        )


def count(project: Project) -> int:
    """How many animals have been looked at."""
    return int(project.db.execute("SELECT count(*) FROM suggestions").fetchone()[0])


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


def _animals(
    project: Project, first: int, last: int, which: tuple[object, ...], use_crops: bool
) -> dict[int, list[Animal]]:
    cut = {}
    if use_crops:
        folder = crop_files.folder(project)
        rows = project.db.execute(
            "SELECT detection_id, file, sha256 FROM crops WHERE image_id BETWEEN ? AND ? AND detection_id IS NOT NULL",
            (first, last),
        )
        cut = {row["detection_id"]: (folder / row["file"], row["sha256"]) for row in rows}
    found: dict[int, list[Animal]] = defaultdict(list)
    for row in project.db.execute(
        "SELECT id, image_id, x, y, width, height FROM detections"
        f" WHERE image_id BETWEEN ? AND ? AND {_ANIMALS} AND {_NOT_MADE} ORDER BY id",
        (first, last, *which),
    ):
        found[row["image_id"]].append(Animal(row["id"], tuple(row)[2:], cut.get(row["id"])))
    return found


def present_names(project: Project) -> dict[str, str]:
    """What merged species are called now."""
    return dict(
        project.db.execute(
            "SELECT old.name, new.name FROM species AS old JOIN species AS new ON new.id = old.merged_into"
        ).fetchall()
    )


def read_top(text: str, present: dict[str, str]) -> Top:
    """A stored ``top``; ``present`` are the names of now (``present_names``)."""
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
