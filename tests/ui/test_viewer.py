"""The picture on screen: zoom, boxes, chips, the strip, night adjustments, and files of every kind."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from camtrap_gui.ui.viewer.adjust import Adjust
from camtrap_gui.ui.viewer.box_drawing import chip_place
from camtrap_gui.ui.viewer.canvas import Canvas
from camtrap_gui.ui.viewer.loader import Loader, decode
from camtrap_gui.ui.viewer.shown import Pictures, ShownBox, ShownPicture
from camtrap_gui.ui.viewer.viewer import Viewer

BLUE, RED = "#0000ff", "#ff0000"
ROOM = QRectF(0, 0, 800, 600)


@pytest.fixture
def canvas(show, app) -> Canvas:
    made = Canvas()
    show(made)
    made.resize(800, 600)
    app.processEvents()
    image = QImage(1600, 900, QImage.Format.Format_RGB32)
    image.fill(QColor("#808080"))
    made.show_image(image)
    return made


@pytest.fixture
def save(tmp_path) -> Callable[..., Path]:
    def make(name: str, colour: str = "grey", size: tuple[int, int] = (64, 48), **how: object) -> Path:
        path = tmp_path / name
        Image.new("RGB", size, colour).save(path, **how)
        return path

    return make


@pytest.fixture
def viewer(show) -> Viewer:
    made = Viewer()
    show(made)
    return made


def box(
    x: float, y: float, width: float, height: float, words: str = "zebra 0.97", **more: object
) -> ShownBox:
    return ShownBox(x, y, width, height, words, **{"confidence": 0.97, "colour": BLUE, **more})  # type: ignore[arg-type]


def turn_wheel(canvas: Canvas, at: QPointF, angle: int) -> None:
    event = QWheelEvent(
        at, canvas.mapToGlobal(at), QPoint(), QPoint(0, angle), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def span(canvas: Canvas, colour: str) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the pixels of a colour on the screen."""
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    wanted = QColor(colour)
    rows, columns = np.nonzero(
        (pixels[..., 2] == wanted.red())
        & (pixels[..., 1] == wanted.green())
        & (pixels[..., 0] == wanted.blue())
    )
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


# Zoom.


@pytest.mark.parametrize("angle", [120, 360, -120])
def test_that_the_wheel_keeps_the_point_under_the_cursor(canvas, angle):
    canvas.zoom_to(1.5)
    at = QPointF(300, 250)
    before, scale = canvas.to_picture(at), canvas.scale()
    turn_wheel(canvas, at, angle)
    after = canvas.to_picture(at)
    assert canvas.scale() != scale
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=1e-6)


def test_that_a_picture_is_shown_whole_at_first_and_after_the_key_0(canvas):
    assert canvas.scale() == pytest.approx(0.5)
    QTest.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.scale() == pytest.approx(0.625)
    QTest.keyClick(canvas, Qt.Key.Key_0)
    assert canvas.scale() == pytest.approx(0.5)
    assert canvas.to_screen(box(0, 0, 1, 1)) == QRectF(0, 75, 800, 450)


def test_that_a_double_click_shows_pixel_by_pixel_and_back(canvas):
    at = QPoint(400, 300)
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    assert canvas.scale() == 1.0
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    assert canvas.scale() == pytest.approx(0.5)
    QTest.keyClick(canvas, Qt.Key.Key_1)
    assert canvas.scale() == 1.0


def test_that_zoom_ends_and_the_picture_never_gets_lost(canvas):
    for angle in (12_000, -24_000):
        for _ in range(20):
            turn_wheel(canvas, QPointF(5, 5), angle)
        assert 0.2 < canvas.scale() <= 16
        assert canvas.to_screen(box(0, 0, 1, 1)).intersects(QRectF(canvas.rect()))
    canvas.zoom_to(2)
    for _ in range(200):
        QTest.keyClick(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert canvas.to_screen(box(0, 0, 1, 1)).intersects(QRectF(canvas.rect()))


def test_that_a_tiny_crop_fills_the_room_and_can_be_enlarged_no_further(canvas):
    tiny = QImage(20, 20, QImage.Format.Format_RGB32)
    tiny.fill(QColor("#334455"))
    canvas.show_image(tiny)
    assert canvas.scale() == pytest.approx(30)
    QTest.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.scale() == pytest.approx(30)


def test_that_dragging_moves_the_picture(canvas):
    canvas.zoom_to(1.0)
    before = canvas.to_picture(QPointF(400, 300))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    QTest.mouseMove(canvas, QPoint(430, 320))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(430, 320))
    after = canvas.to_picture(QPointF(430, 320))
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()))


def test_that_the_view_stays_when_only_the_light_changes(canvas):
    canvas.zoom_to(3.0, QPointF(100, 100))
    place = canvas.to_picture(QPointF(0, 0))
    brighter = QImage(1600, 900, QImage.Format.Format_RGB32)
    brighter.fill(QColor("#ffffff"))
    canvas.show_image(brighter, keep_view=True)
    assert canvas.scale() == 3.0 and canvas.to_picture(QPointF(0, 0)) == place


# Boxes.


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
def test_that_boxes_grow_with_the_picture_and_their_lines_do_not(canvas, scale):
    canvas.show_boxes([box(0.4, 0.4, 0.1, 0.1, "", confidence=1.0)])
    canvas.select(-1)
    middle = QPointF(400, 300)
    canvas.zoom_to(scale, middle)
    area = canvas.to_screen(canvas.visible_boxes()[0])
    assert area.width() == pytest.approx(160 * scale) and area.height() == pytest.approx(90 * scale)
    image = canvas.grab().toImage()
    row = int(area.top() + area.height() * 0.8)  # below the chip
    if 0 <= row < 600:
        line = [x for x in range(int(area.left()) - 8, int(area.left()) + 9) if 0 <= x < 800]
        inked = sum(image.pixelColor(x, row).blue() > 150 for x in line)
        assert 1 <= inked <= 3 or area.left() < 0


@pytest.mark.parametrize("place", [(0, 0), (0.9, 0), (0, 0.9), (0.9, 0.9), (0, 0.45)])
def test_that_a_chip_stays_inside_the_widget(canvas, place):
    canvas.show_boxes([box(*place, 0.1, 0.1, "a very long species name 0.97", colour=RED)])
    for scale in (0.5, 1.0):
        canvas.zoom_to(scale, canvas.to_screen(canvas.visible_boxes()[0]).center())
        area = canvas.to_screen(canvas.visible_boxes()[0])
        chip = chip_place(area, QSizeF(220, 16), ROOM, [])
        assert chip is not None and ROOM.contains(chip)


def test_that_boxes_out_of_sight_leave_no_chips_at_the_edge(canvas):
    canvas.show_boxes([box(0.9, 0.9, 0.05, 0.05, colour=RED)])
    canvas.zoom_to(4.0, QPointF(0, 75))
    assert not canvas.to_screen(canvas.visible_boxes()[0]).intersects(QRectF(canvas.rect()))
    with pytest.raises(ValueError):
        span(canvas, RED)


def test_that_chips_do_not_cover_each_other():
    taken: list[QRectF] = []
    area = QRectF(300, 200, 120, 90)
    for _ in range(4):
        chip = chip_place(area, QSizeF(90, 16), ROOM, taken)
        assert chip is not None and not any(chip.intersects(other) for other in taken)
        taken.append(chip)
    assert chip_place(area, QSizeF(90, 16), ROOM, taken) is None


def test_that_the_threshold_hides_boxes_and_their_selection(canvas):
    boxes = [box(0.1, 0.1, 0.2, 0.2, confidence=0.9), box(0.6, 0.6, 0.2, 0.2, confidence=0.3, colour=RED)]
    canvas.show_boxes(boxes)
    assert len(canvas.visible_boxes()) == 2
    assert span(canvas, RED)
    canvas.set_threshold(0.5)
    assert canvas.visible_boxes() == boxes[:1]
    with pytest.raises(ValueError):
        span(canvas, RED)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(560, 400))
    assert canvas._chosen == 0


def test_that_a_click_selects_the_smallest_box_and_keys_the_next(canvas):
    canvas.show_boxes([box(0, 0, 1, 1, confidence=0.5), box(0.4, 0.4, 0.2, 0.2, confidence=0.4)])
    chosen: list[int] = []
    canvas.selected.connect(chosen.append)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(20, 100))
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        QTest.keyClick(canvas, key)
    assert chosen == [1, 0, 1, 0, 1]


def test_that_the_bars_are_those_of_the_selected_box(viewer, save, wait):
    tops = ((("zebra", 0.9), ("lion", 0.1)), (("rhino", 0.6), ("cat", 0.4)))
    boxes = tuple(
        box(0.1 + 0.5 * n, 0.1, 0.3, 0.3, confidence=0.9 - n / 10, top=top) for n, top in enumerate(tops)
    )
    viewer.show_pictures([ShownPicture(save("a.jpg"), "", boxes)])
    wait(lambda: viewer.canvas.visible_boxes())
    assert viewer.bars.accessibleDescription() == "zebra 90%; lion 10%"
    viewer.canvas.select(1)
    assert viewer.bars.accessibleDescription() == "rhino 60%; cat 40%"


# The strip and its pictures.


def test_that_keys_leaf_through_the_strip(viewer, save, wait):
    paths = [save(f"{number}.jpg", colour) for number, colour in enumerate(("red", "green", "blue"))]
    places: list[int] = []
    viewer.moved.connect(places.append)
    viewer.show_pictures([ShownPicture(path) for path in paths])
    viewer.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_PageDown, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_PageUp):
        QTest.keyClick(viewer, key)
    assert places == [0, 1, 2, 1, 0]
    assert viewer.strip.isVisible() and viewer.strip.place() == 0
    viewer.canvas.setFocus()
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Right)
    assert viewer.strip.place() == 1
    third = viewer.strip.cell(2).center()
    QTest.mouseClick(viewer.strip.viewport(), Qt.MouseButton.LeftButton, pos=third)
    assert places[-1] == 2
    wait(lambda: viewer.strip.thumbnail(2) is not None)
    assert not viewer.strip.thumbnail(2).isNull()


def test_that_the_neighbours_are_warm(viewer, save, wait):
    paths = [save(f"{number}.jpg") for number in range(9)]
    viewer.show_pictures([ShownPicture(path) for path in paths], 4)
    wait(lambda: all(viewer._loader.is_warm(paths[place]) for place in (3, 4, 5, 6)))
    painted: list[int] = []
    viewer.painted.connect(painted.append)
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    assert painted == [5]  # at once, without waiting for a thread
    assert not viewer._loader.is_warm(paths[0])


def test_that_who_leafs_quickly_does_not_wait_for_what_was_passed(app, save, wait):
    loader = Loader()
    paths = [save(f"{number}.png", size=(1200, 900)) for number in range(30)]
    came: list[Path] = []
    loader.loaded.connect(lambda path, *_: came.append(path))
    for place, path in enumerate(paths):
        loader.get(path)
        for neighbour in paths[place + 1 : place + 3]:
            loader.warm(neighbour)
    wait(lambda: paths[-1] in came)
    assert len(came) < 10
    loader.close()


def test_that_the_cache_keeps_within_its_bytes(app, save, wait, monkeypatch):
    from camtrap_gui.ui.viewer import loader as module

    monkeypatch.setattr(module, "CACHE_BYTES", 3 * 64 * 48 * 4)
    loader = Loader()
    paths = [save(f"{number}.png") for number in range(6)]
    for path in paths:
        loader.warm(path)
    wait(lambda: loader.is_warm(paths[-1]))
    assert sum(loader.is_warm(path) for path in paths) == 3
    loader.close()


def test_that_a_file_that_cannot_be_read_says_why(viewer, tmp_path, save, wait):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no picture")
    bad = ShownPicture(tmp_path / "broken.jpg", "", (box(0, 0, 1, 1),))
    gone = ShownPicture(tmp_path / "gone.jpg")
    viewer.show_pictures([bad, gone, ShownPicture(save("good.jpg"), "", (box(0, 0, 1, 1),))])
    wait(lambda: viewer.canvas._message.startswith("broken.jpg\n"))
    assert len(viewer.canvas._message) > len("broken.jpg\n") and viewer.canvas.visible_boxes() == []
    viewer.go_to(1)
    wait(lambda: viewer.canvas._message.startswith("gone.jpg\n"))
    viewer.go_to(2)
    wait(lambda: viewer.canvas.visible_boxes())
    assert viewer.canvas.grab().toImage().pixelColor(viewer.canvas.rect().center()) == QColor("grey")


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("side", [0, 32])
def test_that_pictures_are_upright(tmp_path, turned, side):
    upright = Image.new("RGB", (64, 48), "white")
    upright.paste("red", (0, 0, 32, 24))
    methods = {
        2: 0,
        3: 3,
        4: 1,
        5: 5,
        6: 2,
        7: 6,
        8: 4,
    }  # undo what the orientation asks for: PIL's transpositions
    stored = upright.transpose(Image.Transpose(methods[turned])) if turned in methods else upright
    exif = Image.Exif()
    exif[0x0112] = turned
    stored.save(tmp_path / "a.jpg", exif=exif, quality=95, subsampling=0)
    image, reason = decode(tmp_path / "a.jpg", side)
    assert reason == ""
    assert (image.width(), image.height()) == ((32, 24) if side else (64, 48))
    corner = image.pixelColor(image.width() // 4, image.height() // 4)
    assert corner.red() > 200 and corner.green() < 60
    other = image.pixelColor(image.width() * 3 // 4, image.height() * 3 // 4)
    assert min(other.red(), other.green(), other.blue()) > 200


def test_that_originals_are_only_read(viewer, save, wait, tmp_path):
    path = save("a.jpg")
    before, stat = path.read_bytes(), path.stat()
    viewer.show_pictures([ShownPicture(path)])
    wait(lambda: viewer._loader.is_warm(path))
    viewer.adjust.set_values(50, 20, 150)
    QTest.qWait(80)
    assert path.read_bytes() == before and path.stat().st_mtime_ns == stat.st_mtime_ns
    assert [entry.name for entry in os.scandir(tmp_path) if entry.is_file()] == ["a.jpg"]


# Night.


def test_that_night_pictures_can_be_made_brighter_and_are_restored(viewer, save, wait):
    viewer.show_pictures([ShownPicture(save("night.png", "#141414"))])
    middle = viewer.canvas.rect().center()

    def light() -> int:
        return viewer.canvas.grab().toImage().pixelColor(viewer.canvas.rect().center()).red()

    wait(lambda: light() == 0x14)
    assert middle is not None
    viewer.adjust.set_values(0, 0, 250)
    wait(lambda: light() > 80)
    viewer.adjust.set_values(40, 0, 100)
    wait(lambda: light() == 0x14 + 51)
    viewer.adjust.reset()
    wait(lambda: light() == 0x14)


def test_that_adjusting_follows_its_formula_and_leaves_the_image_alone(app):
    image = QImage(5, 3, QImage.Format.Format_RGB32)
    image.fill(QColor(10, 100, 200))
    adjust = Adjust()
    assert adjust.applied(image) is image
    adjust.set_values(10, 50, 200)
    changed = adjust.applied(image).pixelColor(4, 2)
    expected = [
        round(min(max(((value / 255) ** 0.5 - 0.5) * 1.5**2 + 0.5 + 0.05, 0), 1) * 255)
        for value in (10, 100, 200)
    ]
    assert [changed.red(), changed.green(), changed.blue()] == expected
    assert image.pixelColor(4, 2) == QColor(10, 100, 200)


# Painting.


def test_that_a_hundred_thousand_paints_survive(app, show):
    # PySide6 6.12 on Python 3.11 loses a reference to None and True with most calls, and aborts after some ten
    # thousand paints.
    canvas = Canvas()
    canvas.setMinimumSize(1, 1)
    show(canvas)
    canvas.resize(24, 24)
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(QColor("grey"))
    canvas.show_image(image)
    canvas.show_boxes([box(0.2, 0.2, 0.5, 0.5, "z")])
    target = QImage(24, 24, QImage.Format.Format_RGB32)
    for _ in range(100_000):
        canvas.render(target)
    assert target.pixelColor(12, 12).isValid()


# Many pictures.


class Counted(Pictures):
    """Pictures that say which of them were looked at."""

    def __init__(self, path: Path, many: int) -> None:
        self.file, self.many = path, many
        self.made: list[int] = []

    def __len__(self) -> int:
        return self.many

    def at(self, place: int) -> ShownPicture:
        self.made.append(place)
        return ShownPicture(self.path(place), f"number {place}", (box(0.1, 0.1, 0.2, 0.2, f"box {place}"),))

    def path(self, place: int) -> Path:
        return self.file


def test_that_of_a_hundred_thousand_pictures_only_those_shown_are_made(viewer, save, wait):
    many = Counted(save("a.jpg"), 100_000)
    viewer.show_pictures(many, 70_000)
    wait(viewer.canvas.visible_boxes)
    assert many.made == [70_000] and viewer.strip.count() == 100_000
    assert viewer.strip.viewport().rect().contains(viewer.strip.cell(70_000))
    viewer.canvas.setFocus()
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Right)
    viewer.strip.setFocus()
    QTest.keyClick(viewer.strip, Qt.Key.Key_Left)
    assert many.made == [70_000, 70_001, 70_000]  # as it is now, not as it was
    QTest.keyClick(viewer.strip, Qt.Key.Key_End)
    assert viewer.place() == 99_999
    assert viewer.strip.viewport().rect().contains(viewer.strip.cell(99_999))
    assert viewer.strip.accessibleDescription() == "Picture 100,000 of 100,000"
    viewer.refresh()
    assert viewer.canvas.visible_boxes()[0].words == "box 99999" and len(many.made) == 5


def test_that_who_zooms_in_sees_every_pixel_and_the_size_is_that_of_the_file(viewer, tmp_path, wait):
    stripes = Image.new("RGB", (3000, 2000), "white")
    stripes.paste("black", (1500, 0, 1501, 2000))
    stripes.save(tmp_path / "a.png")
    viewer.show_pictures([ShownPicture(tmp_path / "a.png", "", (box(0.5, 0.5, 0.1, 0.1),))])
    wait(viewer.canvas.visible_boxes)
    assert viewer.canvas.to_screen(box(0, 0, 1, 1)).width() == pytest.approx(3000 * viewer.canvas.scale())
    viewer.canvas.zoom_to(1.0)
    area = viewer.canvas.to_screen(box(0.5, 0.45, 0, 0))
    wait(lambda: not viewer.canvas.is_blurred())
    assert viewer.canvas.scale() == 1.0 and viewer.canvas.to_screen(box(0.5, 0.45, 0, 0)) == area
    image, (x, y) = viewer.canvas.grab().toImage(), (round(area.x()), round(area.y()))
    row = [image.pixelColor(x + by, y).red() for by in range(-3, 5)]
    assert min(row) < 140 and row.count(255) >= 5


def test_that_a_picture_without_a_file_says_why(viewer, save, wait):
    viewer.show_pictures(
        [ShownPicture(Path(), "Image 7", problem="There is no image 7."), ShownPicture(save("a.jpg"))]
    )
    assert viewer.canvas._message == "There is no image 7."
    viewer.go_to(1)
    wait(lambda: not viewer._image.isNull())
