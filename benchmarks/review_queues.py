"""How long every review queue takes in a survey of a million images, against one plain query over the same table.

The survey is generated: as ``dataset_import`` writes it, plus a detector that has seen every image (0.9 animals an
image, of which one in 200 was rejected), a suggestion for every animal, a crop of every second labelled image with a
doubt each, of which 15 % disagree, and a tenth of the images reviewed. The plain query, ``SELECT id, location_id FROM
images`` fetched whole, is what any list made of a row per image would cost. Contenders take turns.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.common import Stopwatch, print_json, table
from benchmarks.window_figures import make_large
from camtrap_gui.project import Project, bulk, queues
from camtrap_gui.project.browse import Filter
from camtrap_gui.project.queues import Queue


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_large(Path(folder), options.images)
        with Project.open(Path(folder) / "project") as project:
            suggest(project)
            measure(project, options.rounds)


def suggest(project: Project) -> None:
    """What detectors, the review step and a person leave behind."""
    chance = np.random.default_rng(0)
    every = np.array([row[0] for row in project.db.execute("SELECT id FROM images ORDER BY id")])
    species = [row[0] for row in project.db.execute("SELECT id FROM species")]
    with project.write() as db:
        db.execute("DELETE FROM labels WHERE image_id % 2")
        db.execute("INSERT INTO detectors VALUES (1, 'hash', 'a detector', 'kind', 0.3, 0.05, '2024')")
        columns = {"detector_id": [1] * len(every), "image_id": every.tolist()}
        bulk.insert(db, "INSERT INTO detected", columns)
        animals = np.sort(chance.choice(every, int(0.9 * len(every))))
        count = len(animals)
        bulk.insert(
            db,
            "INSERT INTO detections",
            {
                "image_id": animals.tolist(),
                "detector_id": [1] * count,
                "category": ["animal"] * count,
                "confidence": chance.random(count).tolist(),
                **{side: (chance.random(count) / 2).tolist() for side in ("x", "y", "width", "height")},
            },
        )
        sure = chance.random(count)
        top = [
            f'[["wildebeest",{one:.4f}],["zebra",{one / 2:.4f}],["gazelle",{one / 4:.4f}]]' for one in sure
        ]
        bulk.insert(
            db,
            "INSERT INTO suggestions",
            {
                "detection_id": list(range(1, count + 1)),
                "image_id": animals.tolist(),
                "run_id": ["run"] * count,
                "species_id": chance.choice(species, count).tolist(),
                "confidence": sure.tolist(),
                "margin": chance.random(count).tolist(),
                "top": top,
                "teaches": chance.permutation(count).tolist(),
                "alike": chance.permutation(count).tolist(),
            },
        )
        db.execute(
            "INSERT INTO crops (image_id, species_id, location, split, file, left, top, right, bottom, sha256)"
            " SELECT image_id, species_id, 'L', 'train', 'species/season/location/' || image_id || '_' || species_id,"
            " 0, 0, 9, 9, hex(zeroblob(32)) FROM labels WHERE image_id % 4 = 0"
        )
        db.execute(
            "INSERT INTO doubts (crop_id, image_id, label_id, species_id, given, confidence, score)"
            " SELECT id, image_id, species_id, CASE WHEN abs(random() % 100) < 15 THEN species_id % 50 + 1"
            " ELSE species_id END, 0.2, 0.8, abs(random() % 1000000) / 1e6 FROM crops"
        )
        db.execute("UPDATE images SET reviewed = '2024-05-01T10:00:00+00:00' WHERE id % 10 = 3")
        db.execute("UPDATE detections SET rejected = 1 WHERE id % 200 = 0")
        db.execute("UPDATE images SET flagged = 1 WHERE id % 1000 = 5")


def measure(project: Project, rounds: int) -> None:
    """Let all queues, the counts and the plain query take turns, and print the table."""
    (location,) = project.db.execute("SELECT name FROM locations LIMIT 1").fetchone()
    (commonest,) = project.db.execute(
        "SELECT name FROM species JOIN labels ON species_id = id GROUP BY id ORDER BY count(*) DESC LIMIT 1"
    ).fetchone()
    queues.save_search(project, "mornings", Filter(species=commonest, state="not reviewed"))
    values = {"species": commonest, "location": location, "search": "mornings"}
    plain = Stopwatch("plain query")
    asked = {kind.name: Queue(kind.name, values.get(kind.name, "")) for kind in queues.KINDS}
    watches = {name: Stopwatch(name) for name in (*asked, "counts")}
    lengths = {"counts": ""}
    for _ in range(rounds):
        with plain.round(1):
            project.db.execute("SELECT id, location_id FROM images").fetchall()
        for name, queue in asked.items():
            with watches[name].round(1):
                found = queues.ids(project, queue)
            lengths[name] = f"{len(found):,}"
        with watches["counts"].round(1):
            queues.counts(project)
    rows = [
        (
            name,
            lengths.get(name, ""),
            1000 * min(watch.seconds),
            1000 * max(watch.seconds),
            watch.times(plain),
        )
        for name, watch in {**watches, "plain query": plain}.items()
    ]
    print(table(("queue", "images", "ms at best", "processor ms", "times as fast as plain"), rows))
    print_json({name: watch.times(plain) for name, watch in watches.items()})


if __name__ == "__main__":
    main()
