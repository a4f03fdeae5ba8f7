from itertools import combinations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from camtrap_gui import charts
from camtrap_gui.charts import Score, scores
from camtrap_gui.charts.scores import words

ROWS = [
    Score("zebra", 0.95, (0.81, 0.99), 12_345, 120),
    Score("a very long name of a species that nobody can remember", 0.5, (0.0, 1.0), 40, 3),
    Score("lion", 1.0, None, 1, 1),
]


def texts(figure):
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], [ROWS[0]._replace(name=f"species {n}") for n in range(61)]])
def test_that_all_words_stay_on_the_sheet_and_none_covers_another(rows):
    figure = scores(rows, title="F1", subtitle="100 test crops")
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts(figure)]
    for text, box in boxes:
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0 and box.y1 <= figure.bbox.y1, text
    for (one, a), (other, b) in combinations(boxes, 2):
        assert a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1, (one, other)


def test_that_dots_are_at_their_figures_lines_at_their_intervals_and_unknown_ones_hollow():
    axes = scores(ROWS, title="F1").axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in dots] == [(0.95, 0), (0.5, 1), (1.0, 2)]
    spans = [tuple(line.get_xdata()) for line in axes.lines if line.get_alpha() is not None]
    assert spans == [(0.81, 0.99), (0.0, 1.0)]
    background = charts.THEMES["light"].background
    assert [dot.get_markerfacecolor() == background for dot in dots] == [False, False, True]


def test_that_a_row_tells_its_numbers_under_the_mouse():
    figure = scores(ROWS, title="F1")
    assert words(ROWS[0]) == "zebra: 0.95 (95 % interval 0.81 to 0.99), from 12,345 crops at 120 locations"
    assert words(ROWS[2]) == "lion: 1.00, from 1 crop at 1 location"
    said = {charts.tip(figure, 0.5, height / 100) for height in range(100)}
    assert {words(row) for row in ROWS} <= said
