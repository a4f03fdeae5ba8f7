"""What a detector is, and how one is loaded.

A detector finds animals, people and vehicles in a whole picture. Each kind (a network's file format together with how
its answers are read) is one module beside this one with a function ``load(entry) -> Detector``, named in ``KINDS``.
The step that uses a detector knows the ``Detector`` protocol only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    from PIL import Image

    from camtrap_gui.models.catalogue import Entry

KINDS = {
    "yolox": "yolox",
    "frozen-graph": "frozen_graph",
    "saved-model": "saved_model",
    "onnx": "onnx_graph",
    "megadetector-package": "megadetector_package",
}
"""The module of each kind of detector."""

FILE_ENDINGS = frozenset({".pb", ".onnx", ".zip", ".pt"})
"""File name endings by which a detector's file is told from the name of an installed one."""


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

    Thresholds: at ``typical_threshold`` the detector's boxes are mostly right, down to ``conservative_threshold`` they
    are worth keeping. ``categories`` are the words it uses. Pictures may be shrunk before ``prepare`` as long as their
    longer side keeps ``at_least`` pixels. ``batch`` is how many pictures ``detect`` likes to be given at once.
    """

    name: str
    kind: str
    sha256: str
    typical_threshold: float
    conservative_threshold: float
    categories: tuple[str, ...]
    at_least: int
    batch: int

    def prepare(self, picture: "Image.Image") -> Any:
        """An upright RGB picture in the form ``detect`` takes. Safe to call on many threads at once."""
        ...

    def detect(self, prepared: Sequence[Any]) -> list[list[Detection]]:
        """Boxes of each prepared picture, most confident first, none below the conservative threshold.

        The answer for a picture does not depend on the others it is given with. For one thread at a time.
        """
        ...


def load(name_or_path: str) -> Detector:
    """The detector that is installed under a name ("default": the default one), or that a file holds.

    The folder of a SavedModel counts as a file. The last one stays in memory, so that asking for it again takes no
    time. Raises Problem when there is no such detector, or when the file is none.
    """
    entry = find(name_or_path)
    if not _warm or _warm[0][0] != entry:
        _warm.clear()  # the old one goes before the new one comes: a large network takes gigabytes
        _warm.append((entry, load_entry(entry)))
    return _warm[0][1]


def find(name_or_path: str) -> "Entry":
    """What is known about the detector that ``load`` would load. Raises Problem as it does."""
    from camtrap_gui.models import store

    path = Path(name_or_path)
    is_file = path.is_file() or path.suffix.lower() in FILE_ENDINGS or (path / "saved_model.pb").is_file()
    return store.describe(path) if is_file else store.get(name_or_path)


def load_entry(entry: "Entry") -> Detector:
    """The detector that an entry describes, loaded anew. Raises Problem when it is none or cannot be used."""
    if entry.kind not in KINDS:
        raise Problem(f"The model “{entry.name}” is no detector. To see those there are: camtrap models list")
    detector: Detector = import_module(f"{__name__}.{KINDS[entry.kind]}").load(entry)
    return detector


_warm: "list[tuple[Entry, Detector]]" = []
