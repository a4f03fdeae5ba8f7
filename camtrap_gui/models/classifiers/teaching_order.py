"""In which order labels teach a classifier most: what it is unsure of, and never much of the same.

With a classifier an animal counts by its uncertainty, 1 - margin (Scheffer et al., "Active Hidden Markov Models for
Information Extraction", IDA 2001), divided by how often its group of like animals has had its turn already: sorted by
that, groups share the places as parties share seats under d'Hondt's rule. That one should weigh uncertainty against
likeness is Zhdanov, "Diverse Mini-Batch Active Learning" (arXiv:1901.05954, 2019).

Without one uncertainty means nothing: then the most typical animal of each group comes first, largest group first, next
the second of each (Hacohen et al., "Active Learning on a Budget", ICML 2022).
"""

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers import likeness
from camtrap_gui.models.classifiers.likeness import Points

GROUPS = 100


def order(
    some: Points, uncertainty: NDArray[np.floating] | None, labelled: NDArray[np.bool_], seed: int
) -> NDArray[np.int64]:
    """Places of the animals that are not ``labelled`` (mask [N]), the one that teaches most first.

    ``uncertainty`` [N], 0..1, is None without a classifier: then labelled animals count as turns of their group.
    """
    if labelled.all():
        return np.empty(0, np.int64)
    group, centres = likeness.groups(some, min(GROUPS, -(-len(some) // 4)), seed)
    had, left = np.bincount(group[labelled], minlength=len(centres)), np.flatnonzero(~labelled)
    group = group[left]
    if uncertainty is not None:
        worth = uncertainty[left] / (1 + _turns(group, uncertainty[left]))
        return left[np.argsort(-worth, kind="stable")]
    turn = had[group] + _turns(group, _typical(some[left], centres, group))
    return left[np.lexsort((-np.bincount(group)[group], turn))]


def _typical(some: Points, centres: NDArray[np.float32], group: NDArray[np.int64]) -> NDArray[np.float32]:
    """How near each is to the middle of its group."""
    made = np.empty(len(some), np.float32)
    for part in likeness.blocks(len(some)):
        made[part] = np.einsum("nd,nd->n", some[part].astype(np.float32), centres[group[part]])
    return made


def _turns(group: NDArray[np.int64], merit: NDArray[np.floating]) -> NDArray[np.int64]:
    """How many of the same group have more merit (or as much, and come before)."""
    ranked = np.lexsort((-merit, group))
    sizes = np.bincount(group)
    starts = np.cumsum(sizes) - sizes
    turns = np.empty(len(group), np.int64)
    turns[ranked] = np.arange(len(group)) - starts[group[ranked]]
    return turns
