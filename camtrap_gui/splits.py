"""Dividing locations into train, val and test, so that a classifier is measured on cameras it has never seen.

Pictures of one camera look alike, so whole locations change sides, never single pictures, and locations that share a
sequence stay together (``joined``). What stays together is a *group*; the functions here see only how many crops of
each class every group has.
"""

import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

TRAIN, VAL, TEST = range(3)
FREE = -1
"""In place of a split: to be chosen."""

BUNDLES = 20
"""Into so many bundles many groups of the same classes are put: shares are then met to a twentieth of each kind."""

Location = TypeVar("Location", str, int)

Split = NDArray[np.int8]
"""The split of every group: TRAIN, VAL or TEST."""

_STRICTNESS = (1000.0, 3.0, 1.0, 0.3)
_TURNS = 3_000
_WORK = 250_000_000  # bounds the search by arithmetic, not by time: a slow machine finds the same split


def balanced(
    counts: NDArray[np.integer],
    fractions: tuple[float, float, float],
    seed: int = 0,
    kept: Split | None = None,
) -> Split:
    """Split groups so that every class is in every split, in the wanted shares.

    ``counts[group, class]`` is the number of crops, ``fractions`` are the wanted shares of train, val and test (train
    above 0; a split with share 0 gets nothing). In this order:

    1. a class in three or more groups is in all splits;
    2. a class in two groups is in train and test, a class in a single group in train;
    3. the shares of every class's crops (weight 2) and groups (weight 1), and of all crops and groups, come close to
       ``fractions`` by the sum of squared differences. This is the score of the CameraTraps classification pipeline,
       which takes the best of 10,000 random permutations; here a tabu search improves several good starts.

    Classes may contradict each other so that 1 or 2 cannot be kept for all; then few break them. The same input gives
    the same split on every machine. A group that ``kept`` has a split for keeps it, whatever that does to the wishes;
    FREE there means that it has none yet.
    """
    kept = np.full(len(counts), FREE, dtype=np.int8) if kept is None else kept
    search = _Search(np.asarray(counts, dtype=np.float64), np.asarray(fractions, dtype=np.float64), kept)
    rng = np.random.default_rng(seed)
    found = [search.improved(search.start(rng), strictness, rng) for strictness in _STRICTNESS]
    costs = [search.cost(where) for where in found]
    return found[int(np.argmin(np.round(costs, _DIGITS)))]


def tutorial(locations: Iterable[Location], test_fraction: float, seed: int = 0) -> frozenset[Location]:
    """The test locations as the "Training a classifier" tutorial draws them; all others are train, none val.

    ``locations`` are those of all images, also of images without crops. At least one location is drawn, so a single
    location is all test. The tutorial compares whole-number locations as numbers, here every location is a text.
    """
    ordered = sorted(set(locations))
    drawn = min(len(ordered), max(1, int(test_fraction * len(ordered))))
    return frozenset(random.Random(seed).sample(ordered, drawn))


def bundled(
    groups: NDArray[np.int64], classes: NDArray[np.int64], kept: Split, seed: int = 0
) -> NDArray[np.int64]:
    """The bundle that each of very many groups belongs to, so that thousands are split instead of millions.

    ``groups`` and ``classes`` say which group has crops of which class, a pair each; ``kept`` is as in ``balanced``. Groups
    of the same classes that are kept alike are dealt out to at most ``BUNDLES`` bundles at random. A class in three or
    more groups is then in three or more bundles, and one in fewer groups in as many as before.
    """
    rng = np.random.default_rng(seed)
    names = rng.integers(1, 2**63, int(classes.max(initial=0)) + 5, np.uint64)
    kinds = names[kept.astype(np.int64) - FREE]
    np.add.at(kinds, groups, names[classes + 4])  # sums of random numbers: equal ones have the same classes
    order = rng.permutation(len(kept))
    order = order[np.argsort(kinds[order], kind="stable")]
    _, first, sizes = np.unique(kinds[order], return_index=True, return_counts=True)
    pieces = np.minimum(sizes, BUNDLES)
    kind = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(order)) - first[kind]
    bundle = np.empty(len(order), np.int64)
    bundle[order] = (np.cumsum(pieces) - pieces)[kind] + place * pieces[kind] // sizes[kind]
    return bundle


def joined(pairs: Iterable[tuple[Location, Location]]) -> dict[Location, Location]:
    """Names joined by pairs, directly or through others, each with the smallest name of its group.

    Names that are in no pair are not in the answer. ``joined([("b", "a"), ("c", "b")])`` joins all three to "a".
    """
    parent: dict[Location, Location] = {}

    def root(name: Location) -> Location:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for a, b in pairs:
        first, second = sorted((root(a), root(b)))
        parent[second] = first
    return {name: root(name) for name in parent}


def wanted_splits(groups: int, fractions: Sequence[float]) -> tuple[int, ...]:
    """The splits that a class seen in so many groups ought to be in."""
    by_rank = [split for split in (TRAIN, TEST, VAL) if fractions[split] > 0]
    return tuple(sorted(by_rank[: max(groups, 0)]))


_DIGITS = 9  # closer costs are equal, in whatever order a processor adds
_MUST, _SHOULD = 1e6, 1e3  # cost of breaking a wish of rank 1 or 2; squared differences add up to less


class _Search:
    """The cost of a split, and of all single moves at once, as products of small matrices.

    A move of group g from split s to t changes the sum of squared differences by
    2 (q_g - w p_g d_s + w p_g d_t), where d_s is how far the shares of s are above the wanted ones, p_g the group's
    shares, w the weights, and q_g = w p_g p_g.
    """

    def __init__(self, counts: NDArray[np.float64], fractions: NDArray[np.float64], kept: Split) -> None:
        self.fractions = fractions
        self.kept = kept
        self.unused = [split for split in (TRAIN, VAL, TEST) if fractions[split] <= 0]
        self.present = (counts > 0).astype(np.float64)
        self.groups = self.present.sum(axis=0)
        self.wished = np.zeros((3, counts.shape[1]))
        for place, number in enumerate(self.groups):
            self.wished[list(wanted_splits(int(number), self.fractions.tolist())), place] = 1
        self.spread = self.groups >= 3 - len(self.unused)
        everything = np.column_stack([counts.sum(axis=1), np.ones(len(counts))])
        columns = np.column_stack([counts[:, self.spread], self.present[:, self.spread], everything])
        self.shares = columns / np.maximum(columns.sum(axis=0), 1)
        spread = int(self.spread.sum())
        self.weights = np.repeat([2.0, 1.0, 2.0, 1.0], [spread, spread, 1, 1])
        self.weighted = self.shares * self.weights
        self.squares = (self.weighted * self.shares).sum(axis=1)

    def start(self, rng: np.random.Generator) -> Split:
        """A good split: the rarest class first, its larger groups first, each to where the class is needed most."""
        where = self.kept.copy()
        size = self.shares[:, -2] * rng.uniform(0.5, 1.5, len(where))
        for place in np.argsort(self.groups, kind="stable"):
            members = np.flatnonzero(self.present[:, place])
            have = np.bincount(where[members][where[members] >= 0], minlength=3).astype(np.float64)
            for group in members[np.argsort(-size[members], kind="stable")]:
                if where[group] < 0:
                    need = self.fractions * len(members) - have
                    need += len(members) * ((have == 0) & (self.wished[:, place] > 0))
                    need[self.unused] = -np.inf
                    where[group] = np.argmax(need)
                    have[where[group]] += 1
        where[where < 0] = TRAIN  # groups without any crop
        return where

    def cost(self, where: Split) -> float:
        """What is to be minimised."""
        return self._cost(*self._sums(where))

    def _sums(self, where: Split) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        # per split: shares above the wanted ones, and groups in which each class is present
        member = np.eye(3)[where].T
        return member @ self.shares - self.fractions[:, None], member @ self.present

    def _cost(self, above: NDArray[np.float64], inside: NDArray[np.float64]) -> float:
        broken = ((inside == 0) * self.wished).sum(axis=0)
        return float((above**2 @ self.weights).sum() + broken @ np.where(self.spread, _MUST, _SHOULD))

    def improved(self, where: Split, strictness: float, rng: np.random.Generator) -> Split:
        """The best split met by moving one group at a time: always the best move of a group not moved just before.

        On the way a broken wish costs only ``strictness``: many a better split lies behind a few broken wishes.
        """
        above, inside = self._sums(where)
        pull = self.weighted @ above.T
        wished = self.wished * np.where(self.spread, strictness, strictness / 4)
        rest = np.zeros(len(where), dtype=np.int64)
        everyone = np.arange(len(where))
        where = where.copy()
        best, best_cost = where.copy(), self._cost(above, inside)
        turns = min(_TURNS, 30 * len(where), 1 + _WORK // self.shares.size)
        for turn in range(turns):
            lost = self.present @ ((inside == 1) * wished).T
            won = self.present @ ((inside == 0) * wished).T
            change = 2 * pull - won
            change += (2 * self.squares - 2 * pull[everyone, where] + lost[everyone, where])[:, None]
            change[everyone, where] = np.inf
            change[:, self.unused] = np.inf
            change[rest > turn] = np.inf
            change[self.kept != FREE] = np.inf
            group, split = divmod(int(np.argmin(np.round(change, _DIGITS))), 3)
            if not np.isfinite(change[group, split]):
                continue
            before, where[group] = where[group], split
            step = self.weighted @ self.shares[group]
            for sign, side in ((-1, before), (1, split)):
                pull[:, side] += sign * step
                above[side] += sign * self.shares[group]
                inside[side] += sign * self.present[group]
            rest[group] = turn + rng.integers(2, 5 + min(len(where), 40) // 4)
            cost = self._cost(above, inside)
            if cost < best_cost - 10.0**-_DIGITS:
                best, best_cost = where.copy(), cost
        return best
