"""A sheet with one row per name, for charts that have a row for each species or location."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from camtrap_gui.charts import paper
from camtrap_gui.charts.paper import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW, _ROW_MANY, _MANY = 0.235, 0.195, 40  # inches per row; above so many rows they move closer


class Sheet:
    """A figure with a heading, names at the left, and room for one bar per name; sizes in inches."""

    def __init__(self, names: Sequence[str], title: str, subtitle: str, note: str, look: Theme) -> None:
        from matplotlib.figure import Figure

        many = len(names) > _MANY
        self.look = look
        self.names = [paper.shortened(name) for name in names]
        self.size = 8.0 if many else 9.5
        self.rows_height = (_ROW_MANY if many else _ROW) * max(1, len(names))
        label = max([paper.text_width(name, self.size) for name in self.names], default=0.0)
        self.left = paper.MARGIN + label + 0.12
        self.room = max(5.5, 7.3 - self.left)
        self.bottom = 0.65 if note else paper.MARGIN
        self.width = self.left + self.room + paper.MARGIN
        self.height = self.bottom + self.rows_height + 1.3
        self.figure = Figure(figsize=(self.width, self.height), facecolor=look.background)
        paper.heading(self.figure, title, subtitle, look)
        paper.note(self.figure, note, look)

    def axes(self, left: float, width: float) -> "Axes":
        """Axes over all rows; the first row is on top, at y = 0."""
        axes = paper.bare_axes(self.figure, left, self.bottom, width, self.rows_height)
        axes.set_ylim(len(self.names) - 0.5, -0.5)
        return axes

    def edge(self, row: int) -> float:
        """The upper edge of a row as a fraction of the figure."""
        whole = self.rows_height * (1 - row / max(1, len(self.names)))
        return (self.bottom + whole) / self.height

    def write_names(self, axes: "Axes", present: Sequence[int]) -> None:
        """Write the names left of ``axes``, those without any crop in grey."""
        for row, name in enumerate(self.names):
            colour = self.look.text if present[row] else self.look.muted
            paper.beside(
                axes, name, (0, row), (-8, 0), self.size, colour, "right", xycoords=("axes fraction", "data")
            )

    def write_number(self, axes: "Axes", row: int, value: int, at: float, gap: float = 4) -> None:
        """Write a count behind the end of its bar."""
        colour = self.look.text if value else self.look.muted
        paper.beside(axes, f"{value:,}", (at, row), (gap, 0), self.size - 0.5, colour, "left")

    def write_key(self, left: float, split: str, total: int) -> float:
        """A square in the split's colour with its name and total, above the rows; gives the width used."""
        from matplotlib.patches import Rectangle

        side, gap, base = 0.11, 0.07, self.height - 1.12
        place = (left / self.width, base / self.height)
        colour = self.look.splits[split]
        square = Rectangle(place, side / self.width, side / self.height, facecolor=colour)
        square.set_transform(self.figure.transFigure)
        self.figure.add_artist(square)
        self.figure.text((left + side + gap) / self.width, place[1], key(split, total), fontsize=9)
        return side + gap + paper.text_width(key(split, total), 9)


def key(split: str, total: int) -> str:
    """What a key says of a split."""
    return f"{split}  {total:,}"
