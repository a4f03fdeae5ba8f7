"""Whether one classifier is better than another on the same crops, with how much of it may be chance.

Both are judged on the same crops by the labels of now. The intervals come from the paired bootstrap: whole cameras are
drawn (``resampling``), and in every round both classifiers are measured on the same draw, so that what is hard for both
does not blur the difference (Koehn 2004, "Statistical significance tests for machine translation evaluation").
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from camtrap_gui import metrics, resampling
from camtrap_gui.evaluation import Said, table
from camtrap_gui.resampling import FEWEST

ROUNDS = 2_000

Figures = NDArray[np.float64]
Verdict = Literal["better", "worse", "undecided"]


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval over cameras; None where nothing can be said."""

    value: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Pair:
    """One figure of both classifiers and the difference, candidate minus current, over ``crops`` of ``locations``."""

    name: str
    crops: int
    locations: int
    current: Figure
    candidate: Figure
    difference: Figure


@dataclass(frozen=True)
class Comparison:
    """Top-1 accuracy, macro-F1, and the recall of every species that has crops."""

    crops: int
    locations: int
    rounds: int
    accuracy: Pair
    macro_f1: Pair
    recalls: tuple[Pair, ...]
    verdict: Verdict
    sentence: str

    def text(self) -> str:
        """The verdict and a table: each figure of both with its interval, and the difference."""
        header = ("", "Crops", "Cameras", "Current", "Candidate", "Difference")
        rows = [
            (
                pair.name,
                pair.crops,
                pair.locations,
                *map(_shown, (pair.current, pair.candidate)),
                _signed(pair),
            )
            for pair in (self.accuracy, self.macro_f1, *self.recalls)
        ]
        return f"{self.sentence}\n\n{table(header, rows)}"


def compare(current: Said, candidate: Said, rounds: int = ROUNDS, seed: int = 0) -> Comparison:
    """Compare what two classifiers said of the same crops in the same order, in the terms of one class list."""
    counts = _Counts(current, candidate)
    now = _measured(counts.stacked.sum(axis=0, keepdims=True), counts.classes)
    drawn = counts.resampled(rounds, seed) if counts.locations > 1 else None
    pairs = [_pair(counts, now, drawn, row) for row in range(now.shape[2])]
    accuracy, macro_f1, *recalls = pairs
    same = bool((current.ranked[:, 0] == candidate.ranked[:, 0]).all())
    verdict = _verdict(accuracy, macro_f1)
    sentence = _sentence(verdict, accuracy, macro_f1, same)
    return Comparison(
        len(current.truth), counts.locations, rounds, accuracy, macro_f1, tuple(recalls), verdict, sentence
    )


class _Counts:
    """Per camera and class: crops that are it, and of each classifier its hits and its answers, in one matrix."""

    def __init__(self, current: Said, candidate: Said) -> None:
        truth, location = current.truth, current.location
        said = (current.ranked[:, 0], candidate.ranked[:, 0])
        self.places = np.unique(truth)
        # Answers that are no crop's truth count against the truth alone, so their own columns are not needed.
        column = np.full(len(current.classes), -1)
        column[self.places] = np.arange(len(self.places))
        self.names = [current.classes[place] for place in self.places]
        self.classes = len(self.places)
        self.locations = len(np.unique(location))

        def count(which: NDArray[np.bool_], classes: NDArray[np.integer]) -> Figures:
            cells = location[which].astype(np.int64) * self.classes + column[classes[which]]
            size = (int(location.max()) + 1) * self.classes
            return np.bincount(cells, minlength=size).reshape(-1, self.classes).astype(np.float64)

        parts = [count(np.ones(len(truth), bool), truth)]
        for answers in said:
            parts += [count(answers == truth, truth), count(column[answers] >= 0, answers)]
        self.stacked = np.hstack(parts)
        self.support = self.stacked[:, : self.classes]
        self.stacked = self.stacked[self.support.sum(axis=1) > 0]
        self.support = self.stacked[:, : self.classes]

    def resampled(self, rounds: int, seed: int) -> Figures:
        """The figures of every round, as ``_measured``."""
        drawn = resampling.drawn(self.stacked, rounds, seed)
        return np.concatenate([_measured(sums, self.classes) for sums in drawn], axis=1)


def _measured(sums: Figures, classes: int) -> Figures:
    """Figures [2 classifiers, rounds, accuracy | macro-F1 | recall of each class] from counts [rounds, 5 · classes]."""
    support, *parts = (sums[:, n * classes : (n + 1) * classes] for n in range(5))
    found = []
    for hits, said in (parts[:2], parts[2:]):
        figures = metrics.agreement(hits, support, said)
        accuracy = hits.sum(axis=1) / support.sum(axis=1)
        found.append(np.column_stack([accuracy, metrics.macros(figures.f1, support), figures.recall]))
    return np.stack(found)


def _pair(counts: _Counts, now: Figures, drawn: Figures | None, row: int) -> Pair:
    if row < 2:
        name = ("Top-1 accuracy", "Macro-F1")[row]
        crops, locations = int(counts.support.sum()), counts.locations
    else:
        name = counts.names[row - 2]
        of_class = counts.support[:, row - 2]
        crops, locations = int(of_class.sum()), int((of_class > 0).sum())
    rounds = None if drawn is None or locations < 2 else drawn[:, :, row]

    def figure(value: float, of: Callable[[Figures], Figures]) -> Figure:
        return Figure(float(value), None if rounds is None else resampling.middle(of(rounds), locations))

    current, candidate = now[:, 0, row]
    return Pair(
        name,
        crops,
        locations,
        figure(current, lambda drawn: drawn[0]),
        figure(candidate, lambda drawn: drawn[1]),
        figure(candidate - current, lambda drawn: drawn[1] - drawn[0]),
    )


def _verdict(accuracy: Pair, macro_f1: Pair) -> Verdict:
    """By macro-F1, as in training, unless the accuracy clearly says the opposite."""
    if macro_f1.locations < FEWEST:
        return "undecided"
    f1, top = _side(macro_f1), _side(accuracy)
    if f1 == 0 or top == -f1:
        return "undecided"
    return "better" if f1 > 0 else "worse"


def _side(pair: Pair) -> int:
    """1 where the whole interval of the difference is above 0, -1 where it is below, 0 otherwise."""
    low, high = pair.difference.interval or (-math.inf, math.inf)
    return (low > 0) - (high < 0)


def _sentence(verdict: Verdict, accuracy: Pair, macro_f1: Pair, same: bool) -> str:
    cameras = f"{macro_f1.locations:,} camera{'s' if macro_f1.locations != 1 else ''}"
    if same:
        return f"Both say the same of all {macro_f1.crops:,} crops of {cameras}, so neither is better."
    if macro_f1.locations < FEWEST:
        return (
            f"They cannot be told apart on {cameras}: that needs {FEWEST} at least, as cameras differ. More held-out"
            " cameras would tell."
        )
    low, high = macro_f1.difference.interval or (math.nan, math.nan)
    if verdict != "undecided":
        smaller, larger = sorted((abs(low), abs(high)))
        word = "higher" if verdict == "better" else "lower"
        return (
            f"The candidate is {verdict}: its macro-F1 is {word} by {smaller:.3f} to {larger:.3f} on {cameras} that"
            " neither has seen."
        )
    if _side(macro_f1) and _side(accuracy):
        more, less = ("macro-F1", "accuracy") if _side(macro_f1) > 0 else ("accuracy", "macro-F1")
        return f"Neither is better on {cameras}: the candidate has the higher {more}, but the lower {less}."
    return f"They cannot be told apart on {cameras}: the difference of macro-F1 is between {low:+.3f} and {high:+.3f}."


def _shown(figure: Figure) -> str:
    return "".join(_parts(figure, ".3f"))


def _signed(pair: Pair) -> str:
    return "".join(_parts(pair.difference, "+.3f"))


def _parts(figure: Figure, form: str) -> Iterator[str]:
    yield "–" if figure.value is None else format(figure.value, form)
    if figure.interval is not None:
        low, high = (format(end, form) for end in figure.interval)
        yield f" ({low} to {high})"
