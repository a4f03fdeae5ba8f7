"""What a network is calculated on, and how exactly.

Graphics processors are used when TensorFlow finds them, several of them together (``tf.distribute.MirroredStrategy``:
each has a copy of the network and takes its share of every batch). Without one, the processor calculates. Several computers
together do the same with all that they have (``computers``).

In bfloat16, products are calculated with 8 bits and added up in float32; weights stay float32, so what is kept of a
network does not depend on it. Where the hardware can do it, large convolutions gain. Depthwise convolutions lose on a
processor: TensorFlow calculates their gradients slowly in bfloat16. Processor time for a crop, float32 over bfloat16, on
a processor with AMX (``python -m benchmarks.precision``): Inception V4 2.1 in training and 2.2 in use, ResNet50 V2 1.6
and 1.5, EfficientNet-Lite0 0.5 and 0.7. So ``auto`` is bfloat16 for networks without depthwise convolutions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from camtrap_gui.models import processor
from camtrap_gui.models.classifiers.computers import ALONE, Computers
from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    from camtrap_gui.models.classifiers.backbones import Backbone

FLOAT32, BFLOAT16 = "float32", "bfloat16"
PRECISIONS = ("auto", FLOAT32, BFLOAT16)
_BFLOAT16_FROM = (8, 0)  # compute capability (Ampere)


def gpus() -> int:
    """How many graphics processors TensorFlow uses. They give it memory as it is needed, not all at once."""
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    for gpu in found:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # in use already
            break
    return len(found)


def has_bfloat16() -> bool:
    """Whether what the network is calculated on gains from bfloat16."""
    import tensorflow as tf

    if not gpus():
        return processor.has_bfloat16()
    details = (
        tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")
    )
    return all(each.get("compute_capability", (0, 0)) >= _BFLOAT16_FROM for each in details)


def precision(asked: str, backbone: "Backbone") -> str:
    """``FLOAT32`` or ``BFLOAT16``: what was asked for, or with "auto" what is faster here for this backbone.

    Raises Problem for bfloat16 where the hardware cannot do it: it would be slower by far.
    """
    if asked == FLOAT32:
        return FLOAT32
    if asked == BFLOAT16:
        if not has_bfloat16():
            raise Problem(
                "This computer does not calculate in bfloat16. Choose the precision auto or float32."
            )
        return BFLOAT16
    return BFLOAT16 if has_bfloat16() and (gpus() or not _is_depthwise(backbone)) else FLOAT32


@contextmanager
def calculating(precision: str, computers: Computers = ALONE) -> Iterator[None]:
    """Networks that are built while it lasts calculate in that precision, on all devices that these computers have.

    Training has to stay within it. What such a network says is float32 as long as its last layer is.
    """
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == BFLOAT16 else FLOAT32)
    try:
        with (computers.strategy or strategy()).scope():
            yield
    finally:
        keras.config.set_dtype_policy(before)


def strategy() -> Any:
    """The ``tf.distribute`` strategy for the devices of this computer."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy() if gpus() > 1 else tf.distribute.get_strategy()


def _is_depthwise(backbone: "Backbone") -> bool:
    from camtrap_gui.models.classifiers import backbones

    kinds = ("DepthwiseConv2D", "SeparableConv2D")
    layers = backbones.embedder(backbone).layers
    return any(type(layer).__name__ in kinds or getattr(layer, "groups", 1) > 1 for layer in layers)
