"""Whether an animal may be of a species that a classifier does not know.

A classifier must choose among its species, so what it has never seen gets one of their names. It is less sure of it,
though: what it is less sure of than of 95 % of crops it had not learnt from is marked as perhaps unknown. The score is the
calibrated confidence of the likeliest species (Hendrycks & Gimpel 2017, "A Baseline for Detecting Misclassified and
Out-of-Distribution Examples in Neural Networks"). Measured with one species after the other left out of training
(``benchmarks/unknown_species.py``), it tells unknown from known in 94 % of pairs on photos of monkeys and in 89 % on a demo
survey; energy and the highest logit in 93 % and 91 %, distances to what was learnt in 80 to 94 % and 81 to 92 %.
Confidence times likeness to the nearest training crop does it in 95 % and 91 %, but then every training crop must go along.
"""

import numpy as np
from numpy.typing import NDArray

KEPT = 0.95
"""The share of crops of known species that is not marked."""

_FEWEST = 20

Figures = NDArray[np.floating]


def limit(confidence: Figures) -> float:
    """The confidence below which an animal may be unknown, from that of crops [N] of known species the network has not
    learnt from; 0.0, which marks nothing, where they are fewer than twenty."""
    if len(confidence) < _FEWEST:
        return 0.0
    return float(np.quantile(confidence, 1 - KEPT, method="lower"))


def told_apart(known: Figures, unknown: Figures) -> float:
    """How often an unknown crop has the lower score than a known one, a tie counting half: the area under the ROC curve."""
    scores = np.concatenate([known, unknown])
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    above = ranks[: len(known)].sum() - len(known) * (len(known) + 1) / 2
    return float(above / (len(known) * len(unknown)))


def passed(known: Figures, unknown: Figures) -> float:
    """The share of unknown crops that pass for known ones when 95 % of the known ones do (FPR at 95 % TPR)."""
    return float((unknown >= np.quantile(known, 1 - KEPT, method="lower")).mean())
