"""Pictures with boxes and names drawn into them, for reports and for a look.

Everything scales with the picture, so a copy looks the same at 640 and at 4000 pixels. A box has a dark rim and its
chip a solid ground in the class's colour: both can be seen on snow, on grass and at night.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from camtrap_gui import paths
from camtrap_gui.colours import Colour, ink_on
from camtrap_gui.geometry import Box

_RIM: Colour = (16, 18, 20)
_SMALLER = 0.82  # size of the second and third line to the first
_GAP = 0.9  # least space between name and figure, in font sizes

Rectangle = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True)
class Mark:
    """A box with its lines ("lion", 0.97), the most important first. Without a box it speaks of the whole picture."""

    lines: Sequence[tuple[str, float]]
    colour: Colour
    box: Box | None = None


def annotated(picture: Image.Image, marks: Iterable[Mark]) -> Image.Image:
    """A copy of an upright RGB picture with the marks drawn in, the first one on top.

    Chips stay on the picture and, as far as there is room, clear of each other.
    """
    # Drawn at least this large, so that the text of a thumbnail can be read.
    scale = max(1, math.ceil(480 / max(picture.size)))
    copy = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.BICUBIC)
    marks = list(marks)
    draw = ImageDraw.Draw(copy)
    size = _font_size(copy.size)
    for mark in reversed(marks):
        if mark.box is not None:
            _draw_frame(draw, _pixels(mark.box, copy.size), mark.colour, _line_width(copy.size))
    boxes = [_pixels(mark.box, copy.size) for mark in marks if mark.box is not None]
    chips: list[tuple[_Chip, Rectangle]] = []
    for mark in marks:
        covered = [*boxes, *(place for _, place in chips)]
        options = [_Chip(mark, count, size, copy.size) for count in (len(mark.lines), 1)]
        placed = [(chip, *_place(chip.size, mark, copy.size, covered)) for chip in options]
        chip, place, _ = min(
            placed, key=lambda option: option[2]
        )  # the whole chip unless the short one hides less
        chips.append((chip, place))
    for chip, place in reversed(chips):
        chip.draw(copy, place)
    return copy


class _Chip:
    """The first lines of a mark, measured: names left, figures right, cut to fit on the picture."""

    def __init__(self, mark: Mark, count: int, size: int, picture: tuple[int, int]) -> None:
        self.colour = mark.colour
        self.pad = max(3, round(size * 0.4))
        room = picture[0] - 2 * self.pad
        self.rows = []
        widest = 0
        for number, (name, confidence) in enumerate(mark.lines[:count]):
            font = _font(size if number == 0 else max(9, round(size * _SMALLER)))
            figure = f"{confidence:.1%}"
            gap = round(size * _GAP)
            name = _shortened(name, font, room - gap - math.ceil(font.getlength(figure)))
            widest = max(widest, math.ceil(font.getlength(name)) + gap + math.ceil(font.getlength(figure)))
            self.rows.append((name, figure, font, round(font.size * 1.28)))
        height = sum(row[3] for row in self.rows) + round(self.pad * 1.1)
        self.size = (widest + 2 * self.pad, height)

    def draw(self, copy: Image.Image, place: Rectangle) -> None:
        """Paint onto the copy with soft corners; edges are smoothed by painting the mask four times as large."""
        if not self.rows:
            return
        left, top, right, bottom = place
        width, height = right - left, bottom - top
        mask = Image.new("L", (width * 4, height * 4), 0)
        ImageDraw.Draw(mask).rounded_rectangle(
            (0, 0, width * 4 - 1, height * 4 - 1), radius=self.pad * 4 * 0.8, fill=255
        )
        copy.paste(self.colour, (left, top), mask.resize((width, height), Image.Resampling.BOX))
        draw = ImageDraw.Draw(copy)
        ink = ink_on(self.colour)
        y = top + round(self.pad * 0.55)
        for name, figure, font, line in self.rows:
            middle = y + line / 2
            draw.text((left + self.pad, middle), name, ink, font, anchor="lm")
            draw.text((right - self.pad, middle), figure, ink, font, anchor="rm")
            y += line


def _draw_frame(draw: ImageDraw.ImageDraw, pixels: Rectangle, colour: Colour, width: int) -> None:
    left, top, right, bottom = pixels
    rim = max(1, width // 3)
    outer = (left - rim, top - rim, right + rim, bottom + rim)
    draw.rectangle(outer, outline=_RIM, width=width + 2 * rim)
    draw.rectangle(pixels, outline=colour, width=width)


def _place(
    chip: tuple[int, int], mark: Mark, picture: tuple[int, int], covered: Sequence[Rectangle]
) -> tuple[Rectangle, int]:
    """Where a chip hides least of boxes and other chips, and how many pixels of them it hides.

    Tried in this order: above its box, below it, inside it at the top and at the bottom; left before right.
    """
    width, height = chip
    margin = _line_width(picture)
    if mark.box is None:
        corners = [(margin * 3, margin * 3)]
    else:
        left, top, right, bottom = _pixels(mark.box, picture)
        rows = (top - height - margin, bottom + 1 + margin, top + 2 * margin, bottom - height - 2 * margin)
        insets = (0, 0, 2 * margin, 2 * margin)
        corners = [
            (x, y)
            for inset, y in zip(insets, rows, strict=True)
            for x in (left + inset, right + 1 - inset - width)
        ]
    places = []
    for x, y in corners:
        x, y = max(0, min(x, picture[0] - width)), max(0, min(y, picture[1] - height))
        places.append((x, y, x + width, y + height))
    return min(
        ((place, sum(_shared(place, other) for other in covered)) for place in places),
        key=lambda option: option[1],
    )


def _shared(one: Rectangle, other: Rectangle) -> int:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(0, across) * max(0, down)


def _pixels(box: Box, size: tuple[int, int]) -> Rectangle:
    x, y, width, height = box
    left, top = round(x * size[0]), round(y * size[1])
    right, bottom = round((x + width) * size[0]) - 1, round((y + height) * size[1]) - 1
    return left, top, max(left + 1, right), max(top + 1, bottom)


def _font_size(size: tuple[int, int]) -> int:
    return max(12, round(math.sqrt(size[0] * size[1]) / 58))


def _line_width(size: tuple[int, int]) -> int:
    return max(2, round(math.sqrt(size[0] * size[1]) / 380))


def _shortened(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    text = " ".join(text.split())
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(paths.resources() / "fonts" / "DejaVuSans.ttf", size)
