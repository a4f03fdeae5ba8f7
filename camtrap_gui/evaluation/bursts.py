"""One answer for a whole sequence, from what was said about each of its crops.

The rule: the confidences of every species are averaged over the crops of the sequence, and the highest mean is the
answer; at equal means, the first in the class list. A species that is not among the five likeliest of a crop counts
with 0 there. So a sure crop weighs more than one of doubt, and calibrated confidences add up to what they say. Crops
of pictures that belong to no sequence are voted on picture by picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.evaluation.said import Said
from camtrap_gui.metrics import Indices

_CELLS = 4_000_000  # numbers held at once


@dataclass(frozen=True)
class Voted:
    """The S sequences that show one species: ``truth``, the answer ``said``, whether the truth is among the best k, and
    ``location``, [S] each. ``crops`` [N] says which crops are of these sequences; ``mixed`` is how many show several.
    """

    truth: Indices
    said: Indices
    in_top: NDArray[np.bool_]
    location: Indices
    crops: NDArray[np.bool_]
    mixed: int


def vote(said: Said, k: int) -> Voted | None:
    """Vote on every sequence; None where no sequence has two crops, or nothing is known about sequences."""
    if said.sequence is None or said.scores is None:
        return None
    _, first, number, sizes = np.unique(
        said.sequence * len(said.locations) + said.location,
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    if len(sizes) == len(said.truth):
        return None
    truth = said.truth[first]
    alone = np.ones(len(sizes), bool)
    alone[number[said.truth != truth[number]]] = False
    answer, in_top = np.empty(len(sizes), np.int64), np.empty(len(sizes), bool)
    order = np.argsort(number, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    step = max(1, _CELLS // len(said.classes))
    for start in range(0, len(sizes), step):
        stop = min(start + step, len(sizes))
        rows = order[starts[start] : starts[stop]]
        sums = _sums(said, rows, number[rows] - start, stop - start)
        answer[start:stop] = sums.argmax(axis=1)
        in_top[start:stop] = _is_among(sums, truth[start:stop], k)
    return Voted(
        truth[alone],
        answer[alone],
        in_top[alone],
        said.location[first][alone],
        alone[number],
        int((~alone).sum()),
    )


def _sums(said: Said, rows: Indices, number: Indices, sequences: int) -> NDArray[np.float64]:
    """The confidences of every class added up over the crops ``rows`` of each sequence, [sequences, classes]."""
    assert said.scores is not None
    classes = len(said.classes)
    guesses = said.ranked[rows]
    there = guesses >= 0
    cells = (number[:, None] * classes + guesses)[there]
    sums = np.bincount(cells, said.scores[rows][there], minlength=sequences * classes)
    return sums.astype(np.float64).reshape(sequences, classes)


def _is_among(sums: NDArray[np.float64], truth: Indices, k: int) -> NDArray[np.bool_]:
    """Whether fewer than k classes have more, or as much and come first; a class with nothing is not among them."""
    own = sums[np.arange(len(sums)), truth][:, None]
    before = (sums > own) | ((sums == own) & (np.arange(sums.shape[1]) < truth[:, None]))
    found: NDArray[np.bool_] = (before.sum(axis=1) < k) & (own[:, 0] > 0)
    return found
