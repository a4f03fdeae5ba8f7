"""The confusion matrix as a picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from camtrap_gui import colours
from camtrap_gui.charts import paper
from camtrap_gui.charts.paper import THEMES, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion(
    names: Sequence[str],
    cells: Sequence[Sequence[int]],
    *,
    title: str,
    subtitle: str = "",
    note: str = "",
    theme: str = "light",
) -> "Figure":
    """Which species was taken for which: ``cells[truth][prediction]`` are crops, names in the order of both sides.

    A cell says which per cent of its row's crops it holds and is tinted accordingly: blue where the classifier was
    right, orange where it was not. Less than half a per cent shows as a tint only, and "100" means every crop.
    """
    import numpy as np
    from matplotlib.figure import Figure

    look = THEMES[theme]
    matrix = np.asarray(cells, dtype=float).reshape(len(names), len(names))
    crops = matrix.sum(axis=1).astype(int)
    shares = np.divide(matrix, crops[:, None], out=np.zeros_like(matrix), where=crops[:, None] > 0)
    count = len(names)
    side, size = (0.42, 9.0) if count <= 24 else (0.3, 7.5) if count <= 40 else (0.24, 7.5)
    with paper.style(look):
        names = [paper.shortened(name) for name in names]
        slant = 0.72 * max(
            [paper.text_width(name, size) for name in names], default=0.0
        )  # of a name at 45 degrees
        left, right = paper.MARGIN + slant / 0.72 + 0.12, max(0.85, slant - side / 2 + paper.MARGIN)
        top, bottom = 1.2 + slant, 0.65 if note else paper.MARGIN
        width = max(left + count * side + right, 2 * paper.MARGIN + paper.text_width(subtitle, 9.5), 5.5)
        height = top + count * side + bottom
        figure = Figure(figsize=(width, height), facecolor=look.background)
        paper.heading(figure, title, subtitle, look)
        paper.note(figure, note, look)
        axes = paper.bare_axes(figure, left, bottom, count * side, count * side)
        tints = _tinted(shares, look)
        axes.imshow(tints, interpolation="nearest", aspect="auto")
        axes.set_xticks(np.arange(1, count) - 0.5, minor=True)
        axes.set_yticks(np.arange(1, count) - 0.5, minor=True)
        axes.grid(which="minor", color=look.background, linewidth=1.2 if count <= 24 else 0.6)
        for place, name in enumerate(names):
            colour = look.text if crops[place] else look.muted
            paper.beside(axes, name, (-0.5, place), (-6, 0), size, colour, "right")
            paper.beside(
                axes, name, (place, -0.5), (0, 6), size, colour, "left", rotation=45, rotation_mode="anchor"
            )
            paper.beside(axes, f"{crops[place]:,}", (count - 0.5, place), (42, 0), size, look.muted, "right")
        paper.beside(axes, "crops", (count - 0.5, -0.5), (42, 10), size, look.muted, "right")
        for row, column in np.argwhere(shares >= 0.005):
            per_cent = min(99, max(1, round(100 * shares[row, column]))) if shares[row, column] < 1 else 100
            colour = _ink_on(tints[row, column])
            paper.beside(
                axes, str(per_cent), (column, row), (0, 0), size - (0 if count <= 24 else 1), colour, "center"
            )
        return figure


def _tinted(shares: Any, look: Theme) -> Any:
    """Shares 0..1 [C, C] as RGB 0..1 [C, C, 3]: one ramp on the diagonal, another beside it."""
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    # The square root makes a confusion of a few per cent visible at all.
    strength = np.sqrt(shares)
    right = LinearSegmentedColormap.from_list("right", look.right)(strength)
    wrong = LinearSegmentedColormap.from_list("wrong", look.wrong)(strength)
    tints = np.where(np.eye(len(shares), dtype=bool)[..., None], right, wrong)[..., :3]
    tints[shares == 0] = to_rgb(look.faint)
    return tints


def _ink_on(tint: Any) -> str:
    """Black or white, whichever can be read on ``tint`` (RGB 0..1)."""
    red, green, blue = (round(255 * part) for part in tint)
    return "#{:02x}{:02x}{:02x}".format(*colours.ink_on((red, green, blue)))
