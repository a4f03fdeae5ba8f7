"""A column of figures with their intervals: sorted by the figure, and painted where the figure is."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from camtrap_gui.ui.theme import theme
from camtrap_gui.ui.widgets.interval_bar import Ranged
from camtrap_gui.ui.widgets.number_table import NumberTable


@pytest.fixture
def table(show) -> NumberTable:
    made = NumberTable("Figures")
    made.fill(
        ("Species", "crops", "F1"),
        [
            ("zebra", 40, Ranged(0.5, (0.25, 0.75))),
            ("lion", 3, Ranged(1.0, None)),
            ("yeti", 0, Ranged(None, None)),
        ],
    )
    show(made)
    return made


def coloured(table, row: int) -> list[int]:
    """The columns of pixels in the row's middle that have the accent, or a tint of it."""
    area = table.visualItemRect(table.item(row, 2))
    image = table.viewport().grab().toImage()
    hue = QColor(theme.colours.accent).hue()
    line = [QColor(image.pixel(x, area.center().y())) for x in range(area.left(), area.right())]
    return [x for x, colour in enumerate(line) if colour.saturation() > 40 and abs(colour.hue() - hue) < 12]


def test_that_the_words_of_a_cell_say_what_it_paints(table):
    words = [table.item(row, 2).text() for row in range(3)]
    assert words == ["0.500 (0.250 to 0.750)", "1.000", "–"]
    assert table.item(0, 2).toolTip() == words[0]


def test_that_the_line_lies_where_the_interval_does(table):
    zebra, lion, yeti = (coloured(table, row) for row in range(3))
    width = table.columnWidth(2)
    assert not yeti
    assert len(lion) < 10 and min(lion) > width - 30, "a hollow dot at the end"
    start, stop = min(zebra), max(zebra)
    assert 0.4 * width < stop - start < 0.5 * width, "half of the scale"
    assert sum(zebra) / len(zebra) == pytest.approx((start + stop) / 2, abs=2)


def test_that_sorting_goes_by_the_figure_and_unknown_comes_lowest(table):
    table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert [table.item(row, 0).text() for row in range(3)] == ["lion", "zebra", "yeti"]


def test_that_lines_get_the_room_that_names_do_not_need(table, app):
    narrow = table.columnWidth(2)
    table.resize(1700, 300)
    app.processEvents()
    assert table.columnWidth(2) > narrow + 500
    table.resize(200, 300)
    app.processEvents()
    assert table.columnWidth(2) == 128
