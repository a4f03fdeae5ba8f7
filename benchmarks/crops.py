"""Crops and TFRecords against the way of the tutorial: one box at a time, the crop saved, read again, decoded again.

Pictures of 2048 x 1536 with one to four boxes each. The tutorial's script opens and decodes the picture anew for every
box, saves the crop, reads the file back, decodes it to validate it and writes the Example; "one decode" is the same with
the picture decoded once for all its boxes, to tell what threads alone bring. Both write their Examples with this
program's writer, which does not need TensorFlow, and skip planning, the split and the JSON files, all of which the
``crop`` step is timed with, as a user waits for it. The step saves with JPEG quality 95, the tutorial with 75, which is
less work; "the step again" is a second run in which nothing has changed.
"""

import argparse
import hashlib
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common import Stopwatch, print_json, table
from benchmarks.detection import SIZE, TESTDATA, make_pictures
from camtrap_gui.formats import tfrecords
from camtrap_gui.geometry import Box, crop_window
from camtrap_gui.project import Project, detections
from camtrap_gui.steps import crop

Boxes = dict[Path, list[Box]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--source", type=Path, default=TESTDATA / "images" / "serengeti")
    options = parser.parse_args()
    if not options.source.is_dir():
        parser.exit(2, f"There are no pictures in {options.source}.\n")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.source, options.pictures, options.rounds)


def measure(folder: Path, source: Path, pictures: int, rounds: int) -> None:
    """Make the pictures, let the contenders take turns, print the table."""
    chance = random.Random(0)
    boxes = {path: make_boxes(chance) for path in make_pictures(source, folder / "pictures", pictures)}
    tutorial, once = Stopwatch("tutorial's way"), Stopwatch("one decode a picture")
    step, again = Stopwatch("the step"), Stopwatch("the step again")
    paths = list(boxes)
    for turn in range(rounds):
        share = {path: boxes[path] for path in paths[turn::rounds]}
        amount = sum(map(len, share.values()))
        with tutorial.round(amount):
            one_by_one(folder / f"{turn}-tutorial", share, decode_once=False)
        with once.round(amount):
            one_by_one(folder / f"{turn}-once", share, decode_once=True)
        with make_project(folder / f"{turn}-step", share) as project:
            with step.round(amount):
                made = crop.run(project, crop.Options(), lambda _: None)
            with again.round(amount):
                crop.run(project, crop.Options(), lambda _: None)
            assert sum(made.crops.values()) == amount
    watches = (tutorial, once, step, again)
    rows = [(each.name, each.rate, 1000 * each.cost, each.times(tutorial)) for each in watches]
    print(f"{pictures} pictures of {SIZE[0]} x {SIZE[1]}, {sum(map(len, boxes.values()))} crops")
    print(table(("", "crops/s", "processor ms", "x tutorial"), rows))
    print_json(
        {
            "benchmark": "crops",
            "pictures": pictures,
            "crops": sum(map(len, boxes.values())),
            "tutorial_per_s": tutorial.rate,
            "step_per_s": step.rate,
            "times_tutorial": step.times(tutorial),
            "times_one_decode": step.times(once),
            "processor_times_tutorial": tutorial.cost / step.cost,
            "again_times_tutorial": again.times(tutorial),
        }
    )


def make_boxes(chance: random.Random) -> list[Box]:
    """One to four boxes; animals from a bird in the grass to a zebra at arm's length."""
    sides = [(chance.uniform(0.04, 0.35), chance.uniform(0.05, 0.4)) for _ in range(chance.randint(1, 4))]
    return [(chance.uniform(0, 1 - w), chance.uniform(0, 1 - h), w, h) for w, h in sides]


def one_by_one(folder: Path, boxes: Boxes, decode_once: bool) -> None:
    """The tutorial's loop."""
    tfrecords.write_shards(folder / "records", "train", _examples(folder / "crops", boxes, decode_once))


def _examples(folder: Path, boxes: Boxes, decode_once: bool) -> Iterator[bytes]:
    folder.mkdir(parents=True)
    number = 0
    for path, some in boxes.items():
        if decode_once:
            picture = np.array(Image.open(path))
        for place, box in enumerate(some):
            if not decode_once:
                picture = np.array(Image.open(path))
            left, top, right, bottom = crop_window(box, SIZE)
            file = folder / f"{path.stem}_{place}.jpg"
            Image.fromarray(picture[top:bottom, left:right]).save(file)
            data = file.read_bytes()
            with Image.open(file) as validated:
                height, width, channels = np.array(validated).shape
            assert channels == 3
            digest = hashlib.sha256(data).hexdigest()
            yield tfrecords.example(
                tfrecords.Picture(data, width, height, digest, number, str(file), 1, "lion")
            )
            number += 1


class Detector:
    name, kind, sha256, typical_threshold, conservative_threshold = "boxes", "benchmark", "-", 0.5, 0.1


class Detection:
    category, confidence = "animal", 0.9

    def __init__(self, box: Box) -> None:
        self.x, self.y, self.width, self.height = box


def make_project(folder: Path, boxes: Boxes) -> Project:
    """A project in which every picture has a species, a location and its boxes."""
    project = Project.create(folder)
    detector = detections.register(project, Detector())
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, ?)", (str(next(iter(boxes)).parent),))
        db.executemany("INSERT INTO locations (name) VALUES (?)", [(f"site {n}",) for n in range(8)])
        db.executemany("INSERT INTO species (name, position) VALUES (?, ?)", [("empty", 0), ("lion", 1)])
        for number, path in enumerate(boxes, 1):
            db.execute(
                "INSERT INTO images (key, root_id, path, location_id) VALUES (?, 1, ?, ?)",
                (path.name, path.name, 1 + number % 8),
            )
            db.execute("INSERT INTO labels (image_id, species_id) VALUES (?, 2)", (number,))
    found: Sequence[list[Box]] = list(boxes.values())
    detections.add(
        project,
        detector,
        [detections.Seen(number, [Detection(box) for box in some]) for number, some in enumerate(found, 1)],
    )
    return project


if __name__ == "__main__":
    main()
