"""What a classifier looked at: how much each place of a crop spoke for a species.

Grad-CAM (Selvaraju et al., "Grad-CAM: Visual explanations from deep networks via gradient-based localization", ICCV 2017)
at the last map before pooling. Where a linear species layer follows the pooling, as in most of our networks, this is the
class activation map of Zhou et al. ("Learning deep features for discriminative localization", CVPR 2016), exact and not
an approximation: the logit is the mean of the map, but for the bias (section 3.1 of the former). Where something lies
between (ConvNeXt normalises), the gradient says what it lets through.

The map is as coarse as the network's last layer: 9 x 9 places for EfficientNet-Lite0 at 288 pixels.
"""

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers.preprocessing import BORDER, INCEPTION
from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    from PIL import Image

    from camtrap_gui.geometry import Window
    from camtrap_gui.models.classifiers import Classifier

Heat = NDArray[np.float32]

_parts: "WeakKeyDictionary[Any, tuple[Any, Any]]" = WeakKeyDictionary()


def explain(classifier: "Classifier", crop: "Image.Image", species: str) -> Heat:
    """How much each place of a crop speaks for a species, float32 [h, w]: 1 where most, 0 where nothing does or against.

    The places lie evenly over what the network sees of the crop (``seen``). All are 0 where nothing speaks for the
    species, as for one without training crops. Raises Problem for a species the classifier does not know.
    """
    import tensorflow as tf

    if species not in classifier.classes:
        raise Problem(f"This classifier does not know the species “{species}”.")
    before, after = _halves(classifier.model)
    image = classifier.prepare(crop)[np.newaxis].astype(np.float32)
    features = before(tf.constant(image))
    with tf.GradientTape() as tape:
        tape.watch(features)
        logit = after(features)[:, classifier.classes.index(species)]
    slope = tape.gradient(logit, features)
    weights = tf.reduce_mean(tf.cast(slope, tf.float32), axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * tf.cast(features, tf.float32), axis=-1))[0].numpy()
    most = float(heat.max())
    return np.asarray(heat / most if most > 0 else heat, np.float32)


def seen(window: "Window", way: str) -> "Window":
    """The part of a crop's window (left, top, right, bottom in pixels) that a network prepared for in this way sees."""
    left, top, right, bottom = window
    if way != INCEPTION:
        return window
    across, down = (right - left) // BORDER, (bottom - top) // BORDER
    return left + across, top + down, right - across, bottom - down


def _halves(model: Any) -> tuple[Any, Any]:
    """The network up to the last map, images to [N, h, w, F], and from there on to logits. Kept as long as the network."""
    import keras

    if model not in _parts:
        maps = [layer.output for layer in model.layers if _is_map(layer)]
        if not maps:
            raise Problem("This classifier's network keeps no map of where it sees what.")
        _parts[model] = keras.Model(model.inputs[0], maps[-1]), keras.Model(maps[-1], model.outputs[0])
    return _parts[model]


def _is_map(layer: Any) -> bool:
    """Whether a layer says something of several places; some networks go on with a single place before they end."""
    shape: tuple[int | None, ...] = tuple(getattr(layer.output, "shape", ()))
    return len(shape) == 4 and shape[1:3] != (1, 1)
