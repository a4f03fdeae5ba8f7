"""What there is to choose from at LILA: its data sets, and how many pictures of each season, place and species one has.

A job of the window, which has lists to choose from where the command line has names to type.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from camtrap_gui.jobs import Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.sources import lila, lila_index
from camtrap_gui.sources.lila_metadata import Annotation, Category, Image, Metadata, Record, number_of

if TYPE_CHECKING:
    from numpy import ndarray

PHASE = "Looking what there is"
WHATEVER = -1


@dataclass(frozen=True)
class Options:
    """Without a data set, only which ones there are."""

    lila: Annotated[str, Option("Data set of LILA.")] = ""
    images: Annotated[Path | None, Option("Folder to download its metadata into.", folder=True)] = None
    lila_cloud: Annotated[str, Option("Which of LILA's clouds to ask first.")] = "gcp"


@dataclass(frozen=True)
class Result:
    """``data_sets`` by short name and name. Of the data set ``name``, its seasons, locations and species.

    ``cells`` are places in these three lists, and how many pictures there are; with the species ``WHATEVER``, all of that
    season and location, whatever is on them. A picture with two species counts for both. ``results``: LILA has those of
    MegaDetector.
    """

    data_sets: tuple[tuple[str, str], ...] = ()
    name: str = ""
    pictures: int = 0
    results: bool = False
    seasons: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    species: tuple[str, ...] = ()
    cells: tuple[tuple[int, int, int, int], ...] = ()

    def text(self) -> str:
        """One sentence."""
        if not self.name:
            return f"LILA has {len(self.data_sets):,} data sets."
        return (
            f"{self.name}: {self.pictures:,} pictures of {len(self.seasons):,} seasons at {len(self.locations):,} locations, "
            f"{len(self.species):,} species."
        )


def run(_: None, options: Options, report: Report) -> Result:
    """Look. Raises Problem when LILA, or the data set, cannot be had."""
    if not options.lila:
        known = lila_index.data_sets(report)
        return Result(data_sets=tuple((one.short_name, one.name) for one in known))
    if options.images is None:
        raise Problem("Say into which folder to download: --images DIR.")
    data_set, file = lila.metadata_of(options.lila, options.images, options.lila_cloud, report)
    try:
        return _contents(data_set, Metadata(file, report, PHASE))
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Problem(f"{file} is damaged ({error}). Delete it and start again.") from error


def _contents(data_set: lila_index.DataSet, metadata: Metadata) -> Result:
    import numpy as np

    seasons: dict[str, int] = {}
    locations: dict[str, int] = {}
    parts = []
    for images in metadata.records("images", Image):
        there = [one for one in images if one is not None]
        part = np.empty((len(there), 3), np.int64)
        for row, one in enumerate(there):
            season = seasons.setdefault(one.in_season(), len(seasons))
            place = locations.setdefault("" if one.location is None else str(one.location), len(locations))
            part[row] = number_of(one.id), season, place
        parts.append(part)
    known = np.concatenate(parts) if parts else np.empty((0, 3), np.int64)
    known = known[np.argsort(known[:, 0], kind="stable")]
    species: dict[str, int] = {}
    said = _said(metadata, known[:, 0], species)
    with_species = np.column_stack([known[said[:, 0], 1:], said[:, 1]])
    whatever = np.column_stack([known[:, 1:], np.full(len(known), WHATEVER, np.int64)])
    cells = [*_counted(whatever), *_counted(with_species)]
    return Result(
        (),
        data_set.name,
        len(known),
        bool(data_set.results),
        tuple(seasons),
        tuple(locations),
        tuple(species),
        tuple(cells),
    )


def _said(metadata: Metadata, ids: "ndarray", species: dict[str, int]) -> "ndarray":
    """Each picture's place among the sorted ``ids`` with each species on it, once; int [N, 2]. Fills in ``species``."""
    import numpy as np

    names = {str(one.id): one.name for one in _all(metadata, "categories", Category)}
    numbers = {key: species.setdefault(name, len(species)) for key, name in names.items()}
    parts = []
    for records in metadata.records("annotations", Annotation):
        pairs = [
            (number_of(one.image_id), numbers[str(one.category_id)])
            for one in records
            if one is not None and str(one.category_id) in numbers
        ]
        if not pairs or not len(ids):
            continue
        part = np.array(pairs, np.int64)
        places = np.minimum(np.searchsorted(ids, part[:, 0]), len(ids) - 1)
        part = np.column_stack([places, part[:, 1]])[ids[places] == part[:, 0]]
        parts.append(part)
    return np.unique(np.concatenate(parts), axis=0) if parts else np.empty((0, 2), np.int64)


def _all(metadata: Metadata, member: str, kind: type[Record]) -> list[Record]:
    return [one for records in metadata.records(member, kind) for one in records if one is not None]


def _counted(rows: "ndarray") -> list[tuple[int, int, int, int]]:
    import numpy as np

    found, amounts = np.unique(rows, axis=0, return_counts=True)
    return [
        (int(season), int(place), int(kind), int(number))
        for (season, place, kind), number in zip(found, amounts, strict=True)
    ]
