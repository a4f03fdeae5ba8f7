"""What a training can be asked for, and what that means: which options a preset heeds, and the recipe they make.

Running it is the step's own part (``steps/train.py``).
"""

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from camtrap_gui.models import tf_config
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    from camtrap_gui.models.classifiers.recipes import Recipe

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

_of_pictures = partial(Option, advanced=True, group="Pictures")
_of_species = partial(Option, advanced=True, group="Species and labels")
_of_learning = partial(Option, advanced=True, group="Learning")
_of_computer = partial(Option, advanced=True, group="This computer")
_of_keeping = partial(Option, advanced=True, group="Repeating and keeping")


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
        _of_pictures(
            "Side at which the network sees a crop. Larger shows more detail and takes longer: four times for twice the side."
            " 0: 288 for efficientnet-lite0, else what the backbone was made for. Of ten monkeys' photographs it had"
            " not seen, quick told 98.6 in 100 right at 224 pixels and 99.3 at 288, for 1.65 times the work.",
            low=0,
            high=1024,
            lowest="What is usual",
            unit="px",
        ),
    ] = 0
    epochs: Annotated[
        int,
        _of_learning(
            "Most epochs: of the last layer (quick) or the whole network (standard, tutorial). 0: as the preset says.",
            low=0,
            lowest="As the preset says",
        ),
    ] = 0
    batch_size: Annotated[
        int,
        _of_computer(
            "Crops per step of the presets standard and tutorial. 0: 32, or more where a graphics card is kept busier by"
            " them. Where memory does not suffice for them at once, a step is calculated in parts with the same outcome.",
            low=0,
            high=4096,
            lowest="As suits the computer",
            label="Crops per step",
        ),
    ] = 0
    precision: Annotated[
        str,
        _of_computer(
            "How exactly the preset standard calculates. bfloat16 is coarser and up to twice as fast where the hardware has"
            " it and the backbone gains from it; auto takes it there.",
            choices=PRECISIONS,
        ),
    ] = "auto"
    seed: Annotated[
        int,
        _of_keeping(
            "Start of the random choices.",
            low=0,
            high=2**31 - 1,
            label="Random seed",
        ),
    ] = 0
    augmentation: Annotated[
        str,
        _of_pictures(
            "How much pictures are changed before the whole network learns from them: the window moves in the crop and"
            " is mirrored (light), light and colour change, some are grey (standard), some are blurred or have a hole"
            " (strong).",
            choices=(AS_PRESET, *AUGMENTATIONS),
            label="Changes to pictures",
        ),
    ] = AS_PRESET
    balance: Annotated[
        str,
        _of_species(
            "What is done about common and rare species: logits adjusts the loss by how common each is, sampling shows"
            " all equally often, weights makes rare ones count more. Of ten monkeys with 60 to 2 photographs, macro-F1"
            " of quick: 0.972 with logits, 0.967 with sampling, 0.965 with weights, 0.949 with none.",
            choices=(AS_PRESET, *BALANCES),
            label="Rare species",
        ),
    ] = AS_PRESET
    by_confidence: Annotated[
        bool,
        _of_species(
            "Let each crop count as much as the detector was sure of it. On a survey of 60 cameras that made no difference.",
            label="Sure detections count more",
        ),
    ] = False
    label_smoothing: Annotated[
        float,
        _of_species(
            "Share of each label that is dealt to all species.",
            low=0,
            high=0.5,
            label="Doubt in labels",
        ),
    ] = 0.0
    ema: Annotated[
        float,
        _of_learning(
            "Keep a moving average of the weights instead of the last ones; 0.99 averages some hundred steps.",
            low=0,
            high=0.9999,
            lowest="No average",
            decimals=4,
            label="Averaged weights",
        ),
    ] = 0.0
    unfreeze: Annotated[
        bool,
        _of_learning(
            "Let the whole network learn step by step: its last layers first, deeper ones later and slower.",
            label="Learn layer by layer",
        ),
    ] = False
    learning_rate: Annotated[
        float,
        _of_learning(
            "Highest learning rate: of the last layer (quick) or the backbone (standard). 0: as the preset says.",
            low=0,
            high=1,
            lowest="As the preset says",
            decimals=5,
        ),
    ] = 0.0
    find_rate: Annotated[
        bool,
        _of_learning(
            "Find the learning rate by a short test before training begins.",
            label="Find the learning rate first",
        ),
    ] = False
    as_original: Annotated[
        bool,
        _of_learning(
            "Only for the preset tutorial: let normalisation use each batch while only the last layer learns, and its"
            " averages lag behind, as in the original, which is known to cost accuracy.",
            label="With the original's faults",
        ),
    ] = False
    run: Annotated[str, Option("An unfinished run to take up again, with the options it had.")] = ""
    fresh: Annotated[
        bool,
        _of_keeping(
            "Start a new run even though an unfinished one has the same options.",
            label="Start anew",
        ),
    ] = False
    candidate: Annotated[
        bool,
        _of_keeping(
            "Keep the model in use until camtrap compare --promote, or a click, puts this one in its place.",
            label="Do not use it yet",
        ),
    ] = False

    @property
    def only_reads(self) -> bool:
        """Whether this computer helps another one to train, and leaves the project to it."""
        place = tf_config.place()
        return place is not None and not place.is_first


def unheeded(preset: str) -> tuple[str, ...]:
    """The options that make no difference to a preset, or that it refuses."""
    if preset == "tutorial":
        return _NOT_OF_TUTORIAL
    return (*_ONLY_OF_TUTORIAL, *(_NOT_OF_QUICK if preset == "quick" else ()))


def completed(options: Options) -> Options:
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
