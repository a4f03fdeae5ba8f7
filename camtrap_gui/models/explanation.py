"""Why a classifier says what it says of an animal: what it looked at, and the training crops that are most like it.

Asked for one box of one picture at a time. What is like what is told from features that a training or the review step
has stored: those of the run's own backbone as it was before the training, or of the usual one. Where none are stored, or
the classifier is not of a project, nothing is said about likeness.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np

from camtrap_gui.geometry import Box, Window, crop_window
from camtrap_gui.jobs import Report
from camtrap_gui.models.prediction import WHOLE, load_classifier
from camtrap_gui.options import Option
from camtrap_gui.pictures import Unreadable, read_upright
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, likest, training_data

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from camtrap_gui.models.classifiers import Classifier
    from camtrap_gui.models.classifiers.features import Embedder, FeatureStore

LIKEST = 5
_NEAR = 4 * LIKEST
"""Looked at, because those cut from the picture itself are passed over."""


@dataclass(frozen=True)
class Options:
    """One box of a picture, as fractions of it: left, top, width and height."""

    model: Annotated[Path, Option("Classifier: folder of a run or of a bundle.")]
    picture: Annotated[Path, Option("The picture.")]
    box: Annotated[tuple[float, float, float, float], Option("What to look at.")] = WHOLE
    species: Annotated[str, Option("What spoke for this species; for the likeliest one unless given.")] = ""


@dataclass(frozen=True)
class Like:
    """A training crop: its file, what it is, where it was taken, and the cosine of the angle to what was asked about."""

    path: Path
    species: str
    location: str
    likeness: float


@dataclass(frozen=True)
class Explanation:
    """``heat`` are rows of how much each place of ``area`` (fractions of the picture) spoke for ``species``, 0 to 1.

    ``likest`` are the training crops most like it, the likest first.
    """

    species: str
    heat: tuple[tuple[float, ...], ...]
    area: Box
    likest: tuple[Like, ...] = ()

    def text(self) -> str:
        """What the training crops are that are most like it."""
        lines = [f"{one.likeness:.3f} {one.species}, {one.location}: {one.path}" for one in self.likest]
        return "\n".join([f"What spoke for {self.species} was found.", *lines])


def run(_: None, options: Options, report: Report) -> Explanation:
    """Look. Raises Problem when the classifier cannot be used, or the picture cannot be read."""
    try:
        picture = read_upright(options.picture)
    except Unreadable as reason:
        raise Problem(f"{options.picture} cannot be read: {reason}") from reason
    return Explainer(options.model).explain(picture, options.picture, options.box, options.species)


class Explainer:
    """Explains what the classifier in a folder says."""

    def __init__(self, model: Path) -> None:
        self._classifier = load_classifier(model)
        self._project = likest.project_around(model)

    def explain(self, picture: "Image.Image", path: Path, box: Box = WHOLE, species: str = "") -> Explanation:
        """Explain what is said of a box of an upright picture, whose file is at ``path``.

        ``species`` is that which is explained; the likeliest one where it is '' or one the classifier does not know, as
        when it was renamed since.
        """
        from camtrap_gui.models.classifiers import explaining

        classifier = self._classifier
        window = (0, 0, *picture.size) if box == WHOLE else crop_window(box, picture.size, classifier.padding)
        crop = picture.crop(window)
        if species not in classifier.classes:
            species = classifier.classes[int(classifier.predict([crop])[0].argmax())]
        heat = explaining.explain(classifier, crop, species)
        area = _fractions(explaining.seen(window, classifier.preprocessing), picture.size)
        rows = tuple(tuple(round(float(value), 3) for value in row) for row in heat)
        return Explanation(species, rows, area, self._likest(crop, path))

    def _likest(self, crop: "Image.Image", path: Path) -> tuple[Like, ...]:
        if self._project is None:
            return ()
        with Project.open(self._project) as project:
            known = _known_crops(project, self._classifier)
            return known.likest(project, crop, path) if known is not None else ()


class _KnownCrops:
    """The training crops of a project whose features are stored; ``missing`` are the others."""

    def __init__(self, embedder: "Embedder", store: "FeatureStore", project: Project) -> None:
        ids = likest.ids(project)
        rows = store.rows(training_data.sha256s(project, ids))
        self._embedder, self._store = embedder, store
        self._ids: NDArray[np.int64] = ids[rows >= 0]
        self._rows: NDArray[np.int64] = rows[rows >= 0]

    def __len__(self) -> int:
        return len(self._ids)

    def likest(self, project: Project, crop: "Image.Image", path: Path) -> tuple[Like, ...]:
        """The crops most like this one; neither those of the picture at ``path`` nor, if it is a crop's, that one."""
        from camtrap_gui.models.classifiers.nearest import nearest
        from camtrap_gui.models.classifiers.preprocessing import to_input

        wanted = self._embedder(to_input(crop, self._embedder.size)[np.newaxis])[0]
        places, how = nearest(self._store.vectors(), self._rows, wanted, _NEAR)
        ids = self._ids[places].tolist()
        like = dict(zip(ids, how.tolist(), strict=True))
        found = [one for one in likest.get(project, ids) if path not in (one.path, one.picture)]
        return tuple(
            Like(one.path, one.species, one.location, round(like[one.id], 4)) for one in found[:LIKEST]
        )


def _known_crops(project: Project, classifier: "Classifier") -> _KnownCrops | None:
    """Those of the features in which most training crops are known; the last ones stay in memory."""
    from camtrap_gui.models.classifiers import backbones, features

    key = (project.folder, likest.state(project), classifier.backbone, classifier.input_size)
    if not _warm or _warm[0][0] != key:
        found = []
        for choose in (lambda: backbones.get(classifier.backbone, classifier.input_size), backbones.usual):
            try:
                backbone = choose()
                store = features.store_of(project.folder, backbone)
            except Problem:  # its weights are not installed
                continue
            found.append(_KnownCrops(features.Embedder(backbone), store, project))
        best = max(found, key=len, default=None)
        if best is None or not len(best):
            return None
        _warm[:] = [(key, best)]
    return _warm[0][1]


_warm: list[tuple[tuple[Path, tuple[int, int], str, int], _KnownCrops]] = []


def _fractions(window: Window, size: tuple[int, int]) -> Box:
    left, top, right, bottom = window
    return left / size[0], top / size[1], (right - left) / size[0], (bottom - top) / size[1]
