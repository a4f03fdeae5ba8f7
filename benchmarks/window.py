"""How the window feels: when it is there, whether it stutters while a classifier trains, a million images, the next picture.

    python -m benchmarks.window [--images 1000000] [--only start training million pictures drop]

Every figure is taken without a screen in a process of its own, with an empty cache and preferences of its own; beside
it stands what is aimed at. The clock of "start" begins before the process does. Training is that of the program, in its
engine, with the train panel in sight; a delay is how much later than its 16 ms a precise timer fires. The million
images are those of ``benchmarks.dataset_import``, with real files where the benchmark looks. A frame lasts from moving
the scroll bar, or from pressing a key, until the view is painted. A drop lasts from the event until a picture of 2048 ×
1536 pixels is painted with its boxes, by the default detector and a quick model, both loaded before. Nothing else should run meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import print_json, table
from camtrap_gui import paths

FIGURES = ("start", "training", "million", "pictures", "drop")
STARTS = 5
AIMS = {
    "start: window painted, median": (1000, "ms"),
    "start: TensorFlow, matplotlib, OpenVINO loaded": (0, ""),
    "quick: delay p99": (33, "ms"),
    "quick: delay max": (100, "ms"),
    "standard: delay p99": (33, "ms"),
    "standard: delay max": (100, "ms"),
    "million: project opened, dataset panel painted": (3000, "ms"),
    "million: table, frame p95": (16, "ms"),
    "million: grid, frame p95": (16, "ms"),
    "million: filter by location": (300, "ms"),
    "million: filter by species": (300, "ms"),
    "million: filter by commonest label": (300, "ms"),
    "million: filter by state": (300, "ms"),
    "million: filter by text": (300, "ms"),
    "million: peak memory": (1500, "MB"),
    "pictures: next one painted, p95": (100, "ms"),
    "drop: boxes painted, median": (300, "ms"),
    "drop: boxes painted, p95": (300, "ms"),
}
"""What each figure should be at most, on a machine that does nothing else."""

Figures = dict[str, float]


def main() -> None:
    """Take the figures one after the other and print them beside their aims."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1_000_000, help="of the large project")
    parser.add_argument("--crops", type=int, default=600, help="to train on")
    parser.add_argument("--seconds", type=float, default=40, help="to train with each preset, at most")
    parser.add_argument("--frames", type=int, default=300, help="to scroll in table and in grid")
    parser.add_argument("--pictures", type=int, default=24, help="of 12 megapixels to go through")
    parser.add_argument("--drops", type=int, default=24, help="of a picture on the predict panel")
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=FIGURES)
    parser.add_argument("--project", type=Path, help="a large project that is there; otherwise one is made")
    given = parser.parse_args()
    found: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for figure in given.only:
            own = Path(folder) / figure
            found |= take(figure, own, given)
    print(table(("", "found", "aim", ""), rows(found)))
    print_json({"images": given.images, **found})


def take(figure: str, folder: Path, given: argparse.Namespace) -> Figures:
    """The figures of one kind."""
    if figure == "start":
        return starts(folder)
    if figure == "training":
        return in_process("training", folder, given.crops, given.seconds)
    if figure == "million":
        return in_process("million", folder, given.images, given.frames, given.project or "")
    if figure == "drop":
        return in_process("drop", folder, given.drops)
    return in_process("pictures", folder, given.pictures)


def starts(folder: Path) -> Figures:
    """Start the program several times; the first time nothing of it may be in the disk's cache."""
    milliseconds, heavy = [], 0.0
    for turn in range(STARTS):
        started = time.time()
        found = in_process("start", folder / str(turn))
        milliseconds.append(1000 * (found["painted at"] - started))
        heavy = max(heavy, found["heavy"])
    return {
        "start: window painted, first time": milliseconds[0],
        "start: window painted, median": sorted(milliseconds)[STARTS // 2],
        "start: TensorFlow, matplotlib, OpenVINO loaded": heavy,
    }


def in_process(figure: str, folder: Path, *arguments: object) -> Figures:
    """Take a figure in a fresh process whose cache, preferences and logs lie in ``folder``."""
    environment = {
        **os.environ,
        "CAMTRAP_MODELS": str(paths.models()),
        "QT_QPA_PLATFORM": "offscreen",
        **{f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CACHE", "CONFIG", "DATA", "STATE")},
    }
    command = [
        sys.executable, "-m", "benchmarks.window_figures", figure, str(folder), *map(str, arguments)
    ]  # fmt: skip
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"The figure {figure!r} could not be taken.")
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def rows(found: Figures) -> Sequence[Sequence[str]]:
    """Each figure with its unit, its aim, and a mark where it misses it."""
    shown = []
    for name, value in found.items():
        unit = "MB" if "memory" in name else "" if name.endswith(": pictures") else "ms"
        aim, unit = AIMS.get(name, (None, unit))
        missed = aim is not None and value > aim
        shown.append(
            (
                name,
                f"{value:,.0f} {unit}",
                "" if aim is None else f"{aim:,} {unit}",
                "missed" if missed else "",
            )
        )
    return shown


if __name__ == "__main__":
    main()
