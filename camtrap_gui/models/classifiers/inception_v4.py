"""Inception V4, the network of the tutorial, with the weights of TF-slim.

Architecture: C. Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning",
AAAI 2017, in the form of TF-slim, whose names are kept: a convolution without bias, then a normalisation that shifts but
does not scale, then ReLU. The classes of ImageNet are left out; the second head only helps while training (see
``tutorial``).
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from camtrap_gui.models.classifiers.backbones import Backbone

if TYPE_CHECKING:
    from numpy import ndarray

_PREFIX = "InceptionV4/"
BRANCHING = "Mixed_6h"
"""The layer from which the second head looks."""
_LOOK, _STRIDE = 5, 3
_WORDS = {"kernel": "weights", "bias": "biases"}
"""What TF-slim calls our variables; the other names are the same."""

_Conv = tuple[str, int]
_A: tuple[tuple[_Conv, ...], ...] = (
    (("Conv2d_0a_1x1", 96),),
    (("Conv2d_0a_1x1", 64), ("Conv2d_0b_3x3", 96)),
    (("Conv2d_0a_1x1", 64), ("Conv2d_0b_3x3", 96), ("Conv2d_0c_3x3", 96)),
    (("Conv2d_0b_1x1", 96),),
)
_B: tuple[tuple[_Conv, ...], ...] = (
    (("Conv2d_0a_1x1", 384),),
    (("Conv2d_0a_1x1", 192), ("Conv2d_0b_1x7", 224), ("Conv2d_0c_7x1", 256)),
    (
        ("Conv2d_0a_1x1", 192),
        ("Conv2d_0b_7x1", 192),
        ("Conv2d_0c_1x7", 224),
        ("Conv2d_0d_7x1", 224),
        ("Conv2d_0e_1x7", 256),
    ),
    (("Conv2d_0b_1x1", 128),),
)


def _conv(
    x: Any,
    scope: str,
    channels: int,
    stride: int = 1,
    padding: str = "same",
    kernel: tuple[int, ...] = (),
) -> Any:
    """Without ``kernel``, ``scope`` ends with it: "…_1x7" is one high and seven wide."""
    from keras import layers

    name = scope.replace("/", "-")
    kernel = kernel or tuple(int(side) for side in scope.rpartition("_")[2].split("x"))
    x = layers.Conv2D(channels, kernel, stride, padding=padding, use_bias=False, name=name)(x)
    norm = layers.BatchNormalization(epsilon=1e-3, momentum=0.9997, scale=False, name=f"{name}-BatchNorm")
    return layers.ReLU()(norm(x))


def _chain(x: Any, scope: str, convs: tuple[_Conv, ...]) -> Any:
    for name, channels in convs:
        x = _conv(x, f"{scope}/{name}", channels)
    return x


def _joined(*branches: Any, name: str | None = None) -> Any:
    from keras import layers

    return layers.Concatenate(name=name)(list(branches))


def _pooled(x: Any) -> Any:
    from keras import layers

    return layers.AveragePooling2D(3, 1, padding="same")(x)


def _halved(x: Any) -> Any:
    from keras import layers

    return layers.MaxPooling2D(3, 2, padding="valid")(x)


def _stem(x: Any) -> Any:
    x = _conv(x, "Conv2d_1a_3x3", 32, 2, "valid")
    x = _conv(x, "Conv2d_2a_3x3", 32, 1, "valid")
    x = _conv(x, "Conv2d_2b_3x3", 64)
    x = _joined(_halved(x), _conv(x, "Mixed_3a/Branch_1/Conv2d_0a_3x3", 96, 2, "valid"))
    left = _chain(x, "Mixed_4a/Branch_0", (("Conv2d_0a_1x1", 64),))
    right = _chain(
        x, "Mixed_4a/Branch_1", (("Conv2d_0a_1x1", 64), ("Conv2d_0b_1x7", 64), ("Conv2d_0c_7x1", 64))
    )
    x = _joined(
        _conv(left, "Mixed_4a/Branch_0/Conv2d_1a_3x3", 96, 1, "valid"),
        _conv(right, "Mixed_4a/Branch_1/Conv2d_1a_3x3", 96, 1, "valid"),
    )
    return _joined(_conv(x, "Mixed_5a/Branch_0/Conv2d_1a_3x3", 192, 2, "valid"), _halved(x))


def _block(x: Any, scope: str, branches: tuple[tuple[_Conv, ...], ...]) -> Any:
    """Branches side by side, the last one on what was pooled before."""
    *convolved, pooled = branches
    made = [_chain(x, f"{scope}/Branch_{place}", convs) for place, convs in enumerate(convolved)]
    return _joined(*made, _chain(_pooled(x), f"{scope}/Branch_3", pooled), name=scope)


def _reduction_a(x: Any) -> Any:
    right = _chain(x, "Mixed_6a/Branch_1", (("Conv2d_0a_1x1", 192), ("Conv2d_0b_3x3", 224)))
    return _joined(
        _conv(x, "Mixed_6a/Branch_0/Conv2d_1a_3x3", 384, 2, "valid"),
        _conv(right, "Mixed_6a/Branch_1/Conv2d_1a_3x3", 256, 2, "valid"),
        _halved(x),
    )


def _reduction_b(x: Any) -> Any:
    left = _chain(x, "Mixed_7a/Branch_0", (("Conv2d_0a_1x1", 192),))
    right = _chain(
        x, "Mixed_7a/Branch_1", (("Conv2d_0a_1x1", 256), ("Conv2d_0b_1x7", 256), ("Conv2d_0c_7x1", 320))
    )
    return _joined(
        _conv(left, "Mixed_7a/Branch_0/Conv2d_1a_3x3", 192, 2, "valid"),
        _conv(right, "Mixed_7a/Branch_1/Conv2d_1a_3x3", 320, 2, "valid"),
        _halved(x),
    )


def _block_c(x: Any, scope: str) -> Any:
    one, two = f"{scope}/Branch_1", f"{scope}/Branch_2"
    left = _conv(x, f"{one}/Conv2d_0a_1x1", 384)
    right = _chain(x, two, (("Conv2d_0a_1x1", 384), ("Conv2d_0b_3x1", 448), ("Conv2d_0c_1x3", 512)))
    return _joined(
        _conv(x, f"{scope}/Branch_0/Conv2d_0a_1x1", 256),
        _conv(left, f"{one}/Conv2d_0b_1x3", 256),
        _conv(left, f"{one}/Conv2d_0c_3x1", 256),
        _conv(right, f"{two}/Conv2d_0d_1x3", 256),
        _conv(right, f"{two}/Conv2d_0e_3x1", 256),
        _conv(_pooled(x), f"{scope}/Branch_3/Conv2d_0b_1x1", 256),
    )


def build(images: Any) -> Any:
    """RGB images 0..255 [N, S, S, 3] to features [N, 1536]."""
    from keras import layers

    x = _stem(layers.Rescaling(1 / 127.5, -1.0, name="scale")(images))
    for place in "bcde":
        x = _block(x, f"Mixed_5{place}", _A)
    x = _reduction_a(x)
    for place in "bcdefgh":
        x = _block(x, f"Mixed_6{place}", _B)
    x = _reduction_b(x)
    for place in "bcd":
        x = _block_c(x, f"Mixed_7{place}")
    return layers.GlobalAveragePooling2D(name="features")(x)


def second_head(branching: Any, classes: int) -> Any:
    """From the output of ``BRANCHING`` [N, H, W, 1024] to logits [N, classes]; H and W are at least ``_LOOK``, which they
    are for images of 107 pixels."""
    from keras import layers

    x = layers.AveragePooling2D(_LOOK, _STRIDE)(branching)
    x = _conv(x, "AuxLogits/Conv2d_1b_1x1", 128)
    x = _conv(x, "AuxLogits/Conv2d_2a", 768, 1, "valid", kernel=x.shape[1:3])
    return layers.Dense(classes, name="AuxLogits-Aux_logits")(layers.Flatten()(x))


def has_second_head(model: Any) -> bool:
    """Whether a Keras model is this network, of images large enough for its second head."""
    found = [layer for layer in model.layers if layer.name == BRANCHING]
    return bool(found) and min(found[0].output.shape[1:3]) >= _LOOK


@cache
def variables() -> tuple[str, ...]:
    """The names that TF-slim gives the weights of the network without its heads."""
    from camtrap_gui.models.classifiers import backbones

    return tuple(slim_name(path) for path in backbones.shapes_of(backbones.embedder(INCEPTION_V4)))


def slim_name(path: str) -> str:
    """What TF-slim calls the weight at one of our paths."""
    layer, _, what = path.rpartition("/")
    return f"{_PREFIX}{layer.replace('-', '/')}/{_WORDS.get(what, what)}"


def from_slim(variables: Mapping[str, "ndarray"]) -> dict[str, "ndarray"]:
    """Variables of a checkpoint of TF-slim, by the names and in the layout of this network."""
    ours = {word: what for what, word in _WORDS.items()}
    arrays = {}
    for name, array in variables.items():
        scope, _, word = name.removeprefix(_PREFIX).rpartition("/")
        arrays[f"{scope.replace('/', '-')}/{ours.get(word, word)}"] = array
    return arrays


INCEPTION_V4 = Backbone("inception-v4", 299, 1536, build, from_slim, smallest=75)
BACKBONES = (INCEPTION_V4,)
