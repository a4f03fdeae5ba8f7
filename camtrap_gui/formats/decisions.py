"""The file by which people who review the same survey exchange what they decided.

A JSON object with three members, in UTF-8::

    {"about": {"format": "camtrap decisions", "version": 1, "survey": "Kruger 2024",
               "exported": "2024-05-02T09:00:00Z", "since": null, "author": ""},
     "species": [{"name": "zebra", "aliases": ["plains zebra"], "merged": ["Burchell's zebra"]}, ...],
     "images": [{"root": "pictures", "path": "B04/IMG_0007.JPG", "key": "B04/IMG_0007.JPG",
                 "reviewed": "2024-05-01T10:00:00Z", "flagged": true,
                 "labels": [{"species": "zebra", "count": 2, "author": "anna", "made": "2024-05-01T10:00:00Z",
                             "run": "20240430-1", "confidence": 0.93, "sequence": true}],
                 "boxes": [{"box": [0.1, 0.2, 0.3, 0.4], "species": "zebra", "author": "anna", "made": ...,
                            "found": [DETECTION]}],
                 "rejected": [DETECTION, ...], "confirmed": [DETECTION, ...]}, ...]}

DETECTION is ``["hash of the detector", "animal", [0.1, 0.2, 0.3, 0.4]]``. Boxes are x, y (left, top), width, height
as fractions of the upright picture. An image is known by ``path`` below the root folder, forward slashes, and where
several are called so by ``key``, its name in the source, and ``root``, the name of the folder. With ``reviewed``,
``labels`` and ``boxes`` are all there is to say of the image; without, they are not there. What is left out is null,
false or empty, the ``author`` "import". Files are written and read as streams.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from camtrap_gui.files import replacing
from camtrap_gui.formats import json_stream
from camtrap_gui.problem import Problem
from camtrap_gui.project.decided import Decided, DrawnBox, Label, SpeciesName

VERSION = 1
_LONGEST_NAME = 1000
_KINDS = {"about": "{", "species": "[", "images": "["}
_MOST_COUNTED = 1_000_000


class About(msgspec.Struct):
    """Where decisions come from. ``since`` and ``author``: only those were exported."""

    survey: str = ""
    exported: datetime | None = None
    since: datetime | None = None
    author: str = ""
    format: Literal["camtrap decisions"] = "camtrap decisions"
    version: int = VERSION


class _AboutOfAnyVersion(msgspec.Struct):
    format: str
    version: int


def write(path: Path, about: About, names: Iterable[SpeciesName], pages: Iterable[list[Decided]]) -> int:
    """Write a file, whole or not at all; how many images are in it."""
    encode = msgspec.json.Encoder().encode
    count = 0
    with replacing(path) as beside, beside.open("wb") as file:
        file.write(b'{"about": ' + encode(about) + b',\n"species": [')
        file.write(b",".join(b"\n " + encode(one) for one in names) + b'],\n"images": [')
        for page in pages:
            for decided in page:
                file.write((b",\n " if count else b"\n ") + encode(decided))
                count += 1
        file.write(b"]}\n")
    return count


class DecisionsFile:
    """A file of decisions, looked through once from end to end. Raises Problem when it is none.

    ``count`` is the number of images in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._members = json_stream.index(path)
        missing = [
            name for name, kind in _KINDS.items() if getattr(self._members.get(name), "kind", "") != kind
        ]
        if missing:
            raise Problem(
                f"{path} is no file of decisions: it has no “{missing[0]}”. Make one with camtrap labels export."
            )
        self.about = self._read_about()
        self.species = [one for some in self._elements("species", SpeciesName) for one in some]
        self.count = self._members["images"].count
        for one in self.species:
            self._check_names("species", one.name, *one.aliases, *one.merged)

    def images(self) -> Iterator[list[Decided]]:
        """The images, some thousands at a time. Raises Problem at the first that is not as it must be."""
        for page in self._elements("images", Decided):
            for decided in page:
                self._check(decided)
            yield page

    def _read_about(self) -> About:
        member = self._members["about"]
        with self.path.open("rb") as file:
            text = json_stream.read(file, json_stream.Span(member.start, member.stop, 1))
        [known] = self._decode(text, _AboutOfAnyVersion, "about")
        if known.format == About().format and known.version > VERSION:
            raise Problem(f"{self.path} was made by a newer version of this program. Update the program.")
        [about] = self._decode(text, About, "about")
        return about

    def _elements(self, name: str, kind: type) -> Iterator[list[Any]]:
        with self.path.open("rb") as file:
            for span in self._members[name].spans:
                yield self._decode(json_stream.read(file, span), kind, name)

    def _decode(self, text: bytes, kind: Any, name: str) -> list[Any]:
        try:
            found: list[Any] = msgspec.json.decode(text, type=list[kind])
            return found
        except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
            raise Problem(
                f"{self.path} cannot be used: “{name}” has something unexpected ({error}). Export it again."
            ) from error

    def _check(self, decided: Decided) -> None:
        where = decided.path
        if decided.reviewed is None and (decided.labels or decided.boxes):
            raise self._wrong(where, "it has labels but nobody has reviewed it")
        self._check_time(where, decided.reviewed)
        everything: list[Label | DrawnBox] = [*decided.labels, *decided.boxes]
        for said in everything:
            self._check_time(where, said.made)
            self._check_names(where, said.author, *([] if said.species is None else [said.species]))
            if said.confidence is not None and not 0 <= said.confidence <= 1:
                raise self._wrong(where, f"a confidence of {said.confidence}")
        for label in decided.labels:
            if label.count is not None and not 0 <= label.count <= _MOST_COUNTED:
                raise self._wrong(where, f"a count of {label.count}")
        if len({label.species for label in decided.labels}) < len(decided.labels):
            raise self._wrong(where, "a species is said twice")
        boxes = [drawn.box for drawn in decided.boxes]
        for x, y, width, height in boxes + [found.box for found in decided.rejected + decided.confirmed]:
            if not (-1 <= x <= 2 and -1 <= y <= 2 and 0 <= width <= 2 and 0 <= height <= 2):
                raise self._wrong(where, "a box is far outside the picture")

    def _check_names(self, where: str, *names: str) -> None:
        for name in names:
            if not name.strip() or len(name) > _LONGEST_NAME or "\0" in name:
                raise self._wrong(where, f"“{name[:40]}” is no name")

    def _check_time(self, where: str, moment: datetime | None) -> None:
        if moment is not None and (moment.tzinfo is None or not 1900 < moment.year < 9000):
            raise self._wrong(where, f"the time {moment} is not one of UTC")

    def _wrong(self, where: str, what: str) -> Problem:
        return Problem(f"{self.path} cannot be used: at “{where[:100]}” {what}. Export it again.")
