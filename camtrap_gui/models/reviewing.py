"""A review in its phases: every animal is seen, every label checked, and all put in order.

Each phase leaves what it found in the project, batch after batch, and the next run finds it there. ``report`` hears of
each batch and may raise.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.jobs import Progress, Report
from camtrap_gui.models import store
from camtrap_gui.models.classifiers import (
    backbones,
    bundle,
    features,
    heads,
    likeness,
    out_of_fold,
    regions,
    teaching_order,
)
from camtrap_gui.models.classifiers.features import CropFile
from camtrap_gui.models.classifiers.likeness import Points
from camtrap_gui.models.classifiers.out_of_fold import Answers
from camtrap_gui.models.classifiers.suggesting import Suggester
from camtrap_gui.project import Project, crop_split, crops, doubts, problems, suggestions, training_data
from camtrap_gui.project.detections import KnownDetector
from camtrap_gui.project.doubts import Labelled
from camtrap_gui.project.runs import Run
from camtrap_gui.project.suggestions import Known

LOOKING, ORDERING = "Looking at animals", "Putting in order"
EMBEDDING, CHECKING = "Looking at crops", "Checking labels"


@dataclass(frozen=True)
class Checked:
    """Crops whose labels were checked, the rows of their features, and what came of it; all [N]."""

    crops: Labelled
    rows: NDArray[np.int64]
    answers: Answers

    @property
    def count(self) -> int:
        """How many labels could be judged."""
        return int(self.answers.asked.sum())

    @property
    def doubted(self) -> int:
        """How many of them were taken for another species."""
        return int((self.answers.asked & (self.answers.said != self.crops.labels)).sum())


class Review:
    """One review being made: what its phases share."""

    def __init__(self, project: Project, trained: Run | None, seed: int, report: Report) -> None:
        self.project, self.trained, self.seed, self.report = project, trained, seed, report
        self.backbone = backbones.get(trained.backbone, trained.input_size) if trained else backbones.usual()
        store.fetch(self.backbone.name, report)
        self.store = features.store_of(project.folder, self.backbone)
        self.embedder = features.Embedder(self.backbone)
        of_crops = crop_split.made(project).padding
        self.padding = float(trained.data.get("padding", of_crops)) if trained else of_crops
        self.use_crops = self.padding == of_crops
        made_with = (  # as long as these are the same, nothing is to be said anew
            bundle.fingerprint(trained.model) if trained else "",
            store.get(self.backbone.name).sha256,
            str(self.padding),
        )
        self.made_with = hashlib.sha256("|".join(made_with).encode()).hexdigest()[:16]
        self.looked_at = self.unusable = 0

    def look(self, detector: KnownDetector) -> None:
        """Find out what there is to know about every animal of which nothing is known, batch after batch."""
        total, done = suggestions.count_pending(self.project, detector, self.made_with), 0
        if not total:
            return
        self.report(Progress(0, total, "", LOOKING))
        suggest = Suggester(self.trained.model) if self.trained else None
        pictures = suggestions.pending(self.project, detector, self.made_with, self.use_crops)
        batches = regions.look(
            self.embedder, self.store, pictures, self.padding, suggest.size if suggest else None
        )
        with closing(batches):
            for seen in batches:
                tops: Iterable[suggestions.Top] = suggest(seen) if suggest and seen.regions else repeat(())
                said = [
                    suggestions.Said(region.animal.detection_id, bytes.fromhex(region.key), top)
                    for region, top in zip(seen.regions, tops, strict=False)
                ]
                suggestions.add(self.project, self.trained.id if self.trained else "", self.made_with, said)
                self.looked_at += len(said)
                done += len(said)
                if seen.failure:
                    picture, reason = seen.failure
                    done += len(picture.animals)
                    self._fail([(picture.path, reason)])
                self.report(Progress(done, total, "", LOOKING))

    def known(self, detector: KnownDetector | None) -> tuple[Known, NDArray[np.int64]]:
        """All animals and the rows of their features. Those whose features were deleted are looked at again."""
        for _ in range(2):
            known = suggestions.known(self.project)
            rows = self.store.rows(bytes(key).hex() for key in known.keys)
            if (rows >= 0).all() or detector is None:
                break
            suggestions.outdate(self.project, known.ids[rows < 0])
            self.look(detector)
        return known.only(rows >= 0), rows[rows >= 0]

    def check(self, labelled: Labelled) -> Checked:
        """Ask about the labels of all crops that can be used."""

        def files() -> Iterator[CropFile]:
            for crop_id in labelled.ids:
                yield features.CropFile(*training_data.file_of(self.project, int(crop_id)))

        def say(done: int) -> None:
            self.report(Progress(done, len(labelled.ids), "", EMBEDDING))

        bad = features.embed(self.embedder, self.store, files(), say)
        folder = crops.folder(self.project)
        self._fail([(path.relative_to(folder).as_posix(), reason) for path, reason in bad.items()])
        rows = self.store.rows(training_data.sha256s(self.project, labelled.ids))
        labelled, rows = labelled.only(rows >= 0), rows[rows >= 0]
        answers = out_of_fold.ask(
            heads.Features(self.store.vectors(), rows, labelled.labels),
            labelled.groups,
            len(crops.classes(self.project)),
            self.seed,
            lambda done, total: self.report(Progress(done, total, "", CHECKING)),
        )
        return Checked(labelled, rows, answers)

    def put_in_order(self, known: Known, rows: NDArray[np.int64], checked: Checked) -> None:
        """Find and keep the places of animals and crops among what is alike, and of animals by what they teach."""
        alike = teaches = np.empty(0, np.int64)
        if len(rows) + len(checked.rows):
            total = len(known.ids)
            self.report(Progress(0, total, "", ORDERING))
            both = np.concatenate([rows, checked.rows])
            points = likeness.points(self.store.vectors(), both, self.seed)
            alike = _places(likeness.order(points, self.seed), len(points))
            teaches = _places(self._teaching_order(known, points[:total]), total)
            suggestions.set_orders(
                self.project,
                known.ids,
                teaches,
                alike[:total],
                lambda done: self.report(Progress(done, total, "", ORDERING)),
            )
        doubts.replace_all(self.project, _doubts(self.project, checked, alike[len(rows) :]))

    def _teaching_order(self, known: Known, points: Points) -> NDArray[np.int64]:
        """Animals in images without label first, then those whose label a source gave; none of those a person decided on."""
        uncertainty = None if self.trained is None else np.nan_to_num(1 - known.margin, nan=1.0)
        return np.concatenate(
            [
                teaching_order.order(points, uncertainty, known.state != state, self.seed)
                for state in (suggestions.UNLABELLED, suggestions.LABELLED)
            ]
        )

    def _fail(self, rows: list[tuple[str, str]]) -> None:
        problems.add(self.project, "review", rows)
        self.unusable += len(rows)


def _doubts(project: Project, checked: Checked, alike: NDArray[np.int64]) -> Iterator[doubts.Row]:
    species = {place: species_id for species_id, place in crops.species_places(project).items()}
    answers, table = checked.answers, checked.crops
    for n in answers.asked.nonzero()[0]:
        yield doubts.Row(
            int(table.ids[n]),
            species[int(table.labels[n])],
            species[int(answers.said[n])],
            float(answers.given[n]),
            float(answers.confidence[n]),
            float(answers.score[n]),
            int(alike[n]),
        )


def _places(order: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The place of each of ``count`` in the order, -1 for those that are not in it."""
    places = np.full(count, -1)
    places[order] = np.arange(len(order))
    return places
