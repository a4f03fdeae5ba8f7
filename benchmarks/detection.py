"""Detection against the way of the tutorial: one picture at a time, decoded with Pillow, then a TensorFlow session.

All run the same weights on the same pictures of 2048 x 1536, in turns: the tutorial's way with the frozen graph, and the
``detect`` step with the default detector and with every kind of detector file. Each network is loaded and has seen
pictures before its time begins; what is timed is all the rest of the step, from the first picture opened to the last row
written. Boxes are the same when IoU >= 0.95 and the confidence differs by no more than 0.02. How good they are says
``benchmarks.detection_quality``.
"""

import argparse
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.common import Stopwatch, now, print_json, table
from camtrap_gui.geometry import iou
from camtrap_gui.jobs import Progress
from camtrap_gui.models import detectors, processor
from camtrap_gui.pictures import read_upright
from camtrap_gui.project import Project, detections
from camtrap_gui.steps import detect

TESTDATA = Path(__file__).parent.parent.parent / "shared" / "testdata"
SIZE = (2048, 1536)
SURE = 0.25

Boxes = list[tuple[float, tuple[float, float, float, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--source", type=Path, default=TESTDATA / "images" / "serengeti")
    parser.add_argument("--graph", type=Path, default=TESTDATA / "models" / "mdlite_tfod_frozen.pb")
    parser.add_argument("--float32", action="store_true", help="as on a processor without bfloat16")
    options = parser.parse_args()
    if options.float32:
        processor.has_bfloat16 = lambda: False
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not options.source.is_dir() or not options.graph.is_file():
        parser.exit(2, f"There are no pictures in {options.source}, or no graph {options.graph}.\n")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.source, options.graph, options.pictures, options.rounds)


def measure(folder: Path, source: Path, graph: Path, pictures: int, rounds: int) -> None:
    """Make the pictures, let the contenders take turns, print the table."""
    from benchmarks import detector_kinds

    paths = list(make_pictures(source, folder / "pictures", pictures))
    tutorial, reference = Stopwatch("tutorial's way"), Tutorial(graph)
    steps = {
        name: Stopwatch(f"detect, {kind}") for kind, name in detector_kinds.install(folder, graph).items()
    }
    alone = {name: Stopwatch(f"{watch.name}, network alone") for name, watch in steps.items()}
    wanted: dict[str, Boxes] = {}
    found: dict[str, dict[str, Boxes]] = {name: {} for name in steps}
    reference.detect(paths[0])
    for turn in range(rounds):
        share = paths[turn::rounds]
        with tutorial.round(len(share)):
            wanted |= {path.name: reference.detect(path) for path in share}
        for name, watch in steps.items():
            network_alone(name, share, alone[name])
            found[name] |= run_step(folder / f"{turn}-{watch.name}", share, name, watch)
    report(tutorial, steps, alone, {name: same_boxes(wanted, found[name]) for name in steps}, pictures)


def report(
    tutorial: Stopwatch,
    steps: dict[str, Stopwatch],
    alone: dict[str, Stopwatch],
    same: dict[str, tuple[int, int]],
    pictures: int,
) -> None:
    rows: list[tuple[object, ...]] = [(tutorial.name, tutorial.rate, 1000 * tutorial.cost, 1.0, "", "")]
    figures: dict[str, object] = {
        "benchmark": "detection",
        "pictures": pictures,
        "tutorial_per_s": tutorial.rate,
    }
    for name, watch in steps.items():
        agreeing, boxes = same[name]
        ratio, share = watch.times(tutorial), watch.rate / alone[name].rate
        rows.append((watch.name, watch.rate, 1000 * watch.cost, ratio, share, f"{agreeing} of {boxes}"))
        figures[name.replace("-", "_")] = {
            "per_s": watch.rate,
            "times_tutorial": ratio,
            "processor_times_tutorial": tutorial.cost / watch.cost,
            "of_network_alone": share,
            "boxes": boxes,
            "same_boxes": agreeing,
        }
    header = ("", "pictures/s", "processor ms", "x tutorial", "of network alone", f"same boxes >= {SURE}")
    print(table(header, rows))
    print_json(figures)


def make_pictures(source: Path, folder: Path, count: int) -> Iterator[Path]:
    """``count`` JPEG files of SIZE: the source's pictures, scaled, mirrored, shifted and lit differently."""
    from PIL import Image, ImageEnhance, ImageOps

    folder.mkdir(parents=True)
    chance = random.Random(0)
    originals = sorted(path for path in source.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
    for number in range(count):
        picture = read_upright(originals[number % len(originals)])
        zoom = chance.uniform(1.0, 1.15)
        picture = ImageOps.fit(
            picture,
            (round(SIZE[0] * zoom), round(SIZE[1] * zoom)),
            Image.Resampling.BICUBIC,
            centering=(chance.random(), chance.random()),
        )
        left, top = (chance.randint(0, have - want) for have, want in zip(picture.size, SIZE, strict=True))
        picture = picture.crop((left, top, left + SIZE[0], top + SIZE[1]))
        if chance.random() < 0.5:
            picture = ImageOps.mirror(picture)
        picture = ImageEnhance.Brightness(picture).enhance(chance.uniform(0.8, 1.2))
        path = folder / f"{number:05}.jpg"
        picture.save(path, quality=85)
        yield path


class Tutorial:
    """The detector of ``make_classification_dataset.py``: a session, one picture at a time, fed as it is decoded."""

    def __init__(self, graph: Path) -> None:
        import tensorflow.compat.v1 as tf

        definition = tf.GraphDef()
        definition.ParseFromString(graph.read_bytes())
        with tf.Graph().as_default() as own:
            tf.import_graph_def(definition, name="")
            self._session = tf.Session(graph=own)

    def detect(self, path: Path) -> Boxes:
        import numpy as np
        from PIL import Image

        picture = np.array(Image.open(path))
        boxes, scores = self._session.run(
            ("detection_boxes:0", "detection_scores:0"), {"image_tensor:0": picture[None]}
        )
        return [
            (float(score), (float(left), float(top), float(right - left), float(bottom - top)))
            for (top, left, bottom, right), score in zip(boxes[0], scores[0], strict=True)
            if score >= SURE / 5
        ]


def run_step(folder: Path, paths: Sequence[Path], detector: str, watch: Stopwatch) -> dict[str, Boxes]:
    """The step on a project of its own, with a detector that is warm."""
    times: list[tuple[float, float]] = []

    def listen(progress: Progress) -> None:
        if progress.phase == "Detecting":
            times.append(now())

    with Project.create(folder) as project:
        with project.write() as db:
            db.execute("INSERT INTO roots (id, path) VALUES (1, ?)", (str(paths[0].parent),))
            db.executemany(
                "INSERT INTO images (key, root_id, path) VALUES (?, 1, ?)",
                [(path.name, path.name) for path in paths],
            )
        detect.run(project, detect.Options(detector=detector), listen)
        watch.add(len(paths), *(end - start for start, end in zip(times[0], times[-1], strict=True)))
        latest = detections.latest_detector(project)
        assert latest is not None
        return {
            path.name: [
                (d.confidence, (d.x, d.y, d.width, d.height))
                for d in detections.of_image(project, number, latest.id)
            ]
            for number, path in enumerate(paths, 1)
        }


def network_alone(name: str, paths: Sequence[Path], watch: Stopwatch) -> None:
    """How fast the network is when all pictures are ready."""
    detector = detectors.load(name)
    prepared = [detector.prepare(read_upright(path, detector.at_least)) for path in paths[:24]]
    detector.detect(prepared[:4])
    with watch.round(len(prepared)):
        detector.detect(prepared)


def same_boxes(wanted: dict[str, Boxes], found: dict[str, Boxes]) -> tuple[int, int]:
    """How many of the tutorial's sure boxes the other way finds the same, and how many there are."""
    agreeing = boxes = 0
    for name, some in wanted.items():
        for confidence, box in some:
            if confidence >= SURE:
                boxes += 1
                agreeing += any(
                    iou(box, other) >= 0.95 and abs(sure - confidence) <= 0.02 for sure, other in found[name]
                )
    return agreeing, boxes


if __name__ == "__main__":
    main()
