import io
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image

from camtrap_gui import charts

SERENGETI = [
    f"{name}{n}" for n in range(1, 13) for name in ("gazelle", "hyena", "koriBustard", "cat", "guineaFowl")
]
LONG = [*SERENGETI, "jackalSideStripedOfTheNorthernHighlands"]


def some_counts(rows):
    return {
        "train": [7 * (rows - n) for n in range(rows)],
        "val": list(range(rows)),
        "test": [n % 3 for n in range(rows)],
    }


def texts(figure):
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def words(figure):
    return {text.get_text() for text in texts(figure)}


def boxes(figure):
    renderer = FigureCanvasAgg(figure).get_renderer()
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts(figure)]


def every_kind(rows, theme="light"):
    names = LONG[-rows:]
    cells = np.diag(np.arange(1, rows + 1)) + 1
    yield charts.counts(names, some_counts(rows), title="Crops per species", theme=theme)
    yield charts.counts(names, some_counts(rows), title="Crops per species", side_by_side=True, theme=theme)
    yield charts.counts(
        names, some_counts(rows), title="Crops per species", log=True, theme=theme, note="A note."
    )
    yield charts.confusion(names, cells.tolist(), title="Confusion matrix", subtitle="42 crops", theme=theme)


@pytest.mark.parametrize("rows", [1, 3, 13, 61])
def test_that_all_words_stay_on_the_sheet(rows):
    for figure in every_kind(rows):
        sheet = figure.bbox
        for text, box in boxes(figure):
            assert box.x0 >= 0 and box.x1 <= sheet.x1 and box.y0 >= 0 and box.y1 <= sheet.y1, text


@pytest.mark.parametrize("rows", [3, 61])
def test_that_no_word_covers_another(rows):
    *bars, _ = every_kind(rows)
    for figure in bars:
        for (one, a), (other, b) in combinations(boxes(figure), 2):
            apart = a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1
            assert apart, (one, other)


def test_that_every_row_says_its_name_and_its_numbers():
    counts = {"train": [12_345, 0], "test": [678, 9]}
    stacked = words(charts.counts(["zebra", "gnu"], counts, title="Crops"))
    assert {"zebra", "gnu", "13,023", "9", "train  12,345", "test  687"} <= stacked
    columns = words(charts.counts(["zebra", "gnu"], counts, title="Crops", side_by_side=True))
    assert {"12,345", "0", "678", "9"} <= columns


def test_that_bars_are_as_long_as_the_counts_on_one_scale():
    figure = charts.counts(
        ["zebra", "gnu"], {"train": [40, 8], "test": [20, 4]}, title="Crops", side_by_side=True
    )
    renderer = FigureCanvasAgg(figure).get_renderer()
    lengths = [[bar.get_window_extent(renderer).width for bar in axes.patches] for axes in figure.axes]
    unit = lengths[0][0] / 40
    assert lengths[0] == pytest.approx([40 * unit, 8 * unit])
    assert lengths[1] == pytest.approx([20 * unit, 4 * unit])


def test_that_a_stack_adds_up():
    figure = charts.counts(
        ["zebra", "gnu"], {"train": [40, 8], "val": [5, 0], "test": [20, 4]}, title="Crops"
    )
    ends = [bar.get_x() + bar.get_width() for bar in figure.axes[0].patches]
    assert ends[-2:] == [65, 12]


def test_that_a_logarithmic_chart_shows_a_single_crop_and_no_stack():
    figure = charts.counts(
        ["zebra", "gnu"], {"train": [100_000, 1], "test": [50, 0]}, title="Crops", log=True
    )
    assert len(figure.axes) == 2
    left, right = figure.axes[0].get_xlim()
    assert left < 1 and right >= 100_000
    assert "logarithmic scale" in words(figure)


def test_that_names_are_shown_as_they_are():
    figure = charts.counts(["$x^2$", "two\nlines"], {"train": [1, 2]}, title="Crops")
    assert {"$x^2$", "two lines"} <= words(figure)
    assert not any(text.get_parse_math() for text in texts(figure))


def test_that_a_confusion_matrix_shows_shares_of_rows():
    shown = words(charts.confusion(["zebra", "gnu"], [[3, 1], [0, 4]], title="Confusion"))
    assert {"75", "25", "100", "4"} <= shown


def test_that_100_means_every_crop():
    shown = words(charts.confusion(["zebra", "gnu"], [[998, 2], [0, 1]], title="Confusion"))
    assert "99" in shown


def test_that_a_species_without_crops_has_an_empty_row():
    figure = charts.confusion(["zebra", "yeti"], [[3, 0], [0, 0]], title="Confusion")
    assert {"zebra", "yeti", "100", "0"} <= words(figure)


def test_that_hours_show_their_counts_even_when_there_are_none():
    figure = charts.over_time([str(h) for h in range(24)], [0] * 23 + [1_234], title="Hours")
    assert {"0", "23", "1,234"} <= words(figure)


@pytest.mark.parametrize(("ending", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_that_the_ending_chooses_the_format_and_equal_charts_are_equal_files(tmp_path, ending, magic):
    for name in ("one", "two"):
        figure = charts.counts(["zebra", "gnu"], some_counts(2), title="Crops")
        charts.save(figure, tmp_path / f"{name}{ending}")
    one = (tmp_path / f"one{ending}").read_bytes()
    assert one.startswith(magic)
    assert one == (tmp_path / f"two{ending}").read_bytes()


@pytest.mark.parametrize("theme", charts.THEMES)
def test_that_a_chart_has_the_paper_of_its_theme(theme):
    for figure in every_kind(3, theme):
        file = io.BytesIO()
        FigureCanvasAgg(figure).print_png(file)
        corner = Image.open(file).convert("RGB").getpixel((1, 1))
        assert corner == tuple(round(255 * part) for part in to_rgb(charts.THEMES[theme].background))


def contrast(one, other):
    def luminance(colour):
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in to_rgb(colour)]
        return float(np.dot((0.2126, 0.7152, 0.0722), linear))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", charts.THEMES)
def test_that_words_stand_out_from_the_paper(theme):
    look = charts.THEMES[theme]
    assert contrast(look.text, look.background) >= 4.5
    assert contrast(look.muted, look.background) >= 4.5
    assert contrast(look.muted, look.faint) >= 4.5


@pytest.mark.parametrize("theme", charts.THEMES)
def test_that_numbers_in_a_confusion_matrix_can_be_read(theme):
    cells = np.array([[n % 101 if row == n % 2 else 0 for n in range(60)] for row in range(60)]) + 1
    axes = charts.confusion(LONG[:60], cells.tolist(), title="Confusion", theme=theme).axes[0]
    tints = axes.images[0].get_array()
    numbers = [text for text in axes.texts if all(place == round(place) for place in text.xy)]
    assert len(numbers) > 100
    for number in numbers:
        column, row = map(int, number.xy)
        assert contrast(number.get_color(), tints[row, column]) >= 4.5


# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
SEEN_BY = {
    "everyone": np.eye(3),
    "protanopes": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "deuteranopes": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "tritanopes": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}


def lab(colour, eye):
    srgb = np.array(to_rgb(colour))
    linear = np.clip(eye @ np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4), 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    x, y, z = np.cbrt(xyz / (0.9505, 1, 1.089))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", SEEN_BY)
@pytest.mark.parametrize("theme", charts.THEMES)
def test_that_splits_can_be_told_apart_by(eye, theme):
    colours = charts.THEMES[theme].splits.values()
    for one, other in combinations(colours, 2):
        assert np.linalg.norm(lab(one, SEEN_BY[eye]) - lab(other, SEEN_BY[eye])) > 20


def test_that_a_row_tells_its_numbers_and_the_heading_none():
    figure = charts.counts(["zebra", "rhino"], {"train": [1200, 3], "test": [30, 0]}, title="Crops")
    height = figure.get_size_inches()[1]
    rows = [1 - (1.3 - 0.35 + 0.35 + row * 0.235 + 0.1) / height for row in range(2)]
    assert charts.tip(figure, 0.5, rows[0]) == "zebra: train 1,200, test 30, in all 1,230"
    assert charts.tip(figure, 0.1, rows[1]) == "rhino: train 3, test 0, in all 3"
    assert charts.tip(figure, 0.5, 0.99) == ""


def test_that_a_column_tells_its_number():
    figure = charts.over_time(["Jan", "Feb"], [4, 1500], title="Crops by month")
    assert [charts.tip(figure, x, 0.5) for x in (0.01, 0.3, 0.7)] == ["", "Jan: 4", "Feb: 1,500"]
