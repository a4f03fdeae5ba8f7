"""The whole road on a survey made for it: from pictures to a tested, exported classifier, without any download of data.

Below the chosen folder: ``survey/`` with the pictures and what is known about them, ``project/`` with the project,
``results/`` with charts, tables and annotated pictures, ``demo.json`` with the figures. Started again, the demo leaves
out what is done and continues.
"""

import dataclasses
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from camtrap_gui.jobs import Progress, Report, to_plain
from camtrap_gui.options import Option

if TYPE_CHECKING:
    from camtrap_gui.project import Project
    from camtrap_gui.steps import Step
    from camtrap_gui.survey import Survey
    from camtrap_gui.survey.truth import Score

FIGURES = "demo.json"
NAME = "Demo survey"
_SHOWN = 6


@dataclass(frozen=True)
class Options:
    """What the demo is asked for."""

    folder: Annotated[
        Path, Option("Folder for survey, project and results; made if need be.", positional=True)
    ]
    images: Annotated[int, Option("How many pictures to make.", low=1)] = 600
    seed: Annotated[int, Option("Another seed makes another survey.", low=0, high=2**31 - 1)] = 0
    survey_only: Annotated[bool, Option("Make the pictures and stop there.")] = False


@dataclass(frozen=True)
class Figures:
    """How well it went. Detector: IoU at least 0.5, at ``threshold``. Classifier: on cameras it has never seen."""

    detector: str
    threshold: float
    recall: float | None
    precision: float | None
    false_alarms: float | None
    crops: int
    classes: int
    test_crops: int
    top_1: float
    top_5: float
    macro_f1: float


@dataclass(frozen=True)
class Result:
    """What was made and where. ``seconds`` of each stage; of one that was done before, the seconds it took then."""

    folder: Path
    survey: Path
    images: int
    cameras: int
    seconds: dict[str, float]
    project: Path | None = None
    model: Path | None = None
    results: Path | None = None
    figures: Figures | None = None

    def text(self) -> str:
        """What was made, for the person who asked for it."""
        lines = [f"{self.images:,} pictures of {self.cameras} cameras: {self.survey}"]
        if self.figures is not None:
            lines += [
                f"Project: {self.project}",
                f"Classifier: {self.model}",
                f"Charts, tables, annotated pictures: {self.results}",
                "",
                *_sentences(self.figures),
                "",
                "Seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in self.seconds.items()),
                f"Together {sum(self.seconds.values()) / 60:.1f} minutes.",
            ]
        return "\n".join(lines)


def _sentences(figures: Figures) -> list[str]:
    def percent(share: float | None) -> str:
        return "–" if share is None else f"{share:.0%}"

    return [
        f"{figures.detector} at confidence {figures.threshold:g}: finds {percent(figures.recall)} of animals, people and "
        f"vehicles; {percent(figures.precision)} of its boxes are right; a box in {percent(figures.false_alarms)} of the "
        "pictures without any.",
        f"The classifier learnt {figures.classes} species from {figures.crops - figures.test_crops:,} crops. On "
        f"{figures.test_crops:,} crops from cameras it has never seen: {figures.top_1:.0%} right at the first guess, "
        f"{figures.top_5:.0%} among the first five, macro-F1 {figures.macro_f1:.2f}.",
    ]


@dataclass
class _Road:
    """A walk along the steps. ``anew`` once a step was really done: from there on all are."""

    folder: Path
    seed: int
    survey: "Survey"
    project: "Project"
    report: Report
    seconds: dict[str, float]
    anew: bool = False

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def export(self) -> Path:
        return self.project.folder / "exports" / "demo"

    @property
    def model(self) -> Path:
        return self.export / "bundle"

    def options_of(self, step: str) -> dict[str, Any]:
        """What each step is asked for, where that is not its default."""
        asked: dict[str, dict[str, Any]] = {
            "dataset": {"json": self.survey.json, "images": self.survey.folder},
            "crop": {"seed": self.seed},
            "stats": {
                "csv": self.results / "crops.csv",
                "chart": self.results / "crops.png",
                "classlist": self.results / "classlist.txt",
            },
            "train": {"preset": "quick", "seed": self.seed},
            "export": {"folder": self.export},
            "sample": {"output": self.results / "sample", "seed": self.seed},
        }
        if step == "predict":
            return {
                "model": self.model,
                "images": _unseen_pictures(self.project),
                "detect": True,
                "output": self.results / "predictions",
                "csv": self.results / "predictions.csv",
                "json": self.results / "predictions.json",
            }
        return asked.get(step, {})

    def take(self, step: "Step") -> None:
        """Do a step, unless it was done with the same options and nothing before it has changed since."""
        from camtrap_gui.project import history
        from camtrap_gui.steps import run_step

        options = step.module().Options(**self.options_of(step.name))
        before = history.last_done(self.project).get(step.name)
        if not self.anew and before and before.finished and before.options == to_plain(options):
            self.seconds[step.name] = (before.finished - before.started).total_seconds()
            return
        self.anew = self.anew or step.project != "none"
        started = time.monotonic()
        run_step(
            step, None if step.project == "none" else self.project, options, _under(self.report, step.title)
        )
        self.seconds[step.name] = time.monotonic() - started


def run(_: object, options: Options, report: Report) -> Result:
    """Make the survey, then take every step of the road with it. Raises Problem when the folder holds something else."""
    from camtrap_gui import survey

    started = time.monotonic()
    made = survey.generate(options.folder / "survey", options.images, options.seed, report)
    seconds = {"survey": time.monotonic() - started}
    if options.survey_only:
        return Result(options.folder, made.folder, made.images, made.cameras, seconds)
    return _take_all(options, made, seconds, report)


def _take_all(options: Options, made: "Survey", seconds: dict[str, float], report: Report) -> Result:
    from camtrap_gui import files
    from camtrap_gui.models import store
    from camtrap_gui.project import Project
    from camtrap_gui.steps import STEPS, named

    started = time.monotonic()
    store.install("default", _under(report, "Models"))
    seconds["models"] = time.monotonic() - started
    with Project.open_or_create(options.folder / "project", NAME) as project:
        road = _Road(options.folder, options.seed, made, project, report, seconds)
        for step in (*STEPS, named("sample")):
            road.take(step)
        figures = _figures(project, _detector_score(project, made))
        result = Result(
            options.folder,
            made.folder,
            made.images,
            made.cameras,
            {name: round(value, 1) for name, value in seconds.items()},
            project.folder,
            road.model,
            road.results,
            figures,
        )
    files.write_text(options.folder / FIGURES, json.dumps(to_plain(result), indent=1) + "\n")
    return result


def _under(report: Report, title: str) -> Report:
    """The report of one stage of the road, its phases named after the stage."""

    def told(progress: Progress) -> None:
        phase = f"{title}: {progress.phase}" if progress.phase and progress.phase != title else title
        report(dataclasses.replace(progress, phase=phase))

    return told


def _unseen_pictures(project: "Project") -> tuple[Path, ...]:
    """A few pictures of different species from cameras that the classifier was not trained on."""
    from camtrap_gui.project import crops, images

    chosen: dict[int, Path] = {}
    for crop in crops.of_split(project, "test"):
        if len(chosen) == _SHOWN:
            break
        if crop.species not in chosen:
            chosen[crop.species] = images.path_of(project, crop.image_id)
    return tuple(dict.fromkeys(chosen.values()))


def _detector_score(project: "Project", made: "Survey") -> "Score":
    """The detector's boxes at its typical threshold against the true ones, on every picture that can be read."""
    from camtrap_gui.project import detections, images
    from camtrap_gui.survey import truth

    detector = detections.latest_detector(project)
    assert detector is not None
    true_boxes = truth.read_true_boxes(made.true_boxes)

    def found(image_id: int) -> list[tuple[float, float, float, float]]:
        return [
            (box.x, box.y, box.width, box.height)
            for box in detections.of_image(project, image_id, detector.id)
            if box.confidence >= detector.typical_threshold
        ]

    return truth.score(
        (true_boxes[image.key], found(image.id)) for image in images.walk(project) if image.key in true_boxes
    )


def _figures(project: "Project", score: "Score") -> Figures:
    from camtrap_gui.project import crops, detections, evaluations, runs

    detector = detections.latest_detector(project)
    evaluated = evaluations.of_run(runs.newest(project), "test")
    assert detector is not None and evaluated is not None
    counts = crops.counts(project)
    return Figures(
        detector=detector.name,
        threshold=detector.typical_threshold,
        recall=score.recall,
        precision=score.precision,
        false_alarms=score.alarmed / score.empty if score.empty else None,
        crops=sum(map(sum, counts.values())),
        classes=sum(any(column) for column in zip(*counts.values(), strict=True)),
        test_crops=evaluated.figures.crops,
        top_1=evaluated.figures.accuracy,
        top_5=evaluated.figures.top_k,
        macro_f1=evaluated.figures.macro_f1,
    )
