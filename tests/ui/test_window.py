"""The shell: actions, welcome page, palette, job bar, closing with work at hand, and what everybody must be able to use."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFont, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QWidget,
)

from camtrap_gui import jobs, steps
from camtrap_gui.project import Project
from camtrap_gui.settings import Settings
from camtrap_gui.steps import STEPS, dataset, run_step
from camtrap_gui.ui import errors, theme, worker
from camtrap_gui.ui.actions import ACTIONS
from camtrap_gui.ui.panels.dataset import DatasetPanel
from camtrap_gui.ui.panels.table import panel_of
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import DARK, LIGHT
from camtrap_gui.ui.widgets.job_details import JobDetails
from camtrap_gui.ui.widgets.palette import match
from camtrap_gui.ui.window import Window
from camtrap_gui.ui.worker import Job
from tests import odd_steps
from tests.ui.conftest import ROOT
from tests.ui.hands import button, windows

LEFT = Qt.MouseButton.LeftButton


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


def work(window: Window, do: str = "count", seconds: float = 60) -> Job:
    """A job of the window that takes its time."""
    assert isinstance(window.session, Session)
    job = Job("odd_steps", "Detect", None, odd_steps.Options(do, seconds))
    window.session.long.submit(job)
    window.session.job_started.emit(job)
    return job


def question(window: Window) -> QMessageBox | None:
    return next((box for box in window.findChildren(QMessageBox) if box.isVisible()), None)


# Actions.


def test_that_every_action_has_a_slot_and_names_are_unique(make_window):
    window = make_window()
    assert len({row.name for row in ACTIONS}) == len(ACTIONS)
    for row in ACTIONS:
        method, _, argument = row.slot.partition(":")
        assert callable(getattr(window, method)), row.name
        assert not argument or argument in [step.name for step in STEPS]
        assert row.icon and row.text and row.menu


def test_that_no_two_controls_share_a_shortcut(opened):
    for step in STEPS[:2]:
        opened.show_step(step.name)
    keys = [row.shortcut for row in ACTIONS if row.shortcut]
    keys += [
        one.shortcut().toString() for one in opened.findChildren(QAbstractButton) if one.shortcut().toString()
    ]
    canonical = [QKeySequence(key).toString() for key in keys]
    assert all(canonical) and len(set(canonical)) == len(canonical)


def test_that_actions_that_need_a_project_wait_for_one(make_window, survey):
    window = make_window()
    assert not window.actions_by_name["start"].isEnabled() and window.actions_by_name["new"].isEnabled()
    window.open_folder(survey)
    assert all(action.isEnabled() for action in window.actions_by_name.values())
    window.actions_by_name["close"].trigger()
    assert window.session is None and not window.actions_by_name["start"].isEnabled()


def test_that_keys_go_from_step_to_step(opened):
    for number, step in enumerate(STEPS[:3], 1):
        QTest.keyClick(opened, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)
        shown = opened.workplace.shown()
        assert shown.step == step.name and shown.isVisible()


def test_that_a_step_that_keeps_nothing_has_no_mark_but_while_it_works(opened):
    rail = opened.workplace.rail
    button = rail._buttons["predict"]
    assert rail.state("predict") == "kept nowhere" and "keeps nothing" in button.accessibleName()

    def mark() -> set[str]:
        image, ratio = button.grab().toImage(), button.devicePixelRatio()
        right = range(int((button.width() - 24) * ratio), int((button.width() - 4) * ratio))
        middle = range(int(8 * ratio), int((button.height() - 8) * ratio))
        return {image.pixelColor(x, y).name() for x in right for y in middle}

    assert len(mark()) == 1
    rail.show_states({}, {"predict"}, "")
    assert len(mark()) > 1


def test_that_what_was_found_elsewhere_is_marked_as_done(opened):
    rail = opened.workplace.rail
    rail.show_states({"detect": "brought in"}, set(), "crop")
    assert "done elsewhere" in rail._buttons["detect"].accessibleName()
    brought = rail._buttons["detect"].grab().toImage()
    rail.show_states({"detect": "done"}, set(), "crop")
    assert rail._buttons["detect"].grab().toImage() == brought


# Welcome page.


def test_that_the_welcome_page_tells_of_recent_projects(make_window, survey, tmp_path, wait):
    window = make_window(survey, tmp_path / "moved away")
    here, gone = window.welcome.cards()
    wait(lambda: here._counts.text() and gone._counts.text())
    assert here._name.text() == "survey" and here._counts.text() == "8 images · 2 locations"
    assert gone._counts.text().startswith("Not there")
    QTest.mouseClick(gone.forget, LEFT)
    assert [card._folder for card in window.welcome.cards()] == [survey]
    card = window.welcome.cards()[0]
    card.setFocus()
    QTest.keyClick(card, Qt.Key.Key_Return)
    assert window.session is not None and window.session.project.folder == survey
    assert window.windowTitle() == "survey – camtrap"


def test_that_a_project_with_crops_has_a_picture(make_window, cropped, wait):
    window = make_window(cropped.folder)
    (card,) = window.welcome.cards()
    wait(lambda: card._counts.text())
    assert card._picture.pixmap().size().width() > 100


def test_that_opening_is_remembered_newest_first(make_window, survey, cropped):
    window = make_window()
    window.open_folder(survey)
    window.open_folder(cropped.folder)
    assert window.settings.recent == [str(cropped.folder), str(survey)]


# Projects that cannot be opened.


def test_that_a_damaged_project_is_told_and_the_open_one_stays(opened, survey, tmp_path):
    shutil.copytree(survey, tmp_path / "broken")
    (tmp_path / "broken" / "project.sqlite").write_bytes(b"this is no database, but it is long enough" * 99)
    assert not opened.open_folder(tmp_path / "broken")
    box = question(opened)
    assert box is not None and "broken" in box.text()
    box.close()
    assert opened.session is not None and opened.session.project.folder == survey
    opened.show_step("dataset")
    panel = opened.panels["dataset"]
    assert isinstance(panel, DatasetPanel) and len(panel.browser.list.rows) == 8


# Palette.


def test_that_the_palette_finds_an_action(opened):
    QTest.keyClick(opened, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert opened.palette_box.isVisible()
    QTest.keyClicks(opened.palette_box.field, "lightdark")
    before = theme.theme.dark
    QTest.keyClick(opened.palette_box.field, Qt.Key.Key_Return)
    assert not opened.palette_box.isVisible() and theme.theme.dark != before
    theme.theme.apply("light")


def test_that_the_palette_finds_an_image_and_enter_shows_it(opened, wait):
    opened.show_step("detect")
    opened.show_palette()
    QTest.keyClicks(opened.palette_box.field, "lion_05")
    wait(lambda: opened.palette_box.rows.count())
    QTest.keyClick(opened.palette_box.field, Qt.Key.Key_Return)
    panel = opened.workplace.shown()
    assert isinstance(panel, DatasetPanel)
    shown = panel.browser.viewer.current()
    assert shown is not None and shown.path.name == "lion_05.jpg" and panel.browser.viewer.isVisible()


def test_that_the_palette_says_so_when_nothing_is_found_and_escape_goes_back(opened, wait):
    opened.show_step("detect")
    before = opened.panels["detect"].start_button
    before.setFocus()
    opened.show_palette()
    QTest.keyClicks(opened.palette_box.field, "qqqq%")
    wait(lambda: opened.palette_box.rows.count())
    assert opened.palette_box.rows.item(0).text() == "Nothing found"
    QTest.keyClick(opened.palette_box.field, Qt.Key.Key_Escape)
    assert not opened.palette_box.isVisible() and before.hasFocus()


def test_that_letters_match_in_their_order_and_near_ones_come_first():
    assert match("opr", "Open project…") is not None
    assert match("xyz", "Open project…") is None
    near, far = match("open", "Open project…"), match("open", "Options for pens")
    assert near is not None and far is not None and near < far


# Look.


def test_that_the_search_says_its_key_in_either_look(opened):
    for look in ("dark", "light"):
        theme.theme.apply(look)
        assert button(opened.header, "Search…  Ctrl+K").isVisible()


def test_that_the_look_can_be_switched_and_icons_follow(opened, app):
    opened.show_step("dataset")

    def darkness_of_icon() -> int:
        image = opened.header.menu_button.icon().pixmap(32, 32).toImage()
        inks = [image.pixelColor(x, y) for x in range(32) for y in range(32)]
        return min(ink.lightness() for ink in inks if ink.alpha() > 200)

    for look, colours, dark_ink in (("light", LIGHT, True), ("dark", DARK, False)):
        theme.theme.apply(look)
        QTest.qWait(20)
        assert app.palette().window().color().name() == colours.window
        assert opened.grab().toImage().pixelColor(5, 650).name() == colours.raised
        assert (darkness_of_icon() < 128) == dark_ink
    theme.theme.apply("system")
    assert theme.theme.dark == (app.styleHints().colorScheme() == Qt.ColorScheme.Dark)
    theme.theme.apply("light")


def test_that_what_was_closed_does_not_follow_the_look_any_more(opened, app, monkeypatch):
    said: list[object] = []
    monkeypatch.setattr(sys, "excepthook", lambda *what: said.append(what))
    for step in STEPS:
        opened.show_step(step.name)
    opened.close_project()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    for look in ("dark", "light"):
        theme.theme.apply(look)
        app.processEvents()
    assert said == []


def contrast(one: str, other: str) -> float:
    """WCAG 2.1: relative luminances, with 0.05 of flare."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_that_words_stand_out_from_their_ground(colours):
    for ink in ("text", "muted", "warning", "error", "success", "accent"):
        for ground in ("window", "surface", "raised"):
            assert contrast(getattr(colours, ink), getattr(colours, ground)) >= 4.5, (ink, ground)
    assert contrast(colours.on_accent, colours.accent) >= 4.5


# Jobs.


def test_that_the_job_bar_shows_a_job_and_cancels_it(odd_engine, opened, wait):
    bar = opened.job_bar
    assert bar._title.text() == "Ready"
    job = work(opened)
    wait(lambda: job.progress.get("phase") == "Counting")
    assert bar._title.text() == "Counting" and bar._bar.isVisible()
    QTest.mouseClick(button(bar, "Cancel"), LEFT)
    wait(job.is_over)
    assert bar._title.text() == "Detect: stopped; what was done is kept" and not bar._bar.isVisible()


def test_that_a_paused_job_goes_on_by_the_same_button(opened, wait):
    opened.show_step("crop")
    assert opened.session is not None
    started: list[Job] = []
    opened.session.job_started.connect(started.append)
    opened.session.start("crop", opened.panels["crop"].form.value())
    QTest.mouseClick(button(opened.job_bar, "Pause"), LEFT)
    wait(started[0].is_over)
    if started[0].state != "cancelled":  # it was quicker than the click
        started[0].end("cancelled")
    assert "paused" in opened.job_bar._title.text()
    QTest.mouseClick(button(opened.job_bar, "Go on"), LEFT)
    assert len(started) == 2 and started[1].options == started[0].options
    assert opened.panels["crop"]._job is started[1]
    wait(started[1].is_over)


def test_that_waiting_jobs_are_listed_and_can_be_taken_out(odd_engine, opened, wait):
    first, second = work(opened), work(opened, "nothing")
    assert opened.job_bar._queue.isVisible() and opened.job_bar._queue.text() == "1 waiting"
    menu = opened.job_bar._queue.menu()
    menu.aboutToShow.emit()
    (action,) = menu.actions()
    assert action.text() == "Take out: Detect"
    action.trigger()
    assert second.state == "cancelled" and first.state == "running"
    assert not opened.job_bar._queue.isVisible()


def test_that_a_silent_engine_is_shown_and_left_alone(odd_engine, opened, wait, monkeypatch):
    monkeypatch.setattr(worker, "SILENT_AFTER_S", 1.5)
    job = work(opened, "frozen", 4)
    wait(lambda: "not responding" in opened.job_bar._title.text())
    assert job.state == "running" and button(opened.job_bar, "Cancel").isEnabled()
    wait(job.is_over)
    assert job.state == "done"


def test_that_a_killed_engine_is_said_and_the_details_have_the_log(odd_engine, opened, wait):
    job = work(opened, "deaf")
    wait(lambda: job.progress)
    assert opened.session is not None and opened.session.long.process_id is not None
    os.kill(opened.session.long.process_id, signal.SIGKILL)
    wait(job.is_over)
    assert opened.job_bar._title.text() == "Detect: failed unexpectedly; what was done is kept"
    assert button(opened.job_bar, "Go on").isEnabled()
    QTest.mouseClick(opened.job_bar._details, LEFT)
    details = opened.findChild(JobDetails)
    assert details is not None and details.isVisible()
    button(details, "Copy details").click()
    words = QApplication.clipboard().text()
    assert "by signal 9" in words and '"do": "deaf"' in words
    details.close()


def test_that_a_finished_job_of_another_panel_is_told_with_a_way_there(opened, wait):
    opened.show_step("dataset")
    assert opened.session is not None
    job = opened.session.start("crop", next(s for s in STEPS if s.name == "crop").module().Options())
    wait(job.is_over)
    assert opened.toast.isVisible() and opened.toast.sentence().startswith("Crops")
    QTest.mouseClick(button(opened.toast, "Show"), LEFT)
    assert opened.workplace.shown().step == "crop"


# Closing, and coming back.


def test_that_closing_with_work_at_hand_asks_and_keeps_working(odd_engine, opened, wait):
    job = work(opened)
    wait(lambda: job.progress)
    opened.close()
    box = question(opened)
    assert opened.isVisible() and box is not None and "“Detect”" in box.text()
    opened.close()  # asking twice asks once
    assert sum(one.isVisible() for one in opened.findChildren(QMessageBox)) == 1
    button(box, "Keep working").click()
    assert opened.isVisible() and job.state == "running" and question(opened) is None


def test_that_closing_with_work_at_hand_ends_the_engine_when_told_so(odd_engine, opened, wait):
    job = work(opened)
    wait(lambda: job.progress)
    assert opened.session is not None
    engine = opened.session.long.process_id
    opened.close()
    box = question(opened)
    assert box is not None and engine is not None
    button(box, "Stop and close").click()
    assert not opened.isVisible() and opened.session is None and job.state == "cancelled"
    with pytest.raises(ProcessLookupError):
        os.kill(engine, 0)


def test_that_another_project_is_opened_only_after_asking(odd_engine, opened, wait, cropped, survey):
    job = work(opened)
    wait(lambda: job.progress)
    assert not opened.open_folder(cropped.folder)
    assert opened.session is not None and opened.session.project.folder == survey
    box = question(opened)
    assert box is not None
    button(box, "Stop and close").click()
    assert opened.session.project.folder == cropped.folder and job.state == "cancelled"


def test_that_interrupted_work_is_offered_and_goes_on_with_the_options_it_had(make_window, survey, wait):
    options = {"detector": "", "image_labels": True, "train": 0.5}
    known = {field.name for field in steps_fields("crop")}
    options = {name: value for name, value in options.items() if name in known}
    with Project.open(survey) as project, project.write() as db:
        db.execute(
            "INSERT INTO jobs (step, options, started, state) VALUES ('crop', ?, '2024-05-01T10:00:00+00:00', 'running')",
            (json.dumps(options),),
        )
    window = make_window()
    window.open_folder(survey)
    bar = window.cut_off_bar
    assert bar.isVisible() and "“Crops”" in bar._words.text()
    QTest.mouseClick(bar.go_on, LEFT)
    assert window.session is not None and not bar.isVisible()
    job = window.session.last_jobs["crop"]
    assert {name: getattr(job.options, name) for name in options} == options
    assert window.workplace.shown().step == "crop"
    wait(job.is_over)


def steps_fields(name: str):
    from camtrap_gui.options import fields

    return list(fields(next(step for step in steps.STEPS if step.name == name).module().Options))


def test_that_interrupted_work_can_be_left(make_window, survey):
    with Project.open(survey) as project, project.write() as db:
        db.execute(
            "INSERT INTO jobs (step, options, started, state) VALUES ('crop', '{}', '2024-05-01T10:00:00+00:00', 'running')"
        )
    window = make_window()
    window.open_folder(survey)
    QTest.mouseClick(window.cut_off_bar.leave, LEFT)
    assert not window.cut_off_bar.isVisible()
    window.close_project()
    window.open_folder(survey)
    assert not window.cut_off_bar.isVisible()


# Defects.


def test_that_a_defect_is_logged_shown_once_and_can_be_copied(make_window, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    window = make_window()
    defects = errors.install()
    defects.met.connect(window.defect)
    for _ in range(3):
        try:
            raise ZeroDivisionError("nobody expected this")
        except ZeroDivisionError:
            sys.excepthook(*sys.exc_info())
    (box,) = [box for box in window.findChildren(QMessageBox) if box.isVisible()]
    assert "nobody expected this" in box.text()
    button(box, "Copy details").click()
    assert "Traceback" in QApplication.clipboard().text()
    assert (tmp_path / "logs" / "window.log").read_text().count("nobody expected this") >= 3
    box.close()


# For everybody.

CONTROLS = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractSlider, QAbstractItemView)


def nameless(root: QWidget) -> list[str]:
    """Controls a screen reader could not name; parts of combo boxes, spin boxes and lists are named by these."""
    found = []
    for control in root.findChildren(QWidget):
        if not isinstance(control, CONTROLS) or control.focusPolicy() == Qt.FocusPolicy.NoFocus:
            continue
        words = control.accessibleName() or (control.text() if isinstance(control, QAbstractButton) else "")
        path, at = [], control.parentWidget()
        while at is not None and at is not root:
            path.append(at)
            at = at.parentWidget()
        if not words and not any(
            isinstance(one, QComboBox | QAbstractSpinBox | QAbstractItemView) for one in path
        ):
            found.append(" < ".join(type(one).__name__ for one in [control, *path]))
    return found


def test_that_every_control_of_the_shell_has_a_name(opened):
    opened.show_preferences()
    opened.show_palette()
    assert nameless(opened) == []
    for dialog in opened.findChildren(QWidget):
        if dialog.isWindow() and dialog.isVisible():
            dialog.close()


@pytest.mark.parametrize("step", [step.name for step in STEPS])
def test_that_every_control_of_a_panel_has_a_name(opened, step):
    opened.show_step(step)
    assert nameless(opened.panels[step]) == []


def test_that_the_rail_shows_what_another_program_does(opened, wait):
    assert opened.session is not None
    rail, folder = opened.workplace.rail, opened.session.project.folder
    before = rail.state("detect")
    with Project.open(folder) as project, jobs.recorded(project, "detect", {}):
        wait(lambda: rail.state("detect") == "elsewhere")
        assert "another program" in rail._buttons["detect"].accessibleName()
    wait(lambda: rail.state("detect") != "elsewhere")
    assert rail.state("detect") == "done" != before


def test_that_tab_goes_from_the_rail_through_the_form_to_the_primary_button(opened):
    opened.show_step("dataset")
    panel = opened.panels["dataset"]
    assert isinstance(panel, DatasetPanel)
    QTest.mouseClick(panel.more, Qt.MouseButton.LeftButton)
    opened.workplace.rail._buttons["dataset"].setFocus()
    order: list[QWidget] = []
    for _ in range(80):
        QTest.keyClick(opened.focusWidget(), Qt.Key.Key_Tab)
        order.append(opened.focusWidget())
        if order[-1] is panel.start_button:
            break
    assert order[-1] is panel.start_button
    places = [place for place, one in enumerate(order) if panel.form.isAncestorOf(one)]
    assert places and places == list(range(places[0], places[0] + len(places)))
    assert len(order) < 30


def cut(root: QWidget) -> list[str]:
    """Labels and buttons that get less room than their words take."""
    found = []
    for one in root.findChildren(QLabel) + root.findChildren(QPushButton):
        if not one.isVisible() or not one.text():
            continue
        if isinstance(one, QLabel) and one.wordWrap():
            short = one.height() < one.heightForWidth(one.width())
        else:
            need = one.minimumSizeHint()
            short = one.width() < need.width() or one.height() < need.height()
        if short:
            found.append(f"{one.text()!r} {one.size()} {one.minimumSizeHint()}")
    return found


@pytest.mark.parametrize("step", ["", "dataset", "crop"])
def test_that_nothing_is_cut_when_the_font_of_the_system_grows(opened, app, step):
    if step:
        opened.show_step(step)
    else:
        opened.close_project()
    before = app.font()
    title = next(
        one for one in opened.findChildren(QLabel) if one.property("step") == "title" and one.isVisible()
    )
    small = title.font().pointSizeF()
    try:
        font = QFont(before)
        font.setPointSizeF(before.pointSizeF() * 1.5)
        app.setFont(font)
        opened.resize(1440, 900)
        for _ in range(5):
            app.processEvents()
        assert title.font().pointSizeF() == pytest.approx(small * 1.5)
        assert cut(opened) == []
        rail = opened.workplace.rail
        if rail.isVisible():
            assert all(one.width() >= one.sizeHint().width() for one in rail._buttons.values())
    finally:
        app.setFont(before)


@pytest.mark.parametrize("step", ["", *(step.name for step in STEPS)])
def test_that_the_window_can_be_as_small_as_a_small_laptop(opened, step):
    if step:
        opened.show_step(step)
    else:
        opened.close_project()
    opened.resize(1100, 700)
    QTest.qWait(10)
    assert (opened.width(), opened.height()) == (1100, 700)


def test_that_arrows_go_through_the_rail_with_a_ring_and_the_mouse_without(opened):
    first, second = opened.workplace.rail._buttons["dataset"], opened.workplace.rail._buttons["detect"]
    QTest.mouseClick(first, LEFT, pos=QPoint(10, 10))
    assert first.hasFocus() and not first._ring
    QTest.keyClick(first, Qt.Key.Key_Down)
    assert second.hasFocus() and second._ring
    assert opened.workplace.shown().step == "detect"


def test_that_nothing_is_left_when_the_window_is_closed(make_window, survey, app):
    window = make_window(survey)
    window.open_folder(survey)
    assert window.session is not None
    engine = window.session.long.process_id
    assert engine is not None
    window.close()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert window.panels == {} and window.session is None
    with pytest.raises(ProcessLookupError):
        os.kill(engine, 0)


@pytest.mark.parametrize("step", ["crop", "stats", "train", "evaluate", "export", "review"])
def test_that_a_step_without_input_says_so_and_leads_to_the_first_that_is_missing(
    session, show, tmp_path, step
):
    with Project.create(tmp_path / "new"):
        pass
    panel = panel_of(step)(session(tmp_path / "new"))
    show(panel)
    asked = []
    panel.go_to.connect(asked.append)
    assert not panel.start_button.isEnabled()
    assert "Import pictures first" in panel.start_button.toolTip()
    assert panel.first_button.isVisible() and panel.first_button.text() == "Import pictures first"
    QTest.mouseClick(panel.first_button, Qt.MouseButton.LeftButton)
    assert asked == ["dataset"]


def test_that_a_step_with_its_input_can_be_started_whoever_made_it(session, show, crop_project):
    panel = panel_of("train")(session(crop_project))
    show(panel)
    assert panel.start_button.isEnabled() and "first" not in panel.start_button.toolTip()
    assert not panel.first_button.isVisible()
