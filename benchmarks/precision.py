"""bfloat16 against float32: how fast features are made and the whole network learns, and what decisions change.

    python -m benchmarks.precision [--backbones efficientnet-lite0 resnet50-v2 inception-v4] [--batch 16] [--rounds 3]
                                   [--pictures 200] [--photos FOLDER]

Both take turns on the same batches. Weights are the installed ones, else random ones, which is as fast. Where they are
installed, photos are turned into features in both precisions; a layer of nearest class means, made from the float32
features of one half, decides about the other half, and the table says how often both precisions decide the same.
"""

import argparse
import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Stopwatch, print_json, table
from benchmarks.training import PHOTOS
from camtrap_gui.models.classifiers import backbones, devices
from camtrap_gui.models.classifiers.balance import Balance
from camtrap_gui.models.classifiers.learning import Learner, one_hot
from camtrap_gui.models.classifiers.preprocessing import to_input
from camtrap_gui.models.classifiers.recipes import PRESETS
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import read_upright
from camtrap_gui.problem import Problem

BOTH = (devices.FLOAT32, devices.BFLOAT16)
CLASSES = 10


def main() -> None:
    """Measure each backbone; print a table and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ["efficientnet-lite0", "resnet50-v2", "inception-v4"]
    parser.add_argument("--backbones", nargs="+", default=names)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    given = parser.parse_args()
    if not devices.has_bfloat16():
        print("This computer does not calculate in bfloat16: expect it to be slower.")
    rows, figures = [], {}
    for name in given.backbones:
        backbone = backbones.get(name)
        forward, learn = speed(backbone, given.batch, given.rounds)
        auto = devices.precision("auto", backbone)
        same = agreement(backbone, given.photos, given.pictures)
        rows.append((name, forward, learn, auto, "not installed" if same is None else f"{same:.1%}"))
        figures[name] = {"forward": forward, "learning": learn, "auto": auto, "same_decisions": same}
    header = ("bfloat16 / float32", "features", "learning", "auto takes", "same decisions")
    print(table(header, rows))
    print_json(figures)


def speed(backbone: backbones.Backbone, batch: int, rounds: int) -> tuple[float, float]:
    """How many times as fast bfloat16 makes features, and learns."""
    import keras
    import tensorflow as tf

    size = backbone.input_size
    images = np.random.default_rng(0).uniform(0, 255, (batch, size, size, 3)).astype(np.float32)
    labels = np.arange(batch) % CLASSES
    recipe = PRESETS["standard"]
    watches, work = {}, {}
    for precision in BOTH:
        with devices.calculating(precision):
            model = backbones.network(backbone, CLASSES, size)
            for layer in model.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.trainable = False
            learner = Learner(model, Balance(labels, CLASSES, "none"), recipe, recipe.last, 100)
            forward = tf.function(lambda x, model=model: model(x, training=False), jit_compile=False)
            tensor, targets = tf.constant(images), one_hot(labels, CLASSES)
            work[precision] = (
                lambda forward=forward, tensor=tensor: forward(tensor).numpy(),
                lambda learner=learner, targets=targets: learner.learn(images, targets),
            )
            for one in work[precision]:
                one()  # starts it
        watches[precision] = Stopwatch("features"), Stopwatch("learning")
    for _ in range(rounds):
        for precision in BOTH:
            for watch, one in zip(watches[precision], work[precision], strict=True):
                with watch.round(batch):
                    one()
    slow, fast = (watches[precision] for precision in BOTH)
    return fast[0].times(slow[0]), fast[1].times(slow[1])


def agreement(backbone: backbones.Backbone, photos: Path, count: int) -> float | None:
    """The share of photos about which both precisions decide alike; None without weights or photos."""
    with contextlib.suppress(Problem):
        weights = backbones.pretrained(backbone)
        files = sorted(photos.glob("*/*.jpg"))[:: max(1, len(list(photos.glob("*/*.jpg"))) // count)]
        if not files:
            return None
        labels = np.unique([file.parent.name for file in files], return_inverse=True)[1]
        images = np.stack(
            list(in_order(lambda file: to_input(read_upright(file), backbone.input_size), files))
        )
        exact, coarse = (_features(backbone, weights, images, precision) for precision in BOTH)
        half = np.arange(len(files)) % 2 == 0
        means = np.stack([exact[half & (labels == label)].mean(0) for label in np.unique(labels[half])])
        decide = [
            ((some[~half, None] - means[None]) ** 2).sum(2).argmin(1)
            for some in (exact, coarse.astype(np.float32))
        ]
        return float((decide[0] == decide[1]).mean())
    return None


def _features(backbone: backbones.Backbone, weights: Any, images: np.ndarray, precision: str) -> np.ndarray:
    import tensorflow as tf

    with devices.calculating(precision):
        model = backbones.embedder(backbone)
        backbones.assign(model, weights)
    made = [model(tf.cast(images[n : n + 16], tf.float32)) for n in range(0, len(images), 16)]
    return np.concatenate([tf.cast(one, tf.float32).numpy() for one in made])


if __name__ == "__main__":
    main()
