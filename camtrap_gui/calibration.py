"""Whether a classifier is right as often as it says: crops by confidence, and the share of each that was right.

The bins are of equal width, as in reliability diagrams (Niculescu-Mizil & Caruana 2005, "Predicting Good Probabilities
with Supervised Learning") and in the expected calibration error as it is usually told (Guo et al. 2017, "On Calibration
of Modern Neural Networks", with 15 bins), so that figures can be set beside those of others.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camtrap_gui import resampling
from camtrap_gui.resampling import Interval

BINS = 15

Indices = NDArray[np.integer]
Figures = NDArray[np.float64]


@dataclass(frozen=True)
class Bin:
    """Crops with a confidence above ``low``, up to ``high``: their mean confidence and the share that was right, 0..1.

    None for both where there are no crops; ``interval`` of the share, over locations, where there are two at least.
    """

    low: float
    high: float
    crops: int
    confidence: float | None = None
    accuracy: float | None = None
    interval: Interval | None = None


@dataclass(frozen=True)
class Calibration:
    """``error`` is the expected calibration error, 0 (exact) to 1; ``confidence`` and ``accuracy`` are of all crops.

    ``interval`` is the error's 95 % interval over locations, ``excess`` that of confidence minus accuracy; None where
    there are fewer than two locations.
    """

    error: float
    interval: Interval | None
    confidence: float
    accuracy: float
    excess: Interval | None
    bins: tuple[Bin, ...]

    def sentence(self) -> str:
        """Whether confidence can be taken at its word, for who reads it beside a picture."""
        said, right = f"{self.confidence:.0%}", f"{self.accuracy:.0%}"
        if self.excess is not None and self.excess[0] > 0:
            return f"Too sure of itself: {said} sure on average, right in {right}."
        if self.excess is not None and self.excess[1] < 0:
            return f"Better than it says: {said} sure on average, right in {right}."
        return f"{said} sure on average, right in {right}: the difference may be chance."


def measure(confidence: Figures, correct: NDArray[np.bool_], groups: Indices, seed: int = 0) -> Calibration:
    """Measure at least one crop: the ``confidence`` (0..1) of its first guess, whether that is right, and its location.

    The error is the mean distance between a bin's mean confidence and its share of right crops, weighted by crops (Guo
    et al. 2017, equation 3). Intervals come from drawing whole locations (``resampling``). That of the error is the
    basic one, 2 · value - percentile (Davison & Hinkley 1997, "Bootstrap Methods and their Application", 5.2): the error
    adds up distances, so from few crops it comes out too large, and from drawn crops once more; percentiles alone would
    never reach that of an exact classifier. So the interval may lie below the value.
    """
    counted = _counted(confidence, correct, groups)
    crops, surety, hits = counted.sum(axis=1)
    total, error = crops.sum(), np.abs(surety - hits).sum() / crops.sum()
    drawn = _drawn(counted, seed) if counted.shape[1] > 1 else None
    interval = excess = None
    if drawn is not None:
        apart, numbers = drawn[1] - drawn[2], drawn[0].sum(axis=1)
        low, high = resampling.middle(np.abs(apart).sum(axis=1) / numbers, counted.shape[1])
        interval = (_within(2 * error - high), _within(2 * error - low))
        excess = resampling.middle(apart.sum(axis=1) / numbers, counted.shape[1])
    return Calibration(
        float(error),
        interval,
        float(surety.sum() / total),
        float(hits.sum() / total),
        excess,
        tuple(_bins(counted, drawn)),
    )


def _counted(confidence: Figures, correct: NDArray[np.bool_], groups: Indices) -> Figures:
    """Crops, the sum of their confidence, and how many are right, as [3, locations, BINS]."""
    names, group = np.unique(groups, return_inverse=True)
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    cells, size = group * BINS + place, len(names) * BINS
    weights: tuple[Figures, ...] = (np.ones(len(place)), confidence, correct.astype(np.float64))
    sums = np.stack([np.bincount(cells, each, size) for each in weights], dtype=np.float64)
    return sums.reshape(3, len(names), BINS)


def _drawn(counted: Figures, seed: int) -> Figures:
    """The same of drawn locations, as [3, rounds, BINS]."""
    of_locations = counted.swapaxes(0, 1).reshape(counted.shape[1], -1)
    rounds = np.concatenate(list(resampling.drawn(of_locations, seed=seed)))
    return rounds.reshape(-1, *counted.shape[::2]).swapaxes(0, 1)


def _bins(counted: Figures, drawn: Figures | None) -> Iterator[Bin]:
    for place, (crops, surety, hits) in enumerate(counted.sum(axis=1).T):
        low, high = place / BINS, (place + 1) / BINS
        if not crops:
            yield Bin(low, high, 0)
            continue
        interval = None
        if drawn is not None:
            numbers, right = drawn[0, :, place], drawn[2, :, place]
            rounds = np.divide(right, numbers, out=np.full(len(numbers), np.nan), where=numbers > 0)
            interval = resampling.interval(hits / crops, rounds, int((counted[0, :, place] > 0).sum()))
        yield Bin(low, high, int(crops), float(surety / crops), float(hits / crops), interval)


def _within(value: float) -> float:
    return float(min(max(value, 0.0), 1.0))
