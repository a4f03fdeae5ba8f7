"""Say which species are in new pictures.

Whole pictures are classified, or with ``--detect`` the animals a detector finds in them. What was found is printed in
the tutorial's words, drawn into copies, and written as a CSV table or as MegaDetector results for other programs.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from camtrap_gui.formats.chosen_pictures import ANNOTATED, Chosen, ChosenPictures
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.models.predicted import Picture, Result, Tally
from camtrap_gui.options import Option
from camtrap_gui.parallel import in_order
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project
from camtrap_gui.remote_pictures import is_elsewhere, shown

if TYPE_CHECKING:
    from PIL import Image

    from camtrap_gui.models.answers import Answers
    from camtrap_gui.models.classifiers import Classifier
    from camtrap_gui.models.detectors import Detector
    from camtrap_gui.models.prediction import Prediction
    from camtrap_gui.models.prediction_files import Add

_COUNTED = 500
"""So many pictures are counted between two words about it."""


@dataclass(frozen=True)
class Options:
    """Which classifier looks at which pictures, and where its answers go."""

    model: Annotated[
        Path, Option("Classifier: the bundle folder that camtrap export wrote.", positional=True)
    ]
    images: Annotated[
        tuple[Path, ...],
        Option(
            "Pictures, or folders with pictures; also at addresses: https://… (pictures), s3://, gs://, az://….",
            positional=True,
        ),
    ] = ()
    detect: Annotated[bool, Option("Find animals first and classify each, not the whole picture.")] = False
    detector: Annotated[str, Option("Detector for --detect: an installed one's name, or a file.")] = "default"
    threshold: Annotated[
        float | None,
        Option("Least confidence of a detection; the detector's typical one unless given.", low=0, high=1),
    ] = None
    top: Annotated[int, Option("How many species to name for each animal.", low=1, high=1000)] = 5
    output: Annotated[
        Path | None, Option(f"Folder for copies with boxes and names, called <name>{ANNOTATED}.")
    ] = None
    beside: Annotated[bool, Option("Allow such copies in the folders of the pictures themselves.")] = False
    csv: Annotated[Path | None, Option("Write a table, one row for each box.")] = None
    json: Annotated[
        Path | None, Option("Write MegaDetector results with classifications, for Timelapse and others.")
    ] = None
    explain: Annotated[
        Path | None,
        Option(
            "Folder for copies that show in colours what the classifier looked at, with a table (explained.csv) of the"
            " training crops most like each animal, and both for programs (explained.json)."
        ),
    ] = None
    answers: Annotated[
        Path | None,
        Option("Keep the answers in this file while working, and do not look again at pictures it knows."),
    ] = None


def run(_: Project | None, options: Options, report: Report) -> Result:
    """Predict, picture by picture, in flat memory.

    A picture that cannot be read is counted and listed. Tables and results appear when they are complete, copies one
    by one; when stopped, those finished stay. Raises Problem for wrong options before anything is written.
    """
    from camtrap_gui.models.prediction import Prediction, load_classifier, predictions
    from camtrap_gui.models.prediction_files import copier

    chosen = ChosenPictures(options.images)
    copies = _folder_for_copies(options, chosen)
    total, refused = _counted(chosen, report)
    if not total and not refused:
        raise Problem(f"There are no pictures in {chosen.words()}.")
    report(Progress(0, total, "loading the models", "Predicting"))
    classifier, detector = load_classifier(options.model), _load_detector(options, report)
    tally = Tally(detector is not None, classifier)

    with ExitStack() as stack:
        takers = _writers(stack, options, classifier, detector)

        def give(name: str, prediction: Prediction) -> Picture:
            for add in takers:
                add(name, prediction)
            return tally.add(name, prediction)

        waiting = [give(one.name, Prediction(one.path, failure=one.refused)) for one in refused]
        report(Progress(0, total, "", "Predicting", made=tuple(waiting)))
        done = 0
        keep = copies is not None or options.explain is not None
        answers = _answers(stack, options, detector)
        known = answers.get if answers is not None else lambda _: None
        looking = predictions(
            *(classifier, chosen, detector, options.threshold, options.top, keep, known, chosen.far),
            meanwhile=lambda: report(Progress(done, total, "waiting for the next picture", "Predicting")),
        )
        stack.enter_context(closing(looking))
        found: Iterator[tuple[Prediction, Image.Image | None]] = looking
        if options.explain is not None:
            found = _explained(stack, options, options.explain, classifier, chosen, found)
        seen: Iterator[Prediction] = (prediction for prediction, _picture in found)
        if copies is not None:
            copy = copier(classifier, chosen.name_of, copies)
            seen = stack.enter_context(closing(in_order(copy, found, ahead=4)))
        for done, prediction in enumerate(seen, start=1):
            picture = give(chosen.name_of(prediction.path), prediction)
            if answers is not None:
                answers.keep(prediction)
            bad = {"unreadable": tally.failures} if tally.failures else {}
            report(Progress(done, total, "", "Predicting", bad, (picture,)))
        if done != total:  # the folders have changed since they were counted
            report(Progress(done, done, "", "Predicting"))
    return tally.result(
        tuple(path for path in (options.csv, options.json, copies, options.explain) if path is not None)
    )


def _folder_for_copies(options: Options, chosen: ChosenPictures) -> Path | None:
    """Where annotated copies go; never among the originals unless that was asked for."""
    for target in filter(None, (options.output, options.csv, options.json, options.explain, options.answers)):
        if is_elsewhere(target):
            raise Problem(f"{shown(target)} is an address; files are only written on this computer.")
    if options.beside and chosen.root is None:
        raise Problem(
            "Copies are not written beside pictures that lie elsewhere. Choose a folder with --output."
        )
    copies = options.output or (chosen.root if options.beside else None)
    if chosen.root is None:
        return copies
    if copies is not None and not options.beside and copies.resolve() == chosen.root.resolve():
        raise Problem(
            f"{copies} holds the pictures themselves. Choose another folder with --output, or add --beside to have"
            " the copies beside them."
        )
    if options.explain is not None and options.explain.resolve() == chosen.root.resolve():
        raise Problem(
            f"{options.explain} holds the pictures themselves. Choose another folder with --explain."
        )
    return copies


def _counted(chosen: ChosenPictures, report: Report) -> tuple[int, list[Chosen]]:
    """How many pictures there are, and what is passed over."""
    refused: list[Chosen] = []
    total = 0
    for total, one in enumerate(chosen.everything(), start=1):
        if one.refused:
            refused.append(one)
        if total % _COUNTED == 0:
            report(Progress(total, None, "looking for pictures", "Looking"))
    return total - len(refused), refused


def _explained(
    stack: ExitStack,
    options: Options,
    folder: Path,
    classifier: "Classifier",
    chosen: ChosenPictures,
    found: "Iterator[tuple[Prediction, Image.Image | None]]",
) -> "Iterator[tuple[Prediction, Image.Image | None]]":
    """The same predictions, each explained in ``folder`` when it passes by."""
    from camtrap_gui.models.explained_files import explained

    add = stack.enter_context(explained(folder, options.model, classifier))

    def passing() -> "Iterator[tuple[Prediction, Image.Image | None]]":
        for prediction, picture in found:
            add(chosen.name_of(prediction.path), prediction, picture)
            yield prediction, picture

    return passing()


def _load_detector(options: Options, report: Report) -> "Detector | None":
    if not options.detect:
        return None
    from camtrap_gui.models import detectors, store

    store.fetch(options.detector, report)
    return detectors.load(options.detector)


def _answers(stack: ExitStack, options: Options, detector: "Detector | None") -> "Answers | None":
    if options.answers is None:
        return None
    from camtrap_gui.models import answers
    from camtrap_gui.models.classifiers import bundle
    from camtrap_gui.models.prediction import bundle_in

    parts = (bundle.fingerprint(bundle_in(options.model)), detector and detector.sha256, options.threshold)
    return stack.enter_context(answers.opened(options.answers, f"{parts} {options.top}"))


def _writers(
    stack: ExitStack, options: Options, classifier: "Classifier", detector: "Detector | None"
) -> list["Add"]:
    from camtrap_gui.models import prediction_files

    writers = []
    if options.csv is not None:
        writers.append(
            stack.enter_context(prediction_files.table(options.csv, classifier, detector, options.top))
        )
    if options.json is not None:
        name = options.model.resolve().name
        writers.append(
            stack.enter_context(prediction_files.results(options.json, classifier, name, detector))
        )
    return writers
