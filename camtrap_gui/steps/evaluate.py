"""Measure a run's classifier on crops of a split, normally of locations it has never seen.

Every crop is predicted exactly once and its prediction kept in the project, in batches: an evaluation that was stopped
continues, and one that is asked for again only measures. All figures come from those rows.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from camtrap_gui import charts, files
from camtrap_gui.formats import tables
from camtrap_gui.jobs import Progress, Report, to_plain
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, predictions, problems, runs

if TYPE_CHECKING:
    from camtrap_gui.evaluation import Evaluation, Leakage, Said
    from camtrap_gui.thresholds import Measured

SEED = 0
"""Of what is drawn at random for a random split."""


@dataclass(frozen=True)
class Options:
    run: Annotated[str, Option("The run to measure; without it, the current one.")] = ""
    split: Annotated[
        str,
        Option(
            "The crops to measure it on. Only test tells how well it works elsewhere.", choices=crops.SPLITS
        ),
    ] = "test"
    random_split: Annotated[
        bool,
        Option(
            "Also train on crops dealt out at random, to show what a split that ignores cameras would have claimed."
            " Takes seconds to minutes."
        ),
    ] = False
    precision: Annotated[
        float | None,
        Option(
            "Accept answers without a look so far that this share of them is right, such as 0.99; find the confidence"
            " each species needs for it. As before unless given.",
            low=0.5,
            high=0.9999,
        ),
    ] = None


@dataclass(frozen=True)
class Result:
    """The figures of a run on one split, what to keep in mind about them, and the folder with tables and charts.

    ``leakage`` is what a random split would have claimed; None when it was not asked for. ``acceptance`` is how much of
    the work can be left to the classifier; None where that is not known (see ``camtrap_gui.thresholds``). ``kept``: nothing
    was measured, this is what was kept of the last time.
    """

    run: str
    split: str
    unreadable: int
    figures: "Evaluation"
    notes: tuple[str, ...]
    folder: Path
    leakage: "Leakage | None" = None
    acceptance: "Measured | None" = None
    kept: bool = False

    def text(self) -> str:
        """The headline, the figures as text, notes, and where the tables are."""
        where = "at locations it has never seen" if self.split == "test" else f"of the {self.split} split"
        headline = f"Run {self.run}: {self.figures.crops:,} crops {where}, each counted once"
        leakage = self.leakage.text() if self.leakage else ""
        notes = "\n".join(self.notes)
        acceptance = self.acceptance.text() if self.acceptance else ""
        place = f"{'As it was measured last, in' if self.kept else 'Wrote'} {self.folder}"
        parts = (headline, self.figures.text(), acceptance, leakage, notes, place)
        return "\n\n".join(part for part in parts if part)


def run(project: Project, options: Options, report: Report) -> Result:
    """Predict what is missing, measure, and write the run's ``evaluation/`` folder (``evaluation/val`` for val).

    Labels may have been corrected since the run was trained: what it said stays, and is judged by the labels of now.
    Raises Problem when there is no trained run, when it has learnt from cameras of the test split or has classes that
    are no species any more (``runs.check_data``), or when the split has no readable crop.
    """
    from camtrap_gui import evaluation
    from camtrap_gui.models import crop_predictions, trust
    from camtrap_gui.project import evaluations

    run = runs.choose(project, options.run)
    crops.require_whole(project)
    runs.check_data(project, run, options.split)
    total = sum(crops.counts(project)[options.split])
    if total == 0:
        raise Problem(
            f"The {options.split} split has no crops. Choose another split, or split again: camtrap crop."
        )
    crop_predictions.predict_missing(project, run, options.split, "evaluate", report)
    folder = evaluations.folder(run, options.split)
    said = read_and_list(project, run, options.split, folder, report)
    figures = evaluation.measure(said)
    trained_on = _trained_on(project, run)
    notes = list(evaluation.notes(figures, trained_on, options.split, _trained_at(project, run)))
    if options.split in _learnt_splits(run):
        notes.append(
            f"It has learnt from the {options.split} crops, so nothing of this holds for new cameras."
        )
    unreadable = total - figures.crops
    if unreadable:
        notes.append(f"Unreadable and not counted: {unreadable:,} crops. Make the crops again: camtrap crop.")
    notes += trust.notes(run, said, trained_on)
    leakage = _leakage(project, run, report) if options.random_split else None
    acceptance = trust.measured(project, run, options.split, options.precision, said)
    result = Result(run.id, options.split, unreadable, figures, tuple(notes), folder, leakage, acceptance)
    _write(result, said.confusion().tolist())
    if options.split == "test":
        runs.add_figures(project, run.id, _headline(figures))
    return result


def look(project: Project, options: Options) -> Result:
    """The newest evaluation of a run as it was kept. Raises Problem when there is none, or something else is asked."""
    from camtrap_gui.project import evaluations

    run = runs.choose(project, options.run)
    found = evaluations.of_run(run, options.split)
    leakage = evaluations.leakage(run) if options.random_split else None
    if found is None or options.precision is not None or (options.random_split and leakage is None):
        raise Problem(
            f"Run {run.id} has not been measured like this before, and {project.folder} can only be looked at:"
            f" {project.read_only}. Copy the folder to a place of your own to measure it."
        )
    accepted = evaluations.accepted(run) if options.split == "test" else None
    return Result(
        *(run.id, options.split, found.unreadable, found.figures, found.notes, found.folder),
        *(leakage, accepted, True),
    )


def read_and_list(project: Project, run: runs.Run, split: str, folder: Path, report: Report) -> "Said":
    """Read what was said of every crop, writing ``predictions.csv`` in the same pass."""
    from camtrap_gui.evaluation import TOP, Gathering, Light
    from camtrap_gui.models import crop_light

    total = predictions.count(project, run.id, split)
    if total == 0:
        file, reason = next(problems.of_step(project, "evaluate"))
        raise Problem(
            f"None of the {split} crops can be read ({file}: {reason}). Make them again: camtrap crop."
        )
    by_colour = crop_light.look(project, crop_light.without_time(project, split), report)
    gathering = Gathering(crops.classes(project), total)
    guesses = [column for rank in range(2, TOP + 1) for column in (f"top_{rank}", f"confidence_{rank}")]
    header = ("crop", "location", "truth", "top_1", "confidence", *guesses)
    with tables.writing(folder / "predictions.csv", header) as add:
        for row, judged in enumerate(predictions.judged(project, run.id, split)):
            add((judged.file, judged.location, judged.truth, *chain.from_iterable(judged.top)))
            light = Light.by_clock(judged.taken) or by_colour(judged.crop_id)
            gathering.add(judged.location, judged.truth, judged.top, judged.burst, light)
            if row % 1000 == 999 or row == total - 1:
                report(Progress(row + 1, total, phase="Measuring"))
    return gathering.said()


def _trained_on(project: Project, run: runs.Run) -> list[int]:
    """Training crops of each class of now; those of classes that were merged since are added up."""
    if "counts" not in run.data:
        return crops.counts(project)["train"]
    learnt, of_then = Counter[str](), run.crops_learnt()
    for name, now in zip(run.classes, runs.names_of_now(project, run), strict=True):
        learnt[now] += of_then[name]
    return [learnt[name] for name in crops.classes(project)]


def _trained_at(project: Project, run: runs.Run) -> list[int]:
    """At how many locations each class of now was learnt."""
    at = crops.location_counts(project)
    return [sum(of_class) for of_class in zip(*(at[split] for split in _learnt_splits(run)), strict=True)]


def _learnt_splits(run: runs.Run) -> tuple[str, ...]:
    return ("train", "val") if run.learnt_from_validation else ("train",)


def _leakage(project: Project, run: runs.Run, report: Report) -> "Leakage":
    """What a random split would have claimed: as it was found before, as long as nothing it depends on has changed."""
    from camtrap_gui.models import leakage
    from camtrap_gui.project import evaluations

    known = evaluations.leakage(run)
    if known is None or known.made_from != leakage.made_from(project, run, SEED):
        known = leakage.measure(project, run, SEED, "evaluate", report)
        kept = json.dumps(to_plain(known), indent=1, ensure_ascii=False) + "\n"
        files.write_text(evaluations.folder(run, "test") / evaluations.RANDOM_SPLIT, kept)
    return known


def _write(result: Result, confusion: list[list[int]]) -> None:
    """Write tables and charts, each whole or not at all; ``metrics.json`` last."""
    from camtrap_gui.formats import evaluation_tables

    folder, figures = result.folder, result.figures
    evaluation_tables.write(folder, figures, confusion)
    for name, figure in _charts(result, confusion):
        with files.replacing(folder / f"{name}.png") as beside:
            charts.save(figure, beside)
    about = {"run": result.run, "split": result.split, "unreadable": result.unreadable}
    flat = {**about, **to_plain(figures), "notes": list(result.notes)}
    files.write_text(folder / "metrics.json", json.dumps(flat, indent=1, ensure_ascii=False) + "\n")


def _charts(result: Result, confusion: list[list[int]]) -> Iterator[tuple[str, Any]]:
    """The charts, by the name of their file."""
    figures, crops_are = result.figures, f"{result.figures.crops:,} {result.split} crops"
    shown = [place for place, c in enumerate(figures.classes) if c.crops or c.predicted]
    hidden = len(figures.classes) - len(shown)
    yield (
        "confusion_matrix",
        charts.confusion(
            [figures.classes[place].name for place in shown],
            [[confusion[row][column] for column in shown] for row in shown],
            title="Confusion matrix",
            subtitle=f"{crops_are} · row: what it is · column: what it was called · per cent of the row",
            note=f"{hidden:,} species without crops or predictions are not drawn." if hidden else "",
        ),
    )
    yield "per_class", charts.of_species(figures, crops_are)
    assert figures.calibration is not None
    yield "reliability", charts.reliability(figures.calibration, crops_are)


def _headline(figures: "Evaluation") -> dict[str, Any]:
    """The figures that a table of runs shows."""
    return {
        "test_crops": figures.crops,
        "test_accuracy": figures.accuracy,
        f"test_top_{figures.k}": figures.top_k,
        "test_macro_f1": figures.macro_f1,
        "test_balanced_accuracy": figures.balanced_accuracy,
    }
