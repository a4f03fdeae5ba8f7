"""What figures do not say by themselves, in sentences: what is known from too few cameras to hold elsewhere."""

from collections.abc import Iterator, Sequence

from camtrap_gui.evaluation.figures import Evaluation, OfClass
from camtrap_gui.resampling import FEWEST

FEW_LOCATIONS = 3
"""A species seen at fewer locations than this has figures that say little about the next location."""

WIDE = 0.5
"""An F1 whose interval is wider than this might as well be good as bad."""


def notes(
    figures: Evaluation, trained_on: Sequence[int], split: str, trained_at: Sequence[int] | None = None
) -> Iterator[str]:
    """What to keep in mind. ``trained_on`` are the training crops of each class, ``trained_at`` their locations."""
    at = trained_at or [FEW_LOCATIONS] * len(trained_on)
    learnt = list(zip(figures.classes, trained_on, at, strict=True))
    seen = [c for c in figures.classes if c.crops]
    if names := [c.name for c in figures.classes if not c.crops]:
        yield f"No {split} crops, so nothing is known about: {', '.join(names)}."
    if names := [c.name for c, crops, _ in learnt if c.crops and not crops]:
        yield f"No training crops, so never recognised: {', '.join(names)}."
    if names := [c.name for c, crops, locations in learnt if c.crops and crops and locations == 1]:
        yield (
            "All training crops are from a single location, so it may have learnt the place instead of the animal: "
            f"{', '.join(names)}."
        )
    if names := [c.name for c in seen if c.locations < FEW_LOCATIONS]:
        yield (
            f"Seen at fewer than {FEW_LOCATIONS} {split} locations, so the figures may not hold elsewhere: "
            f"{', '.join(names)}."
        )
    if wide := [_spread(c) for c in seen if c.locations >= FEW_LOCATIONS and _is_wide(c)]:
        yield f"Seen too rarely to say how well it is recognised; F1 may be anything between: {', '.join(wide)}."
    if 1 < len(figures.locations) < FEWEST:
        yield (
            f"With {len(figures.locations)} {split} locations all intervals come out too narrow; from {FEWEST} on they are"
            " about right, and more are better."
        )
    if len(figures.locations) == 1:
        yield f"All {split} crops are from one location, so nothing is known about others, and there are no intervals."


def _is_wide(of: OfClass) -> bool:
    return of.f1_interval is not None and of.f1_interval[1] - of.f1_interval[0] > WIDE


def _spread(of: OfClass) -> str:
    assert of.f1_interval is not None
    low, high = of.f1_interval
    return f"{of.name} ({low:.2f} to {high:.2f})"
