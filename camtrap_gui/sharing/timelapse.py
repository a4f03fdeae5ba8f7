"""A folder for Timelapse: what was found, as recognitions, and a table of what is known, as it writes and reads itself.

Copy both into the folder that Timelapse calls the root folder, which is the one that the pictures lie in: "Import
recognition data" takes ``recognitions.json``, "Import data from a CSV file" takes ``TimelapseData.csv`` for fields of
the same names. Timelapse runs on Windows, so folders in the table are written with back slashes.
"""

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from camtrap_gui import files
from camtrap_gui.formats import tables
from camtrap_gui.jobs import Report
from camtrap_gui.project import Project, images
from camtrap_gui.project.observations import Rules
from camtrap_gui.sharing import megadetector, telling
from camtrap_gui.sharing.file_names import namer

HEADER = (
    "File", "RelativePath", "DateTime", "DeleteFlag", "Species", "Count", "Location", "Sequence", "Author", "Reviewed",
    "Flagged",
)  # fmt: skip


@dataclass(frozen=True)
class Written:
    """Images in the table, and images and detections in the recognitions; these have none where nobody looked yet."""

    images: int
    recognised: int
    detections: int


def write(project: Project, target: Path, report: Report, rules: Rules) -> Written:
    """Write both files into a new folder.

    Where no threshold is asked for, the recognitions have all that the detector keeps: Timelapse selects itself.
    """
    everything = rules if rules.lows or rules.low is not None else replace(rules, low=0.0)
    with files.new_folder(target) as folder:
        count = _write_table(project, folder / "TimelapseData.csv", report, rules)
        found = megadetector.write(project, folder / "recognitions.json", report, everything)
    return Written(count, found.images, found.detections)


def _write_table(project: Project, path: Path, report: Report, rules: Rules) -> int:
    name_of = namer(project)
    with tables.writing(path, HEADER) as add:
        for observed in telling.each(project, rules, report, "Writing the table"):
            image, told = observed.image, telling.tell(observed)
            name = PurePosixPath(name_of(image))
            folder = "" if name.parent == PurePosixPath() else str(name.parent).replace("/", "\\")
            amounts: dict[str, int] = {}
            for one in told:
                if one.name:
                    amounts[one.name] = amounts.get(one.name, 0) + (one.amount or int(one.kind != "empty"))
            authors = dict.fromkeys(one.author for one in told if one.source == "person" and one.author)
            add(
                (
                    name.name,
                    folder,
                    image.taken[:19].replace("T", " ") if image.taken else None,
                    "false",
                    ", ".join(amounts) or None,
                    ", ".join(map(str, amounts.values())) or None,
                    image.location,
                    image.sequence,
                    ", ".join(authors) or None,
                    "true" if observed.reviewed else "false",
                    "true" if observed.flagged else "false",
                )
            )
    return images.count(project)
