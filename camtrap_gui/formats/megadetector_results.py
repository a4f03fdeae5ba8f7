"""MegaDetector results JSON: what Timelapse and most tools of the field read (batch output format 1.6).

Written strictly and as a stream: pictures first, then the categories and ``info`` with the time of completion, in the
order MegaDetector itself writes them, so that a million pictures need no more memory than one. ``megadetector_reading``
reads them, and those of other ages and programs.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from camtrap_gui.files import replacing

FORMAT_VERSION = "1.6"
DETECTION_IDS = {"animal": "1", "person": "2", "vehicle": "3"}
"""The ids of MegaDetector version 4 and later; other categories get the numbers after them."""

ACCESS_FAILURE = "image access failure: "
"""What a failure begins with when a file could not be read; MegaDetector says no more, the reason is put behind."""


class Digits(NamedTuple):
    """Decimals that confidences, boxes and confidences of classifications are cut to."""

    confidence: int
    box: int
    classification: int


LIKE_MEGADETECTOR = Digits(3, 4, 4)
EXACT = Digits(6, 7, 6)
"""Nothing is lost that could be seen: 1e-7 is a hundredth of a pixel of the largest picture."""


@dataclass(frozen=True)
class Detection:
    """One box: category by name, confidence 0..1, box as x, y (left, top), width, height in 0..1.

    ``classifications`` are (species, confidence) pairs, the most confident first. ``rejected``: the file marks it as
    nothing (a stone or a branch, found by repeat-detection elimination); such are read, but not written.
    """

    category: str
    confidence: float
    box: tuple[float, float, float, float]
    classifications: tuple[tuple[str, float], ...] = ()
    rejected: bool = False


@dataclass(frozen=True)
class ImageResult:
    """What was found in one file (relative path, forward slashes). With a ``failure`` there are no detections."""

    file: str
    detections: tuple[Detection, ...] = ()
    failure: str = ""
    width: int | None = None
    height: int | None = None
    datetime: str | None = None


@dataclass(frozen=True)
class Info:
    """Who made the results. Empty texts and metadata are left out of the file."""

    detector: str = ""
    detector_metadata: Mapping[str, Any] = field(default_factory=dict)
    classifier: str = ""
    classifier_metadata: Mapping[str, Any] = field(default_factory=dict)
    custom_metadata: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def writing(
    path: Path,
    info: Info,
    species: Sequence[str] = (),
    categories: Sequence[str] = tuple(DETECTION_IDS),
    digits: Digits = LIKE_MEGADETECTOR,
    more_species: bool = False,
    lineages: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[Callable[[ImageResult], None]]:
    """A function that adds one image; the file appears at ``path``, complete, when the block ends well.

    Give each image once. ``species`` become the classification categories
    "0", "1", ... in their order; with ``more_species`` others follow them as they come. ``lineages`` (class, order,
    family, genus, species) are written, where any is known, as SpeciesNet does. Raises ValueError for what the format does not allow: a category not announced, a number outside 0..1.
    """
    ids = _ids_of(categories)
    species_ids = _Numbered(species) if more_species else {name: str(n) for n, name in enumerate(species)}
    if len(species_ids) < len(species) or not all(name.strip() for name in (*species, *categories)):
        raise ValueError("names of species and categories must be unique and not blank")
    separator = b"\n  "

    with replacing(path) as beside, beside.open("wb") as file:
        file.write(b'{\n "images": [')

        def add(image: ImageResult) -> None:
            nonlocal separator
            file.write(separator + msgspec.json.encode(_plain(image, ids, species_ids, digits)))
            separator = b",\n  "

        yield add
        file.write(b"\n ]")
        parts: dict[str, Any] = {"detection_categories": {number: name for name, number in ids.items()}}
        if species_ids:
            parts["classification_categories"] = {number: name for name, number in species_ids.items()}
        if any(name in lineages for name in species_ids):
            parts["classification_category_descriptions"] = {
                number: _seven_parts(name, lineages.get(name, ())) for name, number in species_ids.items()
            }
        parts["info"] = _plain_info(info)
        for key, value in parts.items():
            file.write(b",\n " + msgspec.json.encode(key) + b": " + msgspec.json.encode(value))
        file.write(b"\n}\n")


def _seven_parts(name: str, lineage: Sequence[str]) -> str:
    """An id (none here), class, order, family, genus, species and the name in common use."""
    ranks = [*lineage, "", "", "", "", ""][:5]
    return ";".join(("", *ranks, name.replace(";", ",")))


def _ids_of(categories: Sequence[str]) -> dict[str, str]:
    ids = {name: DETECTION_IDS[name] for name in DETECTION_IDS if name in categories}
    others = [name for name in categories if name not in DETECTION_IDS]
    return ids | {name: str(number) for number, name in enumerate(others, start=len(DETECTION_IDS) + 1)}


class _Numbered(dict[str, str]):
    """Names with their numbers; a new name gets the next one."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__((name, str(number)) for number, name in enumerate(names))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(name.strip())

    def __missing__(self, name: str) -> str:
        self[name] = number = str(len(self))
        return number


def _plain(
    image: ImageResult, ids: Mapping[str, str], species_ids: Mapping[str, str], digits: Digits
) -> dict[str, Any]:
    if not image.file or "\\" in image.file:
        raise ValueError(f"not a file name with forward slashes: {image.file!r}")
    if image.failure and image.detections:
        raise ValueError(f"{image.file!r} has both a failure and detections")
    plain: dict[str, Any] = {"file": image.file}
    for key in ("width", "height", "datetime"):
        if (value := getattr(image, key)) is not None:
            plain[key] = value
    if image.failure:
        return plain | {"failure": image.failure, "detections": None}
    by_confidence = sorted(image.detections, key=lambda detection: -detection.confidence)
    return plain | {
        "detections": [_plain_detection(found, ids, species_ids, digits) for found in by_confidence]
    }


def _plain_detection(
    found: Detection, ids: Mapping[str, str], species_ids: Mapping[str, str], digits: Digits
) -> dict[str, Any]:
    if found.category not in ids:
        raise ValueError(f"the category {found.category!r} is none of {', '.join(ids)}")
    plain: dict[str, Any] = {
        "category": ids[found.category],
        "conf": _cut(found.confidence, digits.confidence),
        "bbox": [_cut(value, digits.box) for value in found.box],
    }
    if found.classifications:
        ranked = sorted(found.classifications, key=lambda pair: -pair[1])
        unknown = [name for name, _ in ranked if name not in species_ids]
        if unknown:
            raise ValueError(f"the species {unknown[0]!r} is not among the classifier's")
        plain["classifications"] = [
            [species_ids[name], _cut(value, digits.classification)] for name, value in ranked
        ]
    return plain


def _plain_info(info: Info) -> dict[str, Any]:
    plain: dict[str, Any] = {"format_version": FORMAT_VERSION}
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    for part, time in (("detector", "detection"), ("classifier", "classification")):
        if name := getattr(info, part):
            plain |= {part: name, f"{time}_completion_time": now}
            if metadata := getattr(info, f"{part}_metadata"):
                plain[f"{part}_metadata"] = dict(metadata)
    if info.custom_metadata:
        plain["custom_metadata"] = dict(info.custom_metadata)
    return plain


def _cut(value: float, digits: int) -> float:
    """Cut, not rounded, as MegaDetector does: a box just below a threshold must not be lifted onto it."""
    if not 0.0 <= value <= 1.0 + 1e-6:
        raise ValueError(f"{value} is not between 0 and 1")
    # The small addend keeps numbers that have these digits already: 0.0029 * 10_000 is 28.999999999999996.
    return min(math.floor(float(value) * 10**digits + 1e-6) / 10**digits, 1.0)
