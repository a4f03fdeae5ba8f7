"""Networks of keras.applications, built by Keras itself, with the weights that Keras publishes.

Only those are here whose layers all have names of their own and which drop nothing at random, so that weights find their
places and a training that is taken up again does the same as before.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from camtrap_gui.models.classifiers.backbones import Backbone

if TYPE_CHECKING:
    from numpy import ndarray

_WEIGHTS: Mapping[int, tuple[str, ...]] = {
    1: ("kernel",),
    2: ("kernel", "bias"),
    4: ("gamma", "beta", "moving_mean", "moving_variance"),
}
"""What the arrays of a layer are, by how many there are: a convolution without and with bias, a normalisation."""


def backbone(name: str, application: str, features: int) -> Backbone:
    """``application`` is the name in keras.applications. All of them see 224 pixels, scaled to -1..1."""

    def build(images: Any) -> Any:
        import keras

        scaled = keras.layers.Rescaling(1 / 127.5, -1.0, name="scale")(images)
        build_one = getattr(keras.applications, application)
        return build_one(input_tensor=scaled, include_top=False, weights=None, pooling="avg").output

    return Backbone(name, 224, features, build, from_layers)


def from_layers(layers: Mapping[str, "ndarray"]) -> dict[str, "ndarray"]:
    """Arrays by layer and place (``h5_files``) as arrays by the paths of our variables."""
    counts: dict[str, int] = {}
    for name in layers:
        layer = name.rpartition("/")[0]
        counts[layer] = counts.get(layer, 0) + 1
    arrays = {}
    for name, array in layers.items():
        layer, _, place = name.rpartition("/")
        arrays[f"{layer}/{_WEIGHTS[counts[layer]][int(place)]}"] = array
    return arrays


MOBILENET_V2 = backbone("mobilenet-v2", "MobileNetV2", 1280)
RESNET50_V2 = backbone("resnet50-v2", "ResNet50V2", 2048)
RESNET101_V2 = backbone("resnet101-v2", "ResNet101V2", 2048)
