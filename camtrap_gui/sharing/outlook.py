"""What would be told of a survey at which thresholds, counted without writing anything.

The survey is gone through once. What any threshold, or smoothing, makes of it is then a matter of milliseconds: of each
box and detection only a few numbers are kept, in 37 bytes, and of each picture 2 bytes.
"""

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from camtrap_gui.jobs import Report
from camtrap_gui.project import Project, detections
from camtrap_gui.project.observations import Observed, Rules
from camtrap_gui.sharing import telling

if TYPE_CHECKING:
    from numpy import ndarray

KINDS = ("animal", "person", "vehicle")
_ALWAYS = -1
_NAMELESS = -1
_COLUMNS = "ibiidq"
"""Of a box or detection: its picture, kind, name, category, confidence, and its id where a classifier named it."""


@dataclass(frozen=True)
class Counts:
    """How many ``images`` there are, and what is told of them; those of which nothing is known are in none of the rest.

    ``found``: with an animal, a person or a vehicle; ``empty``: looked at, and nothing is there; ``unreadable``: among
    all. ``boxes`` are boxes and detections by kind, ``species`` images by the species told of them, most first.
    """

    images: int
    found: int
    empty: int
    unreadable: int
    boxes: dict[str, int] = field(default_factory=dict)
    species: dict[str, int] = field(default_factory=dict)


class Outlook:
    """A survey as it was when it was gone through. ``categories`` are those its detections have, ``typical`` the threshold
    that counts where none is asked for, ``lowest`` the one below which there are no detections."""

    def __init__(self, project: Project, report: Report) -> None:
        detector = detections.latest_detector(project)
        self.typical = detector.typical_threshold if detector else 0.0
        self.lowest = detector.conservative_threshold if detector else 0.0
        self._names: dict[str, int] = {}
        self._categories: dict[str, int] = {}
        self._labelled: Counter[str] = Counter()
        is_found, is_told = bytearray(), bytearray()
        self._unreadable = 0
        columns = tuple(array(kind) for kind in _COLUMNS)
        for observed in telling.each(project, Rules(low=0.0), report, "Counting"):
            self._add(observed, is_found, is_told, columns)
        self._keep(is_found, is_told, columns)

    @property
    def categories(self) -> tuple[str, ...]:
        """Of the detections, the usual ones first."""
        usual = [name for name in KINDS if name in self._categories]
        return (*usual, *sorted(set(self._categories) - set(usual)))

    def count(self, lows: Mapping[str, float], overruled: Mapping[int, str] | None = None) -> Counts:
        """What is told with these thresholds by category, and these species in place of suggestions (``smoothing``)."""
        import numpy as np

        limits = np.full(len(self._categories) + 1, self.typical, np.float64)
        for name, low in lows.items():
            if name in self._categories:
                limits[self._categories[name]] = low
        limits[_ALWAYS] = 0.0
        kept = self._confidences >= limits[self._of_category]
        image = self._of_image[kept]
        is_found, is_told = self._found.copy(), self._told
        is_found[image] = True
        kinds = np.bincount(self._kinds[kept], minlength=len(KINDS))
        names = dict(self._names)
        told = self._overruled(names, overruled or {})[kept]
        amounts = _pictures_of_each(told, image, len(names))
        species = self._labelled + Counter(dict(zip(names, amounts, strict=True)))
        return Counts(
            self.images,
            int(is_found.sum()),
            int((~is_found & is_told).sum()),
            self._unreadable,
            {name: int(number) for name, number in zip(KINDS, kinds, strict=True) if number},
            dict(species.most_common()),
        )

    def _add(
        self, observed: Observed, is_found: bytearray, is_told: bytearray, columns: "tuple[array[Any], ...]"
    ) -> None:
        place, told = len(is_found), telling.tell(observed)
        said = {label.species for label in observed.labels}
        self._labelled.update(said)
        kinds = {telling.kind_of(name) for name in said}
        is_found.append(bool(kinds - {"empty"}))
        is_told.append(bool(said) or (observed.seen and observed.failure is None))
        self._unreadable += bool(observed.image.problem or observed.failure)
        for one in told:
            if (region := one.region) is None:
                continue
            name = _NAMELESS if one.name is None or one.name in said else self._number(one.name)
            kind = KINDS.index(one.kind) if one.kind in KINDS else 0
            category, confidence, suggested = _ALWAYS, 1.0, 0
            if region.kind != "box":
                category = self._categories.setdefault(region.category, len(self._categories))
                confidence, suggested = region.confidence, region.id * (one.source == "model")
            row = (place, kind, name, category, confidence, suggested)
            for column, value in zip(columns, row, strict=True):
                column.append(value)

    def _number(self, name: str) -> int:
        return self._names.setdefault(name, len(self._names))

    def _keep(self, is_found: bytearray, is_told: bytearray, columns: "tuple[array[Any], ...]") -> None:
        import numpy as np

        self._of_image, self._kinds, self._told_as, self._of_category, self._confidences, self._suggested = (
            np.frombuffer(column, column.typecode) for column in columns
        )
        self._by_id = np.argsort(self._suggested)
        self._found, self._told = (np.frombuffer(marks, bool) for marks in (is_found, is_told))
        self.images = len(is_found)

    def _overruled(self, names: dict[str, int], overruled: Mapping[int, str]) -> "ndarray":
        """The names told, with some put in place of what a classifier said; new ones are added to ``names``."""
        import numpy as np

        told = self._told_as.copy()
        if not overruled or not len(told):
            return told
        numbers = np.fromiter(overruled, np.int64)
        instead = np.array([names.setdefault(name, len(names)) for name in overruled.values()], np.int64)
        at = np.searchsorted(self._suggested, numbers, sorter=self._by_id)
        rows = self._by_id[np.minimum(at, len(told) - 1)]
        there = self._suggested[rows] == numbers
        told[rows[there]] = instead[there]
        return told


def _pictures_of_each(told: "ndarray", image: "ndarray", names: int) -> list[int]:
    """Of how many pictures each name is told. Rows of a picture are neighbours; most pictures have but one."""
    import numpy as np

    told, image = told[told >= 0], image[told >= 0]
    is_alone = np.ones(len(image), bool)
    same = image[1:] == image[:-1]
    is_alone[1:] &= ~same
    is_alone[:-1] &= ~same
    amounts = np.bincount(told[is_alone], minlength=names)
    pairs = np.unique(image[~is_alone].astype(np.int64) * max(1, names) + told[~is_alone])
    return (amounts + np.bincount(pairs % max(1, names), minlength=names)).tolist()
