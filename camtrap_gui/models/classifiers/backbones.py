"""Networks that turn a picture into features, learnt on ImageNet: one file per family, one line each in the registry.

A backbone is known by its name alone: a bundle says "efficientnet-lite0" and this program builds it. Weights come from
the store of installed models, as arrays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    from numpy import ndarray

    from camtrap_gui.models.catalogue import Entry

DEFAULT = "efficientnet-lite0"
USUAL_SIZES = {DEFAULT: 288}
"""Sides that are better than a backbone's own, in pixels.

Of 1,097 photographs of ten monkey species in five folds, a quick training with EfficientNet-Lite0 told right 98.0 % at 224
pixels (97.1 to 98.7 by seed), 98.8 % at 256 (98.6 to 99.0), 99.2 % at 288 (99.0 to 99.4; ``benchmarks.transfer``), which is
1.65 times the work. That a network sees better a little above the size it was trained at is usual (Touvron et al., "Fixing
the train-test resolution discrepancy", NeurIPS 2019).
"""
SPECIES_LAYER = "species"
NEVER = -10_000.0
"""Logit of a class that has no training crops: exp(-10,000) is 0 in every float, so it takes no probability from others
and gets no gradient, while it keeps its place in the class list."""


LARGEST = 1024
"""Pixels: no classifier sees more of a crop."""


@dataclass(frozen=True)
class Backbone:
    """A kind of network. ``build`` takes a Keras tensor of RGB images 0..255 [N, S, S, 3] and returns features [N, F].

    ``input_size`` is the side S that its weights were learnt with, in pixels; others do too, from ``smallest`` on in steps
    of ``step``. ``arrays`` translates the installed weights into ours: by variable path ("stem_conv/kernel"), in Keras'
    layout. ``resized`` says that it was asked to see another size than its own (``get``).
    """

    name: str
    input_size: int
    features: int
    build: Callable[[Any], Any]
    arrays: Callable[[Mapping[str, "ndarray"]], dict[str, "ndarray"]]
    smallest: int = 32
    step: int = 1
    resized: bool = False


def registry() -> dict[str, Backbone]:
    """Every backbone by name."""
    from camtrap_gui.models.classifiers import (
        convnext,
        efficientnet_lite,
        efficientnet_v2,
        inception_resnet_v2,
        inception_v3,
        inception_v4,
        mobilenet_v2,
        mobilenet_v3,
        resnet_v2,
    )

    known = (
        *efficientnet_lite.BACKBONES,
        *efficientnet_v2.BACKBONES,
        *convnext.BACKBONES,
        *mobilenet_v2.BACKBONES,
        *mobilenet_v3.BACKBONES,
        *resnet_v2.BACKBONES,
        *inception_v3.BACKBONES,
        *inception_resnet_v2.BACKBONES,
        *inception_v4.BACKBONES,
    )
    return {backbone.name: backbone for backbone in known}


def get(name: str, input_size: int = 0) -> Backbone:
    """The backbone of that name, seeing images of another side than its own if one is given, in pixels.

    Raises Problem for an unknown name, and as ``check_size`` does.
    """
    known = registry()
    if name not in known:
        raise Problem(f"There is no backbone “{name}”. Known are: {', '.join(known)}.")
    own = known[name]
    size = check_size(own, input_size)
    return own if size == own.input_size else replace(own, input_size=size, resized=True)


def usual() -> Backbone:
    """What is taken where nobody asks for another backbone or size."""
    return get(DEFAULT, USUAL_SIZES.get(DEFAULT, 0))


def check_size(backbone: Backbone, input_size: int) -> int:
    """The side of the images that a backbone is to see, in pixels; 0 asks for its own.

    Raises Problem, naming the nearest possible one, for a size at which it cannot work.
    """
    size = input_size or backbone.input_size
    smallest, step = backbone.smallest, backbone.step
    if smallest <= size <= LARGEST and size % step == 0:
        return size
    nearest = min(max(round(size / step) * step, smallest), LARGEST)
    multiples = f", in steps of {step}" if step > 1 else ""
    raise Problem(
        f"{backbone.name} sees squares of {smallest} to {LARGEST} pixels{multiples}; {input_size} is none of them. "
        f"The nearest is {nearest}; 0 takes its own, {backbone.input_size}."
    )


def embedder(backbone: Backbone, input_size: int = 0) -> Any:
    """A Keras model from images float32 [N, S, S, 3] to features float32 [N, F], weights not loaded yet."""
    import keras

    size = check_size(backbone, input_size)
    images = keras.Input((size, size, 3), name="images")
    return keras.Model(images, backbone.build(images), name="embedder")


def network(backbone: Backbone, classes: int, input_size: int, dropout: float = 0.2) -> Any:
    """A Keras model from images float32 [N, S, S, 3] to logits float32 [N, classes], weights not loaded yet."""
    import keras

    images = keras.Input((input_size, input_size, 3), name="images")
    # With a seed of its own, what the process drew before does not matter to a training that is taken up again.
    features = keras.layers.Dropout(dropout, seed=0, name="dropout")(backbone.build(images))
    # In float32 whatever the rest calculates in: differences between logits are finer than bfloat16.
    logits = keras.layers.Dense(classes, name=SPECIES_LAYER, dtype="float32")(features)
    return keras.Model(images, logits, name="classifier")


def shapes_of(model: Any) -> dict[str, tuple[int, ...]]:
    """Shape of each weight of a Keras model by its path."""
    return {weight.path: tuple(weight.shape) for weight in model.weights}


def arrays_of(model: Any) -> dict[str, "ndarray"]:
    """Each weight of a Keras model by its path."""
    return {weight.path: weight.numpy() for weight in model.weights}


def assign(model: Any, arrays: Mapping[str, "ndarray"], but: tuple[str, ...] = ()) -> None:
    """Give a Keras model its weights; those of the layers named in ``but`` stay. Raises ValueError on a misfit."""
    wanted = {w.path: w for w in model.weights if w.path.split("/")[0] not in but}
    for path, weight in wanted.items():
        if path not in arrays or tuple(arrays[path].shape) != tuple(weight.shape):
            found = tuple(arrays[path].shape) if path in arrays else "nothing"
            raise ValueError(f"{path} should be {tuple(weight.shape)} and is {found}")
        weight.assign(arrays[path])


def pretrained(backbone: Backbone, entry: "Entry | None" = None) -> dict[str, "ndarray"]:
    """The weights of a backbone by our paths: those that are installed, or those of ``entry``.

    Raises Problem when they are not installed or are not what they were."""
    from camtrap_gui.models import store
    from camtrap_gui.models.catalogue import BY_PATH

    entry = entry or store.get(backbone.name)
    stored = store.read_weights(entry)
    return stored if entry.layout == BY_PATH else backbone.arrays(stored)
