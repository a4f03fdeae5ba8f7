"""Bars: crops of each species in each split, and counts over the hours or months."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from camtrap_gui.charts import paper
from camtrap_gui.charts.paper import THEMES, Tip
from camtrap_gui.charts.sheet import Sheet, key

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def counts(
    names: Sequence[str],
    splits: Mapping[str, Sequence[int]],
    *,
    title: str,
    subtitle: str = "",
    note: str = "",
    side_by_side: bool = False,
    log: bool = False,
    theme: str = "light",
) -> "Figure":
    """How many crops each species (or location) has in each split: one row per name, in the order given.

    ``splits`` maps 'train', 'val' and 'test' to counts in the order of ``names``; splits without any crop may be
    left out. Stacked by default, one column per split ``side_by_side``. With ``log`` the columns have a logarithmic
    axis from 1, shared by the splits, and are always side by side: lengths of a stack cannot be added on it.
    ``note`` is a line below the rows.
    """
    look = THEMES[theme]
    with paper.style(look):
        if log:
            subtitle = f"{subtitle} · logarithmic scale".removeprefix(" · ")
        sheet = Sheet(names, title, subtitle, note, look)
        if side_by_side or log:
            _draw_columns(sheet, splits, log)
        else:
            _draw_stack(sheet, splits)
        paper.set_tips(
            sheet.figure,
            [
                Tip(0, sheet.edge(row + 1), 1, sheet.edge(row), _in_words(name, splits, row))
                for row, name in enumerate(names)
            ],
        )
        return sheet.figure


def over_time(
    labels: Sequence[str],
    values: Sequence[int],
    *,
    title: str,
    subtitle: str = "",
    note: str = "",
    theme: str = "light",
) -> "Figure":
    """Counts by hour of the day or month of the year: one column per label, the number above it."""
    look = THEMES[theme]
    with paper.style(look):
        from matplotlib.figure import Figure

        width, height = max(6.0, 0.46 * len(labels) + 2 * paper.MARGIN), 3.6
        figure = Figure(figsize=(width, height), facecolor=look.background)
        paper.heading(figure, title, subtitle, look)
        bottom = 0.75 if note else 0.5
        axes = paper.bare_axes(figure, paper.MARGIN, bottom, width - 2 * paper.MARGIN, height - bottom - 1.2)
        places = range(len(labels))
        axes.bar(places, values, width=0.72, color=look.splits["train"])
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_ylim(0, max([*values, 1]))
        axes.axhline(0, color=look.faint, linewidth=1, zorder=0)
        for place, label, value in zip(places, labels, values, strict=True):
            paper.beside(
                axes, f"{value:,}", (place, value), (0, 7), 7.5, look.text if value else look.muted, "center"
            )
            paper.beside(axes, label, (place, 0), (0, -10), 8.5, look.muted, "center")
        paper.note(figure, note, look)
        step, left = (1 - 2 * paper.MARGIN / width) / max(1, len(labels)), paper.MARGIN / width
        paper.set_tips(
            figure,
            [
                Tip(left + place * step, 0, left + (place + 1) * step, 1, f"{label}: {value:,}")
                for place, (label, value) in enumerate(zip(labels, values, strict=True))
            ],
        )
        return figure


def _draw_stack(sheet: Sheet, splits: Mapping[str, Sequence[int]]) -> None:
    total = _total(splits, len(sheet.names))
    axes = sheet.axes(sheet.left, sheet.room - 0.75)
    axes.set_xlim(0, max([*total, 1]))
    before = [0] * len(total)
    for split, values in splits.items():
        # Without edges: around a short bar they would take its colour away.
        axes.barh(
            range(len(values)), values, left=before, height=0.7, color=sheet.look.splits[split], snap=False
        )
        before = [a + b for a, b in zip(before, values, strict=True)]
    for row, value in enumerate(total):
        sheet.write_number(axes, row, value, value)
    sheet.write_names(axes, total)
    left = sheet.left
    for split, values in splits.items():
        left += sheet.write_key(left, split, sum(values)) + 0.3


def _draw_columns(sheet: Sheet, splits: Mapping[str, Sequence[int]], log: bool) -> None:
    most = {split: max([1, *values]) for split, values in splits.items()}
    # Beside the bars a column needs room for its key and the longest number; the rest is shared so that a crop is
    # equally long everywhere. On a logarithmic axis the columns are equal.
    fixed = {split: max(0.75, 0.35 + paper.text_width(key(split, sum(splits[split])), 9)) for split in splits}
    spare = max(1.0, sheet.room - sum(fixed.values()))
    left = sheet.left
    for split, values in splits.items():
        share = 1 / len(splits) if log else most[split] / sum(most.values())
        axes = sheet.axes(left, spare * share)
        colour = sheet.look.splits[split]
        if log:
            _draw_dots(axes, values, max(most.values()), colour)
        else:
            axes.set_xlim(0, most[split])
            axes.barh(range(len(values)), values, height=0.7, color=colour, snap=False)
        for row, value in enumerate(values):
            sheet.write_number(
                axes, row, value, max(value, _LEAST) if log else value, 7 if log and value else 4
            )
        sheet.write_key(left, split, sum(values))
        if left == sheet.left:
            sheet.write_names(axes, _total(splits, len(values)))
        left += fixed[split] + spare * share


_LEAST = 0.5  # where a logarithmic axis starts, so that a single crop can be seen


def _draw_dots(axes: "Axes", values: Sequence[int], most: int, colour: str) -> None:
    axes.set_xscale("log")
    axes.set_xlim(_LEAST, max(most, 10))
    shown = [(row, value) for row, value in enumerate(values) if value]
    for row, value in shown:
        axes.plot([_LEAST, value], [row, row], color=colour, alpha=0.35, linewidth=1.4, solid_capstyle="butt")
    axes.plot([v for _, v in shown], [r for r, _ in shown], "o", color=colour, markersize=5, clip_on=False)


def _in_words(name: str, splits: Mapping[str, Sequence[int]], row: int) -> str:
    parts = [f"{split} {values[row]:,}" for split, values in splits.items()]
    return f"{name}: {', '.join(parts)}, in all {sum(values[row] for values in splits.values()):,}"


def _total(splits: Mapping[str, Sequence[int]], rows: int) -> list[int]:
    return [sum(values[row] for values in splits.values()) for row in range(rows)]
