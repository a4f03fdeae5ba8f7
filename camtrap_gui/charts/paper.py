"""What all charts are drawn on: colours, letters, headings, bare axes, and what a part of a chart says in words."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")
"""File name endings that ``save`` knows."""

MARGIN = 0.35
"""Inches around everything."""


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


def set_tips(figure: "Figure", tips: Sequence[Tip]) -> None:
    """Say what the parts of a chart tell where the mouse rests."""
    _tips[figure] = list(tips)


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
        background="#1f2320",
        text="#e8ebe6",
        muted="#a3aca3",
        faint="#2a302b",
        splits={"train": "#2f8fcb", "val": "#9bd4f5", "test": "#f0ad1e"},
        right=("#213749", "#4aa8e0"),
        wrong=("#33281e", "#f0803a"),
    ),
}


def save(figure: "Figure", path: Path, dpi: int = 160) -> None:
    """Write a chart in the format its ending names (see ``FORMATS``). The same chart gives the same bytes."""
    import matplotlib

    kind = path.suffix.lower().removeprefix(".")
    undated = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with matplotlib.rc_context({"svg.hashsalt": "camtrap", "pdf.fonttype": 42}):
        figure.savefig(path, format=kind, dpi=dpi, metadata=undated[kind], facecolor=figure.get_facecolor())


def heading(figure: "Figure", title: str, subtitle: str, look: Theme) -> None:
    """Write what a chart shows above it."""
    width, height = figure.get_size_inches()
    left = MARGIN / width
    figure.text(left, 1 - 0.48 / height, title, fontsize=13, fontweight="bold", color=look.text)
    figure.text(left, 1 - 0.74 / height, subtitle, fontsize=9.5, color=look.muted)


def note(figure: "Figure", note: str, look: Theme) -> None:
    """Write what to keep in mind below everything."""
    width, height = figure.get_size_inches()
    figure.text(MARGIN / width, 0.26 / height, note, fontsize=8, color=look.muted)


def bare_axes(figure: "Figure", left: float, bottom: float, width: float, height: float) -> "Axes":
    """Bare axes at a place given in inches."""
    whole_width, whole_height = figure.get_size_inches()
    place = (left / whole_width, bottom / whole_height, width / whole_width, height / whole_height)
    axes = figure.add_axes(place, facecolor="none")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(which="both", length=0, labelleft=False, labelbottom=False)
    return axes


def beside(
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


@contextmanager
def style(look: Theme) -> Iterator[None]:
    """Draw inside the block with the letters and colours of a theme."""
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


def text_width(text: str, size: float) -> float:
    """How wide a text is, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    path = TextPath((0, 0), text, size=size, prop=FontProperties(family=_families()), usetex=False)
    return float(path.get_extents().width) / 72


def shortened(name: str, longest: int = 32) -> str:
    """A name that fits beside a chart, in one line."""
    name = " ".join(name.split())
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"
