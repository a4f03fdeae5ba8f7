"""The project as MegaDetector results, for Timelapse and most other tools of the field (batch output format 1.6).

Images are written with their boxes where people or the source drew some, which then have confidence 1, else with what
the detector found. Rejected detections are left out, and all where a person said that the image is empty. What a person
or the source says of a box is a classification of confidence 1; otherwise it is what a classifier suggests.

An image that nobody and no detector has looked at is left out: an empty list would say that nothing is on it. The hash
of the detector is written too, so that a project that reads the file knows the same detector again.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from camtrap_gui.formats import megadetector_results
from camtrap_gui.formats.megadetector_results import ACCESS_FAILURE, Detection, ImageResult, Info
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections, images, observations, suggestions, taxonomy
from camtrap_gui.project.detections import KnownDetector
from camtrap_gui.project.observations import Observed, Region, Rules
from camtrap_gui.sharing.file_names import namer

_EVERY = 1000


@dataclass(frozen=True)
class Written:
    """How many images, detections and failures a file has; ``left_out`` images nobody has looked at."""

    images: int
    detections: int
    failures: int
    left_out: int


def write(project: Project, path: Path, report: Report, rules: Rules | None = None) -> Written:
    """Write the file, whole or not at all. Without ``rules`` all is written that the latest detector keeps.

    Raises Problem when there is nothing to write.
    """
    detector = (rules and rules.detector) or detections.latest_detector(project)
    rules = replace(rules or Rules(low=0.0), detector=detector)
    total, name_of = images.count(project), namer(project)
    done = found = failures = left_out = 0
    with megadetector_results.writing(
        path,
        _info(project, detector),
        images.species(project),
        _categories(project, detector),
        megadetector_results.EXACT,
        more_species=True,
        lineages=taxonomy.places(project.db),
    ) as add:
        for done, observed in enumerate(observations.walk(project, rules), start=1):
            result = _result(observed, name_of(observed.image))
            if result is None:
                left_out += 1
            else:
                add(result)
                found += len(result.detections)
                failures += bool(result.failure)
            if done % _EVERY == 0:
                report(Progress(done, total, "images", "Writing"))
        if done == left_out:
            raise Problem(
                f"No detector and no person has looked at an image of {project.folder} yet, so there are no results to"
                " write. Detect first: camtrap detect."
            )
        report(Progress(done, total, "images", "Writing"))  # the last moment at which it can be stopped
    return Written(done - left_out, found, failures, left_out)


def _result(observed: Observed, name: str) -> ImageResult | None:
    image = observed.image
    about = (image.width, image.height, image.taken.replace("T", " ") if image.taken else None)
    failure = image.problem or observed.failure
    if failure and not observed.regions:
        return ImageResult(name, (), ACCESS_FAILURE + failure, *about)
    if not (observed.seen or observed.regions or observed.reviewed):
        return None
    return ImageResult(name, tuple(map(_detection, observed.regions)), "", *about)


def _detection(region: Region) -> Detection:
    said: tuple[tuple[str, float], ...] = ()
    if region.source in ("person", "import") and region.species is not None:
        said = ((region.species, 1.0),)
    elif region.source == "model":
        said = region.top
    return Detection(region.category, region.confidence, region.box, said)


def _info(project: Project, detector: KnownDetector | None) -> Info:
    runs = project.db.execute("SELECT DISTINCT run_id FROM suggestions WHERE top IS NOT NULL").fetchall()
    names = {str(name).removesuffix(suggestions.ELSEWHERE) for (name,) in runs}
    people = project.db.execute("SELECT EXISTS (SELECT 1 FROM labels)").fetchone()[0]
    return Info(
        # Readers take a file without a detector for one of MegaDetector 4.
        detector=detector.name if detector else "none (boxes that people drew)",
        detector_metadata={
            "typical_detection_threshold": detector.typical_threshold,
            "conservative_detection_threshold": detector.conservative_threshold,
            "sha256": detector.sha256,
        }
        if detector
        else {},
        classifier=", ".join([*["labels"] * people, *sorted(names)]),
    )


def _categories(project: Project, detector: KnownDetector | None) -> tuple[str, ...]:
    """All categories that detections have, besides the usual ones."""
    rows = project.db.execute("SELECT DISTINCT category FROM detections ORDER BY category")
    others = [category for (category,) in rows if category.strip()]
    return tuple(dict.fromkeys([*megadetector_results.DETECTION_IDS, *others]))
