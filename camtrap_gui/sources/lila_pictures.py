"""Downloading the chosen pictures of a LILA data set, many at once, each under the name it has there.

A picture that is there is whole: it got its name when all of it had come. So a run that was stopped goes on with what
is missing. Pictures of people are on none of the clouds, though the metadata names them: they are counted as missing.
"""

import shutil
import threading
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from camtrap_gui import downloads, files, web
from camtrap_gui.formats.coco_camera_traps import Survey
from camtrap_gui.jobs import Cancelled, Progress, Report
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import is_picture_name
from camtrap_gui.problem import Problem

PHASE = "Downloading pictures"
AT_ONCE = 16
"""Pictures that are fetched at once: most of the time of each is waiting for an answer."""

_LARGEST = 200_000_000
_ASKED = 24
_SPARE = 200_000_000
_GONE = frozenset({403, 404, 410})


@dataclass(frozen=True)
class Estimate:
    """Pictures that are yet to come, of how many, and about how many bytes (None: nobody says)."""

    to_come: int
    pictures: int
    size: int | None


@dataclass
class Arrived:
    """``new`` pictures came, ``there`` were there before; ``left_out`` counts the others by reason."""

    new: int = 0
    there: int = 0
    size: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def estimate(survey: Survey, bases: Sequence[str], folder: Path) -> Estimate:
    """How much is yet to come, from the sizes of some of the pictures."""
    pictures = 0
    missing: list[str] = []
    step = max(1, survey.count("images") // (4 * _ASKED))
    to_come = 0
    for path, target in _pictures(survey, folder):
        pictures += 1
        if isinstance(target, Path) and not target.is_file():
            if to_come % step == 0:
                missing.append(path)
            to_come += 1
    asked = missing[:: max(1, len(missing) // _ASKED)][:_ASKED]
    with closing(in_order(lambda path: web.size_of(_address(bases[0], path)), asked, AT_ONCE)) as sizes:
        known = [size for size in sizes if size is not None]
    return Estimate(to_come, pictures, round(sum(known) / len(known) * to_come) if known else None)


def fetch(survey: Survey, bases: Sequence[str], folder: Path, report: Report) -> Arrived:
    """Download what is missing of the survey's pictures into ``folder``. ``bases`` are where they begin, per cloud.

    Raises Problem when the clouds cannot be reached, or the disk is full; the next run goes on there. Passes on
    Cancelled.
    """
    expected = estimate(survey, bases, folder)
    free = shutil.disk_usage(folder).free
    if expected.size is not None and expected.size + _SPARE > free:
        raise Problem(
            f"{expected.to_come:,} pictures of about {expected.size / 1e6:,.0f} MB are to come, and the disk of {folder} "
            f"has {free / 1e6:,.0f} MB left. Choose fewer of them, make room, or choose another folder."
        )
    arrived, stop = Arrived(), threading.Event()

    def one(item: tuple[str, Path | str]) -> tuple[str, str, int]:
        return _one(item, bases, stop)

    done = 0
    with closing(in_order(one, _pictures(survey, folder), AT_ONCE, 4 * AT_ONCE)) as results:
        try:
            for path, state, size in results:
                done += 1
                arrived.new += state == "new"
                arrived.there += state == "there"
                arrived.size += size
                if state not in ("new", "there"):
                    arrived.left_out[state] += 1
                values = {"MB": arrived.size // 1_000_000, "missing": arrived.left_out.total()}
                report(Progress(done, expected.pictures, path, PHASE, values))
        finally:
            stop.set()
    return arrived


def _pictures(survey: Survey, folder: Path) -> Iterator[tuple[str, Path | str]]:
    """Name of each picture, and its file to be or why it gets none."""
    for batch in survey.images():
        for image in batch.records:
            path = image.path.replace("\\", "/")
            if not is_picture_name(path):
                yield path, "not a picture"
                continue
            try:
                yield path, files.inside(folder, path)
            except Problem:
                yield path, "path leads out of the folder"


def _one(item: tuple[str, Path | str], bases: Sequence[str], stop: threading.Event) -> tuple[str, str, int]:
    path, target = item
    if isinstance(target, str):
        return path, target, 0
    if target.is_file():
        return path, "there", 0

    def give_up(_: Progress) -> None:
        if stop.is_set():
            raise Cancelled

    addresses = [_address(base, path) for base in bases]
    try:
        return path, "new", downloads.fetch(addresses, target, None, None, give_up, at_most=_LARGEST).size
    except downloads.Refused as refused:
        if refused.status in _GONE:
            return path, "not published", 0
        return path, "not what it should be", 0


def _address(base: str, path: str) -> str:
    return f"{base}/{urllib.parse.quote(path)}"
