"""What is told of new pictures: the answers for each, and all of them counted and in words."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camtrap_gui.models.classifiers import Classifier
    from camtrap_gui.models.prediction import Prediction

_SHOWN = 20
"""So many pictures are printed one by one and so many failures are listed; more are summed up."""


@dataclass(frozen=True)
class Box:
    """One answer: the detector's ``category`` and ``confidence`` (None for a whole picture), and (species, confidence).

    ``box`` is left, top, width and height in fractions of the upright picture. ``accepted``: whether the species is sure
    enough that nobody needs to look, ``unknown``: whether the animal may be of a species the classifier does not know;
    None where that is not known.
    """

    category: str
    confidence: float | None
    species: tuple[tuple[str, float], ...]
    box: tuple[float, float, float, float]
    accepted: bool | None = None
    unknown: bool | None = None


@dataclass(frozen=True)
class Picture:
    """The answers for one picture, or why it could not be read. ``name`` is its path below what was chosen."""

    name: str
    path: Path
    boxes: tuple[Box, ...]
    failure: str = ""


@dataclass(frozen=True)
class Result:
    """What was predicted. ``shown`` are the first pictures one by one; ``species`` counts the most likely ones.

    ``accepted`` of them are sure enough that nobody needs to look, for the ``precision`` that the classifier's
    thresholds were made for; ``unknown`` may be of species it does not know. They are None where that is not known.
    """

    pictures: int
    failures: int
    without_detection: int
    categories: dict[str, int]
    species: dict[str, int]
    shown: tuple[Picture, ...]
    failed: tuple[tuple[str, str], ...]
    written: tuple[Path, ...]
    accepted: int | None = None
    precision: float | None = None
    unknown: int | None = None

    def text(self) -> str:
        """The tutorial's lines for a few pictures, a table of species for many."""
        lines = []
        if self.pictures <= _SHOWN:
            for picture in self.shown:
                if self.pictures > 1:
                    lines.append(picture.name)
                lines += _spoken(picture)
        else:
            lines += self._summary()
        return "\n".join([*lines, *(f"Wrote {path}" for path in self.written)])

    def _summary(self) -> list[str]:
        lines = [f"Prediction finished for {self.pictures:,} pictures."]
        if self.without_detection:
            lines.append(f"  {self.without_detection:,} without a detection")
        lines += [f"  {count:,} × {name}" for name, count in self.categories.items() if name != "animal"]
        if self.species:
            width = max(map(len, self.species))
            lines.append("Most likely species:")
            lines += [f"    {name:<{width}} {count:>9,}" for name, count in self.species.items()]
        if self.accepted is not None:
            left = sum(self.species.values()) - self.accepted
            lines.append(
                f"  {self.accepted:,} sure enough to accept at a precision of {100 * (self.precision or 0):.4g}%, {left:,} to look at"
            )
        if self.unknown:
            lines.append(f"  {self.unknown:,} perhaps of species that the classifier does not know")
        if self.failures:
            lines.append(f"{self.failures:,} pictures could not be read:")
            lines += [f"    {name}: {reason}" for name, reason in self.failed]
            if self.failures > len(self.failed):
                lines.append(f"    and {self.failures - len(self.failed):,} more")
        return lines


def _spoken(picture: Picture) -> Iterator[str]:
    if picture.failure:
        yield f"Could not be read: {picture.failure}"
    elif not picture.boxes:
        yield "Nothing was detected."
    for number, box in enumerate(picture.boxes, start=1):
        if box.confidence is not None:
            yield f"Box {number}: {box.category} with confidence {box.confidence:.2%}"
        if box.species:
            yield "Prediction finished. Most likely classes:"
            yield from (f'    "{name}" with confidence {value:.2%}' for name, value in box.species)
        if box.accepted is not None:
            yield "Sure enough to accept." if box.accepted else "Not to be accepted without a look."
        if box.unknown:
            yield "Perhaps a species that the classifier does not know."


class Tally:
    """Counts while predictions pass by, and keeps the first few."""

    def __init__(self, by_detector: bool, classifier: "Classifier") -> None:
        self._by_detector, self._classifier = by_detector, classifier
        self._accepted = self._unknown = 0
        self.pictures = self.failures = self.without_detection = 0
        self._categories: Counter[str] = Counter()
        self._species: Counter[str] = Counter()
        self._shown: list[Picture] = []
        self._failed: list[tuple[str, str]] = []

    def add(self, name: str, prediction: "Prediction") -> Picture:
        self.pictures += 1
        if prediction.failure:
            self.failures += 1
            if len(self._failed) < _SHOWN:
                self._failed.append((name, prediction.failure))
        elif not prediction.boxes:
            self.without_detection += 1
        for box in prediction.boxes:
            if self._by_detector:
                self._categories[box.category] += 1
            if box.species:
                self._species[box.species[0][0]] += 1
        boxes = [
            Box(
                box.category,
                box.confidence if self._by_detector else None,
                box.species,
                box.box,
                box.is_accepted(self._classifier),
                box.is_unknown(self._classifier),
            )
            for box in prediction.boxes
        ]
        self._accepted += sum(box.accepted is True for box in boxes)
        self._unknown += sum(box.unknown is True for box in boxes)
        picture = Picture(name, prediction.path, tuple(boxes), prediction.failure)
        if len(self._shown) < _SHOWN:
            self._shown.append(picture)
        return picture

    def result(self, written: tuple[Path, ...]) -> Result:
        accepting = self._classifier.accepting
        return Result(
            self.pictures,
            self.failures,
            self.without_detection,
            dict(self._categories.most_common()),
            dict(self._species.most_common()),
            tuple(self._shown),
            tuple(self._failed),
            written,
            None if accepting is None else self._accepted,
            None if accepting is None else accepting.precision,
            self._unknown if self._classifier.unknown_below else None,
        )
