"""Recipes: what each option of a training is worth, against the recipe it is an option of.

    python -m benchmarks.recipes [--photos FOLDER] [--demo PROJECT] [--only NAME ...] [--seeds 5] [--demo-seeds 20] [--size 96]
        [--epochs 6] [--no-pictures] [--no-demo]

FOLDER holds one folder of pictures per species. As on camera traps, some species are common and some rare: of the first
60 photographs are learnt from, of the last 2, of those between geometrically fewer; 10 of each choose the epoch, the
rest is tested. PROJECT is a demo's project folder beside its survey (default: a demo of 1,800 pictures is made): a fifth of
its cameras is tested, a fifth chooses the epoch. Some of its crops show no animal, as its detector errs; they are learnt
from, and those of the test do not count. Every seed draws anew, and all recipes learn from the same.

The first table is of quick trainings, the second of quick trainings on the demo, the third of trainings of the whole
network with pictures ``--size`` pixels wide. A quick training learns at last from the crops that choose the epoch, too, for
a fixed number of epochs; "preset" is what comes of that, "validated" what the layer says that these crops have chosen.
"more" is the mean of the differences from the preset, with their standard deviation over the seeds.
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
from camtrap_gui import demo, metrics
from camtrap_gui.geometry import iou
from camtrap_gui.models.classifiers import backbones, out_of_fold
from camtrap_gui.models.classifiers.heads import Features
from camtrap_gui.models.classifiers.recipes import PRESETS, Recipe
from camtrap_gui.models.training import everything
from camtrap_gui.project import Project, training_data
from camtrap_gui.survey import truth

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
VALIDATED = "validated"
OF_QUICK: Mapping[str, Change] = {
    **OF_BOTH,
    VALIDATED: lambda recipe: PRESETS["quick"],
    "10 epochs": lambda recipe: recipe.with_last(epochs=10),
    "30 epochs": lambda recipe: recipe.with_last(epochs=30),
    "60 epochs": lambda recipe: recipe.with_last(epochs=60),
}
OF_DEMO: Mapping[str, Change] = {
    **OF_QUICK,
    "by confidence": lambda recipe: replace(recipe, by_confidence=True),
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
    parser.add_argument("--demo", type=Path, help="the project folder of a demo; crops' features are added")
    parser.add_argument("--only", nargs="+", help="names of recipes; the preset is always there")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--demo-seeds", type=int, default=20)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--no-pictures", action="store_true")
    parser.add_argument("--no-demo", action="store_true")
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

        def of_photos(change: Change, seed: int) -> tuple[float, float]:
            return ask_quick(seen, drawn(seen.labels, seed), change, seed)

        quick = measure(chosen(OF_QUICK), given.seeds, of_photos)
        print(told("quick", quick), flush=True)
        of_demo: dict[str, Scores] = {}
        if not given.no_demo:
            of_demo = measure_demo(Path(scratch), given.demo, chosen(OF_DEMO), given.demo_seeds)
            print(told("quick, demo", of_demo), flush=True)
        standard: dict[str, Scores] = {}
        if not given.no_pictures:
            small = embedded(project, f"{backbones.DEFAULT}@{given.size}")

            def ask(change: Change, seed: int) -> tuple[float, float]:
                return ask_standard(project, small, given.size, given.epochs, change, seed)

            standard = measure(chosen(OF_PICTURES), given.seeds, ask)
            print(told(f"standard, {given.size} pixels", standard))
    found = {"quick": quick, "demo": of_demo, "standard": standard}
    print_json({"benchmark": "recipes", "seeds": given.seeds, **found})


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


def ask_quick(seen: Features, places: fine_tuned.Places, change: Change, seed: int) -> tuple[float, float]:
    """Macro-F1 and accuracy of a head on crops it has not seen."""
    train, validation, test = places
    recipe = change(everything.brief(PRESETS["quick"]))
    if recipe == PRESETS["quick"]:
        head = fine_tuned.trained_head(seen, train, validation, recipe, seed)
    else:
        learnt = seen.only(np.concatenate([train, validation]))
        head = out_of_fold.learn(learnt, int(seen.labels.max()) + 1, recipe, seed, lambda _: None)
    asked = seen.only(test)
    return score(head.logits(asked).argmax(1), asked.labels)


def measure_demo(
    scratch: Path, made: Path | None, changes: Mapping[str, Change], seeds: int
) -> dict[str, Scores]:
    """The same of crops of a demo, cameras apart, tested on those that show an animal."""
    if made is None:
        demo.run(None, demo.Options(scratch / "demo", images=1800), lambda _: None)
        made = scratch / "demo" / "project"
    with Project.open(made) as project:
        every = crop_ids(project)
        seen = replace(
            embedded(project, backbones.DEFAULT), confidences=training_data.confidences(project, every)
        )
        names = list(training_data.locations(project, every))
        shows = shows_animal(project, made.parent / "survey")
    _, cameras = np.unique(names, return_inverse=True)

    def ask(change: Change, seed: int) -> tuple[float, float]:
        folds = out_of_fold.deal(cameras.astype(np.int64), 5, seed)
        parts = (folds > 1, folds == 1, (folds == 0) & shows)
        train, validation, test = (np.flatnonzero(part) for part in parts)
        return ask_quick(seen, (train, validation, test), change, seed)

    print(f"{len(every):,} crops of the demo, {np.mean(~shows):.1%} of them without an animal", flush=True)
    return measure(changes, seeds, ask)


def crop_ids(project: Project) -> list[int]:
    """All crops, ascending."""
    return [row[0] for row in project.db.execute("SELECT id FROM crops ORDER BY id")]


def shows_animal(project: Project, survey: Path) -> NDArray[np.bool_]:
    """Which crops, ascending by id, are of a box that somebody is in."""
    true = truth.read_true_boxes(survey / "true_boxes.json")
    rows = project.db.execute(
        "SELECT images.key AS key, detections.x, detections.y, detections.width, detections.height FROM crops"
        " JOIN images ON images.id = crops.image_id LEFT JOIN detections ON detections.id = detection_id"
        " ORDER BY crops.id"
    )
    return np.array([any(iou(tuple(box), other) >= truth.SAME for other in true[key]) for key, *box in rows])


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
