"""The last layer alone: species from features that a frozen backbone computed before.

A softmax layer on 1,280 features is a small thing: an epoch of 5,000 crops takes a tenth of a second. Augmentation
happens on the features: pairs of crops are mixed (Zhang et al., "mixup", ICLR 2018).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers import Classifier, backbones, learning
from camtrap_gui.models.classifiers.backbones import NEVER, SPECIES_LAYER, Backbone
from camtrap_gui.models.classifiers.learning import Batch, Course, Epoch, Learner, Rates, State

PHASE = "Training head"
EPOCHS, PATIENCE = 60, 15
_BATCHES = (8, 64)  # smallest and largest
_STEPS = 10  # per epoch at least, where crops are few
_RATES = Rates(head=3e-3)
_MIXUP = 0.2  # both parameters of the Beta distribution of the share of the first crop
_DROPOUT = 0.2


@dataclass(frozen=True)
class Features:
    """Crops as features: ``rows`` of ``vectors`` (float16 [R, F], may be mapped from a file), and their classes."""

    vectors: NDArray[np.float16]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]

    def take(self, which: NDArray[np.integer]) -> NDArray[np.float32]:
        """The features of some of the crops, float32 [N, F]."""
        taken: NDArray[np.float32] = self.vectors[self.rows[which]].astype(np.float32)
        return taken


@dataclass(frozen=True)
class Head:
    """The layer: logits are features @ kernel + bias. ``best`` are the figures of the epoch it is from."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    best: Epoch


def train_head(
    train: Features,
    validation: Features,
    classes: int,
    epochs: int,
    seed: int,
    say: Callable[[State], None],
    on_epoch: Callable[[Epoch], None],
) -> Head:
    """Train the layer and return it as it was in its best epoch. Takes its randomness from ``seed`` alone."""
    import tensorflow as tf

    counts = np.bincount(train.labels, minlength=classes)
    smallest, largest = _BATCHES
    batch = min(max(len(train.labels) // _STEPS, smallest), largest)
    steps = -(-len(train.labels) // batch)
    model = _model(train.vectors.shape[1], counts, seed)
    learner = Learner(model, SPECIES_LAYER, counts, _RATES, epochs * steps)
    kept: list[tuple[NDArray[np.float32], NDArray[np.float32], Epoch]] = []

    def validate() -> NDArray[np.float32]:
        parts = [
            model(tf.constant(validation.take(np.arange(first, min(first + 4096, len(validation.labels))))))
            for first in range(0, len(validation.labels), 4096)
        ]
        return np.concatenate([part.numpy() for part in parts])

    def keep(epoch: Epoch) -> None:
        if epoch.is_best:
            kernel, bias = model.get_layer(SPECIES_LAYER).get_weights()
            kept[:] = [(kernel, bias, epoch)]
        on_epoch(epoch)

    course = Course(
        phase=PHASE,
        epochs=epochs,
        steps=steps,
        patience=PATIENCE,
        batches=lambda epoch, first: _batches(train, classes, batch, seed, epoch, first),
        validate=validate,
        truth=validation.labels,
    )
    learning.fit(learner, course, State(), say, keep, on_best=lambda: None)
    return Head(*kept[0])


def _model(features: int, counts: NDArray[np.integer], seed: int) -> Any:
    import keras

    inputs = keras.Input((features,), name="features")
    x = keras.layers.Dropout(_DROPOUT, seed=seed)(inputs)
    species = keras.layers.Dense(len(counts), kernel_initializer="zeros", name=SPECIES_LAYER)
    model = keras.Model(inputs, species(x))
    species.bias.assign(np.where(counts > 0, 0.0, NEVER).astype(np.float32))
    return model


def _batches(
    train: Features, classes: int, size: int, seed: int, epoch: int, first_step: int
) -> Iterator[Batch]:
    order = learning.shuffled(len(train.labels), seed, epoch)
    for step in range(first_step, -(-len(order) // size)):
        which = order[step * size : (step + 1) * size]
        random = np.random.default_rng((seed, epoch, step))
        inputs, targets = train.take(which), learning.one_hot(train.labels[which], classes)
        share = random.beta(_MIXUP, _MIXUP, (len(which), 1)).astype(np.float32)
        other = random.permutation(len(which))
        yield Batch(
            share * inputs + (1 - share) * inputs[other], share * targets + (1 - share) * targets[other]
        )


def classifier(
    backbone: Backbone, head: Head, classes: Sequence[str], padding: float, about: Mapping[str, Any]
) -> Classifier:
    """The whole network: the installed backbone with a trained head on it."""
    model = backbones.network(backbone, len(classes), backbone.input_size)
    backbones.assign(model, backbones.pretrained(backbone), but=(SPECIES_LAYER,))
    model.get_layer(SPECIES_LAYER).set_weights([head.kernel, head.bias])
    return Classifier(model, tuple(classes), backbone.name, backbone.input_size, padding, about)
