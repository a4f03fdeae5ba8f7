"""Find animals, people and vehicles in the pictures.

Works on the images that the detector has not seen. Decoding threads, the detector and the database work at the same
time, joined by short queues, so memory does not grow with the survey. What was found in a few pictures is written at
once; a killed run loses no more than those. Boxes are kept down to the detector's conservative confidence, so that
other thresholds can be tried without running again.
"""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.parallel import cores
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections
from camtrap_gui.project.detections import Counts, Seen

@dataclass(frozen=True)
class Options:
    """What to detect with."""

    detector: Annotated[
        str, Option("Name of an installed detector, or the file of one (see: camtrap models list).")
    ] = "default"
    retry_unreadable: Annotated[
        bool, Option("Also look again at pictures that this detector could not read before.", advanced=True)
    ] = False
    threads: Annotated[
        int, Option("Threads that decode pictures; 0: one for each core.", low=0, high=256, advanced=True)
    ] = 0


@dataclass(frozen=True)
class Result:
    """What this detector has found in the project so far.

    ``new`` images were seen in this run. ``counts`` go by detections with a confidence of at least ``threshold``; boxes
    are kept down to ``lowest``.
    """

    detector: str
    new: int
    threshold: float
    lowest: float
    counts: Counts

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
            ]
        )


def run(project: Project, options: Options, report: Report) -> Result:
    """Detect on every image not seen yet. Raises Problem without images, without the detector, or without the disk."""
    from camtrap_gui.models import detectors, looking, store

    if not project.db.execute("SELECT EXISTS (SELECT 1 FROM images)").fetchone()[0]:
        raise Problem(f"The project {project.folder} has no images. Import pictures first: camtrap dataset")
    report(Progress(0, None, f"loading {options.detector}", "Loading"))
    store.fetch(options.detector, report)
    detector = detectors.load(options.detector)
    number = detections.register(project, detector)
    if options.retry_unreadable:
        detections.forget_unreadable(project, number)
    total = detections.count_unseen(project, number)
    done, tally = 0, Counter(dict.fromkeys((*detector.categories, "empty", "unreadable"), 0))
    report(Progress(0, total, "", "Detecting", dict(tally)))
    unseen = (image for page in detections.unseen(project, number) for image in page)
    with closing(looking.look(detector, unseen, options.threads or cores())) as batches:
        for batch in batches:
            detections.add(project, number, batch)
            done += len(batch)
            for seen in batch:
                tally.update(_words(seen, detector.typical_threshold))
            report(Progress(done, total, "", "Detecting", dict(tally)))
    return Result(
        detector=detector.name,
        new=done,
        threshold=detector.typical_threshold,
        lowest=detector.conservative_threshold,
        counts=detections.count(project, number, detector.typical_threshold),
    )


def _words(seen: Seen, threshold: float) -> set[str]:
    """What an image counts as."""
    if seen.problem is not None:
        return {"unreadable"}
    return {box.category for box in seen.boxes if box.confidence >= threshold} or {"empty"}
