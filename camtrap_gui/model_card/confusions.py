"""What a classifier takes for what most often, with crops of it small enough to be part of a page."""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass

from camtrap_gui.files import inside
from camtrap_gui.pictures import Unreadable, read_upright
from camtrap_gui.project import Project, crops, evaluations, people, predictions
from camtrap_gui.project.evaluations import Evaluated
from camtrap_gui.project.not_animals import NOT_ANIMALS

_MOST = 6
_PICTURES = 4
_SIDE = 150  # pixels


@dataclass(frozen=True)
class Picture:
    """A crop as a ``data:`` address, and how sure the classifier was of its wrong name, 0..1."""

    address: str
    confidence: float


@dataclass(frozen=True)
class Confusion:
    """``crops`` of the ``of`` test crops of species ``truth`` were called ``called``."""

    truth: str
    called: str
    crops: int
    of: int
    pictures: tuple[Picture, ...]


def worst(project: Project, run_id: str, evaluated: Evaluated) -> tuple[Confusion, ...]:
    """The confusions with the most crops, those first that are the larger part of their species."""
    try:
        names, cells = evaluations.confusion(evaluated)
    except (OSError, ValueError, IndexError):  # the table was deleted or changed by hand
        return ()
    found = [
        (cells[row][column], cells[row][column] / sum(cells[row]), row, column)
        for row in range(len(names))
        for column in range(len(names))
        if row != column and cells[row][column]
    ]
    found.sort(reverse=True)
    return tuple(
        Confusion(
            names[row],
            names[column],
            count,
            sum(cells[row]),
            tuple(_pictures(project, run_id, evaluated.split, names[row], names[column])),
        )
        for count, _, row, column in found[:_MOST]
    )


def _pictures(project: Project, run_id: str, split: str, truth: str, called: str) -> Iterator[Picture]:
    if {truth.lower(), called.lower()} & NOT_ANIMALS:
        return
    judged = predictions.of_cell(project, run_id, split, truth, called, 5 * _PICTURES)
    fit = people.crops_without_people(project, [each.crop_id for each in judged])
    left = _PICTURES
    for each in judged:
        if each.crop_id not in fit or not left:
            continue
        try:
            picture = read_upright(inside(crops.folder(project), each.file), at_least=_SIDE)
        except Unreadable:
            continue
        picture.thumbnail((_SIDE, _SIDE))
        packed = io.BytesIO()
        picture.save(packed, "JPEG", quality=80, optimize=True)  # pixels alone: what EXIF tells stays at home
        address = "data:image/jpeg;base64," + base64.b64encode(packed.getvalue()).decode()
        yield Picture(address, each.top[0][1])
        left -= 1
