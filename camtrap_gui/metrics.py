"""How good a classifier is, in figures that say what they count. Pure arrays in, numbers out.

A crop's truth and prediction are class indices. Every crop counts once. Figures that nothing can be said about (the
recall of a species without crops) are NaN here and empty cells in files, never a flattering or damning 0 or 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.integer]
Figures = NDArray[np.float64]


@dataclass(frozen=True)
class PerClass:
    """One entry per class: crops that are it, crops called it, and how far the two agree (0..1, or NaN)."""

    support: Indices
    predicted: Indices
    precision: Figures
    recall: Figures
    f1: Figures


def ranking(scores: NDArray[np.floating], k: int) -> Indices:
    """The ``min(k, C)`` best classes of each row of ``scores`` [N, C], best first, as [N, k]; ties in class order."""
    # A stable sort of the negated scores keeps equal ones in class order, on every platform.
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def top_k_accuracy(truth: Indices, ranked: Indices, k: int) -> float:
    """The share of crops whose truth is among the first ``k`` of ``ranked`` [N, >=k] (-1: no class); NaN for no crops.

    With ``k = 5`` this is what TensorFlow calls recall at 5, as every crop has exactly one true class.
    """
    if len(truth) == 0:
        return float("nan")
    return float((ranked[:, :k] == truth[:, None]).any(axis=1).mean())


def confusion_matrix(truth: Indices, predicted: Indices, classes: int) -> Indices:
    """Crops by true class (row) and predicted class (column), as [C, C]."""
    cells = np.bincount(truth.astype(np.int64) * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def per_class(confusion: Indices) -> PerClass:
    """Precision, recall and F1 of every class of a confusion matrix.

    Recall is NaN for a class without crops, precision for one that was never predicted. F1 is 2·hits/(crops that are
    it + crops called it), which is the harmonic mean of the two and 0 for a class that has crops but no hit; it is
    NaN only where a class occurs in neither.
    """
    hits = np.diag(confusion).astype(np.float64)
    support, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    return PerClass(
        support,
        predicted,
        precision=_ratio(hits, predicted),
        recall=_ratio(hits, support),
        f1=_ratio(2 * hits, support + predicted),
    )


def macro(values: Figures, support: Indices) -> float:
    """The plain mean of per-class figures over the classes that have crops; NaN when there are none.

    Every such class weighs the same, however rare. A NaN among them (the precision of a class that was never
    predicted) counts as 0: the classifier had its chance. Classes without crops are left out, as nothing is known
    about them, even if some crops were wrongly called so: that already lowers the recall of the true class.
    """
    present = support > 0
    return float(np.nan_to_num(values[present]).mean()) if present.any() else float("nan")


def macro_f1(confusion: Indices) -> float:
    """The mean F1 of the classes that have crops."""
    figures = per_class(confusion)
    return macro(figures.f1, figures.support)


def balanced_accuracy(confusion: Indices) -> float:
    """The mean recall of the classes that have crops: accuracy as if all of them were equally common."""
    figures = per_class(confusion)
    return macro(figures.recall, figures.support)


def accuracy_interval(
    correct: NDArray[np.bool_], groups: Indices, seed: int = 0, rounds: int = 1000
) -> tuple[float, float]:
    """The 95 % interval of the accuracy on new cameras, by resampling whole groups (cameras), as (low, high).

    Crops of one camera resemble each other, so resampling crops would promise far too much (Efron & Tibshirani 1993,
    percentile bootstrap on clusters). NaN for fewer than two groups: nothing is known about the next one.
    """
    crops = np.bincount(groups)
    hits = np.bincount(groups, weights=correct)
    hits, crops = hits[crops > 0], crops[crops > 0]
    if len(crops) < 2:
        return float("nan"), float("nan")
    # How often each camera is drawn in each round: the same as drawing with replacement, in less memory.
    draws = np.random.default_rng(seed).multinomial(len(crops), np.full(len(crops), 1 / len(crops)), rounds)
    low, high = np.percentile(draws @ hits / (draws @ crops), (2.5, 97.5))
    return float(low), float(high)


def _ratio(part: NDArray[np.floating], whole: Indices) -> Figures:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
