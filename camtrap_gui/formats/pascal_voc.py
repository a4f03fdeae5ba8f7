"""Boxes as Pascal VOC: an XML file for each picture, boxes in whole pixels counted from 1, both ends included."""

import math
import re
from collections.abc import Iterable
from xml.sax.saxutils import escape

from camtrap_gui.geometry import Box

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def annotation(folder: str, name: str, size: tuple[int, int], boxes: Iterable[tuple[str, Box]]) -> str:
    """The XML of a picture of ``size`` (width, height in pixels), with boxes by class name."""
    width, height = size
    objects = "".join(_object(label, box, size) for label, box in boxes)
    return (
        "<annotation>\n"
        f"  <folder>{_text(folder)}</folder>\n  <filename>{_text(name)}</filename>\n"
        f"  <size><width>{width}</width><height>{height}</height><depth>3</depth></size>\n"
        f"  <segmented>0</segmented>\n{objects}</annotation>\n"
    )


def pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """xmin, ymin, xmax, ymax of the pixels that a box touches, counted from 1."""
    x, y, width, height = box
    left, right = _span(x, width, size[0])
    top, bottom = _span(y, height, size[1])
    return left, top, right, bottom


def _span(start: float, length: float, pixels: int) -> tuple[int, int]:
    # A hair's breadth, as fractions of whole pixels are seldom exact.
    first = min(max(math.floor(start * pixels + 1e-6) + 1, 1), pixels)
    last = min(max(math.ceil((start + length) * pixels - 1e-6), first), pixels)
    return first, last


def _object(label: str, box: Box, size: tuple[int, int]) -> str:
    left, top, right, bottom = pixels(box, size)
    return (
        f"  <object><name>{_text(label)}</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>"
        f"<bndbox><xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>\n"
    )


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("", text))
