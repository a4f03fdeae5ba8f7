"""What a figure could have been on other cameras: whole locations drawn with replacement, again and again.

Crops of one camera resemble each other (same background, same animals, same burst), so a figure from 10,000 crops of
ten cameras is known as well as ten cameras tell it, not 10,000 crops. Therefore whole locations are drawn, all crops of
one together (Field & Welsh 2007, "Bootstrapping clustered data"), and the middle of what the figure comes out as is its
95 % interval (percentile bootstrap: Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13). Few locations
vary less among themselves than all there are, so of few, more than 95 % of the rounds are taken (``_tail``).

Figures must be functions of sums over locations (crops, hits, answers per class). Then a round is a row of small whole
numbers, how often each location was drawn, times a matrix of these sums, and a thousand rounds take milliseconds
however many crops there are.
"""

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

ROUNDS = 1000

FEWEST = 6
"""With fewer locations intervals come out too narrow and nothing is decided by them (Cameron, Gelbach & Miller 2008,
"Bootstrap-Based Improvements for Inference with Clustered Errors"): that five of five agree happens by chance in
2 · ½⁵, more than 5 %, of cases."""

_TAIL = 0.025
_CELLS = 4_000_000  # numbers held at once

Figures = NDArray[np.float64]
Interval = tuple[float, float]


def drawn(counted: Figures, rounds: int = ROUNDS, seed: int = 0) -> Iterator[Figures]:
    """Sums over drawn locations: of ``counted`` [locations, columns], blocks of [some rounds, columns], ``rounds`` in all.

    The draws depend on the seed and the number of locations alone, so figures drawn apart are of the same cameras.
    """
    locations = len(counted)
    random = np.random.default_rng(seed)
    share = np.full(locations, 1 / locations)
    size = max(1, _CELLS // max(counted.shape))
    for first in range(0, rounds, size):
        # How often each location is drawn: the same as drawing with replacement, in less memory.
        often = random.multinomial(locations, share, min(size, rounds - first))
        yield often.astype(np.float64) @ counted


def middle(rounds: Figures, locations: int) -> Interval:
    """The 95 % interval from the rounds [R] in which the figure could be measured (is not NaN; there must be one).

    ``locations`` is how many the figure is known from, at least two.
    """
    tail = _tail(locations)
    low, high = np.quantile(rounds[~np.isnan(rounds)], (tail, 1 - tail))
    return float(low), float(high)


def _tail(locations: int) -> float:
    """The share of rounds beyond each end: 2.5 % of many locations, 0.9 % of ten, 0.2 % of six.

    The expanded percentile interval (Hesterberg 2015, "What Teachers Should Know About the Bootstrap"): as far out as
    Student's t of ``locations - 1`` degrees of freedom is, with the spread of a sample, not of draws from it.
    """
    wide = math.sqrt(locations / (locations - 1)) * _student(locations - 1)
    return NormalDist().cdf(-wide)


def _student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t (Abramowitz & Stegun 1964, 26.7.5), within 1 % from three degrees of freedom on."""
    z = NormalDist().inv_cdf(1 - _TAIL)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))


def interval(value: float, rounds: Figures, locations: int) -> Interval | None:
    """The 95 % interval of a figure between 0 and 1, from its rounds [R]; it always holds the value itself.

    ``locations`` is how many the figure is known from: those where its denominator is not 0. None where nothing can be
    said: the value is NaN, there are fewer than two locations, or all draws agree on something between 0 and 1. Where
    all agree on 0 or 1, because every location does, each location counts as one trial of the exact binomial interval
    (Clopper & Pearson 1934): ten cameras without a miss leave up to 31 % for the next one. The percentiles of few
    locations can lie beside the value, as rare species drop out of some draws; then the value is the end.
    """
    value = float(value)
    if np.isnan(value) or locations < 2:
        return None
    low, high = middle(rounds, locations)
    if low == high == value:
        if value not in (0.0, 1.0):
            return None
        least = _TAIL ** (1 / locations)
        return (least, 1.0) if value else (0.0, 1 - least)
    return min(low, value), max(high, value)
