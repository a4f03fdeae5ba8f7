"""The table of contents: every step of the road from pictures to predictions, in order.

A step is a module with ``Options`` (a frozen dataclass), ``run(project, options, report) -> Result`` and a one-line
docstring. Steps read the project and write it; they never call each other. ``run`` of a step that needs no project
takes ``None`` for it.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from camtrap_gui.jobs import Report, Result, recorded, watched
from camtrap_gui.project import Project, history


@dataclass(frozen=True)
class Step:
    """A verb of the workflow.

    ``project`` says how it treats the folder: 'create' when missing, 'open', or 'none'. ``after`` names the steps
    whose results it reads, ``if_done`` those whose results it reads where there are any. One that ``changes`` nothing in
    the project can be done where that can only be looked at. Of the others there only is what the module's ``look`` gives,
    if it has one: what was made before.
    """

    name: str
    title: str
    help: str
    project: str = "open"
    package: str = __name__
    after: tuple[str, ...] = ()
    if_done: tuple[str, ...] = ()
    changes: bool = True

    def module(self) -> Any:
        """The module of the step, imported only now, so that showing the table costs nothing."""
        return import_module(f"{self.package}.{self.name}")


STEPS = (
    Step(
        "dataset", "Dataset", "Bring pictures and what is known about them into a project.", project="create"
    ),
    Step("detect", "Detect", "Find animals, people and vehicles in the pictures.", after=("dataset",)),
    Step(
        "crop",
        "Crops",
        "Cut out the animals and split them by camera site into train, val and test.",
        after=("detect",),
        if_done=("results",),
    ),
    Step(
        "stats",
        "Statistics",
        "Count the crops of each species in each split; table and chart.",
        after=("crop",),
        changes=False,
    ),
    Step("train", "Train", "Train a species classifier on the crops.", after=("crop",)),
    Step(
        "evaluate",
        "Evaluate",
        "Measure a trained classifier on cameras it has never seen.",
        after=("train", "crop"),
    ),
    Step(
        "export",
        "Export",
        "Write a trained classifier for use elsewhere, and check what was written.",
        after=("train",),
        changes=False,
    ),
    Step(
        "predict",
        "Predict",
        "Say which species are in new pictures.",
        project="none",
        after=("train",),
        changes=False,
    ),
    Step(
        "review",
        "Review",
        "Find out which pictures to look at first: what teaches most, what is alike, which labels may be wrong.",
        after=("dataset",),
        if_done=("detect", "results", "crop", "train"),
    ),
)

COMMANDS = (
    *STEPS,
    Step("results", "Results", "Bring in what a detector found elsewhere.", after=("dataset",)),
    Step(
        "embed", "Features", "Look at every crop with a backbone, for training and review.", after=("crop",)
    ),
    Step("merge", "Merge", "Bring together what shards have found.", after=("dataset",)),
    Step(
        "sample",
        "Sample",
        "Look at predictions for randomly chosen test pictures.",
        after=("train",),
        changes=False,
    ),
    Step(
        "compare",
        "Compare models",
        "Compare a new model with the current one on the same held-out cameras.",
        after=("train", "crop"),
    ),
    Step(
        "static",
        "Static objects",
        "Find what detectors see at the same place again and again.",
        changes=False,  # unless it is to reject them
    ),
    Step(
        "share",
        "Share",
        "Write what the project knows for other programs: Camtrap DP, Timelapse, tables, box sets, folders.",
        after=("dataset",),
        changes=False,
    ),
    Step(
        "unlock",
        "Taking over",
        "Work on a project again that another computer had open when it crashed.",
        project="none",
        changes=False,
    ),
    Step(
        "demo",
        "Demo",
        "Make a survey that needs no download and go the whole road with it.",
        project="none",
        package="camtrap_gui",
    ),
)
"""What the command line and the engine can be asked for: the steps, and what is made of them."""

MODELS = Step(
    "change", "Models", "Install, add or remove a model.", project="none", package="camtrap_gui.models"
)
"""What the engine can be asked for besides; the command line has ``camtrap models`` for it."""

LILA = Step(
    "lila_contents", "LILA", "See what there is at LILA.", project="none", package="camtrap_gui.sources"
)
"""Another such thing, for the lists of the window."""

EXPLANATION = Step(
    "explanation",
    "Explanation",
    "See what a classifier looked at.",
    project="none",
    package="camtrap_gui.models",
)
"""A third one, for the picture that is looked at."""

CLUSTER = Step(
    "connection_test",
    "Cluster",
    "See whether a cluster can be used, and what it has got.",
    project="none",
    package="camtrap_gui.cluster",
)
"""A fourth one, for the address of a cluster."""


def named(name: str) -> Step:
    """The command of that name."""
    return next(step for step in COMMANDS if step.name == name)


def run_step(step: Step, project: Project | None, options: Any, report: Report) -> Result:
    """Run a step on an open project and keep a row about it there; a preview changes nothing and leaves none."""
    if project is not None and project.read_only and step.changes:
        if not hasattr(step.module(), "look"):
            project.require_writable()
        kept: Result = step.module().look(project, options)
        return kept
    if project is None or project.read_only or getattr(options, "preview", False):
        result: Result = step.module().run(project, options, report)
        return result
    with recorded(project, step.name, options) as job:
        job.result = step.module().run(project, options, watched(project, report))
    made: Result = job.result
    return made


def start(step: Step, folder: Path | None, options: Any, report: Report) -> Result:
    """Open the project as the step wants it, run the step, close the project. Raises Problem as either does.

    With options that say ``only_reads`` the project is not opened: the step's ``run_reading`` is given its folder.
    """
    if folder is not None and getattr(options, "only_reads", False):
        made: Result = step.module().run_reading(folder, options, report)
        return made
    if step.project == "none" or folder is None:
        return run_step(step, None, options, report)
    opening = Project.open_or_create if step.project == "create" else Project.open
    with opening(folder) as project:
        return run_step(step, project, options, report)


def states(project: Project) -> dict[str, str]:
    """For every step 'not yet', 'done', or 'stale': done, but a step it reads from has finished since.

    'brought in' is one that was done elsewhere, and of which the project has what came of it.
    """
    done = history.last_done(project)

    def state(step: Step) -> str:
        if step.name not in done:
            elsewhere = step.name == "detect" and ("merge" in done or _found_elsewhere(project))
            return "brought in" if elsewhere else "not yet"
        inputs = (done[name].finished for name in (*step.after, *step.if_done) if name in done)
        started = done[step.name].started
        return "stale" if any(finished and finished > started for finished in inputs) else "done"

    return {step.name: state(step) for step in STEPS}


def _found_elsewhere(project: Project) -> bool:
    from camtrap_gui.project import detections

    detector = detections.latest_detector(project)
    return detector is not None and detector.kind == detections.ELSEWHERE


def missing(project: Project, step: Step) -> Step | None:
    """The first step to be done before ``step`` can be, None when all that it reads is there.

    What is there counts, wherever it comes from, not only what a step of this project has made.
    """
    from camtrap_gui.project import crops, detections, images, runs

    is_there = {
        "dataset": lambda: images.count(project) > 0,
        "detect": lambda: detections.latest_detector(project) is not None,
        "crop": lambda: crops.are_there(project),
        "train": lambda: any(run.has_model for run in runs.all_of(project)),
    }
    for name in step.after:
        if not is_there[name]():
            return missing(project, named(name)) or named(name)
    return None
