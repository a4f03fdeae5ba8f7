"""Confidence: whether it can be taken at its word, what may be accepted without a look, and what is unknown.

    python -m benchmarks.confidence [--photos FOLDER] [--demo PROJECT] [--pictures 1800] [--least 25]

FOLDER holds one folder of pictures per species; PROJECT is a demo's project folder (default: a demo of so many pictures
is made). Crops are dealt into five folds, those of the demo by camera. Five times the head of a quick training learns
from three folds, is chosen by the fourth and asked about the fifth, so each crop is asked about once by a head that has
met neither it nor its camera. The first table is of these answers together, as they are and at the temperature found on
the fourth fold. What is accepted in a fold is decided by thresholds from the answers in the other four.

Then one species after the other that has at least ``--least`` crops is left out of learning. The second table says how
well a score tells its crops from those of the fifth fold: how often a pair is in the right order (AUROC), how many
unknown ones pass where 95 % of the known ones do, and, at the limit found on the fourth fold, how many unknown ones are
found and known ones kept. Means over the species; the worst AUROC beside it.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import mean

import numpy as np

from benchmarks.common import print_json, table
from benchmarks.label_noise import photos_project
from benchmarks.training import PHOTOS
from camtrap_gui import calibration, demo, temperature, thresholds, unknown
from camtrap_gui.models.classifiers import backbones, features, heads, out_of_fold
from camtrap_gui.models.classifiers.recipes import PRESETS
from camtrap_gui.project import Project, crops
from camtrap_gui.thresholds import Answers

PRECISIONS = (0.95, 0.99)
Score = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Crops:
    """Features float32 [N, F] of crops, their classes, locations and folds."""

    vectors: np.ndarray
    labels: np.ndarray
    locations: np.ndarray
    folds: np.ndarray

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
    """Photos, then the demo; two tables each, and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument(
        "--demo", type=Path, help="the project folder of a demo; crops' features are added to it"
    )
    parser.add_argument("--pictures", type=int, default=1800)
    parser.add_argument("--least", type=int, default=25)
    given = parser.parse_args()
    if not given.photos.is_dir():
        raise SystemExit(f"There is no folder {given.photos}. Give one with --photos.")
    figures: dict[str, object] = {"benchmark": "confidence"}
    with tempfile.TemporaryDirectory() as scratch:
        made = given.demo
        if made is None:
            demo.run(None, demo.Options(Path(scratch) / "demo", images=given.pictures), lambda _: None)
            made = Path(scratch) / "demo" / "project"
        for name, folder, by_location in (
            ("photos", photos_project(Path(scratch) / "photos", given.photos), False),
            ("demo", made, True),
        ):
            some = read(folder, by_location)
            figures |= {f"{name}_{key}": value for key, value in calibrated(name, some).items()}
            figures |= {f"{name}_{key}": value for key, value in left_out(name, some, given.least).items()}
    print_json(figures)


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
        out_of_fold.deal(groups.astype(np.int64), 5, 0),
    )


def learn(some: Crops, train: np.ndarray, validation: np.ndarray) -> Head:
    """The head of a quick training, at the temperature that fits the validation crops."""
    classes, seed = int(some.labels.max()) + 1, 0
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


def calibrated(name: str, some: Crops) -> dict[str, float]:
    """How honest confidence is before and after, and what is accepted."""
    asked = {"as it is": np.zeros(some.labels.max() + 1)[None].repeat(len(some.labels), 0)}
    asked["at the temperature"] = asked["as it is"].copy()
    takes = {precision: np.zeros(len(some.labels), bool) for precision in PRECISIONS}
    classes = [str(number) for number in range(int(some.labels.max()) + 1)]
    temperatures = []
    for fold in range(5):
        chosen = (some.folds == (fold + 1) % 5).nonzero()[0]
        test = (some.folds == fold).nonzero()[0]
        train = ((some.folds != fold) & (some.folds != (fold + 1) % 5)).nonzero()[0]
        head = learn(some, train, chosen)
        temperatures.append(head.temperature)
        asked["as it is"][test] = temperature.probabilities(head.logits(some.vectors[test]))
        asked["at the temperature"][test] = head.shares(some.vectors[test])
    for fold, precision in product(range(5), PRECISIONS):
        test, others = ((some.folds == fold).nonzero()[0], (some.folds != fold).nonzero()[0])
        said, known = (answers(some, which, asked["at the temperature"][which]) for which in (test, others))
        accepting = thresholds.fit(known, classes, precision).accepting
        takes[precision][test] = thresholds.accepted(said, classes, accepting)
    figures, rows = {"crops": len(some.labels), "temperature": mean(temperatures)}, []
    for key, shares in asked.items():
        correct = shares.argmax(1) == some.labels
        found = calibration.measure(shares.max(1).astype(np.float64), correct, some.locations)
        low, high = found.interval or (float("nan"), float("nan"))
        rows.append(
            (f"{name}, {key}", found.accuracy, found.confidence, found.error, f"{low:.3f} to {high:.3f}")
        )
        figures |= {"accuracy": found.accuracy, f"error_{key.replace(' ', '_')}": found.error}
    print(table((f"{len(some.labels):,} crops", "accuracy", "confidence", "error", "95 % interval"), rows))
    for precision, taken in takes.items():
        right = float(correct[taken].mean()) if taken.any() else float("nan")
        print(
            f"Accepted for a precision of {precision:.0%}: {taken.mean():.1%} of the crops, {right:.2%} of them right"
        )
        figures |= {f"accepted_at_{precision:g}": float(taken.mean()), f"right_at_{precision:g}": right}
    return figures


def answers(some: Crops, which: np.ndarray, shares: np.ndarray) -> Answers:
    """What was said of some crops."""
    said = shares.argmax(1)
    return Answers(said, shares.max(1), said == some.labels[which], some.locations[which])


def left_out(name: str, some: Crops, least: int) -> dict[str, float]:
    """How well each score tells crops of a species that was left out of learning."""
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    species = [label for label in np.unique(some.labels) if (some.labels == label).sum() >= least]
    for label in species:
        own, is_known = some.vectors[some.labels == label], some.labels != label
        train = ((some.folds > 1) & is_known).nonzero()[0]
        chosen = ((some.folds == 1) & is_known).nonzero()[0]
        head = learn(some, train, chosen)
        for method, score in scores(head, some.vectors[train], some.labels[train]):
            known = score(some.vectors[(some.folds == 0) & is_known])
            limit, foreign = unknown.limit(score(some.vectors[chosen])), score(own)
            found.setdefault(method, []).append(
                (
                    unknown.told_apart(known, foreign),
                    unknown.passed(known, foreign),
                    float((foreign < limit).mean()),
                    float((known >= limit).mean()),
                )
            )
    header = (f"{name}: {len(species)} species left out", "AUROC", "worst", "pass at 95 %", "found", "kept")
    rows = []
    for method, each in found.items():
        area, passed, seen, kept = (mean(column) for column in zip(*each, strict=True))
        rows.append((method, area, min(one[0] for one in each), passed, seen, kept))
    print("\n" + table(header, rows) + "\n")
    return {f"auroc_{row[0].replace(' ', '_')}": float(row[1]) for row in rows}


def scores(head: Head, learnt: np.ndarray, labels: np.ndarray) -> Iterator[tuple[str, Score]]:
    """Methods by name, as functions of features [N, F] that are higher the likelier a species is known."""

    def logits(vectors: np.ndarray) -> np.ndarray:
        said: np.ndarray = head.logits(vectors)[:, head.met] / head.temperature
        return said

    def energy(vectors: np.ndarray) -> np.ndarray:
        said = logits(vectors)
        highest = said.max(1)
        made: np.ndarray = highest + np.log(np.exp(said - highest[:, None]).sum(1))
        return made

    means = np.stack([learnt[labels == label].mean(0) for label in head.met])
    spread = learnt - means[np.searchsorted(head.met, labels)]

    def confidence(vectors: np.ndarray) -> np.ndarray:
        sure: np.ndarray = head.shares(vectors).max(1)
        return sure

    def nearest(vectors: np.ndarray, among: np.ndarray = learnt) -> np.ndarray:
        like: np.ndarray = (_unit(vectors) @ _unit(among).T).max(1)
        return like

    within, overall = _distance(spread, means), _distance(learnt - learnt.mean(0), learnt.mean(0)[None])
    yield "confidence", confidence
    yield "highest logit", lambda vectors: logits(vectors).max(1)
    yield "energy", energy
    yield "likeness to the nearest crop", nearest
    yield "likeness to the nearest species", lambda vectors: nearest(vectors, means)
    yield "Mahalanobis", lambda vectors: -within(vectors)
    yield "Mahalanobis, relative", lambda vectors: overall(vectors) - within(vectors)
    yield "confidence x nearest crop", lambda vectors: confidence(vectors) * nearest(vectors)
    yield "confidence x nearest species", lambda vectors: confidence(vectors) * nearest(vectors, means)


def _unit(vectors: np.ndarray) -> np.ndarray:
    made: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return made


def _distance(spread: np.ndarray, means: np.ndarray, shrunk: float = 0.5) -> Score:
    """Squared Mahalanobis distance to the nearest mean, with the covariance of ``spread`` shrunk half to a sphere."""
    width = spread.shape[1]
    covariance = spread.T @ spread / len(spread)
    covariance = (1 - shrunk) * covariance + shrunk * np.trace(covariance) / width * np.eye(width)
    factor = np.linalg.cholesky(np.linalg.inv(covariance))
    centres = means @ factor

    def distance(vectors: np.ndarray) -> np.ndarray:
        moved = vectors @ factor
        every = (moved**2).sum(1)[:, None] - 2 * moved @ centres.T + (centres**2).sum(1)
        nearest: np.ndarray = every.min(1)
        return nearest

    return distance


if __name__ == "__main__":
    main()
