"""Confidence: whether it can be taken at its word, and what may be accepted without a look.

    python -m benchmarks.confidence [--photos FOLDER] [--demo PROJECT] [--pictures 1800] [--seeds 3]

FOLDER holds one folder of pictures per species; PROJECT is a demo's project folder (default: a demo of so many pictures
is made). Crops are dealt into five folds, those of the demo by camera, anew for each seed. Each fold is asked about by
heads that have met neither its crops nor their cameras, in two ways:

- "validated": the head learns from three folds; the fourth chooses the epoch and gives temperature and thresholds.
- "from all": the head learns from all four, as the end of a quick training does. Temperature and thresholds are from
  heads that learnt in the same way from four fifths of the cameras of these four folds, about the fifth.

The first table tells of all answers together: the calibration error (and the worst of the seeds), and for a wanted
precision how much is accepted and how much of that is right (and in the worst of the seeds).
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.common import print_json, table
from benchmarks.label_noise import photos_project
from benchmarks.training import PHOTOS
from camtrap_gui import calibration, demo, temperature, thresholds
from camtrap_gui.models.classifiers import backbones, features, heads, out_of_fold
from camtrap_gui.models.classifiers.recipes import PRESETS
from camtrap_gui.models.training import everything
from camtrap_gui.project import Project, crops
from camtrap_gui.thresholds import Answers

PRECISIONS = (0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Crops:
    """Features float32 [N, F] of crops, their classes, locations, what is dealt as a whole, and folds."""

    vectors: np.ndarray
    labels: np.ndarray
    locations: np.ndarray
    groups: np.ndarray
    folds: np.ndarray

    def again(self, seed: int) -> "Crops":
        """The same, dealt anew."""
        return replace(self, folds=out_of_fold.deal(self.groups, 5, seed))

    def features(self, which: np.ndarray) -> heads.Features:
        """Some of them to learn from."""
        return heads.Features(self.vectors, which, self.labels[which])


@dataclass(frozen=True)
class Head:
    """A trained layer, the classes it has met and the temperature found for it."""

    kernel: np.ndarray
    bias: np.ndarray
    met: np.ndarray
    temperature: float = 1.0

    def logits(self, vectors: np.ndarray) -> np.ndarray:
        """What it says of features."""
        said: np.ndarray = vectors @ self.kernel + self.bias
        return said

    def shares(self, vectors: np.ndarray) -> np.ndarray:
        """The same as probabilities."""
        return temperature.probabilities(self.logits(vectors), self.temperature)


def main() -> None:
    """Photos, then the demo; a table each, and JSON."""
    parser = parser_of(__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    figures: dict[str, object] = {"benchmark": "confidence", "seeds": given.seeds}
    for name, some in surveys(given):
        figures[name] = calibrated(name, some, given.seeds)
        print(flush=True)
    print_json(figures)


def parser_of(about: str | None) -> argparse.ArgumentParser:
    """The options that say which crops."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument(
        "--demo", type=Path, help="the project folder of a demo; crops' features are added to it"
    )
    parser.add_argument("--pictures", type=int, default=1800)
    return parser


def surveys(given: argparse.Namespace) -> Iterator[tuple[str, Crops]]:
    """The photos and the demo's crops, by name."""
    if not given.photos.is_dir():
        raise SystemExit(f"There is no folder {given.photos}. Give one with --photos.")
    with tempfile.TemporaryDirectory() as scratch:
        yield "photos", read(photos_project(Path(scratch) / "photos", given.photos), False)
        made = given.demo
        if made is None:
            demo.run(None, demo.Options(Path(scratch) / "demo", images=given.pictures), lambda _: None)
            made = Path(scratch) / "demo" / "project"
        yield "demo", read(made, True)


def read(folder: Path, by_location: bool) -> Crops:
    """All crops of a project, dealt into folds by location or one by one."""
    backbone = backbones.usual()
    with Project.open(folder) as project:
        store = features.store_of(project.folder, backbone)
        every = [crop for split in crops.SPLITS for crop in crops.of_split(project, split)]
        files = (features.CropFile(crops.path_of(project, crop), crop.sha256) for crop in every)
        features.embed(features.Embedder(backbone), store, files, lambda _: None)
    rows = store.rows(crop.sha256 for crop in every)
    every = [crop for crop, row in zip(every, rows, strict=True) if row >= 0]
    _, locations = np.unique([crop.location for crop in every], return_inverse=True)
    groups = locations if by_location else np.arange(len(every))
    return Crops(
        np.array(store.vectors()[rows[rows >= 0]], np.float32),
        np.array([crop.species for crop in every]),
        locations,
        groups.astype(np.int64),
        out_of_fold.deal(groups.astype(np.int64), 5, 0),
    )


def learn(some: Crops, train: np.ndarray, validation: np.ndarray, seed: int = 0) -> Head:
    """The head of a quick training before it learns from all, at the temperature that fits the validation crops."""
    classes = int(some.labels.max()) + 1
    head = heads.train_head(
        some.features(train),
        some.features(validation),
        classes,
        PRESETS["quick"],
        seed,
        lambda _: None,
        lambda _: None,
    )
    bare = Head(head.kernel, head.bias, np.unique(some.labels[train]))
    fitted = temperature.fit(bare.logits(some.vectors[validation]), some.labels[validation])
    return Head(head.kernel, head.bias, bare.met, fitted)


@dataclass
class Told:
    """What one way said of all crops, [N]: confidence, whether it was right and, for each precision, accepted."""

    confidence: np.ndarray
    correct: np.ndarray
    plain: np.ndarray
    taken: dict[float, np.ndarray]

    @classmethod
    def of(cls, count: int) -> "Told":
        """Nothing yet."""
        blank = np.zeros(count, bool)
        return cls(
            np.zeros(count), blank.copy(), np.zeros(count), {each: blank.copy() for each in PRECISIONS}
        )


def calibrated(name: str, some: Crops, seeds: int) -> dict[str, dict[str, float]]:
    """How honest confidence is, and what is accepted, either way."""
    found: dict[str, list[list[float]]] = defaultdict(list)
    for seed in range(seeds):
        ways = {"validated": Told.of(len(some.labels)), "from all": Told.of(len(some.labels))}
        dealt = some.again(seed)
        for fold in range(5):
            ask_validated(dealt, fold, ways["validated"], seed)
            ask_from_all(dealt, fold, ways["from all"], seed)
        for way, told in ways.items():
            found[way].append(figures_of(told, some.locations))
    print(told_of(name, len(some.labels), found))
    names = ["accuracy", "error_plain", "error"]
    names += [f"{what}_at_{each:g}" for each in PRECISIONS for what in ("accepted", "right")]
    return {
        way: {
            name: known
            for name, column in zip(names, zip(*rows, strict=True), strict=True)
            if (known := _mean(column)) is not None
        }
        for way, rows in found.items()
    }


def _mean(column: Sequence[float]) -> float | None:
    """The mean of what is known; None where nothing is."""
    known = [value for value in column if not np.isnan(value)]
    return float(np.mean(known)) if known else None


def ask_validated(some: Crops, fold: int, told: Told, seed: int) -> None:
    """A head chosen and judged by the next fold."""
    chosen, test = ((some.folds == each).nonzero()[0] for each in ((fold + 1) % 5, fold))
    train = ((some.folds != fold) & (some.folds != (fold + 1) % 5)).nonzero()[0]
    head = learn(some, train, chosen, seed)
    known = answers(some, chosen, head.shares(some.vectors[chosen]))
    judge(some, test, head.logits(some.vectors[test]), head.temperature, known, told)


def ask_from_all(some: Crops, fold: int, told: Told, seed: int) -> None:
    """A head of all other folds, judged by heads that had not met their cameras."""
    test, others = (some.folds == fold).nonzero()[0], (some.folds != fold).nonzero()[0]
    _, cameras = np.unique(some.groups[others], return_inverse=True)
    classes = int(some.labels.max()) + 1
    learnt = everything.learn(some.features(others), cameras, classes, PRESETS["quick"], seed)
    fitted = temperature.fit(learnt.unseen, some.labels[others])
    known = answers(some, others, temperature.probabilities(learnt.unseen, fitted))
    said = some.vectors[test] @ learnt.head.kernel + learnt.head.bias
    judge(some, test, said, fitted, known, told)


def judge(
    some: Crops, test: np.ndarray, logits: np.ndarray, fitted: float, known: Answers, told: Told
) -> None:
    """Write down what was said of the tested crops, and what of it ``known`` answers let pass."""
    names = [str(number) for number in range(logits.shape[1])]
    said = answers(some, test, temperature.probabilities(logits, fitted))
    told.confidence[test], told.correct[test] = said.confidence, said.correct
    told.plain[test] = temperature.probabilities(logits).max(1)
    for precision in PRECISIONS:
        accepting = thresholds.fit(known, names, precision).accepting
        told.taken[precision][test] = thresholds.accepted(said, names, accepting)


def figures_of(told: Told, locations: np.ndarray) -> list[float]:
    """Accuracy, the calibration error without and with temperature, and for each precision what is accepted and right."""
    errors = [
        calibration.measure(each.astype(np.float64), told.correct, locations).error
        for each in (told.plain, told.confidence)
    ]
    figures = [float(told.correct.mean()), *errors]
    for taken in told.taken.values():
        figures += [float(taken.mean()), float(told.correct[taken].mean()) if taken.any() else float("nan")]
    return figures


def told_of(name: str, crops: int, found: dict[str, list[list[float]]]) -> str:
    """The figures as a table."""
    header = [f"{name}, {crops:,} crops", "right", "error as it is", "at the temperature"]
    for precision in PRECISIONS:
        header += [f"accepted for {precision:.0%}", "of them right"]
    rows = []
    for way, each in found.items():
        column = np.array(each).T
        row: list[object] = [way, f"{column[0].mean():.1%}", f"{column[1].mean():.3f}"]
        row.append(f"{column[2].mean():.3f} (at worst {column[2].max():.3f})")
        for place in range(3, len(column), 2):
            share, right = column[place].mean(), column[place + 1]
            told = f"{np.nanmean(right):.1%} ({np.nanmin(right):.1%})" if np.isfinite(right).any() else "–"
            row += [f"{share:.1%}", told]
        rows.append(row)
    return table(header, rows)


def answers(some: Crops, which: np.ndarray, shares: np.ndarray) -> Answers:
    """What was said of some crops."""
    said = shares.argmax(1)
    return Answers(said, shares.max(1), said == some.labels[which], some.locations[which])


if __name__ == "__main__":
    main()
