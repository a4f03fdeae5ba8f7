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
from typing import TYPE_CHECKING, Annotated, Any

from camtrap_gui.jobs import Cancelled, Progress, Report, to_plain
from camtrap_gui.models import tf_config
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crop_split, crops, run_data, runs
from camtrap_gui.project.runs import Run

if TYPE_CHECKING:
    from camtrap_gui.models.classifiers.recipes import Recipe
    from camtrap_gui.models.tf_config import Place
    from camtrap_gui.models.training import Training
    from camtrap_gui.models.training.together import Helped
    from camtrap_gui.project.training_data import TrainingData

PRESETS = ("quick", "standard", "tutorial")
BACKBONES = {"tutorial": "inception-v4"}
_NOT_OF_TUTORIAL = (
    *("augmentation", "balance", "by_confidence", "label_smoothing"),
    *("ema", "unfreeze", "learning_rate", "find_rate", "precision"),
)
_ONLY_OF_TUTORIAL = ("as_original",)
_NOT_OF_QUICK = ("augmentation", "unfreeze", "batch_size", "precision")
AS_PRESET = "preset"
AUGMENTATIONS = ("none", "light", "standard", "strong")
BALANCES = ("logits", "sampling", "weights", "none")
PRECISIONS = ("auto", "float32", "bfloat16")
_PICTURES, _SPECIES, _LEARNING = "Pictures", "Species and labels", "Learning"
_COMPUTER, _AGAIN = "This computer", "Repeating and keeping"


@dataclass(frozen=True)
class Options:
    preset: Annotated[
        str,
        Option(
            "quick: train the last layer on kept features, in minutes. standard: then the whole network, in hours."
            " tutorial: the tutorial's two stages, in days without a graphics card.",
            choices=PRESETS,
        ),
    ] = "quick"
    backbone: Annotated[
        str,
        Option(
            "The network that turns crops into features. Without one, that of the preset: efficientnet-lite0,"
            " inception-v4 for the tutorial."
        ),
    ] = ""
    input_size: Annotated[
        int,
        Option(
            "Side at which the network sees a crop. Larger shows more detail and takes longer: four times for twice the side."
            " 0: 288 for efficientnet-lite0, else what the backbone was made for. Of ten monkeys' photographs it had"
            " not seen, quick told 98.0 in 100 right at 224 pixels and 99.2 at 288, for 1.65 times the work.",
            low=0,
            high=1024,
            lowest="What is usual",
            unit="px",
            advanced=True,
            group=_PICTURES,
        ),
    ] = 0
    epochs: Annotated[
        int,
        Option(
            "Most epochs: of the last layer (quick) or the whole network (standard, tutorial). 0: as the preset says.",
            low=0,
            lowest="As the preset says",
            advanced=True,
            group=_LEARNING,
        ),
    ] = 0
    batch_size: Annotated[
        int,
        Option(
            "Crops per step of the presets standard and tutorial. 0: 32, or more where a graphics card is kept busier by"
            " them. Where memory does not suffice for them at once, a step is calculated in parts with the same outcome.",
            low=0,
            high=4096,
            lowest="As suits the computer",
            advanced=True,
            group=_COMPUTER,
            label="Crops per step",
        ),
    ] = 0
    precision: Annotated[
        str,
        Option(
            "How exactly the preset standard calculates. bfloat16 is coarser and up to twice as fast where the hardware has"
            " it and the backbone gains from it; auto takes it there.",
            choices=PRECISIONS,
            advanced=True,
            group=_COMPUTER,
        ),
    ] = "auto"
    seed: Annotated[
        int,
        Option(
            "Start of the random choices.",
            low=0,
            high=2**31 - 1,
            advanced=True,
            group=_AGAIN,
            label="Random seed",
        ),
    ] = 0
    augmentation: Annotated[
        str,
        Option(
            "How much pictures are changed before the whole network learns from them: the window moves in the crop and"
            " is mirrored (light), light and colour change, some are grey (standard), some are blurred or have a hole"
            " (strong).",
            choices=(AS_PRESET, *AUGMENTATIONS),
            advanced=True,
            group=_PICTURES,
            label="Changes to pictures",
        ),
    ] = AS_PRESET
    balance: Annotated[
        str,
        Option(
            "What is done about common and rare species: logits adjusts the loss by how common each is, sampling shows"
            " all equally often, weights makes rare ones count more. Of ten monkeys with 60 to 2 photographs, macro-F1"
            " of quick: 0.94 with logits, 0.90 with sampling or weights, 0.79 with none.",
            choices=(AS_PRESET, *BALANCES),
            advanced=True,
            group=_SPECIES,
            label="Rare species",
        ),
    ] = AS_PRESET
    by_confidence: Annotated[
        bool,
        Option(
            "Let each crop count as much as the detector was sure of it.",
            advanced=True,
            group=_SPECIES,
            label="Sure detections count more",
        ),
    ] = False
    label_smoothing: Annotated[
        float,
        Option(
            "Share of each label that is dealt to all species.",
            low=0,
            high=0.5,
            advanced=True,
            group=_SPECIES,
            label="Doubt in labels",
        ),
    ] = 0.0
    ema: Annotated[
        float,
        Option(
            "Keep a moving average of the weights instead of the last ones; 0.99 averages some hundred steps.",
            low=0,
            high=0.9999,
            lowest="No average",
            decimals=4,
            advanced=True,
            group=_LEARNING,
            label="Averaged weights",
        ),
    ] = 0.0
    unfreeze: Annotated[
        bool,
        Option(
            "Let the whole network learn step by step: its last layers first, deeper ones later and slower.",
            advanced=True,
            group=_LEARNING,
            label="Learn layer by layer",
        ),
    ] = False
    learning_rate: Annotated[
        float,
        Option(
            "Highest learning rate: of the last layer (quick) or the backbone (standard). 0: as the preset says.",
            low=0,
            high=1,
            lowest="As the preset says",
            decimals=5,
            advanced=True,
            group=_LEARNING,
        ),
    ] = 0.0
    find_rate: Annotated[
        bool,
        Option(
            "Find the learning rate by a short test before training begins.",
            advanced=True,
            group=_LEARNING,
            label="Find the learning rate first",
        ),
    ] = False
    as_original: Annotated[
        bool,
        Option(
            "Only for the preset tutorial: let normalisation use each batch while only the last layer learns, and its"
            " averages lag behind, as in the original, which is known to cost accuracy.",
            advanced=True,
            group=_LEARNING,
            label="With the original's faults",
        ),
    ] = False
    run: Annotated[str, Option("An unfinished run to take up again, with the options it had.")] = ""
    fresh: Annotated[
        bool,
        Option(
            "Start a new run even though an unfinished one has the same options.",
            advanced=True,
            group=_AGAIN,
            label="Start anew",
        ),
    ] = False
    candidate: Annotated[
        bool,
        Option(
            "Keep the model in use until camtrap compare --promote, or a click, puts this one in its place.",
            advanced=True,
            group=_AGAIN,
            label="Do not use it yet",
        ),
    ] = False

    @property
    def only_reads(self) -> bool:
        """Whether this computer helps another one to train, and leaves the project to it."""
        place = tf_config.place()
        return place is not None and not place.is_first


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
            f"{self.train_crops:,} crops of {self.classes} species.",
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

    options = asked = _completed(options)
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
    options = _completed(options)
    _bring_weights(options.backbone, report)
    return together.help_with(
        folder, place, _kept(options), lambda plain: recipe_of(Options(**plain)), report
    )


def _place(options: Options) -> "Place | None":
    """This computer's place among several; the preset quick needs only the first of them."""
    return None if options.preset == "quick" else tf_config.place()


def _completed(options: Options) -> Options:
    """With the backbone of the preset where none is given. Raises Problem for options that the preset has no use for."""
    from camtrap_gui.models.catalogue import DEFAULT_BACKBONE
    from camtrap_gui.models.classifiers import backbones

    plain = Options()
    if options.preset == "tutorial":
        if changed := [name for name in _NOT_OF_TUTORIAL if getattr(options, name) != getattr(plain, name)]:
            raise Problem(
                f"The preset tutorial is the tutorial's own recipe, which has no “{changed[0].replace('_', ' ')}” to"
                " choose. Leave that out, or take the preset standard."
            )
    elif options.as_original:
        raise Problem(
            "Only the preset tutorial has an original: --preset tutorial, or leave --as-original out."
        )
    backbone = options.backbone or BACKBONES.get(options.preset, DEFAULT_BACKBONE)
    size = options.input_size or (
        0 if options.preset == "tutorial" else backbones.USUAL_SIZES.get(backbone, 0)
    )
    return dataclasses.replace(options, backbone=backbone, input_size=size)


def unheeded(preset: str) -> tuple[str, ...]:
    """The options that make no difference to a preset, or that it refuses."""
    if preset == "tutorial":
        return _NOT_OF_TUTORIAL
    return (*_ONLY_OF_TUTORIAL, *(_NOT_OF_QUICK if preset == "quick" else ()))


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


def recipe_of(options: Options) -> "Recipe":
    """The recipe of the preset, with what the options change in it."""
    from camtrap_gui.models.classifiers.recipes import PRESETS

    recipe = PRESETS[options.preset]
    chosen: dict[str, Any] = {
        name: value for name in ("augmentation", "balance") if (value := getattr(options, name)) != AS_PRESET
    }
    recipe = dataclasses.replace(
        recipe,
        batch_size=options.batch_size or recipe.batch_size,
        batch_by_memory=not options.batch_size,
        precision=options.precision,
        by_confidence=options.by_confidence,
        label_smoothing=options.label_smoothing,
        as_original=options.as_original,
        **chosen,
    ).with_last(find_rate=options.find_rate, ema=options.ema)
    if options.epochs:
        recipe = recipe.with_last(epochs=options.epochs)
    if options.learning_rate:
        recipe = recipe.with_rate(options.learning_rate)
    if options.unfreeze:
        recipe = recipe.unfreezing()
    return recipe


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
        best=f"epoch {best['epoch']} of “{best['phase']}”",
        taken_up=taken_up,
        unusable=work.unusable,
        without_crops=tuple(name for n, name in enumerate(work.classes) if n not in trained),
        learnt_from_validation=from_all,
    )
