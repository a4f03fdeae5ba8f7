"""Look at every crop with a backbone and keep what it saw.

Quick training and review need it and make it themselves where it is missing, one computer alone. Done before, on a
cluster or in shards, they find it. What is kept are features, by the hash of each crop file (``models.classifiers.features``);
wherever they were made, they differ by no more than float16 and other processors' rounding (0.2 %).

It can be stopped or killed at any time: the same command goes on.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from camtrap_gui.cluster import choices
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, problems, reading

if TYPE_CHECKING:
    from camtrap_gui.models.catalogue import Entry
    from camtrap_gui.models.classifiers.backbones import Backbone
    from camtrap_gui.models.classifiers.features import FeatureStore, SeenCrop

STEP, PHASE = "embed", "Embedding crops"


@dataclass(frozen=True)
class Options:
    backbone: Annotated[
        str, Option("The network that looks. Without one, that of a quick training: efficientnet-lite0.")
    ] = ""
    input_size: Annotated[
        int,
        Option(
            "Side at which it sees a crop; that of the training it is for. 0: what is usual in training.",
            low=0,
            high=1024,
            lowest="What is usual",
            unit="px",
            advanced=True,
        ),
    ] = 0
    threads: choices.Threads = 0
    shard: choices.Shard = ""
    out: choices.Out = None
    engine: choices.Engine = "here"
    address: choices.Address = "auto"
    worker_cores: choices.WorkerCores = 0
    worker_gpus: choices.WorkerGpus = 0.0
    worker_price: choices.WorkerPrice = 0.0

    @property
    def only_reads(self) -> bool:
        """Whether the project is left alone."""
        return bool(self.shard)


@dataclass(frozen=True)
class Result:
    """Of ``crops`` there are features of ``seen``, ``new`` of them made now. ``unusable`` is by reason."""

    backbone: str
    input_size: int
    crops: int
    seen: int
    new: int
    unusable: dict[str, int]
    workers: tuple[str, ...] = ()

    def text(self) -> str:
        """A line for all, one for each reason and one for each worker."""
        return "\n".join(
            [
                f"{self.backbone} at {self.input_size} pixels has seen {self.seen:,} of {self.crops:,} crops,"
                f" {self.new:,} of them now.",
                *(f"  {count:>9,}  unusable: {reason}" for reason, count in self.unusable.items()),
                *self.workers,
            ]
        )


@dataclass(frozen=True)
class ShardResult:
    """What a shard has seen: ``new`` crops now, ``seen`` altogether, ``unusable`` ones among them."""

    file: Path
    shard: int
    shards: int
    backbone: str
    new: int
    seen: int
    unusable: int

    def text(self) -> str:
        """Counts, and where they are."""
        return (
            f"Shard {self.shard} of {self.shards}: {self.backbone} has seen {self.seen:,} crops, {self.new:,} of them"
            f" now; {self.unusable:,} could not be used.\n"
            f"What it saw is in {self.file}. When all shards are done: camtrap merge PROJECT"
        )


def run(project: Project, options: Options, report: Report) -> Result:
    """Look at every crop without features. Raises Problem without crops, without the backbone, or without the disk."""
    from camtrap_gui.models.classifiers import features

    choices.check(options.shard, options.out, options.engine)
    _expect_crops(project)
    backbone, entry = _backbone(options, report)
    store = features.store_of(project.folder, backbone)
    problems.clear(project, STEP)
    tally = _Tally(project, report)
    workers = (_on_cluster if options.engine == "ray" else _here)(
        project, options, backbone, entry, store, tally
    )
    there = sum(map(sum, crops.counts(project).values()))
    new = tally.done - sum(tally.unusable.values())
    return Result(
        backbone=backbone.name,
        input_size=backbone.input_size,
        crops=there,
        seen=there - tally.total + new,
        new=new,
        unusable=problems.counts(project, STEP),
        workers=workers,
    )


def _here(
    project: Project,
    options: Options,
    backbone: "Backbone",
    entry: "Entry",
    store: "FeatureStore",
    tally: "_Tally",
) -> tuple[str, ...]:
    from camtrap_gui.cluster import embedding
    from camtrap_gui.models.classifiers import features
    from camtrap_gui.models.classifiers.crop_reading import CropFile
    from camtrap_gui.project import training_data

    unseen = embedding.unseen(project, store)
    tally.begin(len(unseen))
    files = (CropFile(*training_data.file_of(project, int(crop_id))) for crop_id in unseen)
    with closing(
        features.look(features.Embedder(backbone, entry), files, options.threads or None)
    ) as batches:
        for batch in batches:
            store.keep(batch)
            tally.add(batch)
    return ()


def _on_cluster(
    project: Project,
    options: Options,
    backbone: "Backbone",
    entry: "Entry",
    store: "FeatureStore",
    tally: "_Tally",
) -> tuple[str, ...]:
    from camtrap_gui.cluster import embedding, leasing, ray_connection, ray_crew

    with ray_connection.connected(options.address) as deal_with_signals:
        task = embedding.Embedding(project, store, backbone, entry)
        tally.begin(task.total)
        crew = ray_crew.Crew(task.tool, options.worker_cores, options.worker_gpus, options.worker_price)
        with closing(leasing.work(project, task, crew)) as batches:
            for batch in batches:
                tally.add(batch, crew.values(), crew.brief())
                deal_with_signals()
        return crew.describe()


def run_reading(folder: Path, options: Options, report: Report) -> ShardResult:
    """Look at the crops of a shard. Raises Problem as ``run`` does, and when another process has the shard's file."""
    from camtrap_gui.cluster import crop_shard, shards
    from camtrap_gui.models.classifiers import features

    choices.check(options.shard, options.out, options.engine)
    shard, of = shards.parse(options.shard)
    reading.ask(folder, _expect_crops)
    backbone, entry = _backbone(options, report)
    about = crop_shard.About(shard, of, backbone.name, entry.sha256, backbone.input_size, backbone.features)
    path = options.out or crop_shard.file_for(folder.resolve(), about)
    with closing(crop_shard.CropShard(path, about)) as file:
        report(Progress(0, None, "which crops are of this shard", "Reading the project"))
        there = folder.absolute() / features.FOLDER / about.folder
        total, done = reading.ask(folder, lambda project: file.want(project, there)), 0
        embedder = features.Embedder(backbone, entry)
        with closing(features.look(embedder, file.unseen(), options.threads or None)) as batches:
            for batch in batches:
                file.add(batch)
                done += len(batch)
                report(Progress(done, total, "", PHASE))
        return ShardResult(path, shard, of, backbone.name, done, *file.counts())


def _expect_crops(project: Project) -> None:
    if not crops.are_there(project):
        raise Problem(f"There are no crops in {project.folder}. Cut them out first: camtrap crop.")
    crops.require_whole(project)


def _backbone(options: Options, report: Report) -> tuple["Backbone", "Entry"]:
    """The backbone at its size, and its installed weights."""
    from camtrap_gui.models import store
    from camtrap_gui.models.classifiers import backbones

    name = options.backbone or backbones.DEFAULT
    backbone = backbones.get(name, options.input_size or backbones.USUAL_SIZES.get(name, 0))
    report(Progress(0, None, f"loading {name}", "Loading"))
    store.fetch(name, report)
    return backbone, store.get(name)


@dataclass
class _Tally:
    """Counts crops, keeps the reasons of those that cannot be used, and reports."""

    project: Project
    report: Report
    total: int = 0
    done: int = 0
    unusable: Counter[str] = field(default_factory=Counter)

    def begin(self, total: int) -> None:
        self.total = total
        self.report(Progress(0, total, "", PHASE))

    def add(self, batch: Sequence["SeenCrop"], more: Any = None, note: str = "") -> None:
        """Count what has been kept; ``more`` figures are reported with it."""
        folder = crops.folder(self.project).absolute()
        bad = [(one.crop.path.relative_to(folder).as_posix(), one.problem) for one in batch if one.problem]
        if bad:
            problems.add(self.project, STEP, bad)
            self.unusable.update(reason for _, reason in bad)
        self.done += len(batch)
        values = {"unusable": sum(self.unusable.values())} if self.unusable else {}
        self.report(Progress(self.done, self.total, note, PHASE, {**values, **(more or {})}))
