"""Species classifiers: a backbone that turns a crop into features, and a layer that turns features into species.

``Classifier`` is what training makes, ``bundle`` keeps and everything else uses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers.preprocessing import WHOLE, to_input
from camtrap_gui.thresholds import Accepting

if TYPE_CHECKING:
    from PIL import Image

_BATCH = 32


@dataclass(frozen=True)
class Classifier:
    """A trained network and what is needed to use it.

    ``model`` is a Keras model: RGB images 0..255, float32 [N, input_size, input_size, 3] in, logits float32
    [N, len(classes)] out (softmax makes probabilities of them). A class without training crops has a logit near
    -10,000: its probability is exactly 0. ``padding`` is the factor the crops were cut with, ``preprocessing`` the way
    from a crop to an image (see the module of that name); ``about`` says what it was trained on and with what (see
    ``bundle``). Logits are divided by ``temperature`` before softmax, which makes confidence honest (see
    ``camtrap_gui.temperature``); ``accepting`` says which answers need nobody to look at them, None where that is not
    known. An animal of which it is less sure than ``unknown_below`` may be of a species it does not know (see
    ``camtrap_gui.unknown``).
    """

    model: Any
    classes: tuple[str, ...]
    backbone: str
    input_size: int
    padding: float
    about: Mapping[str, Any] = field(default_factory=dict)
    preprocessing: str = WHOLE
    temperature: float = 1.0
    accepting: Accepting | None = None
    unknown_below: float = 0.0

    def prepare(self, crop: "Image.Image") -> NDArray[np.uint8]:
        """The crop as this network's input, uint8 [input_size, input_size, 3]. Safe on any thread."""
        return to_input(crop, self.input_size, self.preprocessing)

    def predict(self, crops: Sequence["Image.Image"]) -> NDArray[np.float32]:
        """Probabilities of each class for each crop, float32 [N, C]; rows sum to 1."""
        if not crops:
            return np.zeros((0, len(self.classes)), np.float32)
        return self.predict_arrays(np.stack([self.prepare(crop) for crop in crops]))

    def predict_arrays(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The same for crops that were prepared before, uint8 [N, input_size, input_size, 3]."""
        import tensorflow as tf

        parts = [
            self._probabilities(tf.constant(images[first : first + _BATCH])).numpy()
            for first in range(0, len(images), _BATCH)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.classes)), np.float32)

    @cached_property
    def _probabilities(self) -> Any:
        import tensorflow as tf

        shape = (None, self.input_size, self.input_size, 3)

        @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8)], jit_compile=False)
        def probabilities(images: Any) -> Any:
            return tf.nn.softmax(self.model(tf.cast(images, tf.float32), training=False) / self.temperature)

        return probabilities
