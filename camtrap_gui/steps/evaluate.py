"""Measure a run's classifier on crops of a split, normally of locations it has never seen.

Every crop is predicted exactly once and its prediction kept in the project, in batches: an evaluation that was stopped
continues, and one that is asked for again only measures. All figures come from those rows.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from camtrap_gui import charts, files, parallel
from camtrap_gui.formats import tables
from camtrap_gui.jobs import Progress, Report, to_plain
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, predictions, problems, runs
from camtrap_gui.project.predictions import Prediction, Unpredicted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from camtrap_gui.evaluation import Evaluation, Said
    from camtrap_gui.models.classifiers import Classifier

_BATCH = 64

Item = TypeVar("Item")


@dataclass(frozen=True)
class Options:
    run: Annotated[str, Option("The run to measure; without it, the newest one.")] = ""
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

    Raises Problem when there is no trained run, when class list, split or crops are not those it was trained with, or
    when the split has no readable crop.
    """
    from camtrap_gui import evaluation
    from camtrap_gui.project import evaluations

    run = runs.choose(project, options.run)
    crops.require_whole(project)
    runs.check_data(project, run)
    counts = crops.counts(project)
    total = sum(counts[options.split])
    if total == 0:
        raise Problem(
            f"The {options.split} split has no crops. Choose another split, or split again: camtrap crop."
        )
    _predict_missing(project, run, options.split, total, report)
    folder = evaluations.folder(run, options.split)
    said = _read_and_list(project, run, options.split, folder, report)
    figures = evaluation.measure(said)
    notes = list(evaluation.notes(figures, counts["train"], options.split))
    unreadable = total - figures.crops
    if unreadable:
        notes.append(f"Unreadable and not counted: {unreadable:,} crops. Make the crops again: camtrap crop.")
    result = Result(run.id, options.split, unreadable, figures, tuple(notes), folder)
    _write(result, said.confusion().tolist())
    if options.split == "test":
        runs.add_figures(project, run.id, _headline(figures))
    return result


def _predict_missing(project: Project, run: runs.Run, split: str, total: int, report: Report) -> None:
    """Let the run's classifier say something about each crop of the split it has not seen."""
    from camtrap_gui.models.classifiers import bundle

    predictions.begin(project, run.id, bundle.fingerprint(run.model))
    done = predictions.count(project, run.id, split)
    if done == total:
        return
    report(Progress(done, total, "loading the classifier", "Predicting"))
    classifier = bundle.load(run.model)
    if classifier.classes != run.classes:
        raise Problem(
            f"The classifier in {run.model} knows other species than its run {run.id}. Train again: camtrap train."
        )
    _predict(project, run, classifier, split, total, report)


def _predict(
    project: Project, run: runs.Run, classifier: "Classifier", split: str, total: int, report: Report
) -> None:
    """Predict the crops of a split that the run has no prediction for, decoding ahead on threads."""
    import numpy as np

    from camtrap_gui.evaluation import TOP
    from camtrap_gui.metrics import ranking
    from camtrap_gui.pictures import Unreadable, read_upright

    folder = crops.folder(project)

    def prepared(crop: Unpredicted) -> "tuple[Unpredicted, NDArray[np.uint8] | str]":
        try:
            return crop, classifier.prepare(read_upright(files.inside(folder, crop.file)))
        except Unreadable as reason:
            return crop, str(reason)

    problems.clear(project, "evaluate")
    done = predictions.count(project, run.id, split)
    unread = 0
    missing = chain.from_iterable(predictions.missing(project, run.id, split))
    with closing(parallel.in_order(prepared, missing, ahead=2 * _BATCH)) as ready:
        for batch in _batches(ready, _BATCH):
            bad = [(crop.file, given) for crop, given in batch if isinstance(given, str)]
            good = [(crop, given) for crop, given in batch if not isinstance(given, str)]
            if bad:
                problems.add(project, "evaluate", bad)
                unread += len(bad)
            if good:
                scores = classifier.predict_arrays(np.stack([image for _, image in good]))
                best = ranking(scores, TOP)
                predictions.add(
                    project,
                    run.id,
                    [
                        Prediction(crop.crop_id, _top(classifier.classes, scores[row], best[row]))
                        for row, (crop, _) in enumerate(good)
                    ],
                )
            done += len(good)
            report(
                Progress(
                    done + unread, total, phase="Predicting", values={"unreadable": unread} if unread else {}
                )
            )


def _top(
    classes: Sequence[str], scores: "NDArray[np.float32]", best: "NDArray[np.integer]"
) -> list[tuple[str, float]]:
    # A class the network never saw has a probability of exactly 0: to count it among the best five would be luck.
    return [
        (classes[place], round(float(scores[place]), 6))
        for rank, place in enumerate(best)
        if rank == 0 or scores[place] > 0
    ]


def _read_and_list(project: Project, run: runs.Run, split: str, folder: Path, report: Report) -> "Said":
    """Read what was said of every crop, writing ``predictions.csv`` in the same pass."""
    import numpy as np

    from camtrap_gui.evaluation import TOP, Said

    total = predictions.count(project, run.id, split)
    if total == 0:
        file, reason = next(problems.of_step(project, "evaluate"))
        raise Problem(
            f"None of the {split} crops can be read ({file}: {reason}). Make them again: camtrap crop."
        )
    place = {name: number for number, name in enumerate(run.classes)}
    locations: dict[str, int] = {}
    truth, location = np.empty(total, np.int32), np.empty(total, np.int32)
    ranked, confidence = np.full((total, TOP), -1, np.int32), np.empty(total)
    guesses = [column for rank in range(2, TOP + 1) for column in (f"top_{rank}", f"confidence_{rank}")]
    header = ("crop", "location", "truth", "top_1", "confidence", *guesses)
    with tables.writing(folder / "predictions.csv", header) as add:
        for row, judged in enumerate(predictions.judged(project, run.id, split)):
            add((judged.file, judged.location, judged.truth, *chain.from_iterable(judged.top)))
            truth[row] = place[judged.truth]
            ranked[row, : len(judged.top)] = [place[name] for name, _ in judged.top]
            confidence[row] = judged.top[0][1]
            location[row] = locations.setdefault(judged.location, len(locations))
            if row % 1000 == 999 or row == total - 1:
                report(Progress(row + 1, total, phase="Measuring"))
    return Said(run.classes, list(locations), truth, ranked, confidence, location)


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


def _headline(figures: "Evaluation") -> dict[str, Any]:
    """The figures that a table of runs shows."""
    return {
        "test_crops": figures.crops,
        "test_accuracy": figures.accuracy,
        f"test_top_{figures.k}": figures.top_k,
        "test_macro_f1": figures.macro_f1,
        "test_balanced_accuracy": figures.balanced_accuracy,
    }


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _cell(value: float | None) -> str | None:
    return None if value is None else f"{value:.6f}"
