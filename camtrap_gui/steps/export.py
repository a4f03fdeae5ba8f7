"""Write a trained classifier for use elsewhere, and check what was written.

``bundle/`` is for this program and for Python, the others for other programs (``formats.classifier_exports`` says which
for which); ``classlist.txt`` names the classes, line by line, ``export.json`` what was checked and how crops are to be
given, ``MODEL_CARD.md`` and ``model_card.html`` what the classifier is, is for, and can.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from camtrap_gui import __version__
from camtrap_gui.files import sha256_of, write_text
from camtrap_gui.formats.classifier_exports import (
    BUNDLE,
    FORMATS,
    FROZEN_GRAPH,
    ONNX,
    RESIZE,
    SAVED_MODEL,
    TFLITE_INT8,
    USUAL,
    input_of,
)
from camtrap_gui.jobs import Progress, Report, to_plain
from camtrap_gui.model_card import PAGE, TEXT
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, runs, sampling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from camtrap_gui.models.classifiers import Classifier
    from camtrap_gui.models.classifiers.check_export import Agreement

CLASS_LIST, REPORT = "classlist.txt", "export.json"
_CHECKED_CROPS = 64
_CALIBRATION_CROPS = 100
"""Training crops that tell the ranges of 8-bit numbers; TensorFlow's guides ask for 100 to 500."""


@dataclass(frozen=True)
class Options:
    """What to write, and where."""

    folder: Annotated[Path, Option("Folder for the export; made if need be.", positional=True)]
    run: Annotated[str, Option("Training run; the newest one unless given.")] = ""
    formats: Annotated[
        tuple[str, ...],
        Option(
            "What to write: bundle is for this program and Python, frozen-graph for TensorFlow 1 scripts, saved-model"
            " for TensorFlow 2, onnx for other runtimes, tflite (exact, in 16 bits, in 8 bits) for small devices.",
            choices=tuple(FORMATS),
        ),
    ] = USUAL
    author: Annotated[
        str,
        Option(
            "Who made the classifier and may be asked about it: a name and an address, for its card.",
            advanced=True,
        ),
    ] = ""
    licence: Annotated[
        str, Option("Under which terms the classifier may be used, for its card: CC BY 4.0.", advanced=True)
    ] = ""


@dataclass(frozen=True)
class Checked:
    """One format, where it is, its size, and how it compared with the trained classifier on ``crops`` crops."""

    format: str
    path: Path
    crops: int
    max_difference: float
    changed: int
    bytes: int = 0


@dataclass(frozen=True)
class Result:
    """What was written to ``folder``, classifier of ``run``."""

    folder: Path
    run: str
    classes: int
    checked: tuple[Checked, ...]

    def text(self) -> str:
        """Where everything is, and how it was checked."""
        lines = [f"Exported run {self.run} ({self.classes} classes) to {self.folder}"]
        for check in self.checked:
            lines.append(
                f"  {check.path.name} ({check.bytes / 1e6:,.1f} MB): loaded again and tried on {check.crops} crops; largest difference of a"
                f" confidence {check.max_difference:.2g}, other decision on {check.changed}"
            )
        lines.append(f"  {PAGE}: what it is for, what it learnt from, how good it is and where it errs")
        lines.append(f"  {TEXT}, {CLASS_LIST}, {REPORT}")
        return "\n".join(lines)


def run(project: Project, options: Options, report: Report) -> Result:
    """Write the formats into a folder beside, use each in a fresh process, and move the folder into place if all agree.

    Raises Problem when there is nothing to check with, when an export disagrees with the trained classifier (nothing
    is left then), or when the folder holds anything else than an earlier export.
    """
    formats = [name for name in FORMATS if name in options.formats]
    if not formats:
        raise Problem(f"Nothing to export. Choose one or more of: {', '.join(FORMATS)}.")
    folder = options.folder.resolve()
    _refuse_foreign(folder, project)
    trained = runs.choose(project, options.run)
    tried = _crops_to_try(project)

    from camtrap_gui.models.classifiers import bundle

    phase, steps = "Exporting", len(formats) + 1
    report(Progress(0, steps, "loading the classifier", phase))
    classifier = bundle.load(trained.model)
    with _in_place_of(folder) as beside:
        for done, name in enumerate(formats, start=1):
            report(Progress(done, steps, f"writing {FORMATS[name].file}", phase))
            _write(project, name, classifier, trained.model, beside / FORMATS[name].file)
        report(Progress(steps, steps, "", phase))
        write_text(beside / CLASS_LIST, "\n".join(classifier.classes))

        def waiting() -> None:
            report(Progress(0, None, "in a fresh process", "Trying the exports"))

        written = {name: beside / FORMATS[name].file for name in formats}
        sizes = {name: _size(path) for name, path in written.items()}
        agreements = _compare(classifier, written, tried, waiting)
        report(Progress(0, None, "the model card", phase))
        _write_card(project, trained, classifier, beside, agreements, sizes, options)
        _write_report(beside, trained, classifier, agreements)
    checked = tuple(
        Checked(
            name, folder / FORMATS[name].file, found.crops, found.max_difference, found.changed, sizes[name]
        )
        for name, found in agreements.items()
    )
    return Result(folder, trained.id, len(classifier.classes), checked)


def _refuse_foreign(folder: Path, project: Project) -> None:
    if folder.exists() and not folder.is_dir():
        raise Problem(f"{folder} is a file. Give a folder for the export.")
    if folder == project.folder or project.folder.is_relative_to(folder):
        raise Problem(f"{folder} holds the project itself. Choose another folder for the export.")
    ours = {*(form.file for form in FORMATS.values()), CLASS_LIST, REPORT, PAGE, TEXT}
    found = sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []
    foreign = [name for name in found if name not in ours]
    if found and (foreign or REPORT not in found):
        raise Problem(
            f"{folder} holds other things than an earlier export ({(foreign or found)[0]}). Choose a new or empty folder."
        )


def _crops_to_try(project: Project) -> list[Path]:
    """Crops of many species whose files are there; those the classifier has never seen if possible."""
    found: list[Path] = []
    for split in reversed(crops.SPLITS):
        chosen = sampling.equal_per_class(project, split, _CHECKED_CROPS, seed=0)
        paths = (crops.path_of(project, crop) for crop in chosen)
        found += islice((path for path in paths if path.is_file()), _CHECKED_CROPS - len(found))
    if not found:
        raise Problem("There are no crops to check an export with. Make them first: camtrap crop.")
    return found


@contextmanager
def _in_place_of(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder``; when the block ends well it takes its place, otherwise it is gone."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise Problem(
            f"{folder.parent} cannot be written: {error.strerror}. Choose another folder."
        ) from error
    try:
        made = beside / "new"
        made.mkdir()
        yield made
        _swap(made, folder, beside / "old")
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _swap(made: Path, folder: Path, old: Path) -> None:
    if folder.exists():
        folder.replace(old)
    try:
        made.replace(folder)
    except OSError:
        if old.exists():
            old.replace(folder)
        raise


def _write(project: Project, name: str, classifier: "Classifier", model: Path, target: Path) -> None:
    from camtrap_gui.models.classifiers import exports, exports_onnx, exports_tflite

    if name == BUNDLE:
        shutil.copytree(model, target, ignore=shutil.ignore_patterns(".*"), copy_function=shutil.copyfile)
    elif name == FROZEN_GRAPH:
        exports.write_frozen_graph(classifier, target)
    elif name == SAVED_MODEL:
        exports.write_saved_model(classifier, target)
    elif name == ONNX:
        exports_onnx.write_onnx(classifier, target)
    else:
        crops = _crops_to_calibrate(project, classifier) if name == TFLITE_INT8 else []
        exports_tflite.write_tflite(classifier, target, name, crops)


def _crops_to_calibrate(project: Project, classifier: "Classifier") -> "list[NDArray[np.uint8]]":
    """Training crops of all species alike, as the network sees them."""
    from camtrap_gui.pictures import read_upright

    chosen = sampling.equal_per_class(project, "train", _CALIBRATION_CROPS, seed=0)
    paths = [path for crop in chosen if (path := crops.path_of(project, crop)).is_file()]
    if not paths:
        raise Problem("There are no training crops to take the ranges of 8-bit numbers from: camtrap crop.")
    return [classifier.prepare(read_upright(path)) for path in paths]


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())


def _compare(
    classifier: "Classifier",
    exported: Mapping[str, Path],
    tried: list[Path],
    waiting: Callable[[], None],
) -> dict[str, "Agreement"]:
    from camtrap_gui.models.classifiers import check_export
    from camtrap_gui.pictures import read_upright

    answers = check_export.answers(exported, tried, waiting, classifier.preprocessing)
    expected = classifier.predict([read_upright(path) for path in tried])
    agreements = {
        name: check_export.agreement(
            expected, answers[name], check_export.TOLERANCES.get(name, check_export.EXACT)
        )
        for name in exported
    }
    for name, found in agreements.items():
        if not found.is_good:
            raise Problem(
                f"The export for {FORMATS[name].title} does not answer as the trained classifier does (largest difference of a confidence"
                f" {found.max_difference:.3g}, other decision on {found.changed} of {found.crops} crops), so nothing"
                " was exported. Leave this format out, and please report this."
            )
    return agreements


def _write_card(
    project: Project,
    trained: runs.Run,
    classifier: "Classifier",
    folder: Path,
    agreements: "Mapping[str, Agreement]",
    sizes: Mapping[str, int],
    options: Options,
) -> None:
    """Beside the files, and in the bundle: that is what gets passed on alone."""
    from camtrap_gui.model_card import facts, rendering
    from camtrap_gui.models.classifiers import bundle

    size, way = classifier.input_size, classifier.preprocessing
    files = [
        facts.File(
            FORMATS[name].title,
            FORMATS[name].file,
            sizes[name] / 1e6,
            input_of(name, size, way),
            found.crops,
            found.max_difference,
            found.changed,
        )
        for name, found in agreements.items()
    ]
    signature = facts.Signature(options.author.strip(), options.licence.strip())
    weights = bundle.weights_sha256(trained.model)
    rendering.write(
        folder, facts.gather(project, trained, classifier, RESIZE[way], weights, files, signature)
    )
    if (inner := folder / FORMATS[BUNDLE].file).is_dir():
        for name in (PAGE, TEXT):
            shutil.copyfile(folder / name, inner / name)


def _write_report(
    folder: Path, trained: runs.Run, classifier: "Classifier", agreements: "Mapping[str, Agreement]"
) -> None:
    from camtrap_gui.models.classifiers import check_export

    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_with": f"camtrap-gui {__version__}",
        "run": trained.id,
        "classes": len(classifier.classes),
        "input": {
            FORMATS[name].file: input_of(name, classifier.input_size, classifier.preprocessing)
            for name in agreements
        },
        "output": "probabilities of the classes, in the order of classlist.txt; rows sum to 1",
        "temperature": classifier.temperature,
        "crop_padding": classifier.padding,
        "checked": to_plain(agreements),
        "tolerances": to_plain(
            {name: check_export.TOLERANCES.get(name, check_export.EXACT) for name in agreements}
        ),
        "sha256": {path.relative_to(folder).as_posix(): sha256_of(path) for path in files},
    }
    write_text(folder / REPORT, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
