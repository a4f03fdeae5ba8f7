"""Which location goes to which split, and which species end up without some split."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, history, images
from camtrap_gui.project.crop_plan import Plan
from camtrap_gui.project.crops import SPLITS

_DEFAULTS = {
    "padding": 1.69,
    "split": "balanced",
    "location_key": "location",
    "val_fraction": 0.15,
    "test_fraction": 0.2,
    "seed": 0,
}
"""The crop step's options, for a data set that no recorded step has made."""


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


@dataclass(frozen=True)
class Made:
    """How the crops that are there now were made."""

    padding: float
    wish: Wish


def made(project: Project) -> Made:
    """From the record of the last crop step that finished; the step's defaults where there is none."""
    job = history.last_done(project).get("crop")
    known = {**_DEFAULTS, **(job.options if job else {})}
    wish = Wish(
        str(known["split"]),
        str(known["location_key"]),
        float(known["val_fraction"]),
        float(known["test_fraction"]),
        int(known["seed"]),
    )
    return Made(float(known["padding"]), wish)


def known_splits(project: Project, wish: Wish) -> dict[str, str]:
    """The split that each location has, if it was made by the same wish; if by another one, it is to change."""
    if "crop" not in history.last_done(project) or made(project).wish != wish:
        return {}
    rows = project.db.execute(
        "SELECT location, split FROM crops UNION SELECT location, split FROM set_aside"
    ).fetchall()
    return dict(rows)


def split(
    project: Project, plan: Plan, wish: Wish, known: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, ...]:
    """Give every crop of the plan its split; the answer says of each species that lacks one why.

    Locations in ``known`` keep their split, the others are dealt out so that all together come close to the shares.
    Locations that share a sequence stay together, except in the tutorial's split, which does not know sequences; where
    a sequence joins locations of several splits, they all go where they can do no harm, to train rather than to test.
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
        where = _tutorial(project, wish, locations, known)
    else:
        where = _balanced(amounts, groups, wish, known)
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


def _tutorial(
    project: Project, wish: Wish, locations: Iterable[str], known: Mapping[str, str]
) -> dict[str, str]:
    from camtrap_gui.splits import tutorial

    values = {value for _, value in images.location_values(project, wish.key) if value is not None}
    if images.are_whole_numbers(project, wish.key):
        drawn = {str(number) for number in tutorial((int(value) for value in values), wish.test, wish.seed)}
    else:
        drawn = {*tutorial(values, wish.test, wish.seed)}
    if known:  # as many of the new ones as are lacking; those that the tutorial would draw come first
        lacking = len(drawn) - sum(split == "test" for split in known.values())
        new = sorted(set(locations) - known.keys(), key=lambda name: (name not in drawn, name))
        drawn = {*new[: max(0, lacking)]}
    return {location: known.get(location, "test" if location in drawn else "train") for location in locations}


def _balanced(
    amounts: Mapping[tuple[str, int], int], groups: Mapping[str, str], wish: Wish, known: Mapping[str, str]
) -> dict[str, str]:
    import numpy as np

    from camtrap_gui.splits import FREE, balanced

    rows = {name: row for row, name in enumerate(sorted(set(groups.values())))}
    columns = {species_id: column for column, species_id in enumerate(sorted({key[1] for key in amounts}))}
    counts = np.zeros((len(rows), len(columns)), dtype=np.int64)
    for (location, species_id), number in amounts.items():
        counts[rows[groups[location]], columns[species_id]] += number
    kept = np.full(len(rows), FREE, dtype=np.int8)
    for split in reversed(SPLITS):  # so that train has the last word
        for location, group in groups.items():
            if known.get(location) == split:
                kept[rows[group]] = SPLITS.index(split)
    found = balanced(counts, wish.shares, wish.seed, kept)
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
    for species_id, name in project.db.execute(
        "SELECT id, name FROM species WHERE merged_into IS NULL ORDER BY position, id"
    ):
        missing = [split for split in used if split not in present[species_id]]
        if present[species_id] and missing:
            number = len(seen_at[species_id])
            places = "one location" if number == 1 else f"{number} locations"
            yield f"{name} is not in {' and '.join(missing)}; it was seen at {places}."
