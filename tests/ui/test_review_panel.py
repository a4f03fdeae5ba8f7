"""Reviewing: queues, the grid and the single picture, every key, the label pad, and what undo does to the view."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel

from camtrap_gui.project import Project, decisions, edits, queues, review_rows, runs, species
from camtrap_gui.project.browse import Filter
from camtrap_gui.ui.at_hand import keep_places
from camtrap_gui.ui.panels.review import ReviewPanel
from camtrap_gui.ui.review_keys import KEYS
from camtrap_gui.ui.widgets.history_view import HistoryView
from camtrap_gui.ui.widgets.key_overview import KeyOverview
from camtrap_gui.ui.widgets.search_dialog import SearchDialog
from camtrap_gui.ui.widgets.species_dialog import SpeciesDialog
from tests import reviewable, tiny

K, M = Qt.Key, Qt.KeyboardModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(session, show, wait, tmp_path: Path) -> ReviewPanel:
    """On twelve images, the grid with the keyboard."""
    made = ReviewPanel(session(reviewable.make(tmp_path)))
    show(made)
    wait(lambda: len(made.views.ids()) == reviewable.IMAGES)
    wait(lambda: made.progress.words.text())
    made.views.grid.setFocus()
    return made


def said(panel: ReviewPanel, image_id: int) -> list[str]:
    return [one.species for one in review_rows.labels(panel.session.project, image_id)]


def press(panel: ReviewPanel, key: Qt.Key, modifier: Qt.KeyboardModifier = M.NoModifier) -> None:
    """A key where the keyboard is."""
    QTest.keyClick(panel.window().focusWidget() or panel.views.grid, key, modifier)


def at(panel: ReviewPanel, place: int) -> QPoint:
    """The middle of a cell of the grid."""
    across = panel.views.grid.model().columnCount()
    return panel.views.grid.visualRect(panel.views.grid.model().index(*divmod(place, across))).center()


def click(panel: ReviewPanel, place: int, modifier: Qt.KeyboardModifier = M.NoModifier) -> None:
    QTest.mouseClick(panel.views.grid.viewport(), LEFT, modifier, at(panel, place))


# Keys and the mouse in the grid.


def test_that_space_accepts_the_proposal_and_goes_on(panel):
    press(panel, K.Key_Right)
    press(panel, K.Key_Space)
    assert said(panel, 2) == ["gnu"] and panel.views.at_hand() == [3]
    label = review_rows.labels(panel.session.project, 2)[0]
    assert label.author not in edits.MACHINES and label.confidence == 0.8 and label.count == 3


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (K.Key_E, "empty"),
        (K.Key_H, "person"),
        (K.Key_V, "vehicle"),
        (K.Key_U, "unknown"),
        (K.Key_1, "gnu"),
        (K.Key_3, "lion"),
    ],
)
def test_that_a_key_says_what_is_there(panel, key, name):
    press(panel, K.Key_Right)
    press(panel, key)
    assert said(panel, 2) == [name] and panel.views.at_hand() == [3]


def test_that_shift_says_it_of_the_whole_sequence_and_goes_on_behind_it(panel):
    press(panel, K.Key_E, M.ShiftModifier)
    assert [said(panel, number) for number in (1, 2, 3, 4)] == [["empty"], ["empty"], ["empty"], []]
    assert panel.views.at_hand() == [4]


def test_that_the_switch_says_everything_of_whole_sequences(panel):
    press(panel, K.Key_S)
    assert panel.pad.sequence.isChecked()
    press(panel, K.Key_V)
    assert said(panel, 3) == ["vehicle"]
    press(panel, K.Key_S)
    press(panel, K.Key_V)
    assert said(panel, 4) == ["vehicle"] and said(panel, 5) == []


def test_that_typing_names_a_species_by_a_few_letters(panel):
    press(panel, K.Key_R)
    assert panel.pad.species.field.hasFocus()
    QTest.keyClicks(panel.pad.species.field, "lio")
    QTest.keyClick(panel.pad.species.field, K.Key_Return)
    assert said(panel, 1) == ["lion"] and panel.views.grid.hasFocus()


def test_that_escape_leaves_the_field_and_nothing_is_said(panel):
    press(panel, K.Key_Slash)
    QTest.keyClicks(panel.pad.species.field, "e")
    assert panel.pad.species.field.text() == "e"
    QTest.keyClick(panel.pad.species.field, K.Key_Escape)
    assert panel.views.grid.hasFocus() and not list(edits.history(panel.session.project))


def test_that_a_species_nobody_knew_is_made_on_the_fly(panel):
    press(panel, K.Key_R)
    QTest.keyClicks(panel.pad.species.field, "bongo")
    hits = panel.pad.species.hits
    assert "New species" in hits.item(hits.count() - 1).text()
    QTest.keyClick(panel.pad.species.field, K.Key_Return)
    assert said(panel, 1) == ["bongo"] and species.resolve(panel.session.project, "Bongo")


def test_that_a_second_species_is_added_to_the_first(panel):
    press(panel, K.Key_A)
    QTest.keyClicks(panel.pad.species.field, "zebra")
    QTest.keyClick(panel.pad.species.field, K.Key_Return)
    assert said(panel, 1) == ["zebra", "gnu"] and panel.views.at_hand() == [1]
    away = next(
        one for one in panel.pad.findChildren(QAbstractButton) if one.accessibleName() == "Take gnu away"
    )
    QTest.mouseClick(away, LEFT)
    assert said(panel, 1) == ["zebra"]


def test_that_a_letter_without_a_meaning_does_nothing(panel):
    press(panel, K.Key_Z)
    assert not list(edits.history(panel.session.project)) and panel.views.at_hand() == [1]


def test_that_ranges_are_selected_along_the_lines(panel):
    click(panel, 1)
    click(panel, 7, M.ShiftModifier)
    assert panel.views.at_hand() == [2, 3, 4, 5, 6, 7, 8]
    click(panel, 4, M.ControlModifier)
    assert panel.views.at_hand() == [2, 3, 4, 6, 7, 8]
    press(panel, K.Key_E)
    assert [said(panel, number) for number in (2, 5, 8)] == [["empty"], [], ["empty"]]
    assert panel.views.at_hand() == [9]
    press(panel, K.Key_Home)
    press(panel, K.Key_Right, M.ShiftModifier)
    assert panel.views.at_hand() == [1, 2]
    press(panel, K.Key_A, M.ControlModifier)
    assert len(panel.views.at_hand()) == reviewable.IMAGES


def test_that_a_screenful_is_accepted_each_with_its_own_proposal(panel):
    press(panel, K.Key_A, M.ControlModifier)
    assert panel.pad.about.text() == "12 pictures"
    press(panel, K.Key_Space)
    assert [said(panel, number) for number in (1, 2, 3, 6)] == [["gnu"], ["gnu"], ["zebra"], ["empty"]]
    assert len(list(edits.history(panel.session.project))) == 1


def test_that_what_is_decided_keeps_its_place_until_the_queue_is_asked_again(panel, wait):
    press(panel, K.Key_Space)
    assert len(panel.views.ids()) == reviewable.IMAGES and panel.views.grid.rows.row(0).reviewed
    press(panel, K.Key_F5)
    wait(lambda: len(panel.views.ids()) == reviewable.IMAGES - 1)
    assert 1 not in panel.views.ids()


def test_that_buttons_do_what_keys_do_and_leave_the_keyboard_where_it_is(panel):
    for name, shown in (("Vehicle", ["vehicle"]), ("Empty", ["empty"])):
        image_id = panel.views.at_hand()[0]
        button = next(one for one in panel.pad.findChildren(QAbstractButton) if one.accessibleName() == name)
        QTest.mouseClick(button, LEFT)
        assert said(panel, image_id) == shown and panel.views.grid.hasFocus()
    QTest.mouseClick(panel.pad.numbers.buttons[1], LEFT)
    assert said(panel, 3) == ["lion"]
    QTest.mouseClick(panel.pad.flag, LEFT)
    assert panel.views.grid.rows.row(3).flagged and panel.pad.flag.isChecked()


# The single picture.


def test_that_enter_and_escape_go_between_grid_and_picture(panel, wait):
    press(panel, K.Key_Right)
    press(panel, K.Key_Return)
    assert panel.views.shows_single() and panel.views.at_hand() == [2]
    wait(lambda: panel.views.single.viewer.canvas.visible_boxes())
    assert panel.views.single.viewer.canvas.hasFocus()
    press(panel, K.Key_Space)
    assert said(panel, 2) == ["gnu"] and panel.views.at_hand() == [3]
    press(panel, K.Key_Left)
    assert panel.views.at_hand() == [2]
    press(panel, K.Key_J)
    press(panel, K.Key_Return)
    assert said(panel, 3) == ["zebra"] and panel.views.at_hand() == [4]
    press(panel, K.Key_Escape)
    assert not panel.views.shows_single() and panel.views.grid.hasFocus() and panel.views.at_hand() == [4]


def test_that_a_box_chosen_by_hand_is_what_is_said_something_of(panel, wait):
    panel.views.open_place(1)
    canvas = panel.views.single.viewer.canvas
    wait(lambda: len(canvas.visible_boxes()) == 3)
    assert panel.views.region() is None
    target = canvas.to_screen(
        next(box for box in canvas.visible_boxes() if box.region == ("detection", 1002))
    )
    QTest.mouseClick(canvas, LEFT, pos=target.center().toPoint())
    assert panel.views.region() == ("detection", 1002) and panel.pad.about.text() == "This box"
    press(panel, K.Key_R)
    QTest.keyClicks(panel.pad.species.field, "lion")
    QTest.keyClick(panel.pad.species.field, K.Key_Return)
    assert "lion" in said(panel, 2) and panel.views.at_hand() == [2]
    press(panel, K.Key_Escape)
    assert panel.views.shows_single() and panel.views.region() is None
    press(panel, K.Key_Escape)
    assert not panel.views.shows_single()


def test_that_a_key_shows_what_the_classifier_looked_at(panel, wait, tiny_models, tmp_path):
    from camtrap_gui.models.classifiers import Classifier, backbones, bundle

    network = backbones.network(tiny.TINY, 3, 32)
    project = panel.session.project
    names = {"classes": reviewable.SPECIES, "data_hash": ""}
    run = runs.start(project, "quick", "tiny", {}, names, {})
    bundle.save(run.model, Classifier(network, reviewable.SPECIES, "tiny", 32, 1.3))
    runs.set_state(project, run.id, "done", {})
    press(panel, K.Key_W)
    viewer = panel.views.single.viewer
    assert not viewer.explains()  # in the grid nothing is selected to be explained
    press(panel, K.Key_Return)
    wait(lambda: viewer.canvas.chosen() is not None)
    before = viewer.canvas.grab().toImage()
    press(panel, K.Key_W)
    assert viewer.explains()
    wait(lambda: viewer.canvas._glow is not None)
    assert viewer.canvas.grab().toImage() != before
    x, y, width, height = viewer.canvas._glow.area
    box = viewer.canvas.chosen()
    assert x <= box.x and x + width >= box.x + box.width and y <= box.y and y + height >= box.y + box.height
    press(panel, K.Key_W)
    assert viewer.canvas._glow is None and viewer.canvas.grab().toImage() == before


def test_that_the_chosen_box_is_deleted_and_comes_back_with_undo(panel, wait):
    panel.views.open_place(1)
    canvas = panel.views.single.viewer.canvas
    wait(lambda: len(canvas.visible_boxes()) == 3)
    press(panel, K.Key_Delete)
    assert len(canvas.visible_boxes()) == 2
    panel.session.undo()
    assert len(canvas.visible_boxes()) == 3 and panel.views.at_hand() == [2]


# What changes elsewhere.


def test_that_undo_leads_back_to_the_picture_it_is_about(panel):
    for _ in range(4):
        press(panel, K.Key_Space)
    assert panel.views.at_hand() == [5]
    panel.session.undo()
    assert panel.views.at_hand() == [4] and not panel.views.grid.rows.row(3).reviewed
    panel.session.undo()
    panel.session.redo()
    assert panel.views.at_hand() == [3] and panel.views.grid.rows.row(2).reviewed


def test_that_undo_opens_a_picture_again_and_skips_those_still_decided(panel):
    for _ in range(3):
        press(panel, K.Key_Space)
    press(panel, K.Key_Home)
    panel.session.undo()
    assert panel.views.at_hand() == [3] and "2 decided" in panel.views.title.text()
    press(panel, K.Key_Home)
    press(panel, K.Key_E)
    assert panel.views.at_hand() == [3]


def test_that_an_edit_made_elsewhere_is_shown_without_losing_the_place(panel):
    click(panel, 6)
    panel.session.decide(lambda project: decisions.label(project, [7], [decisions.Said("okapi")]))
    assert panel.views.at_hand() == [7] and panel.views.grid.rows.row(6).words == "okapi"
    assert any(label.text() == "okapi" for label in panel.pad.findChildren(QLabel))


def test_that_the_pad_says_who_said_what_and_when(panel):
    assert any("from the import" in label.text() for label in panel.pad.findChildren(QLabel))
    press(panel, K.Key_Right)
    press(panel, K.Key_Space)
    press(panel, K.Key_Left)
    told = [label.text() for label in panel.pad.findChildren(QLabel)]
    assert any(edits.person() in words and "suggested with 80%" in words for words in told)


def test_that_the_pad_says_what_speaks_against_a_label_until_it_is_decided(panel):
    with panel.session.project.write() as db:
        db.execute(
            "INSERT INTO crops (id, image_id, species_id, location, split, file, left, top, right, bottom, sha256)"
            " VALUES (1, 1, 3, 'B03', 'train', 'gnu/1.jpg', 0, 0, 9, 9, '')"
        )
        db.execute("INSERT INTO doubts VALUES (1, 1, 3, 2, 0.08, 0.73, 2.2, NULL)")
    panel.views.look_again()
    assert panel.pad.doubt.text() == "Looks like lion (73%), not gnu (8%)" and panel.pad.doubt.isVisible()
    press(panel, K.Key_Space)
    press(panel, K.Key_Home)
    assert not panel.pad.doubt.isVisible()


# Queues.


def test_that_queues_show_their_counts_and_follow_decisions(panel, wait):
    rows = panel.queues.rows

    def shown() -> dict[str, str]:
        return {
            rows.item(row).text(): rows.item(row).data(Qt.ItemDataRole.UserRole + 1)
            for row in range(rows.count())
        }

    assert shown()["Unreviewed"] == "12"
    press(panel, K.Key_Space)
    wait(lambda: shown()["Unreviewed"] == "11")
    assert panel.progress.words.text().startswith("1 reviewed · 11 left")


def test_that_a_queue_of_one_species_and_of_one_location_can_be_chosen(panel, wait):
    panel.queues.choose("species", "lion")
    wait(lambda: list(panel.views.ids()) == [4, 7, 10])
    panel.queues.choose("location", "C11")
    wait(lambda: len(panel.views.ids()) == 6)
    assert panel.views.title.text().startswith("C11 · 1 of 6")


def test_that_only_unreviewed_can_be_switched_off(panel, wait):
    press(panel, K.Key_Space)
    panel.queues.only_unreviewed.click()
    wait(lambda: panel.queue == queues.Queue("unreviewed", only_unreviewed=False))
    wait(lambda: panel.views.at_hand() == [1])
    assert len(panel.views.ids()) == reviewable.IMAGES and panel.views.grid.rows.row(0).reviewed
    press(panel, K.Key_N)
    assert panel.views.at_hand() == [2]


def test_that_an_empty_queue_says_why(panel, wait):
    panel.queues.choose("flagged")
    wait(lambda: panel.views.pages.currentWidget() is panel.views.nothing)
    assert panel.views.at_hand() == [] and panel.pad.about.text() == "Nothing selected"
    press(panel, K.Key_E)
    assert not list(edits.history(panel.session.project))


def test_that_a_saved_search_becomes_a_queue(panel, wait):
    dialog = SearchDialog(panel.session, panel)
    dialog.name.setEditText("first camera")
    dialog.location.setCurrentIndex(1)
    assert dialog.filter() == Filter(location="B03") and "6 pictures" in dialog.count.text()
    dialog.save.click()
    panel.menu.changed.emit()
    wait(lambda: panel.queues._names.searches == ["first camera"])
    panel.queues.choose("search", "first camera")
    wait(lambda: len(panel.views.ids()) == 6)


# Dialogs.


def test_that_the_history_finds_decisions_and_takes_back_down_to_one(panel):
    for key in (K.Key_E, K.Key_V, K.Key_E):
        press(panel, key)
    history = HistoryView(panel.session, panel)
    history.words.setText("vehicle")
    history.look()
    assert [edit.note for edit in history._shown] == ["1 picture: vehicle"]
    history.table.choose([0])
    assert history.take_back.text() == "Undo these 2"
    history.take_back.click()
    assert [said(panel, number) for number in (1, 2, 3)] == [["empty"], [], []]
    history.table.choose([0])
    history.again.click()
    assert said(panel, 2) == ["vehicle"] and said(panel, 3) == []


def test_that_species_are_renamed_merged_and_found_by_other_names(panel):
    project: Project = panel.session.project
    dialog = SpeciesDialog(panel.session, panel)
    dialog.search.setText("gn")
    dialog.name.setText("wildebeest")
    dialog.rename.click()
    dialog.search.setText("gnu")
    assert [one.name for one in dialog._shown] == ["wildebeest"] and said(panel, 1) == ["wildebeest"]
    dialog.into.setEditText("zebra")
    dialog.merge.click()
    assert said(panel, 1) == ["zebra"]
    dialog.search.clear()
    dialog.new.setText("zebra")
    dialog.add.click()
    assert "zebra" in dialog.message.text() and len(species.all_of(project)) == 2
    panel.session.undo()
    assert said(panel, 1) == ["wildebeest"]


def test_that_the_overview_tells_every_key(panel):
    words = " ".join(label.text() for label in KeyOverview(panel).findChildren(QLabel))
    assert all(key.text in words for key in KEYS if key.group)


def test_that_number_keys_of_species_used_last_do_not_move():
    assert keep_places(["zebra", "lion"], ["lion", "zebra"]) == ["zebra", "lion"]
    assert keep_places(["zebra", "lion"], ["gnu", "lion", "zebra"]) == ["zebra", "lion", "gnu"]
    assert keep_places(["zebra", "lion"], ["gnu", "lion"]) == ["gnu", "lion"]


def test_that_a_project_without_pictures_says_what_comes_first(session, show, tmp_path):
    with Project.create(tmp_path / "empty"):
        pass
    panel = ReviewPanel(session(tmp_path / "empty"))
    show(panel)
    assert not panel.result.isVisible() and panel._empty.isVisible()
