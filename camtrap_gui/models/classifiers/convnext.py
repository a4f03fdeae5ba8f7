"""ConvNeXt: convolutional networks with the ideas of vision transformers; the strongest features of those here.

Architecture: Z. Liu et al., "A ConvNet for the 2020s", CVPR 2022, in the order of keras.applications, whose weights fit.
There the 7×7 convolutions are grouped ones and the scale of a block is a layer of Keras' own whose variable has another
name each time; a depthwise convolution, which every format knows, is the same sum in both places. Nothing is dropped at
random, as in keras.applications.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from camtrap_gui.models.classifiers.backbones import Backbone
from camtrap_gui.models.classifiers.keras_applications import to_imagenet

if TYPE_CHECKING:
    from numpy import ndarray

_CHANNELS = (96, 192, 384, 768)


def _norm(x: Any, name: str) -> Any:
    from keras import layers

    return layers.LayerNormalization(epsilon=1e-6, name=name)(x)


def _block(before: Any, name: str) -> Any:
    from keras import layers

    channels = before.shape[-1]
    x = layers.DepthwiseConv2D(7, padding="same", name=f"{name}_depthwise")(before)
    x = _norm(x, f"{name}_norm")
    x = layers.Dense(4 * channels, activation="gelu", name=f"{name}_expand")(x)
    x = layers.Dense(channels, name=f"{name}_project")(x)
    x = layers.DepthwiseConv2D(1, use_bias=False, name=f"{name}_scale")(x)
    return layers.Add(name=f"{name}_add")([before, x])


def _network(images: Any, depths: tuple[int, ...]) -> Any:
    from keras import layers

    x = to_imagenet(images)
    for stage, (depth, channels) in enumerate(zip(depths, _CHANNELS, strict=True)):
        if stage == 0:
            x = _norm(layers.Conv2D(channels, 4, 4, name="stem_conv")(x), "stem_norm")
        else:
            x = _norm(x, f"stage{stage}_down_norm")
            x = layers.Conv2D(channels, 2, 2, name=f"stage{stage}_down_conv")(x)
        for place in range(depth):
            x = _block(x, f"stage{stage}_block{place}")
    x = layers.GlobalAveragePooling2D(name="features")(x)
    return _norm(x, "features_norm")


def _as_kept(stored: Mapping[str, "ndarray"]) -> dict[str, "ndarray"]:
    return dict(stored)


def _backbone(name: str, depths: tuple[int, ...]) -> Backbone:
    def build(images: Any) -> Any:
        return _network(images, depths)

    return Backbone(name, 224, _CHANNELS[-1], build, _as_kept, step=32)


BACKBONES = (_backbone("convnext-tiny", (3, 3, 9, 3)), _backbone("convnext-small", (3, 3, 27, 3)))
