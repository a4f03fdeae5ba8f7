"""How the answers of ONNX detectors are laid out, and how boxes are read from each.

Four forms are in use. With N cells and C classes, the first three in pixels of the network's input:

- ``yolov5`` [N, 5 + C]: centre, width, height, objectness, classes. YOLOv5, MegaDetector v5, YOLOX with decoded boxes.
- ``yolov8`` [4 + C, N]: centre, width, height, classes. YOLOv8, YOLOv9, YOLO11; YOLOv10 as Ultralytics 8.4 exports it.
- ``end-to-end`` [M, 6]: left, top, right, bottom, score, class; overlapping boxes are gone already. YOLOv10, and
  exports that contain non-maximum suppression.
- ``rtdetr`` [M, 4 + C]: centre, width, height as fractions of the picture, classes; or [M, 6], where score and class are
  in the place of the classes (Ultralytics 8.4). Each of the M queries looks for an animal of its own, so none overlap. The
  picture is stretched to the square. Source: ``RTDETRDecoder`` and ``RTDETRPredictor`` of Ultralytics.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from camtrap_gui.models.detectors import boxes
from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    import numpy

LAYOUTS = ("yolov5", "yolov8", "end-to-end", "rtdetr")

_END_TO_END_MOST = 1000
"""Rows of an end-to-end answer: 100 to 300 as a rule. Networks of cells have thousands."""

_GRIDS = (8 * 8 + 4 * 4 + 2 * 2 + 1, 4 * 4 + 2 * 2 + 1)
"""Cells of four and three scales for each cell of the coarsest: the cells of every square are a multiple of one of them."""


class Boxes(NamedTuple):
    """``corners`` [N, 4] left, top, right, bottom in pixels of the square, ``scores`` [N], ``classes`` [N] from 0."""

    corners: "numpy.ndarray"
    scores: "numpy.ndarray"
    classes: "numpy.ndarray"


def layout_of(shape: Sequence[int | None]) -> str:
    """The layout that an answer of this shape, without the batch, can only have. Raises Problem when it is none."""
    rows, columns = shape
    if columns == 6 and (rows is None or rows <= _END_TO_END_MOST):
        return "end-to-end"
    if rows and columns:
        if _END_TO_END_MOST >= rows > columns >= 5 and all(rows % cells for cells in _GRIDS):
            return "rtdetr"
        if rows > columns >= 6:
            return "yolov5"
        if columns > rows >= 5:
            return "yolov8"
    raise Problem(
        f"it answers with {rows or 'any number of'} x {columns or 'any number of'} numbers, which is none of the layouts "
        f"{', '.join(LAYOUTS)}. If you know which it is, say so: --layout"
    )


def classes_of(layout: str, shape: Sequence[int | None]) -> int | None:
    """How many classes the network tells apart; None where the answer does not show it."""
    rows, columns = shape
    if layout == "yolov5":
        return columns - 5 if columns else None
    if layout == "rtdetr":
        return columns - 4 if columns and columns != 6 else None
    return rows - 4 if layout == "yolov8" and rows else None


def read(layout: str, answer: "numpy.ndarray", least: float, size: int) -> Boxes:
    """All boxes of one picture with a score of at least ``least``, overlapping ones included.

    ``size`` is the side of the network's square, in pixels.
    """
    import numpy as np

    if layout == "end-to-end":
        corners, scores, classes = answer[:, :4], answer[:, 4], np.rint(answer[:, 5]).astype(np.int64)
        sure = scores >= least
        return Boxes(corners[sure], scores[sure], classes[sure])
    if layout == "rtdetr":
        scores, classes = _of_queries(answer)
        sure = scores >= least
        return Boxes(_corners(answer[sure, :4]) * size, scores[sure], classes[sure])
    if layout == "yolov8":
        some = answer[:, answer[4:].max(axis=0) >= least].T
        places, each = some[:, :4], some[:, 4:]
    else:
        some = answer[answer[:, 4] >= least]  # what is no object is no object of a class
        some = some[some[:, 4] * some[:, 5:].max(axis=1) >= least]
        places, each = some[:, :4], some[:, 5:] * some[:, 4:5]
    scores, classes = each.max(axis=1), each.argmax(axis=1)
    return Boxes(_corners(places), scores, classes)


def _corners(places: "numpy.ndarray") -> "numpy.ndarray":
    """Left, top, right, bottom [N, 4] of centre, width, height [N, 4]."""
    import numpy as np

    half = places[:, 2:] / 2
    return np.concatenate([places[:, :2] - half, places[:, :2] + half], 1)


def _of_queries(answer: "numpy.ndarray") -> "tuple[numpy.ndarray, numpy.ndarray]":
    """Scores and classes of RT-DETR. Six columns are a score and a class, unless the last are no whole numbers: then they
    are the scores of two classes."""
    import numpy as np

    each = answer[:, 4:]
    if each.shape[1] == 2 and (each[:, 1] == np.rint(each[:, 1])).all():
        return each[:, 0], each[:, 1].astype(np.int64)
    return each.max(axis=1), each.argmax(axis=1)


def choose(layout: str, found: Boxes) -> Boxes:
    """The boxes that remain of those that overlap, the surest first. ``corners`` are fractions here."""
    import numpy as np

    if layout in ("end-to-end", "rtdetr"):
        kept = np.argsort(-found.scores, kind="stable")[: boxes.MOST]
    else:
        kept = boxes.suppress_by_class(found.corners, found.scores, found.classes)
    return Boxes(*(values[kept] for values in found))


def check(layout: str, answer: "numpy.ndarray", size: int) -> None:
    """Raise Problem when an answer cannot be in that layout: numbers that are no probabilities, boxes not in pixels."""
    import numpy as np

    if layout == "rtdetr":
        scores = _of_queries(answer)[0]
    else:
        scores = {"yolov5": answer[:, 4:], "yolov8": answer[4:], "end-to-end": answer[:, 4]}[layout]
    if not np.isfinite(answer).all() or scores.min(initial=0) < -0.01 or scores.max(initial=0) > 1.01:
        raise Problem(
            f"its scores are no probabilities from 0 to 1, as they are in the layout {layout}. Choose another with "
            "--layout, or export it again with the last layer included."
        )
    if layout == "rtdetr":
        if answer[:, :4].max(initial=0) > 2:
            raise Problem("its boxes are no fractions of the picture, as they are in the layout rtdetr.")
        return
    if layout == "end-to-end":
        inside = not answer[:, :4].any() or answer[:, :4].max() > 2
    else:
        # Cells cover the whole picture, so the last one's box has its centre near the other end.
        inside = (answer[:, 0] if layout == "yolov5" else answer[0]).max() > size / 2
    if not inside:
        raise Problem(
            "its boxes are not in pixels of its input. Export it again with decoded boxes (YOLOX: "
            "--decode_in_inference), or, if it is an RT-DETR, say so: --layout rtdetr"
        )
