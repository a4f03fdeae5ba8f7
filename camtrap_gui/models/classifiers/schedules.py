"""Which weights learn when, and how fast.

Every learning rate rises for a twentieth of the steps and then falls to nothing along a cosine (Loshchilov & Hutter,
"SGDR", ICLR 2017, without restarts). The backbone may learn in groups of equal depth: the layers next to the species
layer first, deeper ones later and slower, as they know more general things (Howard & Ruder, "Universal Language Model
Fine-tuning", ACL 2018, sections 3.2 and 3.3). All of it depends on the optimizers' step alone, which a checkpoint holds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from camtrap_gui.models.classifiers.backbones import SPECIES_LAYER
from camtrap_gui.models.classifiers.recipes import Phase

_WARM_UP = 20  # of so many parts of the steps, the first


@dataclass(frozen=True)
class Group:
    """Weights that learn alike: at ``rate`` at their highest, from epoch ``start`` (counted from 0) on."""

    weights: list[Any]
    rate: float
    start: int = 0


def groups(model: Any, phase: Phase) -> list[Group]:
    """The species layer's weights, then the backbone's from the last layers to the first."""
    found = [Group(list(model.get_layer(SPECIES_LAYER).trainable_weights), phase.head_rate)]
    if not phase.backbone_rate:
        return found
    layers = [layer for layer in model.layers if layer.trainable_weights and layer.name != SPECIES_LAYER]
    parts = np.array_split(np.arange(len(layers)), min(phase.depths, max(1, len(layers))))
    for depth, part in enumerate(reversed(parts)):
        weights = [weight for place in part for weight in layers[place].trainable_weights]
        rate = phase.backbone_rate * phase.rate_per_depth**depth
        start = phase.epochs_per_depth * (depth + 1)
        found.append(Group(weights, rate, min(start, phase.epochs - 1)))
    return found


def cosine(rate: float, steps: int, start: int) -> Any:
    """A Keras schedule over ``steps`` steps that stays at 0 until step ``start``."""
    import tensorflow as tf
    from keras import optimizers

    length = max(1, steps - start)
    warm_up = max(1, length // _WARM_UP)
    curve = optimizers.schedules.CosineDecay(
        rate / 10, max(1, length - warm_up), warmup_target=rate, warmup_steps=warm_up
    )
    if not start:
        return curve

    class Later(optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            since = tf.cast(step, tf.float32) - start
            return tf.where(since < 0, 0.0, curve(tf.maximum(since, 0.0)))

    return Later()


def ramp(lowest: float, highest: float, steps: int) -> Any:
    """A Keras schedule that multiplies the rate by the same factor at every step, from ``lowest`` to ``highest``."""
    from keras import optimizers

    factor = (highest / lowest) ** (1 / max(1, steps - 1))
    return optimizers.schedules.ExponentialDecay(lowest, 1, factor)


def times(schedule: Any, factor: Any) -> Any:
    """A Keras schedule that is another one times a TensorFlow variable."""
    from keras import optimizers

    class Times(optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            return schedule(step) * factor

    return Times()
