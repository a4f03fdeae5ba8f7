"""Find animals, people and vehicles in the pictures.

Works on the images that the detector has not seen. Decoding threads, the detector and the database work at the same
time, joined by short queues, so memory does not grow with the survey. What was found in a few pictures is written at
once; a killed run loses no more than those. Boxes are kept down to the detector's conservative confidence, so that
other thresholds can be tried without running again.

With Ray the workers of a cluster look, and this process keeps what they find. A shard is a part of the images for one
machine of many. It reads the project only and keeps what it finds in a file of its own, for ``camtrap merge``.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from camtrap_gui.cluster import choices
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.parallel import cores
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections, reading
from camtrap_gui.project.detections import Counts, Described, Seen, UnseenImage

if TYPE_CHECKING:
    from camtrap_gui.models.detectors import Detector


@dataclass(frozen=True)
class Options:
    """What to detect with."""

    detector: Annotated[
        str, Option("Name of an installed detector, or the file of one (see: camtrap models list).")
    ] = "default"
    retry_unreadable: Annotated[
        bool, Option("Also look again at pictures that this detector could not read before.", advanced=True)
    ] = False
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
    """What this detector has found in the project so far.

    ``new`` images were seen in this run. ``counts`` go by detections with a confidence of at least ``threshold``; boxes
    are kept down to ``lowest``. ``workers`` of a cluster say what each has done.
    """

    detector: str
    new: int
    threshold: float
    lowest: float
    counts: Counts
    workers: tuple[str, ...] = ()

    def text(self) -> str:
        """A line for each count."""
        counts = self.counts
        rows = [(count, f"with {category}") for category, count in counts.images_with.items()]
        rows += [(counts.empty, "empty")]
        rows += [(count, f"unreadable: {reason}") for reason, count in counts.unreadable.items()]
        if counts.left_out:
            rows += [(counts.left_out, "left out, their files are known to be bad")]
        return "\n".join(
            [
                f"{self.detector} has seen {counts.seen:,} images, {self.new:,} of them now.",
                *(f"  {count:>9,}  {what}" for count, what in rows),
                f"Found means a confidence of at least {self.threshold:g}; boxes are kept down to {self.lowest:g}.",
                *self.workers,
            ]
        )


@dataclass(frozen=True)
class ShardResult:
    """What a shard has seen: ``new`` images now, ``seen`` of its ``images`` altogether."""

    file: Path
    shard: int
    shards: int
    detector: str
    new: int
    seen: int
    images: int
    unreadable: int

    def text(self) -> str:
        """Counts, and where they are."""
        return (
            f"Shard {self.shard} of {self.shards}: {self.detector} has seen {self.seen:,} of {self.images:,} images,"
            f" {self.new:,} of them now; {self.unreadable:,} could not be read.\n"
            f"What it found is in {self.file}. When all shards are done: camtrap merge PROJECT"
        )


def run(project: Project, options: Options, report: Report) -> Result:
    """Detect on every image not seen yet. Raises Problem without images, without the detector, or without the disk."""
    choices.check(options.shard, options.out, options.engine)
    _expect_images(project)
    if options.engine == "ray":
        return _run_on_cluster(project, options, report)
    detector = _load(options, report)
    number, total = _begin(project, detector, options)
    unseen = (image for page in detections.unseen(project, number) for image in page)

    def keep(batch: list[Seen]) -> None:
        detections.add(project, number, batch)

    new = _look(detector, unseen, keep, _Tally(detector, detector.categories, total, report), options)
    return _result(project, detector, number, new)


def _run_on_cluster(project: Project, options: Options, report: Report) -> Result:
    from camtrap_gui.cluster import detection, leasing, ray_connection, ray_crew, shipping
    from camtrap_gui.models import detectors, store

    report(Progress(0, None, f"connecting to the cluster ({options.address})", "Loading"))
    store.fetch(options.detector, report)
    entry = detectors.find(options.detector)
    detector = shipping.identity(entry)
    with ray_connection.connected(options.address) as deal_with_signals:
        number, total = _begin(project, detector, options)
        tally = _Tally(detector, entry.categories.values(), total, report)
        task = detection.Detecting(project, number, entry)
        crew = ray_crew.Crew(task.tool, options.worker_cores, options.worker_gpus, options.worker_price)
        with closing(leasing.work(project, task, crew)) as batches:
            for batch in batches:
                tally.add(batch, crew.values(), crew.brief())
                deal_with_signals()
        return _result(project, detector, number, tally.done, crew.describe())


def run_reading(folder: Path, options: Options, report: Report) -> ShardResult:
    """Detect on the images of a shard. Raises Problem as ``run`` does, and when another process has the shard's file."""
    from camtrap_gui.cluster import shards
    from camtrap_gui.cluster.shard_file import ShardFile

    choices.check(options.shard, options.out, options.engine)
    shard, of = shards.parse(options.shard)
    reading.ask(folder, _expect_images)
    detector = _load(options, report)
    about = shards.describe(shard, of, detector)
    path = options.out or shards.file_for(folder.resolve(), about)
    with closing(ShardFile(path, about)) as file:
        report(Progress(0, None, "which pictures are of this shard", "Reading the project"))
        reading.ask(folder, lambda project: file.want(shards.images_of(project, about)))
        if options.retry_unreadable:
            file.forget_unreadable()
        seen, there = file.counts()
        tally = _Tally(detector, detector.categories, there - seen, report)
        new = _look(detector, file.unseen(), file.add, tally, options)
        seen, there = file.counts()
        return ShardResult(path, shard, of, detector.name, new, seen, there, file.unreadable())


def _expect_images(project: Project) -> None:
    if not project.db.execute("SELECT EXISTS (SELECT 1 FROM images)").fetchone()[0]:
        raise Problem(f"The project {project.folder} has no images. Import pictures first: camtrap dataset")


def _load(options: Options, report: Report) -> "Detector":
    from camtrap_gui.models import detectors, store

    report(Progress(0, None, f"loading {options.detector}", "Loading"))
    store.fetch(options.detector, report)
    return detectors.load(options.detector)


def _begin(project: Project, detector: Described, options: Options) -> tuple[int, int]:
    """The detector's number in the project, and how many images it has to see."""
    number = detections.register(project, detector)
    if options.retry_unreadable:
        detections.forget_unreadable(project, number)
    return number, detections.count_unseen(project, number)


def _result(
    project: Project, detector: Described, number: int, new: int, workers: tuple[str, ...] = ()
) -> Result:
    return Result(
        detector=detector.name,
        new=new,
        threshold=detector.typical_threshold,
        lowest=detector.conservative_threshold,
        counts=detections.count(project, number, detector.typical_threshold),
        workers=workers,
    )


def _look(
    detector: "Detector",
    unseen: Iterable[UnseenImage],
    keep: Callable[[list[Seen]], None],
    tally: "_Tally",
    options: Options,
) -> int:
    """Look at the images, keep every batch before it is reported, and say how many there were."""
    from camtrap_gui.models import looking

    with closing(looking.look(detector, unseen, options.threads or cores())) as batches:
        for batch in batches:
            keep(batch)
            tally.add(batch)
    return tally.done


class _Tally:
    """Counts images by what is in them, and reports it."""

    def __init__(self, detector: Described, categories: Iterable[str], total: int, report: Report) -> None:
        self.done, self._total, self._report = 0, total, report
        self._threshold = detector.typical_threshold
        self._counts = Counter(dict.fromkeys((*categories, "empty", "unreadable"), 0))
        self.add([])

    def add(self, batch: list[Seen], more: Mapping[str, Any] = MappingProxyType({}), note: str = "") -> None:
        """Count what has been kept; ``more`` figures are reported with it."""
        self.done += len(batch)
        for seen in batch:
            self._counts.update(_words(seen, self._threshold))
        self._report(Progress(self.done, self._total, note, "Detecting", {**self._counts, **more}))


def _words(seen: Seen, threshold: float) -> set[str]:
    """What an image counts as."""
    if seen.problem is not None:
        return {"unreadable"}
    return {box.category for box in seen.boxes if box.confidence >= threshold} or {"empty"}
