"""Training the whole network on pictures, from a head that was trained before.

The backbone learns slowly and the species layer faster. Batch normalisation keeps its ImageNet statistics: batches of
a few dozen crops of few cameras would spoil them.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers import learning
from camtrap_gui.models.classifiers.augmentation import augment
from camtrap_gui.models.classifiers.backbones import SPECIES_LAYER
from camtrap_gui.models.classifiers.features import CropFile, read_crop
from camtrap_gui.models.classifiers.learning import (
    Batch,
    Checkpoint,
    Course,
    Epoch,
    Learner,
    Rates,
    State,
    one_hot,
    shuffled,
)
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import Unreadable

PHASE = "Fine-tuning"
EPOCHS, PATIENCE, BATCH = 10, 3, 32
_RATES = Rates(head=1e-3, backbone=1e-4)


@dataclass(frozen=True)
class Pictures:
    """Crops as files. ``file`` finds the file of a crop's id; it is called on the training thread alone."""

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    file: Callable[[int], CropFile]


def fine_tune(
    model: Any,
    train: Pictures,
    validation: Pictures,
    epochs: int,
    batch_size: int,
    seed: int,
    start: State,
    checkpoint: Checkpoint,
    say: Callable[[State], None],
    on_epoch: Callable[[Epoch], None],
    on_best: Callable[[], None],
) -> State:
    """Train ``model`` (see ``Classifier``), going on from the checkpoint if there is one, else from ``start``.

    ``on_best`` is called while the model is the best so far. A crop that can no longer be read is passed over.
    """
    import keras
    import tensorflow as tf

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    size, classes = model.input_shape[1], model.output_shape[1]
    steps = -(-len(train.ids) // batch_size)
    counts = np.bincount(train.labels, minlength=classes)
    learner = Learner(model, SPECIES_LAYER, counts, _RATES, epochs * steps)
    state = checkpoint.load(learner) if checkpoint.exists() else start

    @tf.function(
        input_signature=[tf.TensorSpec((None, size, size, 3), tf.uint8), tf.TensorSpec((2,), tf.int32)],
        jit_compile=False,
    )
    def changed(images: Any, key: Any) -> Any:
        return augment(images, key)

    @tf.function(input_signature=[tf.TensorSpec((None, size, size, 3), tf.uint8)], jit_compile=False)
    def logits(images: Any) -> Any:
        return model(tf.cast(images, tf.float32), training=False)

    def batches(epoch: int, first_step: int) -> Iterator[Batch]:
        order = shuffled(len(train.ids), seed, epoch)[first_step * batch_size :]
        for step, (which, images) in enumerate(_read(train, order, batch_size, size), first_step):
            if len(which):
                key = np.array([seed * 1_000_003 + epoch, step * 100], np.int64).astype(np.int32)
                yield Batch(
                    changed(tf.constant(images), tf.constant(key)), one_hot(train.labels[which], classes)
                )
            else:
                yield Batch(images, np.zeros((0, classes), np.float32))

    def validate() -> NDArray[np.float32]:
        whole = np.zeros((len(validation.ids), classes), np.float32)
        for which, images in _read(validation, np.arange(len(validation.ids)), batch_size, size):
            if len(which):
                whole[which] = logits(tf.constant(images)).numpy()
        return whole

    course = Course(
        phase=PHASE,
        epochs=epochs,
        steps=steps,
        patience=PATIENCE,
        batches=batches,
        validate=validate,
        truth=validation.labels,
    )
    return learning.fit(learner, course, state, say, on_epoch, on_best, checkpoint)


def _read(
    pictures: Pictures, order: NDArray[np.int64], batch_size: int, size: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Batches of places and images, decoded on threads ahead of need; places that cannot be read are left out."""

    def read(item: tuple[int, CropFile]) -> tuple[int, NDArray[np.uint8] | None]:
        place, file = item
        try:
            return place, read_crop(file, size)
        except Unreadable:
            return place, None

    files = ((int(place), pictures.file(int(pictures.ids[place]))) for place in order)
    with closing(in_order(read, files, ahead=3 * batch_size)) as decoded:
        for _ in range(0, len(order), batch_size):
            good = [(place, image) for place, image in islice(decoded, batch_size) if image is not None]
            places = np.array([place for place, _ in good], np.int64)
            images = (
                np.stack([image for _, image in good]) if good else np.zeros((0, size, size, 3), np.uint8)
            )
            yield places, images
