"""Where predictions go: a CSV table, MegaDetector results, and copies of the pictures with boxes and names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camtrap_gui.colours import NEUTRAL, class_colour
from camtrap_gui.drawing import Mark, annotated
from camtrap_gui.files import replacing
from camtrap_gui.formats import megadetector_results, tables
from camtrap_gui.formats.chosen_pictures import ANNOTATED
from camtrap_gui.jobs import to_plain
from camtrap_gui.models.prediction import WHOLE, PredictedBox, Prediction
from camtrap_gui.pictures import EXTENSIONS

if TYPE_CHECKING:
    from PIL import Image

    from camtrap_gui.models.classifiers import Classifier
    from camtrap_gui.models.detectors import Detector

Add = Callable[[str, Prediction], None]
"""Takes a picture's name (relative, forward slashes) and what was predicted for it."""

_COLUMNS = (
    "file",
    "failure",
    "box",
    "category",
    "detection_confidence",
    "x",
    "y",
    "width",
    "height",
)
_NAMES_IN_A_COPY = 3
_SAVING: dict[str, dict[str, Any]] = {
    ".jpg": {"quality": 90},
    ".jpeg": {"quality": 90},
    ".webp": {"quality": 90},
    ".tif": {"compression": "tiff_lzw"},
    ".tiff": {"compression": "tiff_lzw"},
}


@contextmanager
def table(path: Path, classifier: "Classifier", detector: "Detector | None", top: int) -> Iterator[Add]:
    """A CSV table with one row for each box: file, box in fractions of the picture, species with confidences.

    A picture without a box, or one that could not be read, has one row, too, so that none is missing. ``accepted`` says
    whether the likeliest species is sure enough that nobody needs to look, ``unknown`` whether the animal may be of a
    species the classifier does not know; they are empty where that is not known.
    """
    header = [*_COLUMNS, "accepted", "unknown"]
    for place in range(1, min(top, len(classifier.classes)) + 1):
        header += [f"species_{place}", f"confidence_{place}"]

    with tables.writing(path, header) as write:

        def add(name: str, prediction: Prediction) -> None:
            if not prediction.boxes:
                write([name, prediction.failure] + [None] * (len(header) - 2))
            for number, box in enumerate(prediction.boxes, start=1):
                found = (
                    ["whole picture", None] if detector is None else [box.category, f"{box.confidence:.4f}"]
                )
                where = [f"{value:.5f}" for value in box.box]
                judged = (_yes_or_no(box.is_accepted(classifier)), _yes_or_no(box.is_unknown(classifier)))
                species = [cell for name, value in box.species for cell in (name, f"{value:.4f}")]
                row = [name, None, number, *found, *where, *judged, *species]
                write(row + [None] * (len(header) - len(row)))

        yield add


def _yes_or_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


@contextmanager
def results(
    path: Path, classifier: "Classifier", classifier_name: str, detector: "Detector | None"
) -> Iterator[Add]:
    """A MegaDetector results file with classifications. A classified whole picture is one box of confidence 1."""
    categories = dict.fromkeys(
        (*megadetector_results.DETECTION_IDS, *(() if detector is None else detector.categories))
    )
    info = megadetector_results.Info(
        # Readers take a file without a detector for one of MegaDetector 4.
        detector="none (whole pictures)" if detector is None else detector.name,
        detector_metadata={}
        if detector is None
        else {
            "typical_detection_threshold": detector.typical_threshold,
            "conservative_detection_threshold": detector.conservative_threshold,
        },
        classifier=classifier_name,
        classifier_metadata={
            "backbone": classifier.backbone,
            "crop_padding": classifier.padding,
            **({"accepted": to_plain(classifier.accepting)} if classifier.accepting else {}),
            **({"unknown_below": classifier.unknown_below} if classifier.unknown_below else {}),
        },
    )
    with megadetector_results.writing(path, info, classifier.classes, tuple(categories)) as write:

        def add(name: str, prediction: Prediction) -> None:
            if prediction.failure:
                failure = f"image access failure: {prediction.failure}"
                write(megadetector_results.ImageResult(name, failure=failure))
                return
            found = (
                megadetector_results.Detection(box.category, box.confidence, box.box, box.species)
                for box in prediction.boxes
            )
            size = (prediction.width, prediction.height)
            write(megadetector_results.ImageResult(name, tuple(found), "", *size))

        yield add


def copier(
    classifier: "Classifier", name_of: Callable[[Path], str], folder: Path
) -> Callable[[tuple[Prediction, "Image.Image | None"]], Prediction]:
    """A function that draws one prediction into a copy below ``folder``, called after what ``name_of`` says of its path.

    Returns the prediction. Safe on any thread; every copy appears when it is complete. The copy carries no EXIF data,
    so no coordinates of the camera.
    """

    def copy(predicted: tuple[Prediction, "Image.Image | None"]) -> Prediction:
        prediction, picture = predicted
        if picture is not None:
            target = copy_of(folder, name_of(prediction.path), ANNOTATED)
            with replacing(target) as beside:
                save(draw(classifier, picture, prediction), beside, target.suffix)
        return prediction

    return copy


def copy_of(folder: Path, name: str, ending: str) -> Path:
    """Where the copy of a picture of this name goes; as a JPEG where its name does not say of which kind it is."""
    path = folder / name
    suffix = path.suffix if path.suffix.lower() in EXTENSIONS else f"{path.suffix}.jpg"
    return path.with_name(f"{path.stem}{ending}{suffix}")


def draw(classifier: "Classifier", picture: "Image.Image", prediction: Prediction) -> "Image.Image":
    """A copy of a picture with what was predicted for it: boxes and names."""
    places = {name: place for place, name in enumerate(classifier.classes)}
    return annotated(picture, [_mark(box, places) for box in prediction.boxes])


def save(picture: "Image.Image", path: Path, suffix: str) -> None:
    """Write a picture, without EXIF data, as a file of the kind that ``suffix`` stands for."""
    picture.save(path, **_SAVING.get(suffix.lower(), {}))


def _mark(box: PredictedBox, places: dict[str, int]) -> Mark:
    where = None if box.box == WHOLE else box.box
    if not box.species:
        return Mark([(box.category, box.confidence)], NEUTRAL, where)
    return Mark(box.species[:_NAMES_IN_A_COPY], class_colour(places[box.species[0][0]]), where)
