"""From which confidence on a classifier's answer needs nobody to look at it, for each species.

A threshold is the lowest confidence at which the answers above it, of cameras the network has not learnt from, are right
as often as wanted, and would be, with 95 % confidence, if there were more of them: the lower end of Wilson's one-sided
interval (Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference") is the precision wanted,
not the share of hits. So 99 % takes 268 answers without a miss, 95 % takes 52. A species with fewer answers, or from
fewer than three locations, has no threshold. What may be of an unknown species (``unknown``) is never accepted.

The interval counts crops as if each were drawn by itself. Crops of one camera resemble each other, so it promises
somewhat more than it knows; bootstrap over locations says nothing while there is no miss. So that no camera alone vouches
for a species, all must hold without the one that has most of the answers, too: on a demo survey of 20 cameras 85 % of what
would be accepted else for 95 % was right, the rest being boxes without an animal. What the thresholds hold on other
cameras is measured on the test cameras, with intervals over locations (``measure``).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui import resampling, unknown
from camtrap_gui.resampling import Interval

FEWEST_LOCATIONS = 3
PRECISION = 0.95
"""The precision that thresholds are made for at the end of a training."""

_Z = 1.6449  # 95 %, one side

Figures = NDArray[np.floating]
Indices = NDArray[np.integer]


@dataclass(frozen=True)
class Answers:
    """What a classifier said of N crops: places in its class list, how sure it was (0..1), whether it was right, where."""

    said: Indices
    confidence: Figures
    correct: NDArray[np.bool_]
    location: Indices


@dataclass(frozen=True)
class Threshold:
    """Of one species. ``confidence`` is None where the ``called`` crops do not suffice; else ``crops`` of them reach it,
    at ``locations``, and ``precision`` of these are right."""

    name: str
    called: int
    confidence: float | None = None
    crops: int = 0
    locations: int = 0
    precision: float | None = None


@dataclass(frozen=True)
class Accepting:
    """What a classifier needs to know to say that it is sure: the least confidence of each species that has one, and the
    precision they were made for."""

    precision: float
    least: Mapping[str, float]

    def takes(self, species: str, confidence: float) -> bool:
        """Whether nobody needs to look at this answer."""
        return confidence >= self.least.get(species, float("inf"))


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of all species for one wanted ``precision``."""

    precision: float
    classes: tuple[Threshold, ...]

    @property
    def accepting(self) -> Accepting:
        """What of them a classifier needs to know."""
        having = {each.name: each.confidence for each in self.classes if each.confidence is not None}
        return Accepting(self.precision, having)


@dataclass(frozen=True)
class Measured:
    """What accepting did on other crops: ``accepted`` of ``crops``, ``right`` of them; 95 % intervals over locations."""

    precision_wanted: float
    species: tuple[str, ...]
    crops: int
    accepted: int
    right: int
    share: float
    share_interval: Interval | None
    precision: float | None
    precision_interval: Interval | None

    def text(self) -> str:
        """What can be left to the classifier, in a sentence."""
        wanted = f"{100 * self.precision_wanted:.3g}%"
        if not self.species:
            return (
                f"No species can be accepted automatically at a precision of {wanted}: that takes at least"
                f" {needed(self.precision_wanted):,} crops of unseen cameras called so without a miss, besides those of"
                " the camera that has most."
            )
        if not self.accepted:
            return f"None of the {self.crops:,} crops is sure enough for a precision of {wanted}."
        return (
            f"Accept {_listed(self.species)} automatically: {self.share:.0%}{_spread(self.share_interval)} of the work"
            f" at {self.precision or 0:.1%} precision{_spread(self.precision_interval)}; wanted were {wanted}."
        )


def fit(answers: Answers, classes: Sequence[str], precision: float = PRECISION) -> Thresholds:
    """The thresholds for a wanted precision (between 0 and 1) from answers on crops the network has not learnt from."""
    floor = unknown.limit(answers.confidence)
    found = (_of_class(answers, place, name, precision, floor) for place, name in enumerate(classes))
    return Thresholds(precision, tuple(found))


def needed(precision: float) -> int:
    """How many answers without a miss a precision takes."""
    return int(np.ceil(_Z**2 * precision / (1 - precision)))


def accepted(answers: Answers, classes: Sequence[str], accepting: Accepting) -> NDArray[np.bool_]:
    """Which answers are sure enough, [N]."""
    of_class = np.array([accepting.least.get(name, np.inf) for name in classes])
    return answers.confidence >= of_class[answers.said]


def measure(answers: Answers, classes: Sequence[str], accepting: Accepting) -> Measured:
    """What the thresholds do on at least one crop, normally of cameras nothing was learnt or chosen by."""
    takes = accepted(answers, classes, accepting)
    names, group = np.unique(answers.location, return_inverse=True)
    columns: tuple[NDArray[Any], ...] = (np.ones(len(takes)), takes, takes & answers.correct)
    sums = [np.bincount(group, each, len(names)) for each in columns]
    counted = np.stack(sums, axis=1, dtype=np.float64)
    crops, taken, right = counted.sum(axis=0)
    rounds = np.concatenate(list(resampling.drawn(counted)))
    share, hits = taken / crops, right / taken if taken else float("nan")
    with np.errstate(invalid="ignore"):
        precisions = rounds[:, 2] / rounds[:, 1]
    return Measured(
        accepting.precision,
        tuple(name for name in classes if name in accepting.least),
        int(crops),
        int(taken),
        int(right),
        float(share),
        resampling.interval(share, rounds[:, 1] / rounds[:, 0], len(names)),
        float(hits) if taken else None,
        resampling.interval(hits, precisions, int((counted[:, 1] > 0).sum())),
    )


def _of_class(answers: Answers, place: int, name: str, precision: float, floor: float) -> Threshold:
    own = np.flatnonzero(answers.said == place)
    own = own[np.argsort(-answers.confidence[own], kind="stable")]
    sure, hits = answers.confidence[own], np.cumsum(answers.correct[own], dtype=np.int64)
    count = np.arange(1, len(own) + 1)
    most, hits_of_most = _of_largest(answers.location[own], answers.correct[own])
    enough = _lower_end(hits, count) >= precision
    enough &= _lower_end(hits - hits_of_most, count - most) >= precision
    enough[:-1] &= sure[:-1] > sure[1:]  # equally sure ones are taken together
    reached = np.flatnonzero(enough & (sure >= floor))
    if not len(reached):
        return Threshold(name, len(own))
    last = int(reached[-1])
    locations = len(np.unique(answers.location[own[: last + 1]]))
    if locations < FEWEST_LOCATIONS:
        return Threshold(name, len(own))
    share = float(hits[last] / count[last])
    return Threshold(name, len(own), float(sure[last]), last + 1, locations, share)


def _of_largest(location: Indices, correct: NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """Of the first answer, the first two and so on: how many are of the location that has most, and how many of these right."""
    count, right, largest = Counter[int](), Counter[int](), 0
    found = np.zeros((2, len(location)), np.int64)
    for place, (where, hit) in enumerate(zip(location.tolist(), correct.tolist(), strict=True)):
        count[where] += 1
        right[where] += hit
        largest = where if not place or count[where] > count[largest] else largest
        found[:, place] = count[largest], right[largest]
    return found[0], found[1]


def _lower_end(hits: Indices, count: Indices) -> NDArray[np.float64]:
    """The lower end of Wilson's one-sided 95 % interval of the share of hits; 0 for none."""
    count = np.maximum(count, 1)
    share = hits / count
    middle = share + _Z**2 / (2 * count)
    width = _Z * np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    end: NDArray[np.float64] = (middle - width) / (1 + _Z**2 / count)
    return end + 1e-12  # so that as many as ``needed`` suffice


def _listed(names: Sequence[str]) -> str:
    some = [*names[:6], f"{len(names) - 6} more"] if len(names) > 7 else list(names)
    return some[0] if len(some) == 1 else f"{', '.join(some[:-1])} and {some[-1]}"


def _spread(interval: Interval | None) -> str:
    return "" if interval is None else " ({:.0%} to {:.0%})".format(*interval)
