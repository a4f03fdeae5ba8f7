"""The metadata of a data set of LILA: one COCO Camera Traps JSON, in a zip, of up to five gigabytes.

It is read from the zip piece by piece, as often as needed, and never unpacked.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

import msgspec

from camtrap_gui.formats import json_stream
from camtrap_gui.formats.json_stream import Source
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    from numpy import ndarray


class Image(msgspec.Struct, gc=False):
    """A picture."""

    id: str | int
    file_name: str
    location: str | int | None = None
    season: str | int | None = None

    def in_season(self) -> str:
        """The season as the record says it, otherwise the first folder."""
        if self.season is not None:
            return str(self.season)
        first, slash, _ = self.file_name.partition("/")
        return first if slash else ""


class Annotation(msgspec.Struct, gc=False):
    """What is said of a picture."""

    image_id: str | int
    category_id: str | int


class Category(msgspec.Struct, gc=False):
    """A species, or that nothing is there."""

    id: str | int
    name: str


Record = TypeVar("Record", Image, Annotation, Category)


class Metadata:
    """Goes through the metadata as often as needed, with reports of the phase. Raises Problem when it has another form."""

    def __init__(self, file: Path, report: Report, phase: str) -> None:
        self.source, self._report, self._phase = opened(file), report, phase
        report(Progress(0, None, "reading the metadata", phase))
        self.members = json_stream.index(self.source)
        for name in ("images", "annotations", "categories"):
            if name not in self.members or self.members[name].kind != "[":
                raise Problem(f"{self.source} is no COCO Camera Traps file: it has no list “{name}”.")

    def records(self, member: str, kind: type[Record]) -> Iterator[list[Record | None]]:
        """Records in the order of the file; None for what is none."""
        decoder = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        for text in self._texts(member):
            yield _decoded(text, decoder, kind)

    def raws(self, member: str) -> "Iterator[ndarray]":
        """Records as they are written, object [N]."""
        for text in self._texts(member):
            yield _split(text)

    def both(self, member: str, kind: type[Record]) -> "Iterator[tuple[ndarray, list[Record | None]]]":
        """Records as they are written, object [N], and read."""
        decoder = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        for text in self._texts(member):
            yield _split(text), _decoded(text, decoder, kind)

    def _texts(self, name: str) -> Iterator[bytes]:
        member = self.members[name]
        done = 0
        with self.source.open("rb") as file:
            for span in member.spans:
                yield json_stream.read(cast(BinaryIO, file), span)
                done += span.count
                self._report(Progress(done, member.count, name, self._phase))


def opened(metadata: Path) -> Source:
    """The one JSON in a zip, or the JSON itself."""
    if metadata.suffix.lower() != ".zip":
        return metadata
    with zipfile.ZipFile(metadata) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".json")]
    if len(names) != 1:
        raise Problem(f"{metadata} should hold one JSON and holds {len(names)}.")
    return zipfile.Path(metadata, names[0])


def _decoded(text: bytes, decoder: Any, kind: type[Record]) -> list[Record | None]:
    try:
        return list(decoder.decode(text))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return [_one(raw, kind) for raw in _split(text)]


def _one(raw: bytes, kind: type[Record]) -> Record | None:
    try:
        return msgspec.convert(json.loads(raw, parse_constant=lambda _: None), kind)
    except (msgspec.ValidationError, ValueError, RecursionError):
        return None


def _split(text: bytes) -> "ndarray":
    """The elements of a JSON array as bytes, object [N]."""
    import numpy as np

    try:
        raws = [bytes(raw) for raw in msgspec.json.decode(text, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, ValueError, RecursionError):  # NaN, which JSON does not have
        values = json.loads(text, parse_constant=lambda _: None)
        raws = [json.dumps(value).encode() for value in values]
    made = np.empty(len(raws), object)
    made[:] = raws
    return made


def number_of(key: str | int) -> int:
    """64 bits that stand for an id, so that seven million of them fit. Two that are equal by chance: 1 in a million."""
    return hash(str(key))
