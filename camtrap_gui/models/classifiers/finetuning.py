"""Training the whole network on pictures, from a head that was trained before.

The backbone learns slowly and the species layer faster. Batch normalisation keeps its ImageNet statistics: batches of
a few dozen crops of few cameras would spoil them.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers import devices, learning, rate_finding
from camtrap_gui.models.classifiers.augmentation import augment
from camtrap_gui.models.classifiers.balance import Balance
from camtrap_gui.models.classifiers.batch_size import parts as memory_parts
from camtrap_gui.models.classifiers.batch_size import parts_by_trial
from camtrap_gui.models.classifiers.computers import ALONE, Computers
from camtrap_gui.models.classifiers.input_pipeline import Pictures, Pixels, Supply
from camtrap_gui.models.classifiers.learning import (
    Batch,
    Best,
    Checkpoint,
    Course,
    Epoch,
    Learner,
    State,
    one_hot,
)
from camtrap_gui.models.classifiers.preprocessing import to_input
from camtrap_gui.models.classifiers.recipes import Recipe
from camtrap_gui.parallel import in_order

PHASE = "Fine-tuning"
_BATCHES_AHEAD = 2


def fine_tune(
    model: Any,
    train: Pictures,
    validation: Pictures,
    recipe: Recipe,
    seed: int,
    start: State,
    checkpoint: Checkpoint,
    say: Callable[[State], None],
    on_epoch: Callable[[Epoch], None],
    on_best: Callable[[Best], None],
    supply: Supply | None = None,
    on_rate: Callable[[float], None] = lambda factor: None,
    parts: int = 0,
    on_parts: Callable[[int], None] = lambda parts: None,
    computers: Computers = ALONE,
) -> State:
    """Train ``model`` (see ``Classifier``), going on from the checkpoint if there is one, else from ``start``.
    The recipe's last phase says how.

    ``on_best`` is called while the model is the best so far. A crop that can no longer be read is passed over.
    ``on_rate`` hears by what the rates are multiplied, where the recipe asks for that to be found.
    ``supply`` prepares the crops: without it, as whole crops are for any network. ``parts`` are those that a step is
    calculated in; where it is 0, memory decides and ``on_parts`` hears of it. The precision and the devices are those
    that the model was built for (``devices.calculating``); with other ``computers``, each must call this with the same
    crops and recipe, and each reads and learns from its share of every batch.
    """
    import keras
    import tensorflow as tf

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    phase, batch_size = recipe.last, recipe.batch_size
    size, classes = model.input_shape[1], model.output_shape[1]
    supply = supply or Supply(partial(to_input, size=size), size)
    steps = -(-len(train.ids) // batch_size)
    balance = Balance(
        train.labels, classes, recipe.balance, train.confidences if recipe.by_confidence else None
    )
    weights = balance.weights()
    learner = Learner(model, balance, recipe, phase, steps)
    if not parts:
        parts = _fitting_parts(learner, max(1, batch_size // computers.count))
        on_parts(parts)
    learner.learn_in_parts(parts)
    state, goes_on = learning.begin(learner, checkpoint, start, computers)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, size, size, 3), tf.uint8),
            tf.TensorSpec((2,), tf.int32),
            tf.TensorSpec((), tf.int32),
        ],
        jit_compile=False,
    )
    def changed(images: Any, key: Any, first: Any) -> Any:
        return augment(images, key, recipe.augmentation, first)

    @tf.function(input_signature=[tf.TensorSpec((None, size, size, 3), tf.uint8)], jit_compile=False)
    def logits(images: Any) -> Any:
        return model(tf.cast(images, tf.float32), training=False)

    def prepared(item: tuple[int, int, int, tuple[NDArray[np.int64], Pixels]]) -> Batch:
        epoch, step, whole, (which, images) = item
        targets = one_hot(train.labels[which], classes)
        if not len(which) and computers.count == 1:
            return Batch(images, targets)
        key = np.array([seed * 1_000_003 + epoch, step * 100], np.int64).astype(np.int32)
        rows = computers.rows(whole)
        if computers.count == 1:
            return Batch(changed(tf.constant(images), tf.constant(key), rows.start), targets, weights[which])
        # Every device must have a row: a crop that cannot be read is black, and does not count.
        gone = rows.stop - rows.start - len(which)
        images = np.pad(images, ((0, gone), (0, 0), (0, 0), (0, 0)))
        targets = np.pad(targets, ((0, gone), (0, 0)))
        inputs = changed(tf.constant(images), tf.constant(key), rows.start)
        return Batch(inputs, targets, np.pad(weights[which], (0, gone)), whole)

    def batches(epoch: int, first_step: int) -> Iterator[Batch]:
        order = balance.order(seed, epoch)[first_step * batch_size :]
        wholes = (min(batch_size, len(order) - first) for first in range(0, len(order), batch_size))
        with closing(supply.batches(train, order, batch_size, computers.rows)) as read:
            items = (
                (epoch, step, whole, batch)
                for step, (whole, batch) in enumerate(zip(wholes, read, strict=True), first_step)
            )
            with closing(in_order(prepared, items, workers=1, ahead=_BATCHES_AHEAD)) as ready:
                yield from ready

    def validate() -> NDArray[np.float32]:
        whole = np.zeros((len(validation.ids), classes), np.float32)
        own = np.arange(len(validation.ids))[computers.part(len(validation.ids))]
        for which, images in supply.batches(validation, own, batch_size):
            if len(which):
                whole[which] = logits(tf.constant(images)).numpy()
        return computers.total(whole)

    if phase.find_rate and not goes_on:
        factor = rate_finding.find_factor(model, balance, recipe, phase, batches, lambda _: say(state))
        learner.multiply_rates(factor)
        on_rate(factor)
    course = Course(
        phase=PHASE,
        epochs=phase.epochs,
        steps=steps,
        patience=phase.patience,
        standard_errors=phase.standard_errors,
        batches=batches,
        validate=validate,
        truth=validation.labels,
    )
    return learning.fit(learner, course, state, say, on_epoch, on_best, checkpoint)


def _fitting_parts(learner: Learner, size: int) -> int:
    """In how many parts a batch fits into the memory of what calculates it."""
    if not devices.gpus():
        return memory_parts(learner.model, size)
    model = learner.model
    images = np.zeros((size, *model.input_shape[1:]), np.float32)
    targets = one_hot(np.zeros(size, np.int64), model.output_shape[1])
    return parts_by_trial(lambda parts: learner.rehearse(parts, images, targets), size)
