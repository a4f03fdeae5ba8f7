"""The tutorial's recipe: what its two known faults cost, and how long its network takes for a step.

    python -m benchmarks.tutorial_recipe [--photos FOLDER] [--backbone efficientnet-lite0] [--input-size 96]
                                         [--first-steps 100] [--epochs 6] [--seeds 3] [--batch 8]

FOLDER holds one folder of pictures per species; four fifths of them are learnt from, the others tell how well. The tutorial's
own network takes days for that, so a small one that is installed stands in for it: both stages, the optimizer, the rates
and the changes to crops are the recipe's, the number of steps is not (--first-steps for the species layer, --epochs for the
whole network). Every way is trained with every seed; figures are accuracies after the last epoch of either stage, mean and
standard deviation, as no epoch is chosen by them.

The last row asks the network of the recipe as it is here about whole crops, antialiased, where the recipe cuts off a
sixteenth at each edge. The second table is Inception V4 at 299 pixels with random weights, ``--batch`` crops per step (0: it is left out).
"""

import argparse
import dataclasses
import json
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Stopwatch, print_json, table
from benchmarks.training import PHOTOS, _fill, _whole
from camtrap_gui.models.classifiers import backbones, bundle, inception_v4, tutorial
from camtrap_gui.models.classifiers.preprocessing import WHOLE
from camtrap_gui.pictures import read_upright
from camtrap_gui.project import Project, crops, runs
from camtrap_gui.steps import train

WAYS = {
    "as the original": (True, True),
    "first stage on fixed statistics": (False, True),
    "averages that catch up": (True, False),
    "both (the default)": (False, False),
}
"""By name: whether the frozen backbone normalises by batches, and whether averages lag as in the original."""
STEPS = 3


def main() -> None:
    """Train each way with each seed, then time steps; tables and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--backbone", default=backbones.DEFAULT)
    parser.add_argument("--input-size", type=int, default=96)
    parser.add_argument("--first-steps", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    given = parser.parse_args()
    if not given.photos.is_dir():
        raise SystemExit(f"There is no folder {given.photos}. Give one with --photos.")
    tutorial.FIRST_STEPS = given.first_steps
    figures: dict[str, object] = {"benchmark": "tutorial_recipe", "seeds": given.seeds}
    with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "photos") as project:
        _fill(project, _whole(given.photos), ("train", "train", "train", "train", "val"))
        options = train.Options(
            preset="tutorial",
            backbone=given.backbone,
            input_size=given.input_size,
            epochs=given.epochs,
            fresh=True,
        )
        rows = compare(project, options, given.seeds)
    print(table(("accuracy", "species layer", "±", "whole network", "±"), rows))
    figures |= {f"{row[0]}: whole network": row[3] for row in rows}
    if given.batch:
        seconds = inception_steps(given.batch)
        print()
        print(table((f"Inception V4, {given.batch} crops", "s per step"), list(seconds.items())))
        figures |= {f"inception_v4_{name}_s": value for name, value in seconds.items()}
    print_json(figures)


def compare(project: Project, options: train.Options, seeds: int) -> list[tuple[Any, ...]]:
    """A row for each way: its name, then accuracy and its spread after the first and after the second stage."""
    rows, whole_crops = [], []
    for name, (on_batches, slow) in WAYS.items():
        reached = []
        for seed in range(seeds):
            with normalised(on_batches, slow):
                result = train.run(project, dataclasses.replace(options, seed=seed), lambda _: None)
            run = runs.get(project, result.run)
            lines = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
            layer, whole = (stage.phase for stage in tutorial.stages(1, 1))
            reached.append(
                [[e["val_accuracy"] for e in lines if e["phase"] == phase][-1] for phase in (layer, whole)]
            )
            print(f"{name}, seed {seed}: {reached[-1][0]:.3f}, {reached[-1][1]:.3f}", flush=True)
            if not (on_batches or slow):
                whole_crops.append((accuracy(project, run, WHOLE), accuracy(project, run, None)))
        rows.append((name, *(figure for column in zip(*reached, strict=True) for figure in spread(column))))
    of_whole, of_centre = zip(*whole_crops, strict=True)
    rows.append(("kept network, central part", "", "", *spread(of_centre)))
    rows.append(("kept network, whole crops", "", "", *spread(of_whole)))
    return rows


@contextmanager
def normalised(on_batches: bool, slow: bool) -> Iterator[None]:
    """Make the recipe treat normalisation so meanwhile."""
    real: Callable[..., None] = tutorial.normalise

    def normalise(network: tutorial.Network, stage: tutorial.Stage, steps: int, as_original: bool) -> None:
        import keras

        real(network, stage, steps, on_batches)
        for layer in network.learning.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = tutorial.SLOWEST if slow else tutorial.momentum(steps)

    tutorial.normalise = normalise
    try:
        yield
    finally:
        tutorial.normalise = real


def accuracy(project: Project, run: runs.Run, way: str | None) -> float:
    """Of a run's kept network on the validation crops, seen another way than its own if one is given."""
    classifier = bundle.load(run.model)
    if way:
        classifier = dataclasses.replace(classifier, preprocessing=way)
    asked = list(crops.of_split(project, "val"))
    said = classifier.predict([read_upright(crops.path_of(project, crop)) for crop in asked])
    return float((said.argmax(1) == [crop.species for crop in asked]).mean())


def spread(figures: tuple[float, ...]) -> tuple[float, float]:
    """Mean and standard deviation."""
    return statistics.mean(figures), statistics.stdev(figures) if len(figures) > 1 else float("nan")


def inception_steps(batch: int) -> dict[str, float]:
    """Seconds for a step of either stage, after the first ones."""
    drawn = backbones.arrays_of(backbones.embedder(inception_v4.INCEPTION_V4))
    real, backbones.pretrained = backbones.pretrained, lambda _: drawn
    try:
        network = tutorial.network(inception_v4.INCEPTION_V4, 299, np.full(10, batch), seed=0)
    finally:
        backbones.pretrained = real
    random = np.random.default_rng(0)
    images = random.uniform(0, 255, (batch, 299, 299, 3)).astype(np.float32)
    targets = np.eye(10, dtype=np.float32)[random.integers(0, 10, batch)]
    seconds = {}
    for stage in tutorial.stages(100, 1):
        tutorial.normalise(network, stage, 100, as_original=False)
        learner = tutorial.SlimLearner(network, stage, 100)
        learner.learn(images, targets)
        watch = Stopwatch(stage.phase)
        with watch.round(STEPS):
            for _ in range(STEPS):
                learner.learn(images, targets)
        seconds[stage.phase] = 1 / watch.rate
    return seconds


if __name__ == "__main__":
    main()
