"""What a run was asked for beyond its preset and backbone, and what was decided for the computer, in words."""

from typing import Any

from camtrap_gui.options import Field, fields
from camtrap_gui.problem import Problem
from camtrap_gui.project.runs import Run
from camtrap_gui.ui.session import step_of
from camtrap_gui.ui.widgets import run_choice
from camtrap_gui.ui.widgets.options_form import name_of, words

_SAID_ELSEWHERE = {"preset", "backbone", "run", "fresh", "candidate"}


def asked(run: Run) -> str:
    """The options that differ from those by default; '' where none does, or nobody knows."""
    from camtrap_gui.models.classifiers.backbones import USUAL_SIZES

    try:
        given = dict(run.options)
    except Problem:
        return ""
    if given.get("input_size") == USUAL_SIZES.get(run.backbone):
        given.pop("input_size", None)
    shown = []
    for field in fields(step_of("train").module().Options):
        value = given.get(field.name, field.default)
        if field.name not in _SAID_ELSEWHERE and value != field.default:
            shown.append(_said(field, value))
    return ", ".join(shown)


def decided(run: Run) -> str:
    """Batch size, precision and learning rate as they were found to suit the computer and the crops; '' for none."""
    parts = []
    if machine := run.machine:
        size, steps = machine.get("batch_size", 0), machine.get("parts", 0)
        in_parts = f" in {steps:,} parts" if steps > 1 else ""
        parts += [f"{size:,} crops per step{in_parts}", str(machine.get("precision", ""))]
        if (factor := machine.get("rate_factor", 1.0)) != 1:
            parts.append(f"learning rates × {factor:.2g}")
    if rate := run.figures.get("learning_rate"):
        parts.append(f"learning rate found: {rate:.2g}")
    return ", ".join(filter(None, parts))


def calibrated(run: Run) -> str:
    """What was done about a confidence that cannot be taken at its word; '' where nobody noted it."""
    figures = run.figures
    if (temperature := figures.get("temperature")) is None:
        return ""
    of = "crops of unseen cameras" if run.learnt_from_validation else "the validation crops"
    words = f"Calibrated: the network's scores are divided by {temperature:.3g}, as suited {of} best."
    before, after = (figures.get(f"calibration_error_{when}") for when in ("before", "after"))
    if before is not None and after is not None:
        words += f" There, the calibration error went from {before:.1%} to {after:.1%}"
        words += "." if after < before else ", which from so few crops says little."
    return f"{words} The diagram tells how it is on the crops of the evaluation."


def in_line(run: Run) -> str:
    """The run and all that was asked for, for a comparison with another."""
    options = asked(run)
    return f"{run_choice.words(run)}, {run.backbone}" + (f" ({options})" if options else "")


def sentences(run: Run) -> list[str]:
    """What was chosen and what was found, a line each, where there is anything to say."""
    told = ("Chosen", asked(run)), ("Found to suit", decided(run))
    return [f"{name}: {about}." for name, about in told if about]


def _said(field: Field, value: Any) -> str:
    name = name_of(field)
    if isinstance(value, bool):
        return name.lower()
    number = f"{value:,} {field.option.unit}".strip() if isinstance(value, int) else str(value)
    return f"{name.lower()} {words(number).lower() if field.option.choices else number}"
