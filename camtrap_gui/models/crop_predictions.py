"""Let a run's classifier say something about every crop of a split that it was not asked about before.

A classifier that is a layer on the installed backbone is asked from stored features, which costs next to nothing for
crops that a training, or another such classifier, has met; any other sees the pictures.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from camtrap_gui import files, parallel
from camtrap_gui.evaluation import TOP
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.metrics import ranking
from camtrap_gui.pictures import Unreadable, read_below, read_upright
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, predictions, problems, runs, training_data
from camtrap_gui.project.predictions import Prediction, Unpredicted

if TYPE_CHECKING:
    from camtrap_gui.models.classifiers import Classifier
    from camtrap_gui.models.classifiers.bundle import Dense

PHASE, EMBEDDING = "Predicting", "Embedding crops"
_BATCH = 64

Item = TypeVar("Item")


def predict_missing(project: Project, run: runs.Run, split: str, step: str, report: Report) -> None:
    """Keep a prediction for each readable crop of a split; those that are not become problems of ``step``.

    What was predicted until ``report`` raises is kept. Raises Problem when the classifier is not the run's.
    """
    from camtrap_gui.models.classifiers import bundle

    classes = runs.names_of_now(project, run)
    predictions.begin(project, run.id, _identity(bundle.fingerprint(run.model), run.classes, classes))
    total = sum(crops.counts(project)[split])
    done = predictions.count(project, run.id, split)
    if done == total:
        return
    report(Progress(done, total, "loading the classifier", PHASE))
    if bundle.classes_in(run.model) != run.classes:
        raise Problem(
            f"The classifier in {run.model} knows other species than its run {run.id}. Train again: camtrap train."
        )
    problems.clear(project, step)
    keep = _Keeper(project, run.id, classes)
    head = bundle.head_of(run.model)
    if head is not None:
        _from_features(project, keep, head, split, step, report)
    else:
        _from_pictures(project, keep, bundle.load(run.model), split, step, total, report)


def _identity(model: str, classes: Sequence[str], now: Sequence[str]) -> str:
    """What predictions depend on: when a species was renamed or merged, the same model says something else."""
    names = "" if classes == now else hashlib.sha256("\n".join(now).encode()).hexdigest()
    return model + names


class _Keeper:
    """Keeps the likeliest species of crops in the names of now; what was merged since is likely together."""

    def __init__(self, project: Project, run_id: str, classes: Sequence[str]) -> None:
        self.project, self.run_id = project, run_id
        self._names = list(dict.fromkeys(classes))
        place = {name: number for number, name in enumerate(self._names)}
        self._sums = np.zeros((len(classes), len(self._names)), np.float32)
        self._sums[np.arange(len(classes)), [place[name] for name in classes]] = 1
        self._merged = len(self._names) < len(classes)

    def add(self, crop_ids: Sequence[int], scores: NDArray[np.float32]) -> None:
        """Keep what was said of some crops: probabilities [N, C] of the classifier's own classes."""
        if self._merged:
            scores = scores @ self._sums
        best = ranking(scores, TOP)
        tops = (_top(self._names, *row) for row in zip(scores, best, strict=True))
        said = [Prediction(*each) for each in zip(crop_ids, tops, strict=True)]
        predictions.add(self.project, self.run_id, said)


def _from_features(
    project: Project, keep: "_Keeper", head: "Dense", split: str, step: str, report: Report
) -> None:
    from camtrap_gui.models.classifiers import features

    store = features.store_of(project.folder, head.backbone)
    total = sum(crops.counts(project)[split]) - predictions.count(project, keep.run_id, split)
    missing = chain.from_iterable(predictions.missing(project, keep.run_id, split))
    unusable = features.embed(
        features.Embedder(head.backbone),
        store,
        (features.CropFile(*training_data.file_of(project, crop.crop_id)) for crop in missing),
        lambda done: report(Progress(done, total, "", EMBEDDING)),
    )
    folder = crops.folder(project)
    problems.add(
        project, step, [(path.relative_to(folder).as_posix(), reason) for path, reason in unusable.items()]
    )
    vectors, done = store.vectors(), 0
    for page in predictions.missing(project, keep.run_id, split):
        crop_ids = [crop.crop_id for crop in page]
        rows = store.rows(training_data.sha256s(project, crop_ids))
        known = [crop_id for crop_id, row in zip(crop_ids, rows, strict=True) if row >= 0]
        if known:
            keep.add(known, head.predict(vectors[rows[rows >= 0]]))
        done += len(page)
        report(Progress(done, total, phase=PHASE))


def _from_pictures(
    project: Project,
    keep: "_Keeper",
    classifier: "Classifier",
    split: str,
    step: str,
    total: int,
    report: Report,
) -> None:
    folder = crops.folder(project)

    def prepared(crop: Unpredicted) -> tuple[Unpredicted, NDArray[np.uint8] | str]:
        try:
            file = files.inside(folder, crop.file)
            return crop, classifier.prepare(read_below(folder, lambda: read_upright(file)))
        except Unreadable as reason:
            return crop, str(reason)

    done = predictions.count(project, keep.run_id, split)
    unread = 0
    missing = chain.from_iterable(predictions.missing(project, keep.run_id, split))
    with closing(parallel.in_order(prepared, missing, ahead=2 * _BATCH)) as ready:
        for batch in _batches(ready, _BATCH):
            bad = [(crop.file, given) for crop, given in batch if isinstance(given, str)]
            good = [(crop.crop_id, given) for crop, given in batch if not isinstance(given, str)]
            if bad:
                problems.add(project, step, bad)
                unread += len(bad)
            if good:
                scores = classifier.predict_arrays(np.stack([image for _, image in good]))
                keep.add([crop_id for crop_id, _ in good], scores)
            done += len(good)
            values = {"unreadable": unread} if unread else {}
            report(Progress(done + unread, total, phase=PHASE, values=values))


def _top(
    classes: Sequence[str], scores: NDArray[np.float32], best: NDArray[np.integer]
) -> list[tuple[str, float]]:
    # A class the network never saw has a probability of exactly 0: to count it among the best five would be luck.
    return [
        (classes[place], round(float(scores[place]), 6))
        for rank, place in enumerate(best)
        if rank == 0 or scores[place] > 0
    ]


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
