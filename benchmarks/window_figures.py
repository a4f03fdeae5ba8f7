"""The figures of ``benchmarks.window``, one a process; each is printed as JSON on the last line.

``start`` is the program's own start, so nothing may be imported here that it would not import.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SIZE = (1440, 900)
SCROLL_EVERY_S = 1 / 60
EVERY_MS = 16
REAL_PICTURES = 16
HEAVY = ("tensorflow", "keras", "matplotlib", "openvino")


def main() -> None:
    """Take the figure that the arguments ask for."""
    figure, folder, *arguments = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    globals()[figure](Path(folder), *arguments)


def start(_: Path) -> None:
    """When the welcome page is painted, as the clock of the world says, after the command without arguments."""
    from PySide6.QtCore import QTimer

    from camtrap_gui import __main__ as program
    from camtrap_gui.ui import window

    paint = window.Window.paintEvent

    def painted() -> None:
        loaded = [name for name in HEAVY if name in sys.modules]
        finish({"painted at": time.time(), "heavy": len(loaded)})

    def paint_and_tell(self: Any, event: Any) -> None:
        # The children are painted in the same turn of the event loop, and what is due after it comes in order.
        QTimer.singleShot(0, painted)
        paint(self, event)

    window.Window.paintEvent = paint_and_tell
    sys.argv = ["camtrap"]
    program.main()


def training(folder: Path, crops: str, seconds: str) -> None:
    """How late a timer of the window is while the engine trains."""
    from camtrap_gui.project import Project

    with Project.create(folder / "project") as project:
        add_crops(project, int(crops))
    app, window = shown_window()
    window.open_folder(folder / "project")
    window.show_step("train")
    found = {}
    for preset in ("quick", "standard"):
        panel = window.panels["train"]
        panel.form.set_value("preset", preset)
        panel.start()
        job = window.session.running("train")
        delays = delays_while(job, float(seconds))
        trained = bool(job.progress)
        if not job.is_over():
            window.session.cancel(job)
            until(app, job.is_over)
        if not trained or job.state not in ("done", "cancelled"):
            raise SystemExit(f"Training did not work: {job.state} {job.message}")
        found |= {
            f"{preset}: delay p50": percentile(delays, 50),
            f"{preset}: delay p99": percentile(delays, 99),
            f"{preset}: delay max": max(delays),
        }
    window.close()
    finish(found)


def delays_while(job: Any, seconds: float) -> list[float]:
    """Milliseconds by which a timer was late, each time, until a job is over or so many seconds have passed."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    loop = QEventLoop()
    delays: list[float] = []
    last = begun = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        delays.append(max(0.0, 1000 * (now - last) - EVERY_MS))
        last = now
        if job.is_over() or now - begun > seconds:
            loop.quit()

    timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=EVERY_MS)
    timer.timeout.connect(tick)
    timer.start()
    loop.exec()
    timer.stop()
    return delays


def million(folder: Path, images: str, frames: str, there: str) -> None:
    """Opening, scrolling and filtering a large project, and what memory that takes."""
    large = Path(there) if there else make_large(folder, int(images))
    place = link_pictures(large, folder, int(frames))
    app, window = shown_window()
    found: dict[str, float] = {}
    begun = time.perf_counter()
    window.open_folder(large)
    window.show_step("dataset")
    panel = window.panels["dataset"]
    shown = panel.browser.list
    watch = Painted(shown.grid.viewport())
    until(app, lambda: watch.count)
    found["million: project opened, dataset panel painted"] = milliseconds_since(begun)
    for view, name in ((shown.grid, "grid"), (shown.table, "table")):
        panel.filter.as_table.setChecked(name == "table")
        settle(app)
        for how, moves in (("", "near"), ("to anywhere, ", "far")):
            taken = list(scroll(app, view, place[name, moves]))
            found[f"million: {name}, {how}frame p50"] = percentile(taken, 50)
            found[f"million: {name}, {how}frame p95"] = percentile(taken, 95)
    panel.filter.as_table.setChecked(False)
    settle(app)
    words = panel.filter.words
    for name, change in (
        ("location", lambda: panel.filter.location.setCurrentIndex(7)),
        ("species", lambda: panel.filter.species.setCurrentIndex(9)),
        ("commonest label", lambda: panel.filter.species.setCurrentIndex(1)),
        ("state", lambda: panel.filter.state.setCurrentIndex(2)),
        ("text", lambda: words.setText("PICT00012")),
    ):
        settle(app)
        watch.count, models = 0, shown.grid.model()
        begun = time.perf_counter()
        change()
        until(app, lambda models=models: watch.count and shown.grid.model() is not models)
        found[f"million: filter by {name}"] = milliseconds_since(begun)
        for box in (panel.filter.location, panel.filter.species, panel.filter.state):
            box.setCurrentIndex(0)
    found["million: peak memory"] = peak_megabytes()
    window.close()
    finish(found)


def pictures(folder: Path, count: str) -> None:
    """From the arrow key to the painted picture, when the neighbours had time to be decoded, and at first."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from camtrap_gui.ui.viewer.viewer import ShownPicture, Viewer

    shown = [
        ShownPicture(photograph(folder / f"{number:03}.jpg", 4000, 3000, number))
        for number in range(int(count))
    ]
    app, window = shown_window()
    viewer = Viewer()
    window.setCentralWidget(viewer)
    settle(app)
    painted: list[int] = []
    viewer.painted.connect(painted.append)
    begun = time.perf_counter()
    viewer.show_pictures(shown)
    until(app, lambda: painted)
    found = {"pictures: first one painted": milliseconds_since(begun)}
    taken = []
    for number in range(1, len(shown)):
        settle(app, 1.5)
        begun = time.perf_counter()
        QTest.keyClick(viewer, Qt.Key.Key_Right)
        until(app, lambda number=number: painted[-1] == number)
        taken.append(milliseconds_since(begun))
    found["pictures: next one painted, p50"] = percentile(taken, 50)
    found["pictures: next one painted, p95"] = percentile(taken, 95)
    found["pictures: peak memory"] = peak_megabytes()
    viewer.close_threads()
    finish(found)


def drop(folder: Path, count: str) -> None:
    """From the drop of a picture to its boxes with names painted, models warm."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    from benchmarks.dropping import animal_pictures, drop_on
    from camtrap_gui.project import Project

    with Project.create(folder / "project") as project:
        add_crops(project, 600)
    app, window = shown_window()
    window.open_folder(folder / "project")
    window.show_step("train")
    window.panels["train"].start()
    job = window.session.running("train")
    until(app, job.is_over, 900)
    window.show_step("predict")
    panel, canvas = window.panels["predict"], window.panels["predict"].view.viewer.canvas
    until(app, lambda: window.session.short.running is None)
    painted: list[float] = []

    class Watch(QObject):
        def eventFilter(self, _: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and canvas.visible_boxes():
                QTimer.singleShot(0, lambda: painted.append(time.perf_counter()))
            return False

    watch = Watch()
    canvas.installEventFilter(watch)
    taken, first, empty = [], 0.0, 0
    for picture in animal_pictures(folder / "card", 2 * int(count)):
        settle(app, 0.3)
        begun = time.perf_counter()
        drop_on(panel, picture)
        painted.clear()  # of the picture before
        job = window.session.running("predict")
        until(app, job.is_over)
        if job.state != "done":
            raise SystemExit(f"Predicting did not work: {job.state} {job.message}")
        if not panel.view.rows.picture(0)["boxes"]:
            empty += 1
            continue
        until(app, lambda: painted)
        lasted = 1000 * (painted[0] - begun)
        if not first:
            first = lasted
            continue
        taken.append(lasted)
        if len(taken) == int(count):
            break
    window.close()
    finish(
        {
            "drop: first boxes painted": first,
            "drop: boxes painted, median": percentile(taken, 50),
            "drop: boxes painted, p95": percentile(taken, 95),
            "drop: boxes painted, max": max(taken),
            "drop: pictures": float(len(taken)),
        }
    )


# What is looked at.


def make_large(folder: Path, images: int) -> Path:
    """A project of so many images."""
    from benchmarks.dataset_import import write_survey
    from camtrap_gui.project import Project
    from camtrap_gui.steps import dataset

    write_survey(folder / "survey.json", images)
    with Project.create(folder / "project") as project:
        options = dataset.Options(json=folder / "survey.json", skip_check=True)
        dataset.run(project, options, lambda _: None)
    (folder / "survey.json").unlink()
    return folder / "project"


Moves = dict[tuple[str, str], list[float]]


def link_pictures(large: Path, folder: Path, frames: int) -> Moves:
    """Choose where to scroll, as parts of the whole list, and let the files that will be in sight be there.

    'near' moves by up to two screens from place to place, 'far' goes anywhere. The files are hard links to a few
    pictures in a root of their own.
    """
    import random

    import numpy as np

    from camtrap_gui.project import Project, images

    chance = random.Random(0)
    with Project.open(large) as project:
        total = images.count(project)
        walk = [chance.random()]
        for _ in range(frames):
            walk.append(min(max(walk[-1] + chance.uniform(-60, 90) / total, 0.0), 1.0))
        moves = {(name, "near"): walk for name in ("grid", "table")}
        moves |= {(name, "far"): [chance.random() for _ in range(frames // 3)] for name in ("grid", "table")}
        files = folder / "files"
        real = [
            photograph(folder / f"real-{number}.jpg", 2048, 1536, number) for number in range(REAL_PICTURES)
        ]
        with project.write() as db:
            db.execute("UPDATE roots SET path = ?", (str(files),))
        places = {
            round(part * total) for (name, _), parts in moves.items() if name == "grid" for part in parts
        }
        near = np.unique([place + step for place in places for step in range(-60, 60)])
        wanted = [int(number) for number in near if 0 < number <= total]
        for first in range(0, len(wanted), 500):
            part = wanted[first : first + 500]
            marks = ",".join("?" * len(part))
            for image_id, path in project.db.execute(
                f"SELECT id, path FROM images WHERE id IN ({marks})", part
            ):
                (files / path).parent.mkdir(parents=True, exist_ok=True)
                os.link(real[image_id % len(real)], files / path)
    return moves


def photograph(path: Path, width: int, height: int, seed: int) -> Path:
    """Write a picture whose JPEG is about as large as a camera's: smooth shapes under fine noise."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(40, 200, (12, 16, 3), np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    noise = random.integers(-18, 18, (height, width, 1), np.int16)
    Image.fromarray((smooth + noise).clip(0, 255).astype(np.uint8)).save(path, quality=88)
    return path


def add_crops(project: Any, count: int) -> None:
    """Crops of six species as the crop step leaves them, each species a colour under noise."""
    import hashlib
    import io

    import numpy as np
    from PIL import Image

    from camtrap_gui.project import crops

    random = np.random.default_rng(0)
    colours = random.integers(60, 190, (6, 3))
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, ?)", (str(project.folder),))
        for species in range(len(colours)):
            db.execute(
                "INSERT INTO species (id, name, position) VALUES (?, ?, ?)",
                (species + 1, f"species{species}", species),
            )
            (crops.folder(project) / f"species{species}").mkdir(parents=True)
        for number in range(1, count + 1):
            species, split = number % len(colours), ("train", "train", "train", "val", "test")[number % 5]
            pixels = colours[species] + random.normal(0, 50, (300, 300, 3))
            buffer = io.BytesIO()
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
            file = f"species{species}/{number:06}.jpg"
            (crops.folder(project) / file).write_bytes(buffer.getvalue())
            db.execute(
                "INSERT INTO images (id, key, root_id, path) VALUES (?, ?, 1, ?)", (number, file, file)
            )
            db.execute(
                "INSERT INTO crops (image_id, species_id, location, split, file, left, top, right, bottom, sha256)"
                " VALUES (?, ?, ?, ?, ?, 0, 0, 300, 300, ?)",
                (
                    number,
                    species + 1,
                    f"{split} {number % 20}",
                    split,
                    file,
                    hashlib.sha256(buffer.getvalue()).hexdigest(),
                ),
            )


# Driving the window.


def shown_window() -> tuple[Any, Any]:
    """The application and its window as the program makes them, on the screen."""
    os.environ.setdefault("QT_API", "pyside6")
    from PySide6.QtWidgets import QApplication

    from camtrap_gui import settings
    from camtrap_gui.ui import theme
    from camtrap_gui.ui.window import Window

    app = QApplication([])
    preferences = settings.load()
    theme.prepare(app, "light")
    window = Window(preferences)
    window.problem = sys.exit
    window.resize(*SIZE)
    window.show()
    settle(app)
    return app, window


def Painted(widget: Any) -> Any:
    """Counts the paintings of a widget in ``count``."""
    from PySide6.QtCore import QEvent, QObject

    class Watch(QObject):
        count = 0

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            self.count += event.type() == QEvent.Type.Paint
            return False

    watch = Watch(widget)
    widget.installEventFilter(watch)
    return watch


def scroll(app: Any, view: Any, parts: list[float]) -> Iterator[float]:
    """Milliseconds of each frame, the bar moved sixty times a second to these parts of its length."""
    watch, bar = Painted(view.viewport()), view.verticalScrollBar()
    for part in parts:
        value = round(part * bar.maximum())
        if value == bar.value():
            continue
        due = time.perf_counter() + SCROLL_EVERY_S
        watch.count, begun = 0, time.perf_counter()
        bar.setValue(value)
        until(app, lambda: watch.count)
        yield milliseconds_since(begun)
        settle(app, due - time.perf_counter())


def until(app: Any, is_so: Callable[[], object], seconds: float = 300.0) -> None:
    """Let the window work until something is so."""
    deadline = time.perf_counter() + seconds
    while not is_so():
        if time.perf_counter() > deadline:
            raise SystemExit("Waited in vain.")
        app.processEvents()
        time.sleep(0.0002)


def settle(app: Any, seconds: float = 1.0) -> None:
    """Let the window work for a while."""
    deadline = time.perf_counter() + seconds
    while (left := deadline - time.perf_counter()) > 0:
        app.processEvents()
        time.sleep(min(left, 0.002))


def percentile(values: list[float], percent: int) -> float:
    """The value that so many percent of all do not exceed."""
    import math

    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def milliseconds_since(begun: float) -> float:
    """Since a moment of ``time.perf_counter``."""
    return 1000 * (time.perf_counter() - begun)


def peak_megabytes() -> float:
    """The most memory this process ever had in use."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def finish(found: dict[str, float]) -> None:
    """Say what was found, and end without ceremony."""
    print(json.dumps(found), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
