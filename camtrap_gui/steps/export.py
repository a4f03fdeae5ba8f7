"""Write a trained classifier for use elsewhere, and check what was written.

``bundle/`` is for this program (camtrap predict), the frozen graph for the tutorial's scripts and what grew from them,
the SavedModel for TensorFlow Serving and converters; ``classlist.txt`` names the classes, line by line.
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
from camtrap_gui.jobs import Progress, Report, to_plain
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, runs, sampling

if TYPE_CHECKING:
    from camtrap_gui.models.classifiers import Classifier
    from camtrap_gui.models.classifiers.check_export import Agreement

FORMATS = {
    "bundle": "bundle",
    "frozen-graph": "frozen_inference_graph_w_preprocessing.pb",
    "saved-model": "saved_model",
}
"""Formats and the names of their files."""

CLASS_LIST, REPORT = "classlist.txt", "export.json"
_CHECKED_CROPS = 64


@dataclass(frozen=True)
class Options:
    """What to write, and where."""

    folder: Annotated[Path, Option("Folder for the export; made if need be.", positional=True)]
    run: Annotated[str, Option("Training run; the newest one unless given.")] = ""
    formats: Annotated[
        tuple[str, ...],
        Option(
            "What to write: for this program, for TensorFlow 1 scripts, for TensorFlow 2.",
            choices=tuple(FORMATS),
        ),
    ] = tuple(FORMATS)


@dataclass(frozen=True)
class Checked:
    """One format, where it is, and how it compared with the trained classifier on ``crops`` crops."""

    format: str
    path: Path
    crops: int
    max_difference: float
    changed: int


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
                f"  {check.path.name}: loaded again and tried on {check.crops} crops; largest difference of a"
                f" confidence {check.max_difference:.2g}, other decision on {check.changed}"
            )
        lines.append(f"  {CLASS_LIST}, {REPORT}")
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
            report(Progress(done, steps, f"writing {FORMATS[name]}", phase))
            _write(name, classifier, trained.model, beside / FORMATS[name])
        report(Progress(steps, steps, "", phase))
        write_text(beside / CLASS_LIST, "\n".join(classifier.classes))

        def waiting() -> None:
            report(Progress(0, None, "in a fresh process", "Trying the exports"))

        agreements = _compare(classifier, {name: beside / FORMATS[name] for name in formats}, tried, waiting)
        _write_report(beside, trained, classifier, agreements)
    checked = tuple(
        Checked(name, folder / FORMATS[name], found.crops, found.max_difference, found.changed)
        for name, found in agreements.items()
    )
    return Result(folder, trained.id, len(classifier.classes), checked)


def _refuse_foreign(folder: Path, project: Project) -> None:
    if folder.exists() and not folder.is_dir():
        raise Problem(f"{folder} is a file. Give a folder for the export.")
    if folder == project.folder or project.folder.is_relative_to(folder):
        raise Problem(f"{folder} holds the project itself. Choose another folder for the export.")
    ours = {*FORMATS.values(), CLASS_LIST, REPORT}
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


def _write(name: str, classifier: "Classifier", model: Path, target: Path) -> None:
    from camtrap_gui.models.classifiers import exports

    if name == "bundle":
        shutil.copytree(model, target, ignore=shutil.ignore_patterns(".*"), copy_function=shutil.copyfile)
    elif name == "frozen-graph":
        exports.write_frozen_graph(classifier, target)
    else:
        exports.write_saved_model(classifier, target)


def _compare(
    classifier: "Classifier",
    exported: Mapping[str, Path],
    tried: list[Path],
    waiting: Callable[[], None],
) -> dict[str, "Agreement"]:
    from camtrap_gui.models.classifiers import check_export
    from camtrap_gui.pictures import read_upright

    answers = check_export.answers(exported, tried, waiting)
    expected = classifier.predict([read_upright(path) for path in tried])
    agreements = {name: check_export.agreement(expected, answers[name]) for name in exported}
    for name, found in agreements.items():
        if not found.is_good:
            raise Problem(
                f"The {name} does not answer as the trained classifier does (largest difference of a confidence"
                f" {found.max_difference:.3g}, other decision on {found.changed} of {found.crops} crops), so nothing"
                " was exported. Please report this."
            )
    return agreements


def _write_report(
    folder: Path, trained: runs.Run, classifier: "Classifier", agreements: "Mapping[str, Agreement]"
) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_with": f"camtrap-gui {__version__}",
        "run": trained.id,
        "classes": len(classifier.classes),
        "input": "one crop as RGB 0..1, any size; saved_model takes a batch of crops of one size",
        "crop_padding": classifier.padding,
        "checked": to_plain(agreements),
        "sha256": {path.relative_to(folder).as_posix(): sha256_of(path) for path in files},
    }
    write_text(folder / REPORT, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
