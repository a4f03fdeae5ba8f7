"""The shell: actions, welcome page, projects that cannot be opened, palette, and the look."""

import shutil
import sys

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
)

from camtrap_gui.steps import STEPS
from camtrap_gui.ui import theme
from camtrap_gui.ui.actions import ACTIONS
from camtrap_gui.ui.panels.dataset import DatasetPanel
from camtrap_gui.ui.theme import DARK, LIGHT
from camtrap_gui.ui.widgets.palette import match
from tests.ui.hands import button, question

LEFT = Qt.MouseButton.LeftButton


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
