"""Charts as matplotlib Figures, from plain numbers: the window shows them, the command line saves them.

Rows carry their own names and numbers, so there is nothing to look up in a legend and no axis to read off. A chart
grows with its rows instead of shrinking its text. Colours come from a theme, light or dark, and colour-blind people
can tell them apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

from camtrap_gui import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")
"""File name endings that ``save`` knows."""


@dataclass(frozen=True)
class Tip:
    """What a part of a chart says in words. From ``left`` to ``right``, ``bottom`` to ``top``: fractions of the figure."""

    left: float
    bottom: float
    right: float
    top: float
    words: str


_tips: "WeakKeyDictionary[Figure, list[Tip]]" = WeakKeyDictionary()


def tip(figure: "Figure", x: float, y: float) -> str:
    """The numbers at a place of a chart, '' where there are none; fractions of the figure from its lower left."""
    return next(
        (
            tip.words
            for tip in _tips.get(figure, ())
            if tip.left <= x < tip.right and tip.bottom <= y < tip.top
        ),
        "",
    )


@dataclass(frozen=True)
class Theme:
    """Colours of a chart. ``text`` and ``muted`` have a contrast of 4.5:1 at least."""

    background: str
    text: str
    muted: str
    faint: str  # lines and empty cells, there to be overlooked
    splits: Mapping[str, str]
    right: tuple[str, str]  # the ends of the ramp for crops called what they are
    wrong: tuple[str, str]  # the same for confusions


THEMES = {
    "light": Theme(
        background="#ffffff",
        text="#1d1d1f",
        muted="#66666b",
        faint="#f3f3f5",
        splits={"train": "#0072b2", "val": "#72bfe8", "test": "#e69f00"},
        right=("#dbe9f4", "#0b5c92"),
        wrong=("#fdf0e4", "#c24e00"),
    ),
    "dark": Theme(
        background="#1c1d20",
        text="#ededf0",
        muted="#a3a3ab",
        faint="#26272b",
        splits={"train": "#2f8fcb", "val": "#9bd4f5", "test": "#f0ad1e"},
        right=("#213749", "#4aa8e0"),
        wrong=("#33281e", "#f0803a"),
    ),
}

_ROW, _ROW_MANY, _MANY = 0.235, 0.195, 40  # inches per row; above so many rows they move closer
_MARGIN = 0.35


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
    with _style(look):
        if log:
            subtitle = f"{subtitle} · logarithmic scale".removeprefix(" · ")
        sheet = _Sheet(names, title, subtitle, note, look)
        if side_by_side or log:
            _draw_columns(sheet, splits, log)
        else:
            _draw_stack(sheet, splits)
        _tips[sheet.figure] = [
            Tip(0, sheet.edge(row + 1), 1, sheet.edge(row), _in_words(name, splits, row))
            for row, name in enumerate(names)
        ]
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
    with _style(look):
        from matplotlib.figure import Figure

        width, height = max(6.0, 0.46 * len(labels) + 2 * _MARGIN), 3.6
        figure = Figure(figsize=(width, height), facecolor=look.background)
        _heading(figure, title, subtitle, look)
        bottom = 0.75 if note else 0.5
        axes = _axes(figure, _MARGIN, bottom, width - 2 * _MARGIN, height - bottom - 1.2)
        places = range(len(labels))
        axes.bar(places, values, width=0.72, color=look.splits["train"])
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_ylim(0, max([*values, 1]))
        axes.axhline(0, color=look.faint, linewidth=1, zorder=0)
        for place, label, value in zip(places, labels, values, strict=True):
            _beside(
                axes, f"{value:,}", (place, value), (0, 7), 7.5, look.text if value else look.muted, "center"
            )
            _beside(axes, label, (place, 0), (0, -10), 8.5, look.muted, "center")
        _note(figure, note, look)
        step, left = (1 - 2 * _MARGIN / width) / max(1, len(labels)), _MARGIN / width
        _tips[figure] = [
            Tip(left + place * step, 0, left + (place + 1) * step, 1, f"{label}: {value:,}")
            for place, (label, value) in enumerate(zip(labels, values, strict=True))
        ]
        return figure


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
    with _style(look):
        names = [_shortened(name) for name in names]
        slant = 0.72 * max(
            [_text_width(name, size) for name in names], default=0.0
        )  # of a name at 45 degrees
        left, right = _MARGIN + slant / 0.72 + 0.12, max(0.85, slant - side / 2 + _MARGIN)
        top, bottom = 1.2 + slant, 0.65 if note else _MARGIN
        width = max(left + count * side + right, 2 * _MARGIN + _text_width(subtitle, 9.5), 5.5)
        height = top + count * side + bottom
        figure = Figure(figsize=(width, height), facecolor=look.background)
        _heading(figure, title, subtitle, look)
        _note(figure, note, look)
        axes = _axes(figure, left, bottom, count * side, count * side)
        tints = _tinted(shares, look)
        axes.imshow(tints, interpolation="nearest", aspect="auto")
        axes.set_xticks(np.arange(1, count) - 0.5, minor=True)
        axes.set_yticks(np.arange(1, count) - 0.5, minor=True)
        axes.grid(which="minor", color=look.background, linewidth=1.2 if count <= 24 else 0.6)
        for place, name in enumerate(names):
            colour = look.text if crops[place] else look.muted
            _beside(axes, name, (-0.5, place), (-6, 0), size, colour, "right")
            _beside(
                axes, name, (place, -0.5), (0, 6), size, colour, "left", rotation=45, rotation_mode="anchor"
            )
            _beside(axes, f"{crops[place]:,}", (count - 0.5, place), (42, 0), size, look.muted, "right")
        _beside(axes, "crops", (count - 0.5, -0.5), (42, 10), size, look.muted, "right")
        for row, column in np.argwhere(shares >= 0.005):
            per_cent = min(99, max(1, round(100 * shares[row, column]))) if shares[row, column] < 1 else 100
            colour = _ink_on(tints[row, column])
            _beside(
                axes, str(per_cent), (column, row), (0, 0), size - (0 if count <= 24 else 1), colour, "center"
            )
        return figure


def save(figure: "Figure", path: Path, dpi: int = 160) -> None:
    """Write a chart in the format its ending names (see ``FORMATS``). The same chart gives the same bytes."""
    import matplotlib

    kind = path.suffix.lower().removeprefix(".")
    undated = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with matplotlib.rc_context({"svg.hashsalt": "camtrap", "pdf.fonttype": 42}):
        figure.savefig(path, format=kind, dpi=dpi, metadata=undated[kind], facecolor=figure.get_facecolor())


class _Sheet:
    """A figure with a heading, names at the left, and room for one bar per name; sizes in inches."""

    def __init__(self, names: Sequence[str], title: str, subtitle: str, note: str, look: Theme) -> None:
        from matplotlib.figure import Figure

        many = len(names) > _MANY
        self.look = look
        self.names = [_shortened(name) for name in names]
        self.size = 8.0 if many else 9.5
        self.rows_height = (_ROW_MANY if many else _ROW) * max(1, len(names))
        label = max([_text_width(name, self.size) for name in self.names], default=0.0)
        self.left = _MARGIN + label + 0.12
        self.room = max(5.5, 7.3 - self.left)
        self.bottom = 0.65 if note else _MARGIN
        self.width = self.left + self.room + _MARGIN
        self.height = self.bottom + self.rows_height + 1.3
        self.figure = Figure(figsize=(self.width, self.height), facecolor=look.background)
        _heading(self.figure, title, subtitle, look)
        _note(self.figure, note, look)

    def axes(self, left: float, width: float) -> "Axes":
        """Axes over all rows; the first row is on top, at y = 0."""
        axes = _axes(self.figure, left, self.bottom, width, self.rows_height)
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
            _beside(
                axes, name, (0, row), (-8, 0), self.size, colour, "right", xycoords=("axes fraction", "data")
            )

    def write_number(self, axes: "Axes", row: int, value: int, at: float, gap: float = 4) -> None:
        """Write a count behind the end of its bar."""
        colour = self.look.text if value else self.look.muted
        _beside(axes, f"{value:,}", (at, row), (gap, 0), self.size - 0.5, colour, "left")

    def write_key(self, left: float, split: str, total: int) -> float:
        """A square in the split's colour with its name and total, above the rows; gives the width used."""
        from matplotlib.patches import Rectangle

        side, gap, base = 0.11, 0.07, self.height - 1.12
        place = (left / self.width, base / self.height)
        colour = self.look.splits[split]
        square = Rectangle(place, side / self.width, side / self.height, facecolor=colour)
        square.set_transform(self.figure.transFigure)
        self.figure.add_artist(square)
        self.figure.text((left + side + gap) / self.width, place[1], _key(split, total), fontsize=9)
        return side + gap + _text_width(_key(split, total), 9)


def _draw_stack(sheet: _Sheet, splits: Mapping[str, Sequence[int]]) -> None:
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


def _draw_columns(sheet: _Sheet, splits: Mapping[str, Sequence[int]], log: bool) -> None:
    most = {split: max([1, *values]) for split, values in splits.items()}
    # Beside the bars a column needs room for its key and the longest number; the rest is shared so that a crop is
    # equally long everywhere. On a logarithmic axis the columns are equal.
    fixed = {split: max(0.75, 0.35 + _text_width(_key(split, sum(splits[split])), 9)) for split in splits}
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


def _key(split: str, total: int) -> str:
    return f"{split}  {total:,}"


def _heading(figure: "Figure", title: str, subtitle: str, look: Theme) -> None:
    width, height = figure.get_size_inches()
    left = _MARGIN / width
    figure.text(left, 1 - 0.48 / height, title, fontsize=13, fontweight="bold", color=look.text)
    figure.text(left, 1 - 0.74 / height, subtitle, fontsize=9.5, color=look.muted)


def _note(figure: "Figure", note: str, look: Theme) -> None:
    width, height = figure.get_size_inches()
    figure.text(_MARGIN / width, 0.26 / height, note, fontsize=8, color=look.muted)


def _axes(figure: "Figure", left: float, bottom: float, width: float, height: float) -> "Axes":
    """Bare axes at a place given in inches."""
    whole_width, whole_height = figure.get_size_inches()
    place = (left / whole_width, bottom / whole_height, width / whole_width, height / whole_height)
    axes = figure.add_axes(place, facecolor="none")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(which="both", length=0, labelleft=False, labelbottom=False)
    return axes


def _beside(
    axes: "Axes",
    text: str,
    at: tuple[float, float],
    gap: tuple[float, float],
    size: float,
    colour: str,
    align: Literal["left", "center", "right"],
    **more: Any,
) -> None:
    """Write ``text`` at a place of the axes, ``gap`` points away from it."""
    upright = "center_baseline" if "rotation" not in more else "baseline"
    axes.annotate(
        text,
        at,
        gap,
        textcoords="offset points",
        fontsize=size,
        color=colour,
        ha=align,
        va=upright,
        annotation_clip=False,
        **more,
    )


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


@contextmanager
def _style(look: Theme) -> Iterator[None]:
    import matplotlib

    # Names are shown as they are: a species called "$x$" is no formula.
    with matplotlib.rc_context(
        {"font.family": _families(), "text.parse_math": False, "text.color": look.text}
    ):
        yield


def _families() -> list[str]:
    """Fonts to take letters from, first one first. DejaVu Sans comes with matplotlib; the others where installed."""
    from matplotlib import font_manager

    further = (
        "Noto Sans CJK SC",
        "Noto Sans CJK JP",
        "PingFang SC",
        "Hiragino Sans",
        "Microsoft YaHei",
        "Arial Unicode MS",
    )
    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in further if name in installed)]


def _text_width(text: str, size: float) -> float:
    """How wide a text is, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    path = TextPath((0, 0), text, size=size, prop=FontProperties(family=_families()), usetex=False)
    return float(path.get_extents().width) / 72


def _shortened(name: str, longest: int = 32) -> str:
    name = " ".join(name.split())
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"
