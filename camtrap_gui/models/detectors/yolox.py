"""Detectors of the YOLOX family, the default one among them, run by OpenVINO.

Why OpenVINO: it starts in half a second where TensorFlow takes three, and it needs less processor time for a picture:
37 ms in bfloat16 and 110 ms in float32, where the same network as a TensorFlow graph needs 75 and 150 (YOLOX-tiny at
640 pixels, a processor with AMX; TensorFlow's figures contain the scaling of the picture). ``benchmarks/detection.py``
measures again. float16 was four times slower than bfloat16. Two streams of one thread beat one stream of two threads,
and the answer does not depend on the number of cores.

Why the picture is scaled in floating point: that is what the reference does, and the network notices the difference.
Of 312 boxes of the reference in 234 pictures, 312 come out the same in float32 and 310 in bfloat16 (IoU at least 0.95,
confidence within 0.02). Pillow's usual scaling, which rounds twice, would save 18 ms of processor time for a picture
of three megapixels; with it 299 and 305 are the same. A Hamming or box filter loses half of the boxes. Decoding a JPEG
at half its size changes one box in twelve by more than that, without being worse, so it is kept for pictures of which
the network sees a sixth or less, where it saves half of the time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from camtrap_gui.models import processor, store
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.models.detectors import Detection, boxes, yolox_network
from camtrap_gui.parallel import cores

if TYPE_CHECKING:
    import numpy

OVERLAP = 0.45
"""Two boxes of a larger intersection over union are taken for the same animal. Source: YOLOX's demo, zamba."""

MOST = 100
"""Boxes kept of one picture, as in the TensorFlow Object Detection API."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as the network sees it: in the left upper corner of a black square, float16 [3, size, size], 0..255."""

    pixels: "numpy.ndarray"
    width: int
    height: int


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
        self.at_least = 3 * self._size
        self._cells = _cells(self._size)
        self._queue = _compiled(
            yolox_network.build(arrays, self._size),
            processor.has_bfloat16() if bfloat16 is None else bfloat16,
        )

    def prepare(self, picture: Image.Image) -> Prepared:
        import numpy as np

        scale = self._size / max(picture.size)
        width, height = (max(1, round(side * scale)) for side in picture.size)
        factor = max(picture.size) // self.at_least
        if factor > 1:  # what is no JPEG comes in its full size
            picture = picture.reduce(factor)
        pixels = np.zeros((3, self._size, self._size), np.float16)
        for band, values in zip(picture.split(), pixels, strict=True):
            # Mode F is what makes Pillow scale without rounding.
            scaled = band.convert("F").resize((width, height), Image.Resampling.BILINEAR)
            values[:height, :width] = np.asarray(scaled)
        return Prepared(pixels, width, height)

    def detect(self, prepared: Sequence[Prepared]) -> list[list[Detection]]:
        found: dict[int, numpy.ndarray] = {}
        self._queue.set_callback(
            lambda request, number: found.__setitem__(number, request.get_output_tensor().data[0].copy())
        )
        for number, picture in enumerate(prepared):
            self._queue.start_async({0: picture.pixels[None]}, number)
        self._queue.wait_all()
        return [self._detections(found[number], picture) for number, picture in enumerate(prepared)]

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
        corners = np.concatenate([centre - half, centre + half], 1)
        corners = np.clip(corners / np.tile([picture.width, picture.height], 2), 0, 1)
        # Boxes of different classes never suppress each other: each class lies on a plane of its own.
        kept = boxes.suppress(corners + 2.0 * classes[:, None], scores, OVERLAP, MOST)
        return [
            Detection(
                self.categories[classes[at]],
                float(scores[at]),
                *(float(value) for value in (left, top, right - left, bottom - top)),
            )
            for at in kept
            for left, top, right, bottom in [corners[at]]
            if right > left and bottom > top
        ]


def load(entry: Entry) -> Yolox:
    """An installed YOLOX detector, its weights checked against their hash."""
    return Yolox(entry, store.read_weights(entry))


def _compiled(network: Any, bfloat16: bool) -> Any:
    """A queue of requests that keeps every core busy, one thread for each."""
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": "bf16" if bfloat16 else "f32",
        "NUM_STREAMS": cores(),
        "INFERENCE_NUM_THREADS": cores(),
    }
    return openvino.AsyncInferQueue(openvino.Core().compile_model(network, "CPU", settings), 2 * cores())


def _cells(size: int) -> "numpy.ndarray":
    """Column, row and stride of every cell, float32 [3, N], in the order of the network's output."""
    import numpy as np

    scales = []
    for stride in yolox_network.STRIDES:
        rows, columns = np.mgrid[: size // stride, : size // stride]
        scales.append(np.stack([columns.ravel(), rows.ravel(), np.full(rows.size, stride)]))
    return np.concatenate(scales, 1).astype(np.float32)
