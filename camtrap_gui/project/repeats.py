"""Boxes that repeat: finding, among the boxes of one camera, those that lie at the same place again and again.

Comparing each box with each takes hours at a camera that never rests. Boxes that agree have nearly the same width,
height and left edge, so each is compared only with those that do: the rest of the road is exact.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.geometry import Box

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

_PAIRS = 30_000
"""How many pairs of boxes are compared at once. A find ends the round, as what is left is less: ten times as many pairs
take three times as long for nothing."""

_CLOSEST = 0.999
"""Boxes that agree in more than this are equal for our purpose; a threshold of 1 would leave no room for rounding."""


def groups(
    boxes: Floats, threshold: float, least: int, is_enough: Callable[[Places], bool]
) -> Iterator[tuple[Box, Places]]:
    """Groups of boxes that all have at least an IoU of ``threshold`` (0 < threshold <= 1) with the median of the group.

    ``boxes`` is [N, 4]: left, top, width, height, of an area above 0. Yields (median box, places in ``boxes``,
    ascending). No box is in two groups. A group has at least ``least`` boxes and is one of which ``is_enough`` says
    so; ``is_enough`` must not be true of a part of a group and false of the whole. Where groups overlap the one around
    the box with the most neighbours comes first, so that the same boxes always make the same groups.
    """
    threshold = min(threshold, _CLOSEST)
    free = np.ones(len(boxes), bool)
    may_lead = np.ones(len(boxes), bool)
    found = True
    while found:
        found = False
        left = np.flatnonzero(free)
        for leaders, counts, members in _neighbours(boxes, left, may_lead, threshold, least):
            ends = np.cumsum(counts)
            for at in np.argsort(-counts, kind="stable"):
                if counts[at] < least:
                    break
                near = members[ends[at] - counts[at] : ends[at]]
                near = near[free[near]]
                if not free[leaders[at]] or len(near) < least or not is_enough(near):
                    continue
                box, group = _centred(boxes, boxes[leaders[at]], near, left[free[left]], threshold)
                if len(group) < least or not is_enough(group):
                    box, group = boxes[leaders[at]], np.sort(near)
                free[group] = False
                found = True
                yield (float(box[0]), float(box[1]), float(box[2]), float(box[3])), group
            may_lead[leaders] = False  # what does not lead a group now never will: boxes only become fewer
            if found:
                break


def ious(one: Floats, others: Floats) -> Floats:
    """IoU of boxes [N, 4], or of one box [4], with boxes [N, 4]; as ``geometry.iou``, for many."""
    one, others = one.T, others.T
    across = np.minimum(one[0] + one[2], others[0] + others[2]) - np.maximum(one[0], others[0])
    down = np.minimum(one[1] + one[3], others[1] + others[3]) - np.maximum(one[1], others[1])
    shared = np.maximum(across, 0) * np.maximum(down, 0)
    return np.asarray(shared / (one[2] * one[3] + others[2] * others[3] - shared))


def _centred(
    boxes: Floats, leader: Floats, near: Places, left: Places, threshold: float
) -> tuple[Floats, Places]:
    """The median of the boxes near a leader, and what agrees with it: a leader may sit at the edge of its group."""
    box = np.median(boxes[near], axis=0)
    return box, left[ious(box, boxes[left]) >= threshold]


def _neighbours(
    boxes: Floats, left: Places, may_lead: NDArray[np.bool_], threshold: float, least: int
) -> Iterator[tuple[Places, Places, Places]]:
    """Boxes that may have ``least`` neighbours among those ``left``, themselves included, the likeliest first.

    Yields (boxes, how many neighbours each has, the neighbours of all of them one after the other).

    Two boxes of widths w <= W with an IoU of t have w >= tW, and left edges at most (1 - t)W apart: the part that they
    share is at least tW wide. The same holds for heights. So widths and heights are put into steps of a factor 1/t,
    of which neighbours are at most one apart, and left edges are sorted within each pair of steps.
    """
    if len(left) < least:
        return
    x, width, height = boxes[left, 0], boxes[left, 2], boxes[left, 3]
    step = -np.log(threshold)
    wide, high = (np.floor(np.log(side) / step).astype(np.int64) for side in (width, height))
    wide -= wide.min() - 1
    high -= high.min() - 1
    rows = high.max() + 2
    # One number per box that sorts by steps and then by the left edge: rows of edges lie further apart than edges do.
    apart = float(np.ptp(x)) + 2 * float(width.max()) * (1 / threshold - 1) + 1
    x = x - x.min()
    key = (wide * rows + high) * apart + x
    order = np.argsort(key, kind="stable")
    key, left = key[order], left[order]
    reach = (width * (1 / threshold - 1))[order] * (1 + 1e-9)
    around = [
        ((wide + dw) * rows + high + dh)[order] * apart + x[order] for dw in (-1, 0, 1) for dh in (-1, 0, 1)
    ]
    low = np.stack([np.searchsorted(key, one - reach, "left") for one in around], axis=1)
    many = np.stack([np.searchsorted(key, one + reach, "right") for one in around], axis=1) - low
    most = many.sum(axis=1)
    leaders = np.flatnonzero(may_lead[left] & (most >= least))
    leaders = leaders[np.argsort(-most[leaders], kind="stable")]
    sorted_boxes, top = boxes[left], boxes[left, 1]
    reach_down = sorted_boxes[:, 3] * (1 / threshold - 1) * (1 + 1e-9)
    done = 0
    while done < len(leaders):
        size = max(1, int(np.searchsorted(np.cumsum(most[leaders[done : done + _PAIRS]]), _PAIRS, "right")))
        chunk = leaders[done : done + size]
        done += size
        starts, lengths = low[chunk].ravel(), many[chunk].ravel()
        ends = np.cumsum(lengths)
        others = np.arange(ends[-1]) + np.repeat(starts - ends + lengths, lengths)
        owner = np.repeat(np.arange(len(chunk)), most[chunk])
        close = np.abs(top[others] - top[chunk][owner]) <= reach_down[chunk][owner]
        others, owner = others[close], owner[close]
        agree = ious(sorted_boxes[chunk[owner]], sorted_boxes[others]) >= threshold
        yield left[chunk], np.bincount(owner[agree], minlength=len(chunk)), left[others[agree]]
