"""Compare a new model with the current one on the same held-out cameras, and say whether it is better.

Both are asked about the test crops and judged by the labels of now, so a model from before a correction is not blamed
for labels that have changed since. How the intervals are made: ``camtrap_gui/comparison.py``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, predictions, runs
from camtrap_gui.project.predictions import Judged

if TYPE_CHECKING:
    from camtrap_gui.comparison import Comparison
    from camtrap_gui.evaluation import Said

SPLIT = "test"
_LISTED = 200
_SHOWN = 10


@dataclass(frozen=True)
class Options:
    candidate: Annotated[
        str, Option("The run to compare; without it, the newest one beside the current.", positional=True)
    ] = ""
    current: Annotated[str, Option("The run to compare it with; without it, the current one.")] = ""
    promote: Annotated[
        bool, Option("Make the candidate the current model afterwards, however it compares.")
    ] = False
    rounds: Annotated[
        int, Option("How often cameras are drawn for the intervals.", low=2000, high=100_000, advanced=True)
    ] = 2000
    seed: Annotated[int, Option("Start of the random choices.", low=0, high=2**31 - 1, advanced=True)] = 0


@dataclass(frozen=True)
class Changed:
    """A crop that the two name differently. ``file`` is below ``crops/``; confidences are those of the first guess."""

    crop_id: int
    file: str
    location: str
    truth: str
    current: str
    current_confidence: float
    candidate: str
    candidate_confidence: float


@dataclass(frozen=True)
class Result:
    """``mended`` crops only the candidate names rightly, ``broken`` only the current; ``other``: both wrong, differently.

    ``changed`` are the first of them, those that the candidate is surest of first. ``unreadable`` crops count nowhere.
    ``in_use`` is the run that is the current one for all steps.
    """

    current: str
    candidate: str
    figures: "Comparison"
    mended: int
    broken: int
    other: int
    changed: tuple[Changed, ...]
    unreadable: int
    in_use: str
    notes: tuple[str, ...]

    def text(self) -> str:
        """The verdict, the figures of both, what changed, and how to use the candidate."""
        parts = [
            f"Current {self.current}, candidate {self.candidate}: {self.figures.crops:,} test crops of"
            f" {self.figures.locations:,} cameras that neither has learnt from.",
            self.figures.text(),
            f"Crops that only the candidate gets right: {self.mended:,}; only the current one: {self.broken:,};"
            f" both wrong in different ways: {self.other:,}.",
            "\n".join(
                f"  {each.file} ({each.location}) is {each.truth}: {each.current}"
                f" {each.current_confidence:.0%} → {each.candidate} {each.candidate_confidence:.0%}"
                for each in self.changed[:_SHOWN]
            ),
            *self.notes,
            f"The candidate is in use. To go back: camtrap compare PROJECT {self.current} --promote"
            if self.in_use == self.candidate
            else f"The current model stays in use. To use the candidate: camtrap compare PROJECT {self.candidate} --promote",
        ]
        return "\n\n".join(part for part in parts if part)


def run(project: Project, options: Options, report: Report) -> Result:
    """Predict what is missing of either, and compare.

    Raises Problem when there are no two models, when either has learnt from held-out cameras or knows species that are
    none any more (``runs.check_data``), and when there are no test crops.
    """
    from camtrap_gui import comparison
    from camtrap_gui.models import crop_predictions

    current, candidate = _both(project, options)
    crops.require_whole(project)
    total = sum(crops.counts(project)[SPLIT])
    if total == 0:
        raise Problem("The test split has no crops to compare with. Split again: camtrap crop.")
    for each in (current, candidate):
        runs.check_data(project, each, SPLIT)
    for each in (current, candidate):
        crop_predictions.predict_missing(project, each, SPLIT, "compare", report)
    compared = _Compared(project, current, candidate, report)
    if not compared.crops:
        raise Problem("None of the test crops can be read. Make them again: camtrap crop.")
    report(Progress(compared.crops, compared.crops, "drawing cameras", "Comparing"))
    figures = comparison.compare(*compared.said(), options.rounds, options.seed)
    if options.promote:
        runs.promote(project, candidate.id)
    return Result(
        current.id,
        candidate.id,
        figures,
        compared.mended,
        compared.broken,
        compared.other,
        compared.surest(),
        total - compared.crops,
        runs.current(project).id,
        tuple(_notes(project, current, candidate, figures, total - compared.crops)),
    )


def _both(project: Project, options: Options) -> tuple[runs.Run, runs.Run]:
    """The two runs. Before anyone has promoted one, the newest is the candidate against the one before it."""
    having = [run for run in runs.all_of(project) if run.has_model]
    current = runs.choose(project, options.current)
    settled = bool(options.current or current.promoted)
    if options.candidate:
        candidate = runs.choose(project, options.candidate)
    else:
        candidate = next((run for run in having if not settled or run.id != current.id), current)
    if not settled:
        current = next((run for run in having if run.id != candidate.id), candidate)
    if len(having) < 2:
        raise Problem(f"{current.id} is the only model there is. Train another: camtrap train --candidate.")
    if candidate.id == current.id:
        raise Problem(f"{current.id} is the current model itself. Name another run to compare with it.")
    return current, candidate


class _Compared:
    """What both said of the crops that both could read, gathered in flat memory."""

    def __init__(self, project: Project, current: runs.Run, candidate: runs.Run, report: Report) -> None:
        from camtrap_gui.evaluation import Gathering

        classes = crops.classes(project)
        total = predictions.count(project, current.id, SPLIT)
        self._gathered = Gathering(classes, total), Gathering(classes, total)
        self.crops = self.mended = self.broken = self.other = 0
        self._changed: list[Changed] = []
        for old, new in _in_step(
            predictions.judged(project, current.id, SPLIT), predictions.judged(project, candidate.id, SPLIT)
        ):
            for gathering, judged in zip(self._gathered, (old, new), strict=True):
                gathering.add(judged.location, judged.truth, judged.top)
            self.crops += 1
            self._tell(old, new)
            if self.crops % 1000 == 0:
                report(Progress(self.crops, total, phase="Comparing"))

    def said(self) -> tuple["Said", "Said"]:
        """Of the current and of the candidate."""
        current, candidate = (gathering.said() for gathering in self._gathered)
        return current, candidate

    def surest(self) -> tuple[Changed, ...]:
        """The crops named differently of which the candidate is surest."""
        return tuple(sorted(self._changed, key=_order)[:_LISTED])

    def _tell(self, old: Judged, new: Judged) -> None:
        before, after = old.top[0], new.top[0]
        if before[0] == after[0]:
            return
        self.mended += after[0] == old.truth
        self.broken += before[0] == old.truth
        self.other += old.truth not in (before[0], after[0])
        self._changed.append(Changed(old.crop_id, old.file, old.location, old.truth, *before, *after))
        if len(self._changed) > 2 * _LISTED:
            self._changed = sorted(self._changed, key=_order)[:_LISTED]


def _order(changed: Changed) -> tuple[float, int]:
    return -changed.candidate_confidence, changed.crop_id


def _in_step(first: Iterator[Judged], second: Iterator[Judged]) -> Iterator[tuple[Judged, Judged]]:
    """The crops that are in both, which are both in ascending order."""
    other = next(second, None)
    for one in first:
        while other is not None and other.crop_id < one.crop_id:
            other = next(second, None)
        if other is not None and other.crop_id == one.crop_id:
            yield one, other


def _notes(
    project: Project, current: runs.Run, candidate: runs.Run, figures: "Comparison", unreadable: int
) -> Iterator[str]:
    new = [name for name in crops.classes(project) if name not in runs.names_of_now(project, current)]
    counted = {pair.name: pair for pair in figures.recalls}
    if unknown := [name for name in new if name in counted]:
        yield f"The current model was trained before there was {', '.join(unknown)}, so it misses every one of them."
    if few := [pair.name for pair in figures.recalls if pair.locations < 2]:
        yield f"Held out at a single camera, so without an interval: {', '.join(few)}."
    if candidate.preset != current.preset:
        yield f"The candidate was trained with the preset {candidate.preset}, the current one with {current.preset}."
    if unreadable:
        yield f"Unreadable and not counted: {unreadable:,} crops. Make the crops again: camtrap crop."
