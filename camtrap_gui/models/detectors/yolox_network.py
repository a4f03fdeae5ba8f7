"""YOLOX as an OpenVINO network, put together from its arrays.

The network (Ge et al. 2021, "YOLOX: Exceeding YOLO Series in 2021"; https://github.com/Megvii-BaseDetection/YOLOX) is
a CSPDarknet, a pyramid that mixes three scales (PAFPN), and a head per scale with separate branches for class and box.
Names and shapes of the arrays are those of the original PyTorch model; its size (tiny, s, m ...) is read from them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    import numpy

STRIDES = (8, 16, 32)
"""Pixels per cell of the three scales."""

_BATCH_NORM_EPSILON = 1e-3
_FOCUS = (
    (0, 0),
    (1, 0),
    (0, 1),
    (1, 1),
)  # row and column of the pixels that make the stem's four groups of channels


def build(arrays: "Mapping[str, numpy.ndarray]", size: int) -> Any:
    """An ``openvino.Model`` from one picture, float16 [1, 3, size, size] RGB 0..255, to its cells, float32 [1, 5 + C, N].

    The rows of a cell are x and y (in cells, from the cell's own corner), logarithm of width and height (in cells),
    objectness 0..1, and C class probabilities 0..1. The N cells go row by row through the strides 8, 16 and 32.
    Raises Problem when ``arrays`` are not those of a YOLOX.
    """
    import openvino
    from openvino import opset13 as op

    if size % STRIDES[-1]:
        raise Problem(f"A YOLOX picture must be a multiple of {STRIDES[-1]} pixels wide, not {size}.")
    picture = op.parameter([1, 3, size, size], openvino.Type.f16, name="picture")
    try:
        cells = _Network(arrays).cells(picture)
    except KeyError as error:
        raise Problem(f"These weights are not those of a YOLOX network: there is no {error}.") from error
    return openvino.Model([cells], [picture], "yolox")


class _Network:
    """The layers, named as in the original; every method takes nodes and returns one."""

    def __init__(self, arrays: "Mapping[str, numpy.ndarray]") -> None:
        from openvino import opset13

        self._arrays = arrays
        self._op = opset13

    def cells(self, picture: Any) -> Any:
        op = self._op
        fine, middle, coarse = self._pyramid(*self._backbone(picture))
        scales = [self._head(number, scale) for number, scale in enumerate((fine, middle, coarse))]
        return op.concat(scales, 2)

    def _backbone(self, picture: Any) -> tuple[Any, Any, Any]:
        op, name = self._op, "backbone.backbone"
        x = self._stem(op.convert(picture, "f32"), f"{name}.stem.conv")
        x = self._csp(self._conv(x, f"{name}.dark2.0", 2), f"{name}.dark2.1", shortcut=True)
        fine = self._csp(self._conv(x, f"{name}.dark3.0", 2), f"{name}.dark3.1", shortcut=True)
        middle = self._csp(self._conv(fine, f"{name}.dark4.0", 2), f"{name}.dark4.1", shortcut=True)
        x = self._conv(self._conv(middle, f"{name}.dark5.0", 2), f"{name}.dark5.1.conv1")
        pools = [
            op.max_pool(x, [1, 1], [1, 1], [k // 2] * 2, [k // 2] * 2, [k, k]).output(0) for k in (5, 9, 13)
        ]
        x = self._conv(op.concat([x, *pools], 1), f"{name}.dark5.1.conv2")
        return fine, middle, self._csp(x, f"{name}.dark5.2", shortcut=False)

    def _pyramid(self, fine: Any, middle: Any, coarse: Any) -> tuple[Any, Any, Any]:
        op, name = self._op, "backbone"
        down0 = self._conv(coarse, f"{name}.lateral_conv0")
        x = self._csp(op.concat([self._doubled(down0), middle], 1), f"{name}.C3_p4", shortcut=False)
        down1 = self._conv(x, f"{name}.reduce_conv1")
        fine = self._csp(op.concat([self._doubled(down1), fine], 1), f"{name}.C3_p3", shortcut=False)
        up1 = self._conv(fine, f"{name}.bu_conv2", 2)
        middle = self._csp(op.concat([up1, down1], 1), f"{name}.C3_n3", shortcut=False)
        up0 = self._conv(middle, f"{name}.bu_conv1", 2)
        return fine, middle, self._csp(op.concat([up0, down0], 1), f"{name}.C3_n4", shortcut=False)

    def _head(self, number: int, x: Any) -> Any:
        op = self._op
        x = self._conv(x, f"head.stems.{number}")
        classes, boxes = x, x
        for layer in (0, 1):
            classes = self._conv(classes, f"head.cls_convs.{number}.{layer}")
            boxes = self._conv(boxes, f"head.reg_convs.{number}.{layer}")
        rows = op.concat(
            [
                self._linear(boxes, f"head.reg_preds.{number}"),
                op.sigmoid(self._linear(boxes, f"head.obj_preds.{number}")),
                op.sigmoid(self._linear(classes, f"head.cls_preds.{number}")),
            ],
            1,
        )
        return op.reshape(rows, [0, 0, -1], special_zero=True)

    def _stem(self, x: Any, name: str) -> Any:
        """The "focus" layer: every second pixel four times over, then 3x3. The same as 6x6 in steps of two."""
        import numpy as np

        kernel, bias = self._folded(name)
        channels = kernel.shape[1] // len(_FOCUS)
        wide = np.zeros((len(kernel), channels, 6, 6), np.float32)
        for group, (row, column) in enumerate(_FOCUS):
            wide[:, :, row::2, column::2] = kernel[:, group * channels : (group + 1) * channels]
        return self._op.swish(self._convolved(x, wide, bias, stride=2))

    def _csp(self, x: Any, name: str, shortcut: bool) -> Any:
        long, short = self._conv(x, f"{name}.conv1"), self._conv(x, f"{name}.conv2")
        layer = 0
        while f"{name}.m.{layer}.conv1.conv.weight" in self._arrays:
            inner = self._conv(long, f"{name}.m.{layer}.conv1")
            inner = self._conv(inner, f"{name}.m.{layer}.conv2")
            long = self._op.add(inner, long) if shortcut else inner
            layer += 1
        return self._conv(self._op.concat([long, short], 1), f"{name}.conv3")

    def _conv(self, x: Any, name: str, stride: int = 1) -> Any:
        kernel, bias = self._folded(name)
        return self._op.swish(self._convolved(x, kernel, bias, stride))

    def _linear(self, x: Any, name: str) -> Any:
        return self._convolved(x, self._arrays[f"{name}.weight"], self._arrays[f"{name}.bias"], stride=1)

    def _folded(self, name: str) -> "tuple[numpy.ndarray, numpy.ndarray]":
        """Kernel and bias of a convolution that does its batch normalisation as well."""
        import numpy as np

        mean, variance = (self._arrays[f"{name}.bn.running_{what}"] for what in ("mean", "var"))
        scale = self._arrays[f"{name}.bn.weight"] / np.sqrt(variance + _BATCH_NORM_EPSILON)
        kernel = self._arrays[f"{name}.conv.weight"] * scale[:, None, None, None]
        return kernel, self._arrays[f"{name}.bn.bias"] - mean * scale

    def _convolved(self, x: Any, kernel: "numpy.ndarray", bias: "numpy.ndarray", stride: int) -> Any:
        import numpy as np

        op, padding = self._op, [(kernel.shape[2] - 1) // 2] * 2
        x = op.convolution(x, kernel.astype(np.float32), [stride] * 2, padding, padding, [1, 1])
        return op.add(x, bias.astype(np.float32).reshape(1, -1, 1, 1))

    def _doubled(self, x: Any) -> Any:
        import numpy as np

        return self._op.interpolate(
            x,
            np.array([2, 2], np.float32),
            "nearest",
            "scales",
            axes=np.array([2, 3]),
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
