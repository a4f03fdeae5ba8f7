"""One training on several computers: the first one's run, which the others help to learn.

The first computer (``tf_config``) works as it does alone: run, checkpoints, figures and the classifier are its own. The
others read the project and write nothing to it: each has a private copy of the database and a private folder for the run,
which are thrown away. The first one trains the species layer and then says what is to be done: which run, with which
options, crops and decisions of the machine. Weights and the place in the training are sent with it (``learning.begin``).
"""

import dataclasses
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from camtrap_gui import __version__
from camtrap_gui.files import sha256_of, write_text
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.models.classifiers import computers, devices, meeting
from camtrap_gui.models.classifiers.computers import Computers
from camtrap_gui.models.classifiers.meeting import Link
from camtrap_gui.models.tf_config import Place
from camtrap_gui.models.training import Training, machine, phases, tutorial
from camtrap_gui.models.training_options import Options, recipe_of
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, runs, training_data
from camtrap_gui.project.private_copy import private_copy
from camtrap_gui.project.runs import Run
from camtrap_gui.project.training_data import Selection, TrainingData

_LOOKED_AT = 8  # crops, to see whether their files are there


@dataclass(frozen=True)
class Helped:
    """What a computer says that has helped with a training."""

    run: str
    computer: int
    computers: int

    def text(self) -> str:
        """Where the outcome is."""
        if not self.run:
            return "The preset quick needs one computer only; the first one of TF_CONFIG does it, this one has nothing to do."
        return (
            f"Computer {self.computer} of {self.computers} has done its share of run {self.run}. The classifier is kept by"
            " the first computer."
        )


@contextmanager
def joined(place: Place | None, facts: Mapping[str, Any], report: Report) -> Iterator[tuple[Computers, Link]]:
    """Meet the others and connect with them. Without a place this computer is alone, and the link leads nowhere."""
    if place is None:
        yield computers.ALONE, Link(Place(("",), 0), {})
        return
    import tensorflow as tf

    tf.config.list_physical_devices()  # loaded now, so that nobody waits for it after the meeting
    with meeting.meet(place, facts, report) as link:
        report(Progress(0, None, "connecting", meeting.PHASE))
        together = computers.join(place)
        with together.watching():
            yield together, link


def facts(project: Project, options: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same on all computers, by what it is called. Raises Problem when crops are not where they should be."""
    import tensorflow as tf

    _expect_crops(project)
    same = {
        "the version of this program": __version__,
        "the version of TensorFlow": tf.__version__,
        "the number of graphics cards": devices.gpus(),
        "what the crops, their labels and their split add up to": crops.data_hash(project)[:12],
        **{f"--{name.replace('_', '-')}": value for name, value in options.items()},
    }
    if options.get("preset") == "standard" and options.get("precision") != devices.FLOAT32:
        same["whether it calculates in bfloat16 (--precision float32 does without)"] = devices.has_bfloat16()
    return same


def start_others(training: Training, link: Link, decided: Mapping[str, Any] | None) -> None:
    """Say to the others what is to be done now. ``decided`` is of the machine (``Machine``), where that matters."""
    run = training.run
    ids = (training.data.train.ids, training.data.validation.ids)
    usable = (training.train.ids, training.validation.ids)
    link.tell(
        {
            "run": run.id,
            "preset": run.preset,
            "backbone": run.backbone,
            "options": dict(run.options),
            "data": dict(run.data),
            "figures": training.figures,
            "seed": training.seed,
            "machine": decided,
            "unusable": [np.setdiff1d(*pair).tolist() for pair in zip(ids, usable, strict=True)],
        }
    )


def help_with(folder: Path, place: Place, options: Mapping[str, Any], report: Report) -> Helped:
    """Do this computer's share of the training of the project in ``folder``, as the first one says. ``options`` are those it
    was started with. Raises Problem where it does not fit to the first one, Interrupted when another one is lost."""
    report(Progress(0, None, "reading the project", meeting.PHASE))
    with (
        private_copy(folder) as project,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as private,
    ):
        report(Progress(0, None, "starting TensorFlow", meeting.PHASE))
        with joined(place, facts(project, options), report) as (together, link):

            def waiting() -> None:
                report(Progress(0, None, "the first computer trains the last layer", "Waiting"))

            plan = link.hear(waiting)
            run = _private_run(project, plan, Path(private))
            data = _usable(training_data.choose(project, plan["seed"]), plan["unusable"])
            recipe = recipe_of(Options(**plan["options"]))
            work = Training(project, run, recipe, plan["seed"], data, report, together)
            if plan["preset"] == "tutorial":
                tutorial.run(work)
            else:
                phases.fine_tune(work)
    return Helped(run.id, place.number + 1, len(place.addresses))


def _expect_crops(project: Project) -> None:
    """Raises Problem when some crops, drawn at random, are not there or not what they should be."""
    last = project.db.execute("SELECT max(id) FROM crops").fetchone()[0] or 0
    drawn = random.Random(0)
    for _ in range(_LOOKED_AT):
        found = project.db.execute(
            "SELECT id FROM crops WHERE id >= ? ORDER BY id LIMIT 1", (drawn.randint(1, max(1, last)),)
        ).fetchone()
        path, sha256 = training_data.file_of(project, found[0])
        try:
            same = sha256_of(path) == sha256
        except OSError as error:
            raise Problem(
                f"The crop {path} cannot be read here: {error.strerror}. All computers must see the project's folder."
            ) from error
        if not same:
            raise Problem(
                f"The crop {path} is not what the project says. Make the crops again: camtrap crop."
            )


def _private_run(project: Project, plan: Mapping[str, Any], folder: Path) -> Run:
    """The run as this computer's own, with the classifier that the first computer has kept so far."""
    model = project.folder / runs.FOLDER / plan["run"] / "model"
    if model.is_dir():
        shutil.copytree(model, folder / "model")
    for name in ("options", "data"):
        write_text(folder / f"{name}.json", runs.as_json(plan[name]))
    if plan["machine"]:
        # How much memory there is differs from computer to computer; in how many parts it calculates does not matter.
        machine.write(folder, machine.Machine(**{**plan["machine"], "parts": 0}))
    run = Run(
        id=plan["run"],
        folder=folder,
        started=datetime.now().astimezone(),
        finished=None,
        state="running",
        preset=plan["preset"],
        backbone=plan["backbone"],
        data_hash=plan["data"]["data_hash"],
        figures=plan["figures"],
    )
    runs.remember(project, run)
    return run


def _usable(data: TrainingData, unusable: list[list[int]]) -> TrainingData:
    def only(part: Selection, gone: list[int]) -> Selection:
        return part.only(~np.isin(part.ids, gone))

    train, validation = (
        only(part, gone) for part, gone in zip((data.train, data.validation), unusable, strict=True)
    )
    return dataclasses.replace(data, train=train, validation=validation)
