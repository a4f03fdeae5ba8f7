"""What the networks of keras.applications share: Keras builds them, this makes them fit for training and for keeping.

In their own form the layers of some have names that depend on what was built before, and some drop things at random in
a way of their own each time. Here every variable has the same path in every process, and what is dropped follows from a
seed that is part of the training's state, so that weights find their places and a training that is taken up again does
the same as one that was never stopped. Measured against keras.applications with the same weights: tests.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from camtrap_gui.models.classifiers.backbones import Backbone

if TYPE_CHECKING:
    from numpy import ndarray

IMAGENET_MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
IMAGENET_DEVIATION = (0.229 * 255, 0.224 * 255, 0.225 * 255)
"""Of ImageNet's pixels, R, G, B in 0..255."""

_Numbers = float | Sequence[float]


def backbone(
    name: str,
    application: str,
    input_size: int,
    features: int,
    smallest: int = 32,
    scale: Callable[[Any], Any] | None = None,
    **settings: Any,
) -> Backbone:
    """``application`` is the name in keras.applications, ``settings`` what it is built with. It gets images scaled to -1..1
    unless ``scale`` does something else."""

    def build(images: Any) -> Any:
        import keras

        application_of = getattr(keras.applications, application)
        scaled = (scale or to_unit)(images)
        theirs = application_of(input_tensor=scaled, include_top=False, weights=None, **settings)
        ours = _repeatable(theirs, images)
        return keras.layers.GlobalAveragePooling2D(name="features")(ours.output)

    return Backbone(name, input_size, features, build, by_path, smallest)


def to_unit(images: Any) -> Any:
    """Values 0..255 as -1..1."""
    return rescaled(images, 127.5, 127.5)


def to_imagenet(images: Any) -> Any:
    """Values 0..255 as they lie in ImageNet: mean 0, deviation 1."""
    return rescaled(images, IMAGENET_MEAN, IMAGENET_DEVIATION)


def rescaled(images: Any, mean: _Numbers, deviation: _Numbers) -> Any:
    """(images - mean) / deviation; one number, or one for each colour."""
    import numpy as np
    from keras import layers

    scale = 1 / np.asarray(deviation, np.float64)
    return layers.Rescaling(scale.tolist(), (-np.asarray(mean) * scale).tolist(), name="scale")(images)


def _repeatable(model: Any, images: Any) -> Any:
    """The same network on ``images``: layers without a name get one by kind and place, what drops at random a seed."""
    import keras

    if not any(
        _is_nameless(layer) or _drops(layer) for layer in model.layers if layer.weights or _drops(layer)
    ):
        return model
    made: dict[str, int] = {}

    def again(layer: Any) -> Any:
        config = layer.get_config()
        if _is_nameless(layer):
            kind = _kind(layer)
            made[kind] = number = made.get(kind, 0) + 1
            config["name"] = f"{kind}_{number}"
        if _drops(layer):
            made["drop"] = config["seed"] = made.get("drop", 0) + 1
        return type(layer).from_config(config)

    on = keras.tree.map_structure(lambda _: images, model.input)
    return keras.models.clone_model(model, input_tensors=on, clone_function=again)


def _drops(layer: Any) -> bool:
    return "seed" in layer.get_config() and "rate" in layer.get_config()


def _kind(layer: Any) -> str:
    """Keras' name for a layer without one, less its number: "batch_normalization" of a BatchNormalization."""
    return re.sub(r"_\d+$", "", layer.name)


def _is_nameless(layer: Any) -> bool:
    return _kind(layer).replace("_", "") == type(layer).__name__.lower()


_PLACES: Mapping[int, tuple[str, ...]] = {
    1: ("kernel",),
    2: ("kernel", "bias"),
    4: ("gamma", "beta", "moving_mean", "moving_variance"),
}
"""What the arrays of a layer are, by how many there are: a convolution without and with bias, a normalisation."""


def by_path(stored: Mapping[str, "ndarray"]) -> dict[str, "ndarray"]:
    """Stored arrays by the paths of our variables, under which they are kept.

    The first releases kept them by layer and place ("Conv1/0") as they come in Keras' files; those are still read.
    """
    counts: dict[str, int] = {}
    for name in stored:
        layer = name.rpartition("/")[0]
        counts[layer] = counts.get(layer, 0) + 1
    arrays = {}
    for name, array in stored.items():
        layer, _, place = name.rpartition("/")
        arrays[f"{layer}/{_PLACES[counts[layer]][int(place)]}" if place.isdecimal() else name] = array
    return arrays
