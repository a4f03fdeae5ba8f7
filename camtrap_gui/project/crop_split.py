"""Which location goes to which split, and which species end up without some split."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, history, images
from camtrap_gui.project.crop_plan import Plan
from camtrap_gui.project.crops import SPLITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from camtrap_gui.splits import Split

_MANY = 5_000  # groups; more are split in bundles

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


def known_splits(project: Project, wish: Wish) -> Iterator[tuple[str, str]]:
    """The split that each location has, if it was made by the same wish; if by another one, it is to change."""
    if "crop" in history.last_done(project) and made(project).wish == wish:
        for table in ("set_aside", "crops"):
            yield from map(tuple, project.db.execute(f"SELECT DISTINCT location, split FROM {table}"))


def split(project: Project, plan: Plan, wish: Wish, known: Iterable[tuple[str, str]] = ()) -> tuple[str, ...]:
    """Give every crop of the plan its split; the answer says of each species that lacks one why.

    Locations in ``known`` keep their split, the others are dealt out so that all together come close to the shares.
    Locations that share a sequence stay together, except in the tutorial's split, which does not know sequences; where
    a sequence joins locations of several splits, they all go where they can do no harm, to train rather than to test.
    Raises Problem where everything hangs together, so that nothing can be tested on what was not learnt. Millions of
    locations, as when every sequence is one, take less than 200 bytes of memory each.
    """
    import numpy as np

    from camtrap_gui.splits import joined

    groups = np.arange(plan.number_places(known))
    if wish.kind != "tutorial" and wish.key != "sequence":
        for place, first in joined(plan.joined_places()).items():
            groups[place] = first
    if (groups == 0).all() and wish.val + wish.test > 0:
        raise Problem(
            f"All pictures with crops hang together: {_together(wish.key, plan)}. Nothing could be tested on what was"
            f" not learnt. Split by something else: {choices(project, wish.key)}"
        )
    amounts = plan.amounts()
    where = (
        _tutorial(project, plan, wish) if wish.kind == "tutorial" else _balanced(amounts, groups, plan, wish)
    )
    plan.assign(where)
    return tuple(_warnings(project, amounts, groups, where, wish))


def choices(project: Project, key: str) -> str:
    """What else the pictures of a project could be split by, for a sentence."""

    def values(other: str) -> int:
        return len({value for _, value in images.location_values(project, other)} - {None})

    others = [other for other in images.location_keys(project) if other != key]
    listed = ", ".join(f"--location-key {other} ({values(other):,} different values)" for other in others)
    return f"{listed or 'there is no other field in this project, import one with the pictures'}."


def _tutorial(project: Project, plan: Plan, wish: Wish) -> "Split":
    import numpy as np

    from camtrap_gui.splits import tutorial

    values = {value for _, value in images.location_values(project, wish.key) if value is not None}
    if images.are_whole_numbers(project, wish.key):
        drawn = {str(number) for number in tutorial((int(value) for value in values), wish.test, wish.seed)}
    else:
        drawn = {*tutorial(values, wish.test, wish.seed)}
    if plan.count(
        "known"
    ):  # as many of the new ones as are lacking; those that the tutorial would draw come first
        lacking = len(drawn) - plan.count("known", "split = 'test'")
        new = sorted((name not in drawn, name) for _, name, split in plan.places() if split is None)
        drawn = {name for _, name in new[: max(0, lacking)]}
    found = (split or ("test" if name in drawn else "train") for _, name, split in plan.places())
    return np.fromiter(map(SPLITS.index, found), np.int8)


def _balanced(amounts: "NDArray[np.int64]", groups: "NDArray[np.int64]", plan: Plan, wish: Wish) -> "Split":
    """The split of every location, whose groups may be so many that they are split in bundles."""
    import numpy as np

    from camtrap_gui.splits import FREE, balanced, bundled

    numbers, groups = np.unique(groups, return_inverse=True)
    kept = np.full(len(numbers), FREE, np.int8)
    known = np.fromiter((SPLITS.index(split) if split else FREE for _, _, split in plan.places()), np.int8)
    for split in reversed(range(len(SPLITS))):  # so that train has the last word
        kept[groups[known == split]] = split
    rows = groups[amounts[:, 0]]
    _, columns = np.unique(amounts[:, 1], return_inverse=True)
    bundles = np.arange(len(numbers))
    if len(numbers) > _MANY:
        pairs = np.unique(rows * len(amounts) + columns)
        bundles = bundled(pairs // len(amounts), pairs % len(amounts), kept, wish.seed)
        kept_as = np.full(bundles.max() + 1, FREE, np.int8)
        kept_as[bundles] = kept
        kept = kept_as
    counts = np.zeros((len(kept), columns.max() + 1), np.int64)
    np.add.at(counts, (bundles[rows], columns), amounts[:, 2])
    return balanced(counts, wish.shares, wish.seed, kept)[bundles][groups]


def _together(key: str, plan: Plan) -> str:
    _, name, _ = next(plan.places())
    if plan.count("places") == 1:
        return f"they have the same {key} “{name}”"
    return (
        f"sequences join {plan.count('places'):,} values of {key} (the same sequence name at several of them)"
    )


def _warnings(
    project: Project, amounts: "NDArray[np.int64]", groups: "NDArray[np.int64]", where: "Split", wish: Wish
) -> Iterator[str]:
    import numpy as np

    used = [number for number, share in enumerate(wish.shares) if share > 0]
    for species_id, name in project.db.execute(
        "SELECT id, name FROM species WHERE merged_into IS NULL ORDER BY position, id"
    ):
        places = amounts[amounts[:, 1] == species_id, 0]
        present = {*np.unique(where[places]).tolist()}
        missing = [SPLITS[number] for number in used if number not in present]
        if present and missing:
            number = len(np.unique(groups[places]))
            at = "one location" if number == 1 else f"{number} locations"
            yield f"{name} is not in {' and '.join(missing)}; it was seen at {at}."
