"""Which animals look alike, from what a backbone sees in them, for up to millions of them.

Features are scaled to length 1 and reduced to the directions that matter most in a sample of them, which keeps the angle
between two animals; their distance is that of this angle. Groups are those of k-means, seeded as k-means++ (Arthur &
Vassilvitskii, SODA 2007) and learnt on a sample. Vectors are read in blocks; what stays in memory is 128 bytes for each
animal.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float16]
"""Animals as points: [N, D], each of length 1."""

_DIMENSIONS = 64
_SAMPLE = 10_000
_BLOCK = 8_192
_PER_GROUP = 256  # sampled points that a centre is learnt from
_ROUNDS = 8
_BRANCHES = 64
_FEW = 48  # points that are ordered one by one


def points(vectors: NDArray[np.floating], rows: NDArray[np.int64], seed: int) -> Points:
    """The animals whose features are in these ``rows`` of ``vectors`` [R, F] (may be mapped from a file)."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:_SAMPLE])
    sample = _unit(vectors[rows[chosen]])
    _, directions = np.linalg.eigh(sample.T @ sample)
    basis = directions[:, : -_DIMENSIONS - 1 : -1]
    made = np.empty((len(rows), basis.shape[1]), np.float16)
    for part in blocks(len(rows)):
        made[part] = _unit(_unit(vectors[rows[part]]) @ basis)
    return made


def groups(some: Points, count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Sort points into at most ``count`` groups of like ones: the group of each, and the groups' centres [K, D].

    Every group has points.
    """
    random = np.random.default_rng(seed)
    chosen = np.sort(random.permutation(len(some))[: _PER_GROUP * count])
    sample = some[chosen].astype(np.float32)
    centres = _seeds(sample, count, random)
    for _ in range(_ROUNDS):
        belongs = np.zeros((len(sample), len(centres)), np.float32)
        belongs[np.arange(len(sample)), _nearest(sample, centres)] = 1
        sizes = belongs.sum(0)
        centres = (belongs.T @ sample)[sizes > 0] / sizes[sizes > 0, None]
    group = np.empty(len(some), np.int64)
    for part in blocks(len(some)):
        group[part] = _nearest(some[part].astype(np.float32), centres)
    present, group = np.unique(group, return_inverse=True)
    return group, centres[present]


def order(some: Points, seed: int) -> NDArray[np.int64]:
    """The places of the points in an order in which like ones are neighbours, int64 [N].

    Groups of groups, down to a few dozen points; on every level each is followed by the nearest one that is left.
    """
    laid: list[NDArray[np.int64]] = []

    def lay(members: NDArray[np.int64]) -> None:
        last = some[laid[-1][-1]].astype(np.float32) if laid else None
        if len(members) <= _FEW:
            laid.append(members[_chain(some[members].astype(np.float32), last)])
            return
        count = min(_BRANCHES, -(-2 * len(members) // _FEW))
        group, centres = groups(some[members], count, seed)
        if len(centres) == 1:  # all the same
            laid.append(members)
            return
        by_group = np.split(members[np.argsort(group, kind="stable")], np.cumsum(np.bincount(group))[:-1])
        for one in _chain(centres, last):
            lay(by_group[one])

    if len(some):
        lay(np.arange(len(some)))
    return np.concatenate(laid) if laid else np.empty(0, np.int64)


def blocks(count: int) -> Iterator[slice]:
    """``count`` places in parts that fit into memory at once, whatever is done with them."""
    return (slice(first, first + _BLOCK) for first in range(0, count, _BLOCK))


def _chain(some: NDArray[np.float32], last: NDArray[np.float32] | None) -> NDArray[np.int64]:
    """From the one nearest to ``last`` on, always the nearest one that is left."""
    likeness = some @ some.T - (some * some).sum(1) / 2  # of two, but for what depends on the first alone
    here = 0 if last is None else int((some @ last - (some * some).sum(1) / 2).argmax())
    chain = []
    for _ in range(len(some)):
        chain.append(here)
        likeness[:, here] = -np.inf
        here = int(likeness[here].argmax())
    return np.array(chain, np.int64)


def _seeds(sample: NDArray[np.float32], count: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Points drawn one after the other, far ones with more chance: by the square of the distance to those drawn."""
    drawn = [int(random.integers(len(sample)))]
    distance = np.full(len(sample), np.inf, np.float32)
    squares = (sample * sample).sum(1)
    while len(drawn) < min(count, len(sample)):
        newest = sample[drawn[-1]]
        distance = np.minimum(distance, np.maximum(squares - 2 * (sample @ newest) + squares[drawn[-1]], 0))
        distance[distance < 1e-6] = 0  # the same, but for rounding
        total = np.cumsum(distance, dtype=np.float64)
        if total[-1] <= 0:
            break
        drawn.append(int(np.searchsorted(total, random.uniform(0, total[-1]), side="right")))
    return sample[drawn]


def _nearest(some: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    return (some @ centres.T - (centres * centres).sum(1) / 2).argmax(1)


def _unit(some: NDArray[np.floating]) -> NDArray[np.float32]:
    some = some.astype(np.float32)
    return some / np.maximum(np.linalg.norm(some, axis=1, keepdims=True), 1e-12)
