"""The form in which RT-DETR's own authors export it, turned into an end-to-end answer.

Such a network has a second input, the size of the picture that the boxes are to be in, and three outputs: labels [1, M], boxes
[1, M, 4] left, top, right, bottom, and scores [1, M]. MegaDetector v6's Apache variants are RT-DETRv2. The picture is stretched to
the square, 0..1. Source: ``tools/export_onnx.py`` of https://github.com/lyuwenyu/RT-DETR.
"""

from typing import Any

PICTURE, SIZES = "images", "orig_target_sizes"
_ANSWERS = ("labels", "boxes", "scores")


def is_one(network: Any) -> bool:
    """Whether an ``openvino.Model`` has the inputs and outputs of that form, by their names."""
    return _names(network.inputs) == {PICTURE, SIZES} and _names(network.outputs) == set(_ANSWERS)


def end_to_end(network: Any, size: int) -> Any:
    """The network for a square of ``size`` pixels, with boxes in its pixels, score and class [1, M, 6] as the only output."""
    import numpy as np
    import openvino
    from openvino import opset13 as op

    picture, sizes = network.input(PICTURE), network.input(SIZES)
    network.reshape({picture: [1, 3, size, size], sizes: [1, 2]})
    square = op.constant(np.full((1, 2), size), sizes.get_element_type())
    for user in sizes.get_target_inputs():
        user.replace_source_output(square.output(0))
    labels, boxes, scores = (
        op.convert(network.output(name).get_node().input_value(0), openvino.Type.f32) for name in _ANSWERS
    )
    last = op.constant(np.array([2], np.int64))
    rows = op.concat([boxes, op.unsqueeze(scores, last), op.unsqueeze(labels, last)], 2)
    return openvino.Model([op.result(rows)], [picture.get_node()], "detector")


def _names(ports: Any) -> set[str]:
    return {name for port in ports for name in port.get_names() if name in (PICTURE, SIZES, *_ANSWERS)}
