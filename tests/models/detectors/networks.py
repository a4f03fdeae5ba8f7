"""Tiny ONNX detectors that answer what a test wants, made when a test needs one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


def answering(
    path: Path,
    answer: np.ndarray,
    sides: Sequence[int | str] = (1, 3, 64, 64),
    texts: Mapping[str, str] | None = None,
    more: Sequence[np.ndarray] = (),
    kind: str = "FLOAT",
) -> Path:
    """A network that answers every picture with ``answer`` (and ``more``), whatever is in it.

    What it sees is added to the first box's last number times 0, so that nothing can be left out.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Cast", ["images"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["real"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
    ]
    weights = [numpy_helper.from_array(np.zeros((), np.float32), "zero")]
    outputs = []
    for number, values in enumerate((answer, *more)):
        weights.append(numpy_helper.from_array(values.astype(np.float32), f"values{number}"))
        nodes.append(helper.make_node("Add", [f"values{number}", "nothing"], [f"output{number}"]))
        outputs.append(helper.make_tensor_value_info(f"output{number}", TensorProto.FLOAT, values.shape))
    picture = helper.make_tensor_value_info("images", getattr(TensorProto, kind), list(sides))
    graph = helper.make_graph(nodes, "tiny", [picture], outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, dict(texts or {}))
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def cells(layout: str, number: int, classes: int, size: int = 64) -> np.ndarray:
    """The answer of a network that is sure of nothing: ``number`` cells whose centres are all over the square."""
    places = np.linspace(0, size, number)
    box = np.stack([places, places, np.full(number, 8.0), np.full(number, 8.0)], 1)
    if layout == "yolov8":
        return np.concatenate([box, np.zeros((number, classes))], 1).T[None]
    if layout == "yolov5":
        return np.concatenate([box, np.zeros((number, 1 + classes))], 1)[None]
    if layout == "rtdetr":
        return np.concatenate([box / size, np.zeros((number, classes))], 1)[None]
    return np.concatenate([box, np.zeros((number, 2))], 1)[None]
