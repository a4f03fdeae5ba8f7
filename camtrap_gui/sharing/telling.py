"""What files for other programs say about an image: one entry for each animal, person, vehicle or species, or that it is
empty, and whose word that is.

Labels and regions of an image tell of the same things twice. Here a label is told through the regions of its species,
among which its count is shared out, and by an entry of its own only where it has none.
"""

from collections.abc import Iterator
from typing import NamedTuple

from camtrap_gui.jobs import Progress, Report
from camtrap_gui.project import Project, images, observations
from camtrap_gui.project.not_animals import MEANINGS
from camtrap_gui.project.observations import Label, Observed, Region, Rules

_EVERY = 1000
_MEANING_OF = {word: meaning for meaning, words in MEANINGS.items() for word in words}


class Told(NamedTuple):
    """One thing on an image.

    ``kind`` is 'animal', 'person', 'vehicle', 'empty' or 'unknown'; ``species`` None for what nobody has named.
    ``amount`` is how many of them this entry stands for, None where nobody counted. ``source`` is 'person', 'import',
    'model' or 'detector'. ``author`` and ``made`` say who named the species, and when, ``run_id`` and ``confidence``
    (0..1) which classifier said so, also where a person agreed.
    """

    kind: str
    species: str | None
    amount: int | None
    region: Region | None
    source: str
    author: str | None = None
    made: str | None = None
    run_id: str | None = None
    confidence: float | None = None
    sequence_level: bool = False

    @property
    def name(self) -> str | None:
        """The species, or what stands in its place: 'person', 'vehicle', 'empty'; None for an animal without a name."""
        return self.species or (None if self.kind == "animal" else self.kind)

    @property
    def box_author(self) -> str | None:
        """Who drew the box, where that was another one than named the species."""
        drew = self.region.author if self.region is not None and self.region.kind == "box" else None
        return None if drew == self.author else drew


def each(project: Project, rules: Rules, report: Report, phase: str = "Writing") -> Iterator[Observed]:
    """All images as ``observations.walk`` tells them, with reports on the way."""
    total, done = images.count(project), 0
    for done, observed in enumerate(observations.walk(project, rules), start=1):
        if done % _EVERY == 0:
            report(Progress(done, total, "images", phase))
        yield observed
    report(Progress(done, total, "images", phase))


def kind_of(species: str | None, category: str = "animal") -> str:
    """What a species name stands for; of what has no name, what the detector takes it for."""
    if species is not None:
        return _MEANING_OF.get(species.casefold(), "animal")
    return category if category in ("person", "vehicle") else "animal"


def tell(observed: Observed) -> list[Told]:
    """What is on an image: labels first, in class-list order, then what only a machine saw; [] where nobody looked."""
    told: list[Told] = []
    left = list(observed.regions)
    for label in observed.labels:
        shown = [region for region in left if region.species == label.species and region.source != "model"]
        left = [region for region in left if region not in shown] if shown else left
        told += _of_label(label, shown)
    told += [_of_region(region) for region in left]
    if not told and observed.seen and observed.failure is None:
        told.append(Told("empty", None, None, None, "detector"))
    return told


def _of_label(label: Label, shown: list[Region]) -> Iterator[Told]:
    kind = kind_of(label.species)
    source = observations.source_of(label.author)
    counts = _shares(label.count, len(shown))
    said = (source, label.author, label.made, label.run_id, label.confidence)
    for region, count in zip(shown, counts, strict=True):
        yield Told(kind, label.species, count, region, *said, label.sequence_level)
    if not shown:
        yield Told(kind, label.species, label.count, None, *said, label.sequence_level)


def _of_region(region: Region) -> Told:
    kind = kind_of(region.species, region.category)
    if region.source == "model":
        return Told(
            kind, region.species, None, region, "model", None, None, region.run_id, region.species_confidence
        )
    if region.kind == "box":
        source = observations.source_of(region.author or "")
        return Told(kind, region.species, None, region, source, region.author, region.made)
    return Told(kind, region.species, None, region, region.source or "detector", region.author, region.made)


def _shares(count: int | None, regions: int) -> list[int | None]:
    """A count shared out among regions so that it can be added up again."""
    shares: list[int | None] = [None] * regions
    for place in range(min(count or 0, regions)):
        shares[place] = 1
    if count is not None and 0 < regions < count:
        shares[0] = count - regions + 1
    return shares
