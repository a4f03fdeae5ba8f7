"""Detectors in ONNX files, run by OpenVINO: exports of YOLOv5 and MegaDetector v5, YOLOv8 to YOLO11, YOLOX,
YOLOv10, RT-DETR.

Why OpenVINO and not ONNX Runtime: it is there for the default detector already, and was faster where both were measured
(YOLOv5s at 640 pixels: 37 and 35 ms in float32, but 20 in bfloat16, which ONNX Runtime has not on these processors; at
MegaDetector's size 1730 and 1942 ms, 887 in bfloat16). Processor time of the default detector's network in an ONNX file:
114 ms for a picture in float32 with OpenVINO, 116 with ONNX Runtime 1.32, and 36 in bfloat16.

What is not in the file as such was recognised when it was described (``recognition``): layout, size, letterboxing, names.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from camtrap_gui.files import sha256_of
from camtrap_gui.models import onnx_files
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.models.detectors import Detection, boxes, layouts, letterbox, rtdetr_export
from camtrap_gui.models.detectors.letterbox import Prepared
from camtrap_gui.models.detectors.openvino_queue import Queue
from camtrap_gui.parallel import cores
from camtrap_gui.problem import Problem


class OnnxGraph:
    """A network from an ONNX file. Its answers are the same on any number of cores."""

    def __init__(self, entry: Entry, bfloat16: bool | None = None) -> None:
        """``bfloat16`` None: where the processor has it."""
        self.name, self.kind, self.sha256 = entry.name, entry.kind, entry.sha256
        self.typical_threshold = entry.typical_threshold or 0.0
        self.conservative_threshold = entry.conservative_threshold or 0.0
        self.categories = tuple(entry.categories.values())
        self.batch = 4 * cores()
        self.at_least = letterbox.at_least(entry.input_size)
        self._size, self._layout, self._place = entry.input_size, entry.layout, entry.letterbox
        self._names = {int(number) - 1: name for number, name in entry.categories.items()}
        network = read_network(entry.path, self._size)
        self._queue = Queue(with_pixels(network, scaled=self._place != letterbox.CORNER), bfloat16)
        self._try_out()

    def prepare(self, picture: Image.Image) -> Prepared:
        return letterbox.prepare(picture, self._size, self._place)

    def detect(self, prepared: Sequence[Prepared]) -> list[list[Detection]]:
        answers = self._queue.answers([picture.pixels for picture in prepared])
        return [self._detections(answer, picture) for answer, picture in zip(answers, prepared, strict=True)]

    def _detections(self, answer: Any, picture: Prepared) -> list[Detection]:
        found = layouts.read(self._layout, answer, self.conservative_threshold, self._size)
        found = layouts.choose(self._layout, found._replace(corners=picture.fractions(found.corners)))
        return boxes.detections(*found, self._names)

    def _try_out(self) -> None:
        """Raise Problem when the network does not answer as it was said to; what it takes to start is over then."""
        picture = self.prepare(Image.linear_gradient("L").convert("RGB"))
        try:
            (answer,) = self._queue.answers([picture.pixels])
            layouts.check(self._layout, answer, self._size)
        except Problem as reason:
            raise Problem(f"The detector “{self.name}” cannot be used: {reason}") from None
        except (
            Exception
        ) as error:  # OpenVINO's own, RuntimeError, ValueError: a network can be wrong in every way
            raise Problem(
                f"The detector “{self.name}” cannot be used: OpenVINO says {_first_line(error)}"
            ) from error


def load(entry: Entry) -> OnnxGraph:
    """A detector from an ONNX file. Raises Problem when it is not the file it was, or does not do what it should."""
    onnx_files.read(entry.path)
    if sha256_of(entry.path) != entry.sha256:
        raise Problem(
            f"The file of the model “{entry.name}” has changed since it was added. Add it again: "
            f"camtrap models remove {entry.name}, camtrap models add FILE"
        )
    return OnnxGraph(entry)


def read_network(path: Path, size: int) -> Any:
    """The ``openvino.Model`` of a file for one square picture of ``size`` pixels, with its boxes as the only output.

    Raises Problem when it does not take one RGB picture, or OpenVINO cannot run it.
    """
    import openvino

    try:
        network = openvino.Core().read_model(path)
        if rtdetr_export.is_one(network):
            return rtdetr_export.end_to_end(network, size)
        if len(network.inputs) != 1:
            raise Problem(f"it has {len(network.inputs)} inputs, a detector has one")
        rank = network.input(0).get_partial_shape()
        if len(rank) != 4:
            raise Problem("its input is no picture")
        if not network.input(0).get_element_type().is_real():
            raise Problem("its input is of whole numbers, which no layout has; export it again for float32")
        shape = [1, size, size, 3] if has_channels_last(rank) else [1, 3, size, size]
        network.reshape({network.input(0): shape})
        results = [
            result for result in network.get_results() if len(result.output(0).get_partial_shape()) == 3
        ]
        if not results:
            raise Problem("none of its outputs is a list of boxes")
        return openvino.Model(results[:1], network.get_parameters(), "detector")
    except Problem as reason:
        raise Problem(f"{path.name} cannot be run: {reason}.") from None
    except (
        Exception
    ) as error:  # OpenVINO's own, RuntimeError, ValueError: a network can be wrong in every way
        raise Problem(f"{path.name} cannot be run: OpenVINO says {_first_line(error)}") from error


def has_channels_last(shape: Any) -> bool:
    """Whether a picture's dimensions are batch, height, width, channels; otherwise channels come second."""
    channels = [dimension.is_static and dimension.get_length() == 3 for dimension in shape]
    return bool(channels[3] and not channels[1])


def with_pixels(network: Any, scaled: bool) -> Any:
    """The network with float16 [1, 3, size, size] RGB 0..255 as input, and float32 as output.

    ``scaled``: the network itself takes 0..1.
    """
    import openvino
    from openvino.preprocess import PrePostProcessor

    last = has_channels_last(network.input(0).get_partial_shape())
    added = PrePostProcessor(network)
    added.input().tensor().set_element_type(openvino.Type.f16).set_layout(openvino.Layout("NCHW"))
    added.input().model().set_layout(openvino.Layout("NHWC" if last else "NCHW"))
    steps = added.input().preprocess().convert_element_type(openvino.Type.f32)
    if scaled:
        steps.scale(255.0)
    added.output().tensor().set_element_type(openvino.Type.f32)
    return added.build()


def _first_line(error: Exception) -> str:
    """What OpenVINO complains about, without where in its own source it noticed."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from", "Check '"))] or lines
    return (telling or [type(error).__name__])[-1][:300]
