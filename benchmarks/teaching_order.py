"""Labelling what teaches most first against labelling in random order.

    python -m benchmarks.teaching_order [--photos FOLDER] [--seeds 3]

FOLDER holds one folder of pictures per species. A fifth of the photos is kept aside. Of the others 25 are labelled, a
head is trained on them as a quick training does, and so on with 50, 100, 200 and 400: at random, or first by likeness alone
and then by what the head is unsure of, as ``camtrap review`` orders them. Printed is the accuracy on the photos kept aside,
mean over the seeds; "rare species" has only a share of the photos of each species, from all down to a sixteenth.
"""

import argparse
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.common import print_json, table
from benchmarks.label_noise import Truth, photos_project, read
from benchmarks.training import PHOTOS
from camtrap_gui.models.classifiers import backbones, heads, likeness, teaching_order
from camtrap_gui.models.classifiers.bundle import Dense
from camtrap_gui.models.classifiers.recipes import Recipe
from camtrap_gui.project import Project
from camtrap_gui.steps import review

STEPS = (25, 50, 100, 200, 400)
EPOCHS = 20


def main() -> None:
    """Both ways on both surveys; a table and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    if not given.photos.is_dir():
        raise SystemExit(f"There is no folder {given.photos}. Give one with --photos.")
    with (
        tempfile.TemporaryDirectory() as scratch,
        Project.open(photos_project(Path(scratch) / "photos", given.photos)) as project,
    ):
        review.run(project, review.Options(), lambda _: None)  # keeps the features
        measure(read(project), given.seeds)


def measure(truth: Truth, seeds: int) -> None:
    """Let both ways label, seed by seed."""
    rows: list[tuple[str, ...]] = []
    figures: dict[str, object] = {"seeds": seeds}
    for survey, rare in (("all photos", False), ("rare species", True)):
        found: dict[tuple[str, int], list[float]] = defaultdict(list)
        for seed in range(seeds):
            pool = pool_of(truth, rare, np.random.default_rng(seed))
            for way in ("random", "teaches"):
                for amount, right in zip(STEPS, label(truth, pool, way, seed), strict=False):
                    found[way, amount].append(right)
        for way in ("random", "teaches"):
            means = {amount: statistics.mean(found[way, amount]) for amount in STEPS if found[way, amount]}
            rows.append((f"{survey}, {way}", *(f"{means[n]:.1%}" if n in means else "" for n in STEPS)))
            figures |= {f"{survey}, {way}, {amount}": mean for amount, mean in means.items()}
    print(table(("labels", *map(str, STEPS)), rows))
    print_json({"benchmark": "teaching_order", **figures})


def pool_of(truth: Truth, rare: bool, random: np.random.Generator) -> np.ndarray:
    """The photos to be labelled, in random order; with ``rare`` ever fewer of each species."""
    pool = random.permutation(np.flatnonzero(~truth.held_out))
    if rare:
        classes = int(truth.labels.max()) + 1
        of_each = [pool[truth.labels[pool] == one] for one in range(classes)]
        kept = [some[: max(4, int(len(some) * 16 ** (-n / (classes - 1))))] for n, some in enumerate(of_each)]
        pool = random.permutation(np.concatenate(kept))
    return pool


def label(truth: Truth, pool: np.ndarray, way: str, seed: int) -> list[float]:
    """Accuracies after each step of labelling that the pool is large enough for."""
    points = likeness.points(truth.taught.vectors, truth.taught.rows[pool], seed)
    labelled, uncertainty, accuracies = np.zeros(len(pool), bool), None, []
    tested = np.flatnonzero(truth.held_out)
    for amount in STEPS:
        if amount > len(pool):
            break
        order = (
            np.flatnonzero(~labelled)
            if way == "random"
            else teaching_order.order(points, uncertainty, labelled, seed)
        )
        labelled[order[: amount - labelled.sum()]] = True
        head = train(truth, pool[labelled], seed)
        accuracies.append(
            float((head.predict(truth.taught.take(tested)).argmax(1) == truth.labels[tested]).mean())
        )
        shares = np.sort(head.predict(truth.taught.take(pool)), axis=1)
        uncertainty = 1 - (shares[:, -1] - shares[:, -2])
    return accuracies


def train(truth: Truth, which: np.ndarray, seed: int) -> Dense:
    """A head that knows the labels of these photos."""
    some = heads.Features(truth.taught.vectors, truth.taught.rows[which], truth.labels[which])
    classes = int(truth.labels.max()) + 1
    head = heads.train_head(
        some, some, classes, Recipe().with_last(epochs=EPOCHS), seed, lambda _: None, lambda _: None
    )
    names = tuple(map(str, range(classes)))
    return Dense(backbones.usual(), names, head.kernel, head.bias)


if __name__ == "__main__":
    main()
