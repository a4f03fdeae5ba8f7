"""Train twice, once split by camera and once at random, to see what a random split would have claimed.

Both trainings are the last layer of a quick one, with the same code, seed and numbers of crops, on features that are
kept: seconds where a training has met the crops before. What it means: ``camtrap_gui/evaluation/leakage.py``.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.evaluation import TOP, Leakage, Part, part_of
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.metrics import ranking
from camtrap_gui.models import store
from camtrap_gui.models.classifiers import backbones, features, heads
from camtrap_gui.models.classifiers.backbones import Backbone
from camtrap_gui.models.classifiers.features import CropFile, FeatureStore
from camtrap_gui.models.classifiers.learning import State
from camtrap_gui.models.classifiers.recipes import PRESETS
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, problems, training_data
from camtrap_gui.project.runs import Run

EMBEDDING, TRAINING = "Embedding crops", "Training by camera and at random"
MOST = 50_000
"""Crops used at most, drawn from each split in proportion: more change the gap little and take minutes."""

_RECIPE = PRESETS["quick"]


@dataclass(frozen=True)
class _Crops:
    """Crops by ``ids`` with their class, location and part (0: to learn from, 1: to choose by, 2: to test), [N] each."""

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    locations: NDArray[np.int64]
    part: NDArray[np.int64]

    def only(self, which: NDArray[np.integer] | NDArray[np.bool_]) -> "_Crops":
        """Some of them."""
        return _Crops(self.ids[which], self.labels[which], self.locations[which], self.part[which])


def made_from(project: Project, run: Run, seed: int) -> str:
    """What the figures depend on, as a text that tells one from another."""
    backbone = _backbone(run)
    words = (
        crops.data_hash(project),
        f"{backbone.name} {backbone.input_size}",
        str(seed),
        str(MOST),
        repr(_RECIPE.head),
        _RECIPE.balance,
    )
    return hashlib.sha256("|".join(words).encode()).hexdigest()


def measure(project: Project, run: Run, seed: int, step: str, report: Report) -> Leakage:
    """The accuracy at new cameras and of crops dealt at random.

    Crops that cannot be read become problems of ``step``. Raises Problem when there are no test crops, or fewer than
    two species to learn from. When ``report`` raises, features computed until then are kept.
    """
    backbone = _backbone(run)
    store.fetch(backbone.name, report)
    kept = features.store_of(project.folder, backbone)
    every = _crops(project, seed)
    some = _drawn(every, seed)
    rows = _embedded(project, kept, backbone, some, step, report)
    some, rows = some.only(rows >= 0), rows[rows >= 0]
    if len(np.unique(some.labels[some.part == 0])) < 2 or len(np.unique(some.part)) < 3:
        raise Problem("Too few crops can be read to compare splits. Make them again: camtrap crop.")
    vectors, classes = kept.vectors(), len(crops.classes(project))
    at_random = np.random.default_rng((seed, 1)).permutation(some.part)
    measured: list[Part] = []
    for number, part in enumerate((some.part, at_random)):

        def say(state: State, before: int = number * _RECIPE.head.epochs) -> None:
            report(Progress(before + state.epoch - 1, 2 * _RECIPE.head.epochs, phase=TRAINING))

        train, choose, test = (
            heads.Features(vectors, rows[part == n], some.labels[part == n]) for n in range(3)
        )
        head = heads.train_head(train, choose, classes, _RECIPE, seed, say, lambda epoch: None)
        ranked = ranking(head.logits(test), TOP)
        measured.append(part_of(test.labels, ranked, some.locations[part == 2], classes))
    report(Progress(2 * _RECIPE.head.epochs, 2 * _RECIPE.head.epochs, phase=TRAINING))
    train_crops, validation_crops, test_crops = np.bincount(some.part, minlength=3).tolist()
    return Leakage(
        backbone=backbone.name,
        seed=seed,
        train=train_crops,
        validation=validation_crops,
        test=test_crops,
        of=len(every.ids),
        cameras=measured[0],
        at_random=measured[1],
        made_from=made_from(project, run, seed),
    )


def _backbone(run: Run) -> Backbone:
    """The run's, or the default one where the weights it began with are not here."""
    try:
        store.get(run.backbone)
        return backbones.get(run.backbone, run.input_size)
    except Problem:
        return backbones.usual()


def _crops(project: Project, seed: int) -> _Crops:
    """All crops in their parts. Raises Problem where a part is missing."""
    data = training_data.choose(project, seed)
    test = training_data.of_split(project, "test")
    if not len(test):
        raise Problem("The test split has no crops to compare splits by. Split again: camtrap crop.")
    parts = (data.train, data.validation, test)
    ids = np.concatenate([part.ids for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    number = np.repeat(np.arange(3), [len(part) for part in parts])
    _, locations = np.unique(training_data.locations(project, ids), return_inverse=True)
    return _Crops(ids, labels, locations, number)


def _drawn(every: _Crops, seed: int) -> _Crops:
    """All of them, or ``MOST`` at random, as many of each part as it has a share."""
    if len(every.ids) <= MOST:
        return every
    order = np.random.default_rng((seed, 0)).permutation(len(every.ids))
    return every.only(np.sort(order[:MOST]))


def _embedded(
    project: Project, kept: FeatureStore, backbone: Backbone, some: _Crops, step: str, report: Report
) -> NDArray[np.int64]:
    """The row of each crop's features, -1 for those that cannot be read."""
    missing = some.ids[kept.rows(training_data.sha256s(project, some.ids)) < 0].tolist()

    def files() -> Iterator[CropFile]:
        for crop_id in missing:
            yield CropFile(*training_data.file_of(project, crop_id))

    if missing:
        bad = features.embed(
            features.Embedder(backbone),
            kept,
            files(),
            lambda done: report(Progress(done, len(missing), phase=EMBEDDING)),
        )
        folder = crops.folder(project)
        problems.add(project, step, [(path.relative_to(folder).as_posix(), why) for path, why in bad.items()])
    return kept.rows(training_data.sha256s(project, some.ids))
