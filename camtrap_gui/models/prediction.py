"""What a classifier says about pictures that need not belong to any project: a folder, a memory card, one dropped picture.

Pictures are decoded and made ready on threads while the networks work on the ones before; no more than fourteen are in
memory at a time.
"""

import threading
from collections.abc import Callable, Container, Generator, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from camtrap_gui.geometry import Box, crop_window
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import Unreadable, read_below, read_upright
from camtrap_gui.problem import Problem
from camtrap_gui.remote_patience import Gone, given_up_when
from camtrap_gui.remote_pictures import fetched_ahead, is_elsewhere

if TYPE_CHECKING:
    from PIL import Image

    from camtrap_gui.models.classifiers import Classifier
    from camtrap_gui.models.detectors import Detection, Detector
    from camtrap_gui.thresholds import Accepting

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
CLASSIFIED = "animal"
"""The detector's category whose boxes are classified: a classifier of species has no answer for a car."""

_BATCH = 8
_AHEAD = 6


@dataclass(frozen=True)
class PredictedBox:
    """One box, or the whole picture. ``species`` are (name, confidence) pairs, best first; none for people and cars."""

    category: str
    confidence: float
    box: Box
    species: tuple[tuple[str, float], ...] = ()

    def is_accepted(self, classifier: "Classifier") -> bool | None:
        """Whether the likeliest species is sure enough that nobody needs to look; None where that is not known."""
        accepting = classifier.accepting
        return accepting.takes(*self.species[0]) if accepting and self.species else None

    def is_unknown(self, classifier: "Classifier") -> bool | None:
        """Whether the animal may be of a species the classifier does not know; None where that is not known."""
        below = classifier.unknown_below
        return self.species[0][1] < below if below and self.species else None


@dataclass(frozen=True)
class Prediction:
    """What was found in one picture (size in upright pixels), or in ``failure`` why it could not be read."""

    path: Path
    width: int = 0
    height: int = 0
    boxes: tuple[PredictedBox, ...] = ()
    failure: str = ""


@dataclass(frozen=True)
class _Opened:
    path: Path
    size: tuple[int, int] = (0, 0)
    picture: "Image.Image | None" = None
    ready: Any = None
    failure: str = ""
    known: Prediction | None = None


def predictions(
    classifier: "Classifier",
    paths: Iterable[Path],
    detector: "Detector | None" = None,
    threshold: float | None = None,
    top: int = 5,
    keep_pictures: bool = False,
    known: Callable[[Path], Prediction | None] = lambda _: None,
    far: Container[Path] = (),
    meanwhile: Callable[[], None] | None = None,
) -> Generator[tuple[Prediction, "Image.Image | None"], None, None]:
    """A prediction for each picture, in order; with the decoded picture (upright RGB) where ``keep_pictures`` asks for it.

    Without a detector the whole picture is classified. With one, its animals are, each cut out as the classifier's
    own crops were; boxes below ``threshold`` (default: the detector's typical one) are passed over. A picture that
    cannot be read has a ``failure`` and ends nothing; a folder or server that is away does (Interrupted), but for
    pictures ``far`` away that were named one by one. A picture ``known`` has an answer for is not looked at again; it is
    asked on any thread. ``meanwhile`` is called while one is waited for. Close the iterator when not exhausting it.
    """
    stop = threading.Event()

    def open_one(path: Path) -> _Opened:
        before = known(path)
        if before is not None and not (keep_pictures and not before.failure):
            return _Opened(path, known=before)
        try:
            with given_up_when(stop):
                picture = read_below(path.parent, lambda: read_upright(path))
        except Unreadable as reason:
            return _Opened(path, failure=str(reason))
        except Gone as gone:
            if path not in far:
                raise
            return _Opened(path, failure=f"cannot be fetched: {gone.why}")
        if before is not None:
            return _Opened(path, picture=picture, known=before)
        ready = classifier.prepare(picture) if detector is None else detector.prepare(picture)
        needed = keep_pictures or detector is not None
        return _Opened(path, picture.size, picture if needed else None, ready)

    def needed_of(path: Path) -> Path:
        is_known = is_elsewhere(path) and not keep_pictures and known(path) is not None
        return Path() if is_known else path

    with ExitStack() as stack:
        stack.callback(stop.set)
        coming = stack.enter_context(closing(fetched_ahead(paths, needed_of, meanwhile)))
        opened = stack.enter_context(closing(in_order(open_one, coming, ahead=_AHEAD, meanwhile=meanwhile)))
        size = _BATCH if detector is None else min(_BATCH, detector.batch)
        while batch := list(islice(opened, size)):
            good = [one for one in batch if not one.failure and one.known is None]
            if detector is None:
                boxes = _classified_whole(classifier, good, top)
            else:
                least = detector.typical_threshold if threshold is None else threshold
                boxes = _classified_boxes(classifier, detector, good, least, top)
            found = iter(boxes)
            for one in batch:
                if one.known is not None:
                    yield one.known, one.picture
                elif one.failure:
                    yield Prediction(one.path, failure=one.failure), None
                else:
                    prediction = Prediction(one.path, *one.size, next(found))
                    yield prediction, one.picture if keep_pictures else None


def _classified_whole(
    classifier: "Classifier", opened: list[_Opened], top: int
) -> list[tuple[PredictedBox, ...]]:
    if not opened:
        return []
    species_of = ranked(classifier, [one.ready for one in opened], top)
    return [(PredictedBox(CLASSIFIED, 1.0, WHOLE, species),) for species in species_of]


def _classified_boxes(
    classifier: "Classifier", detector: "Detector", opened: list[_Opened], threshold: float, top: int
) -> list[tuple[PredictedBox, ...]]:
    if not opened:
        return []
    found = [
        [box for box in boxes if box.confidence >= threshold]
        for boxes in detector.detect([one.ready for one in opened])
    ]
    cut = [
        classifier.prepare(one.picture.crop(crop_window(_box(box), one.size, classifier.padding)))
        for one, boxes in zip(opened, found, strict=True)
        for box in boxes
        if box.category == CLASSIFIED and one.picture is not None
    ]
    species = iter(ranked(classifier, cut, top))
    return [
        tuple(
            PredictedBox(
                box.category,
                float(box.confidence),
                _box(box),
                next(species) if box.category == CLASSIFIED else (),
            )
            for box in boxes
        )
        for boxes in found
    ]


def ranked(
    classifier: "Classifier", prepared: Sequence[Any], top: int
) -> list[tuple[tuple[str, float], ...]]:
    """The ``top`` most likely species with their confidences, best first, for crops made ready by ``prepare``."""
    if not prepared:
        return []
    rows = classifier.predict_arrays(np.stack(prepared))
    return [
        tuple(
            (classifier.classes[place], float(row[place])) for place in np.argsort(-row, kind="stable")[:top]
        )
        for row in rows
    ]


def _box(box: "Detection") -> Box:
    return (box.x, box.y, box.width, box.height)


def load_classifier(folder: Path) -> "Classifier":
    """The classifier in a bundle folder, in the folder of an export, or in the folder of a training run.

    The last one stays in memory, so that asking for it again takes no time. Its network has run once already: the
    first time is the slow one.
    """
    from camtrap_gui.models.classifiers import bundle

    place = bundle_in(folder)
    key = (place.resolve(), bundle.fingerprint(place), bundle.judging(place))
    if not _warm or _warm[0][0] != key:
        _warm.clear()
        classifier = bundle.load(place)
        classifier.predict_arrays(np.zeros((1, classifier.input_size, classifier.input_size, 3), np.uint8))
        _warm.append((key, classifier))
    return _warm[0][1]


_warm: "list[tuple[tuple[Path, str, tuple[Accepting | None, float]], Classifier]]" = []


def bundle_in(folder: Path) -> Path:
    """Where the bundle is in such a folder. Raises Problem when there is no folder; it may hold no bundle."""
    from camtrap_gui.models.classifiers import bundle

    if not folder.is_dir():
        raise Problem(f"There is no folder {folder}. Give the folder that camtrap export wrote.")
    places = (folder, folder / "bundle", folder / "model")
    return next((place for place in places if (place / bundle.MANIFEST).is_file()), folder)
