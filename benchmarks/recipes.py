"""Recipes: what each option of a training is worth, against the recipe it is an option of.

    python -m benchmarks.recipes [--photos FOLDER] [--only NAME ...] [--seeds 5] [--size 96] [--epochs 6] [--no-pictures]

FOLDER holds one folder of pictures per species. As on camera traps, some species are common and some rare: of the first
60 photographs are learnt from, of the last 2, of those between geometrically fewer; 10 of each choose the epoch, the
rest is tested. Every seed draws them anew, and all recipes learn from the same. The first table is of quick trainings,
the second of trainings of the whole network with pictures ``--size`` pixels wide. "more" is the mean of the differences
from the preset, with their standard deviation over the seeds. Confidence weighting is not here: photographs have no
detections.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import fine_tuned
from benchmarks.common import print_json, table
from benchmarks.training import PHOTOS, _fill, _whole
from benchmarks.transfer import embedded
from camtrap_gui import metrics
from camtrap_gui.models.classifiers import backbones
from camtrap_gui.models.classifiers.heads import Features
from camtrap_gui.models.classifiers.recipes import PRESETS, Recipe
from camtrap_gui.project import Project

MOST, FEWEST, CHOSEN_BY = 60, 2, 10
Change = Callable[[Recipe], Recipe]
Scores = list[tuple[float, float]]

OF_BOTH: Mapping[str, Change] = {
    "preset": lambda recipe: recipe,
    "balance none": lambda recipe: replace(recipe, balance="none"),
    "balance sampling": lambda recipe: replace(recipe, balance="sampling"),
    "balance weights": lambda recipe: replace(recipe, balance="weights"),
    "label smoothing 0.1": lambda recipe: replace(recipe, label_smoothing=0.1),
    "ema 0.95": lambda recipe: recipe.with_last(ema=0.95),
    "find rate": lambda recipe: recipe.with_last(find_rate=True),
}
OF_PICTURES: Mapping[str, Change] = {
    **OF_BOTH,
    "augmentation none": lambda recipe: replace(recipe, augmentation="none"),
    "augmentation light": lambda recipe: replace(recipe, augmentation="light"),
    "augmentation strong": lambda recipe: replace(recipe, augmentation="strong"),
    "unfreeze": Recipe.unfreezing,
}


def main() -> None:
    """Two tables and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--only", nargs="+", help="names of recipes; the preset is always there")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--no-pictures", action="store_true")
    given = parser.parse_args()
    if not given.photos.is_dir():
        raise SystemExit(f"There is no folder {given.photos}. Give one with --photos.")

    def chosen(changes: Mapping[str, Change]) -> dict[str, Change]:
        return {
            name: change
            for name, change in changes.items()
            if name == "preset" or not given.only or name in given.only
        }

    with tempfile.TemporaryDirectory() as scratch, Project.create(Path(scratch) / "photos") as project:
        _fill(project, _whole(given.photos), ("train",))
        seen = embedded(project, backbones.DEFAULT)
        quick = measure(chosen(OF_BOTH), given.seeds, lambda change, seed: ask_quick(seen, change, seed))
        print(told("quick", quick), flush=True)
        standard: dict[str, Scores] = {}
        if not given.no_pictures:
            small = embedded(project, f"{backbones.DEFAULT}@{given.size}")

            def ask(change: Change, seed: int) -> tuple[float, float]:
                return ask_standard(project, small, given.size, given.epochs, change, seed)

            standard = measure(chosen(OF_PICTURES), given.seeds, ask)
            print(told(f"standard, {given.size} pixels", standard))
    print_json({"benchmark": "recipes", "seeds": given.seeds, "quick": quick, "standard": standard})


def measure(
    changes: Mapping[str, Change], seeds: int, ask: Callable[[Change, int], tuple[float, float]]
) -> dict[str, Scores]:
    """Macro-F1 and accuracy of each recipe for each seed, in turns."""
    found: dict[str, Scores] = {name: [] for name in changes}
    for seed in range(seeds):
        for name, change in changes.items():
            found[name].append(ask(change, seed))
    return found


def told(title: str, found: Mapping[str, Scores]) -> str:
    """The scores as a table."""
    rows = []
    for name, scores in found.items():
        line: list[object] = [name]
        for place in (0, 1):
            own = [score[place] for score in scores]
            more = [score[place] - usual[place] for score, usual in zip(scores, found["preset"], strict=True)]
            spread = f" ± {statistics.stdev(more):.3f}" if len(more) > 1 else ""
            line += [f"{statistics.mean(own):.3f}", f"{statistics.mean(more):+.3f}{spread}"]
        rows.append(line)
    return table((title, "macro-F1", "more", "accuracy", "more"), rows)


def drawn(labels: NDArray[np.int64], seed: int) -> fine_tuned.Places:
    """Places of the photographs to learn from, to choose by and to test."""
    random = np.random.default_rng(seed)
    classes = np.unique(labels)
    parts: list[list[NDArray[np.int64]]] = [[], [], []]
    for label, count in zip(
        classes, np.geomspace(MOST, FEWEST, len(classes)).round().astype(int), strict=True
    ):
        own = random.permutation(np.flatnonzero(labels == label))
        for part, some in zip(parts, np.split(own, [count, count + CHOSEN_BY]), strict=True):
            part.append(some)
    train, validation, test = (np.concatenate(part) for part in parts)
    return train, validation, test


def ask_quick(seen: Features, change: Change, seed: int) -> tuple[float, float]:
    """Macro-F1 and accuracy of a head on the photographs it has not seen."""
    train, validation, test = drawn(seen.labels, seed)
    head = fine_tuned.trained_head(seen, train, validation, change(PRESETS["quick"]), seed)
    asked = fine_tuned.only(seen, test)
    return score(head.logits(asked).argmax(1), asked.labels)


def ask_standard(
    project: Project, seen: Features, size: int, epochs: int, change: Change, seed: int
) -> tuple[float, float]:
    """The same of the whole network."""
    places = drawn(seen.labels, seed)
    recipe = change(PRESETS["standard"].with_last(epochs=epochs))
    _, said = fine_tuned.answers(project, seen, size, recipe, places, seed)
    return score(said.argmax(1), seen.labels[places[2]])


def score(said: NDArray[np.int64], truth: NDArray[np.int64]) -> tuple[float, float]:
    """Macro-F1 and accuracy."""
    confusion = metrics.confusion_matrix(truth, said, int(truth.max()) + 1)
    return metrics.macro_f1(confusion), float((said == truth).mean())


if __name__ == "__main__":
    main()
