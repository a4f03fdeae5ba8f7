"""Which image of the project a file name in somebody else's file means.

Such names start from a folder that may be another one than the project's image folder: names then have leading folders
that the project's paths lack, or lack some, or have others. ``find`` learns from a sample which leading folders
stand for which; ``Names`` then looks every name up. Upper and lower case, and the ways to write an accent, count for
equal only where nothing fits otherwise.
"""

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from camtrap_gui import remote_pictures
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images

_PAGE = 20_000
_MOST_PER_NAME = 50

AMBIGUOUS = 0
"""Stands for the id of an image where a name fits several."""


@dataclass(frozen=True)
class Way:
    """Names that begin with ``strip`` mean paths of an image root that begin with ``add`` instead."""

    root_id: int
    strip: str = ""
    add: str = ""
    any_case: bool = False

    def path(self, name: str) -> str | None:
        """The path that a name means; None where it does not begin as it should."""
        return self.add + name[len(self.strip) :] if name.startswith(self.strip) else None

    def text(self) -> str:
        """In words; '' where names are paths as they are."""
        words = {
            (False, False): "",
            (True, False): f"“{self.strip}” is left out",
            (False, True): f"“{self.add}” is put in front",
            (True, True): f"“{self.strip}” is “{self.add}” here",
        }[bool(self.strip), bool(self.add)]
        return ", ".join(
            part for part in (words, "upper and lower case count for equal" * self.any_case) if part
        )


def tidy(name: str) -> str:
    """A name as the others are written: forward slashes, no detours that mean nothing."""
    if "\\" in name:
        name = name.replace("\\", "/")
    while name.startswith("./"):
        name = name[2:]
    return name.replace("/./", "/").replace("//", "/") if "//" in name or "/./" in name else name


def folded(name: str) -> str:
    """What names have in common that differ in case, or in the way accents are written."""
    return name if name.isascii() and name.islower() else unicodedata.normalize("NFC", name).casefold()


def from_folder(project: Project, folder: Path) -> list[Way]:
    """How names are meant that start from a folder of this computer. Raises Problem where no image lies below it."""
    ways = []
    place = folder if remote_pictures.is_elsewhere(folder) else folder.resolve()
    for root_id, root in images.roots(project).items():
        if root.is_relative_to(place):
            ways.append(Way(root_id, strip=_as_prefix(root.relative_to(place))))
        elif place.is_relative_to(root):
            ways.append(Way(root_id, add=_as_prefix(place.relative_to(root))))
    if not ways:
        places = ", ".join(map(remote_pictures.shown, images.roots(project).values()))
        raise Problem(f"No picture of the project lies below {folder}. They are in: {places}.")
    return ways


def find(project: Project, sample: Iterable[str]) -> list[Way]:
    """How the names of a sample are meant, at most one way for each image root, the one that fits most of them first.

    Empty where none fits. Raises Problem where several folders fit equally well, as when cameras count alike.
    """
    names = sorted({tidy(name) for name in sample})
    as_they_are = [Way(root_id) for root_id in images.roots(project)]
    if names and all(Names(project, as_they_are).match(names).values()):
        return as_they_are
    exactly = _choose(_votes(project, names, any_case=False), len(names))
    if sum(fit for fit, _ in exactly) < len(names) / 2:
        any_case = _choose(_votes(project, names, any_case=True), len(names))
        if sum(fit for fit, _ in any_case) > sum(fit for fit, _ in exactly):
            return [way for _, way in any_case]
    return [way for _, way in exactly]


class Names:
    """Looks names up."""

    def __init__(self, project: Project, ways: Sequence[Way]) -> None:
        self._db = project.db
        self._ways = ways
        if any(way.any_case for way in ways):
            self._fold(project)

    def match(self, names: Sequence[str]) -> dict[str, int | None]:
        """The id of the image that each name means, None where there is none, AMBIGUOUS where there are several."""
        found: dict[str, int | None] = dict.fromkeys(names)
        for way in self._ways:
            wanted = {path: name for name in names if (path := way.path(tidy(name))) is not None}
            for path, number in self._look_up(way, wanted):
                name = wanted[path]
                found[name] = number if found[name] in (None, number) else AMBIGUOUS
        return found

    def _look_up(self, way: Way, wanted: dict[str, str]) -> Iterator[tuple[str, int]]:
        if not way.any_case:
            yield from self._db.execute(
                "SELECT path, id FROM images WHERE root_id = ? AND path IN (SELECT value FROM json_each(?))",
                (way.root_id, json.dumps([*wanted])),
            )
            return
        equal = defaultdict(list)
        for path in wanted:
            equal[folded(path)].append(path)
        for key, number in self._db.execute(
            "SELECT path, id FROM temp.folded_paths WHERE root_id = ? AND path IN (SELECT value FROM json_each(?))",
            (way.root_id, json.dumps([*equal])),
        ):
            for path in equal[key]:
                yield path, number

    def _fold(self, project: Project) -> None:
        db = project.db
        db.execute("DROP TABLE IF EXISTS temp.folded_paths")
        db.execute(
            "CREATE TEMP TABLE folded_paths (root_id INTEGER, path TEXT, id INTEGER, PRIMARY KEY (root_id, path))"
            " WITHOUT ROWID"
        )
        db.execute(
            "SAVEPOINT folding"
        )  # the project itself is not locked: only the temporary table is written
        db.executemany(
            f"INSERT INTO temp.folded_paths VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET id = {AMBIGUOUS}",
            ((root_id, folded(path), number) for number, root_id, path in _paths(project)),
        )
        db.execute("RELEASE folding")


def _as_prefix(folder: PurePath) -> str:
    return "" if folder == PurePath() else folder.as_posix() + "/"


def _paths(project: Project) -> Iterator[tuple[int, int, str]]:
    after = 0
    while rows := project.db.execute(
        "SELECT id, root_id, path FROM images WHERE id > ? ORDER BY id LIMIT ?", (after, _PAGE)
    ).fetchall():
        yield from rows
        after = rows[-1][0]


def _votes(project: Project, names: Sequence[str], any_case: bool) -> Counter[Way]:
    """By how many names each way is the one that leaves most of the name as it is."""
    same = folded if any_case else str
    by_base: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_base[same(name.rpartition("/")[2])].append(name)
    best: dict[str, tuple[int, set[Way]]] = {}
    for _, root_id, path in _paths(project):
        for name in by_base.get(same(path.rpartition("/")[2]), ()):
            common, way = _compare(name, path, root_id, any_case)
            most, ways = best.get(name, (0, set()))
            if common > most:
                best[name] = common, {way}
            elif common == most and len(ways) < _MOST_PER_NAME:
                ways.add(way)
    return Counter(way for _, ways in best.values() for way in ways)


def _compare(name: str, path: str, root_id: int, any_case: bool) -> tuple[int, Way]:
    """How many parts name and path have in common at their ends, and the way that leads from one to the other."""
    same = folded if any_case else str
    theirs, ours = name.split("/"), path.split("/")
    common = 0
    while common < min(len(theirs), len(ours)) and same(theirs[-1 - common]) == same(ours[-1 - common]):
        common += 1
    strip, add = ("".join(f"{part}/" for part in parts[: len(parts) - common]) for parts in (theirs, ours))
    return common, Way(root_id, strip, add, any_case)


def _choose(votes: Counter[Way], names: int) -> list[tuple[int, Way]]:
    """The best way of each root with the names it fits, the one that fits most first."""
    chosen = []
    for root_id in {way.root_id for way in votes}:
        here = {way: number for way, number in votes.items() if way.root_id == root_id}
        most = max(here.values())
        first = [way for way, number in here.items() if number == most]
        shortest = min(len(way.strip) + len(way.add) for way in first)
        first = [way for way in first if len(way.strip) + len(way.add) == shortest]
        # A file name alone, in a folder of another name, says little: cameras count alike.
        if first[0].strip and first[0].add and most < max(2, names / 2):
            continue
        if len(first) > 1:
            listed = ", ".join(sorted(f"“{way.add or way.strip}”" for way in first)[:5])
            raise Problem(
                f"The names fit several folders equally well: {listed}. Say with --images from which folder they start."
            )
        chosen.append((most, first[0]))
    return sorted(chosen, key=lambda pair: -pair[0])
