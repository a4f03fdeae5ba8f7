"""What everybody must be able to use: names of controls, keys and focus, large letters, small screens, and a way on."""

import os

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from camtrap_gui import jobs
from camtrap_gui.project import Project
from camtrap_gui.steps import STEPS
from camtrap_gui.ui.panels.dataset import DatasetPanel
from camtrap_gui.ui.panels.table import panel_of

LEFT = Qt.MouseButton.LeftButton


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
