"""The whole road in the window: from an empty home to a classifier tried on a new picture, by clicks and keys alone."""

import csv
import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QTableWidget,
)

from camtrap_gui import settings, survey
from camtrap_gui.project import Project
from camtrap_gui.steps import STEPS
from camtrap_gui.ui import errors
from camtrap_gui.ui.new_project import NewProject
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.window import Window
from tests.ui.conftest import ROOT, app, silence, wait  # noqa: F401  (fixtures)
from tests.ui.hands import button, drop, windows

Wait = Callable[..., None]

IMAGES = 96
TITLES = {step.name: step.title for step in STEPS}
DIGITS = {step.name: getattr(Qt.Key, f"Key_{number}") for number, step in enumerate(STEPS, 1)}


@pytest.fixture
def home(tmp_path: Path, installed_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, for this process and for the engines it starts; only the models are installed."""
    folder = tmp_path / "home"
    scratch = tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name, place in (
        ("CACHE", ".cache"),
        ("CONFIG", ".config"),
        ("DATA", ".local/share"),
        ("STATE", ".local/state"),
    ):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / place))
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("CAMTRAP_MODELS", str(installed_models))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    return folder


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """The folder of a survey nobody has looked at yet."""
    return survey.generate(tmp_path / "card" / "savanna", IMAGES, 3, lambda _: None).folder


@pytest.fixture
def defects(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[list[str]]:
    """What went wrong in slots, where no test sees it by itself."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(logging.getLogger(), "handlers", [*logging.getLogger().handlers])
    met: list[str] = []
    errors.install().met.connect(lambda headline, details: met.append(f"{headline}\n{details}"))
    yield met
    assert met == []


@pytest.fixture
def make_window(app: QApplication, home: Path, defects: list[str]) -> Iterator[Callable[[], Window]]:  # noqa: F811
    """Opens the window as the program does; whatever is still open at the end is closed."""
    with windows(lambda: Window(settings.load())) as make:
        yield make


def listing(folder: Path, *but: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file below a folder, and of the folders of a survey; ``but`` is left out."""
    return {
        str(path): (stat.st_size, stat.st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if not any(path.is_relative_to(other) for other in but)
        for stat in [path.stat()]
        if path.is_file() or "savanna" in path.parts
    }


def click(on: QAbstractButton) -> None:
    assert on.isVisible() and on.isEnabled(), on.text()
    QTest.mouseClick(on, Qt.MouseButton.LeftButton)


def press(window: Window, key: Qt.Key) -> None:
    """Ctrl and a key, once the window is in front again: without a screen nothing brings it there after a dialog."""
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)


def type_into(field: QLineEdit, words: str) -> None:
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, words)


def answer(window: Window, path: Path) -> None:
    """Put a path into the file dialog that is open, and accept."""
    (dialog,) = (one for one in window.findChildren(QFileDialog) if one.isVisible())
    ended: list[int] = []
    dialog.finished.connect(ended.append)
    field, buttons = dialog.findChild(QLineEdit, "fileNameEdit"), dialog.findChild(QDialogButtonBox)
    assert field is not None and buttons is not None
    field.setText(str(path))  # typing it opens a list of suggestions that takes the click
    (accept,) = (
        one for one in buttons.buttons() if buttons.buttonRole(one) == QDialogButtonBox.ButtonRole.AcceptRole
    )
    click(accept)
    assert ended == [QDialog.DialogCode.Accepted]


def go(window: Window, step: str, by_key: bool = False) -> Panel:
    """To the panel of a step, by the rail or by its key."""
    if by_key:
        press(window, DIGITS[step])
    else:
        click(window.workplace.rail._buttons[step])
    panel = window.panels[step]
    assert panel.isVisible()
    return panel


def run(window: Window, panel: Panel, wait: Wait, by_key: bool = False) -> None:  # noqa: F811
    """Start the step of a panel and let it finish."""
    if by_key:
        press(window, Qt.Key.Key_Return)
    else:
        click(panel.start_button)
    assert rail_says(window, panel.step) == "working"
    finish(window, panel, wait)
    assert rail_says(window, panel.step) == "done"


def finish(window: Window, panel: Panel, wait: Wait) -> None:  # noqa: F811
    """Wait for the job of a panel; it must have gone well."""
    assert window.session is not None
    wait(lambda: window.session.running(panel.step) is None, 300)
    job = window.session.last_jobs[panel.step]
    assert job.state == "done", job.message
    assert panel.start_button.isEnabled() and panel.message.property("role") != "error"


def rail_says(window: Window, step: str) -> str:
    """The state of a step as a screen reader tells it."""
    return window.workplace.rail._buttons[step].accessibleName().removeprefix(f"{TITLES[step]}: ")


def column(table: QTableWidget, name: str) -> list[str]:
    """The cells below a heading."""
    names = [table.horizontalHeaderItem(place).text() for place in range(table.columnCount())]
    return [table.item(row, names.index(name)).text() for row in range(table.rowCount())]


def whole(words: str) -> int:
    """A count as a table shows it."""
    return 0 if words == "–" else int(words.replace(",", ""))


def make_project(window: Window, card: Path, wait: Wait) -> Path:  # noqa: F811
    """From the welcome page through the wizard, by a drop of the JSON; returns the folder of the project."""
    assert window.welcome.isVisible() and window.welcome.cards() == []
    click(button(window.welcome, "New project…"))
    (wizard,) = window.findChildren(NewProject)
    assert wizard.isVisible() and not wizard.next.isEnabled()
    drop(wizard, card / "survey.json")
    assert wizard.source.images_edit.text() == str(card)
    click(wizard.next)
    wait(lambda: not wizard.preview.is_looking())
    assert f"{IMAGES} pictures" in wizard.preview.figures.accessibleDescription()
    assert wizard.preview.table.rowCount() > 0
    click(wizard.next)
    type_into(wizard.place.name, "Savanna")
    folder = card.parent / "Savanna project"
    assert wizard.place.path() == folder and not folder.exists()
    click(wizard.next)
    assert not wizard.isVisible() and window.windowTitle() == "Savanna – camtrap"
    return folder


def import_pictures(window: Window, wait: Wait) -> int:  # noqa: F811
    """Returns how many pictures can be used."""
    panel = window.panels["dataset"]
    assert panel.isVisible() and rail_says(window, "dataset") == "working"
    finish(window, panel, wait)
    assert rail_says(window, "dataset") == "done" and rail_says(window, "detect") == "suggested next"
    assert panel.filter.summary.text() == f"{IMAGES} images" and len(panel.browser.list.rows) == IMAGES
    QTest.keyClicks(panel.filter.state, "Problem")
    bad = len(panel.browser.list.rows)
    assert panel.filter.summary.text() == f"{bad} of {IMAGES} images" and 0 < bad < IMAGES / 10
    return IMAGES - bad


def find_animals(window: Window, usable: int, wait: Wait) -> None:  # noqa: F811
    panel = go(window, "detect")
    run(window, panel, wait)
    wait(
        lambda: (
            panel.found.headline.text().startswith(f"{usable} images seen by")
            and not panel.found.is_looking()
        ),
        10,
    )
    shown = (one.text().split("  ") for one in panel.found._group.buttons() if one.isVisible())
    counts = {name: whole(count) for count, name in shown}
    assert counts["animal"] > IMAGES / 4 and sum(counts.values()) >= usable
    click(button(panel, f"{counts['empty']:,}  empty"))
    wait(lambda: not panel.found.is_looking(), 10)
    assert len(panel.found.browser.list.rows) == counts["empty"]


def cut_and_split(window: Window, wait: Wait) -> None:  # noqa: F811
    panel = go(window, "crop", by_key=True)
    run(window, panel, wait, by_key=True)
    totals = [whole(cell) for cell in column(panel.classes, "Total")]
    by_split = {
        split: sum(map(whole, column(panel.classes, split.capitalize())))
        for split in ("train", "val", "test")
    }
    assert all(by_split.values()) and sum(by_split.values()) == sum(totals)
    for split, count in by_split.items():
        assert f"{count:,} {split}" in panel.headline.accessibleDescription()


def see_statistics(window: Window, out: Path, wait: Wait) -> None:  # noqa: F811
    panel = go(window, "stats")
    canvas = panel.chart._scroll.widget()
    wait(lambda: not canvas.pixmap().isNull())
    colours = canvas.grab().toImage().convertToFormat(canvas.grab().toImage().Format.Format_RGB32)
    assert canvas.isVisible() and len(set(bytes(colours.constBits())[::4])) > 10
    assert rail_says(window, "stats") == "done"
    for name in ("chart.png", "chart.svg"):
        click(button(panel, "Save chart…"))
        answer(window, out / name)
    click(button(panel, "Save table…"))
    answer(window, out / "counts.csv")
    with Image.open(out / "chart.png") as picture:
        assert min(picture.size) > 300
    drawn = (out / "chart.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<?xml") and drawn.rstrip().endswith("</svg>")
    with (out / "counts.csv").open(encoding="utf-8-sig") as file:
        saved = {row["name"]: row["total"] for row in csv.DictReader(file) if row["total"] != "0"}
    shown = dict(zip(column(panel.table, "Species"), column(panel.table, "Total"), strict=True))
    assert saved == {name: str(whole(total)) for name, total in shown.items()}


def train_and_measure(window: Window, wait: Wait) -> None:  # noqa: F811
    panel = go(window, "train")
    assert panel.form.value().preset == "quick"
    run(window, panel, wait)
    assert panel.history.rowCount() == 1 and "macro-F1" in panel.about.text()
    assert panel.curves.cursor_epoch() is not None
    click(panel.evaluate)
    panel = window.panels["evaluate"]
    assert panel.isVisible()
    run(window, panel, wait, by_key=True)
    assert "top-1" in panel.headline.accessibleDescription()
    tested = sum(map(whole, column(panel.species, "Crops")))
    assert tested == sum(map(whole, column(panel.locations, "Crops"))) > 0
    assert f"{tested:,} test crops" in panel.headline.accessibleDescription()


def export(window: Window, folder: Path, wait: Wait) -> None:  # noqa: F811
    panel = go(window, "export", by_key=True)
    type_into(panel.folder.findChild(QLineEdit), str(folder))
    run(window, panel, wait)
    assert (
        "every decision the same" in panel.written.where.text() and str(folder) in panel.written.where.text()
    )
    assert panel.written.table.rowCount() == len(panel.formats.chosen())
    assert {"export.json", "classlist.txt"} <= {path.name for path in folder.iterdir()}


def predict(window: Window, picture: Path, wait: Wait) -> None:  # noqa: F811
    panel = go(window, "predict")
    assert panel.zone.isVisible()
    drop(panel.zone, picture)
    assert panel.view.viewer.current().path == picture
    finish(window, panel, wait)
    animals = [box for box in panel.view.viewer.current().boxes if box.top]
    assert animals and all(len(box.top) == 5 for box in animals)
    assert panel.view.viewer.canvas.visible_boxes()
    bars = panel.view.viewer.bars
    assert bars.isVisible() and len(bars.accessibleDescription().split("; ")) == 5
    assert panel.view.headline.text().startswith(picture.name) and "×" in panel.view.headline.text()


def review(window: Window, out: Path, wait: Wait) -> None:  # noqa: F811
    panel = go(window, "review")
    click(panel.start_button)
    finish(window, panel, wait)
    panel.queues.choose("teaches")
    wait(lambda: len(panel.views.ids()) > 0 and panel.views.grid.rows.row(0).source)
    panel.menu.rows["save_sample"].trigger()
    click(panel.menu.dialog().save)
    answer(window, out)
    wait(lambda: len(list(out.glob("*.txt"))) == 10 and not window.session.busy())


def surest_picture(folder: Path) -> Path:
    """The picture of a project in which an animal was found with the most confidence."""
    with Project.open(folder) as project:
        row = project.db.execute(
            "SELECT roots.path AS root, images.path AS path FROM detections"
            " JOIN images ON images.id = detections.image_id JOIN roots ON roots.id = images.root_id"
            " WHERE category = 'animal' ORDER BY confidence DESC LIMIT 1"
        ).fetchone()
    return Path(row["root"]) / row["path"]


@pytest.mark.real
def test_that_the_window_goes_the_whole_road_and_touches_nothing_else(
    make_window: Callable[[], Window],
    home: Path,
    card: Path,
    installed_models: Path,
    tmp_path: Path,
    wait: Wait,  # noqa: F811
) -> None:
    taken, exported, new = (tmp_path / name for name in ("taken along", "for the field", "new"))
    for folder in (taken / "sample", new):
        folder.mkdir(parents=True)
    own = (home / ".cache", home / ".config", home / ".local" / "state")
    before, models = listing(tmp_path, *own), listing(installed_models)

    window = make_window()
    folder = make_project(window, card, wait)
    usable = import_pictures(window, wait)
    find_animals(window, usable, wait)
    cut_and_split(window, wait)
    see_statistics(window, taken, wait)
    train_and_measure(window, wait)
    export(window, exported, wait)
    picture = shutil.copy2(surest_picture(folder), new / "tonight.jpg")
    dropped = listing(new)
    predict(window, picture, wait)
    review(window, taken / "sample", wait)
    assert {step for step in TITLES if rail_says(window, step) != "done"} == {"predict"}
    press(window, Qt.Key.Key_Q)
    assert not window.isVisible() and window.session is None

    window = make_window()
    (project,) = window.welcome.cards()
    wait(lambda: project._counts.text())
    assert project._name.text() == "Savanna" and f"{IMAGES} images" in project._counts.text()
    assert "1 classifier" in project._counts.text()
    QTest.keyClick(project, Qt.Key.Key_Return)
    assert window.session is not None and window.session.project.folder == folder
    assert {step for step in TITLES if rail_says(window, step) == "done"} == set(TITLES) - {"predict"}
    window.close()

    assert listing(tmp_path, folder, exported, taken, new, *own) == before
    assert listing(new) == dropped and listing(installed_models) == models
