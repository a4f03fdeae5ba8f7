"""Frozen graphs of the TensorFlow Object Detection API (``.pb``), such as MegaDetector v2 to v4.1, run by TensorFlow.

Such a graph takes whole pictures (``image_tensor``, uint8) and scales them itself. It answers with a fixed number of
boxes (top, left, bottom, right as fractions), scores in descending order and class numbers from 1.

Why TensorFlow: the graphs use operations that others lack (OpenVINO has no ScaleAndTranslate) and that only TensorFlow
reproduces to the last digit. Why bfloat16 where the processor has it: processor time of a small graph (YOLOX-tiny)
halves, that of one of MegaDetector's size too. Only the layers whose answers become boxes stay in float32: of 600
true boxes bfloat16 throughout cost 0.004 of average precision, and this costs nothing. Several pictures are
run at the same time: parts of a graph use one core only, and while one picture is in such a part another fills the
rest. Batches do not pay: with the weights of YOLOX-tiny in a graph that takes them, a picture costs 115 ms of processor
time alone and 119 to 129 in a batch of two to eight (55 and 51 to 61 in bfloat16), and pictures on two threads of their
own were never slower on the clock. And not every graph says that it was made for one picture: some answer for the first
of a batch only. Switching off TensorFlow's optimiser halves memory (8 GB with a MegaDetector), but also bfloat16 and the speed.

A graph is a program. A stranger's is read as data, never unpickled, and refused when it has an operation that reaches
out of the graph: see ``graph_files``.
"""

import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from camtrap_gui.models import processor
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.models.detectors import Detection
from camtrap_gui.models.graph_files import check_detection_graph
from camtrap_gui.parallel import cores
from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    import numpy

LARGEST = 4096
"""Pixels of the longer side above which a picture is reduced before the graph does it (it scales to about 1024)."""


class Tensors(NamedTuple):
    """Names of what goes into a graph and comes out: by default those of the TensorFlow Object Detection API."""

    picture: str = "image_tensor:0"
    boxes: str = "detection_boxes:0"
    scores: str = "detection_scores:0"
    classes: str = "detection_classes:0"


_TENSORS = Tensors()
_LAYERS = frozenset({"Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMul", "BatchMatMulV2"})


class FrozenGraph:
    """A detection graph in a TensorFlow session, which lives as long as this object."""

    def __init__(
        self, entry: Entry, data: bytes, bfloat16: bool | None = None, tensors: Tensors = _TENSORS
    ) -> None:
        """``data`` is a GraphDef; ``bfloat16`` None: where the processor has it."""
        self.name, self.kind, self.sha256 = entry.name, entry.kind, entry.sha256
        self.typical_threshold = entry.typical_threshold or 0.0
        self.conservative_threshold = entry.conservative_threshold or 0.0
        self.categories = tuple(entry.categories.values())
        self._names = {int(number): name for number, name in entry.categories.items()}
        self.at_least = LARGEST
        self.batch = 2 * cores()
        self._tensors = tensors
        bfloat16 = processor.has_bfloat16() if bfloat16 is None else bfloat16
        self._session = _session(data, tensors, bfloat16)
        # TensorFlow leaves alone what it is asked for, so these layers keep their float32.
        self._exact = _last_layers(self._session.graph) if bfloat16 else []
        self._at_once = ThreadPoolExecutor(cores(), "detect")

    def prepare(self, picture: Image.Image) -> "numpy.ndarray":
        import numpy as np

        factor = -(-max(picture.size) // LARGEST)
        return np.asarray(picture.reduce(factor) if factor > 1 else picture)

    def detect(self, prepared: Sequence["numpy.ndarray"]) -> list[list[Detection]]:
        return list(self._at_once.map(self._detect, prepared))

    def _detect(self, picture: "numpy.ndarray") -> list[Detection]:
        # One picture a run: sizes differ, and graphs made for batches of one refuse more.
        (boxes, scores, classes), _ = self._session.run(
            (self._tensors[1:], self._exact), {self._tensors.picture: picture[None]}
        )
        found = [
            Detection(name, float(score), *_from_corners(box))
            for box, score, number in zip(boxes[0], scores[0], classes[0], strict=True)
            # Graphs exported with the heads of another data set have classes nobody trained.
            if score >= self.conservative_threshold and (name := self._names.get(round(float(number))))
        ]
        return sorted(
            (one for one in found if one.width > 0 and one.height > 0), key=lambda one: -one.confidence
        )


def load(entry: Entry) -> FrozenGraph:
    """A detection graph. Raises Problem when it is none, when it is not the file it was, or TensorFlow refuses it."""
    check_detection_graph(entry.path)
    data = entry.path.read_bytes()
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise Problem(
            f"The file of the model “{entry.name}” has changed since it was added. Add it again: "
            f"camtrap models remove {entry.name}, camtrap models add FILE"
        )
    return FrozenGraph(entry, data)


def _session(data: bytes, tensors: Tensors, bfloat16: bool) -> Any:
    import tensorflow.compat.v1 as tf

    tf.get_logger().setLevel(logging.ERROR)
    definition, graph = tf.GraphDef(), tf.Graph()
    try:
        definition.ParseFromString(data)
        with graph.as_default():
            tf.import_graph_def(definition, name="")
        for tensor in tensors:
            graph.get_tensor_by_name(tensor)
    except Exception as error:  # protobuf, ValueError, KeyError: a file can be wrong in every way
        raise Problem(f"TensorFlow cannot use this graph: {str(error).splitlines()[0][:300]}") from error
    config = tf.ConfigProto(gpu_options=tf.GPUOptions(allow_growth=True))
    if bfloat16:
        config.graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = 1  # RewriterConfig.ON
    return tf.Session(graph=graph, config=config)


def _last_layers(graph: Any) -> list[Any]:
    """What the layers with weights answer whose answers go into no other such layer. Those in loops are left out: nobody
    but the loop can ask for them."""
    layers = [operation for operation in graph.get_operations() if operation.type in _LAYERS]
    goes_on = _before(layers, until="")
    return [
        layer.outputs[0]
        for layer in layers
        if layer not in goes_on and all(one.type != "Enter" for one in _before([layer], until="Exit"))
    ]


def _before(operations: Sequence[Any], until: str) -> set[Any]:
    """All that goes into some operations, directly or not, and not by way of an operation of the type ``until``."""
    found: set[Any] = set()
    waiting = list(operations)
    while waiting:
        for tensor in waiting.pop().inputs:
            if tensor.op not in found:
                found.add(tensor.op)
                if tensor.op.type != until:
                    waiting.append(tensor.op)
    return found


def _from_corners(box: "numpy.ndarray") -> Sequence[float]:
    top, left, bottom, right = (min(max(float(value), 0.0), 1.0) for value in box)
    return left, top, right - left, bottom - top
