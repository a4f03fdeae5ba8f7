"""The tutorial's own recipe: two stages of RMSProp on distorted crops, as its scripts for TF-slim say them.

The first stage learns the species layer (and the second head, where the network has one) on the backbone as it was
learnt on ImageNet, the second the whole network. Loss: cross entropy, 0.4 times that of the second head, and 4e-5 times
half the squares of all kernels. Sources: ``train_serengeti_inception_v4.sh`` and ``train_image_classifier.py`` of the
tutorial; RMSProp of TensorFlow 1, whose epsilon of 1 is inside the root and makes it nearly plain momentum.

The tutorial's authors say that the accuracy of their models may be some 10 % too low. Two things in it are known to do
that, both about normalisation, and are done otherwise here unless ``as_original``:

- While only the species layer learns, the frozen backbone normalises by each batch. The species layer then learns from
  features that the network never makes again when it is used. Here the frozen backbone is what it will be in use.
- The averages that replace the batches in use move by 0.0003 per step, so they lag ten thousand steps behind the weights;
  a training of a few thousand steps is judged, and used, with averages of ImageNet. Here they cover a tenth of an epoch,
  which for the 50,000 steps of an epoch of the tutorial is the same as there.

Accuracy on photos of ten monkey species with EfficientNet-Lite0 at 64 pixels, 50 and 100 steps, one seed: 0.46 after the
first stage and 0.26 after the second as in the original, 0.67 and 0.62 as here; seen whole instead of by its central part,
a picture was named rightly in 0.53 of the cases instead of 0.67 (``python -m benchmarks.tutorial_recipe``).
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers import backbones, inception_v4
from camtrap_gui.models.classifiers.backbones import NEVER, SPECIES_LAYER, Backbone
from camtrap_gui.models.classifiers.learning import Learner
from camtrap_gui.models.classifiers.one_step import Step

DROPOUT = 0.2
SECOND_HEAD = "AuxLogits"
_SECOND_SHARE = 0.4
_WEIGHT_DECAY = 4e-5
_RHO, _MOMENTUM, _EPSILON = 0.9, 0.9, 1.0
_RATE_FACTOR = 0.94
FIRST_STEPS = 1000  # of the shortest script, train_obscured
SLOWEST, _FASTEST = 0.9997, 0.9


@dataclass(frozen=True)
class Stage:
    """``rate`` is the learning rate at the start; it is multiplied by 0.94 after every epoch if it ``falls``."""

    phase: str
    whole: bool
    rate: float
    epochs: int
    falls: bool = False


def stages(steps: int, epochs: int) -> tuple[Stage, Stage]:
    """Both stages of a training with ``steps`` steps per epoch, ``epochs`` of them for the whole network.

    The species layer has an epoch, or where the crops are few, a thousand steps.
    """
    first = max(1, math.ceil(FIRST_STEPS / steps))
    return (
        Stage("Species layer", whole=False, rate=0.01, epochs=first),
        Stage("Whole network", whole=True, rate=0.0045, epochs=epochs, falls=True),
    )


@dataclass(frozen=True)
class Network:
    """``model`` is a classifier's (see ``Classifier``). ``learning`` has the same layers and gives the same logits, and
    those of the second head where there is one."""

    model: Any
    learning: Any


def network(backbone: Backbone, input_size: int, counts: NDArray[np.integer], seed: int) -> Network:
    """The network before the first stage. ``counts`` are the training crops of each class.

    Raises Problem when the weights of the backbone are not installed.
    """
    import keras

    arrays = backbones.pretrained(backbone)
    model = backbones.network(backbone, len(counts), input_size, DROPOUT)
    backbones.assign(model, arrays, but=(SPECIES_LAYER,))
    outputs = [model.output]
    if inception_v4.has_second_head(model):
        branching = model.get_layer(inception_v4.BRANCHING).output
        outputs.append(inception_v4.second_head(branching, len(counts)))
    learning = keras.Model(model.input, outputs)
    _draw([w for w in learning.trainable_weights if _is_new(w)], counts, seed)
    return Network(model, learning)


def _draw(weights: Sequence[Any], counts: NDArray[np.integer], seed: int) -> None:
    """As TF-slim draws new weights: He's for convolutions, Glorot's for heads; one start for each seed."""
    from keras import initializers

    never = np.where(counts > 0, 0.0, NEVER).astype(np.float32)
    for number, weight in enumerate(weights):
        shape, own = tuple(weight.shape), seed * 101 + number
        if len(shape) == 4:
            weight.assign(initializers.HeNormal(own)(shape))
        elif len(shape) == 2:
            weight.assign(initializers.GlorotUniform(own)(shape))
        elif weight.path.endswith("/bias"):
            weight.assign(never)


def _is_new(weight: Any) -> bool:
    return weight.path.startswith((f"{SPECIES_LAYER}/", SECOND_HEAD))


def normalise(network: Network, stage: Stage, steps: int, as_original: bool) -> None:
    """Make the network's normalisation ready for a stage; before the learner is made. ``steps`` are those per epoch."""
    import keras
    import tensorflow as tf

    together = tf.distribute.get_strategy().num_replicas_in_sync > 1
    for layer in network.learning.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = as_original or stage.whole or layer.name.startswith(SECOND_HEAD)
            layer.momentum = SLOWEST if as_original else momentum(steps)
            # Several devices normalise their crops as one would all of them.
            layer.synchronized = together


def momentum(steps: int) -> float:
    """How much the averages of the normalisation keep at each step, so that they cover a tenth of an epoch."""
    return min(max(1 - 10 / steps, _FASTEST), SLOWEST)


def rmsprop(rate: Any, variables: Sequence[Any]) -> Any:
    """RMSProp as in TensorFlow 1: Keras' own with the mean of squares beginning at 1 and not at 0."""
    from keras import optimizers

    optimizer = optimizers.RMSprop(rate, rho=_RHO, momentum=_MOMENTUM, epsilon=_EPSILON)
    optimizer.build(list(variables))
    for variable in optimizer.variables:
        if variable.path.endswith("_velocity"):
            variable.assign(np.ones(variable.shape, np.float32))
    return optimizer


class SlimLearner(Learner):
    """Learns a stage of the recipe. A rate that falls does so every ``fall`` steps, which the tutorial takes for an epoch:
    the crops over the batch size, rounded down.

    Crops count alike, but for those whose weight is 0. All devices there are learn together; a step has one part."""

    def __init__(self, network: Network, stage: Stage, fall: int) -> None:
        import tensorflow as tf
        from keras.optimizers import schedules

        self.model, learning = network.model, network.learning
        self.mixtures = (0.0,)
        learnt = [w for w in learning.trainable_weights if stage.whole or _is_new(w)]
        kernels = [w for w in learnt if w.path.endswith("kernel")]
        rate = schedules.ExponentialDecay(stage.rate, max(1, fall), _RATE_FACTOR, staircase=True)
        self.optimizer = optimizer = rmsprop(rate if stage.falls else stage.rate, learnt)
        self._variables = [*learning.variables, *optimizer.variables]

        learnt_values = [w.value for w in learnt]

        def gradients(images: Any, targets: Any, weights: Any, share: Any) -> Any:
            with tf.GradientTape() as tape:
                logits, *second = tf.nest.flatten(learning(images, training=True))
                losses = weights * tf.nn.softmax_cross_entropy_with_logits(targets, logits)
                loss = tf.reduce_sum(losses)
                for also in second:
                    others = weights * tf.nn.softmax_cross_entropy_with_logits(targets, also)
                    loss += _SECOND_SHARE * tf.reduce_sum(others)
                # Each crop brings its share of the decay, so that the crops of all devices bring it once.
                count = tf.cast(tf.shape(images)[0], tf.float32)
                loss += count * _WEIGHT_DECAY * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])
                loss *= share
            right = (tf.argmax(logits, 1) == tf.argmax(targets, 1)) & (weights > 0)
            hits = tf.reduce_sum(tf.cast(right, tf.int32))
            return tape.gradient(loss, learnt_values), tf.reduce_sum(losses), hits

        self._step = Step(
            gradients,
            lambda found: optimizer.apply_gradients(zip(found, learnt, strict=True)),
            learnt_values,
            lambda: None,
        )

    @contextmanager
    def judged(self, of_start: float = 0.0) -> Iterator[None]:
        """The model is judged and kept as it is."""
        yield

    def variables(self) -> list[Any]:
        """All that changes while training, in an order that stays."""
        return self._variables
