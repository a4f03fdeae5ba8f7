"""The reliability diagram: how often a classifier is right, by how sure it is, and how many crops that is known from."""

from collections.abc import Sequence
from math import atan2, degrees
from typing import TYPE_CHECKING

from camtrap_gui.charts import paper
from camtrap_gui.charts.paper import THEMES, Theme, Tip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from camtrap_gui.calibration import Bin, Calibration

_WIDTH, _HEIGHT = 6.8, 4.9  # inches, as all below
_LEFT, _RIGHT = 0.95, 0.45
_ROOM = _WIDTH - _LEFT - _RIGHT
_COUNTS_AT, _COUNTS = 1.04, 0.5  # the columns at the foot
_CURVE_AT = _COUNTS_AT + _COUNTS + 0.32
_CURVE = _HEIGHT - _CURVE_AT - 1.16


def reliability(known: "Calibration", about: str, *, theme: str = "light") -> "Figure":
    """The share of right crops over how sure the classifier was, one dot per bin that has crops; their number below.

    ``about`` says which crops they are ("240 test crops"). Dots on the dashed line are right as often as they say.
    """
    look = THEMES[theme]
    with paper.style(look):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(_WIDTH, _HEIGHT), facecolor=look.background)
        paper.heading(figure, "Reliability", known.sentence(), look)
        paper.note(figure, _note(known, about), look)
        present = [each for each in known.bins if each.crops]
        _draw_curve(paper.bare_axes(figure, _LEFT, _CURVE_AT, _ROOM, _CURVE), present, look)
        _draw_counts(paper.bare_axes(figure, _LEFT, _COUNTS_AT, _ROOM, _COUNTS), present, look)
        paper.set_tips(
            figure, [Tip(_across(each.low), 0, _across(each.high), 1, words(each)) for each in present]
        )
        return figure


def words(each: "Bin") -> str:
    """The numbers of a bin that has crops, in a sentence."""
    spread = "" if each.interval is None else " (95 % interval {:.0%} to {:.0%})".format(*each.interval)
    crops = "1 crop" if each.crops == 1 else f"{each.crops:,} crops"
    return (
        f"{each.low:.0%} to {each.high:.0%} sure: {crops}, {each.confidence:.0%} on average,"
        f" right in {each.accuracy:.0%}{spread}"
    )


def _note(known: "Calibration", about: str) -> str:
    spread = "" if known.interval is None else " (95 % interval {:.1%} to {:.1%})".format(*known.interval)
    present = [each for each in known.bins if each.crops]
    key = []
    if any(each.interval for each in present):
        key.append("Upright lines: 95 % intervals over locations.")
    if not all(each.interval for each in present):
        key.append("Hollow dots: crops of a single location, so without an interval.")
    return f"{about} · expected calibration error {known.error:.1%}{spread}\n{' '.join(key)}"


def _across(confidence: float) -> float:
    return (_LEFT + confidence * _ROOM) / _WIDTH


def _draw_curve(axes: "Axes", present: Sequence["Bin"], look: Theme) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        axes.axhline(share, color=look.faint, linewidth=1, zorder=0, clip_on=False)
        paper.beside(axes, f"{share:.0%}", (0, share), (-8, 0), 8.5, look.muted, "right")
    paper.beside(axes, "how often it is right", (0, 1), (-43, 13), 8.5, look.text, "left")
    axes.plot([0, 1], [0, 1], color=look.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    # At the lower end, where hardly any first guess is.
    slope = degrees(atan2(_CURVE, _ROOM))
    along = {"rotation": slope, "rotation_mode": "anchor"}
    paper.beside(axes, "as often as it says", (0, 0), (3, 6), 8, look.muted, "left", **along)
    colour = look.splits["train"]
    places = [(each.confidence or 0.0, each.accuracy or 0.0) for each in present]
    axes.plot(*zip(*places, strict=True), color=colour, linewidth=1.2, alpha=0.4, zorder=2, clip_on=False)
    for (x, y), each in zip(places, present, strict=True):
        if each.interval is not None:
            axes.plot([x, x], each.interval, color=colour, linewidth=1.6, alpha=0.6, zorder=3, clip_on=False)
        inside = look.background if each.interval is None else colour
        axes.plot(x, y, "o", color=colour, markerfacecolor=inside, markersize=6.5, zorder=4, clip_on=False)


def _draw_counts(axes: "Axes", present: Sequence["Bin"], look: Theme) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, max(each.crops for each in present))
    axes.axhline(0, color=look.muted, linewidth=0.8, clip_on=False)
    for each in present:
        wide, middle = each.high - each.low, (each.low + each.high) / 2
        axes.bar(middle, each.crops, width=wide * 0.86, color=look.muted, alpha=0.4, clip_on=False)
        paper.beside(axes, f"{each.crops:,}", (middle, each.crops), (0, 6), 7.5, look.text, "center")
    paper.beside(axes, "crops", (0, 0), (-8, 6), 8.5, look.muted, "right")
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        paper.beside(axes, f"{share:.0%}", (share, 0), (0, -10), 8.5, look.muted, "center")
    paper.beside(axes, "how sure it is of its first guess", (0.5, 0), (0, -24), 8.5, look.text, "center")
