"""What every step needs for a thousand, a hundred thousand and a million pictures: memory should hardly grow, time no
faster than the survey.

    python -m benchmarks.flat_memory [--images 1000 100000 1000000] [--only detect crop ...] [--folder ROOM]

A survey of the shape of Snapshot Serengeti is generated and imported for each size (see ``benchmarks.dataset_import``);
what comes later in the road is made in the database (``benchmarks.flat_projects``). Every step runs in a process of its
own (``benchmarks.flat_steps``), on a copy of that project. Pictures are links to a few small files, and quick stand-ins
look at them in place of networks: what a network needs for a picture does not depend on how many there are.

Peak memory is the most that the process had in use at any time (VmHWM), with that of the largest process it started.
"Private" leaves out files that are mapped into memory, which the system takes back when it needs room. Bytes for each
picture are what the two largest sizes differ by. A million pictures take up to 12 GB of disk at a time, the steps all
together about two hours.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import flat_projects
from benchmarks.common import print_json, table

CHAINS = (
    ("detect",),
    ("shards", "merge"),
    ("static",),
    ("crop-plan",),
    ("crop", "crop-again"),
    ("stats",),
    ("train",),
    ("evaluate",),
    ("sample",),
    ("review",),
    ("queues",),
    ("window-counts",),
    ("smoothing",),
    ("accept",),
    ("share-megadetector", "results"),
    ("share-camtrap-dp",),
    ("share-coco-camera-traps",),
    ("share-csv",),
    ("share-xlsx",),
    ("share-coco",),
    ("share-yolo",),
    ("share-species-folders",),
    ("labels-export", "labels-import", "labels-undo"),
    ("predict",),
)
"""Steps; those of a line follow each other in one project."""

Figures = dict[str, float]


def main() -> None:
    """Measure, print the tables."""
    every = [name for chain in CHAINS for name in chain]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--only", nargs="+", choices=["import", *every], help="these, and what they need")
    parser.add_argument("--leave-out", nargs="+", choices=every, default=[], help="all but these")
    parser.add_argument("--folder", type=Path, help="where to have room: 12 GB for a million pictures")
    given = parser.parse_args()
    wanted = [name for name in given.only or ["import", *every] if name not in given.leave_out]
    found: dict[str, dict[int, Figures]] = {name: {} for name in wanted}
    for size in sorted(given.images):
        with tempfile.TemporaryDirectory(dir=given.folder, prefix="flat-memory-") as made:
            for name, figures in measured(Path(made), size, wanted):
                if name in found:
                    found[name][size] = figures
                    print(f"{size:,} {name}: {figures}", file=sys.stderr, flush=True)
    print(report(found, sorted(given.images)))
    print_json({"steps": found})


def measured(folder: Path, size: int, wanted: Sequence[str]) -> "Any":
    """Name and figures of every step that is wanted, and of those before it."""
    survey = flat_projects.make(folder, size)
    yield "import", survey
    for chain in CHAINS:
        last = max((place for place, name in enumerate(chain) if name in wanted), default=-1)
        if last < 0:
            continue
        own = folder / chain[0]
        shutil.copytree(folder / "project", own / "project")
        try:
            for name in chain[: last + 1]:
                yield name, in_process(name, own, folder / "pictures")
        finally:
            shutil.rmtree(own, ignore_errors=True)


def in_process(name: str, own: Path, pictures: Path) -> Figures:
    """Carry out a step in a fresh process; what it took."""
    command = [sys.executable, "-m", "benchmarks.flat_steps", name, str(own), str(pictures)]
    for phase in ("prepare", "run"):
        done = subprocess.run([*command, phase], stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"{name} did not work.")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def report(found: dict[str, dict[int, Figures]], sizes: Sequence[int]) -> str:
    """Two tables: peak memory and time."""
    named = [f"{size:,}" for size in sizes]
    memory, time = [], []
    for name, by_size in found.items():
        peaks = [by_size[size]["peak_mb"] for size in sizes]
        private = by_size[sizes[-1]].get("private_mb", peaks[-1])
        each: list[object] = [""]
        if len(sizes) > 1:
            each = [1e6 * (peaks[-1] - peaks[-2]) / (sizes[-1] - sizes[-2])]
        memory.append((name, *peaks, private, *each))
        time.append((name, *(1e6 * by_size[size]["seconds"] / size for size in sizes)))
    return "\n\n".join(
        (
            table(("peak MB", *named, "private", "bytes a picture"), memory),
            table(("microseconds a picture", *named), time),
        )
    )


if __name__ == "__main__":
    main()
