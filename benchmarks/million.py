"""What a survey of a million pictures costs, from the import of its JSON to the page of a list; ``--images 7200000``
is the size of Snapshot Serengeti.

The survey is generated as in ``dataset_import``: 225 sites, 61 categories, 2.7 pictures a sequence, labels said of
whole sequences. ``pycocotools.COCO``, which the tutorial calls at every start, and the import run in a process of
their own, one after the other. ``--reference-images`` gives pycocotools a smaller survey, as it needs 2 GB a million
pictures, and reckons its time and memory up in proportion; with a million or more that says too little rather than too
much, as its time grows faster than its survey.

Crops are not cut but made in the database, one for every picture with an animal, as the steps before would take days.
Every question is asked by the functions that the program asks it with, of a project that was opened for it, so that
nothing is in SQLite's own memory yet; times are those on the clock of the first and of the fastest of ``--rounds``.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import print_json, table
from benchmarks.dataset_import import COCO, IMPORT, in_process, write_survey
from camtrap_gui.jobs import Progress
from camtrap_gui.project import Project, browse, crops, images
from camtrap_gui.project.browse import Filter
from camtrap_gui.splits import balanced
from camtrap_gui.steps import stats

PAGE = 200
FRAMES = (1, 3, 3, 3, 3, 3, 3)
"""How long sequences are, all equally often: on average 2.7 pictures, as in Snapshot Serengeti."""
FILTERS = {
    "location": Filter(location="C07"),
    "species": Filter(species="species07"),
    "a month": Filter(since="2012-03-01", until="2012-03-31"),
    "unlabelled": Filter(state="unlabelled"),
    "text": Filter(text="PICT00000"),
    "location and species": Filter(location="C07", species="species07"),
}
MAKE_CROPS = """
    INSERT INTO crops (image_id, species_id, location, split, file, "left", top, "right", bottom, sha256)
    SELECT images.id, labels.species_id, locations.name,
           CASE WHEN locations.id % 20 < 13 THEN 'train' WHEN locations.id % 20 < 16 THEN 'val' ELSE 'test' END,
           'animal/' || printf('%08d', images.id) || '.jpg', 100, 100, 500, 400, hex(randomblob(32))
    FROM images JOIN locations ON locations.id = location_id
    JOIN labels ON labels.image_id = images.id AND labels.species_id = (
        SELECT min(species_id) FROM labels AS one WHERE one.image_id = images.id)
    WHERE ?1 OR labels.species_id != (SELECT id FROM species WHERE name = 'empty')
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument(
        "--reference-images", type=int, default=0, help="0: as many; they need 2 GB a million"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of every question")
    parser.add_argument("--every-crop", action="store_true", help="a crop of the empty pictures as well")
    parser.add_argument("--folder", type=Path, help="where to have room: 1.5 GB a million pictures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        folder = Path(made)
        figures = bring_in(folder, options.images, options.reference_images or options.images)
        figures |= ask(folder / "project", options.rounds, options.every_crop)
    print_json({"images": options.images, **figures})


def bring_in(folder: Path, count: int, reference: int) -> dict[str, Any]:
    """Import a survey, and have pycocotools load one of ``reference`` pictures; ratios of times and of peak memory."""
    rows: list[tuple[object, ...]] = []
    found: dict[str, list[float]] = {}
    for name, code, size in (("COCO(...)", COCO, reference), ("import", IMPORT, count)):
        survey = folder / "survey.json"
        write_survey(survey, size, frames=FRAMES)
        seconds, cpu, peak = in_process(code, survey, folder / "project")
        found[name] = [part * count / size for part in (seconds, cpu, peak)]
        rows.append((f"{name} of {size:,}", seconds, cpu, peak))
    if reference != count:
        rows.append((f"COCO(...) in proportion of {count:,}", *found["COCO(...)"]))
    ratios = [one / other for one, other in zip(found["import"], found["COCO(...)"], strict=True)]
    print(table(("", "seconds", "CPU seconds", "peak MB"), [*rows, ("ratio", *ratios)]))
    database = (folder / "project" / "project.sqlite").stat().st_size
    sizes = {"json_bytes_per_image": survey.stat().st_size / count, "bytes_per_image": database / count}
    survey.unlink()
    print(
        f"\nThe JSON has {sizes['json_bytes_per_image']:.0f} bytes a picture, the project {database / count:.0f}.\n"
    )
    return {
        "reference_images": reference,
        "import_seconds": found["import"][0],
        "import_peak_mb": found["import"][2],
        "time_ratio": ratios[0],
        "cpu_ratio": ratios[1],
        "memory_ratio": ratios[2],
        **sizes,
    }


def ask(folder: Path, rounds: int, every_crop: bool) -> dict[str, float]:
    """Seconds of every question; prints the first time and the least."""
    start = time.perf_counter()
    with Project.open(folder) as project, project.write() as db:
        db.execute(MAKE_CROPS, (every_crop,))
        number = db.execute("SELECT count(*) FROM crops").fetchone()[0]
    print(f"{number:,} crops were made in {time.perf_counter() - start:.1f} s.\n")
    with Project.open(folder) as project:
        asked = questions(project.db.execute("SELECT max(id) / 2 FROM images").fetchone()[0])
    rows = []
    for name, answer in asked.items():
        times = [once(folder, answer, name.startswith("reopen")) for _ in range(rounds)]
        rows.append((name, 1000 * times[0], 1000 * min(times)))
    print(table(("", "first ms", "least ms"), rows))
    return {"crops": number, **{f"{name} ms": least for name, _, least in rows}}


def once(folder: Path, answer: Callable[[Project], object], with_opening: bool) -> float:
    """The seconds that a question takes in a project that was opened for it."""
    start = time.perf_counter()
    with Project.open(folder) as project:
        opened = time.perf_counter()
        answer(project)
        now = time.perf_counter()
    return now - (start if with_opening else opened)


def questions(middle: int) -> dict[str, Callable[[Project], object]]:
    """What is asked of a project, by what the table calls it. ``middle`` is the id of a picture there."""
    asked: dict[str, Callable[[Project], object]] = {
        "reopen and first page": lambda project: images.page(project, size=PAGE),
        f"page of {PAGE} by key": lambda project: images.page(project, middle, PAGE),
        "number of pictures": images.count,
        f"page of {PAGE} rows of a list": lambda project: browse.rows(project, range(5_000, 5_000 + PAGE)),
        "pictures of every species": images.images_per_species,
        "crops of every class, by split": crops.counts,
        "stats": lambda project: stats.run(project, stats.Options(), _quiet),
        "locations of every class, by split": crops.location_counts,
        "crops at every location": crops.counts_at_locations,
        "location keys": images.location_keys,
        "balanced split": split,
    }
    for name, chosen in FILTERS.items():
        asked[f"filter by {name}"] = lambda project, chosen=chosen: browse.ids(project, chosen)  # type: ignore[misc]
    return asked


def split(project: Project) -> object:
    """Deal the sites out to train, val and test by the crops at each, which are counted, as the crop step does."""
    counted = project.db.execute(
        "SELECT location, species_id, count(*) FROM crops GROUP BY location, species_id"
    ).fetchall()
    locations, places = np.unique([row[0] for row in counted], return_inverse=True)
    species, columns = np.unique([row[1] for row in counted], return_inverse=True)
    counts = np.zeros((len(locations), len(species)), np.int64)
    counts[places, columns] = [row[2] for row in counted]
    return balanced(counts, (0.65, 0.15, 0.2))


def _quiet(_: Progress) -> None:
    pass


if __name__ == "__main__":
    main()
