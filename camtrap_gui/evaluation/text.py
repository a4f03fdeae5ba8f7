"""Figures as text for the command line, for who knows animals better than statistics."""

from collections.abc import Iterator, Sequence
from typing import Any

from camtrap_gui.evaluation.figures import DayNight, Evaluation, Part
from camtrap_gui.evaluation.light import DAY_BEGINS, DAY_ENDS
from camtrap_gui.resampling import Interval

_WORST = 10


def text(figures: Evaluation) -> str:
    """The tutorial's line, the figures, and tables of parts, species and the locations with the lowest accuracy."""
    return "\n\n".join(
        (
            f"eval/Accuracy[{figures.accuracy:.9g}]eval/Recall_{figures.k}[{figures.top_k:.9g}]",
            _whole(figures),
            *_calibration(figures),
            *_parts(figures),
            _classes(figures),
            _locations(figures),
        )
    )


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Aligned text: the first column to the left, numbers to the right with thousands separators, "–" for None."""
    cells = [tuple(header), *(tuple(map(_shown, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )


def parts(figures: Evaluation) -> list[tuple[str, Part]]:
    """The parts of the crops that have figures of their own, by what they are called."""
    found: list[tuple[str, Part | None]] = []
    if (sequences := figures.sequences) is not None:
        found += [("Sequences, by vote", sequences.voted), ("Their crops, one by one", sequences.crops)]
    if (known := figures.day_night) is not None:
        found += [("By day", known.day), ("By night", known.night)]
    return [(name, part) for name, part in found if part is not None]


def about_sequences(figures: Evaluation) -> str:
    """How the answer for a sequence comes about, and which are left out; '' when nothing is known about sequences."""
    if figures.sequences is None:
        return ""
    mixed = figures.sequences.mixed
    left_out = f" {mixed:,} sequences that show several species are left out." if mixed else ""
    return (
        "A sequence is named by a vote of its crops: the species with the highest mean confidence." + left_out
    )


def about_light(known: DayNight | None) -> str:
    """How day and night are told apart; '' when they are not."""
    if known is None:
        return ""
    sentences = []
    if known.by_clock:
        sentences.append(
            f"Day is from {DAY_BEGINS} to {DAY_ENDS} o'clock by the camera's clock ({known.by_clock:,} crops)."
        )
    if known.by_colour:
        sentences.append(f"Without a time, grey pictures are taken for night ({known.by_colour:,} crops).")
    if known.unknown:
        sentences.append(f"Of {known.unknown:,} crops it is not known.")
    return " ".join(sentences)


def spread(interval: Interval | None, form: str = ".1%") -> str | None:
    """An interval in words."""
    return None if interval is None else f"{interval[0]:{form}} to {interval[1]:{form}}"


def _whole(figures: Evaluation) -> str:
    return (
        f"Top-1 accuracy     {figures.accuracy:6.1%}{_over_locations(figures.interval)}\n"
        f"Top-{figures.k} accuracy     {figures.top_k:6.1%}{_over_locations(figures.top_k_interval)}\n"
        f"Macro-F1            {figures.macro_f1:.3f}{_over_locations(figures.macro_f1_interval, '.3f')}: the mean over"
        " the species that have crops\n"
        f"Balanced accuracy  {figures.balanced_accuracy:6.1%}{_over_locations(figures.balanced_accuracy_interval)}: the"
        " mean recall of the same species"
    )


def _calibration(figures: Evaluation) -> Iterator[str]:
    known = figures.calibration
    if known is None:
        return
    yield (
        f"Calibration error  {known.error:6.1%}{_over_locations(known.interval)}, how far confidence is from the share of"
        f" hits\n{known.sentence()}"
    )
    rows = [
        (
            f"{each.low:.0%} to {each.high:.0%}",
            each.crops,
            each.confidence,
            each.accuracy,
            spread(each.interval, ".3f"),
        )
        for each in known.bins
        if each.crops
    ]
    yield table(("Confidence", "Crops", "Mean", "Right", "95 % interval"), rows)


def _parts(figures: Evaluation) -> Iterator[str]:
    found = parts(figures)
    if not found:
        return
    rows = [
        (
            name,
            part.count,
            part.locations,
            f"{part.accuracy:.1%}",
            spread(part.interval),
            part.macro_f1,
            spread(part.macro_f1_interval, ".3f"),
        )
        for name, part in found
    ]
    header = ("", "Number", "Locations", "Top-1", "95 % interval", "Macro-F1", "95 % interval")
    about = (about_sequences(figures), about_light(figures.day_night))
    yield "\n".join((table(header, rows), "", *filter(None, about)))


def _classes(figures: Evaluation) -> str:
    return table(
        ("Species", "Crops", "Locations", "Predicted", "Precision", "Recall", "F1", "95 % interval"),
        [
            (
                c.name,
                c.crops,
                c.locations,
                c.predicted,
                c.precision,
                c.recall,
                c.f1,
                spread(c.f1_interval, ".3f"),
            )
            for c in figures.classes
            if c.crops or c.predicted
        ],
    )


def _locations(figures: Evaluation) -> str:
    worst = sorted(figures.locations, key=lambda location: (location.accuracy, -location.crops))[:_WORST]
    listed = table(
        ("Location", "Crops", "Species", "Accuracy", "Precision", "Recall", "F1"),
        [(o.name, o.crops, o.species, o.accuracy, o.precision, o.recall, o.f1) for o in worst],
    )
    if len(worst) == len(figures.locations):
        return listed
    return f"The {len(worst)} of {len(figures.locations):,} locations with the lowest accuracy:\n\n{listed}"


def _over_locations(interval: Interval | None, form: str = ".1%") -> str:
    return "" if interval is None else f" (95 % interval over locations: {spread(interval, form)})"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return (
        f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    )
