"""EfficientNetV2: more accurate than its predecessors at the same cost, and quicker to train.

Architecture: M. Tan, Q. Le, "EfficientNetV2: Smaller Models and Faster Training", ICML 2021. B0 to B3 are the small ones.
"""

from typing import Any

from camtrap_gui.models.classifiers.backbones import Backbone
from camtrap_gui.models.classifiers.keras_applications import backbone, rescaled, to_imagenet


def _to_half_bytes(images: Any) -> Any:
    return rescaled(images, 128, 128)


def _small(number: int, input_size: int, features: int) -> Backbone:
    return backbone(
        f"efficientnet-v2-b{number}",
        f"EfficientNetV2B{number}",
        input_size,
        features,
        scale=to_imagenet,
        include_preprocessing=False,
    )


BACKBONES = (
    _small(0, 224, 1280),
    _small(1, 240, 1280),
    _small(2, 260, 1408),
    _small(3, 300, 1536),
    backbone(
        "efficientnet-v2-s",
        "EfficientNetV2S",
        384,
        1280,
        scale=_to_half_bytes,
        include_preprocessing=False,
    ),
)
