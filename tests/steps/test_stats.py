import csv

import pytest
from PIL import Image

from camtrap_gui.cli import run as camtrap
from camtrap_gui.models.detectors import Detection
from camtrap_gui.problem import Problem
from camtrap_gui.project import detections
from camtrap_gui.project.detections import KnownDetector, Seen
from camtrap_gui.steps import stats
from camtrap_gui.steps.stats import Options

TINY_DETECTOR = KnownDetector(0, "tiny", "yolox", "0", 0.5, 0.1)
REPORT = """\
Statistics of the training split: 
Locations used:
['B01', 'B03']
In total 4 classes and 12 images.
Classes with one or more images: 3
Images per class:
ID    Name            Image count
    0 human                     0
    1 zebra                     6
    2 gazelle                   5
    3 rhino                     1


Statistics of the validation split: 
Locations used:
['B02']
In total 4 classes and 3 images.
Classes with one or more images: 1
Images per class:
ID    Name            Image count
    0 human                     0
    1 zebra                     3
    2 gazelle                   0
    3 rhino                     0


Statistics of the testing split: 
Locations used:
['C01', 'C02']
In total 4 classes and 7 images.
Classes with one or more images: 2
Images per class:
ID    Name            Image count
    0 human                     0
    1 zebra                     4
    2 gazelle                   3
    3 rhino                     0"""  # noqa: W291 - the original prints a blank there


def test_that_the_report_is_the_tutorials_word_for_word(cropped, quiet):
    assert stats.run(cropped, Options(), quiet).text() == REPORT


def test_that_the_command_prints_the_report(cropped, capsys):
    assert camtrap(["stats", str(cropped.folder)]) == 0
    assert capsys.readouterr().out == REPORT + "\n"


def test_that_without_a_validation_split_there_are_two_reports(cropped, quiet):
    with cropped.write() as db:
        db.execute("UPDATE crops SET split = 'train' WHERE split = 'val'")
    text = stats.run(cropped, Options(), quiet).text()
    assert "validation" not in text
    assert text.count("Statistics of the") == 2
    assert "1 zebra                     9" in text


def test_that_names_longer_than_the_column_push_the_count(cropped, quiet):
    with cropped.write() as db:
        db.execute("UPDATE species SET name = 'gazelleThomsonsOfTheSouth' WHERE name = 'gazelle'")
    assert "    2 gazelleThomsonsOfTheSouth           5\n" in stats.run(cropped, Options(), quiet).text()


def test_that_the_table_has_a_row_per_class_and_runs_no_formula(cropped, quiet, tmp_path):
    with cropped.write() as db:
        db.execute("UPDATE species SET name = '=1+1' WHERE name = 'human'")
    result = stats.run(cropped, Options(csv=tmp_path / "counts.csv"), quiet)
    with (tmp_path / "counts.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["id", "name", "train", "val", "test", "total"],
            ["0", "'=1+1", "0", "0", "0", "0"],
            ["1", "zebra", "6", "3", "4", "13"],
            ["2", "gazelle", "5", "0", "3", "8"],
            ["3", "rhino", "1", "0", "0", "1"],
        ]
    assert result.text().endswith(f"Wrote {tmp_path / 'counts.csv'}")


def test_that_the_class_list_names_every_class_without_a_last_line_end(cropped, quiet, tmp_path):
    stats.run(cropped, Options(classlist=tmp_path / "classlist.txt"), quiet)
    assert (tmp_path / "classlist.txt").read_bytes() == b"human\nzebra\ngazelle\nrhino"


@pytest.mark.parametrize("view", ["species", "location", "hour", "month"])
@pytest.mark.parametrize("ending", [".png", ".SVG", ".pdf"])
def test_that_charts_are_written(cropped, quiet, tmp_path, view, ending):
    file = tmp_path / f"chart{ending}"
    stats.run(cropped, Options(chart=file, view=view, log=view == "location", theme="dark"), quiet)
    assert file.stat().st_size > 5_000
    if ending == ".png":
        with Image.open(file) as image:
            assert image.width > 800


def test_that_a_chart_shows_what_was_counted(cropped, quiet, tmp_path):
    file = tmp_path / "chart.svg"
    result = stats.count(cropped)
    figure = stats.draw(cropped, result, Options(chart=file, layout="side-by-side", top=2, sort="name"))
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert words[:5] == ["5", "6", "gazelle", "zebra", "0"]
    assert "2 more species with 1 crops in all are not drawn." in [text.get_text() for text in figure.texts]


def test_that_crops_without_a_time_are_not_forgotten(cropped, quiet):
    figure = stats.draw(cropped, stats.count(cropped), Options(view="hour"))
    assert "3 crops are of pictures without a time" in " ".join(text.get_text() for text in figure.texts)


def test_that_images_are_counted_by_their_detections(cropped, quiet, tmp_path):
    with cropped.write() as db:
        db.execute("DELETE FROM detections")
        detector = detections.register(cropped, TINY_DETECTOR)
        ids = [row[0] for row in db.execute("SELECT id FROM images ORDER BY id LIMIT 3")]
        sure, unsure = (Detection("animal", confidence, 0, 0, 0.5, 0.5) for confidence in (0.9, 0.2))
        found = [(sure, sure, unsure), (unsure,), (sure, sure)]
        detections.add(cropped, detector, [Seen(i, boxes) for i, boxes in zip(ids, found, strict=True)])
    assert detections.per_image(cropped, detector, 0.5) == {0: 1, 2: 2}
    file = tmp_path / "images.svg"
    assert (
        camtrap(["stats", str(cropped.folder), "--view", "detections-per-image", "--chart", str(file)]) == 0
    )
    figure = stats.draw(cropped, stats.count(cropped), Options(view="detections-per-image"))
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "0", "0", "1", "2", "2"]
    assert "3 images · 4 detections" in figure.texts[1].get_text()


def test_that_detections_per_image_need_a_detector(cropped, quiet):
    with pytest.raises(Problem, match="camtrap detect"):
        stats.draw(cropped, stats.count(cropped), Options(view="detections-per-image"))


def test_that_rows_are_ordered_as_asked():
    names, counts = ["b", "C", "a"], [5, 9, 5]
    assert stats.order(names, counts, "count") == [1, 0, 2]
    assert stats.order(names, counts, "name") == [2, 0, 1]
    assert stats.order(names, counts, "id") == [0, 1, 2]
    assert stats.order(names, counts, "id", top=2) == [0, 1]


def test_that_an_unknown_kind_of_chart_is_refused_before_anything_is_written(cropped, quiet, tmp_path):
    with pytest.raises(Problem, match=r"\.png, \.svg, \.pdf"):
        stats.run(cropped, Options(csv=tmp_path / "counts.csv", chart=tmp_path / "chart.xlsx"), quiet)
    assert not (tmp_path / "counts.csv").exists()


def test_that_a_place_that_cannot_be_written_is_a_problem(cropped, quiet, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match="Choose another place"):
        stats.run(cropped, Options(csv=tmp_path / "file" / "counts.csv"), quiet)


def test_that_a_project_without_crops_says_which_step_is_missing(project, quiet):
    with pytest.raises(Problem, match="camtrap dataset"):
        stats.run(project, Options(), quiet)
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/pictures')")
        db.execute("INSERT INTO images (key, root_id, path) VALUES ('1', 1, '1.jpg')")
    with pytest.raises(Problem, match="camtrap detect"):
        stats.run(project, Options(), quiet)
    with project.write() as db:
        db.execute(
            "INSERT INTO detectors (sha256, name, kind, typical_threshold, conservative_threshold, used)"
            " VALUES ('0', 'tiny', 'yolox', 0.5, 0.1, '2024-01-01')"
        )
    with pytest.raises(Problem, match="first: camtrap crop"):
        stats.run(project, Options(), quiet)
