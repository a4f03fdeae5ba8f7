"""Choosing among millions of pictures before any of them is downloaded.

The metadata of a data set (``lila_metadata``) is read several times: first to find out what there is, then to write the
records of what was chosen into a small JSON of the same form. Of each picture only 9 bytes are kept in memory.
"""

import json
import random
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from camtrap_gui import files
from camtrap_gui.formats import json_stream
from camtrap_gui.formats.json_stream import Member
from camtrap_gui.jobs import Report
from camtrap_gui.problem import Problem
from camtrap_gui.sources.lila_metadata import Annotation, Category, Image, Metadata, number_of

if TYPE_CHECKING:
    from numpy import ndarray

PHASE = "Choosing"
_NAMED = 40


@dataclass(frozen=True)
class Choice:
    """Pictures of these seasons, locations and species (empty: of any), then so many of them at random (0: all)."""

    seasons: tuple[str, ...] = ()
    species: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    sample: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Chosen:
    """How many ``pictures`` were chosen ``of`` how many."""

    pictures: int
    of: int


def choose(metadata: Path, choice: Choice, target: Path, report: Report) -> Chosen:
    """Write the records of the chosen pictures to ``target``; if it holds the same choice already, leave it.

    Raises Problem when the metadata is damaged, when a season, location or species does not exist, or when nothing is
    left.
    """
    asked = {"metadata": [metadata.name, metadata.stat().st_size], **asdict(choice)}
    if (done := _done(target, asked)) is not None:
        return done
    try:
        chooser = _Chooser(Metadata(metadata, report, PHASE), choice)
        chosen = chooser.chosen()
        chooser.write(chosen, target, asked)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Problem(f"{metadata} is damaged ({error}). Delete it and start again.") from error
    return Chosen(int(chosen.sum()), len(chosen))


def _done(target: Path, asked: dict[str, Any]) -> Chosen | None:
    """What an earlier choice found, if it was the same."""
    if not target.is_file():
        return None
    try:
        members = json_stream.index(target)
        with target.open("rb") as file:
            info = json.loads(_text(file, members["info"]))
        same = info["lila"]["choice"] == json.loads(json.dumps(asked))
        return Chosen(members["images"].count, int(info["lila"]["of"])) if same else None
    except (Problem, KeyError, TypeError, ValueError):
        return None


class _Chooser:
    """Goes through the metadata as often as needed."""

    def __init__(self, metadata: Metadata, choice: Choice) -> None:
        self._metadata, self._choice = metadata, choice
        self._ids: ndarray

    def chosen(self) -> "ndarray":
        """Whether each picture, in the order of the file, was chosen; bool [N]."""
        import numpy as np

        wanted = self._of_places()
        if self._choice.species:
            wanted &= np.isin(self._ids, self._of_species())
        places = np.flatnonzero(wanted)
        if not len(places):
            raise Problem("No picture is left by this choice of seasons, locations and species.")
        if 0 < self._choice.sample < len(places):
            drawn = random.Random(self._choice.seed).sample(range(len(places)), self._choice.sample)
            wanted[:] = False
            wanted[places[drawn]] = True
        return wanted

    def write(self, chosen: "ndarray", target: Path, asked: dict[str, Any]) -> None:
        """The chosen pictures, all that is said about them, and all categories, as one JSON."""
        import numpy as np

        info = {"lila": {"choice": asked, "of": len(chosen)}}
        ids = np.sort(self._ids[chosen])
        with files.replacing(target) as beside, beside.open("wb") as out:
            out.write(b'{"info": ' + json.dumps(info).encode())
            with self._metadata.source.open("rb") as file:
                if "info" in self._metadata.members:
                    out.write(b',\n"source": ' + _text(file, self._metadata.members["info"]))
                out.write(b',\n"categories": ' + _text(file, self._metadata.members["categories"]))
            out.write(b',\n"images": [')
            _write(out, (raws[kept] for raws, kept in self._kept_images(chosen)))
            out.write(b'],\n"annotations": [')
            _write(out, self._kept_annotations(ids))
            out.write(b"]}\n")

    def _kept_images(self, chosen: "ndarray") -> "Iterator[tuple[ndarray, ndarray]]":
        at = 0
        for raws in self._metadata.raws("images"):
            yield raws, chosen[at : at + len(raws)]
            at += len(raws)

    def _kept_annotations(self, ids: "ndarray") -> "Iterator[ndarray]":
        import numpy as np

        for raws, records in self._metadata.both("annotations", Annotation):
            of_images = np.fromiter((number_of(one.image_id) if one else 0 for one in records), np.int64)
            places = np.searchsorted(ids, of_images)
            yield raws[ids[np.minimum(places, len(ids) - 1)] == of_images]

    def _of_places(self) -> "ndarray":
        """Pictures of the wanted seasons and locations, bool [N]; notes the pictures' ids."""
        import numpy as np

        seasons, locations = (
            {text.strip().casefold() for text in texts}
            for texts in (self._choice.seasons, self._choice.locations)
        )
        there: dict[str, set[str]] = {"season": set(), "location": set()}
        ids, wanted = [], []
        for records in self._metadata.records("images", Image):
            ids.append(np.fromiter((number_of(one.id) if one else 0 for one in records), np.int64))
            keep = np.array([one is not None for one in records], bool)
            if seasons:
                said = [one.in_season().casefold() if one else "" for one in records]
                there["season"].update(said)
                keep &= np.array([season in seasons for season in said], bool)
            if locations:
                said = [str(one.location).casefold() if one else "" for one in records]
                there["location"].update(said)
                keep &= np.array([location in locations for location in said], bool)
            wanted.append(keep)
        _require(seasons, there["season"], "season")
        _require(locations, there["location"], "location")
        self._ids = np.concatenate(ids) if ids else np.empty(0, np.int64)
        return np.concatenate(wanted) if wanted else np.empty(0, bool)

    def _of_species(self) -> "ndarray":
        """Ids of pictures with one of the wanted species."""
        import numpy as np

        wanted = {text.strip().casefold() for text in self._choice.species}
        names = {
            str(one.id): one.name.strip().casefold()
            for records in self._metadata.records("categories", Category)
            for one in records
            if one
        }
        _require(wanted, set(names.values()), "species")
        ids = {key for key, name in names.items() if name in wanted}
        found = [
            np.fromiter(
                (number_of(one.image_id) for one in records if one and str(one.category_id) in ids), np.int64
            )
            for records in self._metadata.records("annotations", Annotation)
        ]
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)


def _write(out: BinaryIO, batches: "Iterator[ndarray]") -> None:
    first = True
    for raws in batches:
        if len(raws):
            out.write((b"\n" if first else b",\n") + b",\n".join(raws))
            first = False


def _text(file: Any, member: Member) -> bytes:
    file.seek(member.start)
    return bytes(file.read(member.stop - member.start))


def _require(wanted: set[str], there: set[str], what: str) -> None:
    if missing := sorted(wanted - there):
        names = sorted(there - {""})
        more = "" if len(names) <= _NAMED else f" and {len(names) - _NAMED:,} more"
        raise Problem(
            f"There is no {what} {', '.join(f'“{name}”' for name in missing)}. "
            f"There are: {', '.join(names[:_NAMED])}{more}."
        )
