"""Retraining on corrections: 500 corrections on 50,000 stored crops become a candidate that is compared.

    python -m benchmarks.retrain [--crops 50000] [--corrections 500]

Features are random clusters of the real width, one for each of 20 species, blurred and shifted by camera, and stored as
if the backbone had been at work; no picture is read. The command line is run in fresh processes: a first training with
some labels wrong, then, these corrected, another training and the comparison of the two. All times have the first
training of the same crops as the unit.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Stopwatch, print_json, table
from camtrap_gui.models.classifiers import backbones, features
from camtrap_gui.project import Project, corrections, decisions, runs
from camtrap_gui.project.decisions import Said

SPECIES, CAMERAS = 20, 200
SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}


def main() -> None:
    """Make the project, train, correct, train again, compare; print a table and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--crops", type=int, default=50_000)
    parser.add_argument("--corrections", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "survey"
        with Project.create(path) as project:
            truth, wrong = _fill(project, given.crops, given.corrections)
        first, again, compared = (Stopwatch(name) for name in ("first", "candidate", "comparison"))
        _run(first, "train", path)
        with Project.open(path) as project:
            correct = Stopwatch("correct")
            with correct.round(len(wrong)):
                _correct(project, truth, wrong)
            counted = corrections.corrections(project, runs.current(project))
        _run(again, "train", path, "--candidate")
        said = _run(compared, "compare", path)
    one, two, three = (watch.seconds[0] for watch in (first, again, compared))
    rows = [
        ("first training", one, 1.0),
        (f"{counted:,} corrections made", correct.seconds[0], correct.seconds[0] / one),
        ("candidate trained", two, two / one),
        ("compared", three, three / one),
        ("corrections to compared candidate", two + three, (two + three) / one),
    ]
    print(said)
    print(table((f"{given.crops:,} crops", "seconds", "first = 1"), rows))
    print_json(
        {
            "crops": given.crops,
            "corrections": counted,
            "first_s": one,
            "candidate_s": two,
            "comparison_s": three,
            "candidate_and_comparison_over_first": (two + three) / one,
        }
    )


def _run(watch: Stopwatch, step: str, folder: Path, *options: str) -> str:
    with watch.round(1):
        done = subprocess.run(
            [sys.executable, "-m", "camtrap_gui", step, str(folder), *options], capture_output=True, text=True
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def _fill(project: Project, count: int, wrong: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Crops with stored features; returns each crop's species and the crops whose label is another one."""
    random = np.random.default_rng(0)
    backbone = backbones.usual()
    splits = np.repeat(list(SHARES), [round(CAMERAS * share) for share in SHARES.values()])
    camera = random.integers(0, CAMERAS, count)
    truth = random.integers(0, SPECIES, count)
    label = truth.copy()
    mislabelled = random.choice(np.flatnonzero(splits[camera] == "train"), wrong, replace=False)
    label[mislabelled] = (truth[mislabelled] + random.integers(1, SPECIES, wrong)) % SPECIES
    sha256s = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/pictures')")
        db.executemany(
            "INSERT INTO species (id, name, position) VALUES (?, ?, ?)",
            [(number + 1, f"species {number:02}", number) for number in range(SPECIES)],
        )
        db.executemany(
            "INSERT INTO images (id, key, root_id, path) VALUES (?, ?, 1, ?)",
            ((number + 1, str(number), f"{number}.jpg") for number in range(count)),
        )
        db.executemany(
            "INSERT INTO labels (image_id, species_id) VALUES (?, ?)",
            ((number + 1, int(label[number]) + 1) for number in range(count)),
        )
        db.executemany(
            "INSERT INTO crops (id, image_id, species_id, location, split, file, left, top, right, bottom, sha256)"
            " VALUES (?, ?, ?, ?, ?, ?, 0, 0, 300, 300, ?)",
            (
                (
                    number + 1,
                    number + 1,
                    int(label[number]) + 1,
                    f"camera {camera[number]:03}",
                    splits[camera[number]],
                    f"{number}.jpg",
                    sha256s[number],
                )
                for number in range(count)
            ),
        )
    centres = random.normal(0, 0.12, (SPECIES, backbone.features))
    shifts = random.normal(0, 0.25, (CAMERAS, backbone.features))
    store = features.store_of(project.folder, backbone)
    for first in range(0, count, 5_000):
        some = slice(first, first + 5_000)
        noise = random.normal(0, 1, (len(truth[some]), backbone.features))
        store.add(sha256s[some], np.maximum(0, 0.5 + centres[truth[some]] + shifts[camera[some]] + noise))
    return truth, mislabelled


def _correct(project: Project, truth: NDArray[np.int64], wrong: NDArray[np.int64]) -> None:
    """Say what they really are, one decision for each species."""
    images = defaultdict(list)
    for number in wrong.tolist():
        images[int(truth[number])].append(number + 1)
    for species, image_ids in images.items():
        decisions.label(project, image_ids, [Said(f"species {species:02}")])


if __name__ == "__main__":
    main()
