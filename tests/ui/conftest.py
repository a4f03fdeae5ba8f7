"""What tests of the window share: one application without a screen, silence on Qt's side, real small projects."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtCore import QEvent, QtMsgType, qInstallMessageHandler
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from camtrap_gui import paths, settings
from camtrap_gui.project import Project
from camtrap_gui.settings import Settings
from camtrap_gui.steps import STEPS, dataset, run_step
from camtrap_gui.ui import theme, worker
from camtrap_gui.ui.session import Session, open_session
from camtrap_gui.ui.window import Window
from tests import tiny
from tests.ui.hands import windows

ROOT = Path(__file__).parent.parent.parent
HARMLESS = ("This plugin does not support",)  # what the offscreen platform cannot do
TINY_ENGINE = "from tests import tiny; tiny.register(); from camtrap_gui import engine; engine.main()"


@pytest.fixture(scope="session")
def app() -> Iterator[QApplication]:
    """The one application of the test run."""
    made = QApplication.instance() or QApplication([])
    assert isinstance(made, QApplication)
    theme.prepare(made, "light")
    yield made


@pytest.fixture(autouse=True)
def silence(app: QApplication) -> Iterator[None]:
    """Fail when Qt warns of anything."""
    warnings: list[str] = []

    def hear(kind: QtMsgType, _: object, words: str) -> None:
        if kind != QtMsgType.QtDebugMsg and not words.startswith(HARMLESS):
            warnings.append(words)

    before = qInstallMessageHandler(hear)
    yield
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    app.processEvents()
    qInstallMessageHandler(before)
    assert not warnings


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cache, logs and preferences of a test are its own."""
    monkeypatch.setattr(paths, "cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(paths, "logs", lambda: tmp_path / "logs")
    monkeypatch.setattr(settings, "_file", lambda: tmp_path / "settings.toml")


@pytest.fixture
def session(app: QApplication) -> Iterator[Callable[[Path], Session]]:
    """Opens projects for the window and closes them, with their engines, when the test is over."""
    opened: list[Session] = []

    def open_one(folder: Path) -> Session:
        opened.append(open_session(folder))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def show(app: QApplication) -> Iterator[Callable[[QWidget], None]]:
    """Shows a widget or panel at the size of a small window; takes it down with its threads at the end."""
    shown: list[QWidget] = []

    def show_one(widget: QWidget) -> None:
        shown.append(widget)
        widget.resize(1100, 700)
        widget.show()
        assert QTest.qWaitForWindowExposed(widget)
        if hasattr(widget, "look"):
            widget.look()
        app.processEvents()

    yield show_one
    for widget in shown:
        if hasattr(widget, "close_threads"):
            widget.close_threads()
        widget.close()
        widget.deleteLater()


@pytest.fixture
def wait(app: QApplication) -> Callable[..., None]:
    """Lets the window work until something is so; fails when it does not become so."""

    def until(is_so: Callable[[], object], seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, "waited in vain"
            QTest.qWait(20)

    return until


@pytest.fixture
def make_window(app, tmp_path, monkeypatch, wait) -> Iterator[Callable[..., Window]]:
    """Opens windows that save nothing outside the test, and closes them whatever runs."""
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(Settings, "save", lambda self: None)
    with windows(
        lambda *recent: Window(Settings(theme="light", recent=[str(folder) for folder in recent]))
    ) as make:
        yield make


@pytest.fixture
def survey(tmp_path) -> Path:
    """A project of eight pictures at two locations."""
    for number in range(8):
        picture = tmp_path / "pictures" / f"camp-{number % 2}" / f"lion_{number:02}.jpg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48), (20 * number, 90, 60)).save(picture)
    with Project.open_or_create(tmp_path / "survey") as project:
        step = next(step for step in STEPS if step.name == "dataset")
        run_step(step, project, dataset.Options(folder=tmp_path / "pictures"), lambda _: None)
    return tmp_path / "survey"


@pytest.fixture
def opened(make_window, survey) -> Window:
    window = make_window(survey)
    assert window.open_folder(survey)
    return window


@pytest.fixture
def odd_engine(monkeypatch) -> None:
    """Engines that know the step that behaves badly, under the name of a step of the window."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(worker, "engine_command", lambda: [sys.executable, "-m", "tests.odd_steps"])


@pytest.fixture
def tiny_models(tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with a backbone that trains in seconds, known to this process and to the engines it starts."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(worker, "engine_command", lambda: [sys.executable, "-c", TINY_ENGINE])
    return tiny_models


@pytest.fixture
def crop_project(tmp_path: Path) -> Path:
    """A project with crops of three species to learn at 15 locations, and nothing trained."""
    with Project.create(tmp_path / "crops only") as project:
        _add_crops(project)
    return tmp_path / "crops only"


@pytest.fixture(scope="session")
def _trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from camtrap_gui.steps import STEPS, evaluate, run_step, train

    steps = {step.name: step for step in STEPS}
    folder = tmp_path_factory.mktemp("trained") / "project"
    with pytest.MonkeyPatch.context() as patch, Project.create(folder) as project:
        tiny.provide(folder.parent / "models", patch)
        _add_crops(project)
        for epochs in (1, 20):
            options = train.Options(backbone="tiny", epochs=epochs)
            run_step(steps["train"], project, options, lambda _: None)
            run_step(steps["evaluate"], project, evaluate.Options(), lambda _: None)
    return folder


@pytest.fixture
def trained(_trained_once: Path, tmp_path: Path) -> Path:
    """A project with two finished and evaluated quick runs, the older one of a single epoch and often wrong."""
    shutil.copytree(_trained_once, tmp_path / "trained")
    return tmp_path / "trained"


def _add_crops(project: Project) -> None:
    many = {(name, "train"): 20 for name in ("zebra", "gazelle", "rhino")}
    few = {(name, split): 8 for name in ("zebra", "gazelle", "rhino") for split in ("val", "test")}
    tiny.add_crops(project, {**many, **few})
