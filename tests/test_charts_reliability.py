from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from camtrap_gui import calibration, charts
from camtrap_gui.charts import reliability
from camtrap_gui.charts.dots import words


def known(crops, locations, seed=0):
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.3, 1, crops)
    right = random.random(crops) < confidence
    return calibration.measure(confidence, right, random.integers(0, locations, crops))


def texts(figure):
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


@pytest.mark.parametrize(("crops", "locations"), [(1, 1), (30, 4), (1_000_000, 40)])
def test_that_all_words_stay_on_the_sheet_and_none_covers_another(crops, locations):
    figure = reliability(known(crops, locations), f"{crops:,} test crops")
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts(figure)]
    for text, box in boxes:
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0 and box.y1 <= figure.bbox.y1, text
    for (one, a), (other, b) in combinations(boxes, 2):
        assert a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1, (one, other)


def test_that_dots_are_at_the_figures_of_their_bins_and_columns_as_high_as_their_crops():
    found = known(300, 6)
    curve, counts = reliability(found, "300 test crops").axes
    dots = [line for line in curve.lines if line.get_marker() == "o"]
    present = [each for each in found.bins if each.crops]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in dots] == [
        (each.confidence, each.accuracy) for each in present
    ]
    assert [bar.get_height() for bar in counts.patches] == [each.crops for each in present]
    shown = {text.get_text() for text in counts.texts}
    assert {f"{each.crops:,}" for each in present} <= shown


def test_that_a_bin_without_an_interval_is_hollow_and_the_key_says_so():
    figure = reliability(known(12, 1), "12 test crops")
    background = figure.get_facecolor()
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert dots and all(charts.THEMES["light"].background == dot.get_markerfacecolor() for dot in dots)
    assert background and any("Hollow dots" in text.get_text() for text in texts(figure))
    assert not any("intervals over" in text.get_text() for text in texts(figure))


def test_that_a_bin_tells_its_numbers_under_the_mouse():
    found = known(200, 5)
    figure = reliability(found, "200 test crops")
    last = found.bins[-1]
    assert charts.tip(figure, 0.92, 0.5) == words(last)
    assert f"{last.crops:,} crops" in words(last)
    assert charts.tip(figure, 0.02, 0.5) == ""
