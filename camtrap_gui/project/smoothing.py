"""What a classifier says about single animals, evened out over a picture and over its sequence.

The pictures of a sequence mostly show the same animals, so a word that stands alone is more likely wrong than right.
The rules and figures are those of MegaDetector's classification smoothing (``ClassificationSmoothingOptions``), first
within each picture, then within each sequence:

1. Words that name no species become the most frequent species, if that was said at least twice.
2. A species said once becomes the most frequent one, if that was said at least four times, and is not merely the genus
   or family ... of the other.
3. A genus, family ... becomes one of its species that was said, if any was: the one of the lowest rank, among those the
   one that was said most often. This needs to be known of the species: see ``taxonomy``.
4. If asked for, a species becomes the most frequent one of its family, if that was said at least twice.

Nothing is stored: who writes or shows suggestions passes ``Smoothed.changes`` on (``observations.Rules.overruled``).
What people or sources said is left alone, and so are pictures that have labels or boxes.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from camtrap_gui.project import Project, detections, species_names, taxonomy
from camtrap_gui.project.taxonomy import Lineage

NO_SPECIES = frozenset({"other", "unknown", "no cv result", "animal", "blank", "mammal"})
LEAST_DETECTION, LEAST_CLASSIFICATION = 0.15, 0.5
_LEAST_FOR_UNKNOWN = _LEAST_FOR_RELATIVES = 2
_FAMILY = taxonomy.RANKS.index("family") + 1  # names down to the family
_RANK_WEIGHT, _COUNT_WEIGHT = 1.0, 0.01


@dataclass(frozen=True)
class How:
    """When the most frequent species overrules another one: said at least ``least`` times, the other at most ``alone``
    times; in the same family, the other at most ``relatives`` times (0: never)."""

    least: int = 4
    alone: int = 1
    relatives: int = 0


@dataclass(frozen=True)
class Smoothed:
    """``changes`` are species by detection; ``before`` and ``after`` count how often each was said, by species."""

    changes: dict[int, str]
    before: dict[str, int]
    after: dict[str, int]

    def text(self) -> str:
        """One sentence with the species whose numbers changed."""
        names = sorted({*self.before, *self.after}, key=lambda name: -self.before.get(name, 0))
        numbers = [(name, self.before.get(name, 0), self.after.get(name, 0)) for name in names]
        moved = ", ".join(f"{name} {one:,} → {other:,}" for name, one, other in numbers if one != other)
        said = sum(self.before.values())
        return (
            f"Smoothing changed {len(self.changes):,} of {said:,} suggestions{f': {moved}' if moved else ''}."
        )


@dataclass(frozen=True)
class Change:
    """One suggestion that becomes another: of which picture, in which sequence (None: in none), from what to what."""

    image_id: int
    path: str
    sequence: str | None
    before: str
    after: str


def explain(project: Project, smoothed: Smoothed, most: int) -> list[Change]:
    """The changes, sequence by sequence, the first ``most`` of them."""
    names = species_names.all_names(project.db)
    rows = project.db.execute(
        "SELECT detections.id, images.id AS image_id, images.path, sequences.name AS sequence, species_id"
        " FROM detections JOIN suggestions ON detection_id = detections.id"
        " JOIN images ON images.id = detections.image_id LEFT JOIN sequences ON sequences.id = sequence_id"
        " WHERE detections.id IN (SELECT value FROM json_each(?))"
        " ORDER BY sequence_id IS NULL, sequence_id, images.id, detections.id LIMIT ?",
        (json.dumps(list(smoothed.changes)), most),
    )
    return [
        Change(
            row["image_id"],
            row["path"],
            row["sequence"],
            names[row["species_id"]],
            smoothed.changes[row["id"]],
        )
        for row in rows
    ]


def smooth(project: Project, how: How | None = None) -> Smoothed:
    """What the suggestions of the latest detector's animals become."""
    how = how or How()
    lineages = taxonomy.places(project.db)
    changes: dict[int, str] = {}
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for burst in _bursts(project):
        said = [name for _, _, name in burst]
        before.update(said)
        evened = [
            name
            for _, picture in groupby(zip(burst, said, strict=True), key=lambda pair: pair[0][0])
            for name in even_out([name for _, name in picture], lineages, how)
        ]
        evened = even_out(evened, lineages, how)
        after.update(evened)
        changes |= {number: new for (_, number, old), new in zip(burst, evened, strict=True) if new != old}
    return Smoothed(changes, dict(before), dict(after))


def even_out(
    said: Sequence[str], lineages: Mapping[str, Lineage] | None = None, how: How | None = None
) -> list[str]:
    """The words said about the animals of a picture or a sequence, evened out by the rules above.

    Where two species are said equally often, neither is the most frequent one. ``lineages`` of species, by name.
    """
    lineages = lineages or {}
    how = how or How()
    evened = list(said)
    if (most := _most_frequent(evened)) and evened.count(most) >= _LEAST_FOR_UNKNOWN:
        evened = [most if name.casefold() in NO_SPECIES else name for name in evened]
    counts = Counter(evened)
    if (most := _most_frequent(evened)) and counts[most] >= how.least:
        alone = {
            name
            for name, count in counts.items()
            if count <= how.alone and name != most and not _above(most, name, lineages)
        }
        evened = [most if name in alone else name for name in evened]
    counts = Counter(evened)
    lower = {name: _best_below(name, counts, lineages) for name in counts}
    return _within_families([lower[name] or name for name in evened], lineages, how.relatives)


def _within_families(said: list[str], lineages: Mapping[str, Lineage], most_overruled: int) -> list[str]:
    counts = Counter(said)
    becomes: dict[str, str] = {}
    families = {lineages[name][:_FAMILY] for name in counts if len(lineages.get(name, ())) >= _FAMILY}
    for family in families if most_overruled else ():
        relatives = [name for name in counts if lineages.get(name, ())[:_FAMILY] == family]
        most = _most_frequent([name for name in said if name in relatives])
        if most and counts[most] >= _LEAST_FOR_RELATIVES:
            becomes |= {name: most for name in relatives if counts[name] <= most_overruled}
    return [becomes.get(name, name) for name in said]


def _best_below(name: str, counts: Mapping[str, int], lineages: Mapping[str, Lineage]) -> str | None:
    below = [other for other in counts if _above(name, other, lineages)]

    def weight(other: str) -> float:
        return _RANK_WEIGHT * len(lineages[other]) + _COUNT_WEIGHT * counts[other]

    return max(below, key=weight, default=None)


def _above(name: str, other: str, lineages: Mapping[str, Lineage]) -> bool:
    return taxonomy.is_above(lineages.get(name, ()), lineages.get(other, ()))


def _most_frequent(said: Iterable[str]) -> str | None:
    """The species said most often; words that name none count only where they are said more often still."""
    counts = Counter(said).most_common()
    species = [(name, count) for name, count in counts if name.casefold() not in NO_SPECIES]
    if not species or counts[0][1] > species[0][1]:
        return None
    return None if len(species) > 1 and species[1][1] == species[0][1] else species[0][0]


def _bursts(project: Project) -> Iterator[list[tuple[int, int, str]]]:
    """Picture, detection and species of what was said within each sequence; a picture without one is its own."""
    detector = detections.latest_detector(project)
    if detector is None:
        return
    names = species_names.all_names(project.db)
    rows = project.db.execute(
        "SELECT coalesce(images.sequence_id, -images.id) AS burst, images.id, suggestions.detection_id,"
        " suggestions.species_id FROM suggestions JOIN detections ON detections.id = detection_id"
        " JOIN images ON images.id = detections.image_id WHERE detector_id = ? AND NOT rejected AND category = 'animal'"
        " AND detections.confidence >= ? AND suggestions.confidence >= ? AND suggestions.species_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM labels WHERE labels.image_id = images.id)"
        " AND NOT EXISTS (SELECT 1 FROM boxes WHERE boxes.image_id = images.id) ORDER BY 1, 2, 3",
        (detector.id, max(LEAST_DETECTION, detector.conservative_threshold), LEAST_CLASSIFICATION),
    )
    for _, burst in groupby(rows, key=lambda row: row[0]):
        yield [(image, number, names[species]) for _, image, number, species in burst]
