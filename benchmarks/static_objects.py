"""Finding static objects among a million detections, against comparing each box of a camera with each.

The survey is generated: cameras take bursts of three for a year, animals walk along a path (their boxes gather there),
and some cameras have things that a detector takes for animals in most of their pictures. One camera is the worst case:
a thing in every picture of a time lapse. "Each with each" is one row of IoUs per box, for the boxes of one camera at a
time, and only counts the boxes that repeat; it is asked for a few cameras, as it takes too long for all. The ratio is
of the same cameras.
"""

import argparse
import sqlite3
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.common import Stopwatch, print_json, table
from camtrap_gui.project import Project, repeats, static_objects
from camtrap_gui.project.static_rules import Rules

CAMERAS = 200
FRAMES = 3
WORST = 0.05  # share of all detections that the one thing in the time lapse has


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--detections", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "survey") as project:
        things = fill(project, options.detections)
        measure(project, options.detections, things, options.rounds)


def measure(project: Project, count: int, things: int, rounds: int) -> None:
    """Let both take turns, print the table and whether the things were found."""
    rules = Rules()
    found = []
    whole, alike, each = (
        Stopwatch("find, all cameras"),
        Stopwatch("find, boxes only"),
        Stopwatch("each with each"),
    )
    sample = [boxes_of(project, camera) for camera in range(2, CAMERAS, CAMERAS // 5)]
    units = sum(map(len, sample))
    for _ in range(rounds):
        with whole.round(count):
            found = static_objects.find(project, rules)
        with alike.round(units):
            for boxes in sample:
                list(repeats.groups(boxes, rules.iou, rules.occurrences, lambda _: True))
        with each.round(units):
            for boxes in sample:
                for box in boxes:
                    np.count_nonzero(repeats.ious(box, boxes) >= rules.iou)
    seconds = whole.seconds[-1]
    rows = [
        (one.name, f"{one.rate:,.0f}", one.times(each) if one is not whole else "")
        for one in (whole, alike, each)
    ]
    print(table(("", "detections/s", "times as fast"), rows))
    print(
        f"{count:,} detections at {CAMERAS} cameras: {seconds:.1f} s; {len(found)} places found, {things} things made"
    )
    print_json({"detections": count, "ratio": alike.times(each), "places": len(found), "things": things})


def boxes_of(project: Project, camera: int) -> np.ndarray:
    """The boxes of one camera as [N, 4]."""
    rows = project.db.execute(
        "SELECT x, y, detections.width, detections.height FROM images JOIN detections ON image_id = images.id"
        " WHERE location_id = ?",
        (camera,),
    )
    return np.array([tuple(row) for row in rows], float)


def fill(project: Project, count: int, seed: int = 0) -> int:
    """Make the survey; how many things there are to be found."""
    chance = np.random.default_rng(seed)
    things = 0
    with project.write() as db:
        db.execute("INSERT INTO roots (path) VALUES ('pictures')")
        db.execute(
            "INSERT INTO detectors (sha256, name, kind, typical_threshold, conservative_threshold, used)"
            " VALUES ('0', 'generated', 'none', 0.2, 0.05, '2024')"
        )
        for camera in range(1, CAMERAS + 1):
            db.execute("INSERT INTO locations (name) VALUES (?)", (f"C{camera:03}",))
            worst = camera == 1
            share = WORST if worst else (1 - WORST) / (CAMERAS - 1)
            many = round(count * share)
            spots = [0.95] if worst else [0.2, 0.1] if camera % 3 == 0 else []
            things += len(spots)
            write_camera(db, camera, boxes(chance, many, spots), chance)
    return things


def boxes(chance: np.random.Generator, many: int, spots: list[float]) -> np.ndarray:
    """``many`` boxes: animals along a path, and for each spot a thing that is this share of them."""
    along = chance.random(many)
    size = chance.lognormal(np.log(0.15), 0.4, many).clip(0.02, 0.6)
    shape = chance.normal(0.7, 0.1, many).clip(0.3, 1.2)
    made = np.column_stack(
        [along - size / 2, 0.55 + chance.normal(0, 0.03, many) - size * shape / 2, size, size * shape]
    )
    which = chance.random(many)
    start = 0.0
    for spot in spots:
        at = chance.uniform([0.1, 0.1, 0.05, 0.05], [0.7, 0.7, 0.2, 0.2])
        here = (which >= start) & (which < start + spot)
        made[here] = at + chance.normal(0, 0.01, (here.sum(), 4)) * at[[2, 3, 2, 3]]
        start += spot
    return made


def write_camera(db: sqlite3.Connection, camera: int, made: np.ndarray, chance: np.random.Generator) -> None:
    """One picture per detection, in bursts, over a year."""
    first = db.execute("SELECT coalesce(max(id), 0) + 1 FROM images").fetchone()[0]
    burst = np.arange(len(made)) // FRAMES
    seconds = burst * (365 * 86_400 // (burst[-1] + 1)) + np.arange(len(made)) % FRAMES
    days = np.datetime64("2023-01-01T00:00:00") + seconds.astype("timedelta64[s]")
    db.executemany(
        "INSERT INTO sequences (id, root_id, name) VALUES (?, 1, ?)",
        [(first + int(b) * FRAMES, f"{camera}-{b}") for b in np.unique(burst)],
    )
    db.executemany(
        "INSERT INTO images (id, key, root_id, path, location_id, sequence_id, taken)"
        " VALUES (?1, ?1, 1, ?1, ?2, ?3, ?4)",
        [
            (first + place, camera, first + int(burst[place]) * FRAMES, str(taken))
            for place, taken in enumerate(days)
        ],
    )
    sure = chance.uniform(0.1, 1.0, len(made))
    db.executemany(
        "INSERT INTO detections (image_id, detector_id, category, confidence, x, y, width, height)"
        " VALUES (?, 1, 'animal', ?, ?, ?, ?, ?)",
        [(first + place, sure[place], *box) for place, box in enumerate(made.tolist())],
    )


if __name__ == "__main__":
    main()
