"""What a training costs beside the network: pictures, augmentation and the loop around the step.

    python -m benchmarks.training_input [--crops 1024] [--batch 32] [--rounds 3] [--backbone NAME] [--photos FOLDER]

First the pictures alone: crops of 300 pixels become the network's input, from files, from TFRecords, from memory, by
Pillow on one thread, and by ``tf.data`` with TensorFlow's own resize, which is compared value by value.

Then the whole network learns. After every epoch the same network takes as many steps on one batch that is repeated, with
this program's step and with Keras' ``train_on_batch``; ratios are medians over the rounds. "decoded anew" keeps no
pictures in memory, as when there are more than fit. The last lines do the same for the species layer on kept features.
Weights are random: they do not change how fast anything is.
"""

import argparse
import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Stopwatch, print_json, table
from benchmarks.training import PHOTOS, windows
from camtrap_gui.formats import tfrecords
from camtrap_gui.models.classifiers import backbones, heads
from camtrap_gui.models.classifiers.balance import Balance
from camtrap_gui.models.classifiers.crop_reading import CropFile, picture_of, records_in
from camtrap_gui.models.classifiers.finetuning import fine_tune
from camtrap_gui.models.classifiers.input_pipeline import Pictures, Supply
from camtrap_gui.models.classifiers.learning import Checkpoint, Epoch, Learner, State, one_hot
from camtrap_gui.models.classifiers.preprocessing import to_input
from camtrap_gui.models.classifiers.recipes import PRESETS, Recipe

CLASSES = 10
KEPT, ANEW = 2**40, 0  # room


def main() -> None:
    """Make the crops, measure; print tables and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--crops", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backbone", default=backbones.DEFAULT)
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    given = parser.parse_args()
    if not given.photos.is_dir():
        raise SystemExit(f"There is no folder {given.photos}. Give one with --photos.")
    backbone = backbones.get(given.backbone)
    with tempfile.TemporaryDirectory() as folder:
        pictures = make(Path(folder), given.photos, given.crops)
        figures = pictures_alone(Path(folder), pictures, backbone.input_size, given.rounds)
        for room, name in ((ANEW, "decoded anew"), (KEPT, "kept")):
            figures |= whole_network(backbone, pictures, given.batch, given.rounds, room, name, Path(folder))
    figures |= species_layer(backbone.features, given.batch, given.rounds)
    print_json(figures)


def make(folder: Path, photos: Path, count: int) -> Pictures:
    """Crops as files, and the same as TFRecords."""
    files, examples = [], []
    for number, (name, data) in enumerate(windows(photos, count)):
        path = folder / f"{number:06}.jpg"
        path.write_bytes(data)
        files.append(CropFile(path, hashlib.sha256(data).hexdigest()))
        examples.append(
            tfrecords.example(tfrecords.Picture(data, 300, 300, files[-1].sha256, number, path.name, 0, name))
        )
    tfrecords.write_shards(folder / "records", "train", examples)
    return Pictures(np.arange(count), np.arange(count) % CLASSES, files.__getitem__)


def pictures_alone(folder: Path, pictures: Pictures, size: int, rounds: int) -> dict[str, object]:
    """Crops a second of each way to the network's input, and how far TensorFlow's resize is from it."""
    prepare = partial(to_input, size=size)
    order = np.arange(len(pictures.ids))
    kept = Supply(prepare, size, room=KEPT)
    expected = np.concatenate([pixels for _, pixels in kept.batches(pictures, order, 32)])
    with records_in(folder / "records", ("train",)) as records:
        ways: dict[str, Callable[[], Iterator[Any]]] = {
            "files": lambda: Supply(prepare, size, room=ANEW).batches(pictures, order, 32),
            "TFRecords": lambda: Supply(prepare, size, records, room=ANEW).batches(pictures, order, 32),
            "kept in memory": lambda: kept.batches(pictures, order, 32),
            "Pillow, one thread": lambda: (prepare(picture_of(pictures.file(n))) for n in order.tolist()),
            "tf.data": lambda: _tf_data(pictures, order, size),
        }
        watches = {name: Stopwatch(name) for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                with watches[name].round(len(order)):
                    for _ in way():
                        pass
    resized = np.concatenate(list(_tf_data(pictures, order, size)))
    differing = float((resized != expected).mean())
    first = watches["files"]
    rows = [(w.name, w.rate, 1000 * w.cost, w.times(first)) for w in watches.values()]
    print(table((f"{len(order):,} crops", "crops/s", "processor ms", "files = 1"), rows))
    print(f"Values that tf.data's resize makes differently, by at most 1: {differing:.1%}")
    told = {name.replace(" ", "_").replace(",", ""): watch for name, watch in watches.items()}
    return {f"input_{name}_per_s": watch.rate for name, watch in told.items()} | {
        "tf_data_values_differing": differing
    }


def _tf_data(pictures: Pictures, order: np.ndarray, size: int) -> Iterator[np.ndarray]:
    import tensorflow as tf

    def load(path: Any) -> Any:
        image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3, dct_method="INTEGER_ACCURATE")
        return tf.cast(tf.round(tf.image.resize(image, (size, size), antialias=True)), tf.uint8)

    paths = [str(pictures.file(place).path) for place in order.tolist()]
    data = tf.data.Dataset.from_tensor_slices(paths).map(load, num_parallel_calls=tf.data.AUTOTUNE)
    yield from data.batch(32).prefetch(3).as_numpy_iterator()


def whole_network(
    backbone: backbones.Backbone,
    pictures: Pictures,
    batch: int,
    rounds: int,
    room: int,
    name: str,
    folder: Path,
) -> dict[str, object]:
    """Epochs fed with pictures against steps on one batch; the epoch in which everything starts is left out."""
    size = backbone.input_size
    model = backbones.network(backbone, CLASSES, size)
    recipe = _recipe(batch, rounds + 1)
    images = np.random.default_rng(0).uniform(0, 255, (batch, size, size, 3)).astype(np.float32)
    targets = one_hot(np.arange(batch) % CLASSES, CLASSES)
    fed, own, keras = Stopwatch(f"fed, {name}"), Stopwatch("one batch"), Stopwatch("Keras, one batch")
    steps = max(1, len(pictures.ids) // batch)
    contenders: list[tuple[Stopwatch, Callable[[], Any]]] = []

    def on_epoch(epoch: Epoch) -> None:
        if not contenders:  # after the epoch in which everything starts
            balance = Balance(pictures.labels, CLASSES, recipe.balance)
            learner = Learner(model, balance, recipe, recipe.last, steps)
            twin = _compiled(backbones.network(backbone, CLASSES, size), frozen=True)
            contenders.append((own, lambda: learner.learn(images, targets)))
            contenders.append((keras, lambda: twin.train_on_batch(images, targets)))
            for _, step in contenders:
                step()
            return
        fed.add(len(pictures.ids), epoch.seconds, 0.0)
        for watch, step in contenders:
            with watch.round(steps * batch):
                for _ in range(steps):
                    step()

    few = Pictures(pictures.ids[:batch], pictures.labels[:batch], pictures.file)
    supply = Supply(partial(to_input, size=size), size, room=room)
    fine_tune(
        model, pictures, few, recipe, 0, State(), Checkpoint(folder / f"{name}.npz"),
        lambda _: None, on_epoch, lambda _: None, supply,
    )  # fmt: skip
    rows = [(w.name, w.rate, w.times(own), w.times(keras)) for w in (fed, own, keras)]
    print("\n" + table((backbone.name, "crops/s", "one batch = 1", "Keras = 1"), rows))
    key = name.replace(" ", "_")
    return {
        f"{key}_per_s": fed.rate,
        f"{key}_of_model_only": fed.times(own),
        f"{key}_of_keras": fed.times(keras),
        f"{key}_own_step_of_keras": own.times(keras),
    }


def species_layer(features: int, batch: int, rounds: int) -> dict[str, object]:
    """Steps of the first stage, with what makes its batches, against Keras' steps on one batch."""
    crops, steps = 64 * 200, 200
    random = np.random.default_rng(0)
    vectors = random.normal(size=(crops, features)).astype(np.float16)
    train = heads.Features(vectors, np.arange(crops), np.arange(crops) % CLASSES)
    few = heads.Features(vectors, np.arange(64), np.arange(64) % CLASSES)
    seconds: list[float] = []
    recipe = _recipe(batch, rounds + 1)
    heads.train_head(train, few, CLASSES, recipe, 0, lambda _: None, lambda e: seconds.append(e.seconds))
    import keras

    inputs = keras.Input((features,))
    model = _compiled(keras.Model(inputs, keras.layers.Dense(CLASSES)(inputs)), frozen=False)
    one = vectors[:64].astype(np.float32), one_hot(train.labels[:64], CLASSES)
    model.train_on_batch(*one)
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(steps):
            model.train_on_batch(*one)
        took.append(time.perf_counter() - began)
    own, raw = crops / statistics.median(seconds[1:]), 64 * steps / statistics.median(took)
    rows = [("own, all crops", own, own / raw), ("Keras, one batch", raw, 1.0)]
    print("\n" + table(("species layer", "crops/s", "Keras = 1"), rows))
    return {"species_layer_of_keras": own / raw}


def _recipe(batch: int, epochs: int) -> Recipe:
    import dataclasses

    standard = PRESETS["standard"]
    head = dataclasses.replace(standard.head, epochs=epochs, patience=epochs)
    changed = dataclasses.replace(standard, batch_size=batch, head=head)
    return changed.with_last(epochs=epochs, patience=epochs)


def _compiled(model: Any, frozen: bool) -> Any:
    import keras

    for layer in model.layers:
        if frozen and isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-4), loss, metrics=["accuracy"], jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


if __name__ == "__main__":
    main()
