"""What a detector is, and how one is loaded.

A detector finds animals, people and vehicles in a whole picture. Each kind (a network's file format together with how
its answers are read) is one module beside this one with a function ``load(entry) -> Detector``, named in ``KINDS``.
The step that uses a detector knows the ``Detector`` protocol only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from PIL import Image


@dataclass(frozen=True, slots=True)
class Detection:
    """One box. ``x, y`` is its left upper corner; all four are fractions 0..1 of the upright picture."""

    category: str
    confidence: float
    x: float
    y: float
    width: float
    height: float


class Detector(Protocol):
    """A loaded detector, ready to work.

    ``at_least`` is the size in pixels of the longer side below which pictures should not be shrunk before
    ``prepare`` (None: the detector wants every pixel). Thresholds: at ``typical_threshold`` the detector's boxes are
    mostly right, down to ``conservative_threshold`` they are worth keeping. ``categories`` are the words it uses.
    """

    name: str
    kind: str
    sha256: str
    typical_threshold: float
    conservative_threshold: float
    categories: tuple[str, ...]
    at_least: int | None

    def prepare(self, picture: Image.Image) -> Any:
        """An upright RGB picture in the form ``detect`` takes. Safe to call on many threads at once."""
        ...

    def detect(self, prepared: Sequence[Any]) -> list[list[Detection]]:
        """Boxes of each prepared picture, most confident first, none below the conservative threshold.

        The answer for a picture does not depend on the others it is given with.
        """
        ...


def load(name_or_path: str) -> Detector:
    """The detector that is installed under a name ("default": the default one), or that a file holds.

    Raises Problem when there is no such detector, or when the file is none.
    """
    raise NotImplementedError
