"""What a detector found elsewhere: a MegaDetector results file, matched to the project's images by name.

The file is gone through twice. The first time (``look``) nothing is changed: every entry is read and looked up, so what
is wrong with the file, and what fits which image, is known before anything is kept. The second time (``bring_in``) what
was found is kept, batch after batch; what an interrupted import has kept is not taken again.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from camtrap_gui.formats.megadetector_reading import Batch, ResultsFile
from camtrap_gui.formats.megadetector_results import ACCESS_FAILURE, ImageResult
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.parallel import ahead_of
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections, found_elsewhere, images, name_matching, taxonomy
from camtrap_gui.project.found_elsewhere import ForeignDetector, Found, Seen
from camtrap_gui.project.name_matching import AMBIGUOUS, Names, Way
from camtrap_gui.project.not_animals import MEANINGS
from camtrap_gui.sources.doubts import Doubts

NOT_HERE = "not in the project"
SEVERAL = "name that fits several images of the project"
TWICE = "image that comes twice"
NOTHING = "“empty” as a detection"
WITHOUT = "in the project, but not in the file"
TOO_UNSURE = "detection below the lowest confidence that is kept"

_THRESHOLDS = (
    (re.compile(r"md[ _-]?v?[234]([._-]|$)|megadetector[ _-]?v?[234]([._-]|$)", re.IGNORECASE), 0.8, 0.3),
    (re.compile(r"redwood", re.IGNORECASE), 0.3, 0.05),
    (re.compile(r"md[ _-]?v?(5|6|10+)|megadetector[ _-]?v?[56]", re.IGNORECASE), 0.2, 0.05),
)
"""Typical and conservative confidence of MegaDetector's versions, as its own metadata has them."""
_UNKNOWN = 0.2, 0.1
_EXAMPLES = 10
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass
class Looked:
    """What a file says, as far as it can be told before it is kept.

    ``matched`` images are in the project; ``known`` of them have results of this detector already, which stay.
    ``without`` images of the project are not in the file. ``detections`` are those to be kept, ``rejected`` ones, marked
    as nothing, among them. ``classified`` animals come with a classifier's word; ``images_with`` counts images by what
    was found in them with the typical confidence. ``refused`` counts what cannot be used, by reason; ``examples`` are names, by reason too.
    """

    detector: ForeignDetector
    ways: list[Way]
    entries: int
    matched: int = 0
    known: int = 0
    without: int = 0
    failures: int = 0
    detections: int = 0
    rejected: int = 0
    classified: int = 0
    images_with: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)


def look(
    project: Project, file: ResultsFile, folder: Path | None, name: str, lowest: float | None, report: Report
) -> Looked:
    """Go through the file and change nothing. Raises Problem when it is broken, or nothing in it fits the project.

    Names in it start from ``folder``; None: find out. ``name`` is what the detector is to be called; '': as the file
    says. Detections below the confidence ``lowest`` are not kept; None: as is usual for the detector.
    """
    total = images.count(project)
    if not total:
        raise Problem(
            f"The project {project.folder} has no images. Import the pictures first: camtrap dataset"
        )
    report(Progress(0, None, file.path.name, "Matching"))
    if folder is not None:
        ways = name_matching.from_folder(project, folder)
    else:
        ways = name_matching.find(project, (image.file for image in file.samples()))
    looked = Looked(_detector(file, name, lowest), ways, file.count)
    known = detections.detector_by_hash(project, looked.detector.sha256)
    if known is not None:
        looked.detector = replace(looked.detector, name=known.name, typical_threshold=known.typical_threshold)
    reading = _Reading(project, file, looked)
    for batch in reading.batches("Matching", report):
        looked.matched += len(batch)
        if known is not None:
            looked.known += len(found_elsewhere.known(project, known.id, [seen.image_id for seen in batch]))
        for seen in batch:
            sure = [
                found
                for found in seen.found
                if not found.rejected and found.confidence >= looked.detector.typical_threshold
            ]
            looked.failures += seen.problem is not None
            looked.detections += len(seen.found)
            looked.rejected += sum(found.rejected for found in seen.found)
            looked.classified += sum(found.category == "animal" and bool(found.top) for found in sure)
            looked.images_with.update({found.category for found in sure})
    looked.refused, looked.examples = reading.refused, reading.examples
    looked.without = total - looked.matched
    if not looked.matched:
        first = next(iter(file.samples()), None)
        raise Problem(
            f"No name in {file.path} fits an image of the project"
            + (f"; the first is “{first.file[:200]}”." if first else ": it has no image.")
            + " Import the pictures first, or say with --images from which folder the names start."
        )
    if looked.without:
        looked.examples[WITHOUT] = reading.images_not_met()
    return looked


def bring_in(
    project: Project, file: ResultsFile, looked: Looked, doubts: Doubts, report: Report
) -> found_elsewhere.Added:
    """Keep what ``look`` has seen. The detector becomes the project's latest one."""
    number = found_elsewhere.register(project, looked.detector)
    classifier = file.classifier or looked.detector.name
    added = found_elsewhere.Added(0, 0, 0)
    reading = _Reading(project, file, looked, doubts)
    for batch in reading.batches("Importing", report):
        new = found_elsewhere.add(project, number, looked.detector.typical_threshold, classifier, batch)
        added = found_elsewhere.Added(*(a + b for a, b in zip(added, new, strict=True)))
    taxonomy.learn(project, file.lineages, anew=False)
    doubts.flush()
    return added


class _Reading:
    """One way through a file: entries become what an image of the project has, or are refused."""

    def __init__(
        self, project: Project, file: ResultsFile, looked: Looked, doubts: Doubts | None = None
    ) -> None:
        self._project, self._file, self._doubts = project, file, doubts
        self._names = Names(project, looked.ways)
        self._lowest = looked.detector.conservative_threshold
        (last,) = project.db.execute("SELECT coalesce(max(id), 0) FROM images").fetchone()
        self._met = bytearray(last + 1)
        self.refused: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}

    def batches(self, phase: str, report: Report) -> Iterator[list[Seen]]:
        """What is of images of the project, each once, with the progress told."""
        done, total = 0, self._file.count
        with closing(ahead_of(self._file.batches())) as batches:
            for batch in batches:
                yield self._of_images(batch)
                done += len(batch.images)
                report(Progress(min(done, total), total, "images", phase))
        report(Progress(total, total, "images", phase))

    def images_not_met(self) -> list[str]:
        """Some images of the project that the file does not tell of."""
        found: list[str] = []
        for image in images.walk(self._project):
            if not self._met[image.id]:
                found.append(image.path)
                if len(found) == _EXAMPLES:
                    break
        return found

    def _of_images(self, batch: Batch) -> list[Seen]:
        for one in batch.refused:
            self._refuse(one.subject, one.reason)
        matched = self._names.match([image.file for image in batch.images])
        some = []
        for image in batch.images:
            number = matched[image.file]
            if number == AMBIGUOUS:
                self._refuse(image.file, SEVERAL)
            elif number is None or number >= len(self._met):  # the latter came into the project just now
                self._refuse(image.file, NOT_HERE)
            elif self._met[number]:
                self._refuse(image.file, TWICE)
            else:
                self._met[number] = 1
                some.append(self._seen(number, image))
        return some

    def _seen(self, number: int, image: ImageResult) -> Seen:
        if image.failure:
            return Seen(number, (), image.failure.removeprefix(ACCESS_FAILURE))
        kept = []
        for one in image.detections:
            category = _CATEGORIES.get(one.category.casefold(), one.category)
            if category in MEANINGS["empty"]:
                self.refused[NOTHING] += 1
            elif one.confidence < self._lowest:
                self.refused[TOO_UNSURE] += 1
            else:
                kept.append(Found(category, one.confidence, one.box, one.rejected, one.classifications))
        return Seen(number, kept)

    def _refuse(self, subject: str, reason: str) -> None:
        self.refused[reason] += 1
        some = self.examples.setdefault(reason, [])
        if len(some) < _EXAMPLES:
            some.append(subject)
        if self._doubts is not None:
            self._doubts(subject, reason)


_CATEGORIES = {
    "animals": "animal",
    "animal": "animal",
    **{word: meaning for meaning in ("person", "vehicle", "empty") for word in MEANINGS[meaning]},
}
"""Words that other programs have for the usual categories."""


def _detector(file: ResultsFile, name: str, lowest: float | None) -> ForeignDetector:
    """Who made the results. The same name, or the same hash where the file has one, is the same detector."""
    name = " ".join(name.split())
    called = name or file.detector or file.path.stem
    said = file.metadata.get("sha256")
    is_hash = not name and isinstance(said, str) and _HASH.fullmatch(said)
    typical, usual = _thresholds(file, called)
    kept = usual if lowest is None else lowest
    return ForeignDetector(called, str(said) if is_hash else found_elsewhere.hash_of(called), typical, kept)


def _thresholds(file: ResultsFile, name: str) -> tuple[float, float]:
    guessed = next((values for pattern, *values in _THRESHOLDS if pattern.search(name)), _UNKNOWN)
    if not file.detector and _version(file) <= 1.1:  # MegaDetector 4 did not yet say its name
        guessed = _THRESHOLDS[0][1:]
    keys = ("typical_detection_threshold", "conservative_detection_threshold")
    said = [_share(file.metadata.get(key)) for key in keys]
    typical = said[0] if said[0] is not None else guessed[0]
    lowest = said[1] if said[1] is not None else guessed[1]
    return typical, min(typical, lowest)


def _version(file: ResultsFile) -> float:
    try:
        return float(file.info.get("format_version", "nan"))
    except (TypeError, ValueError):
        return float("nan")


def _share(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        return None
    return float(value)
