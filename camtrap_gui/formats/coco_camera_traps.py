"""COCO Camera Traps: the JSON in which most published surveys come (lila.science/coco-camera-traps).

Files of several gigabytes are read in constant memory. Reading is liberal (``coco_unusual``): int or text ids, locations
as numbers, missing ``info``, numbers as texts, additional fields, members in any order. What cannot be meant (a box of
negative size, a truth value for a count) is refused with a reason, record by record.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from camtrap_gui.formats import coco_unusual, json_stream
from camtrap_gui.formats.coco_records import AnnotationRecord, Batch, CategoryRecord, ImageRecord, Record
from camtrap_gui.problem import Problem


class Survey:
    """A COCO Camera Traps file, indexed and ready to be read. Raises Problem when it is something else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._members = json_stream.index(path)
        _check_kind(path, self._members)

    def count(self, member: str) -> int:
        """How many entries ``images``, ``annotations`` or ``categories`` has."""
        found = self._members.get(member)
        return found.count if found else 0

    def categories(self) -> Iterator[Batch[CategoryRecord]]:
        """The classes in the order of the file."""
        return self._read(self.pieces("categories"), CategoryRecord)

    def images(self) -> Iterator[Batch[ImageRecord]]:
        """The pictures in the order of the file."""
        return self._read(self.pieces("images"), ImageRecord)

    def annotations(self, piece: json_stream.Span | None = None) -> Iterator[Batch[AnnotationRecord]]:
        """What is on the pictures, in the order of the file; only those of one of its ``pieces``, if it is given."""
        return self._read([piece] if piece else self.pieces("annotations"), AnnotationRecord)

    def pieces(self, member: str) -> list[json_stream.Span]:
        """The pieces in which ``images``, ``annotations`` or ``categories`` are read."""
        found = self._members.get(member)
        return found.spans if found else []

    def samples(self, pieces: int = 25, each: int = 40) -> Iterator[ImageRecord]:
        """Some images from all over the file, without reading the rest."""
        spans = self.pieces("images")
        step = max(1, len(spans) // pieces)
        for span in spans[::step]:
            for batch in self._read([span], ImageRecord):
                yield from batch.records[: each if len(spans) > 1 else pieces * each]

    def _read(self, spans: list[json_stream.Span], record: type[Record]) -> Iterator[Batch[Record]]:
        decoder = msgspec.json.Decoder(list[record])  # type: ignore[valid-type]
        with self.path.open("rb") as file:
            for span, text in zip(spans, json_stream.read_all(file, spans), strict=True):
                try:
                    batch = Batch(decoder.decode(text), [])
                except (msgspec.DecodeError, ValueError, RecursionError):
                    values = json_stream.decode(bytes(text), self.path, span.start)
                    batch = coco_unusual.read(values, record, rb"\ud" in bytes(text).lower())
                yield batch


def _check_kind(path: Path, members: dict[str, json_stream.Member]) -> None:
    if "detection_categories" in members:
        raise Problem(
            f"{path} holds detections of MegaDetector, not a survey. Import the pictures first, "
            "from their folder or a COCO Camera Traps file, then the detections: camtrap results."
        )
    if "images" not in members:
        named = ", ".join(f"“{name[:40]}”" for name in list(members)[:5]) or "nothing"
        raise Problem(f"{path} is no COCO Camera Traps file: it has no “images”, but {named}.")
    for name in ("images", "annotations", "categories"):
        if name in members and members[name].kind != "[":
            raise Problem(f"{path} is no COCO Camera Traps file: its “{name}” is not a list.")
    if not members["images"].count:
        raise Problem(f"{path} has no image in it.")
