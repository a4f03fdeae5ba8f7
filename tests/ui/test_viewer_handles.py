"""What becomes of boxes under the mouse, and where their handles are, for any box, drag and zoom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSizeF

from camtrap_gui.ui.viewer.box_editing import nudged
from camtrap_gui.ui.viewer.box_handles import (
    GRIPS,
    LEAST_FRAME,
    MOVE,
    dragged,
    grip_at,
    handle_frame,
    handle_places,
    least_size,
    spanned,
)
from camtrap_gui.ui.viewer.placement import Placement
from camtrap_gui.ui.viewer.shown import ShownBox, place_of

TINY = 1e-9
fraction = st.floats(0, 1)
way = st.floats(-3, 3)
sides = st.integers(1, 20_000)
leasts = st.builds(least_size, sides, sides)


@st.composite
def boxes(draw, least=0.0):
    left, top = draw(st.floats(0, 1 - least)), draw(st.floats(0, 1 - least))
    return left, top, draw(st.floats(least, 1 - left)), draw(st.floats(least, 1 - top))


def is_fine(box, least) -> bool:
    left, top, width, height = box
    inside = left >= 0 and top >= 0 and left + width <= 1 and top + height <= 1
    return inside and width >= least[0] - TINY and height >= least[1] - TINY


@given(boxes(), st.sampled_from((*GRIPS, MOVE)), way, way, leasts)
def test_that_any_drag_leaves_a_box_in_the_picture_that_is_large_enough(box, grip, across, down, least):
    assert is_fine(dragged(box, grip, (across, down), least), least)


@given(st.tuples(way, way), st.tuples(way, way), leasts)
def test_that_a_box_drawn_from_anywhere_to_anywhere_is_in_the_picture_and_large_enough(start, end, least):
    assert is_fine(spanned(start, end, least), least)


@given(st.tuples(way, way, way, way), st.sampled_from((*GRIPS, MOVE)), way, way, leasts)
def test_that_a_box_of_a_source_that_reaches_out_of_the_picture_comes_back_with_a_drag(
    box, grip, across, down, least
):
    assert is_fine(dragged(box, grip, (across, down), least), least)


@given(boxes(least=0.01), st.sampled_from(GRIPS), way, way)
def test_that_the_edges_that_are_not_held_stay(box, grip, across, down):
    left, top, width, height = dragged(box, grip, (across, down), (0.001, 0.001))
    if grip[0] >= 0:
        assert left == pytest.approx(box[0], abs=TINY)
    if grip[0] <= 0:
        assert left + width == pytest.approx(box[0] + box[2], abs=TINY)
    if grip[1] >= 0:
        assert top == pytest.approx(box[1], abs=TINY)
    if grip[1] <= 0:
        assert top + height == pytest.approx(box[1] + box[3], abs=TINY)


@given(boxes(least=0.01), way, way)
def test_that_moving_keeps_the_size(box, across, down):
    moved = dragged(box, MOVE, (across, down), (0.001, 0.001))
    assert moved[2:] == pytest.approx(box[2:], abs=TINY)


@given(boxes(least=0.05), st.floats(-0.02, 0.02), st.floats(-0.02, 0.02))
def test_that_a_box_follows_the_mouse_where_nothing_is_in_the_way(box, across, down):
    left, top, width, height = dragged(box, (1, 1), (across, down), (0.001, 0.001))
    assert left + width == pytest.approx(min(1, box[0] + box[2] + across), abs=TINY)
    assert top + height == pytest.approx(min(1, box[1] + box[3] + down), abs=TINY)


@given(boxes(least=0.01), st.sampled_from(("left", "right", "up", "down")), st.booleans(), leasts)
def test_that_arrow_keys_leave_a_box_in_the_picture(box, towards, sizing, least):
    for _ in range(5):
        box = nudged(box, towards, (0.3, 0.3), sizing, least)
        assert is_fine(box, least)


areas = st.tuples(st.floats(-900, 900), st.floats(-900, 900), st.floats(0, 4000), st.floats(0, 4000))
ROOM = (800.0, 600.0)


@given(areas)
def test_that_each_handle_is_held_where_it_is_drawn_and_the_middle_moves(area):
    for grip, place in handle_places(area, ROOM).items():
        found = grip_at(place, area)
        assert found is not None
        if 0 not in grip:
            assert found == grip
    left, top, width, height = area
    assert grip_at((left + width / 2, top + height / 2), area) == MOVE
    assert grip_at((left - LEAST_FRAME, top), area) is None


@given(areas)
def test_that_handles_never_lie_on_each_other(area):
    places = list(handle_places(area, ROOM).values())
    assert all(len(set(ends)) > 1 for ends in zip(*places, strict=True))
    corners = [handle_places(area, ROOM)[grip] for grip in GRIPS if 0 not in grip]
    for number, one in enumerate(corners):
        for other in corners[number + 1 :]:
            assert max(abs(one[0] - other[0]), abs(one[1] - other[1])) >= LEAST_FRAME - 1e-6
    frame = handle_frame(area)
    assert min(frame[2:]) >= LEAST_FRAME - 1e-6


def test_that_an_edge_is_held_anywhere_and_its_handle_stays_in_sight():
    area = (-2000.0, 100.0, 4000.0, 3000.0)
    assert handle_places(area, ROOM)[0, -1] == (400, 100)
    assert grip_at((30, 103), area) == (0, -1)


placements = st.builds(
    lambda width, height, scale, x, y: (width, height, scale, QPointF(x, y)),
    sides, sides, st.floats(0.05, 16), st.floats(-100, 900), st.floats(-100, 700),
)  # fmt: skip


@given(placements, boxes())
def test_that_a_box_comes_back_from_the_screen_at_every_zoom(placed, box):
    placement = Placement()
    placement.picture, placement.room = QSizeF(placed[0], placed[1]), QSizeF(800, 600)
    placement.fit()
    placement.zoom_to(placed[2], placed[3])
    area = placement.to_screen(box)
    left, top = placement.to_fraction(area.topLeft())
    right, bottom = placement.to_fraction(area.bottomRight())
    assert (left, top, right - left, bottom - top) == pytest.approx(box, abs=1e-6)
    whole = placement.to_screen((0, 0, 1, 1))
    assert whole.intersects(QRectF(0, 0, 800, 600))


@given(placements)
def test_that_zoom_keeps_the_point_under_the_cursor_unless_the_picture_would_get_lost(placed):
    placement = Placement()
    placement.picture, placement.room = QSizeF(placed[0], placed[1]), QSizeF(800, 600)
    placement.fit()
    before = placement.to_picture(placed[3])
    inside = QRectF(0, 0, placed[0], placed[1]).contains(before)
    placement.zoom_to(placed[2], placed[3])
    after = placement.to_picture(placed[3])
    if inside and QRectF(48, 48, 704, 504).contains(placed[3]):
        assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=1e-6 * max(placed[:2]))


def test_that_an_edited_detection_is_known_again_as_the_box_it_has_become():
    def shown(x: float, region: tuple[str, int]) -> ShownBox:
        return ShownBox(x, 0.1, 0.2, 0.2, "", 1.0, "#000000", region=region)

    before = [shown(0.1, ("detection", 5)), shown(0.6, ("detection", 6))]
    after = [shown(0.6, ("box", 1)), shown(0.12, ("box", 2))]
    assert place_of(before, ("detection", 6), None) == 1
    assert place_of(after, ("detection", 5), before[0].area) == 1
    assert place_of(after[:1], ("detection", 5), before[0].area) == -1
    assert place_of([], ("detection", 5), before[0].area) == -1
