"""Transfer: how well a quick training tells the species of photographs it has not seen, every photograph asked once.

    python -m benchmarks.transfer [--photos FOLDER] [--backbones NAME[@SIZE] ...] [--seeds 3]

FOLDER holds one folder of pictures per species. They are dealt into five parts, each with its share of every species.
Each part is tested by a classifier that learnt from the other four: a fifth of those chooses the epoch and fits the
temperature, as a training of a project does. "right" is the share of all photographs, by seed of dealing and training;
"ECE" is the calibration error of the confidence before and after the temperature.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import print_json, table
from benchmarks.training import PHOTOS, _fill, _whole
from camtrap_gui import calibration, temperature
from camtrap_gui.models.classifiers import backbones, features, heads
from camtrap_gui.models.classifiers.features import CropFile
from camtrap_gui.models.classifiers.heads import Features
from camtrap_gui.models.classifiers.recipes import PRESETS, Recipe
from camtrap_gui.project import Project, crops

FOLDS = 5


def main() -> None:
    """A line for each backbone, and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument(
        "--backbones", nargs="+", default=[f"{backbones.DEFAULT}@{size}" for size in (224, 288)]
    )
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    if not given.photos.is_dir():
        raise SystemExit(f"There is no folder {given.photos}. Give one with --photos.")
    rows, figures = [], {}
    with tempfile.TemporaryDirectory() as scratch, Project.create(Path(scratch) / "photos") as project:
        _fill(project, _whole(given.photos), ("train",))
        for name in given.backbones:
            seen = embedded(project, name)
            answers = [ask_all(seen, PRESETS["quick"], seed) for seed in range(given.seeds)]
            right = [float(one.right.mean()) for one in answers]
            before, after = (
                statistics.mean(one.error(fitted) for one in answers) for fitted in (False, True)
            )
            spread = f"{min(right):.3f} to {max(right):.3f}"
            rows.append((name, f"{statistics.mean(right):.4f}", spread, before, after))
            figures[name] = {"top1": right, "ece_before": before, "ece_after": after}
    print(table((f"{len(seen.labels):,} photos", "right", "by seed", "ECE", "with temperature"), rows))
    print_json({"benchmark": "transfer", "photos": len(seen.labels), "backbones": figures})


@dataclass
class Answers:
    """What was said of every photograph by a classifier that had not seen it; float32 [N, C], before the temperature and
    with it."""

    truth: NDArray[np.int64]
    plain: NDArray[np.float32]
    fitted: NDArray[np.float32]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each was told; bool [N]."""
        return self.plain.argmax(1) == self.truth

    def error(self, fitted: bool) -> float:
        """The calibration error of the confidence."""
        confidence = (self.fitted if fitted else self.plain).max(1).astype(np.float64)
        return calibration.measure(confidence, self.right, np.arange(len(self.truth))).error


def embedded(project: Project, name: str) -> Features:
    """What a backbone, as name or name@size, sees in all crops of a project."""
    called, _, size = name.partition("@")
    backbone = backbones.get(called, int(size or 0))
    store = features.store_of(project.folder, backbone)
    place = crops.species_places(project)
    rows = project.db.execute("SELECT species_id, file, sha256 FROM crops ORDER BY id").fetchall()
    files = [CropFile(crops.folder(project) / row["file"], row["sha256"]) for row in rows]
    unusable = features.embed(features.Embedder(backbone), store, files, lambda _: None)
    assert not unusable, unusable
    labels = np.array([place[row["species_id"]] for row in rows])
    return Features(store.vectors(), store.rows(file.sha256 for file in files), labels)


def ask_all(seen: Features, recipe: Recipe, seed: int) -> Answers:
    """What heads trained on four fifths say of the last one, for all five of them."""
    classes = int(seen.labels.max()) + 1
    plain = np.zeros((len(seen.labels), classes), np.float32)
    fitted = plain.copy()
    for train, validation, test in dealt(seen.labels, seed):
        learnt, chosen_by, asked = (only(seen, some) for some in (train, validation, test))
        head = heads.train_head(learnt, chosen_by, classes, recipe, seed, lambda _: None, lambda _: None)
        warmth = temperature.fit(head.logits(chosen_by), chosen_by.labels)
        logits = head.logits(asked)
        plain[test] = temperature.probabilities(logits)
        fitted[test] = temperature.probabilities(logits, warmth)
    return Answers(seen.labels, plain, fitted)


def only(seen: Features, some: NDArray[np.int64]) -> Features:
    """Some of the crops, by place."""
    return Features(seen.vectors, seen.rows[some], seen.labels[some])


def dealt(
    labels: NDArray[np.int64], seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Places to learn from, to choose by and to test, five times; every place is tested once."""
    random = np.random.default_rng(seed)
    fold = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        own = random.permutation(np.flatnonzero(labels == label))
        fold[own] = np.arange(len(own)) % FOLDS
    for part in range(FOLDS):
        rest = random.permutation(np.flatnonzero(fold != part))
        yield rest[len(rest) // FOLDS :], rest[: len(rest) // FOLDS], np.flatnonzero(fold == part)


if __name__ == "__main__":
    main()
