"""Writing a million images as MegaDetector results, and bringing them into another project.

The survey is generated: 200 cameras, bursts of three, two detections in every other picture, a suggestion of five species
for each animal. Each part runs in a process of its own; its peak memory is what the operating system says of it. The
ratio is to the time that Python's own ``json`` takes to load the file whole, which is what most tools do with it.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.common import print_json, table
from benchmarks.dataset_import import in_process
from camtrap_gui.project import Project

CAMERAS = 200
SPECIES = tuple(f"species {number:02}" for number in range(40))

EXPORT = """
from pathlib import Path
from camtrap_gui.project import Project
from camtrap_gui.sharing import megadetector
with Project.open(Path(folder)) as project:
    megadetector.write(project, Path(given), lambda _: None)
"""
PREVIEW = """
from pathlib import Path
from camtrap_gui.project import Project
from camtrap_gui.steps import results
with Project.open(Path(folder)) as project:
    results.run(project, results.Options(Path(given), preview=True), lambda _: None)
"""
IMPORT = PREVIEW.replace(", preview=True", "")
WALK = """
from pathlib import Path
from camtrap_gui.project import Project, observations
with Project.open(Path(folder)) as project:
    for _ in observations.walk(project): pass
"""
LOAD = """
import json
with open(given, encoding="utf-8") as file:
    json.load(file)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.images)


def measure(folder: Path, images: int) -> None:
    """Go there and back, print the table; what came back is compared with what was sent."""
    file = folder / "results.json"
    for name in ("from", "to"):
        with Project.create(folder / name) as project:
            add_images(project, images)
            if name == "from":
                detections = add_detections(project, images)
    parts = (
        ("walk observations", WALK, "from"),
        ("export", EXPORT, "from"),
        ("json.load", LOAD, "from"),
        ("preview of the import", PREVIEW, "to"),
        ("import", IMPORT, "to"),
    )
    measured = {name: in_process(code, file, folder / project) for name, code, project in parts}
    reference = measured["json.load"]
    rows = [
        (name, f"{seconds:.1f}", f"{cpu:.1f}", f"{peak:.0f}", f"{seconds / reference[0]:.2f}")
        for name, (seconds, cpu, peak) in measured.items()
    ]
    print(table(("", "seconds", "CPU seconds", "peak MB", "times json.load"), rows))
    with Project.open(folder / "to") as project:
        came = project.db.execute("SELECT count(*) FROM detections").fetchone()[0]
        seen = project.db.execute("SELECT count(*) FROM detected").fetchone()[0]
    print(
        f"{images:,} images, {detections:,} detections, {file.stat().st_size / 1e6:,.0f} MB; {seen:,} and {came:,} came"
    )
    print_json(
        {
            "images": images,
            "came back": came == detections and seen == images,
            **{f"{name} seconds": seconds for name, (seconds, _, _) in measured.items()},
            **{f"{name} peak MB": peak for name, (_, _, peak) in measured.items()},
        }
    )


def add_images(project: Project, images: int) -> None:
    """The pictures of all cameras."""
    with project.write() as db:
        db.execute("INSERT INTO roots VALUES (1, '/pictures')")
        db.executemany("INSERT INTO locations (name) VALUES (?)", [(f"C{n:03}",) for n in range(CAMERAS)])
        db.executemany(
            "INSERT INTO species (name, position) VALUES (?, ?)",
            [(name, n) for n, name in enumerate(SPECIES)],
        )
        db.executemany(
            "INSERT INTO images (key, root_id, path, location_id, taken, width, height)"
            " VALUES (?1, 1, ?1, ?2, ?3, 2048, 1536)",
            (
                (
                    f"season 1/C{n * CAMERAS // images:03}/IMG_{n:07}.JPG",
                    n * CAMERAS // images + 1,
                    f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}T{n % 24:02}:{n % 60:02}:{n // 60 % 60:02}",
                )
                for n in range(images)
            ),
        )


def add_detections(project: Project, images: int) -> int:
    """What a detector and a classifier found in them; how many detections that is."""
    chance = np.random.default_rng(0)
    number = 0
    with project.write() as db:
        db.execute("INSERT INTO detectors VALUES (1, ?, 'generated', 'none', 0.2, 0.05, '2024')", ("0" * 64,))
        db.execute("INSERT INTO detected SELECT 1, id, NULL FROM images")
        for first in range(1, images + 1, 10_000):
            ids = np.arange(first, min(first + 10_000, images + 1))
            rows, said = [], []
            for image_id in ids[ids % 2 == 0].tolist():
                boxes = chance.uniform(0.05, 0.45, (2, 4)).tolist()
                for place, box in enumerate(boxes):
                    number += 1
                    confidence = chance.uniform(0.06, 1)
                    category = "animal" if place == 0 else "person"
                    rows.append((number, image_id, category, confidence, *box))
                    if category == "animal" and confidence >= 0.2:
                        shares = np.sort(chance.dirichlet(np.full(5, 0.3)))[::-1].tolist()
                        names = chance.choice(len(SPECIES), 5, replace=False).tolist()
                        top = [(SPECIES[name], share) for name, share in zip(names, shares, strict=True)]
                        said.append(
                            (
                                number,
                                image_id,
                                names[0] + 1,
                                shares[0],
                                shares[0] - shares[1],
                                json.dumps(top),
                            )
                        )
            db.executemany(
                "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
                " VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            db.executemany(
                "INSERT INTO suggestions (detection_id, image_id, run_id, species_id, confidence, margin, top)"
                " VALUES (?, ?, 'run', ?, ?, ?, ?)",
                said,
            )
    return number


if __name__ == "__main__":
    main()
