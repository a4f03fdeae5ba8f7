"""Looking at crops with a backbone as a task for a crew: crops are leased, features come back."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.cluster import shipping
from camtrap_gui.cluster.tasks import Files, Look
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.models.classifiers import features
from camtrap_gui.models.classifiers.backbones import Backbone
from camtrap_gui.models.classifiers.crop_reading import CropFile
from camtrap_gui.models.classifiers.features import FeatureStore, SeenCrop
from camtrap_gui.project import Project, crop_pages, leases
from camtrap_gui.project.crop_pages import UnseenCrop

_CANDIDATES = 2000


@dataclass(frozen=True)
class BackboneTool:
    """A backbone, by name and by its weights, that sees squares of ``input_size`` pixels."""

    entry: Entry
    backbone: str
    input_size: int

    def read(self) -> Files:
        return shipping.read(self.entry)

    def load(self, fetch: Callable[[], Files], threads: int) -> Look:
        from camtrap_gui.models.classifiers import backbones, devices

        devices.gpus()  # two workers may share one
        entry = shipping.here(self.entry, fetch)
        backbones.pretrained(backbones.get(self.backbone), entry)  # says at once what is wrong with it
        embedder = features.Embedder(backbones.get(self.backbone, self.input_size), entry)

        def look(crops: Sequence[UnseenCrop]) -> list[SeenCrop]:
            with closing(features.look(embedder, map(file_of, crops), threads)) as batches:
                return [one for batch in batches for one in batch]

        return look


class Embedding:
    """The crops of which ``store`` has no features."""

    def __init__(self, project: Project, store: FeatureStore, backbone: Backbone, entry: Entry) -> None:
        self.tool = BackboneTool(entry, backbone.name, backbone.input_size)
        self._project, self._store = project, store
        self._unusable: set[str] = set()
        self._unseen = unseen(project, store)
        self.total = len(self._unseen)

    def lease(self, holder: str, after: int, size: int) -> leases.Lease[UnseenCrop] | None:
        first = int(np.searchsorted(self._unseen, after, "right"))
        for start in range(first, len(self._unseen), _CANDIDATES):
            some = self._unseen[start : start + _CANDIDATES].tolist()
            if lease := leases.give_crops(self._project, self._store.name, holder, some, size):
                return lease
        return None

    def keep(self, lease_id: int, answers: Sequence[SeenCrop], is_over: bool) -> None:
        self._store.keep(answers)
        self._unusable |= {one.crop.sha256 for one in answers if one.vector is None}
        if is_over:
            leases.end_of_crops(self._project, lease_id)

    def failed(self, item: UnseenCrop, reason: str) -> SeenCrop:
        return SeenCrop(file_of(item), None, reason)

    def is_over(self) -> bool:
        self._unseen = unseen(self._project, self._store, self._unusable)
        return len(self._unseen) == 0


def unseen(
    project: Project, store: FeatureStore, but: set[str] | frozenset[str] = frozenset()
) -> NDArray[np.int64]:
    """The ids, ascending, of the crops that a store has no features of; without those of the hashes in ``but``."""
    missing = [
        np.array(
            [crop.id for crop, row in zip(page, rows, strict=True) if row < 0 and crop.sha256 not in but],
            np.int64,
        )
        for page in crop_pages.all_of(project)
        for rows in (store.rows(crop.sha256 for crop in page),)
    ]
    return np.concatenate(missing) if missing else np.empty(0, np.int64)


def file_of(crop: UnseenCrop) -> CropFile:
    """A crop as the backbone's side knows it."""
    return CropFile(crop.file, crop.sha256)
