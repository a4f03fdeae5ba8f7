"""How well each species is recognised, as a dot, and how well that is known, as a line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from camtrap_gui.charts import paper
from camtrap_gui.charts.paper import THEMES, Tip
from camtrap_gui.charts.sheet import Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from camtrap_gui.evaluation import Evaluation

_COUNTS = 1.3  # inches for crops and locations behind the rows


class Score(NamedTuple):
    """A figure between 0 and 1 with its interval, None where there is none, and from how much it is known."""

    name: str
    value: float
    interval: tuple[float, float] | None
    crops: int
    locations: int


def scores(
    rows: Sequence[Score], *, title: str, subtitle: str = "", note: str = "", theme: str = "light"
) -> "Figure":
    """One row per score, in the order given: a dot, its 95 % interval, and the crops and locations behind it."""
    look = THEMES[theme]
    with paper.style(look):
        remark = " ".join(part for part in (note, _key(rows)) if part)
        sheet = Sheet([row.name for row in rows], title, subtitle, remark, look)
        axes = sheet.axes(sheet.left, sheet.room - _COUNTS)
        axes.set_xlim(0, 1)
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            axes.axvline(share, color=look.faint, linewidth=1, zorder=0)
            paper.beside(axes, f"{share:g}", (share, -0.5), (0, 8), 8, look.muted, "center")
        for number, row in enumerate(rows):
            _draw(axes, number, row, sheet)
        sheet.write_names(axes, [row.crops for row in rows])
        at = (1, -0.5)
        paper.beside(axes, "crops", at, (44, 8), 8, look.muted, "right")
        paper.beside(axes, "locations", at, (94, 8), 8, look.muted, "right")
        paper.set_tips(
            sheet.figure,
            [Tip(0, sheet.edge(n + 1), 1, sheet.edge(n), words(row)) for n, row in enumerate(rows)],
        )
        return sheet.figure


def of_species(figures: "Evaluation", about: str, *, theme: str = "light") -> "Figure":
    """The F1 of every species that has crops, best first; ``about`` says which crops they are ("240 test crops")."""
    known = sorted((c for c in figures.classes if c.f1 is not None and c.crops), key=lambda c: -(c.f1 or 0))
    rows = [Score(c.name, c.f1 or 0.0, c.f1_interval, c.crops, c.locations) for c in known]
    return scores(
        rows,
        title="How well each species is recognised",
        subtitle=f"F1 · {about} of {len(figures.locations):,} locations",
        theme=theme,
    )


def words(row: Score) -> str:
    """The numbers of a row in a sentence."""
    spread = "" if row.interval is None else " (95 % interval {:.2f} to {:.2f})".format(*row.interval)
    crops = "1 crop" if row.crops == 1 else f"{row.crops:,} crops"
    places = "1 location" if row.locations == 1 else f"{row.locations:,} locations"
    return f"{row.name}: {row.value:.2f}{spread}, from {crops} at {places}"


def _draw(axes: "Axes", number: int, row: Score, sheet: Sheet) -> None:
    look = sheet.look
    colour = look.splits["train"]
    if row.interval is not None:
        axes.plot(
            row.interval, [number, number], color=colour, linewidth=2, alpha=0.45, solid_capstyle="butt"
        )
    inside = look.background if row.interval is None else colour
    axes.plot(
        row.value, number, "o", color=colour, markerfacecolor=inside, markersize=5.5, zorder=3, clip_on=False
    )
    for figure, gap in ((row.crops, 44), (row.locations, 94)):
        paper.beside(axes, f"{figure:,}", (1, number), (gap, 0), sheet.size - 0.5, look.muted, "right")


def _key(rows: Sequence[Score]) -> str:
    parts = []
    if any(row.interval for row in rows):
        parts.append("Lines: 95 % intervals over locations.")
    if any(row.interval is None for row in rows):
        parts.append("Hollow dots: too few locations for one.")
    return " ".join(parts)
