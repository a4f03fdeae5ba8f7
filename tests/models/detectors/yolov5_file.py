"""The default detector's weights as a PyTorch file of YOLOv5, such as MegaDetector v5 is published in.

Run by the Python that has the ``megadetector`` package: ``python yolov5_file.py WEIGHTS.npz FILE.pt SIZE``. YOLOX and YOLOv5
are built of the same blocks up to the last layer, which is added as a ``torch.fx`` graph: that goes into the file with its
code. The file is made with the modules of YOLOv5 as they are named in the published files (``models.yolo``), and with the note
that the package reads the picture's size from.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yolov5.models.yolo  # noqa: F401 - makes the modules of the next lines be found
from megadetector.detection.pytorch_detector import add_metadata_to_megadetector_model_file
from models.common import C3, SPP, Concat, Conv, Focus
from models.yolo import Model
from torch import fx, nn

STRIDES = (8, 16, 32)


class Head(nn.Module):
    """Three scales to cells in pixels [1, N, 5 + C], twice, as YOLOv5 answers. Source: ``YOLOXHead``."""

    def __init__(self, weights: "Weights") -> None:
        super().__init__()
        self.stems = nn.ModuleList(weights.conv(f"head.stems.{at}") for at in range(3))
        self.classes = nn.ModuleList(self._branch(weights, "cls", at) for at in range(3))
        self.places = nn.ModuleList(self._branch(weights, "reg", at) for at in range(3))
        self.last = nn.ModuleList(
            nn.ModuleList(weights.linear(f"head.{what}_preds.{at}") for what in ("reg", "obj", "cls"))
            for at in range(3)
        )

    def _branch(self, weights: "Weights", what: str, at: int) -> nn.Module:
        return nn.Sequential(*(weights.conv(f"head.{what}_convs.{at}.{layer}") for layer in (0, 1)))

    def forward(self, scales: Any) -> Any:
        rows = [self._cells(scales[at], at, stride) for at, stride in enumerate(STRIDES)]
        cells = torch.cat(rows, 2).transpose(1, 2)
        return cells, cells

    def _cells(self, x: Any, at: int, stride: int) -> Any:
        x = self.stems[at](x)
        classes, places = self.classes[at](x), self.places[at](x)
        box, is_object, kinds = (
            self.last[at][0](places),
            self.last[at][1](places),
            self.last[at][2](classes),
        )
        ones = torch.ones_like(is_object)
        corner = torch.cat([ones.cumsum(3) - 1, ones.cumsum(2) - 1], 1)
        sides = torch.exp(box[:, 2:]) * stride
        rows = [(box[:, :2] + corner) * stride, sides, torch.sigmoid(is_object), torch.sigmoid(kinds)]
        return torch.cat(rows, 1).flatten(2)


class Weights:
    """Blocks of YOLOv5 by the names of the arrays that go into them."""

    def __init__(self, arrays: Any) -> None:
        self.arrays = {name: torch.from_numpy(arrays[name]) for name in arrays.files}

    def conv(self, name: str, stride: int = 1, module: type = Conv) -> nn.Module:
        kernel = self.arrays[f"{name}.conv.weight"]
        if module is Focus:  # the network of YOLOv5 is given 0..1, this one was taught with 0..255
            made = Focus(kernel.shape[1] // 4, kernel.shape[0], kernel.shape[2])
            self._fill(made.conv, name)
            made.conv.conv.weight.data *= 255
            return made
        return self._fill(Conv(kernel.shape[1], kernel.shape[0], kernel.shape[2], stride), name)

    def csp(self, name: str, shortcut: bool) -> nn.Module:
        inner, outer = self.arrays[f"{name}.conv1.conv.weight"], self.arrays[f"{name}.conv3.conv.weight"]
        layers = sum(f"{name}.m.{at}.conv1.conv.weight" in self.arrays for at in range(20))
        made = C3(inner.shape[1], outer.shape[0], layers, shortcut)
        for part, where in ((made.cv1, "conv1"), (made.cv2, "conv2"), (made.cv3, "conv3")):
            self._fill(part, f"{name}.{where}")
        for at, block in enumerate(made.m):
            self._fill(block.cv1, f"{name}.m.{at}.conv1")
            self._fill(block.cv2, f"{name}.m.{at}.conv2")
        return made

    def pools(self, name: str) -> nn.Module:
        first, last = (self.arrays[f"{name}.{part}.conv.weight"] for part in ("conv1", "conv2"))
        made = SPP(first.shape[1], last.shape[0])
        self._fill(made.cv1, f"{name}.conv1")
        self._fill(made.cv2, f"{name}.conv2")
        return made

    def linear(self, name: str) -> nn.Module:
        kernel = self.arrays[f"{name}.weight"]
        made = nn.Conv2d(kernel.shape[1], kernel.shape[0], 1)
        made.weight.data, made.bias.data = kernel, self.arrays[f"{name}.bias"]
        return made

    def _fill(self, made: nn.Module, name: str) -> nn.Module:
        made.conv.weight.data = self.arrays[f"{name}.conv.weight"].clone()
        for ours, theirs in (("weight", "weight"), ("bias", "bias")):
            getattr(made.bn, ours).data = self.arrays[f"{name}.bn.{theirs}"]
        made.bn.running_mean, made.bn.running_var = (
            self.arrays[f"{name}.bn.running_{what}"] for what in ("mean", "var")
        )
        made.bn.eps = 1e-3
        return made


def network(arrays: Any) -> Model:
    """A ``Model`` of YOLOv5; each layer is said with the layers it takes its input from."""
    weights, dark, mix = Weights(arrays), "backbone.backbone", "backbone"
    with torch.no_grad():
        layers = [
            (-1, weights.conv(f"{dark}.stem.conv", module=Focus)),
            (-1, weights.conv(f"{dark}.dark2.0", 2)),
            (-1, weights.csp(f"{dark}.dark2.1", True)),
            (-1, weights.conv(f"{dark}.dark3.0", 2)),
            (-1, weights.csp(f"{dark}.dark3.1", True)),
            (-1, weights.conv(f"{dark}.dark4.0", 2)),
            (-1, weights.csp(f"{dark}.dark4.1", True)),
            (-1, weights.conv(f"{dark}.dark5.0", 2)),
            (-1, weights.pools(f"{dark}.dark5.1")),
            (-1, weights.csp(f"{dark}.dark5.2", False)),
            (-1, weights.conv(f"{mix}.lateral_conv0")),
            (-1, nn.Upsample(None, 2, "nearest")),
            ([-1, 6], Concat(1)),
            (-1, weights.csp(f"{mix}.C3_p4", False)),
            (-1, weights.conv(f"{mix}.reduce_conv1")),
            (-1, nn.Upsample(None, 2, "nearest")),
            ([-1, 4], Concat(1)),
            (-1, weights.csp(f"{mix}.C3_p3", False)),
            (-1, weights.conv(f"{mix}.bu_conv2", 2)),
            ([-1, 14], Concat(1)),
            (-1, weights.csp(f"{mix}.C3_n3", False)),
            (-1, weights.conv(f"{mix}.bu_conv1", 2)),
            ([-1, 10], Concat(1)),
            (-1, weights.csp(f"{mix}.C3_n4", False)),
            ([17, 20, 23], fx.symbolic_trace(Head(weights).eval())),
        ]
    made = Model.__new__(Model)
    nn.Module.__init__(made)
    for at, (source, layer) in enumerate(layers):
        layer.i, layer.f = at, source
    made.model = nn.Sequential(*(layer for _, layer in layers))
    made.save = [4, 6, 10, 14, 17, 20, 23]
    made.names, made.stride = ["animal"], torch.tensor([8.0, 16.0, 32.0])
    return made.eval()


def main(weights: str, target: str, size: str) -> None:
    """Write the file, in half precision as the published ones are not: the boxes are compared to the third digit."""
    with np.load(weights, allow_pickle=False) as arrays:
        made = network(arrays)
    bare = Path(target).with_suffix(".bare.pt")
    torch.save({"model": made, "ema": None, "epoch": -1}, bare)
    about = {
        "metadata_format_version": 1.0,
        "model_version_string": "v1000.0.0-spruce",
        "image_size": int(size),
        "model_type": "yolov5",
    }
    add_metadata_to_megadetector_model_file(str(bare), target, about)
    bare.unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
