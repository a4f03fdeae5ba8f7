"""Boxes drawn, moved, resized and deleted on a real picture with mouse and keys; what is not the viewer's goes on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from camtrap_gui.pictures import read_upright
from camtrap_gui.ui.viewer.canvas import Canvas
from camtrap_gui.ui.viewer.shown import ShownBox, ShownPicture
from camtrap_gui.ui.viewer.viewer import Viewer

LEFT, ALT, SHIFT = (
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
CONTROL = Qt.KeyboardModifier.ControlModifier
ZEBRA = ShownBox(0.25, 0.25, 0.25, 0.25, "zebra", 0.9, "#0000ff", region=("box", 1))
LION = ShownBox(0.625, 0.5, 0.125, 0.25, "lion", 0.8, "#ff0000", region=("detection", 7))


class Owner:
    """Does what is wanted, as a project would, and shows what has become of it."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas, self.boxes = canvas, [ZEBRA, LION]
        self.heard: list[tuple[object, ...]] = []
        canvas.box_drawn.connect(lambda area: self.do("drawn", None, area))
        canvas.box_moved.connect(lambda region, area: self.do("moved", region, area))
        canvas.box_deleted.connect(lambda region: self.do("deleted", region))
        canvas.show_boxes(self.boxes)

    def do(self, what: str, region: object, area: QRectF | None = None) -> None:
        where = area.getRect() if area is not None else ()
        self.heard.append((what, region, *(round(value, 4) for value in where)))
        if what == "drawn":
            self.boxes.append(ShownBox(*where, "new", 1.0, "#00ff00", region=("box", 50)))
        number = next((n for n, box in enumerate(self.boxes) if box.region == region), -1)
        if what == "deleted":
            del self.boxes[number]
        elif what == "moved":
            x, y, width, height = where
            # A detection becomes a box when it is edited.
            moved = replace(
                self.boxes[number], x=x, y=y, width=width, height=height, region=("box", 60 + number)
            )
            self.boxes[number] = moved
        self.canvas.show_boxes(self.boxes, keep=True)


@pytest.fixture
def canvas(show, app) -> Canvas:
    made = Canvas()
    show(made)
    made.resize(800, 600)
    app.processEvents()
    image = QImage(1600, 1200, QImage.Format.Format_RGB32)
    image.fill(QColor("#808080"))
    made.show_image(image)
    made.set_editable(True)
    made.setFocus()
    return made


@pytest.fixture
def owner(canvas) -> Owner:
    return Owner(canvas)


def drag(
    canvas: Canvas, start: tuple[int, int], end: tuple[int, int], held=Qt.KeyboardModifier.NoModifier
) -> None:
    QTest.mousePress(canvas, LEFT, held, QPoint(*start))
    QTest.mouseMove(canvas, QPoint((start[0] + end[0]) // 2, (start[1] + end[1]) // 2))
    QTest.mouseMove(canvas, QPoint(*end))
    QTest.mouseRelease(canvas, LEFT, held, QPoint(*end))


def words(canvas: Canvas) -> str:
    box = canvas.chosen()
    return box.words if box else ""


# Mouse.


def test_that_a_box_is_moved_by_dragging_and_stays_selected(canvas, owner):
    drag(canvas, (300, 225), (380, 285))
    assert owner.heard == [("moved", ("box", 1), 0.35, 0.35, 0.25, 0.25)]
    assert words(canvas) == "zebra" and canvas.chosen().region == ("box", 60)


def test_that_a_box_that_was_not_selected_can_be_moved_at_once(canvas, owner):
    assert words(canvas) == "zebra"
    drag(canvas, (550, 375), (590, 375))
    assert owner.heard == [("moved", ("detection", 7), 0.675, 0.5, 0.125, 0.25)] and words(canvas) == "lion"


@pytest.mark.parametrize(
    ("handle", "end", "where"),
    [
        ((200, 150), (160, 120), (0.2, 0.2, 0.3, 0.3)),
        ((300, 150), (333, 120), (0.25, 0.2, 0.25, 0.3)),
        ((400, 150), (440, 120), (0.25, 0.2, 0.3, 0.3)),
        ((400, 225), (440, 280), (0.25, 0.25, 0.3, 0.25)),
        ((400, 300), (440, 330), (0.25, 0.25, 0.3, 0.3)),
        ((300, 300), (280, 330), (0.25, 0.25, 0.25, 0.3)),
        ((200, 300), (160, 330), (0.2, 0.25, 0.3, 0.3)),
        ((200, 225), (160, 225), (0.2, 0.25, 0.3, 0.25)),
    ],
)
def test_that_each_handle_moves_its_edges(canvas, owner, handle, end, where):
    drag(canvas, handle, end)
    assert owner.heard == [("moved", ("box", 1), *where)]


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
def test_that_a_drag_means_the_same_piece_of_the_picture_at_every_zoom(canvas, owner, scale):
    corner = QPointF(200, 150)
    canvas.zoom_to(scale, corner)
    drag(canvas, (200, 150), (100, 75))
    away = 100 / (1600 * scale)
    assert owner.heard == [
        ("moved", ("box", 1), *(round(v, 4) for v in (0.25 - away, 0.25 - away, 0.25 + away, 0.25 + away)))
    ]


def test_that_handles_have_one_size_on_the_screen_at_every_zoom(canvas, owner):
    whites = []
    for scale in (0.5, 2.0, 4.0):
        canvas.zoom_to(scale, QPointF(200, 150))
        image = canvas.grab(canvas.rect().intersected(QRectF(190, 140, 21, 21).toRect())).toImage()
        whites.append(sum(image.pixelColor(x, y) == QColor("white") for x in range(21) for y in range(21)))
        canvas.fit()
    assert whites[0] > 30 and len(set(whites)) == 1


def test_that_a_box_ends_at_the_edge_of_the_picture(canvas, owner):
    drag(canvas, (300, 225), (-500, 225))
    drag(canvas, (200, 300), (200, 3000))
    assert owner.heard == [
        ("moved", ("box", 1), 0, 0.25, 0.25, 0.25),
        ("moved", ("box", 60), 0, 0.25, 0.25, 0.75),
    ]


def test_that_a_box_cannot_be_turned_inside_out_or_made_invisible(canvas, owner):
    drag(canvas, (400, 300), (10, 10))
    assert owner.heard == [("moved", ("box", 1), 0.25, 0.25, 0.0025, 0.0033)]  # four pixels


def test_that_a_click_selects_and_moves_nothing(canvas, owner):
    QTest.mouseClick(canvas, LEFT, pos=QPoint(550, 375))
    assert words(canvas) == "lion"
    drag(canvas, (550, 375), (551, 376))
    QTest.mouseClick(canvas, LEFT, pos=QPoint(20, 20))
    assert words(canvas) == "" and owner.heard == []


def test_that_escape_gives_up_a_drag(canvas, owner):
    QTest.mousePress(canvas, LEFT, pos=QPoint(300, 225))
    QTest.mouseMove(canvas, QPoint(400, 300))
    moving = canvas.grab().toImage()
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.grab().toImage() != moving
    QTest.mouseMove(canvas, QPoint(420, 320))
    QTest.mouseRelease(canvas, LEFT, pos=QPoint(420, 320))
    assert owner.heard == [] and words(canvas) == "zebra"


def test_that_dragging_empty_ground_moves_the_picture(canvas, owner):
    canvas.zoom_to(1.0, QPointF(0, 0))
    before = canvas.to_picture(QPointF(100, 100))
    drag(canvas, (100, 100), (60, 80))
    after = canvas.to_picture(QPointF(60, 80))
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()))
    assert owner.heard == [] and words(canvas) == "zebra"


def test_that_a_box_is_drawn_in_draw_mode_only_and_then_selected(canvas, owner):
    QTest.keyClick(canvas, Qt.Key.Key_B)
    assert canvas.cursor().shape() == Qt.CursorShape.CrossCursor
    drag(canvas, (320, 240), (80, 120))  # over another box, from the right bottom
    assert owner.heard == [("drawn", None, 0.1, 0.2, 0.3, 0.2)]
    assert words(canvas) == "new" and not canvas.is_drawing()
    drag(canvas, (20, 20), (90, 90))
    assert len(owner.heard) == 1


def test_that_shift_goes_on_drawing_and_escape_stops(canvas, owner):
    QTest.keyClick(canvas, Qt.Key.Key_B)
    drag(canvas, (0, 0), (80, 60), SHIFT)
    drag(canvas, (100, 0), (180, 60), SHIFT)
    assert [heard[0] for heard in owner.heard] == ["drawn", "drawn"] and canvas.is_drawing()
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas.is_drawing()


def test_that_a_click_in_draw_mode_draws_nothing(canvas, owner):
    QTest.keyClick(canvas, Qt.Key.Key_B)
    QTest.mouseClick(canvas, LEFT, pos=QPoint(500, 100))
    assert owner.heard == [] and canvas.is_drawing()


def test_that_the_mouse_shows_what_it_would_do(canvas, owner):
    shapes = []
    for place in ((300, 225), (400, 300), (400, 150), (400, 225), (300, 300), (550, 375), (20, 20)):
        QTest.mouseMove(canvas, QPoint(*place))
        shapes.append(canvas.cursor().shape())
    shape = Qt.CursorShape
    assert shapes == [
        shape.SizeAllCursor, shape.SizeFDiagCursor, shape.SizeBDiagCursor, shape.SizeHorCursor, shape.SizeVerCursor,
        shape.PointingHandCursor, shape.ArrowCursor,
    ]  # fmt: skip


# Keys.


def test_that_arrow_keys_move_and_resize_and_a_held_key_is_one_edit(canvas, owner):
    for _ in range(3):
        event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Right, ALT, "", True)
        QApplication.sendEvent(canvas, event)
    assert owner.heard == []
    QTest.keyRelease(canvas, Qt.Key.Key_Right, ALT)
    QTest.keyClick(canvas, Qt.Key.Key_Down, ALT | SHIFT)
    step_x, step_y = 4 / 1600, 4 / 1200
    assert owner.heard == [
        ("moved", ("box", 1), round(0.25 + 3 * step_x, 4), 0.25, 0.25, 0.25),
        ("moved", ("box", 60), round(0.25 + 3 * step_x, 4), 0.25, 0.25, round(0.25 + step_y, 4)),
    ]


def test_that_keys_delete_and_select_the_next_box(canvas, owner):
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert owner.heard == [("deleted", ("box", 1))] and words(canvas) == "lion"
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    assert owner.heard == [("deleted", ("box", 1)), ("deleted", ("detection", 7))] and words(canvas) == ""


def test_that_tab_goes_from_box_to_box_and_then_on(show, owner, canvas):
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert words(canvas) == "lion"
    QTest.keyClick(canvas, Qt.Key.Key_Backtab, SHIFT)
    assert words(canvas) == "zebra"
    viewer = Viewer()
    show(viewer)
    viewer.set_editable(True)
    viewer.canvas.show_image(QImage(8, 8, QImage.Format.Format_RGB32))
    viewer.canvas.show_boxes([ZEBRA, LION])
    viewer.canvas.setFocus()
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Tab)
    assert viewer.canvas.hasFocus() and words(viewer.canvas) == "lion"
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Tab)
    assert not viewer.canvas.hasFocus()


def test_that_a_box_can_be_drawn_without_a_mouse(canvas, owner):
    QTest.keyClick(canvas, Qt.Key.Key_B)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert owner.heard == [("drawn", None, 0.375, 0.375, 0.25, 0.25)] and words(canvas) == "new"


def test_that_all_other_keys_go_on_to_whoever_holds_the_viewer(show, wait, tmp_path):
    heard: list[int] = []

    class Panel(QWidget):
        def keyPressEvent(self, event: QKeyEvent) -> None:
            if event.key() not in (Qt.Key.Key_Control, Qt.Key.Key_Alt):
                heard.append(event.key())

    panel, viewer = Panel(), Viewer()
    QVBoxLayout(panel).addWidget(viewer)
    show(panel)
    viewer.set_editable(True)
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    viewer.show_pictures([ShownPicture(tmp_path / "a.png", "", (ZEBRA,))])
    wait(viewer.canvas.visible_boxes)
    viewer.canvas.setFocus()
    free = [Qt.Key(Qt.Key.Key_A + n) for n in range(26) if n != 1] + [
        Qt.Key(Qt.Key.Key_0 + n) for n in range(10)
    ]
    free += [Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Escape, Qt.Key.Key_Slash]
    for key in free:
        QTest.keyClick(viewer.canvas, key)
    assert heard == free
    heard.clear()
    for key in (Qt.Key.Key_Z, Qt.Key.Key_B, Qt.Key.Key_A, Qt.Key.Key_Return):
        QTest.keyClick(viewer.canvas, key, CONTROL)
    assert heard == [Qt.Key.Key_Z, Qt.Key.Key_B, Qt.Key.Key_A, Qt.Key.Key_Return]
    heard.clear()
    for key in (Qt.Key.Key_B, Qt.Key.Key_Return, Qt.Key.Key_Delete, Qt.Key.Key_Plus):
        QTest.keyClick(viewer.canvas, key)
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Left, ALT)
    assert heard == []


def test_that_shortcuts_of_the_window_leave_the_keys_of_a_box_in_hand_alone(show, wait, tmp_path):
    viewer, taken = Viewer(), []
    show(viewer)
    for keys in ("Esc", "Del", "Return"):
        QShortcut(QKeySequence(keys), viewer, lambda keys=keys: taken.append(keys))
    viewer.set_editable(True)
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    viewer.show_pictures([ShownPicture(tmp_path / "a.png", "", (ZEBRA,))])
    wait(viewer.canvas.visible_boxes)
    viewer.activateWindow()
    viewer.canvas.setFocus()
    QTest.keyClick(viewer.canvas, Qt.Key.Key_B)
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Escape)
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Delete)
    assert taken == [] and not viewer.canvas.is_drawing()
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Escape)
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Return)
    assert taken == ["Esc", "Return"]


# What cannot be edited.


def test_that_a_viewer_is_not_editable_unless_asked(canvas, owner):
    canvas.set_editable(False)
    QTest.keyClick(canvas, Qt.Key.Key_B)
    drag(canvas, (300, 225), (380, 285))
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    QTest.keyClick(canvas, Qt.Key.Key_Left, ALT)
    assert owner.heard == [] and not canvas.is_drawing()


def test_that_a_box_that_stands_for_nothing_has_no_handles(canvas, owner):
    owner.boxes = [replace(ZEBRA, region=None)]
    canvas.show_boxes(owner.boxes)
    drag(canvas, (300, 225), (380, 285))
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert owner.heard == []


def test_that_new_boxes_from_elsewhere_do_not_take_a_box_out_of_hand(canvas, owner):
    QTest.mousePress(canvas, LEFT, pos=QPoint(300, 225))
    QTest.mouseMove(canvas, QPoint(340, 225))
    canvas.show_boxes([LION, replace(ZEBRA, words="zebra 0.97")], keep=True)
    QTest.mouseRelease(canvas, LEFT, pos=QPoint(340, 225))
    assert owner.heard == [("moved", ("box", 1), 0.3, 0.25, 0.25, 0.25)]
    QTest.mousePress(canvas, LEFT, pos=QPoint(340, 225))
    QTest.mouseMove(canvas, QPoint(380, 225))
    canvas.show_boxes([LION], keep=True)
    QTest.mouseRelease(canvas, LEFT, pos=QPoint(380, 225))
    assert len(owner.heard) == 1


def test_that_boxes_that_come_after_the_picture_are_selected_unless_a_person_has_let_go(canvas):
    canvas.show_boxes([])
    canvas.show_boxes([LION, ZEBRA], keep=True)
    assert canvas.chosen() == max(LION, ZEBRA, key=lambda box: box.confidence)
    canvas.select(-1)
    canvas.show_boxes([LION, ZEBRA], keep=True)
    assert canvas.chosen() is None


# The viewer around it.


def test_that_the_toolbar_has_buttons_for_drawing_and_deleting(show, wait, tmp_path):
    viewer = Viewer()
    show(viewer)
    assert not viewer.toolbar.draw.isVisible()
    viewer.set_editable(True)
    Image.new("RGB", (640, 480)).save(tmp_path / "a.png")
    viewer.show_pictures([ShownPicture(tmp_path / "a.png", "", (ZEBRA,))])
    wait(viewer.canvas.visible_boxes)
    heard: list[object] = []
    viewer.canvas.box_deleted.connect(heard.append)
    QTest.mouseClick(viewer.toolbar.draw, LEFT)
    assert viewer.canvas.is_drawing() and viewer.toolbar.draw.isChecked()
    viewer.canvas.setFocus()
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Escape)
    assert not viewer.toolbar.draw.isChecked()
    QTest.mouseClick(viewer.toolbar.delete, LEFT)
    assert heard == [("box", 1)]
    viewer.replace_boxes(0, ())
    assert not viewer.toolbar.delete.isEnabled()


def test_that_zoom_and_selection_stay_when_boxes_are_replaced(show, wait, tmp_path):
    viewer = Viewer()
    show(viewer)
    viewer.set_editable(True)
    Image.new("RGB", (640, 480)).save(tmp_path / "a.png")
    viewer.show_pictures([ShownPicture(tmp_path / "a.png", "", (ZEBRA, LION))])
    wait(viewer.canvas.visible_boxes)
    viewer.canvas.select_region(("detection", 7))
    viewer.canvas.zoom_to(3.0)
    viewer.replace_boxes(0, (replace(LION, words="leopard"), ZEBRA))
    assert words(viewer.canvas) == "leopard" and viewer.canvas.scale() == 3.0
    assert viewer.current().boxes[0].words == "leopard"


@pytest.mark.parametrize("turned", [1, 3, 6, 8])
def test_that_a_box_means_the_upright_picture_however_the_file_is_stored(
    show, wait, tmp_path: Path, turned: int, app
):
    upright = Image.new("RGB", (640, 480), "white")
    upright.paste("red", (400, 60, 520, 180))
    undone = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    stored = upright.transpose(undone[turned]) if turned in undone else upright
    exif = Image.Exif()
    exif[0x0112] = turned
    stored.save(tmp_path / "a.jpg", exif=exif, quality=95, subsampling=0)
    viewer = Viewer()
    show(viewer)
    viewer.set_editable(True)
    viewer.show_pictures([ShownPicture(tmp_path / "a.jpg", "", (ZEBRA,))])
    wait(viewer.canvas.visible_boxes)
    seen = viewer.canvas.grab().toImage()
    red = [
        (x, y)
        for x in range(seen.width())
        for y in range(seen.height())
        if seen.pixelColor(x, y).red() > 240 and seen.pixelColor(x, y).green() < 20
    ]
    drawn: list[QRectF] = []
    viewer.canvas.box_drawn.connect(drawn.append)
    viewer.canvas.set_drawing(True)
    drag(viewer.canvas, min(red), max(red))
    x, y, width, height = drawn[0].getRect()
    assert (x, y, width, height) == pytest.approx((400 / 640, 60 / 480, 120 / 640, 120 / 480), abs=0.01)
    picture = read_upright(tmp_path / "a.jpg")
    inner = (x + width * 0.1, y + height * 0.1, x + width * 0.9, y + height * 0.9)
    across, down = picture.size
    crop = picture.crop(
        [round(v * side) for v, side in zip(inner, (across, down, across, down), strict=True)]
    )
    assert min(low for low, _ in crop.getextrema()[:1]) > 200 and crop.getextrema()[1][1] < 60


def test_that_a_title_that_is_too_long_keeps_its_beginning_and_end(
    show: Callable[[QWidget], None], wait, tmp_path
):
    viewer = Viewer()
    show(viewer)
    viewer.resize(560, 400)
    folder = tmp_path / "season_2" / "a_camera_with_a_long_name"
    folder.mkdir(parents=True)
    Image.new("RGB", (64, 48)).save(folder / "IMG_0001.JPG")
    viewer.set_editable(True)
    viewer.show_pictures(
        [ShownPicture(folder / "IMG_0001.JPG", "season_2/a_camera_with_a_long_name/IMG_0001.JPG")]
    )
    QTest.qWait(50)
    title = viewer.toolbar.title
    assert title.width() >= 100
    shown = title.fontMetrics().elidedText(title.text(), Qt.TextElideMode.ElideMiddle, title.width())
    assert shown.endswith(".JPG") and "…" in shown
    assert str(folder) in title.toolTip()
    right = max(
        child.geometry().right() for child in viewer.toolbar.findChildren(QWidget) if child.isVisible()
    )
    assert right <= viewer.toolbar.width()
