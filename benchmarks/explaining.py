"""Explaining one prediction, against only making it, and finding the training crops most like it, against bare NumPy.

The network has random weights, which take as long as any. The features lie in a file, as those of a project do; bare
NumPy has them ready in memory as float32 of length 1, four bytes for each where the file has two.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common import Stopwatch, print_json, table
from camtrap_gui.models.classifiers import Classifier, backbones, explaining
from camtrap_gui.models.classifiers.nearest import nearest

COUNT = 20


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--crops", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    watches = [*prediction(options.rounds, random), *likeness(options.crops, options.rounds, random)]
    rows = [
        (one.name, 1000 / one.rate, 1000 * one.cost, one.times(watches[n - n % 2]))
        for n, one in enumerate(watches)
    ]
    print(table(("", "ms", "processor ms", "times as fast"), rows))
    print_json(
        {
            "crops": options.crops,
            "explaining_to_predicting": 1 / watches[1].times(watches[0]),
            "finding_to_numpy": 1 / watches[3].times(watches[2]),
        }
    )


def prediction(rounds: int, random: np.random.Generator) -> list[Stopwatch]:
    backbone = backbones.usual()
    classes = tuple(f"species {number}" for number in range(20))
    model = backbones.network(backbone, len(classes), backbone.input_size)
    classifier = Classifier(model, classes, backbone.name, backbone.input_size, 1.3)
    crop = Image.fromarray(random.integers(0, 255, (400, 400, 3), np.uint8))
    predicting, looking = Stopwatch("predict one crop"), Stopwatch("explain it")
    for number in range(rounds + 1):
        for watch, work in (
            (predicting, lambda: classifier.predict([crop])),
            (looking, lambda: explaining.explain(classifier, crop, classes[3])),
        ):
            if number == 0:
                work()  # the first one builds what the others use
                continue
            with watch.round(1):
                work()
    return [predicting, looking]


def likeness(crops: int, rounds: int, random: np.random.Generator) -> list[Stopwatch]:
    width = backbones.usual().features
    bare, finding = Stopwatch("NumPy, in memory"), Stopwatch("find the crops most like it")
    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / "vectors.f16"
        vectors = random.standard_normal((crops, width), np.float32)
        vectors.astype(np.float16).tofile(file)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        stored = np.memmap(file, np.float16, "r", shape=vectors.shape)
        rows = random.permutation(crops)
        for _ in range(rounds):
            wanted = random.standard_normal(width, np.float32)
            with bare.round(1):
                best = np.argsort(-(vectors @ (wanted / np.linalg.norm(wanted))))[:COUNT]
            with finding.round(1):
                places, _likeness = nearest(stored, rows, wanted, COUNT)
            assert len(set(rows[places]) & set(best)) >= COUNT - 2
        del stored
    return [bare, finding]


if __name__ == "__main__":
    main()
