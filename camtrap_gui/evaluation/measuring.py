"""From what was said about crops to all figures."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from camtrap_gui import calibration, metrics
from camtrap_gui.evaluation import bursts
from camtrap_gui.evaluation.counts import Counts, Known, count
from camtrap_gui.evaluation.figures import DayNight, Evaluation, OfClass, OfLocation, Part, Sequences
from camtrap_gui.evaluation.light import BY_DAY, BY_NIGHT, Light
from camtrap_gui.evaluation.said import TOP, Said
from camtrap_gui.metrics import Indices


def measure(said: Said, seed: int = 0) -> Evaluation:
    """All figures of at least one crop; ``seed`` is of the locations drawn for the intervals."""
    k = min(TOP, len(said.classes))
    right = said.ranked[:, 0] == said.truth
    in_top = (said.ranked[:, :k] == said.truth[:, None]).any(axis=1)
    counts = count(said.truth, said.ranked[:, 0], in_top, said.location, len(said.classes))
    figures = counts.figures(seed)
    whole = _part(counts, figures)
    return Evaluation(
        crops=whole.count,
        accuracy=whole.accuracy,
        interval=whole.interval,
        k=k,
        top_k=whole.top_k,
        macro_f1=whole.macro_f1,
        balanced_accuracy=whole.balanced_accuracy,
        classes=tuple(_of_classes(said, counts, figures)),
        locations=tuple(_of_locations(said, k)),
        calibration=calibration.measure(said.confidence, right, said.location, seed),
        top_k_interval=whole.top_k_interval,
        macro_f1_interval=whole.macro_f1_interval,
        balanced_accuracy_interval=whole.balanced_accuracy_interval,
        sequences=_sequences(said, k, seed),
        day_night=_day_night(said, seed),
    )


def part_of(truth: Indices, ranked: Indices, location: Indices, classes: int, seed: int = 0) -> Part:
    """The figures of at least one crop, of truth [N], guesses ``ranked`` [N, >= 1], and location [N]."""
    k = min(TOP, classes)
    in_top = (ranked[:, :k] == truth[:, None]).any(axis=1)
    counts = count(truth, ranked[:, 0], in_top, location, classes)
    return _part(counts, counts.figures(seed))


def _sequences(said: Said, k: int, seed: int) -> Sequences | None:
    voted = bursts.vote(said, k)
    if voted is None or not len(voted.truth):
        return None
    counts = count(voted.truth, voted.said, voted.in_top, voted.location, len(said.classes))
    crops = _some(said, voted.crops, seed)
    assert crops is not None
    return Sequences(_part(counts, counts.figures(seed)), crops, voted.mixed)


def _day_night(said: Said, seed: int) -> DayNight | None:
    if said.light is None or not (said.light != Light.UNKNOWN).any():
        return None
    day, night = (_some(said, np.isin(said.light, kinds), seed) for kinds in (BY_DAY, BY_NIGHT))
    by_clock = int(np.isin(said.light, (Light.DAY, Light.NIGHT)).sum())
    unknown = int((said.light == Light.UNKNOWN).sum())
    return DayNight(day, night, by_clock, len(said.truth) - by_clock - unknown, unknown)


def _some(said: Said, which: Any, seed: int) -> Part | None:
    """The figures of some of the crops; None where there are none."""
    if not which.any():
        return None
    return part_of(said.truth[which], said.ranked[which], said.location[which], len(said.classes), seed)


def _part(counts: Counts, figures: list[Known]) -> Part:
    (accuracy, interval), (top_k, of_top_k), (macro_f1, of_macro_f1), (balanced, of_balanced) = figures[:4]
    return Part(
        counts.crops,
        counts.locations,
        counts.species,
        accuracy,
        interval,
        top_k,
        of_top_k,
        macro_f1,
        of_macro_f1,
        balanced,
        of_balanced,
    )


def _of_classes(said: Said, counts: Counts, figures: list[Known]) -> Iterator[OfClass]:
    width = len(said.classes)
    sums = counts.sums
    for place, name in enumerate(said.classes):
        (precision, of_precision), (recall, of_recall), (f1, of_f1) = figures[4 + place :: width][:3]
        yield OfClass(
            name,
            crops=int(sums[:, place].sum()),
            locations=int((sums[:, place] > 0).sum()),
            predicted=int(sums[:, width + place].sum()),
            precision=_known(precision),
            recall=_known(recall),
            f1=_known(f1),
            precision_interval=of_precision,
            recall_interval=of_recall,
            f1_interval=of_f1,
        )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _of_locations(said: Said, k: int) -> Iterator[OfLocation]:
    """Figures of every location that has crops, sorted by name."""
    crops_of = np.split(np.argsort(said.location, kind="stable"), np.cumsum(np.bincount(said.location))[:-1])
    for name, which in sorted(zip(said.locations, crops_of, strict=True), key=lambda pair: pair[0]):
        figures = metrics.per_class(said.confusion(which))
        yield OfLocation(
            name,
            crops=len(which),
            species=int((figures.support > 0).sum()),
            accuracy=metrics.top_k_accuracy(said.truth[which], said.ranked[which], 1),
            top_k=metrics.top_k_accuracy(said.truth[which], said.ranked[which], k),
            precision=metrics.macro(figures.precision, figures.support),
            recall=metrics.macro(figures.recall, figures.support),
            f1=metrics.macro(figures.f1, figures.support),
        )
