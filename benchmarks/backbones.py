"""Backbones: how many crops a second each turns into features, what it takes, and how well its features tell species apart.

    python -m benchmarks.backbones [--photos FOLDER] [--only NAME ...] [--sizes 160 320] [--installed] [--rounds 5]

FOLDER holds one folder of pictures per species. Rates are of batches of 32 in memory, in turns with efficientnet-lite0 at
its own size, and depend on the network alone: backbones whose weights are not installed are timed too (not with
``--installed``), but have no accuracy. ``--sizes`` adds the default backbone seeing other sizes. Accuracy is of the head
of a quick training in ``--folds`` folds: every picture is judged once, by a head that neither learnt from it nor chose
its epoch by it. "memory" is what embedding one batch adds to a fresh process at its highest.
"""

import argparse
import gc
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Stopwatch, now, print_json, table
from camtrap_gui.models import store
from camtrap_gui.models.classifiers import backbones, heads, preprocessing
from camtrap_gui.models.classifiers.backbones import Backbone
from camtrap_gui.models.classifiers.recipes import PRESETS
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import read_upright

PHOTOS = Path(__file__).parents[2] / "shared" / "testdata" / "images" / "monkeys10" / "training"
_BATCH = 32

Pixels = NDArray[np.uint8]
Embed = Callable[[Pixels], NDArray[np.float32]]


def main() -> None:
    """A line for each backbone, and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--most", type=int, default=0, help="pictures per species; 0: all")
    parser.add_argument("--only", nargs="+", help="names of backbones; the default one is always there")
    parser.add_argument("--sizes", nargs="+", type=int, default=[], help="for the default backbone")
    parser.add_argument("--installed", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory_of:
        name, _, size = given.memory_of.partition("@")
        print(highest_memory(backbones.get(name, int(size or 0))))
        return
    there = {entry.name for entry in store.entries()}
    chosen = [
        one
        for one in backbones.registry().values()
        if one.name == backbones.DEFAULT
        or ((not given.only or one.name in given.only) and (one.name in there or not given.installed))
    ]
    chosen += [backbones.get(backbones.DEFAULT, size) for size in given.sizes]
    photos = pictures(given.photos, given.most) if given.photos.is_dir() else []
    rows: list[tuple[object, ...]] = []
    figures = {}
    reference = network(chosen[0])
    for backbone in chosen:
        figures[label(backbone)] = measured = measure(
            backbone, reference, photos if backbone.name in there else [], given.rounds, given.folds
        )
        rows.append((label(backbone), *measured.values()))
        print(f"{label(backbone)} is measured", file=sys.stderr, flush=True)
    head = (
        "backbone",
        "px",
        "million weights",
        "features",
        "crops/s",
        "times lite0",
        "memory MB",
        "accuracy",
    )
    print(table((*head, "± between folds"), rows))
    print_json({"benchmark": "backbones", "photos": len(photos), "backbones": figures})


def label(backbone: Backbone) -> str:
    """Its name, with the size where it is not its own."""
    return f"{backbone.name}@{backbone.input_size}" if backbone.resized else backbone.name


def measure(
    backbone: Backbone, reference: Embed, photos: Sequence[tuple[int, Path]], rounds: int, folds: int
) -> dict[str, float | int | str]:
    """The figures of one backbone by name; what cannot be measured is "-"."""
    model, embed = _built(backbone)
    weights = model.count_params() / 1e6
    ours, theirs = rate(embed, backbone.input_size, reference, rounds)
    accuracy: tuple[float | str, float | str] = ("-", "-")
    if photos:
        by_fold = transfer(embed, backbone.input_size, photos, folds)
        accuracy = (float(np.average(by_fold)), float(np.std(by_fold)))
    del model, embed
    gc.collect()
    return {
        "size": backbone.input_size,
        "million_weights": weights,
        "features": backbone.features,
        "crops_per_s": ours.rate,
        "times_lite0": ours.times(theirs),
        "memory_mb": memory_of(backbone),
        "accuracy": accuracy[0],
        "spread": accuracy[1],
    }


def network(backbone: Backbone) -> Embed:
    """The backbone as a function, with its weights if they are installed."""
    return _built(backbone)[1]


def _built(backbone: Backbone) -> tuple[Any, Embed]:
    import tensorflow as tf

    model = backbones.embedder(backbone)
    if backbone.name in {entry.name for entry in store.entries()}:
        backbones.assign(model, backbones.pretrained(backbone))
    shape = (None, backbone.input_size, backbone.input_size, 3)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8)], jit_compile=False)
    def features(images: Any) -> Any:
        return model(tf.cast(images, tf.float32), training=False)

    def embed(images: Pixels) -> NDArray[np.float32]:
        made: NDArray[np.float32] = features(tf.constant(images)).numpy()
        return made

    return model, embed


def rate(embed: Embed, size: int, reference: Embed, rounds: int) -> tuple[Stopwatch, Stopwatch]:
    """Batches by both in turns, as many in a round as take about a second."""
    own = backbones.get(backbones.DEFAULT).input_size
    ours, theirs = Stopwatch("this"), Stopwatch("reference")
    contenders = ((ours, embed, noise(size)), (theirs, reference, noise(own)))
    batches = {}
    for watch, network, images in contenders:
        network(images)  # builds it
        began, _ = now()
        network(images)
        batches[watch.name] = max(1, round(1 / (now()[0] - began)))
    for _ in range(rounds):
        for watch, network, images in contenders:
            with watch.round(batches[watch.name] * _BATCH):
                for _ in range(batches[watch.name]):
                    network(images)
    return ours, theirs


def noise(size: int) -> Pixels:
    """A batch of images of nothing."""
    return np.random.default_rng(0).integers(0, 256, (_BATCH, size, size, 3), np.uint8)


def memory_of(backbone: Backbone) -> float:
    """Megabytes that a process of its own needs at its highest for a batch, less what it needed with TensorFlow alone."""
    command = [sys.executable, "-m", "benchmarks.backbones", "--memory-of"]
    said = subprocess.run(
        [*command, f"{backbone.name}@{backbone.input_size}"], capture_output=True, text=True, check=True
    )
    return float(said.stdout.split()[-1])


def highest_memory(backbone: Backbone) -> float:
    """The same in this process, which should have done nothing else; not a number where the system does not tell."""
    import tensorflow as tf

    tf.constant(0).numpy()
    before = _highest()
    network(backbone)(noise(backbone.input_size))
    return _highest() - before


def _highest() -> float:
    # Not getrusage: there a process begins with what its parent had.
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return float(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1e3


def pictures(folder: Path, most: int) -> list[tuple[int, Path]]:
    """Class and file of each photo."""
    return [
        (number, file)
        for number, species in enumerate(sorted(path for path in folder.iterdir() if path.is_dir()))
        for file in sorted(species.iterdir())[: most or None]
    ]


def transfer(embed: Embed, size: int, photos: Sequence[tuple[int, Path]], folds: int) -> list[float]:
    """Accuracy of each fold. The fold after it chooses the epoch, the others are learnt from."""
    vectors = []
    with closing(
        in_order(lambda photo: preprocessing.to_input(read_upright(photo[1]), size), photos)
    ) as read:
        batch: list[Pixels] = []
        for image in read:
            batch.append(image)
            if len(batch) == _BATCH:
                vectors.append(embed(np.stack(batch)))
                batch.clear()
        if batch:
            vectors.append(embed(np.stack(batch)))
    kept = np.concatenate(vectors).astype(np.float16)
    labels = np.array([number for number, _ in photos])
    fold_of = np.zeros(len(labels), int)
    random = np.random.default_rng(0)
    for number in np.unique(labels):
        which = np.flatnonzero(labels == number)
        fold_of[random.permutation(which)] = np.arange(len(which)) % folds
    accuracies = []
    for fold in range(folds):
        chooses = (fold + 1) % folds
        learns = np.flatnonzero((fold_of != fold) & (fold_of != chooses))
        tested = np.flatnonzero(fold_of == fold)
        judges = np.flatnonzero(fold_of == chooses)
        head = heads.train_head(
            heads.Features(kept, learns, labels[learns]),
            heads.Features(kept, judges, labels[judges]),
            int(labels.max()) + 1,
            PRESETS["quick"],
            seed=fold,
            say=lambda state: None,
            on_epoch=lambda epoch: None,
        )
        said = head.logits(heads.Features(kept, tested, labels[tested])).argmax(1)
        accuracies.append(float((said == labels[tested]).mean()))
    return accuracies


if __name__ == "__main__":
    main()
