"""The project as tables for spreadsheets and statistics: images, detections, species, and species by location.

Four CSV files in a folder, or one spreadsheet with a sheet for each. A count that nobody gave is empty in the tables of
single images; in the summary an image then counts for as many as it has boxes of the species, at least one.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camtrap_gui import files
from camtrap_gui.formats import spreadsheet
from camtrap_gui.formats import tables as csv_tables
from camtrap_gui.jobs import Report
from camtrap_gui.project import Project
from camtrap_gui.project.observations import Observed, Rules
from camtrap_gui.sharing import telling
from camtrap_gui.sharing.file_names import namer
from camtrap_gui.sharing.telling import Told

_PLACE = ("location", "sequence", "frame", "time")
HEADERS = {
    "images": (
        "image", "file", *_PLACE, "width", "height", "species", "animals", "people", "vehicles", "reviewed", "flagged",
        "problem",
    ),
    "detections": (
        "image", "file", "category", "confidence", "x", "y", "width", "height", "kind", "species", "source", "author",
        "run", "species_confidence",
    ),
    "species": (
        "image", "file", *_PLACE, "species", "count", "boxes", "source", "author", "made", "run", "confidence",
        "whole_sequence",
    ),
    "summary": ("location", "species", "images", "sequences", "individuals", "first", "last"),
}  # fmt: skip

Add = Callable[[str, Sequence[Any]], None]


@dataclass(frozen=True)
class Written:
    """Rows of each table."""

    images: int
    detections: int
    species: int
    summary: int


def write_csv(project: Project, target: Path, report: Report, rules: Rules) -> Written:
    """Write the tables as CSV files into a new folder."""
    with files.new_folder(target) as folder:
        return _write(project, lambda: _csv_files(folder), report, rules)


def write_xlsx(project: Project, target: Path, report: Report, rules: Rules) -> Written:
    """Write the tables as one spreadsheet."""
    return _write(project, lambda: spreadsheet.writing(target, HEADERS), report, rules)


@contextmanager
def _csv_files(folder: Path) -> Iterator[Add]:
    with ExitStack() as open_files:
        adders = {
            name: open_files.enter_context(csv_tables.writing(folder / f"{name}.csv", header))
            for name, header in HEADERS.items()
        }
        yield lambda name, row: adders[name](row)


def _write(project: Project, opened: Callable[[], Any], report: Report, rules: Rules) -> Written:
    name_of = namer(project)
    counts = dict.fromkeys(HEADERS, 0)
    with opened() as add_row, closing(_Summary()) as summary:

        def add(table: str, row: Sequence[Any]) -> None:
            counts[table] += 1
            add_row(table, row)

        for observed in telling.each(project, rules, report):
            told = telling.tell(observed)
            file = name_of(observed.image)
            add("images", _image(observed, told, file))
            for one in told:
                if one.region is not None:
                    add("detections", (observed.image.key, file, *_region(one)))
            for row in _species(told):
                summary.note(observed, row)
                add("species", (observed.image.key, file, *_where(observed), *row))
        for row in summary.rows():
            add("summary", row)
    return Written(**counts)


def _where(observed: Observed) -> tuple[Any, ...]:
    image = observed.image
    return image.location, image.sequence, image.frame, _time(image.taken)


def _image(observed: Observed, told: list[Told], file: str) -> tuple[Any, ...]:
    image = observed.image
    boxes = [one.kind for one in told if one.region is not None]
    numbers = [
        boxes.count(kind) if observed.seen or told else None for kind in ("animal", "person", "vehicle")
    ]
    species = dict.fromkeys(one.name for one in told if one.name)
    return (
        image.key, file, *_where(observed), image.width, image.height, " | ".join(species) or None, *numbers,
        _time(observed.reviewed), "yes" if observed.flagged else None, image.problem or observed.failure,
    )  # fmt: skip


def _region(one: Told) -> tuple[Any, ...]:
    assert one.region is not None
    return (
        one.region.category, round(one.region.confidence, 6), *(round(side, 7) for side in one.region.box),
        one.region.kind, one.species, one.source, one.author, one.run_id, one.confidence,
    )  # fmt: skip


def _species(told: list[Told]) -> Iterator[tuple[Any, ...]]:
    """One row for each species of an image: what several boxes show of it is put together."""
    together: dict[str, list[Told]] = {}
    for one in told:
        if one.name:
            together.setdefault(one.name, []).append(one)
    for name, ones in together.items():
        first = ones[0]
        counted = [one.amount for one in ones if one.amount is not None]
        boxes = sum(one.region is not None for one in ones)
        yield (
            name, sum(counted) if counted else None, boxes, first.source, first.author, _time(first.made), first.run_id,
            first.confidence, "yes" if first.sequence_level else None,
        )  # fmt: skip


class _Summary:
    """Species by location, gathered in a database of its own, as there may be many sequences."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("CREATE TABLE seen (location, species, sequence, individuals, time)")
        self._db.execute("BEGIN")

    def note(self, observed: Observed, row: tuple[Any, ...]) -> None:
        image = observed.image
        sequence = None if image.sequence is None else f"{image.root}\n{image.sequence}"
        amount = row[1] if row[1] is not None else max(row[2], 1)
        self._db.execute(
            "INSERT INTO seen VALUES (?, ?, ?, ?, ?)", (image.location, row[0], sequence, amount, image.taken)
        )

    def rows(self) -> Iterator[tuple[Any, ...]]:
        found = self._db.execute(
            "SELECT location, species, count(*), count(DISTINCT sequence), sum(individuals), min(time), max(time)"
            " FROM seen GROUP BY location, species ORDER BY location, species"
        )
        for location, species, images, sequences, individuals, first, last in found:
            is_empty = telling.kind_of(species) == "empty"
            yield (
                location,
                species,
                images,
                sequences,
                None if is_empty else individuals,
                _time(first),
                _time(last),
            )

    def close(self) -> None:
        self._db.close()


def _time(text: str | None) -> str | None:
    return text[:19].replace("T", " ") if text else None
