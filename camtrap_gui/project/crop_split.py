"""Which location goes to which split, and which species end up without some split."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images
from camtrap_gui.project.crop_plan import Plan
from camtrap_gui.project.crops import SPLITS


@dataclass(frozen=True)
class Wish:
    """How to split: ``kind`` 'balanced' or 'tutorial', shares of val and test, what to keep together."""

    kind: str
    key: str
    val: float
    test: float
    seed: int

    @property
    def shares(self) -> tuple[float, float, float]:
        """Of train, val and test. The tutorial has no val."""
        val = 0.0 if self.kind == "tutorial" else self.val
        return 1 - val - self.test, val, self.test


def split(project: Project, plan: Plan, wish: Wish) -> tuple[str, ...]:
    """Give every crop of the plan its split; the answer says of each species that lacks one why.

    Locations that share a sequence stay together, except in the tutorial's split, which does not know sequences.
    Raises Problem where everything hangs together, so that nothing can be tested on what was not learnt.
    """
    amounts = plan.amounts()
    locations = sorted({location for location, _ in amounts})
    joined = {} if wish.kind == "tutorial" else _joined(plan)
    groups = {location: joined.get(location, location) for location in locations}
    if len(set(groups.values())) == 1 and wish.val + wish.test > 0:
        raise Problem(
            f"All pictures with crops hang together: {_together(wish.key, locations)}. Nothing could be tested on what was"
            f" not learnt. Split by something else: {choices(project, wish.key)}"
        )
    if wish.kind == "tutorial":
        where = _tutorial(project, wish, locations)
    else:
        where = _balanced(amounts, groups, wish)
    plan.assign(where)
    return tuple(_warnings(project, amounts, groups, where, wish))


def choices(project: Project, key: str) -> str:
    """What else the pictures of a project could be split by, for a sentence."""

    def values(other: str) -> int:
        return len({value for _, value in images.location_values(project, other)} - {None})

    others = [other for other in images.location_keys(project) if other != key]
    listed = ", ".join(f"--location-key {other} ({values(other):,} different values)" for other in others)
    return f"{listed or 'there is no other field in this project, import one with the pictures'}."


def _joined(plan: Plan) -> dict[str, str]:
    from camtrap_gui.splits import joined

    return joined(plan.joined_locations())


def _tutorial(project: Project, wish: Wish, locations: Iterable[str]) -> dict[str, str]:
    from camtrap_gui.splits import tutorial

    known = {value for _, value in images.location_values(project, wish.key) if value is not None}
    if images.are_whole_numbers(project, wish.key):
        test = {str(number) for number in tutorial((int(value) for value in known), wish.test, wish.seed)}
    else:
        test = {*tutorial(known, wish.test, wish.seed)}
    return {location: "test" if location in test else "train" for location in locations}


def _balanced(
    amounts: Mapping[tuple[str, int], int], groups: Mapping[str, str], wish: Wish
) -> dict[str, str]:
    import numpy as np

    from camtrap_gui.splits import balanced

    rows = {name: row for row, name in enumerate(sorted(set(groups.values())))}
    columns = {species_id: column for column, species_id in enumerate(sorted({key[1] for key in amounts}))}
    counts = np.zeros((len(rows), len(columns)), dtype=np.int64)
    for (location, species_id), number in amounts.items():
        counts[rows[groups[location]], columns[species_id]] += number
    found = balanced(counts, wish.shares, wish.seed)
    return {location: SPLITS[found[rows[group]]] for location, group in groups.items()}


def _together(key: str, locations: list[str]) -> str:
    if len(locations) == 1:
        return f"they have the same {key} “{locations[0]}”"
    return f"sequences join {len(locations):,} values of {key} (the same sequence name at several of them)"


def _warnings(
    project: Project,
    amounts: Mapping[tuple[str, int], int],
    groups: Mapping[str, str],
    where: Mapping[str, str],
    wish: Wish,
) -> Iterable[str]:
    used = [name for name, share in zip(SPLITS, wish.shares, strict=True) if share > 0]
    present, seen_at = defaultdict(set), defaultdict(set)
    for location, species_id in amounts:
        present[species_id].add(where[location])
        seen_at[species_id].add(groups[location])
    for species_id, name in project.db.execute("SELECT id, name FROM species ORDER BY position, id"):
        missing = [split for split in used if split not in present[species_id]]
        if present[species_id] and missing:
            number = len(seen_at[species_id])
            places = "one location" if number == 1 else f"{number} locations"
            yield f"{name} is not in {' and '.join(missing)}; it was seen at {places}."
