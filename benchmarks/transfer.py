"""Transfer: how well a training tells the species of photographs it has not seen, every photograph asked once.

    python -m benchmarks.transfer [--photos FOLDER] [--backbones NAME[@SIZE] ...] [--seeds 3] [--standard] [--epochs 10] [--size 224]

FOLDER holds one folder of pictures per species. They are dealt into five parts, each with its share of every species.
Each part is tested by a classifier that learnt from the other four: a fifth of those chooses the epoch and fits the
temperature, as a training of a project does. "right" is the share of all photographs, by seed of dealing and training;
"ECE" is the calibration error of the confidence before and after the temperature.

With ``--standard``, networks of the default backbone that are fine-tuned as a whole are asked about the parts of the
first seed, too (hours), and a line tells of each part as it ends.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import fine_tuned
from benchmarks.common import print_json, table
from benchmarks.fine_tuned import Places, only
from benchmarks.training import PHOTOS, _fill, _whole
from camtrap_gui import calibration, temperature
from camtrap_gui.models.classifiers import backbones, features
from camtrap_gui.models.classifiers.features import CropFile
from camtrap_gui.models.classifiers.heads import Features
from camtrap_gui.models.classifiers.recipes import NETWORK, PRESETS
from camtrap_gui.project import Project, crops

FOLDS = 5
Logits = tuple[NDArray[np.float32], NDArray[np.float32]]
Ask = Callable[[Places, int], Logits]
"""Logits [N, C] of the photographs to choose by and of those to test, for a seed."""


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
    parser.add_argument("--standard", action="store_true", help="fine-tune whole networks, too")
    parser.add_argument("--epochs", type=int, default=NETWORK.epochs, help="of fine-tuning, at most")
    parser.add_argument("--size", type=int, help="pixels that fine-tuned networks see; the usual ones")
    given = parser.parse_args()
    if not given.photos.is_dir():
        raise SystemExit(f"There is no folder {given.photos}. Give one with --photos.")
    found: dict[str, list[Answers]] = {}
    with tempfile.TemporaryDirectory() as scratch, Project.create(Path(scratch) / "photos") as project:
        _fill(project, _whole(given.photos), ("train",))
        for name in given.backbones:
            seen = embedded(project, name)
            ask = partial(ask_quick, seen)
            found[name] = [ask_all(seen.labels, ask, seed) for seed in range(given.seeds)]
        if given.standard:
            size = given.size or backbones.usual().input_size
            seen = embedded(project, f"{backbones.DEFAULT}@{size}")
            found["quick, first seed"] = [ask_all(seen.labels, partial(ask_quick, seen), 0)]
            ask = partial(ask_standard, project, seen, size, given.epochs)
            found["standard, first seed"] = [ask_all(seen.labels, ask, 0, aloud=True)]
    print(table(("photographs", "right", "by seed", "ECE", "with temperature"), told(found)))
    figures = {
        name: {"top1": [float(one.right.mean()) for one in answers], "ece": errors(answers)}
        for name, answers in found.items()
    }
    print_json({"benchmark": "transfer", "photos": len(seen.labels), "found": figures})


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


def errors(answers: Sequence[Answers]) -> list[float]:
    """The mean calibration error before and with the temperature."""
    return [statistics.mean(one.error(fitted) for one in answers) for fitted in (False, True)]


def told(found: dict[str, list[Answers]]) -> list[Sequence[object]]:
    """The rows of the table."""
    rows: list[Sequence[object]] = []
    for name, answers in found.items():
        right = [float(one.right.mean()) for one in answers]
        spread = f"{min(right):.3f} to {max(right):.3f}"
        rows.append((name, f"{statistics.mean(right):.4f}", spread, *errors(answers)))
    return rows


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


def ask_quick(seen: Features, places: Places, seed: int) -> Logits:
    """What the species layer of a quick training says."""
    train, validation, test = places
    head = fine_tuned.trained_head(seen, train, validation, PRESETS["quick"], seed)
    return head.logits(only(seen, validation)), head.logits(only(seen, test))


def ask_standard(
    project: Project, seen: Features, size: int, epochs: int, places: Places, seed: int
) -> Logits:
    """What a network says that learnt as a whole."""
    recipe = PRESETS["standard"].with_last(epochs=epochs)
    return fine_tuned.answers(project, seen, size, recipe, places, seed)


def ask_all(labels: NDArray[np.int64], ask: Ask, seed: int, aloud: bool = False) -> Answers:
    """What classifiers trained on four fifths say of the last one, for all five of them."""
    plain = np.zeros((len(labels), int(labels.max()) + 1), np.float32)
    fitted = plain.copy()
    for number, (train, validation, test) in enumerate(dealt(labels, seed), 1):
        began = time.monotonic()
        of_validation, of_test = ask((train, validation, test), seed)
        warmth = temperature.fit(of_validation, labels[validation])
        plain[test] = temperature.probabilities(of_test)
        fitted[test] = temperature.probabilities(of_test, warmth)
        if aloud:
            right = int((of_test.argmax(1) == labels[test]).sum())
            print(
                f"part {number}: {right} of {len(test)}, {time.monotonic() - began:,.0f} seconds", flush=True
            )
    return Answers(labels, plain, fitted)


def dealt(labels: NDArray[np.int64], seed: int) -> Iterator[Places]:
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
