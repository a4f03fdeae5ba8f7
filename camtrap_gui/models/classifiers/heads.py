"""The last layer alone: species from features that a frozen backbone computed before.

Augmentation happens on the features: each is made up to some tenths stronger or weaker, anew in every epoch. On photos of ten
monkey species with 60 to 2 training pictures each this made no measurable difference (macro-F1 0.928 ± 0.010 with,
0.929 ± 0.009 without, eight repeats), nor did dropout, mixup or mirrored crops, which would cost a second pass of the
backbone; what mattered was the balance of the classes (see ``balance``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers import Classifier, backbones, learning, rate_finding
from camtrap_gui.models.classifiers.backbones import NEVER, SPECIES_LAYER, Backbone
from camtrap_gui.models.classifiers.balance import Balance
from camtrap_gui.models.classifiers.learning import Batch, Best, Course, Epoch, Learner, State
from camtrap_gui.models.classifiers.recipes import Recipe

PHASE = "Training head"
_BATCHES = (8, 64)  # smallest and largest
_STEPS = 10  # per epoch at least, where crops are few
_AT_HAND = 2**28  # bytes
_NOISE = 0.35  # the factor is at most so far from 1; even draws, as normal ones would cost more than the step


@dataclass(frozen=True)
class Features:
    """Crops as features: ``rows`` of ``vectors`` (floats [R, F], may be mapped from a file), their classes, and how sure the
    detector was of each, where that is known."""

    vectors: NDArray[np.floating]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    confidences: NDArray[np.float32] | None = None

    def take(self, which: NDArray[np.integer]) -> NDArray[np.float32]:
        """The features of some of the crops, float32 [N, F]."""
        taken: NDArray[np.float32] = self.vectors[self.rows[which]].astype(np.float32, copy=False)
        return taken

    def at_hand(self) -> "Features":
        """The same, as float32 in memory unless that is much: to convert them in every epoch takes a fifth of its time."""
        if 4 * len(self.rows) * self.vectors.shape[1] > _AT_HAND:
            return self
        places = np.arange(len(self.rows))
        return Features(self.take(places), places, self.labels, self.confidences)

    def only(self, which: NDArray[np.integer]) -> "Features":
        """Some of the crops, by place."""
        sure = None if self.confidences is None else self.confidences[which]
        return Features(self.vectors, self.rows[which], self.labels[which], sure)


@dataclass(frozen=True)
class Head:
    """The layer: logits are features @ kernel + bias. ``best`` are the figures of the epoch it is from."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    best: Epoch

    def logits(self, features: Features) -> NDArray[np.float32]:
        """What it says of crops, float32 [N, C]."""
        step = 4096
        parts = [
            features.take(np.arange(first, min(first + step, len(features.labels)))) @ self.kernel + self.bias
            for first in range(0, len(features.labels), step)
        ]
        return np.concatenate(parts)


def train_head(
    train: Features,
    validation: Features,
    classes: int,
    recipe: Recipe,
    seed: int,
    say: Callable[[State], None],
    on_epoch: Callable[[Epoch], None],
    on_rate: Callable[[float], None] = lambda factor: None,
) -> Head:
    """Train the layer and return it as it was in its best epoch. Takes its randomness from ``seed`` alone.

    ``on_rate`` hears by what the rate is multiplied, where the recipe asks for that to be found."""
    import tensorflow as tf

    alone = train is validation
    train = train.at_hand()
    validation = train if alone else validation.at_hand()
    balance = Balance(
        train.labels, classes, recipe.balance, train.confidences if recipe.by_confidence else None
    )
    smallest, largest = _BATCHES
    batch = min(max(len(train.labels) // _STEPS, smallest), largest)
    steps = -(-len(train.labels) // batch)
    model = _model(train.vectors.shape[1], balance.counts)

    def batches(epoch: int, first: int) -> Iterator[Batch]:
        return _batches(train, balance, batch, seed, epoch, first)

    learner = Learner(model, balance, recipe, recipe.head, steps)
    if recipe.head.find_rate:
        factor = rate_finding.find_factor(model, balance, recipe, recipe.head, batches)
        learner.multiply_rates(factor)
        on_rate(factor)
    kept: list[Head] = []

    def validate() -> NDArray[np.float32]:
        parts = [
            model(tf.constant(validation.take(np.arange(first, min(first + 4096, len(validation.labels))))))
            for first in range(0, len(validation.labels), 4096)
        ]
        return np.concatenate([part.numpy() for part in parts])

    def keep(best: Best) -> None:
        kernel, bias = model.get_layer(SPECIES_LAYER).get_weights()
        kept[:] = [Head(kernel, bias, best.epoch)]

    course = Course(
        phase=PHASE,
        epochs=recipe.head.epochs,
        steps=steps,
        patience=recipe.head.patience,
        standard_errors=recipe.head.standard_errors,
        batches=batches,
        validate=validate,
        truth=validation.labels,
    )
    learning.fit(learner, course, State(), say, on_epoch, keep)
    return kept[0]


def _model(features: int, counts: NDArray[np.integer]) -> Any:
    import keras

    inputs = keras.Input((features,), name="features")
    species = keras.layers.Dense(len(counts), kernel_initializer="zeros", name=SPECIES_LAYER)
    model = keras.Model(inputs, species(inputs))
    species.bias.assign(np.where(counts > 0, 0.0, NEVER).astype(np.float32))
    return model


def _batches(
    train: Features, balance: Balance, size: int, seed: int, epoch: int, first_step: int
) -> Iterator[Batch]:
    order, weights = balance.order(seed, epoch), balance.weights()
    for step in range(first_step, -(-len(order) // size)):
        which = order[step * size : (step + 1) * size]
        random = np.random.default_rng((seed, epoch, step))
        inputs = train.take(which)
        factors = 1 + np.float32(_NOISE) * (2 * random.random(inputs.shape, np.float32) - 1)
        targets = learning.one_hot(train.labels[which], balance.classes)
        yield Batch(inputs * factors, targets, weights[which])


def classifier(
    backbone: Backbone, head: Head, classes: Sequence[str], padding: float, about: Mapping[str, Any]
) -> Classifier:
    """The whole network: the installed backbone with a trained head on it."""
    model = backbones.network(backbone, len(classes), backbone.input_size)
    backbones.assign(model, backbones.pretrained(backbone), but=(SPECIES_LAYER,))
    model.get_layer(SPECIES_LAYER).set_weights([head.kernel, head.bias])
    return Classifier(model, tuple(classes), backbone.name, backbone.input_size, padding, about)
