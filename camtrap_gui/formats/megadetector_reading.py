"""MegaDetector results of every age (format 1.0 to 1.6) and of other programs, read in memory that does not grow with
the file.

Reading is liberal: numbers as ids, as version or written as texts, no ``info``, back slashes, boxes a hair outside the
picture, members in any order. What cannot be meant is refused with a reason, image by image and box by box. Videos are
refused too: a detection in a frame of a video is not one in a picture.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from camtrap_gui.formats import json_stream
from camtrap_gui.formats.coco_records import Refused
from camtrap_gui.formats.megadetector_results import Detection, ImageResult
from camtrap_gui.problem import Problem
from camtrap_gui.project import taxonomy
from camtrap_gui.project.taxonomy import Lineage

VIDEO = "video, not a picture"
NO_BOX = "box without a size, or outside its picture"
NO_CONFIDENCE = "confidence that is not between 0 and 1"
NO_CATEGORY = "detection of a category that the file does not name"
VIDEO_ENDINGS = frozenset(
    {".3gp", ".asf", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".mpeg", ".mts", ".wmv"}
)

_LARGEST_TABLE = 16 << 20
"""Bytes that the categories or the info may have. The largest known classifiers name some thousand species."""
_LONGEST_NAME = 4096


@dataclass(frozen=True)
class Batch:
    """Some thousand images in the order of the file, and what was refused among them."""

    images: list[ImageResult]
    refused: list[Refused]

    @property
    def count(self) -> int:
        """How many entries of the file these are, about: refused boxes count as well."""
        return len(self.images) + len(self.refused)


class ResultsFile:
    """A results file, indexed and ready to be read. Raises Problem when it is something else.

    ``categories`` are the names of detection categories, ``species`` those of classification categories, by id;
    ``lineages`` say where these stand in the system of animals, by name.
    ``info`` is what the file says of itself, with nothing in it proven.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._members = json_stream.index(path)
        _check_kind(path, self._members)
        self.categories = _names(self._table("detection_categories"))
        self.species = _names(self._table("classification_categories"))
        self.lineages = _lineages(self.species, self._table("classification_category_descriptions"))
        self.info = self._table("info")
        self.count = self._members["images"].count

    @property
    def detector(self) -> str:
        """The name of the detector, without its folder; '' where the file does not say."""
        return _base_name(self.info.get("detector"))

    @property
    def classifier(self) -> str:
        """The name of the classifier, without its folder; '' where the file does not say."""
        return _base_name(self.info.get("classifier"))

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the file says of its detector."""
        said = self.info.get("detector_metadata")
        return said if isinstance(said, dict) else {}

    def batches(self) -> Iterator[Batch]:
        """The images in the order of the file."""
        return self._read(self._members["images"].spans)

    def samples(self, pieces: int = 25, each: int = 40) -> Iterator[ImageResult]:
        """Some images from all over the file, without reading the rest."""
        spans = self._members["images"].spans
        step = max(1, len(spans) // pieces)
        for batch in self._read(spans[::step]):
            some = each if len(spans) > 1 else pieces * each
            yield from batch.images[:: max(1, len(batch.images) // some)][:some]

    def _table(self, name: str) -> dict[str, Any]:
        member = self._members.get(name)
        if member is None or member.kind != "{":
            return {}
        if member.stop - member.start > _LARGEST_TABLE:
            raise Problem(
                f"The “{name}” of {self.path} is larger than {_LARGEST_TABLE >> 20} MB. It is no results file."
            )
        with self.path.open("rb") as file:
            text = json_stream.read(file, json_stream.Span(member.start, member.stop, 1))
        [table] = json_stream.decode(text, self.path, member.start)
        return table if isinstance(table, dict) else {}

    def _read(self, spans: list[json_stream.Span]) -> Iterator[Batch]:
        decoder = msgspec.json.Decoder(list[_RawImage])
        with self.path.open("rb") as file:
            for span in spans:
                text = json_stream.read(file, span)
                batch = Batch([], [])
                try:
                    raws = decoder.decode(text)
                    if rb"\ud" in text.lower():
                        raise ValueError("perhaps half a character")
                except (msgspec.DecodeError, ValueError, RecursionError):
                    values = json_stream.decode(text, self.path, span.start)
                    raws = [raw for value in values if (raw := _unusual(value, batch.refused)) is not None]
                for raw in raws:
                    image = self._image(raw, batch.refused)
                    if image is not None:
                        batch.images.append(image)
                yield batch

    def _image(self, raw: "_RawImage", refused: list[Refused]) -> ImageResult | None:
        name = raw.file.replace("\\", "/") if "\\" in raw.file else raw.file
        if not name.strip() or len(name) > _LONGEST_NAME or "\0" in name:
            refused.append(Refused(f"image {name[:200]!r}", "no file name"))
            return None
        found = raw.detections
        if (
            raw.frame_rate is not None
            or _is_video(name)
            or any(one.frame_number is not None for one in found or ())
        ):
            refused.append(Refused(name, VIDEO))
            return None
        failure = raw.failure or ("" if found is not None else "no detections were stored")
        if failure:
            return ImageResult(name, (), failure, raw.width, raw.height, raw.datetime)
        kept = [one for each in found or () if (one := self._detection(name, each, refused)) is not None]
        kept.sort(key=lambda one: -one.confidence)
        return ImageResult(name, tuple(kept), "", raw.width, raw.height, raw.datetime)

    def _detection(self, name: str, raw: "_RawDetection", refused: list[Refused]) -> Detection | None:
        category = self.categories.get(str(raw.category))
        if category is None:
            refused.append(Refused(f"{name}: category {raw.category}", NO_CATEGORY))
            return None
        box = _inside(raw.bbox)
        confidence = abs(raw.conf)
        if box is None or not confidence <= 1.0 + 1e-6:
            refused.append(
                Refused(f"{name}: {raw.conf} {raw.bbox}", NO_BOX if box is None else NO_CONFIDENCE)
            )
            return None
        said: tuple[tuple[str, float], ...] = ()
        if raw.classifications:
            said = tuple(
                (self.species[str(number)], min(value, 1.0))
                for number, value in sorted(raw.classifications, key=lambda pair: -pair[1])
                if str(number) in self.species and value >= 0
            )
        return Detection(category, min(confidence, 1.0), box, said, raw.conf < 0)


class _RawDetection(msgspec.Struct, gc=False):
    category: str | int
    conf: float
    bbox: tuple[float, float, float, float]
    classifications: list[tuple[str | int, float]] | None = None
    frame_number: int | None = None


class _RawImage(msgspec.Struct, gc=False):
    file: str
    detections: list[_RawDetection] | None = None
    failure: str | None = None
    width: int | None = None
    height: int | None = None
    datetime: str | None = None
    frame_rate: float | None = None


def is_results_file(path: Path) -> bool:
    """Whether a JSON file holds results of a detector: as far as its first and last bytes tell, quickly."""
    try:
        with path.open("rb") as file:
            head = file.read(_PEEKED)
            file.seek(max(0, path.stat().st_size - _PEEKED))
            tail = file.read(_PEEKED)
    except OSError:
        return False
    return b'"detection_categories"' in head or b'"detection_categories"' in tail


_PEEKED = 1 << 18


def _check_kind(path: Path, members: dict[str, json_stream.Member]) -> None:
    kinds = {"images": "[", "detection_categories": "{"}
    wrong = [name for name, kind in kinds.items() if name not in members or members[name].kind != kind]
    if not wrong:
        return
    if "annotations" in members or "categories" in members:
        raise Problem(
            f"{path} is a survey in COCO Camera Traps, not results of a detector. Import it with: camtrap dataset."
        )
    named = ", ".join(f"“{name[:40]}”" for name in list(members)[:5]) or "nothing"
    raise Problem(
        f"{path} is not a MegaDetector results file: it has no “{wrong[0]}” as it should, but {named}."
    )


def _names(table: dict[str, Any]) -> dict[str, str]:
    return {
        number: " ".join(name.split())
        for number, name in table.items()
        if isinstance(name, str) and name.strip() and not _has_surrogates(name)
    }


def _lineages(species: dict[str, str], descriptions: dict[str, Any]) -> dict[str, Lineage]:
    """Where species stand in the system of animals, by name, as far as the file says so."""
    said = ((name, descriptions.get(number)) for number, name in species.items())
    found = {name: taxonomy.parse(text) for name, text in said if isinstance(text, str) and len(text) < 1000}
    return {name: place for name, place in found.items() if place and not _has_surrogates(";".join(place))}


def _base_name(said: Any) -> str:
    if not isinstance(said, str) or _has_surrogates(said):
        return ""
    return " ".join(said.replace("\\", "/").rstrip("/").rpartition("/")[2].split())[:200]


def _is_video(name: str) -> bool:
    return name[name.rfind(".") :].lower() in VIDEO_ENDINGS


def _inside(box: tuple[float, float, float, float]) -> tuple[float, float, float, float] | None:
    """The box clipped to its picture; None where it has no size, or lies mostly outside."""
    x, y, width, height = box
    if not (width > 0 and height > 0 and math.isfinite(x + y + width + height)):
        return None
    left, top, right, bottom = max(x, 0.0), max(y, 0.0), min(x + width, 1.0), min(y + height, 1.0)
    if not (right > left and bottom > top and (right - left) * (bottom - top) >= width * height / 2):
        return None
    if left == x and top == y and right < 1.0 and bottom < 1.0:
        return box
    return left, top, right - left, bottom - top


def _unusual(value: Any, refused: list[Refused]) -> _RawImage | None:
    """An entry that the typed decoder does not take as it is; what cannot be meant is left out of it and told."""
    name = value.get("file") if isinstance(value, dict) else None
    if not isinstance(name, str) or _has_surrogates(name):
        refused.append(Refused(f"image {_shown(name if isinstance(value, dict) else value)}", "no file name"))
        return None
    found = value.get("detections")
    if found is not None and not isinstance(found, list):
        refused.append(Refused(name, "detections that are no list"))
        found = None
    failure, taken = value.get("failure"), value.get("datetime")
    return _RawImage(
        file=name,
        detections=None
        if found is None
        else [raw for one in found if (raw := _unusual_detection(name, one, refused))],
        failure=None if not failure else _shown(failure),
        width=_size(value.get("width")),
        height=_size(value.get("height")),
        datetime=taken if isinstance(taken, str) and not _has_surrogates(taken) else None,
        frame_rate=None if value.get("frame_rate") is None else _number(value["frame_rate"]) or 0.0,
    )


def _unusual_detection(name: str, value: Any, refused: list[Refused]) -> _RawDetection | None:
    if not isinstance(value, dict):
        refused.append(Refused(f"{name}: {_shown(value)}", "detection that is none"))
        return None
    box = value.get("bbox")
    numbers = (
        [number for part in box if (number := _number(part)) is not None] if isinstance(box, list) else []
    )
    confidence = _number(value.get("conf"))
    if len(numbers) != 4 or box is None or len(box) != 4:
        refused.append(Refused(f"{name}: {_shown(box)}", NO_BOX))
        return None
    if confidence is None:
        refused.append(Refused(f"{name}: {_shown(value.get('conf'))}", NO_CONFIDENCE))
        return None
    x, y, width, height = numbers
    given = value.get("classifications")
    said: list[tuple[str | int, float]] = [
        (_id(pair[0]), share)
        for pair in (given if isinstance(given, list) else [])
        if isinstance(pair, list) and len(pair) == 2 and (share := _number(pair[1])) is not None
    ]
    frame = None if value.get("frame_number") is None else 0
    return _RawDetection(_id(value.get("category")), confidence, (x, y, width, height), said, frame)


def _id(value: Any) -> str:
    return _shown(int(value) if isinstance(value, float) and value.is_integer() else value)


def _number(value: Any) -> float | None:
    """A finite number, also one written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _size(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and 1 <= number <= 1_000_000 else None


def _shown(value: Any) -> str:
    return str(value)[:200].encode("utf-8", "replace").decode()


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)
