"""Outlines from the Material Design icon font (Apache-2.0), read from the installed qtawesome package.

qtawesome is located, never imported: importing it needs Qt.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from camtrap_gui.problem import Problem
from camtrap_gui.survey.noise import Field

_PREFIX = "materialdesignicons6-webfont"
_STUDIED = 144


@dataclass(frozen=True)
class Spot:
    """A hole in a glyph (an eye, a nostril, a window): edges as fractions of the glyph's box, area as a fraction of its height squared."""

    left: float
    top: float
    right: float
    bottom: float
    area: float


def ink(name: str, height: int) -> Field:
    """A glyph as coverage 0..1, cut to its ink, ``height`` rows high (within one)."""
    character = _character(name)
    _, top, _, bottom = _font(200).getbbox(character)
    font = _font(max(8, round(200 * height / (bottom - top))))
    left, top, right, bottom = (int(edge) for edge in font.getbbox(character))
    image = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(image).text((-left, -top), character, fill=255, font=font)
    return np.asarray(image).astype(np.float32) / 255


def joined(covered: Field) -> Field:
    """The ink with its narrow gaps (up to a twelfth of its height) closed."""
    reach = covered.shape[0] // 24 * 2 + 1
    solid = Image.fromarray(np.pad((covered * 255).astype(np.uint8), reach))
    closed = solid.filter(ImageFilter.MaxFilter(reach)).filter(ImageFilter.MinFilter(reach))
    return np.asarray(closed).astype(np.float32)[reach:-reach, reach:-reach] / 255


def enclosed(name: str, covered: Field) -> Field:
    """What a glyph encloses without covering it, as coverage 0..1, for its ``ink`` at any height."""
    region = _holes(name)[0].resize((covered.shape[1], covered.shape[0]), Image.Resampling.NEAREST)
    return np.asarray((np.asarray(region) > 0) * (1.0 - covered), np.float32)


def spots(name: str) -> tuple[Spot, ...]:
    """The holes of a glyph, from top to bottom."""
    return _holes(name)[1]


@cache
def _holes(name: str) -> tuple[Image.Image, tuple[Spot, ...]]:
    """The region of all holes, a little widened so that it reaches under the ink around it, and each hole."""
    solid = np.pad(ink(name, _STUDIED) > 0.5, 1)
    height, width = solid.shape
    number = np.zeros(solid.shape, np.int32)  # 0: not visited, 1: outside, from 2: holes
    found: list[Spot] = []
    count = 0
    for start in zip(*np.nonzero(~solid), strict=True):
        if number[start]:
            continue
        count += 1
        stack, pixels = [start], []
        number[start] = count
        while stack:
            r, c = stack.pop()
            pixels.append((r, c))
            for place in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
                inside = 0 <= place[0] < height and 0 <= place[1] < width
                if inside and not solid[place] and not number[place]:
                    number[place] = count
                    stack.append(place)
        if count > 1 and len(pixels) > 3:
            (top, left), (bottom, right) = np.min(pixels, axis=0), np.max(pixels, axis=0) + 1
            wide, tall = width - 2, height - 2
            found.append(
                Spot(
                    (left - 1) / wide,
                    (top - 1) / tall,
                    (right - 1) / wide,
                    (bottom - 1) / tall,
                    len(pixels) / tall**2,
                )
            )
    region = Image.fromarray((number[1:-1, 1:-1] > 1).astype(np.uint8) * 255)
    return region.filter(ImageFilter.MaxFilter(5)), tuple(found)


@cache
def _font_files() -> tuple[Path, Path]:
    """The icon font and its table of names. Raises Problem when qtawesome does not bring them."""
    package = find_spec("qtawesome")
    places = package.submodule_search_locations if package else None
    for place in places or ():
        fonts = sorted(Path(place, "fonts").glob(f"{_PREFIX}-[0-9]*.ttf"))
        tables = sorted(Path(place, "fonts").glob(f"{_PREFIX}-charmap-*.json"))
        if fonts and tables:
            return fonts[-1], tables[-1]
    raise Problem(
        "The icon font that the demo is drawn from is not installed. Install it: pip install qtawesome."
    )


@cache
def _character(name: str) -> str:
    return chr(int(json.loads(_font_files()[1].read_text())[name], 16))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_files()[0], size, layout_engine=ImageFont.Layout.BASIC)
