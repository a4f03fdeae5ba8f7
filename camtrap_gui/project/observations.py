"""What the project says about every image, in one place: what people and sources labelled, what is where on it, and
what a classifier makes of that. Whatever is written for other programs starts from here.

Images come in the order of their ids, a page at a time, so memory does not grow with the survey.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from sqlite3 import Row
from typing import NamedTuple

from camtrap_gui.geometry import Box
from camtrap_gui.project import Project, detections, images, machines, species_names
from camtrap_gui.project.detections import KnownDetector
from camtrap_gui.project.not_animals import MEANINGS

_PAGE = 1000

Top = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Rules:
    """Which detections are told: those of the latest detector, or of ``detector``, with a confidence of at least ``low``.

    ``low`` None is the detector's typical threshold; ``lows`` are others for single categories. ``boxes=False`` tells
    what the detector found also where there are boxes, which then are not told. ``overruled`` are the species that are
    told of detections in place of what the classifier said first (see ``smoothing``).
    """

    low: float | None = None
    lows: tuple[tuple[str, float], ...] = ()
    detector: KnownDetector | None = None
    boxes: bool = True
    overruled: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """A species on an image, and who said so: a person, or the source ('import', 'folder').

    ``made`` is when (UTC, ISO 8601), None for a source. ``run_id`` and ``confidence`` are of the suggestion that was
    accepted. ``sequence_level``: said of the whole sequence.
    """

    species: str
    count: int | None
    sequence_level: bool
    author: str
    made: str | None
    run_id: str | None
    confidence: float | None


class Region(NamedTuple):
    """Something on an image: a box (``kind`` 'box', confidence 1) or a detection ('detection'), with its row's id.

    ``category`` is the detector's word; for boxes 'person', 'vehicle' or 'animal' after their species or detection.
    ``box`` is x, y (left, top), width, height as fractions of the upright picture.

    ``source`` says who names the ``species``: 'person', 'import' (the source of the survey), 'model', or '' where
    nobody does. ``author`` and ``made`` are of the label or box, None with 'model'. ``run_id`` and
    ``species_confidence`` (0..1) are of the suggestion, also of one that a person accepted. ``top`` is what a
    classifier suggests, best first, whoever had the last word.
    """

    kind: str
    id: int
    category: str
    confidence: float
    box: Box
    species: str | None = None
    source: str = ""
    author: str | None = None
    made: str | None = None
    run_id: str | None = None
    species_confidence: float | None = None
    top: Top = ()


class Observed(NamedTuple):
    """An image and what is known about it; ``labels`` in class-list order, detections by falling confidence.

    ``reviewed`` is when a person last decided about it (UTC), None before. ``seen``: the detector has looked at it,
    ``failure`` is why it could not. Where a person said that it is empty there are no detections.
    """

    image: images.Image
    labels: tuple[Label, ...]
    regions: tuple[Region, ...]
    reviewed: str | None
    flagged: bool
    seen: bool
    failure: str | None

    @property
    def species(self) -> tuple[str, ...]:
        """What is on it as far as known: its labels, before there are any what the regions show; each name once."""
        if self.labels:
            return tuple(label.species for label in self.labels)
        return tuple(dict.fromkeys(region.species for region in self.regions if region.species))


def walk(project: Project, rules: Rules | None = None, after: int = 0) -> Iterator[Observed]:
    """All images with an id above ``after``, by ascending id. The project may be written in between."""
    asked = rules or Rules()
    page_of = _Pages(project, asked, asked.detector or detections.latest_detector(project))
    while page := images.page(project, after, _PAGE):
        after = page[-1].id
        yield from page_of(page)


def of_images(project: Project, image_ids: list[int], rules: Rules | None = None) -> dict[int, Observed]:
    """The same for some images, by id."""
    asked = rules or Rules()
    page_of = _Pages(project, asked, asked.detector or detections.latest_detector(project))
    return {number: next(page_of([images.get(project, number)])) for number in image_ids}


class _Pages:
    """What the observations of a page of images are put together from."""

    def __init__(self, project: Project, rules: Rules, detector: KnownDetector | None) -> None:
        from camtrap_gui.project import suggestions  # here, because --help has no time for NumPy

        self.db, self.rules, self.detector = project.db, rules, detector
        self.names = species_names.all_names(project.db)
        self.special = {meaning: species_names.special(project.db, meaning) for meaning in MEANINGS}
        self.present = suggestions.present_names(project)
        self.read_top = suggestions.read_top

    def __call__(self, page: list[images.Image]) -> Iterator[Observed]:
        first, last = page[0].id, page[-1].id
        labels = self._by_image(
            "SELECT labels.* FROM labels JOIN species ON species.id = species_id WHERE image_id BETWEEN ? AND ?"
            " ORDER BY image_id, position, species_id",
            first,
            last,
        )
        boxes = self._boxes(first, last) if self.rules.boxes else {}
        seen, found = self._found(first, last)
        marked = {
            row["id"]: row
            for row in self.db.execute(
                "SELECT id, reviewed, flagged FROM images WHERE id BETWEEN ? AND ?"
                " AND (reviewed IS NOT NULL OR flagged)",
                (first, last),
            )
        }
        for image in page:
            said, mark = labels.get(image.id, ()), marked.get(image.id)
            if image.id in boxes:
                regions = tuple(self._box(row, said) for row in boxes[image.id])
            elif image.id in found and not self._is_empty(said):
                regions = tuple(self._detection(row, said) for row in found[image.id])
            else:
                regions = ()
            yield Observed(
                image,
                tuple(self._label(row) for row in said),
                regions,
                mark["reviewed"] if mark else None,
                bool(mark and mark["flagged"]),
                image.id in seen,
                seen.get(image.id),
            )

    def _by_image(self, query: str, *values: object) -> dict[int, list[Row]]:
        found: dict[int, list[Row]] = defaultdict(list)
        for row in self.db.execute(query, values):
            found[row["image_id"]].append(row)
        return found

    def _boxes(self, first: int, last: int) -> dict[int, list[Row]]:
        return self._by_image(
            "SELECT boxes.*, category, top FROM boxes LEFT JOIN detections ON detections.id = boxes.detection_id"
            " LEFT JOIN suggestions ON suggestions.detection_id = boxes.detection_id"
            " WHERE boxes.image_id BETWEEN ? AND ? ORDER BY boxes.id",
            first,
            last,
        )

    def _found(self, first: int, last: int) -> tuple[dict[int, str | None], dict[int, list[Row]]]:
        if self.detector is None:
            return {}, {}
        asked = (self.detector.id, first, last)
        seen = dict(
            self.db.execute(
                "SELECT image_id, problem FROM detected WHERE detector_id = ? AND image_id BETWEEN ? AND ?",
                asked,
            ).fetchall()
        )
        lows = dict(self.rules.lows)
        low = self.detector.typical_threshold if self.rules.low is None else self.rules.low
        found = self._by_image(
            "SELECT detections.id, detections.image_id, category, detections.confidence, x, y, width, height,"
            " suggestions.run_id, suggestions.confidence AS sure, top"
            " FROM detections LEFT JOIN suggestions ON detection_id = detections.id"
            " WHERE detector_id = ? AND detections.image_id BETWEEN ? AND ? AND NOT rejected"
            " AND detections.confidence >= ? ORDER BY detections.image_id, detections.confidence DESC, detections.id",
            *asked,
            min([low, *lows.values()]),
        )
        if lows:
            for number, rows in found.items():
                found[number] = [row for row in rows if row["confidence"] >= lows.get(row["category"], low)]
        return seen, found

    def _label(self, row: Row) -> Label:
        return Label(
            self.names[row["species_id"]],
            row["count"],
            bool(row["sequence_level"]),
            row["author"],
            row["made"],
            row["run_id"],
            row["confidence"],
        )

    def _box(self, row: Row, said: Sequence[Row]) -> Region:
        # A box's own species, else that of the image where it has one only.
        whose = row if row["species_id"] is not None else said[0] if len(said) == 1 else None
        number = whose["species_id"] if whose is not None else None
        return Region(
            "box",
            row["id"],
            self._meaning(number) or row["category"] or "animal",
            1.0,
            (row["x"], row["y"], row["width"], row["height"]),
            self.names[number] if number is not None else None,
            _source(whose),
            row["author"],
            row["made"],
            whose["run_id"] if whose is not None else None,
            whose["confidence"] if whose is not None else None,
            self._top(row["top"]),
        )

    def _detection(self, row: Row, said: Sequence[Row]) -> Region:
        found = Region(
            "detection",
            row["id"],
            row["category"],
            row["confidence"],
            (row["x"], row["y"], row["width"], row["height"]),
            top=self._top(row["top"]),
        )
        whose = self._label_of(found, said)
        if whose is not None:
            return found._replace(
                species=self.names[whose["species_id"]],
                source=_source(whose),
                author=whose["author"],
                made=whose["made"],
                run_id=whose["run_id"],
                species_confidence=whose["confidence"],
            )
        if found.top and not said:
            species = self.rules.overruled.get(found.id, found.top[0][0])
            if species != found.top[0][0]:  # as sure as the classifier was of the other one
                found = found._replace(top=((species, found.top[0][1]),))
            return found._replace(
                species=species,
                source="model",
                run_id=row["run_id"],
                species_confidence=found.top[0][1],
            )
        return found

    def _label_of(self, found: Region, said: Sequence[Row]) -> Row | None:
        # The label that a detection is meant by: the only one that fits its category, or that a classifier chose too.
        wanted = found.category if found.category in ("person", "vehicle") else None
        fits = [row for row in said if self._meaning(row["species_id"]) == wanted]
        if len(fits) > 1 and found.top:
            fits = [row for row in fits if self.names[row["species_id"]] == found.top[0][0]]
        return fits[0] if len(fits) == 1 else None

    def _meaning(self, species_id: int | None) -> str | None:
        # 'person', 'vehicle', 'empty' for species that mean these.
        for meaning in ("person", "vehicle", "empty"):
            if species_id in self.special[meaning]:
                return meaning
        return None

    def _is_empty(self, said: Sequence[Row]) -> bool:
        return bool(said) and all(
            row["species_id"] in self.special["empty"] and row["author"] not in machines.MACHINES
            for row in said
        )

    def _top(self, text: str | None) -> Top:
        return () if text is None else self.read_top(text, self.present)


def _source(said: Row | None) -> str:
    return "" if said is None else source_of(said["author"])


def source_of(author: str) -> str:
    """'person', 'import' or 'model': what kind of author said something."""
    if author == machines.MODEL:
        return "model"
    return "import" if author in machines.MACHINES else "person"
