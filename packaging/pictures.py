"""Makes the pictures of the README: ``.venv/bin/python packaging/pictures.py`` (a few minutes; no screen needed).

A demo survey is made and the whole road gone with it, unless ``--demo FOLDER`` says where one is already. Its project is
copied before the window opens on it, so nothing in FOLDER changes. With ``--all FOLDER`` every page of the window is
painted there, with and without something to show, light and dark, large and small, to be looked at.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from camtrap_gui.project import CONFIG, Project
from camtrap_gui.settings import Settings
from camtrap_gui.steps import STEPS

if TYPE_CHECKING:
    from camtrap_gui.ui.window import Window

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SIZES = ((1440, 900), (1100, 700))
THEMES = ("light", "dark")
PAGES = ("welcome", *(step.name for step in STEPS))
README = {
    "window": ("dataset", "light"),
    "detect": ("detect", "light"),
    "train": ("train", "light"),
    "evaluate": ("evaluate", "light"),
    "predict": ("predict", "dark"),
    "review": ("review", "light"),
}
"""The pictures of the window in the README: which page, in which theme."""

NAME = "Demo survey"
WIDTH = 1000

LARGEST_BYTES = 150_000
FLAT_COLOURS = 48

LONGEST_WAIT_S = 180.0
STILL_S = 0.5
"""The window is done when it looks the same after this time."""


@dataclass(frozen=True)
class Shot:
    """One picture to make: a page, with something to show or without, in a theme and a size."""

    file: Path
    page: str
    full: bool
    theme: str
    size: tuple[int, int]


def main() -> None:
    """Make what the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--demo", type=Path, help="folder of a demo that was made before")
    parser.add_argument(
        "--images", type=int, default=600, help="pictures of the demo, where it is to be made"
    )
    parser.add_argument("--output", type=Path, default=PICTURES, help="folder for the README's pictures")
    parser.add_argument(
        "--all", type=Path, metavar="FOLDER", help="paint every page into this folder instead"
    )
    parser.add_argument("--only", nargs="+", choices=PAGES, default=PAGES, help="these pages alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        leave_the_user_alone(Path(scratch) / "home")
        demo = given.demo or make_demo(Path(scratch) / "demo", given.images)
        projects = {True: copy_project(demo, Path(scratch)), False: Path(scratch) / "new survey"}
        Project.create(projects[False], "New survey").close()
        shots = every_shot(given.all, given.only) if given.all else readme_shots(given.output, given.only)
        new = good_pictures(demo, projects[True])
        paint(shots, projects, new)
        if not given.all and given.only == PAGES:
            draw_chart(projects[True], given.output / "chart.png")
            draw_prediction(projects[True], new[0], given.output / "predicted.jpg")
            print(given.output / "chart.png", given.output / "predicted.jpg", sep="\n")


def every_shot(folder: Path, pages: Iterable[str]) -> list[Shot]:
    """Every page in every way; those of one project, theme and size behind each other."""
    return [
        Shot(folder / f"{page}-{'full' if full else 'empty'}-{theme}-{size[0]}.png", page, full, theme, size)
        for full in (True, False)
        for theme in THEMES
        for size in SIZES
        for page in pages
    ]


def readme_shots(folder: Path, pages: Iterable[str]) -> list[Shot]:
    """What the README shows."""
    return [
        Shot(folder / f"{name}.png", page, True, theme, SIZES[0])
        for name, (page, theme) in README.items()
        if page in pages
    ]


def paint(shots: list[Shot], projects: dict[bool, Path], new: list[Path]) -> None:
    """Open one window on each project in turn and paint its pages; ``new`` are pictures to predict."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("QT_API", "pyside6")
    from PySide6.QtWidgets import QApplication

    from camtrap_gui.ui import theme
    from camtrap_gui.ui.window import Window

    app = QApplication([])
    app.setCursorFlashTime(0)
    theme.prepare(app, "light")
    for full in (True, False):
        mine = [shot for shot in shots if shot.full is full]
        if not mine:
            continue
        window = Window(Unsaved(theme="light", recent=[str(projects[True])] if full else []))
        window.problem = sys.exit  # type: ignore[assignment]
        window.show()
        for shot in mine:
            window.resize(*shot.size)
            theme.theme.apply(shot.theme)
            show_page(window, shot.page, projects[full], new if full else [])
            settle(app, window)
            if shot.page == "predict" and shot.full and new:
                choose(window, new[0])
                settle(app, window)
            save(window, shot.file)
            print(shot.file, flush=True)
        window.close()


def show_page(window: "Window", page: str, project: Path, new: list[Path]) -> None:
    """Bring a page into sight; the predict page with ``new`` pictures, the review page with like animals."""
    if page == "welcome":
        window.close_project()
        return
    if window.session is None:
        window.open_folder(project)
    window.show_step(page)
    panel: Any = window.panels[page]
    if page == "predict" and new and panel.is_empty():
        panel.predict(new)
    if page == "review" and new:
        panel.queues.choose("alike")


def choose(window: "Window", picture: Path) -> None:
    """Show one of the pictures predicted."""
    panel: Any = window.panels["predict"]
    rows = panel.view.rows
    names = [rows.picture(place)["path"] for place in range(rows.rowCount())]
    panel.view.table.selectRow(names.index(str(picture)))


class Unsaved(Settings):
    """Preferences that are forgotten."""

    def save(self) -> None:
        """Do nothing."""


def settle(app: Any, window: "Window") -> None:
    """Let the window work until no engine and no thread does and it looks the same for a while."""
    from camtrap_gui.ui.widgets.background import Background

    deadline, before = time.monotonic() + LONGEST_WAIT_S, None
    while time.monotonic() < deadline:
        work_for(app, STILL_S)
        queues = (window.session.long, window.session.short) if window.session else ()
        now = window.grab().toImage()
        busy = any(queue.running for queue in queues) or any(
            thread.is_asking() for thread in window.findChildren(Background)
        )
        if now == before and not busy:
            return
        before = now
    sys.exit("The window does not come to rest.")


def work_for(app: Any, seconds: float) -> None:
    """Let the window work."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        app.processEvents()
        time.sleep(0.005)


def save(window: "Window", file: Path) -> None:
    """Write what the window shows as a small PNG."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not window.grab().save(str(file)):
        sys.exit(f"{file} cannot be written.")
    shrink(file)


def shrink(file: Path) -> None:
    """Write a PNG anew, small enough for a README; where that takes it, with 256 colours, the plain areas exact."""
    with Image.open(file) as picture:
        plain = picture.convert("RGB")
    plain.save(file, optimize=True)
    if file.stat().st_size <= LARGEST_BYTES:
        return
    counted = plain.getcolors(plain.width * plain.height)
    assert counted is not None
    commonest = sorted(counted, reverse=True)[:FLAT_COLOURS]
    others = plain.quantize(256 - len(commonest), Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*(part for _, colour in commonest for part in colour), *others])  # type: ignore[attr-defined]
    plain.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(file, optimize=True)


def make_demo(folder: Path, images: int) -> Path:
    """Go the whole road on a generated survey."""
    from camtrap_gui import demo

    demo.run(None, demo.Options(folder, images), lambda _: None)
    return folder


def copy_project(demo: Path, scratch: Path) -> Path:
    """A copy of the demo's project, by a name that can be shown."""
    copy = scratch / NAME
    shutil.copytree(demo / "project", copy)
    (copy / CONFIG).write_text(f'name = "{NAME}"\n', encoding="utf-8")
    return copy


def leave_the_user_alone(home: Path) -> None:
    """Keep preferences, cache and logs of this command out of the user's own; the models are hers."""
    from camtrap_gui import paths

    os.environ["CAMTRAP_MODELS"] = str(paths.models())
    for kind in ("CACHE", "CONFIG", "DATA", "STATE"):
        os.environ[f"XDG_{kind}_HOME"] = str(home / kind.lower())


def good_pictures(demo: Path, project: Path) -> list[Path]:
    """Pictures of the test cameras in which every animal was found and rightly named, one of each species.

    By day before by night, two animals before one, then the surest; none where the demo has not come that far.
    """
    from camtrap_gui.project import runs
    from camtrap_gui.survey import truth

    with Project.open(project) as opened:
        trained = runs.all_of(opened)
        if not trained:
            return []
        there = truth.read_true_boxes(demo / "survey" / "true_boxes.json")
        rows = opened.db.execute(
            "SELECT images.key, images.path, crops.species_id AS species, count(*) AS crops, min(confidence) AS surety"
            " FROM predictions JOIN crops ON crops.id = crop_id JOIN images ON images.id = image_id"
            " WHERE run_id = ? AND split = 'test' GROUP BY image_id"
            " HAVING min(predictions.species_id = crops.species_id)",
            (trained[0].id,),
        ).fetchall()
    found = [
        (
            is_colourful(demo / "survey" / row["path"]),
            row["crops"] == 2,
            row["surety"],
            row["species"],
            row["path"],
        )
        for row in rows
        if row["crops"] == len(there[row["key"]])
    ]
    best: dict[int, Path] = {}
    for *_, species, path in sorted(found, reverse=True):
        best.setdefault(species, demo / "survey" / path)
    return list(best.values())


def is_colourful(picture: Path) -> bool:
    """Whether a picture was taken by day: by night cameras see grey."""
    with Image.open(picture) as opened:
        opened.thumbnail((32, 32))
        _, saturation, _ = opened.convert("HSV").resize((1, 1), Image.Resampling.BOX).split()
    return saturation.tobytes()[0] > 20


def draw_chart(project: Path, file: Path) -> None:
    """The chart of the statistics step."""
    from camtrap_gui.steps import stats

    with Project.open(project) as opened:
        stats.run(opened, stats.Options(chart=file), lambda _: None)
    shrink(file)


def draw_prediction(project: Path, picture: Path, file: Path) -> None:
    """The annotated copy that the predict step writes, no wider than a README."""
    from camtrap_gui.project import runs
    from camtrap_gui.steps import predict

    with Project.open(project) as opened:
        run = runs.newest(opened)
    with tempfile.TemporaryDirectory() as folder:
        options = predict.Options(model=run.folder, images=(picture,), detect=True, output=Path(folder))
        predict.run(None, options, lambda _: None)
        (copy,) = (path for path in Path(folder).rglob("*") if path.is_file())
        with Image.open(copy) as annotated:
            annotated.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
            annotated.convert("RGB").save(file, quality=82, optimize=True)


if __name__ == "__main__":
    main()
