"""How good a classifier is, in figures that say what they count. Pure arrays in, numbers out.

A crop's truth and prediction are class indices. Every crop counts once. Figures that nothing can be said about (the
recall of a species without crops) are NaN here and empty cells in files, never a flattering or damning 0 or 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.integer]
Figures = NDArray[np.float64]
AnyNumbers = NDArray[np.integer] | NDArray[np.floating]


@dataclass(frozen=True)
class PerClass:
    """One entry per class (last axis): crops that are it, crops called it, and how far the two agree (0..1, or NaN)."""

    support: AnyNumbers
    predicted: AnyNumbers
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
    """How far truth and prediction agree on every class of a confusion matrix."""
    return agreement(np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0))


def agreement(hits: AnyNumbers, support: AnyNumbers, predicted: AnyNumbers) -> PerClass:
    """Precision, recall and F1 from counts [..., C]: crops rightly called so, crops that are it, crops called it.

    Recall is NaN for a class without crops, precision for one that was never predicted. F1 is 2·hits/(crops that are
    it + crops called it), which is the harmonic mean of the two and 0 for a class that has crops but no hit; it is
    NaN only where a class occurs in neither.
    """
    return PerClass(
        support,
        predicted,
        precision=_ratio(hits, predicted),
        recall=_ratio(hits, support),
        f1=_ratio(2 * hits, support + predicted),
    )


def macro(values: Figures, support: AnyNumbers) -> float:
    """The plain mean of per-class figures over the classes that have crops; NaN when there are none.

    Every such class weighs the same, however rare. A NaN among them (the precision of a class that was never
    predicted) counts as 0: the classifier had its chance. Classes without crops are left out, as nothing is known
    about them, even if some crops were wrongly called so: that already lowers the recall of the true class.
    """
    return float(macros(values, support))


def macros(values: Figures, support: AnyNumbers) -> Figures:
    """As ``macro``, of every row of figures [..., C]."""
    present = support > 0
    sums = np.where(present, np.nan_to_num(values), 0.0).sum(axis=-1)
    return _ratio(sums, present.sum(axis=-1))


def macro_f1(confusion: Indices) -> float:
    """The mean F1 of the classes that have crops."""
    figures = per_class(confusion)
    return macro(figures.f1, figures.support)


def balanced_accuracy(confusion: Indices) -> float:
    """The mean recall of the classes that have crops: accuracy as if all of them were equally common."""
    figures = per_class(confusion)
    return macro(figures.recall, figures.support)


def _ratio(part: AnyNumbers, whole: AnyNumbers) -> Figures:
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)
