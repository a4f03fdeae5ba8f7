"""EfficientNet-Lite: small convolutional networks without squeeze-and-excite, made for devices without a GPU.

Architecture: M. Tan, Q. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, in
the "lite" variant of tensorflow/tpu (ReLU6, no squeeze-and-excite; stem and head are not widened, the first and last
stage not deepened). Weights: ImageNet, under the names they have in the PyTorch ports.
"""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from camtrap_gui.models.classifiers.backbones import Backbone

if TYPE_CHECKING:
    from numpy import ndarray

FEATURES = 1280
_STEM = 32
_STAGES = (  # repeats, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def backbone(number: int, input_size: int, width: float, depth: float) -> Backbone:
    """EfficientNet-Lite ``number``. ``width`` multiplies the channels, ``depth`` the repeats."""

    def build(images: Any) -> Any:
        return _network(images, width, depth)

    return Backbone(f"efficientnet-lite{number}", input_size, FEATURES, build, from_torch)


def _blocks(width: float, depth: float) -> Iterator[tuple[int, int, int, int]]:
    """Kernel, stride, expansion and output channels of each block."""
    for stage, (repeats, kernel, stride, expansion, channels) in enumerate(_STAGES):
        if stage not in (0, len(_STAGES) - 1):
            repeats = math.ceil(repeats * depth)
        for repeat in range(repeats):
            yield kernel, stride if repeat == 0 else 1, expansion, _rounded(channels * width)


def _rounded(channels: float) -> int:
    """The nearest multiple of 8, never more than a tenth below ``channels``."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8


def _network(images: Any, width: float, depth: float) -> Any:
    from keras import layers

    def convolve(x: Any, name: str, norm: str, channels: int, kernel: int = 1, stride: int = 1) -> Any:
        conv = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False, name=name)
        return layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=norm)(conv(x))

    def activate(x: Any) -> Any:
        return layers.ReLU(max_value=6.0)(x)

    x = layers.Rescaling(1 / 128, -127 / 128, name="scale")(images)
    x = activate(convolve(x, "stem_conv", "stem_norm", _STEM, 3, 2))
    for number, (kernel, stride, expansion, channels) in enumerate(_blocks(width, depth)):
        block, before = f"block{number}", x
        inputs = x.shape[-1]
        if expansion > 1:
            x = activate(convolve(x, f"{block}_expand", f"{block}_expand_norm", inputs * expansion))
        depthwise = layers.DepthwiseConv2D(
            kernel, stride, padding="same", use_bias=False, name=f"{block}_depthwise"
        )
        norm = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{block}_depthwise_norm")
        x = activate(norm(depthwise(x)))
        x = convolve(x, f"{block}_project", f"{block}_project_norm", channels)
        if stride == 1 and inputs == channels:
            x = layers.Add(name=f"{block}_add")([before, x])
    x = activate(convolve(x, "head_conv", "head_norm", FEATURES))
    return layers.GlobalAveragePooling2D(name="features")(x)


def from_torch(tensors: Mapping[str, "ndarray"]) -> dict[str, "ndarray"]:
    """The arrays of a PyTorch port by the names and in the layout of this network; the ImageNet top is left out."""
    arrays = {}
    parts = {
        "_conv_stem": ("stem_conv", "stem_norm", "_bn0"),
        "_conv_head": ("head_conv", "head_norm", "_bn1"),
    }
    numbers = {int(name.split(".")[1]) for name in tensors if name.startswith("_blocks.")}
    for number in sorted(numbers):
        theirs, ours = f"_blocks.{number}.", f"block{number}_"
        for conv, name, norm in (
            ("_expand_conv", "expand", "_bn0"),
            ("_depthwise_conv", "depthwise", "_bn1"),
            ("_project_conv", "project", "_bn2"),
        ):
            if f"{theirs}{conv}.weight" in tensors:
                parts[theirs + conv] = (ours + name, f"{ours}{name}_norm", theirs + norm)
    for theirs, (conv, norm, their_norm) in parts.items():
        # PyTorch keeps [out, in, height, width], Keras [height, width, in, out]; depthwise [channel, 1, ...] alike.
        axes = (2, 3, 0, 1) if theirs.endswith("_depthwise_conv") else (2, 3, 1, 0)
        arrays[f"{conv}/kernel"] = tensors[f"{theirs}.weight"].transpose(axes)
        for ours, name in _NORM.items():
            arrays[f"{norm}/{ours}"] = tensors[f"{their_norm}.{name}"]
    return arrays


LITE0 = backbone(0, 224, 1.0, 1.0)
LITE1 = backbone(1, 240, 1.0, 1.1)
LITE2 = backbone(2, 260, 1.1, 1.2)
BACKBONES = (LITE0, LITE1, LITE2)
