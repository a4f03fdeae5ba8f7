"""Detectors of the YOLOX family, the default one among them, run by OpenVINO.

Why OpenVINO: it needs less processor time for a picture than TensorFlow: 37 ms in bfloat16 and 110 ms in float32, where
the same network as a TensorFlow graph needs 75 and 150 (YOLOX-tiny at 640 pixels, a processor with AMX; TensorFlow's
figures contain the scaling of the picture). ``benchmarks/detection.py`` measures again.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PIL import Image

from camtrap_gui.models import store
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.models.detectors import Detection, boxes, letterbox, yolox_network
from camtrap_gui.models.detectors.letterbox import Prepared
from camtrap_gui.models.detectors.openvino_queue import Queue
from camtrap_gui.parallel import cores

if TYPE_CHECKING:
    import numpy


class Yolox:
    """A YOLOX network. Its answers are the same on any number of cores."""

    def __init__(
        self, entry: Entry, arrays: "Mapping[str, numpy.ndarray]", bfloat16: bool | None = None
    ) -> None:
        """``bfloat16`` None: where the processor has it."""
        self.name, self.kind, self.sha256 = entry.name, entry.kind, entry.sha256
        self.typical_threshold = entry.typical_threshold or 0.0
        self.conservative_threshold = entry.conservative_threshold or 0.0
        self.categories = tuple(entry.categories.values())
        self.batch = 4 * cores()
        self._size = entry.input_size
        self.at_least = letterbox.at_least(self._size)
        self._cells = _cells(self._size)
        self._queue = Queue(yolox_network.build(arrays, self._size), bfloat16)

    def prepare(self, picture: Image.Image) -> Prepared:
        return letterbox.prepare(picture, self._size)

    def detect(self, prepared: Sequence[Prepared]) -> list[list[Detection]]:
        answers = self._queue.answers([picture.pixels for picture in prepared])
        return [self._detections(rows, picture) for rows, picture in zip(answers, prepared, strict=True)]

    def _detections(self, rows: "numpy.ndarray", picture: Prepared) -> list[Detection]:
        """Cells to boxes. Source: ``YOLOXHead.decode_outputs`` and ``postprocess`` of the original."""
        import numpy as np

        classes = rows[5:].argmax(axis=0)
        scores = rows[4] * rows[5:].max(axis=0)
        sure = np.flatnonzero(scores >= self.conservative_threshold)
        rows, scores, classes = rows[:, sure], scores[sure], classes[sure]
        columns, lines, strides = self._cells[:, sure]
        centre = np.stack([(rows[0] + columns) * strides, (rows[1] + lines) * strides], 1)
        half = np.exp(rows[2:4].T) * strides[:, None] / 2
        corners = picture.fractions(np.concatenate([centre - half, centre + half], 1))
        kept = boxes.suppress_by_class(corners, scores, classes)
        return boxes.detections(corners[kept], scores[kept], classes[kept], dict(enumerate(self.categories)))


def load(entry: Entry) -> Yolox:
    """An installed YOLOX detector, its weights checked against their hash."""
    return Yolox(entry, store.read_weights(entry))


def _cells(size: int) -> "numpy.ndarray":
    """Column, row and stride of every cell, float32 [3, N], in the order of the network's output."""
    import numpy as np

    scales = []
    for stride in yolox_network.STRIDES:
        rows, columns = np.mgrid[: size // stride, : size // stride]
        scales.append(np.stack([columns.ravel(), rows.ravel(), np.full(rows.size, stride)]))
    return np.concatenate(scales, 1).astype(np.float32)
