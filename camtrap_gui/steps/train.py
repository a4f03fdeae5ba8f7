"""Train a species classifier on the project's crops.

``quick`` computes what the backbone sees in each crop once, keeps it, and trains the species layer on that: minutes on
a laptop, seconds the next time. ``standard`` goes on and trains the whole network on the pictures. Both are judged by
macro-F1 on crops that nothing is learnt from, and never by the test crops; the best network is kept.

A training that was stopped or killed is taken up again by the same command.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from camtrap_gui.jobs import Cancelled, Progress, Report, to_plain
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crop_split, crops, problems, runs
from camtrap_gui.project.runs import Run

if TYPE_CHECKING:
    from camtrap_gui.models.classifiers import Classifier
    from camtrap_gui.models.classifiers.features import CropFile
    from camtrap_gui.models.classifiers.finetuning import Pictures
    from camtrap_gui.models.classifiers.heads import Head
    from camtrap_gui.models.classifiers.learning import Epoch, State
    from camtrap_gui.project.training_data import Selection, TrainingData

PRESETS = ("quick", "standard")
EMBEDDING = "Embedding crops"


@dataclass(frozen=True)
class Options:
    preset: Annotated[
        str,
        Option(
            "quick: train the last layer on kept features, in minutes. standard: then the whole network, in hours.",
            choices=PRESETS,
        ),
    ] = "quick"
    backbone: Annotated[str, Option("The network that turns crops into features.")] = "efficientnet-lite0"
    epochs: Annotated[
        int,
        Option(
            "Most epochs: of the last layer (quick) or the whole network (standard). 0: as the preset says.",
            low=0,
            lowest="As the preset says",
        ),
    ] = 0
    batch_size: Annotated[
        int, Option("Crops per step of the standard preset.", low=1, high=4096, advanced=True)
    ] = 32
    seed: Annotated[int, Option("Start of the random choices.", low=0, high=2**31 - 1, advanced=True)] = 0
    run: Annotated[str, Option("An unfinished run to take up again, with the options it had.")] = ""
    fresh: Annotated[
        bool, Option("Start a new run even though an unfinished one has the same options.", advanced=True)
    ] = False
    candidate: Annotated[
        bool,
        Option(
            "Keep the model in use until camtrap compare --promote, or a click, puts this one in its place."
        ),
    ] = False


@dataclass(frozen=True)
class Result:
    """The run that was made. Accuracy and ``macro_f1`` are of the validation crops, at the best epoch."""

    run: str
    model: Path
    preset: str
    classes: int
    train_crops: int
    validation_crops: int
    validation_is: str
    macro_f1: float
    accuracy: float
    best: str
    taken_up: bool
    unusable: int
    without_crops: tuple[str, ...]

    def text(self) -> str:
        """The figures, what they were measured on, and what the classifier cannot know."""
        lines = [
            f"Run {self.run} ({self.preset}{', taken up again' if self.taken_up else ''}): "
            f"{self.train_crops:,} crops of {self.classes} species.",
            f"Best: {self.best}. On {self.validation_crops:,} validation crops ({self.validation_is}): "
            f"macro-F1 {self.macro_f1:.3f}, accuracy {self.accuracy:.3f}.",
        ]
        if self.without_crops:
            some = ", ".join(self.without_crops[:8]) + (" ..." if len(self.without_crops) > 8 else "")
            lines.append(
                f"{len(self.without_crops)} classes have no training crops and are never predicted: {some}."
            )
        if self.unusable:
            lines.append(f"{self.unusable:,} crops could not be used; see the problems of this step.")
        lines.append(f"The classifier is in {self.model}. Next: camtrap evaluate.")
        return "\n".join(lines)


def run(project: Project, options: Options, report: Report) -> Result:
    """Train, or go on training. Raises Problem without crops of two species, or without the backbone's weights."""
    from camtrap_gui.models import store
    from camtrap_gui.models.classifiers import backbones
    from camtrap_gui.project import training_data

    earlier, pinned = _unfinished(project, options), options.candidate
    if earlier:
        options = _options_of(earlier)
    backbones.get(options.backbone)
    store.fetch(options.backbone, report)
    store.get(options.backbone)
    data = training_data.choose(project, options.seed)
    if earlier:
        runs.check_same_data(project, earlier)
    note = f"going on with run {earlier.id}" if earlier else "starting TensorFlow"
    report(Progress(0, len(data.train) + len(data.validation), note, EMBEDDING))
    if pinned:
        runs.pin(project)
    run = earlier or _start(project, options, data)
    with runs.held(run) as mine:
        if not mine:
            raise Problem(
                f"Run {run.id} is being trained by another process. Wait for it, or start another: --fresh."
            )
        runs.set_state(project, run.id, "running", {})
        try:
            result = _Training(project, run, options, data, report).train(taken_up=earlier is not None)
        except (Cancelled, KeyboardInterrupt):
            runs.set_state(project, run.id, "stopped", {})
            raise
    return result


def _unfinished(project: Project, options: Options) -> Run | None:
    """The run to take up again: the one asked for, or the newest if it is unfinished and of the same options."""
    if options.run:
        asked = runs.get(project, options.run)
        if asked.state == "done":
            raise Problem(f"Run {asked.id} is finished. Without --run, a new one is trained.")
        return asked
    newest = next(iter(runs.all_of(project)), None)
    if options.fresh or newest is None or newest.state == "done":
        return None
    same = newest.options == _kept(options) and newest.data_hash == crops.data_hash(project)
    return newest if same else None


def _kept(options: Options) -> dict[str, Any]:
    """The options that decide what is trained, as kept with the run."""
    kept: dict[str, Any] = to_plain(dataclasses.replace(options, run="", fresh=False, candidate=False))
    return kept


def _options_of(run: Run) -> Options:
    try:
        return Options(**run.options)
    except TypeError as error:
        raise Problem(
            f"The options of run {run.id} are not of this program ({error}). Start anew: --fresh."
        ) from error


def _start(project: Project, options: Options, data: "TrainingData") -> Run:
    from camtrap_gui.models.classifiers.environment import environment

    facts = {
        "classes": list(data.classes),
        "padding": data.padding,
        "location_key": crop_split.made(project).wish.key,
        "locations": {split: list(crops.locations(project, split)) for split in ("train", "val")},
        "data_hash": crops.data_hash(project),
        "validation_is": data.validation_is,
        "counts": data.counts(),
    }
    return runs.start(project, options.preset, options.backbone, _kept(options), facts, environment())


class _Training:
    """One run being trained: what its phases share."""

    def __init__(
        self, project: Project, run: Run, options: Options, data: "TrainingData", report: Report
    ) -> None:
        from camtrap_gui.models.classifiers import backbones, environment, features

        self.project, self.run, self.options, self.report = project, run, options, report
        self.classes, self.padding, self.validation_is = data.classes, data.padding, data.validation_is
        self.train_crops, self.validation_crops = data.train, data.validation
        self.backbone = backbones.get(options.backbone)
        self.embedder = features.Embedder(self.backbone)
        self.store = features.store_of(project.folder, self.backbone)
        self.about = {
            "trained_on": {"run": run.id, **run.data, "preset": options.preset, "seed": options.seed},
            "made_with": environment.environment(),
            "licences": environment.licences(self.backbone.name),
        }

    def train(self, taken_up: bool) -> Result:
        """All phases that are still to be done."""
        from camtrap_gui.models.classifiers import bundle
        from camtrap_gui.models.classifiers.learning import Checkpoint

        checkpoint = Checkpoint(self.run.folder / "checkpoints" / "last.npz")
        unusable = self._embed()
        best: dict[str, Any] = {}
        if not checkpoint.exists():
            head = self._train_head()
            best = _figures(dataclasses.asdict(head.best))
            bundle.save(self.run.model, self._classifier(head))
            runs.add_figures(self.project, self.run.id, best)
        if self.options.preset == "standard":
            best = self._fine_tune(checkpoint, best)
        runs.set_state(self.project, self.run.id, "done", best)
        checkpoint.remove()
        return self._result(best, taken_up, unusable)

    def _embed(self) -> int:
        """Compute the features that are missing; crops that cannot be used leave the selection and become problems."""
        import numpy as np

        from camtrap_gui.models.classifiers.features import embed
        from camtrap_gui.project import training_data

        both = (self.train_crops, self.validation_crops)
        sha256s = [training_data.sha256s(self.project, part.ids.tolist()) for part in both]
        there = [self.store.rows(some) >= 0 for some in sha256s]
        missing = np.concatenate([part.ids[~some] for part, some in zip(both, there, strict=True)])
        total = sum(len(part) for part in both)
        known = total - len(missing)
        unusable = embed(
            self.embedder,
            self.store,
            (self._file(int(crop_id)) for crop_id in missing),
            lambda done: self.report(Progress(known + done, total, "", EMBEDDING)),
        )
        problems.clear(self.project, "train")
        folder = crops.folder(self.project)
        problems.add(
            self.project,
            "train",
            [(path.relative_to(folder).as_posix(), reason) for path, reason in unusable.items()],
        )
        rows = [self.store.rows(some) for some in sha256s]
        self.rows = [some[some >= 0] for some in rows]
        self.train_crops, self.validation_crops = (
            part.only(some >= 0) for part, some in zip(both, rows, strict=True)
        )
        if len(set(self.train_crops.labels.tolist())) < 2 or not len(self.validation_crops):
            reason = next(iter(unusable.values()), "no reason known")
            raise Problem(
                f"{len(unusable):,} crops cannot be used ({reason}), which leaves too few to train with. "
                "Make them again: camtrap crop."
            )
        return len(unusable)

    def _train_head(self) -> "Head":
        from camtrap_gui.models.classifiers import finetuning, heads
        from camtrap_gui.models.classifiers.journal import Journal

        asked = self.options.epochs if self.options.preset == "quick" else 0
        epochs = asked or heads.EPOCHS
        watch = _Watch(self.report, heads.PHASE, epochs, 1)
        journal = Journal(self.run.folder, heads.PHASE, 1, later=(finetuning.PHASE,))

        def on_epoch(epoch: "Epoch") -> None:
            journal.add(epoch)
            watch.hear(epoch)

        vectors = self.store.vectors()
        train, validation = (
            heads.Features(vectors, rows, part.labels)
            for rows, part in zip(self.rows, (self.train_crops, self.validation_crops), strict=True)
        )
        head = heads.train_head(
            train,
            validation,
            len(self.classes),
            epochs,
            self.options.seed,
            lambda state: watch.say(state, state.epoch - 1),
            on_epoch,
        )
        journal.close()
        watch.end()
        return head

    def _classifier(self, head: "Head") -> "Classifier":
        from camtrap_gui.models.classifiers import heads

        return heads.classifier(self.backbone, head, self.classes, self.padding, self.about)

    def _fine_tune(self, checkpoint: Any, head: dict[str, Any]) -> dict[str, Any]:
        """Train the whole network; returns the figures of the best of it and the head alone."""
        from camtrap_gui.models.classifiers import bundle, finetuning
        from camtrap_gui.models.classifiers.journal import Journal
        from camtrap_gui.models.classifiers.learning import State

        epochs = self.options.epochs or finetuning.EPOCHS
        classifier = bundle.load(self.run.model)
        start = State(best_f1=head["macro_f1"], best_loss=head["loss"]) if head else State()
        journal = Journal(self.run.folder, finetuning.PHASE, checkpoint.epoch())
        before = runs.get(self.project, self.run.id).figures.get("macro_f1", 0.0)
        watch = _Watch(self.report, finetuning.PHASE, epochs, len(self.train_crops), before)

        def on_epoch(epoch: "Epoch") -> None:
            journal.add(epoch)
            watch.hear(epoch)
            if epoch.is_best:
                runs.add_figures(self.project, self.run.id, _figures(dataclasses.asdict(epoch)))

        finetuning.fine_tune(
            classifier.model,
            self._pictures(self.train_crops),
            self._pictures(self.validation_crops),
            epochs,
            self.options.batch_size,
            self.options.seed,
            start,
            checkpoint,
            lambda state: watch.say(state, (state.epoch - 1) * watch.per_epoch + state.crops),
            on_epoch,
            on_best=lambda: bundle.save(self.run.model, classifier),
        )
        journal.close()
        watch.end()
        return dict(runs.get(self.project, self.run.id).figures)

    def _file(self, crop_id: int) -> "CropFile":
        from camtrap_gui.models.classifiers.features import CropFile
        from camtrap_gui.project import training_data

        return CropFile(*training_data.file_of(self.project, crop_id))

    def _pictures(self, selection: "Selection") -> "Pictures":
        from camtrap_gui.models.classifiers.finetuning import Pictures

        return Pictures(selection.ids, selection.labels, self._file)

    def _result(self, best: dict[str, Any], taken_up: bool, unusable: int) -> Result:
        trained = set(self.train_crops.labels.tolist())
        return Result(
            run=self.run.id,
            model=self.run.model,
            preset=self.options.preset,
            classes=len(trained),
            train_crops=len(self.train_crops),
            validation_crops=len(self.validation_crops),
            validation_is=self.validation_is,
            macro_f1=best["macro_f1"],
            accuracy=best["accuracy"],
            best=f"epoch {best['epoch']} of “{best['phase']}”",
            taken_up=taken_up,
            unusable=unusable,
            without_crops=tuple(name for n, name in enumerate(self.classes) if n not in trained),
        )


class _Watch:
    """Turns the states and epochs of a training into Progress."""

    def __init__(self, report: Report, phase: str, epochs: int, per_epoch: int, best: float = 0.0) -> None:
        self._report, self._phase, self._epochs = report, phase, epochs
        self.per_epoch = per_epoch
        self._values = {"best": best}

    def say(self, state: "State", done: int) -> None:
        note = f"epoch {state.epoch} of {self._epochs}"
        loss = {"loss": state.loss_sum / max(1, state.crops)}
        self._report(
            Progress(done, self._epochs * self.per_epoch, note, self._phase, {**loss, **self._values})
        )

    def hear(self, epoch: "Epoch") -> None:
        best = max(self._values["best"], epoch.macro_f1)
        self._values = {"accuracy": epoch.val_accuracy, "macro_f1": epoch.macro_f1, "best": best}

    def end(self) -> None:
        total = self._epochs * self.per_epoch
        self._report(Progress(total, total, "", self._phase, self._values))


def _figures(epoch: dict[str, Any]) -> dict[str, Any]:
    """The figures of an epoch that are kept with the run."""
    return {
        "phase": epoch["phase"],
        "epoch": epoch["epoch"],
        "macro_f1": epoch["macro_f1"],
        "accuracy": epoch["val_accuracy"],
        "loss": epoch["val_loss"],
    }
