"""How reviewing feels: from the key to the next picture on the screen, and thousands of decisions without a stall.

    python -m benchmarks.review_window [--images 100000] [--decisions 5000]

The project has real files where the benchmark looks, a detection and a suggestion for every image, and labels of an
import. The window is the program's, without a screen, in a process of its own. A decision is a key; it lasts until the
next picture is painted. Between two of them there is half a second to look, as a quick person needs. Then keys
are pressed without looking, by turns accepting, naming by number, marking empty, whole sequences, and undoing; a delay
is how much later than its 16 ms a precise timer fires meanwhile. Nothing else should run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import print_json, table
from camtrap_gui import paths

AIMS = {
    "single: next picture painted, p95": 80,
    "grid: next cell painted, p95": 80,
    "script: delay max": 150,
}
"""Milliseconds each figure should be at most, on a machine that does nothing else."""

LOOKED_AT = 200
LOOK_S = 0.5
EVERY_MS = 16
KEY_MS = 10


def main() -> None:
    """Take the figures in a fresh process and print them beside their aims."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--decisions", type=int, default=5_000, help="in the script")
    parser.add_argument("--looked-at", type=int, default=LOOKED_AT, help="decisions with a look between them")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "CAMTRAP_MODELS": str(paths.models()),
            "QT_QPA_PLATFORM": "offscreen",
            **{f"XDG_{kind}_HOME": str(Path(folder) / kind) for kind in ("CACHE", "CONFIG", "DATA", "STATE")},
        }
        numbers = map(str, (given.images, given.decisions, given.looked_at))
        command = [sys.executable, "-c", f"from {__spec__.name} import take; take()", folder, *numbers]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit("The figures could not be taken.")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(table(("", "found", "aim", "of the aim"), [row(name, value) for name, value in found.items()]))
    print_json({"images": given.images, **found})


def row(name: str, value: float) -> tuple[str, str, str, str]:
    """A figure, its aim, and how much of the aim it takes."""
    aim = AIMS.get(name)
    unit = "" if name.endswith("decisions") else " ms"
    return (
        name,
        f"{value:,.0f}{unit}",
        f"{aim:,} ms" if aim else "",
        f"{value / aim:.2f}{' missed' if value > aim else ''}" if aim else "",
    )


def take() -> None:
    """The figures of one window, printed as JSON on the last line."""
    from benchmarks import window_figures as shared

    folder, images, decisions, looked_at = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    project = make_project(folder, images, decisions + 3 * looked_at)
    app, window = shared.shown_window()
    window.open_folder(project)
    window.show_step("review")
    panel = window.panels["review"]
    shared.until(app, lambda: len(panel.views.ids()) == images)
    panel.views.grid.setFocus()
    found = {
        f"{name}, {part}": shared.percentile(taken, percent)
        for name, taken in (
            ("grid: next cell painted", in_grid(app, panel, looked_at, shared)),
            ("single: next picture painted", in_single(app, panel, looked_at, shared)),
        )
        for part, percent in (("p50", 50), ("p95", 95))
    }
    found |= script(app, panel, decisions, shared)
    shared.finish(found)


def in_grid(app: Any, panel: Any, many: int, shared: Any) -> list[float]:
    """Milliseconds from Space to the painted grid."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    watch, taken = shared.Painted(panel.views.grid.viewport()), []
    for _ in range(many):
        shared.settle(app, LOOK_S)
        watch.count, begun = 0, time.perf_counter()
        QTest.keyClick(panel.views.grid, Qt.Key.Key_Space)
        shared.until(app, lambda: watch.count)
        taken.append(shared.milliseconds_since(begun))
    return taken


def in_single(app: Any, panel: Any, many: int, shared: Any) -> list[float]:
    """Milliseconds from Space to the next picture on the screen."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    single, taken = panel.views.single, []
    painted: list[int] = []
    single.viewer.painted.connect(lambda _: painted.append(single.image_id()))
    panel.views.open_place(panel.views.grid.place())
    shared.settle(app, 1.0)
    for _ in range(many):
        shared.settle(app, LOOK_S)
        before, begun = single.image_id(), time.perf_counter()
        painted.clear()
        QTest.keyClick(single.viewer.canvas, Qt.Key.Key_Space)
        shared.until(app, lambda before=before: painted and painted[-1] != before)
        taken.append(shared.milliseconds_since(begun))
    return taken


def script(app: Any, panel: Any, many: int, shared: Any) -> dict[str, float]:
    """How late the window's timer is while keys are pressed one after the other."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer
    from PySide6.QtTest import QTest

    from camtrap_gui.project import edits

    keys = [Qt.Key.Key_Space] * 12 + [Qt.Key.Key_1, Qt.Key.Key_E, Qt.Key.Key_2, Qt.Key.Key_F, Qt.Key.Key_J]
    none, shift = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
    loop, delays = QEventLoop(), list[float]()
    pressed, last = 0, time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        delays.append(max(0.0, 1000 * (now - last) - EVERY_MS))
        last = now

    def press() -> None:
        nonlocal pressed
        pressed += 1
        if pressed % 97 == 0:
            panel.session.undo()
        else:
            QTest.keyClick(
                panel.views.single.viewer.canvas,
                keys[pressed % len(keys)],
                shift if pressed % 41 == 0 else none,
            )
        if pressed >= many:
            loop.quit()

    ticking = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=EVERY_MS)
    ticking.timeout.connect(tick)
    pressing = QTimer(interval=KEY_MS)
    pressing.timeout.connect(press)
    begun = time.perf_counter()
    ticking.start()
    pressing.start()
    loop.exec()
    ticking.stop()
    pressing.stop()
    each = shared.milliseconds_since(begun) / many
    made = sum(1 for _ in edits.history(panel.session.project, limit=10 * many))
    return {
        "script: decisions": made,
        "script: from key to key": each,
        "script: delay p50": shared.percentile(delays, 50),
        "script: delay p99": shared.percentile(delays, 99),
        "script: delay max": max(delays),
    }


def make_project(folder: Path, images: int, looked_at: int) -> Path:
    """The images of ``benchmarks.dataset_import`` with a suggestion each; the first ones have files."""
    from benchmarks import window_figures as shared
    from camtrap_gui.project import Project

    large = shared.make_large(folder, images)
    files = folder / "files"
    real = [shared.photograph(folder / f"real-{number}.jpg", 2048, 1536, number) for number in range(16)]
    with Project.open(large) as project, project.write() as db:
        db.execute("UPDATE roots SET path = ?", (str(files),))
        db.execute("DELETE FROM labels WHERE image_id % 3")
        db.execute("INSERT INTO detectors VALUES (1, 'x', 'd', 'k', 0.5, 0.1, '')")
        db.execute("INSERT INTO detected SELECT 1, id, NULL FROM images")
        db.execute(
            "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
            " SELECT id, id, 1, 'animal', 0.9, 0.3, 0.3, 0.3, 0.4 FROM images"
        )
        names = [row[0] for row in db.execute("SELECT name FROM species ORDER BY id LIMIT 5")]
        top = json.dumps(
            [[name, share] for name, share in zip(names, (0.7, 0.1, 0.1, 0.05, 0.05), strict=True)]
        )
        db.execute(
            "INSERT INTO suggestions (detection_id, image_id, run_id, species_id, confidence, margin, top, teaches, alike)"
            " SELECT id, id, 'run', (SELECT min(id) FROM species), 0.7, 0.6, ?, id, id FROM images",
            (top,),
        )
        for image_id, path in db.execute("SELECT id, path FROM images WHERE id <= ?", (looked_at * 4,)):
            (files / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(real[image_id % len(real)], files / path)
    return large


if __name__ == "__main__":
    main()
