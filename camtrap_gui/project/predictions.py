"""What a run's classifier said about crops: one row per run and crop, filled in batches, counted once.

Rows belong to one model. When a run's model changes (training went on), ``begin`` forgets what the old one said; when
crops are made anew, their rows go with the old crops.
"""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from camtrap_gui.project import Project

_PAGE = 1000

CHANGES = {
    "mended": "new.species_id = crops.species_id",
    "broken": "old.species_id = crops.species_id",
    "other": "crops.species_id NOT IN (old.species_id, new.species_id)",
}
"""Of crops that two runs name differently: only the new one is right, only the old one, neither."""


class Unpredicted(NamedTuple):
    """A crop the run's classifier has not seen; ``file`` is below the project's ``crops/``."""

    crop_id: int
    file: str


class Prediction(NamedTuple):
    """What a classifier said about a crop. ``top`` holds (species, confidence 0..1), best first, at least one."""

    crop_id: int
    top: Sequence[tuple[str, float]]


class Judged(NamedTuple):
    """A prediction beside the truth. ``file`` is below ``crops/``, ``location`` the camera, ``top`` as above.

    Only ``judged`` says the rest: crops with one ``burst`` are of one sequence, or of one picture that is in none;
    ``taken`` is when, by the camera's clock.
    """

    crop_id: int
    file: str
    location: str
    truth: str
    top: list[tuple[str, float]]
    burst: int = 0
    taken: str | None = None


def begin(project: Project, run_id: str, model: str) -> None:
    """Make sure that the predictions of a run are those of ``model`` (any text that tells models apart, a hash)."""
    (known,) = project.db.execute("SELECT predicted_with FROM runs WHERE id = ?", (run_id,)).fetchone()
    if known != model:
        with project.write() as db:
            db.execute("DELETE FROM predictions WHERE run_id = ?", (run_id,))
            db.execute("UPDATE runs SET predicted_with = ? WHERE id = ?", (model, run_id))


def missing(project: Project, run_id: str, split: str) -> Iterator[list[Unpredicted]]:
    """Pages of the crops of a split that the run has no prediction for, in the order of their ids.

    Predictions may be added while reading. A crop that gets none is not offered twice.
    """
    after = 0
    while True:
        rows = project.db.execute(
            # Left to itself, SQLite would sort the whole split again for every page.
            "SELECT id, file FROM crops NOT INDEXED WHERE split = ? AND id > ?"
            " AND NOT EXISTS (SELECT 1 FROM predictions WHERE run_id = ? AND crop_id = crops.id)"
            " ORDER BY id LIMIT ?",
            (split, after, run_id, _PAGE),
        ).fetchall()
        if not rows:
            return
        after = rows[-1]["id"]
        yield [Unpredicted(*row) for row in rows]


def add(project: Project, run_id: str, predictions: Sequence[Prediction]) -> None:
    """Keep what the run's classifier said about some crops, all or none; what it said of them before is replaced."""
    with project.write() as db:
        species = dict(db.execute("SELECT name, id FROM species").fetchall())
        db.executemany(
            "INSERT OR REPLACE INTO predictions (run_id, crop_id, species_id, confidence, top) VALUES (?, ?, ?, ?, ?)",
            [
                (run_id, p.crop_id, species[p.top[0][0]], p.top[0][1], json.dumps(p.top, ensure_ascii=False))
                for p in predictions
            ],
        )


def count(project: Project, run_id: str, split: str) -> int:
    """How many crops of a split the run has a prediction for."""
    number: int = project.db.execute(
        "SELECT count(*) FROM predictions JOIN crops ON crops.id = crop_id WHERE run_id = ? AND split = ?",
        (run_id, split),
    ).fetchone()[0]
    return number


def of_crop(project: Project, run_id: str, crop_id: int) -> list[tuple[str, float]] | None:
    """What a run's classifier said about one crop, best first; None when it was not asked yet."""
    row = project.db.execute(
        "SELECT top FROM predictions WHERE run_id = ? AND crop_id = ?", (run_id, crop_id)
    ).fetchone()
    return None if row is None else msgspec.json.decode(row["top"], type=list[tuple[str, float]])


def judged(project: Project, run_id: str, split: str) -> Iterator[Judged]:
    """Every prediction of a run for a split with the truth, in the order of the crops' ids; flat in memory."""
    top = msgspec.json.Decoder(list[tuple[str, float]])
    after = 0
    while True:
        rows = project.db.execute(
            "SELECT crops.id AS id, file, location, species.name AS truth, predictions.top,"
            " coalesce(images.sequence_id, -images.id), taken"
            " FROM predictions JOIN crops ON crops.id = crop_id JOIN species ON species.id = crops.species_id"
            " JOIN images ON images.id = crops.image_id"
            " WHERE run_id = ? AND crop_id > ? AND split = ? ORDER BY crop_id LIMIT ?",
            (run_id, after, split, _PAGE),
        ).fetchall()
        if not rows:
            return
        after = rows[-1]["id"]
        for crop_id, file, location, truth, said, burst, taken in rows:
            yield Judged(crop_id, file, location, truth, top.decode(said), burst, taken)


def of_cell(
    project: Project, run_id: str, split: str, truth: str, prediction: str, most: int
) -> list[Judged]:
    """Up to ``most`` crops of one cell of the confusion matrix, those that teach most first.

    Where the classifier was wrong these are the ones it was surest of, where it was right those it was least sure of.
    """
    order = "ASC" if truth == prediction else "DESC"
    rows = project.db.execute(
        "SELECT crops.id, file, location, predictions.top FROM predictions JOIN crops ON crops.id = crop_id"
        " WHERE run_id = ? AND split = ? AND crops.species_id = (SELECT id FROM species WHERE name = ?)"
        " AND predictions.species_id = (SELECT id FROM species WHERE name = ?)"
        f" ORDER BY confidence {order}, crop_id LIMIT ?",
        (run_id, split, truth, prediction, most),
    )
    top = msgspec.json.Decoder(list[tuple[str, float]])
    return [Judged(number, file, location, truth, top.decode(said)) for number, file, location, said in rows]


def of_change(
    project: Project, old_run: str, new_run: str, split: str, change: str, most: int
) -> list[tuple[Judged, Judged]]:
    """Up to ``most`` crops that two runs name differently in one of the ways of CHANGES, as each judged them.

    Those that the new run is surest of come first.
    """
    rows = project.db.execute(
        "SELECT crops.id, file, location, species.name, old.top, new.top FROM predictions AS new"
        " JOIN predictions AS old ON old.crop_id = new.crop_id AND old.run_id = ?"
        " JOIN crops ON crops.id = new.crop_id JOIN species ON species.id = crops.species_id"
        f" WHERE new.run_id = ? AND split = ? AND old.species_id != new.species_id AND {CHANGES[change]}"
        " ORDER BY new.confidence DESC, crops.id LIMIT ?",
        (old_run, new_run, split, most),
    )
    top = msgspec.json.Decoder(list[tuple[str, float]])
    return [
        (
            Judged(crop, file, place, truth, top.decode(before)),
            Judged(crop, file, place, truth, top.decode(after)),
        )
        for crop, file, place, truth, before, after in rows
    ]
