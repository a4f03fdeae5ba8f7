"""The crops that a backbone finds most like one: those whose features point in nearly the same direction."""

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers.likeness import blocks


def nearest(
    vectors: NDArray[np.floating], rows: NDArray[np.int64], wanted: NDArray[np.floating], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The places among ``rows`` of the ``count`` vectors most like ``wanted`` [F], the likest first, and how like they are.

    ``vectors`` [R, F] may be mapped from a file: the rows are read in blocks. How like is the cosine of the angle
    between the two, 1 for the same direction.
    """
    likeness = np.empty(len(rows), np.float32)
    unit = wanted.astype(np.float32) / max(float(np.linalg.norm(wanted)), 1e-12)
    for part in blocks(len(rows)):
        some = vectors[rows[part]].astype(np.float32)
        lengths = np.sqrt(np.einsum("nf,nf->n", some, some))
        likeness[part] = (some @ unit) / np.maximum(lengths, 1e-12)
    count = min(count, len(rows))
    best = np.argpartition(-likeness, count - 1)[:count] if count else np.empty(0, np.int64)
    best = best[np.lexsort((best, -likeness[best]))]
    return best, likeness[best]
