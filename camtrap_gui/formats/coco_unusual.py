"""Records of COCO Camera Traps that a typed decoder does not take as they are.

Texts for numbers, numbers for texts, other fields, halves of characters: what can be meant is taken, what cannot is
refused with a reason, record by record.
"""

import math
import re
from collections.abc import Callable
from typing import Any

import msgspec

from camtrap_gui.formats.coco_records import (
    FIELDS,
    AnnotationRecord,
    Batch,
    CategoryRecord,
    Id,
    ImageRecord,
    Record,
    Refused,
)


def read(values: list[Any], record: type[Record], surrogates: bool) -> Batch[Record]:
    """The records that can be used. ``surrogates``: there may be halves of characters among them."""
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
                records.append(_READERS[record](value, doubts))
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
    known = frozenset(ImageRecord.__struct_encode_fields__) - {FIELDS["extra"]}
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


def _place(value: dict[str, Any], doubts: list[str]) -> Id | None:
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


_READERS: dict[type[Any], Callable[[dict[str, Any], list[str]], Any]] = {
    ImageRecord: _read_image,
    AnnotationRecord: _read_annotation,
    CategoryRecord: _read_category,
}


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
