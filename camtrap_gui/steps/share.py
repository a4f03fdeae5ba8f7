"""Write what the project knows for other programs: data exchange, spreadsheets, training sets, folders of pictures.

Everything is written beside and moved into place when it is whole, so a stopped or killed run leaves nothing half.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from camtrap_gui.formats.camtrap_dp import CAPTURE_METHODS, SAMPLING_DESIGNS
from camtrap_gui.jobs import Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project

if TYPE_CHECKING:
    from camtrap_gui.project.observations import Rules
    from camtrap_gui.project.smoothing import How

FORMATS = {
    "camtrap-dp": "Camtrap DP 1.0.2, for R, GBIF and data platforms: a folder, or a file that ends in .zip",
    "coco-camera-traps": "COCO Camera Traps, with what people and sources say: a .json file",
    "megadetector": "MegaDetector results, with what was found and suggested: a .json file",
    "timelapse": "Timelapse: a folder with recognitions for it and a table of what is known",
    "csv": "tables of images, detections, species and locations: a folder",
    "xlsx": "the same as one spreadsheet: a file that ends in .xlsx",
    "coco": "boxes as COCO, one file for each split: a folder",
    "yolo": "boxes as YOLO text files with data.yaml: a folder",
    "pascal-voc": "boxes as Pascal VOC files: a folder",
    "species-folders": "the pictures, in one folder for each species",
    "separate": "the pictures, in folders for animals, people, vehicles and empty ones",
}
"""What can be written, by name."""


@dataclass(frozen=True)
class Options:
    """What to write, where, and what a person must say for it."""

    format: Annotated[str, Option("What to write.", positional=True, choices=tuple(FORMATS))]
    target: Annotated[
        Path,
        Option(
            "The file or folder to write, which must not be there yet and never lies among the originals.",
            positional=True,
        ),
    ]
    thresholds: Annotated[
        tuple[str, ...],
        Option(
            "Least confidence of detections by category, for example animal=0.3 person=0.2. Without it, the detector's"
            " typical threshold."
        ),
    ] = ()
    time_zone: Annotated[
        str,
        Option(
            "Zone of the cameras' clocks, for Camtrap DP, for example Africa/Nairobi; +03:00 for clocks that never change"
            " to summer time."
        ),
    ] = ""
    coordinates: Annotated[
        Path | None,
        Option(
            "Table with the columns location, latitude, longitude, for Camtrap DP; start and end too where a camera stood at"
            " several places. Without it, one to fill in is made."
        ),
    ] = None
    leave_out_incomplete: Annotated[
        bool,
        Option(
            "Leave out pictures without time, location or coordinates from a Camtrap DP, in place of asking for them."
        ),
    ] = False
    events: Annotated[bool, Option("Have a Camtrap DP also tell what each sequence shows as a whole.")] = (
        False
    )
    sampling_design: Annotated[
        str,
        Option(
            "How the places of the cameras were chosen, for Camtrap DP.",
            choices=SAMPLING_DESIGNS,
            advanced=True,
        ),
    ] = "opportunistic"
    capture_method: Annotated[
        str,
        Option("What triggered the cameras, for Camtrap DP.", choices=CAPTURE_METHODS, advanced=True),
    ] = "activityDetection"
    contributor: Annotated[
        str, Option("Who to ask about a Camtrap DP. Without it, your name on this computer.", advanced=True)
    ] = ""
    boxes: Annotated[
        str,
        Option(
            "Whose boxes a box set has: those of people and sources, of the detector, or of the detector where nobody"
            " else drew any.",
            choices=("people", "detector", "both"),
        ),
    ] = "both"
    classes: Annotated[
        str,
        Option("What the boxes of a box set are called.", choices=("species", "category")),
    ] = "species"
    pictures: Annotated[
        str,
        Option(
            "How pictures get into the folder: as copies, as hard links (which take no room; who edits one edits the"
            " original), or only listed in a table.",
            choices=("copy", "link", "list"),
        ),
    ] = "copy"
    blur_people: Annotated[
        bool,
        Option(
            "Make people in the copies of pictures unrecognisable, down to the detector's conservative threshold. Pictures"
            " that nobody has looked at are left out."
        ),
    ] = False
    smooth: Annotated[
        bool,
        Option(
            "Let the most frequent species of a sequence overrule single other suggestions of the classifier. What"
            " people said is never changed."
        ),
    ] = False
    smooth_least: Annotated[
        int,
        Option(
            "How often the most frequent species of a sequence must have been suggested to overrule others.",
            low=2,
            high=1000,
            advanced=True,
            label="Overrules when said",
        ),
    ] = 4
    smooth_alone: Annotated[
        int,
        Option(
            "How often another species may have been suggested to be overruled.",
            low=1,
            high=1000,
            advanced=True,
            label="Gives way up to",
        ),
    ] = 1
    smooth_relatives: Annotated[
        int,
        Option(
            "How often another species of the same family may have been suggested to be overruled. It needs to be known"
            " where species stand in the system of animals (camtrap labels taxonomy).",
            low=0,
            high=1000,
            lowest="Never",
            advanced=True,
            label="Relatives up to",
        ),
    ] = 0
    check: Annotated[
        bool,
        Option(
            "Read what was written again, where it is a file for other programs, and compare the numbers."
        ),
    ] = False


@dataclass(frozen=True)
class Result:
    """What was written: figures by name, and sentences worth knowing."""

    format: str
    target: Path
    counts: dict[str, int]
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """A line of figures, and the sentences."""
        told = {
            name.replace("_", " "): f"{number:,}"
            for name, number in self.counts.items()
            if name != "left_out" and (number or name != "blurred")
        }
        if self.format in ("csv", "xlsx"):
            figures = "tables with rows: " + ", ".join(f"{name} {number}" for name, number in told.items())
        else:
            figures = ", ".join(f"{number} {name}" for name, number in told.items())
        lines = [f"{self.target}: {figures}."]
        if left_out := self.counts.get("left_out"):
            lines.append(f"{left_out:,} pictures were left out.")
        return "\n".join([*lines, *self.notes])


def run(project: Project, options: Options, report: Report) -> Result:
    """Write one format. Raises Problem when something is missing for it, or something is there already."""
    from camtrap_gui.project import smoothing
    from camtrap_gui.sharing import checking, targets

    if options.format not in FORMATS:
        raise Problem(f"There is no format “{options.format}”. Choose one of: {', '.join(FORMATS)}.")
    target = targets.check(project, options.target)
    smoothed = smoothing.smooth(project, how_to_smooth(options)) if options.smooth else None
    asked = rules(options, smoothed.changes if smoothed else {})
    written, *notes = _WRITERS[options.format](project, target, options, asked, report)
    notes += [smoothed.text()] if smoothed else []
    counts = {
        field.name: getattr(written, field.name)
        for field in dataclasses.fields(written)
        if isinstance(getattr(written, field.name), int)
    }
    if options.check and (read := checking.read_again(options.format, target, counts)):
        notes.append(read)
    return Result(options.format, target, counts, tuple(notes))


def how_to_smooth(options: Options) -> "How":
    """When a species overrules another."""
    from camtrap_gui.project.smoothing import How

    return How(options.smooth_least, options.smooth_alone, options.smooth_relatives)


def rules(options: Options, overruled: Mapping[int, str] | None = None) -> "Rules":
    """Which detections count, and which species some of them are told as. Raises Problem for a threshold that cannot be understood."""
    from camtrap_gui.project.observations import Rules

    lows = []
    for text in (part for given in options.thresholds for part in given.replace(",", " ").split()):
        category, _, number = text.partition("=")
        try:
            low = float(number)
        except ValueError:
            low = -1.0
        if not category or not 0 <= low <= 1:
            raise Problem(
                f"“{text[:60]}” is no threshold. Write category=confidence, for example animal=0.3."
            )
        lows.append((category, low))
    return Rules(lows=tuple(lows), overruled=overruled or {})


def _camtrap_dp(
    project: Project, target: Path, options: Options, asked: "Rules", report: Report
) -> tuple[Any, ...]:
    from camtrap_gui.sharing import camtrap_dp

    about = camtrap_dp.About(
        options.time_zone,
        options.coordinates,
        options.leave_out_incomplete,
        options.events,
        options.sampling_design,
        options.capture_method,
        options.contributor,
    )
    written = camtrap_dp.write(project, target, about, report, asked)
    stated = f"It says: sampling design {about.sampling_design}, capture method {about.capture_method}"
    return written, f"{stated}. Say otherwise with --sampling-design and --capture-method."


def _coco_camera_traps(
    project: Project, target: Path, options: Options, asked: "Rules", report: Report
) -> tuple[Any, ...]:
    from camtrap_gui.sharing import coco_camera_traps

    return (coco_camera_traps.write(project, target, report),)


def _megadetector(
    project: Project, target: Path, options: Options, asked: "Rules", report: Report
) -> tuple[Any, ...]:
    from camtrap_gui.sharing import megadetector

    return (
        megadetector.write(project, target, report, asked if options.thresholds else replace(asked, low=0.0)),
    )


def _timelapse(
    project: Project, target: Path, options: Options, asked: "Rules", report: Report
) -> tuple[Any, ...]:
    from camtrap_gui.sharing import timelapse

    written = timelapse.write(project, target, report, asked)
    return written, "Copy both files into Timelapse's root folder, which is the one the pictures lie in."


def _csv(project: Project, target: Path, options: Options, asked: "Rules", report: Report) -> tuple[Any, ...]:
    from camtrap_gui.sharing import tables

    return (tables.write_csv(project, target, report, asked),)


def _xlsx(
    project: Project, target: Path, options: Options, asked: "Rules", report: Report
) -> tuple[Any, ...]:
    from camtrap_gui.sharing import tables

    return (tables.write_xlsx(project, target, report, asked),)


def _boxes(
    project: Project, target: Path, options: Options, asked: "Rules", report: Report
) -> tuple[Any, ...]:
    from camtrap_gui.sharing import box_sets

    ways = (options.pictures == "link", options.pictures == "list", options.blur_people)
    how = box_sets.How(options.boxes, options.classes, *ways)
    asked = replace(asked, boxes=options.boxes != "detector")
    written = box_sets.write(project, target, options.format, how, report, asked)
    return (written, *_left_out(written))


def _folders(
    project: Project, target: Path, options: Options, asked: "Rules", report: Report
) -> tuple[Any, ...]:
    from camtrap_gui.sharing import folders

    how = folders.How(options.pictures == "link", options.pictures == "list", options.blur_people)
    write = folders.write_species if options.format == "species-folders" else folders.write_separate
    written = write(project, target, how, report, asked)
    return (written, f"Folders: {folders.first_folders(written)}.", *_left_out(written))


def _left_out(written: Any) -> tuple[str, ...]:
    return ("left_out.csv tells which and why.",) if written.left_out else ()


_WRITERS: dict[str, Callable[[Project, Path, Options, "Rules", Report], tuple[Any, ...]]] = {
    "camtrap-dp": _camtrap_dp,
    "coco-camera-traps": _coco_camera_traps,
    "megadetector": _megadetector,
    "timelapse": _timelapse,
    "csv": _csv,
    "xlsx": _xlsx,
    "coco": _boxes,
    "yolo": _boxes,
    "pascal-voc": _boxes,
    "species-folders": _folders,
    "separate": _folders,
}
