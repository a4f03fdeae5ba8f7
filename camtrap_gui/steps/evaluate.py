"""Measure a run's classifier on crops of a split, normally of locations it has never seen.

Every crop is predicted exactly once and its prediction kept in the project, in batches: an evaluation that was stopped
continues, and one that is asked for again only measures. All figures come from those rows.
"""

import json
from collections import Counter
from collections.abc import Sequence
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
    from camtrap_gui.evaluation import Evaluation, Said


@dataclass(frozen=True)
class Options:
    run: Annotated[str, Option("The run to measure; without it, the current one.")] = ""
    split: Annotated[
        str,
        Option(
            "The crops to measure it on. Only test tells how well it works elsewhere.", choices=crops.SPLITS
        ),
    ] = "test"


@dataclass(frozen=True)
class Result:
    """The figures of a run on one split, what to keep in mind about them, and the folder with tables and chart."""

    run: str
    split: str
    unreadable: int
    figures: "Evaluation"
    notes: tuple[str, ...]
    folder: Path

    def text(self) -> str:
        """The headline, the figures as text, notes, and where the tables are."""
        where = "at locations it has never seen" if self.split == "test" else f"of the {self.split} split"
        headline = f"Run {self.run}: {self.figures.crops:,} crops {where}, each counted once"
        parts = (headline, self.figures.text(), "\n".join(self.notes), f"Wrote {self.folder}")
        return "\n\n".join(part for part in parts if part)


def run(project: Project, options: Options, report: Report) -> Result:
    """Predict what is missing, measure, and write the run's ``evaluation/`` folder (``evaluation/val`` for val).

    Labels may have been corrected since the run was trained: what it said stays, and is judged by the labels of now.
    Raises Problem when there is no trained run, when it has learnt from cameras of the test split or has classes that
    are no species any more (``runs.check_data``), or when the split has no readable crop.
    """
    from camtrap_gui import evaluation
    from camtrap_gui.models import crop_predictions
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
    said = _read_and_list(project, run, options.split, folder, report)
    figures = evaluation.measure(said)
    notes = list(evaluation.notes(figures, _trained_on(project, run), options.split))
    unreadable = total - figures.crops
    if unreadable:
        notes.append(f"Unreadable and not counted: {unreadable:,} crops. Make the crops again: camtrap crop.")
    result = Result(run.id, options.split, unreadable, figures, tuple(notes), folder)
    _write(result, said.confusion().tolist())
    if options.split == "test":
        runs.add_figures(project, run.id, _headline(figures))
    return result


def _read_and_list(project: Project, run: runs.Run, split: str, folder: Path, report: Report) -> "Said":
    """Read what was said of every crop, writing ``predictions.csv`` in the same pass."""
    from camtrap_gui.evaluation import TOP, Gathering

    total = predictions.count(project, run.id, split)
    if total == 0:
        file, reason = next(problems.of_step(project, "evaluate"))
        raise Problem(
            f"None of the {split} crops can be read ({file}: {reason}). Make them again: camtrap crop."
        )
    gathering = Gathering(crops.classes(project), total)
    guesses = [column for rank in range(2, TOP + 1) for column in (f"top_{rank}", f"confidence_{rank}")]
    header = ("crop", "location", "truth", "top_1", "confidence", *guesses)
    with tables.writing(folder / "predictions.csv", header) as add:
        for row, judged in enumerate(predictions.judged(project, run.id, split)):
            add((judged.file, judged.location, judged.truth, *chain.from_iterable(judged.top)))
            gathering.add(judged.location, judged.truth, judged.top)
            if row % 1000 == 999 or row == total - 1:
                report(Progress(row + 1, total, phase="Measuring"))
    return gathering.said()


def _trained_on(project: Project, run: runs.Run) -> list[int]:
    """Training crops of each class of now; those of classes that were merged since are added up."""
    counted = run.data.get("counts", {}).get("train")
    if counted is None:
        return crops.counts(project)["train"]
    learnt = Counter[str]()
    for name, now in zip(run.classes, runs.names_of_now(project, run), strict=True):
        learnt[now] += counted.get(name, 0)
    return [learnt[name] for name in crops.classes(project)]


def _write(result: Result, confusion: list[list[int]]) -> None:
    """Write tables and chart, each whole or not at all; ``metrics.json`` last."""
    folder, figures = result.folder, result.figures
    names = [c.name for c in figures.classes]
    tables.write(
        folder / "per_class.csv",
        ("id", "name", "crops", "locations", "predicted", "precision", "recall", "f1"),
        (
            (place, c.name, c.crops, c.locations, c.predicted, *map(_cell, (c.precision, c.recall, c.f1)))
            for place, c in enumerate(figures.classes)
        ),
    )
    tables.write(
        folder / "per_location.csv",
        ("location", "crops", "species", "accuracy", f"top_{figures.k}", "precision", "recall", "f1"),
        (
            (o.name, o.crops, o.species, *map(_cell, (o.accuracy, o.top_k, o.precision, o.recall, o.f1)))
            for o in figures.locations
        ),
    )
    tables.write(
        folder / "confusion_matrix.csv",
        ("truth \\ prediction", *names),
        ((name, *row) for name, row in zip(names, confusion, strict=True)),
    )
    _write_reliability(result)
    _draw(result, names, confusion)
    plain = to_plain(result)
    flat = {
        "run": plain["run"],
        "split": plain["split"],
        "unreadable": plain["unreadable"],
        **plain["figures"],
    }
    flat["notes"] = plain["notes"]
    files.write_text(folder / "metrics.json", json.dumps(flat, indent=1, ensure_ascii=False) + "\n")


def _draw(result: Result, names: Sequence[str], confusion: list[list[int]]) -> None:
    shown = [place for place, c in enumerate(result.figures.classes) if c.crops or c.predicted]
    hidden = len(names) - len(shown)
    figure = charts.confusion(
        [names[place] for place in shown],
        [[confusion[row][column] for column in shown] for row in shown],
        title="Confusion matrix",
        subtitle=f"{result.figures.crops:,} {result.split} crops · row: what it is · column: what it was called"
        " · per cent of the row",
        note=f"{hidden:,} species without crops or predictions are not drawn." if hidden else "",
    )
    with files.replacing(result.folder / "confusion_matrix.png") as beside:
        charts.save(figure, beside)


def _write_reliability(result: Result) -> None:
    known = result.figures.calibration
    assert known is not None
    tables.write(
        result.folder / "reliability.csv",
        ("confidence_above", "confidence_up_to", "crops", "confidence", "right", "right_low", "right_high"),
        (
            (
                f"{b.low:.6f}",
                f"{b.high:.6f}",
                b.crops,
                *map(_cell, (b.confidence, b.accuracy, *(b.interval or (None, None)))),
            )
            for b in known.bins
        ),
    )
    figure = charts.reliability(known, f"{result.figures.crops:,} {result.split} crops")
    with files.replacing(result.folder / "reliability.png") as beside:
        charts.save(figure, beside)


def _headline(figures: "Evaluation") -> dict[str, Any]:
    """The figures that a table of runs shows."""
    return {
        "test_crops": figures.crops,
        "test_accuracy": figures.accuracy,
        f"test_top_{figures.k}": figures.top_k,
        "test_macro_f1": figures.macro_f1,
        "test_balanced_accuracy": figures.balanced_accuracy,
    }


def _cell(value: float | None) -> str | None:
    return None if value is None else f"{value:.6f}"
