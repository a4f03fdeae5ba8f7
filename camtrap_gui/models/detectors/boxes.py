"""From the numbers of a detecting network to boxes."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy


def suppress(corners: "numpy.ndarray", scores: "numpy.ndarray", overlap: float, most: int) -> "numpy.ndarray":
    """Indices of the boxes that remain when of any two that overlap the less confident one goes; best score first.

    ``corners`` [N, 4] are left, top, right, bottom in any unit, ``scores`` [N]. Two boxes overlap when their
    intersection over union is above ``overlap``. At most ``most`` remain. (Non-maximum suppression, greedy.)
    """
    import numpy as np

    left_over = np.argsort(-scores, kind="stable")
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    kept: list[int] = []
    while len(left_over) and len(kept) < most:
        best, others = left_over[0], left_over[1:]
        kept.append(best)
        low = np.maximum(corners[best, :2], corners[others, :2])
        high = np.minimum(corners[best, 2:], corners[others, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        union = areas[best] + areas[others] - shared
        left_over = others[shared <= overlap * union]
    return np.array(kept, np.int64)
