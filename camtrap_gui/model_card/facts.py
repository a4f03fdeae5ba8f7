"""What is known about a classifier, gathered for its card. What is not known is None or empty, and the card says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from camtrap_gui import __version__
from camtrap_gui.evaluation import Evaluation, Leakage, OfClass, Part, parts
from camtrap_gui.model_card import confusions
from camtrap_gui.model_card.confusions import Confusion
from camtrap_gui.project import Project, acceptance, card_data, crops, detections, evaluations, runs
from camtrap_gui.thresholds import Measured, Thresholds

if TYPE_CHECKING:
    from camtrap_gui.models.classifiers import Classifier

_SPLITS = {"train": "Training", "val": "Validation", "test": "Test"}


@dataclass(frozen=True)
class File:
    """An exported file or folder: what it is, what it takes in, and how it compared with the classifier."""

    title: str
    name: str
    megabytes: float
    input: str
    crops: int
    max_difference: float
    changed: int


@dataclass(frozen=True)
class Signature:
    """What only a person can say: who made the classifier and may be asked, under which terms it may be used."""

    author: str = ""
    licence: str = ""


@dataclass(frozen=True)
class Species:
    """A class: its crops for training, validation and test, those ``learnt`` from, and its figures where it was tested."""

    name: str
    learnt: int
    train: int
    validation: int
    test: int
    figures: OfClass | None


@dataclass(frozen=True)
class Place:
    """Where and when the crops of a split are from; ``first`` and ``last`` are days, '' where no picture has a time."""

    split: str
    crops: int
    locations: int
    first: str
    last: str


@dataclass(frozen=True)
class Card:
    """All that the card says."""

    survey: str
    run: runs.Run
    made: str
    made_with: str
    signature: Signature
    backbone: str
    input_size: int
    padding: float
    temperature: float
    resize: str
    species: tuple[Species, ...]
    places: tuple[Place, ...]
    validation_is: str
    calibrated_on: str
    options: Mapping[str, Any]
    figures: Evaluation | None
    notes: tuple[str, ...]
    parts: tuple[tuple[str, Part], ...]
    leakage: Leakage | None
    accepted: Measured | None
    thresholds: Thresholds | None
    confusions: tuple[Confusion, ...]
    files: tuple[File, ...]
    weights_sha256: str
    detector: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)
    licences: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def learnt(self) -> list[str]:
        """The species it has seen in training, and so can name."""
        return [each.name for each in self.species if each.learnt]

    @property
    def unlearnt(self) -> list[str]:
        """Those of its class list that it can never name."""
        return [each.name for each in self.species if not each.learnt]

    @property
    def untested(self) -> list[str]:
        """Those it can name, and of which nobody knows how well."""
        return [each.name for each in self.species if each.learnt and not each.test]


def gather(
    project: Project,
    run: runs.Run,
    classifier: "Classifier",
    resize: str,
    weights_sha256: str,
    files: Sequence[File],
    signature: Signature,
) -> Card:
    """Everything about the classifier of a run, of which ``files`` were exported."""
    evaluated = evaluations.of_run(run, "test")
    figures = evaluated.figures if evaluated else None
    about = classifier.about
    return Card(
        survey=project.name,
        run=run,
        made=datetime.now(UTC).date().isoformat(),
        made_with=f"camtrap-gui {__version__}",
        signature=signature,
        backbone=classifier.backbone,
        input_size=classifier.input_size,
        padding=classifier.padding,
        temperature=classifier.temperature,
        resize=resize,
        species=tuple(_species(classifier.classes, run, figures)),
        places=tuple(_places(project)),
        validation_is=str(run.data.get("validation_is", "split")),
        calibrated_on=acceptance.heard_on(run),
        options=_told(run),
        figures=figures,
        notes=evaluated.notes if evaluated else (),
        parts=tuple(parts(figures)) if figures else (),
        leakage=evaluations.leakage(run),
        accepted=evaluations.accepted(run),
        thresholds=acceptance.thresholds(run),
        confusions=confusions.worst(project, run.id, evaluated) if evaluated else (),
        files=tuple(files),
        weights_sha256=weights_sha256,
        detector=detector.name if (detector := detections.latest_detector(project)) else "",
        environment=about.get("made_with", {}),
        licences=about.get("licences", {}),
    )


def _species(classes: Sequence[str], run: runs.Run, figures: Evaluation | None) -> list[Species]:
    counts = run.data.get("counts", {})
    train, validation, learnt = counts.get("train", {}), counts.get("validation", {}), run.crops_learnt()
    known = {each.name: each for each in figures.classes} if figures else {}
    rows = []
    for name in classes:
        of = known.get(name)
        there = train.get(name, 0), validation.get(name, 0), of.crops if of else 0
        rows.append(Species(name, learnt[name], *there, of))
    return sorted(rows, key=lambda each: (-each.learnt, -each.test))


def _places(project: Project) -> list[Place]:
    counts = crops.counts(project)
    dates = card_data.dates(project)
    return [
        Place(words, sum(counts[split]), len(crops.locations(project, split)), *dates.get(split, ("", "")))
        for split, words in _SPLITS.items()
    ]


def _told(run: runs.Run) -> dict[str, Any]:
    """The options of the training that were said; those that were left to the program are empty, None, 0 or False, or say so."""
    left = ("auto", "preset")
    return {
        name: value for name, value in run.options.items() if (value and value not in left) or name == "seed"
    }
