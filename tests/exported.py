"""The default detector's weights in the files other detectors come in: the four layouts of ONNX, TensorFlow SavedModel.

``yolox_network`` says what is connected with what in the words of OpenVINO. ``_OnnxOps`` and ``_TensorFlowOps``
understand the same words, so that all are the same network. What is added behind it is what exporters of YOLOv5, YOLOv8,
YOLOv10, RT-DETR and the TensorFlow Object Detection API add.
"""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from camtrap_gui.models.detectors import yolox_network

LAYOUTS = ("yolov5", "yolov8", "end-to-end", "rtdetr")


def write_onnx(
    path: Path,
    arrays: Mapping[str, np.ndarray],
    layout: str,
    size: int = 640,
    *,
    letterbox: str = "corner",
    dynamic: bool = False,
    channels_last: bool = False,
    decoded: bool = True,
    texts: Mapping[str, str] | None = None,
) -> Path:
    """An ONNX file of the network in one of ``LAYOUTS``, or "rtdetr-top": RT-DETR with a score and a class for each box, or
    "rtdetr-own": as its authors export it, with the size of the picture as a second input and three answers.

    With ``letterbox`` "corner" it takes RGB 0..255 as YOLOX does, otherwise 0..1. ``dynamic`` leaves height and width
    open in the file; they must be ``size`` all the same. ``decoded`` False leaves boxes in cells, as YOLOX exports do.
    """
    import onnx
    from onnx import TensorProto, helper

    ops = _OnnxOps()
    network = yolox_network._Network(arrays)
    network._op = ops
    picture = "images"
    if channels_last:
        picture = ops.node("Transpose", [picture], perm=[0, 3, 1, 2])
    if letterbox != "corner":
        picture = ops.node("Mul", [picture, ops.constant(np.float32(255))])
    rows = network.cells(picture)
    if decoded:
        rows = _decoded(ops, rows, size)
    output, shape = _laid_out(ops, rows, layout, size)
    side: Any = "side" if dynamic else size
    sides = [1, side, side, 3] if channels_last else [1, 3, side, side]
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, sides)]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    if layout == "rtdetr-own":
        inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, ["n", 2]))
        outputs = _apart(ops, output, size)
    graph = helper.make_graph(ops.nodes, "yolox", inputs, outputs, ops.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, dict(texts or {}))
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def _decoded(ops: "_OnnxOps", rows: str, size: int) -> str:
    """Rows x, y, width, height in pixels, objectness, classes. Source: ``YOLOXHead.decode_outputs``."""
    from camtrap_gui.models.detectors.yolox import _cells

    columns, lines, strides = _cells(size)
    places, steps = np.stack([columns, lines])[None], strides[None, None]
    centre, sides, scores = (ops.slice(rows, 1, *part) for part in ((0, 2), (2, 4), (4, 1 << 30)))
    centre = ops.node("Mul", [ops.node("Add", [centre, ops.constant(places)]), ops.constant(steps)])
    sides = ops.node("Mul", [ops.node("Exp", [sides]), ops.constant(steps)])
    return ops.concat([centre, sides, scores], 1)


def _laid_out(ops: "_OnnxOps", rows: str, layout: str, size: int) -> tuple[str, list[int]]:
    cells = sum((size // stride) ** 2 for stride in yolox_network.STRIDES)
    if layout == "yolov5":
        return ops.node("Transpose", [rows], perm=[0, 2, 1]), [1, cells, 6]
    box, objectness, classes = (ops.slice(rows, 1, *part) for part in ((0, 4), (4, 5), (5, 6)))
    score = ops.node("Mul", [objectness, classes])
    if layout == "yolov8":
        return ops.concat([box, score], 1), [1, 5, cells]
    centre, half = (
        ops.slice(box, 1, 0, 2),
        ops.node("Mul", [ops.slice(box, 1, 2, 4), ops.constant(np.float32(0.5))]),
    )
    corners = ops.concat([ops.node("Sub", [centre, half]), ops.node("Add", [centre, half])], 1)
    corners = ops.node("Transpose", [corners], perm=[0, 2, 1])
    limits = [
        ops.constant(np.array([value], kind))
        for value, kind in ((300, np.int64), (0.45, np.float32), (0.01, np.float32))
    ]
    chosen = ops.node("NonMaxSuppression", [corners, score, *limits])
    kept = ops.node("Gather", [chosen, ops.constant(np.array(2, np.int64))], axis=1)
    # 300 rows whatever was found: the boxes that are missing are zero, as in Ultralytics' exports.
    none = ops.constant(np.zeros((1, 300, 6), np.float32))
    scores = ops.node("Transpose", [score], perm=[0, 2, 1])
    several = [ops.node("Gather", [values, kept], axis=1) for values in (corners, scores)]
    number = ops.node("Mul", [several[1], ops.constant(np.float32(0))])
    every = ops.slice(ops.concat([ops.concat([*several, number], 2), none], 1), 1, 0, 300)
    if layout in ("end-to-end", "rtdetr-own"):
        return every, [1, 300, 6]
    low, high = ops.slice(every, 2, 0, 2), ops.slice(every, 2, 2, 4)
    centre = ops.node("Mul", [ops.node("Add", [low, high]), ops.constant(np.float32(0.5 / size))])
    sides = ops.node("Mul", [ops.node("Sub", [high, low]), ops.constant(np.float32(1 / size))])
    columns = 6 if layout == "rtdetr-top" else 5
    return ops.concat([centre, sides, ops.slice(every, 2, 4, columns)], 2), [1, 300, columns]


def _apart(ops: "_OnnxOps", every: str, size: int) -> list[Any]:
    """Labels, boxes in pixels of a picture of ``orig_target_sizes``, and scores, of boxes in pixels of the square."""
    from onnx import TensorProto, helper

    wanted = ops.node("Cast", ["orig_target_sizes"], to=TensorProto.FLOAT)
    scale = ops.node("Mul", [ops.concat([wanted, wanted], 1), ops.constant(np.float32(1 / size))])
    axis = ops.constant(np.array([2], np.int64))
    made = {
        "labels": ops.node("Cast", [ops.slice(every, 2, 5, 6)], to=TensorProto.INT64),
        "boxes": ops.node("Mul", [ops.slice(every, 2, 0, 4), scale]),
        "scores": ops.slice(every, 2, 4, 5),
    }
    for name, value in made.items():
        squeezed = [value] if name == "boxes" else [value, axis]
        ops.nodes.append(helper.make_node("Identity" if name == "boxes" else "Squeeze", squeezed, [name]))
    return [
        helper.make_tensor_value_info("labels", TensorProto.INT64, [1, 300]),
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 300, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 300]),
    ]


class _OnnxOps:
    """What ``yolox_network`` asks of ``openvino.opset13``, as ONNX nodes; a value is its name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def node(self, operation: str, inputs: list[str], **attributes: Any) -> str:
        from onnx import helper

        name = f"{operation.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values: Any) -> str:
        from onnx import numpy_helper

        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def slice(self, x: str, axis: int, start: int, end: int) -> str:
        return self.node(
            "Slice", [x, *(self.constant(np.array([value], np.int64)) for value in (start, end, axis))]
        )

    def convert(self, x: str, _: str) -> str:
        return x

    def convolution(self, x: str, kernel: Any, strides: Any, start: Any, end: Any, dilations: Any) -> str:
        return self.node("Conv", [x, self.constant(kernel)], strides=strides, pads=[*start, *end])

    def add(self, x: str, y: Any) -> str:
        return self.node("Add", [x, y if isinstance(y, str) else self.constant(y)])

    def sigmoid(self, x: str) -> str:
        return self.node("Sigmoid", [x])

    def swish(self, x: str) -> str:
        return self.node("Mul", [x, self.sigmoid(x)])

    def concat(self, several: list[str], axis: int) -> str:
        return self.node("Concat", several, axis=axis)

    def max_pool(self, x: str, strides: Any, _: Any, start: Any, end: Any, kernel: Any) -> Any:
        pooled = self.node("MaxPool", [x], kernel_shape=kernel, strides=strides, pads=[*start, *end])
        return SimpleNamespace(output=lambda _: pooled)

    def reshape(self, x: str, shape: list[int], special_zero: bool) -> str:
        assert special_zero
        return self.node("Reshape", [x, self.constant(np.array(shape, np.int64))])

    def interpolate(self, x: str, scales: Any, *_: Any, **__: Any) -> str:
        scales = self.constant(np.concatenate([[1, 1], scales]).astype(np.float32))
        return self.node(
            "Resize",
            [x, "", scales],
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )


def write_saved_model(
    folder: Path, arrays: Mapping[str, np.ndarray], size: int = 640, version: int = 2
) -> Path:
    """A TensorFlow SavedModel with the answers of the Object Detection API, for any number of pictures of one size.

    ``version`` 2 has its weights beside the graph, as TensorFlow 2 does; 1 has them inside, as MegaDetector v4.1.
    """
    import tensorflow as tf

    class Detector(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = [tf.Variable(values) for values in _TensorFlowOps.weights_of(arrays, size)]

        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, "input_tensor")])
        def detect(self, pictures: Any) -> dict[str, Any]:
            return _TensorFlowOps(self.weights).detect(arrays, pictures, size)

    if version == 2:
        detector = Detector()
        tf.saved_model.save(detector, str(folder), signatures={"serving_default": detector.detect})
        return folder
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        pictures = tf.compat.v1.placeholder(tf.uint8, [None, None, None, 3], "image_tensor")
        weights = [tf.constant(values) for values in _TensorFlowOps.weights_of(arrays, size)]
        answers = _TensorFlowOps(weights).detect(arrays, pictures, size)
        tf.compat.v1.saved_model.simple_save(session, str(folder), {"inputs": pictures}, answers)
    return folder


class _TensorFlowOps:
    """What ``yolox_network`` asks of ``openvino.opset13``, as TensorFlow operations on [N, H, W, C].

    Weights are taken in the order in which the network asks for them.
    """

    def __init__(self, weights: list[Any] | None = None) -> None:
        self._weights = None if weights is None else iter(weights)
        self.asked: list[np.ndarray] = []

    @classmethod
    def weights_of(cls, arrays: Mapping[str, np.ndarray], size: int) -> list[np.ndarray]:
        """The weights in that order: what is asked for while one picture goes through."""
        import tensorflow as tf

        with tf.Graph().as_default():
            ops = cls()
            ops.detect(arrays, tf.zeros([1, size, size, 3], tf.uint8), size)
        return ops.asked

    def detect(self, arrays: Mapping[str, np.ndarray], pictures: Any, size: int) -> dict[str, Any]:
        """Whole pictures to the answers of the Object Detection API."""
        import tensorflow as tf

        from camtrap_gui.models.detectors.yolox import _cells

        sides = tf.cast(tf.shape(pictures)[1:3], tf.float32)
        fitted = tf.maximum(tf.round(sides * (size / tf.reduce_max(sides))), 1)
        height, width = (tf.cast(fitted[at], tf.int32) for at in (0, 1))
        scaled = tf.image.resize(tf.cast(pictures, tf.float32), [height, width], antialias=True)
        squares = tf.pad(scaled, [[0, 0], [0, size - height], [0, size - width], [0, 0]])
        squares = tf.ensure_shape(squares, [None, size, size, 3])
        network = yolox_network._Network(arrays)
        network._op = self
        rows = network.cells(squares)
        columns, lines, strides = _cells(size)
        centre = (rows[..., :2] + np.stack([columns, lines], 1)) * strides[:, None]
        half = tf.exp(rows[..., 2:4]) * strides[:, None] / 2
        corners = tf.concat([centre - half, centre + half], 2) / tf.reverse(tf.tile(fitted, [2]), [0])
        ordered = tf.gather(tf.clip_by_value(corners, 0, 1), [1, 0, 3, 2], axis=2)
        found = tf.image.combined_non_max_suppression(
            ordered[:, :, None], rows[..., 4:5] * rows[..., 5:], 100, 100, 0.45, 0.01, clip_boxes=False
        )
        return {
            "detection_boxes": found.nmsed_boxes,
            "detection_scores": found.nmsed_scores,
            "detection_classes": found.nmsed_classes + 1,
            "num_detections": tf.cast(found.valid_detections, tf.float32),
        }

    def _weight(self, values: Any) -> Any:
        import tensorflow as tf

        if self._weights is not None:
            return tf.convert_to_tensor(next(self._weights))
        self.asked.append(np.ascontiguousarray(values))
        return tf.constant(values)

    def convert(self, x: Any, _: str) -> Any:
        return x

    def convolution(self, x: Any, kernel: Any, strides: Any, start: Any, end: Any, dilations: Any) -> Any:
        import tensorflow as tf

        padding = [[0, 0], [start[0], end[0]], [start[1], end[1]], [0, 0]]
        return tf.nn.conv2d(x, self._weight(kernel.transpose(2, 3, 1, 0)), strides, padding)

    def add(self, x: Any, y: Any) -> Any:
        return x + (self._weight(y.ravel()) if isinstance(y, np.ndarray) else y)

    def sigmoid(self, x: Any) -> Any:
        import tensorflow as tf

        return tf.sigmoid(x)

    def swish(self, x: Any) -> Any:
        return x * self.sigmoid(x)

    def concat(self, several: list[Any], axis: int) -> Any:
        import tensorflow as tf

        if several[0].shape.rank == 3:  # the cells of the scales, already as rows
            return tf.concat(several, 1)
        return tf.concat(several, 3)

    def max_pool(self, x: Any, strides: Any, _: Any, start: Any, end: Any, kernel: Any) -> Any:
        import tensorflow as tf

        pooled = tf.nn.max_pool2d(x, kernel, strides, "SAME")
        return SimpleNamespace(output=lambda _: pooled)

    def reshape(self, x: Any, shape: list[int], special_zero: bool) -> Any:
        import tensorflow as tf

        return tf.reshape(x, [-1, x.shape[1] * x.shape[2], x.shape[3]])

    def interpolate(self, x: Any, scales: Any, *_: Any, **__: Any) -> Any:
        import tensorflow as tf

        return tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)
