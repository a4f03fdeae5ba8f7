"""What a viewer is given to show: boxes, pictures, and sequences of pictures of any length."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

from camtrap_gui.geometry import Box, iou

Region = tuple[str, int]
"""What a box stands for in the project: ('detection', id) or ('box', id)."""

SAME = 0.5
"""Two boxes that overlap so much (intersection over union) are taken for the same animal."""


@dataclass(frozen=True)
class ShownBox:
    """A box to draw: ``x y width height`` as fractions of the picture, ``words`` of its chip, ``colour`` as #rrggbb.

    ``confidence`` (0..1) is held against the threshold; ``top`` are the (species, probability) pairs of its bars.
    A box without ``region`` cannot be edited.
    """

    x: float
    y: float
    width: float
    height: float
    words: str
    confidence: float
    colour: str
    top: tuple[tuple[str, float], ...] = ()
    region: Region | None = None

    @property
    def area(self) -> Box:
        """Where it is, as fractions of the upright picture."""
        return self.x, self.y, self.width, self.height


@dataclass(frozen=True)
class ShownPicture:
    """A picture to show: its file, a title, its boxes, and facts to read beside it.

    ``problem`` says why there is no file to show.
    """

    path: Path
    title: str = ""
    boxes: tuple[ShownBox, ...] = ()
    facts: tuple[tuple[str, str], ...] = field(default=())
    problem: str = ""


class Pictures(Sequence[ShownPicture]):
    """Pictures that are made when they are looked at, so that a hundred thousand of them cost nothing.

    Whoever inherits gives ``__len__`` and ``at``; ``path`` too where a path is to be had for less than the picture.
    """

    def at(self, place: int) -> ShownPicture:
        """The picture at a place from 0 on, as things are now."""
        raise NotImplementedError

    def path(self, place: int) -> Path:
        """The file of the picture at a place."""
        return self.at(place).path

    @overload
    def __getitem__(self, place: int) -> ShownPicture: ...
    @overload
    def __getitem__(self, place: slice) -> "Sequence[ShownPicture]": ...
    def __getitem__(self, place: int | slice) -> "ShownPicture | Sequence[ShownPicture]":
        places = range(len(self))[place]
        return self.at(places) if isinstance(places, int) else [self.at(one) for one in places]


class Given(Pictures):
    """Pictures that are all there."""

    def __init__(self, pictures: Sequence[ShownPicture]) -> None:
        self._pictures = list(pictures)

    def __len__(self) -> int:
        return len(self._pictures)

    def at(self, place: int) -> ShownPicture:
        return self._pictures[place]

    def replace(self, place: int, picture: ShownPicture) -> None:
        """Put another picture in a place."""
        self._pictures[place] = picture


def place_of(boxes: Sequence[ShownBox], region: Region | None, area: Box | None) -> int:
    """Where a box is in a new list of boxes, -1 if it is gone.

    Known by its region; otherwise by where it is, because a detection that is edited becomes a box.
    """
    for number, box in enumerate(boxes):
        if region is not None and box.region == region:
            return number
    if area is None or not boxes:
        return -1
    best = max(range(len(boxes)), key=lambda number: iou(boxes[number].area, area))
    return best if iou(boxes[best].area, area) >= SAME else -1
