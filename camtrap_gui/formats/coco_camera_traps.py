"""COCO Camera Traps: the JSON in which most published surveys come (lila.science/coco-camera-traps).

Files of several gigabytes are read in constant memory. Reading is liberal: int or text ids, locations as numbers,
missing ``info``, numbers as texts, additional fields, members in any order. What cannot be meant (a box of negative
size, a truth value for a count) is refused with a reason, record by record.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from camtrap_gui.formats import json_stream
from camtrap_gui.problem import Problem
from camtrap_gui.project.known_images import NewImage

_Id = str | int
_Pixels = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
_Number = Annotated[int, msgspec.Meta(ge=0, le=2**31)]


_FIELDS = {
    "key": "id",
    "path": "file_name",
    "sequence": "seq_id",
    "frame": "frame_num",
    "frames": "seq_num_frames",
    "taken": "datetime",
    "extra": " extra",  # what has no name here; no file has a field of this name
}


class ImageRecord(NewImage, forbid_unknown_fields=True, gc=False, rename=_FIELDS.get):
    """One entry of ``images``, decoded into the picture it is to become. ``taken`` is as the source writes it."""

    key: _Id  # type: ignore[assignment]
    path: Annotated[str, msgspec.Meta(min_length=1)]
    location: _Id | None = None
    sequence: _Id | None = None  # type: ignore[assignment]
    frame: _Number | None = None
    frames: _Number | None = None
    taken: str | None = None
    width: _Pixels | None = None
    height: _Pixels | None = None
    extra: dict[str, Any] | None = None
    corrupt: bool | None = None
    seq_frame_num: _Number | None = None  # frame_num in iWildCam
    date_captured: str | None = None  # datetime in plain COCO


class AnnotationRecord(msgspec.Struct, gc=False):
    """One entry of ``annotations``. ``bbox`` is in pixels, ``bbox_relative`` in fractions: x, y, width, height.

    The last five say whose word it is: a person, when, who drew the box if somebody else did, and the classifier that
    the person agreed with. The format has no field for that; these are the names this program writes.
    """

    image_id: _Id
    category_id: _Id
    id: str | int | None = None
    count: _Number | None = None
    bbox: tuple[float, float, float, float] | None = None
    bbox_relative: tuple[float, float, float, float] | None = None
    sequence_level_annotation: bool | None = None
    author: str | None = None
    made: str | None = None
    box_author: str | None = None
    run: str | None = None
    confidence: float | None = None

    def box(self, size: tuple[int, int] | None) -> tuple[float, float, float, float]:
        """The box as fractions of a picture of ``size`` pixels, clipped to it. Raises ValueError with the reason."""
        if self.bbox_relative is not None:
            x, y, width, height = self.bbox_relative
        elif self.bbox is None or size is None:
            raise ValueError("box in pixels of a picture of unknown size")
        else:
            x, y = self.bbox[0] / size[0], self.bbox[1] / size[1]
            width, height = self.bbox[2] / size[0], self.bbox[3] / size[1]
        if not (width > 0 and height > 0):
            raise ValueError("box without a positive width and height")
        left, top, right, bottom = max(x, 0.0), max(y, 0.0), min(x + width, 1.0), min(y + height, 1.0)
        if not (right > left and bottom > top and (right - left) * (bottom - top) >= width * height / 2):
            raise ValueError("box outside its picture")
        if self.bbox_relative is None and size is not None and min(width * size[0], height * size[1]) < 1:
            raise ValueError("box smaller than a pixel")
        return left, top, right - left, bottom - top


class CategoryRecord(msgspec.Struct, gc=False):
    """One entry of ``categories``."""

    id: _Id
    name: str


@dataclass(frozen=True)
class Refused:
    """A record, or a part of one, that cannot be used: which, and why."""

    subject: str
    reason: str


Record = TypeVar("Record")


@dataclass(frozen=True)
class Batch(Generic[Record]):
    """Some thousand records in the order of the file, and what was refused among them."""

    records: list[Record]
    refused: list[Refused]


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
        return self._batches("categories", CategoryRecord, _read_category)

    def images(self) -> Iterator[Batch[ImageRecord]]:
        """The pictures in the order of the file."""
        return self._batches("images", ImageRecord, _read_image)

    def annotations(self) -> Iterator[Batch[AnnotationRecord]]:
        """What is on the pictures, in the order of the file."""
        return self._batches("annotations", AnnotationRecord, _read_annotation)

    def samples(self, pieces: int = 25, each: int = 40) -> Iterator[ImageRecord]:
        """Some images from all over the file, without reading the rest."""
        spans = self._members["images"].spans
        step = max(1, len(spans) // pieces)
        for span in spans[::step]:
            for batch in self._read([span], ImageRecord, _read_image):
                yield from batch.records[: each if len(spans) > 1 else pieces * each]

    def _batches(
        self, member: str, record: type[Record], read: Callable[[dict[str, Any], list[str]], Record]
    ) -> Iterator[Batch[Record]]:
        found = self._members.get(member)
        return self._read(found.spans if found else [], record, read)

    def _read(
        self,
        spans: list[json_stream.Span],
        record: type[Record],
        read: Callable[[dict[str, Any], list[str]], Record],
    ) -> Iterator[Batch[Record]]:
        decoder = msgspec.json.Decoder(list[record])  # type: ignore[valid-type]
        with self.path.open("rb") as file:
            for span in spans:
                text = json_stream.read(file, span)
                try:
                    batch = Batch(decoder.decode(text), [])
                except (msgspec.DecodeError, ValueError, RecursionError):
                    values = json_stream.decode(text, self.path, span.start)
                    batch = _read_unusual(values, record, read, rb"\ud" in text.lower())
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


def _read_unusual(
    values: list[Any],
    record: type[Record],
    read: Callable[[dict[str, Any], list[str]], Record],
    surrogates: bool,
) -> Batch[Record]:
    """Records that a typed decoder does not take as they are: other fields, other types, halves of characters."""
    extras = _take_extras(values) if record is ImageRecord else [None] * len(values)
    refused: list[Refused] = []
    records: list[Any] = []
    try:
        if surrogates and (_has_surrogates(values) or _has_surrogates(extras)):
            raise ValueError("half a character")
        records = msgspec.convert(values, list[record])  # type: ignore[valid-type]
    except (msgspec.ValidationError, ValueError):
        kept = []
        for value, extra in zip(values, extras, strict=True):
            doubts: list[str] = []
            try:
                if not isinstance(value, dict):
                    raise _Refusal("not a record")
                records.append(read(value, doubts))
                kept.append(None if _has_surrogates(extra) else extra)
            except _Refusal as refusal:
                doubts = [str(refusal)]
            refused += [Refused(_subject(record, value), doubt) for doubt in doubts]
        extras = kept
    if record is ImageRecord:
        for made, extra in zip(records, extras, strict=True):
            made.extra = extra
    return Batch(records, refused)


def _take_extras(values: list[Any]) -> list[dict[str, Any] | None]:
    """Take the fields this reader has no name for out of image records; returns them, one entry per record."""
    known = frozenset(ImageRecord.__struct_encode_fields__) - {_FIELDS["extra"]}
    extras: list[dict[str, Any] | None] = []
    for place, value in enumerate(values):
        unknown = sorted(value.keys() - known) if isinstance(value, dict) else []
        extras.append({name: value[name] for name in unknown} or None)
        if unknown:
            values[place] = {name: value[name] for name in known & value.keys()}
    return extras


class _Refusal(Exception):
    """Why a record cannot be used at all."""


def _read_image(value: dict[str, Any], doubts: list[str]) -> ImageRecord:
    file_name = value.get("file_name")
    if not isinstance(file_name, str) or not file_name or _has_surrogates(file_name):
        raise _Refusal("no file name")
    return ImageRecord(
        key=_id(value.get("id"), "no id"),
        path=file_name,
        location=_place(value, doubts),
        sequence=_text(value, "seq_id", doubts),
        frame=_number(value, "frame_num", doubts),
        frames=_number(value, "seq_num_frames", doubts),
        taken=_text(value, "datetime", doubts),
        width=_number(value, "width", doubts, 1, 1_000_000),
        height=_number(value, "height", doubts, 1, 1_000_000),
        corrupt=_flag(value, "corrupt", doubts),
        seq_frame_num=_number(value, "seq_frame_num", doubts),
        date_captured=_text(value, "date_captured", doubts),
    )


def _read_annotation(value: dict[str, Any], doubts: list[str]) -> AnnotationRecord:
    return AnnotationRecord(
        _id(value.get("image_id"), "no image id"),
        _id(value.get("category_id"), "no category id"),
        _text(value, "id", doubts),
        _number(value, "count", doubts),
        _box(value, "bbox", doubts),
        _box(value, "bbox_relative", doubts),
        _flag(value, "sequence_level_annotation", doubts),
        _said(value, "author"),
        _said(value, "made"),
        _said(value, "box_author"),
        _said(value, "run"),
        _share(value.get("confidence")),
    )


def _said(value: dict[str, Any], name: str) -> str | None:
    """A text of another program's own making: anything else than a text means something else there."""
    given = value.get(name)
    return given if isinstance(given, str) and given and not _has_surrogates(given) else None


def _share(given: Any) -> float | None:
    return float(given) if type(given) in (int, float) and 0 <= given <= 1 else None


def _read_category(value: dict[str, Any], doubts: list[str]) -> CategoryRecord:
    name = value.get("name")
    if not isinstance(name, str) or _has_surrogates(name):
        raise _Refusal("category without a name")
    return CategoryRecord(_id(value.get("id"), "category without an id"), name)


def _id(value: Any, otherwise: str) -> str:
    text = _as_text(value)
    if text is None:
        raise _Refusal(otherwise)
    return text


def _text(value: dict[str, Any], name: str, doubts: list[str]) -> str | None:
    given = value.get(name)
    text = _as_text(given)
    if text is None and given is not None and given != "":
        doubts.append(f"{name} is neither text nor number")
    return text


def _place(value: dict[str, Any], doubts: list[str]) -> _Id | None:
    """A location; whole numbers stay numbers, as they do where a record is read without this liberality."""
    given = value.get("location")
    return given if type(given) is int and abs(given) < 2**63 else _text(value, "location", doubts)


def _as_text(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        return None
    text = str(value) if not isinstance(value, int) or abs(value) < 10**30 else ""
    return None if not text or _has_surrogates(text) else text


def _number(
    value: dict[str, Any], name: str, doubts: list[str], low: int = 0, high: int = 2**31
) -> int | None:
    """A count; "11-50" and "51+" as some projects write them give the lower end."""
    given = value.get(name)
    if given is None or given == "":
        return None
    number: int | None = None
    if isinstance(given, float) and math.isfinite(given):
        number = int(given)
    elif isinstance(given, int) and not isinstance(given, bool):
        number = given
    elif isinstance(given, str) and (
        digits := re.match(r"\s*(\d{1,12})(\.0+)?\s*([-+].*)?$", given, re.ASCII)
    ):
        number = int(digits[1])
    if number is None or not low <= number <= high:
        doubts.append(f"{name} is impossible")
        return None
    return number


def _flag(value: dict[str, Any], name: str, doubts: list[str]) -> bool | None:
    given = value.get(name)
    if given in (0, 1, "0", "1", "true", "false", "True", "False"):
        return given in (1, "1", "true", "True")
    if given is not None and given != "":
        doubts.append(f"{name} is neither true nor false")
    return None


def _box(value: dict[str, Any], name: str, doubts: list[str]) -> tuple[float, float, float, float] | None:
    given = value.get(name)
    if given is None or given == []:
        return None
    if (
        not isinstance(given, list)
        or len(given) != 4
        or not all(isinstance(part, int | float) and not isinstance(part, bool) for part in given)
        or not all(abs(part) < 1e9 for part in given)
    ):
        doubts.append("box is not four numbers")
        return None
    x, y, width, height = (float(part) for part in given)
    return x, y, width, height


def _subject(record: type[Any], value: Any) -> str:
    word = record.__name__.removesuffix("Record").lower()
    given = value.get("id", value.get("file_name", "?")) if isinstance(value, dict) else value
    return f"{word} {str(given)[:200]}".encode("utf-8", "replace").decode()


def _has_surrogates(value: Any) -> bool:
    """Whether a text holds half a character (a lone ``\\ud800``), which no file name and no database can hold."""
    if isinstance(value, str):
        return not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return any(_has_surrogates(key) or _has_surrogates(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return any(_has_surrogates(item) for item in value)
    return False
