"""Holding a detector's boxes against the true ones."""

from camtrap_gui.survey.truth import Score, read_true_boxes, score

LEFT, RIGHT = (0.1, 0.1, 0.2, 0.2), (0.6, 0.6, 0.2, 0.2)


def test_that_each_visitor_is_found_once():
    assert score([([LEFT], [LEFT, LEFT])]) == Score(visitors=1, found=1, boxes=2, right=1, empty=0, alarmed=0)


def test_that_a_box_must_overlap_by_half():
    shifted = (0.1, 0.1 + 0.2 / 3 + 0.001, 0.2, 0.2)
    assert score([([LEFT], [shifted])]).found == 0
    assert score([([LEFT], [(0.1, 0.1 + 0.2 / 3 - 0.001, 0.2, 0.2)])]).found == 1


def test_that_a_box_takes_the_visitor_it_fits_best():
    beside = (0.13, 0.1, 0.2, 0.2)
    assert score([([LEFT, beside], [beside, LEFT])]).found == 2


def test_that_boxes_in_empty_pictures_are_alarms():
    result = score([([], [LEFT, RIGHT]), ([], []), ([LEFT, RIGHT], [RIGHT])])
    assert (result.empty, result.alarmed) == (2, 1)
    assert result.recall == 0.5 and result.precision == 1 / 3
    assert score([]).recall is None and score([]).precision is None


def test_that_true_boxes_are_read_as_fractions_of_the_upright_picture(small_survey):
    boxes = read_true_boxes(small_survey.true_boxes)
    assert any(boxes.values()) and not all(boxes.values()) and len(boxes) < 24, (
        "unreadable pictures have no truth"
    )
    assert all(
        0 <= x < x + w <= 1 and 0 <= y < y + h <= 1 for found in boxes.values() for x, y, w, h in found
    )
