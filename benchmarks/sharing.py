"""Writing a survey of a million pictures for other programs, against only reading what the project says about each.

The survey is that of ``dataset_import``; a detector has seen all of it and found an animal on every picture that is not
empty, and a classifier has suggested a species for half of them. Every contender runs in a process of its own; "walk"
goes over ``observations.walk`` and writes nothing.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.common import print_json, table
from benchmarks.dataset_import import IMPORT, in_process, write_survey
from camtrap_gui.formats import coordinates
from camtrap_gui.formats.coordinates import Place
from camtrap_gui.project import Project, images

WALK = """
from pathlib import Path
from camtrap_gui.project import Project, observations
with Project.open(Path(folder)) as project:
    seen = sum(len(one.regions) for one in observations.walk(project))
assert seen
"""
SHARE = """
from pathlib import Path
from camtrap_gui.project import Project
from camtrap_gui.steps import share
work = Path(folder).parent
options = share.Options("{format}", work / "{target}", time_zone="Africa/Dar_es_Salaam",
    coordinates=work / "coordinates.csv")
with Project.open(Path(folder)) as project:
    share.run(project, options, lambda _: None)
"""
TARGETS = {
    "megadetector": "results.json",
    "camtrap-dp": "package",
    "coco-camera-traps": "survey-again.json",
    "csv": "tables",
    "xlsx": "tables.xlsx",
    "timelapse": "timelapse",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="+", default=["megadetector", "camtrap-dp"], choices=list(TARGETS))
    parser.add_argument("--folder", type=Path, help="where to work; by default a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as work:
        survey, folder = Path(work) / "survey" / "survey.json", Path(work) / "project"
        survey.parent.mkdir()
        write_survey(survey, options.images)
        in_process(IMPORT, survey, folder)
        detect(folder)
        measure(survey, folder, options.formats)


def detect(folder: Path) -> None:
    """Add what a detector and a classifier found, and the table of coordinates."""
    with Project.open(folder) as project, project.write() as db:
        db.execute("INSERT INTO detectors VALUES (1, 'd', 'a detector', 'benchmark', 0.5, 0.1, '2024')")
        db.execute("INSERT INTO detected SELECT 1, id, NULL FROM images")
        db.execute(
            "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
            " SELECT images.id, images.id, 1, 'animal', 0.5 + images.id % 50 / 100.0, 0.1, 0.2, 0.3, 0.4 FROM images"
            " WHERE id IN (SELECT image_id FROM labels WHERE species_id > 1)"
        )
        db.execute(
            "INSERT INTO suggestions (detection_id, image_id, run_id, species_id, confidence, margin, top)"
            " SELECT id, image_id, 'a-run', 2, 0.8, 0.6, '[[\"species01\", 0.8], [\"species02\", 0.2]]' FROM detections"
            " WHERE id % 2"
        )
        places = {name: [Place(-2.5, 34.8)] for name in images.locations(project)}
        coordinates.write_template(folder.parent / "coordinates.csv", places, places)


def measure(survey: Path, folder: Path, formats: list[str]) -> None:
    """Let each write once, and print the table."""
    found = {"walk": in_process(WALK, survey, folder)}
    for name in formats:
        # Braces are for the frame that the code is put into.
        code = SHARE.replace("{format}", name).replace("{target}", TARGETS[name])
        found[name] = in_process(code, survey, folder)
    seconds = found["walk"][0]
    rows = [
        (name, f"{one[0]:.1f}", f"{one[1]:.1f}", f"{one[2]:.0f}", f"{one[0] / seconds:.2f}")
        for name, one in found.items()
    ]
    print(table(("", "seconds", "CPU seconds", "peak MB", "times the walk"), rows))
    print_json({f"{name} over walk": one[0] / seconds for name, one in found.items()})


if __name__ == "__main__":
    main()
