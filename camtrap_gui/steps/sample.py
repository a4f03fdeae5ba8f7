"""Look at what a classifier says about randomly chosen crops, as many of each species as of any other.

The tutorial's generate_sample_predictions.py: for each crop a copy and a text file with the five most likely classes,
side by side in one folder, named after the crop's path.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

from camtrap_gui.files import replacing, write_text
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.pictures import Unreadable, read_upright
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, predictions, runs, sampling
from camtrap_gui.project.crops import Crop

_NAMED = 5
_BATCH = 32

Species = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Options:
    """How many crops to look at, and where to put them."""

    output: Annotated[Path, Option("Folder for the copies and their text files; made if need be.")]
    sample: Annotated[int, Option("How many crops to choose.", low=1)] = 10
    run: Annotated[str, Option("Training run; the newest one unless given.")] = ""
    split: Annotated[str, Option("Which crops to choose from.", choices=crops.SPLITS)] = "test"
    seed: Annotated[int, Option("Another number chooses other crops.", advanced=True)] = 0


@dataclass(frozen=True)
class Look:
    """One chosen crop: its path below crops/, its species, and what the classifier said, best first."""

    file: str
    truth: str
    species: Species
    text_file: Path


@dataclass(frozen=True)
class Result:
    """The chosen crops in the order they were chosen; ``missing`` are those whose files are gone or damaged."""

    looks: tuple[Look, ...]
    missing: tuple[str, ...]

    def text(self) -> str:
        """The tutorial's lines."""
        lines = []
        for look in self.looks:
            lines += [f"Predicting {look.file}", f"Wrote output to {look.text_file}"]
        lines += [f"Could not find: {file}" for file in self.missing]
        return "\n".join(lines)


def run(project: Project, options: Options, report: Report) -> Result:
    """Choose crops, find out what the run says about them, write copies and texts.

    Predictions that an evaluation stored are used; others are made. Files of the same name are replaced. Raises
    Problem when nothing was trained, when the crops are not those the run knows, or when the split has none.
    """
    trained = runs.choose(project, options.run)
    runs.check_data(project, trained)
    chosen = list(sampling.equal_per_class(project, options.split, options.sample, options.seed))
    if not chosen:
        raise Problem(
            f"The {options.split} split has no crops. Choose another split, or split again: camtrap crop."
        )
    classes, names = crops.classes(project), _names([crop.file for crop in chosen])
    looks, missing = [], []
    for done, (crop, species) in enumerate(_predicted(project, trained, chosen), start=1):
        if species:
            copy = options.output / names[crop.file]
            _write(crops.path_of(project, crop), copy, crop.file, species)
            looks.append(Look(crop.file, classes[crop.species], species, copy.with_suffix(".txt")))
        else:
            missing.append(crop.file)
        report(Progress(done, len(chosen), crop.file, "Predicting"))
    return Result(tuple(looks), tuple(missing))


def _predicted(project: Project, trained: runs.Run, chosen: list[Crop]) -> Iterator[tuple[Crop, Species]]:
    """What the run's classifier says about each crop; nothing where the file is gone or cannot be read."""
    from camtrap_gui.models.classifiers import bundle
    from camtrap_gui.models.prediction import ranked

    predictions.begin(
        project, trained.id, bundle.fingerprint(trained.model)
    )  # forgets what an older model said
    classifier = None
    for first in range(0, len(chosen), _BATCH):
        batch = chosen[first : first + _BATCH]
        said: dict[int, Species] = {}
        ready = {}
        for crop in batch:
            known = predictions.of_crop(project, trained.id, crop.id)
            if known is not None and crops.path_of(project, crop).is_file():
                said[crop.id] = tuple(known[:_NAMED])
            elif known is None:
                classifier = classifier or bundle.load(trained.model)
                try:
                    ready[crop.id] = classifier.prepare(read_upright(crops.path_of(project, crop)))
                except Unreadable:
                    continue
        if classifier is not None:
            said |= zip(ready, ranked(classifier, list(ready.values()), _NAMED), strict=True)
        yield from ((crop, said.get(crop.id, ())) for crop in batch)


def _write(crop: Path, copy: Path, file: str, species: Species) -> None:
    lines = [f"Predicting {file}", "Most likely classes:"]
    lines += [f'\t"{name}" with confidence {value:.2%}' for name, value in species]
    with replacing(copy) as beside:
        shutil.copyfile(crop, beside)
    write_text(copy.with_suffix(".txt"), "\n".join(lines) + "\n")


def _names(files: Iterable[str]) -> dict[str, str]:
    """Names for copies in one folder: the parts of the path with ``___`` between them.

    Two crops whose names would be equal, or have equal text files, get a number before the ending.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for file in files:
        path = PurePosixPath("___".join(PurePosixPath(file).parts))
        stem, number = path.stem, 1
        while stem.casefold() in taken:
            number += 1
            stem = f"{path.stem}_{number}"
        taken.add(stem.casefold())
        names[file] = f"{stem}{path.suffix}"
    return names
