"""Train a species classifier on the project's crops.

``quick`` computes what the backbone sees in each crop once, keeps it, and trains the species layer on that: minutes on
a laptop, seconds the next time. ``standard`` goes on and trains the whole network on the pictures. ``tutorial`` is the
recipe of the tutorial with its network, for whoever has a graphics card and time. All are judged by macro-F1 on crops
that nothing is learnt from, and never by the test crops; the best network is kept.

A training that was stopped or killed is taken up again by the same command.

Given to several computers, each with its place in the environment variable TF_CONFIG, the same command trains on all of
them (``models/training/together``); quick needs one only.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camtrap_gui.jobs import Cancelled, Progress, Report, to_plain
from camtrap_gui.models import tf_config
from camtrap_gui.models.training_options import Options, completed, recipe_of
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crop_split, crops, run_data, runs
from camtrap_gui.project.runs import Run

if TYPE_CHECKING:
    from camtrap_gui.models.tf_config import Place
    from camtrap_gui.models.training import Training
    from camtrap_gui.models.training.together import Helped
    from camtrap_gui.project.training_data import TrainingData


@dataclass(frozen=True)
class Result:
    """The run that was made. Accuracy and ``macro_f1`` are of the validation crops, at the best epoch, before these were
    learnt from, too."""

    run: str
    model: Path
    preset: str
    classes: int
    train_crops: int
    validation_crops: int
    validation_is: str
    macro_f1: float
    accuracy: float
    best: str
    taken_up: bool
    unusable: int
    without_crops: tuple[str, ...]
    learnt_from_validation: bool = False

    def text(self) -> str:
        """The figures, what they were measured on, and what the classifier cannot know."""
        lines = [
            f"Run {self.run} ({self.preset}{', taken up again' if self.taken_up else ''}): "
            f"{self.classes} species, {self.train_crops:,} training crops.",
            f"Best: {self.best}. On {self.validation_crops:,} validation crops ({self.validation_is}): "
            f"macro-F1 {self.macro_f1:.3f}, accuracy {self.accuracy:.3f}.",
        ]
        if self.learnt_from_validation:
            lines.append(
                "Since then it has learnt from these, too: nothing but the test crops is kept from it."
            )
        if self.without_crops:
            some = ", ".join(self.without_crops[:8]) + (" ..." if len(self.without_crops) > 8 else "")
            lines.append(
                f"{len(self.without_crops)} classes have no training crops and are never predicted: {some}."
            )
        if self.unusable:
            lines.append(f"{self.unusable:,} crops could not be used; see the problems of this step.")
        lines.append(f"The classifier is in {self.model}. Next: camtrap evaluate.")
        return "\n".join(lines)


def run(project: Project, options: Options, report: Report) -> Result:
    """Train, or go on training. Raises Problem without crops of two species, or without the backbone's weights."""
    from camtrap_gui.models import training
    from camtrap_gui.models.classifiers import backbones
    from camtrap_gui.models.training import together
    from camtrap_gui.models.training.phases import EMBEDDING
    from camtrap_gui.models.training.tutorial import CHECKING
    from camtrap_gui.project import training_data

    options = asked = completed(options)
    earlier, pinned = _unfinished(project, options), options.candidate
    if earlier:
        options = _options_of(earlier)
    backbones.get(options.backbone, options.input_size)
    _bring_weights(options.backbone, report)
    data = training_data.choose(project, options.seed)
    if earlier:
        runs.check_same_data(project, earlier)
    note = f"going on with run {earlier.id}" if earlier else "starting TensorFlow"
    phase = CHECKING if options.preset == "tutorial" else EMBEDDING
    report(Progress(0, len(data.train) + len(data.validation), note, phase))
    place = _place(options)
    facts = together.facts(project, _kept(asked)) if place else {}
    with together.joined(place, facts, report) as (computers, link):
        if pinned:
            runs.pin(project)
        run = earlier or _start(project, options, data)
        with runs.held(run) as mine:
            if not mine:
                raise Problem(
                    f"Run {run.id} is being trained by another process. Wait for it, or start another: --fresh."
                )
            runs.set_state(project, run.id, "running", {})
            work = training.Training(
                *(project, run, recipe_of(options), options.seed, data, report, computers),
                start_others=lambda work, decided: together.start_others(work, link, decided),
            )
            try:
                best = training.train(work)
            except (Cancelled, KeyboardInterrupt):
                runs.set_state(project, run.id, "stopped", {})
                raise
    return _result(work, best, taken_up=earlier is not None)


def run_reading(folder: Path, options: Options, report: Report) -> "Helped":
    """Help the first of several computers to train. Raises Problem as ``run`` does, and when it does not fit to the first."""
    from camtrap_gui.models.training import together

    place = tf_config.place()
    assert place is not None
    if options.preset == "quick":
        return together.Helped("", place.number + 1, len(place.addresses))
    options = completed(options)
    _bring_weights(options.backbone, report)
    return together.help_with(folder, place, _kept(options), report)


def _place(options: Options) -> "Place | None":
    """This computer's place among several; the preset quick needs only the first of them."""
    return None if options.preset == "quick" else tf_config.place()


def _bring_weights(backbone: str, report: Report) -> None:
    """Make sure that the weights of a backbone are installed. Raises Problem, with both ways to them, when they cannot be had."""
    from camtrap_gui.models import store

    try:
        store.fetch(backbone, report)
    except Problem as error:
        raise Problem(
            f"{error}\nOr bring the file yourself, from another computer: camtrap models add FILE --backbone {backbone}"
        ) from error
    store.get(backbone)


def _unfinished(project: Project, options: Options) -> Run | None:
    """The run to take up again: the one asked for, or the newest if it is unfinished and of the same options."""
    if options.run:
        asked = runs.get(project, options.run)
        if asked.state == "done":
            raise Problem(f"Run {asked.id} is finished. Without --run, a new one is trained.")
        return asked
    newest = next(iter(runs.all_of(project)), None)
    if options.fresh or newest is None or newest.state == "done":
        return None
    same = _same_options(newest, options) and newest.data_hash == crops.data_hash(project)
    return newest if same else None


def _same_options(run: Run, options: Options) -> bool:
    """Whether a run was started with these options; those that it knows nothing of have their defaults."""
    try:
        return _kept(_options_of(run)) == _kept(options)
    except Problem:
        return False


def _kept(options: Options) -> dict[str, Any]:
    """The options that decide what is trained, as kept with the run."""
    kept: dict[str, Any] = to_plain(dataclasses.replace(options, run="", fresh=False, candidate=False))
    return kept


def _options_of(run: Run) -> Options:
    try:
        return Options(**run.options)
    except TypeError as error:
        raise Problem(
            f"The options of run {run.id} are not of this program ({error}). Start anew: --fresh."
        ) from error


def _start(project: Project, options: Options, data: "TrainingData") -> Run:
    from camtrap_gui.models.classifiers.environment import environment

    facts = {
        "classes": list(data.classes),
        "padding": data.padding,
        "location_key": crop_split.made(project).wish.key,
        "locations": {split: list(crops.locations(project, split)) for split in ("train", "val")},
        "data_hash": crops.data_hash(project),
        "validation_is": data.validation_is,
        "counts": data.counts(),
    }
    run = runs.start(project, options.preset, options.backbone, _kept(options), facts, environment())
    run_data.write_crops(project, run, data)
    run_data.write_command(run, "train", dataclasses.replace(options, run="", fresh=False, candidate=False))
    return run


def _result(work: "Training", best: dict[str, Any], taken_up: bool) -> Result:
    trained, from_all = set(work.train.labels.tolist()), bool(best.get("learnt_from_validation"))
    if from_all:
        trained |= set(work.validation.labels.tolist())
    mixed = ", half way back to where that began" if best.get("of_start") else ""
    return Result(
        run=work.run.id,
        model=work.run.model,
        preset=work.run.preset,
        classes=len(trained),
        train_crops=len(work.train),
        validation_crops=len(work.validation),
        validation_is=work.data.validation_is,
        macro_f1=best["macro_f1"],
        accuracy=best["accuracy"],
        best=f"epoch {best['epoch']} of “{best['phase']}”{mixed}",
        taken_up=taken_up,
        unusable=work.unusable,
        without_crops=tuple(name for n, name in enumerate(work.classes) if n not in trained),
        learnt_from_validation=from_all,
    )
