"""From the numbers of a detecting network to boxes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from camtrap_gui.models.detectors import Detection

if TYPE_CHECKING:
    import numpy

OVERLAP = 0.45
"""Two boxes of a larger intersection over union are taken for the same animal. Source: YOLOX's demo, zamba, and the
MegaDetector package."""

MOST = 100
"""Boxes kept of one picture, as in the TensorFlow Object Detection API."""


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


def suppress_by_class(
    corners: "numpy.ndarray", scores: "numpy.ndarray", classes: "numpy.ndarray"
) -> "numpy.ndarray":
    """As ``suppress``, for ``corners`` in 0..1: boxes of different ``classes`` [N] never suppress each other."""
    return suppress(corners + 2.0 * classes[:, None], scores, OVERLAP, MOST)  # a plane for each class


def detections(
    corners: "numpy.ndarray", scores: "numpy.ndarray", classes: "numpy.ndarray", names: Mapping[int, str]
) -> list[Detection]:
    """Boxes as detections, in the order given. Those without an area, and of classes without a name, are left out.

    ``corners`` [N, 4] are left, top, right, bottom as fractions.
    """
    return [
        Detection(names[number], score, left, top, right - left, bottom - top)
        for (left, top, right, bottom), score, number in zip(
            corners.tolist(), scores.tolist(), classes.tolist(), strict=True
        )
        if right > left and bottom > top and number in names
    ]
