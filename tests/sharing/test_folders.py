"""Folders of pictures: each where it belongs, originals untouched, people unrecognisable where that is asked for."""

import numpy as np
import pytest
from PIL import ExifTags, Image

from camtrap_gui.problem import Problem
from camtrap_gui.project import decisions
from camtrap_gui.project.decisions import Said
from camtrap_gui.project.observations import Rules
from camtrap_gui.sharing import folders, picture_files
from camtrap_gui.sharing.folders import How
from tests import shareable


def quiet(_):
    pass


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))


def listed(folder, name="files"):
    return (folder / f"{name}.csv").read_text().splitlines()[1:]


def _stamps(folder):
    stats = {path.name: path.stat() for path in folder.iterdir()}
    return {name: (stat.st_mtime_ns, stat.st_size, stat.st_nlink) for name, stat in stats.items()}


@pytest.fixture
def survey(tmp_path):
    with shareable.make(tmp_path) as project:
        yield project


def test_that_each_species_has_a_folder(survey, tmp_path):
    decisions.label(survey, [8], [Said("lion"), Said("gnu")], author="Ana")
    before = _stamps(tmp_path / "pictures")
    written = folders.write_species(survey, tmp_path / "f", How(), quiet, Rules())
    found = files_in(tmp_path / "f")
    assert "lion/002.jpg" in found and "human/005.jpg" in found and "empty/003.jpg" in found
    assert {"lion/008.jpg", "gnu/008.jpg"} <= set(found)
    assert "lion/007.jpg" in found  # as suggested
    assert written.pictures == len(found) == len(listed(tmp_path / "f"))
    assert listed(tmp_path / "f", "left_out")  # 006 and 012, where only the detector found nothing
    assert written.left_out == 2
    assert _stamps(tmp_path / "pictures") == before
    assert (tmp_path / "f/lion/002.jpg").read_bytes() == (tmp_path / "pictures/002.jpg").read_bytes()


def test_that_pictures_are_separated_by_what_is_on_them(survey, tmp_path):
    decisions.label(survey, [7], [Said("human")], author="Ana")
    decisions.reject(survey, [7])
    folders.write_separate(survey, tmp_path / "f", How(), quiet, Rules())
    found = files_in(tmp_path / "f")
    assert {
        "animals/gnu/001.jpg",
        "empty/003.jpg",
        "empty/006.jpg",
        "animal_person/005.jpg",
        "people/007.jpg",
    } <= set(found)
    with survey.write() as db:
        db.execute("UPDATE suggestions SET top = '[[\"zebra\", 0.4]]' WHERE detection_id = 9")
    folders.write_separate(survey, tmp_path / "g", How(), quiet, Rules(lows=(("animal", 0.8),)))
    assert "animals/unclassified/009.jpg" in files_in(tmp_path / "g")
    folders.write_separate(survey, tmp_path / "h", How(), quiet, Rules(lows=(("animal", 0.95),)))
    assert "empty/009.jpg" in files_in(tmp_path / "h")


def test_that_links_take_no_room_and_lists_no_pictures(survey, tmp_path):
    folders.write_species(survey, tmp_path / "f", How(link=True), quiet, Rules())
    assert (tmp_path / "f/lion/002.jpg").samefile(tmp_path / "pictures/002.jpg")
    written = folders.write_species(survey, tmp_path / "g", How(only_list=True), quiet, Rules())
    assert files_in(tmp_path / "g") == [] and len(listed(tmp_path / "g")) == written.pictures


def test_that_missing_and_broken_pictures_are_listed(survey, tmp_path):
    (tmp_path / "pictures" / "001.jpg").unlink()
    written = folders.write_species(survey, tmp_path / "f", How(), quiet, Rules())
    assert any("001.jpg,missing" in line for line in listed(tmp_path / "f", "left_out"))
    assert written.left_out == 3


def test_that_two_pictures_of_one_name_both_come(survey, tmp_path):
    (tmp_path / "pictures" / "a*b").mkdir()
    (tmp_path / "pictures" / "a?b").mkdir()
    for number, name in ((2, "a*b/x.jpg"), (7, "a?b/x.jpg")):
        (tmp_path / "pictures" / f"{number:03}.jpg").rename(tmp_path / "pictures" / name)
        with survey.write() as db:
            db.execute("UPDATE images SET path = ? WHERE id = ?", (name, number))
    folders.write_species(survey, tmp_path / "f", How(), quiet, Rules())
    assert {"lion/a_b/x.jpg", "lion/a_b/x-2.jpg"} <= set(files_in(tmp_path / "f"))


def test_that_nothing_to_write_is_said(survey, tmp_path):
    with survey.write() as db:
        db.execute("DELETE FROM labels")
        db.execute("DELETE FROM detected")
        db.execute("DELETE FROM detections")
        db.execute("DELETE FROM boxes")
    with pytest.raises(Problem, match="nothing to put into folders"):
        folders.write_species(survey, tmp_path / "f", How(), quiet, Rules())
    assert not (tmp_path / "f").exists()


# --- people ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_people(survey, tmp_path):
    """Picture 7 has a person at 0.15, below what counts as found, and tells where it was taken; 8 nobody has seen."""
    random = np.random.default_rng(0)
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:01 10:00:07"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (1.0, 2.0, 3.0)
    pixels = random.integers(0, 255, (96, 128, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "pictures" / "007.jpg", quality=95, exif=exif, comment=b"secret")
    with survey.write() as db:
        db.execute(
            "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
            " VALUES (7007, 7, 1, 'person', 0.15, 0.5, 0.5, 0.25, 0.5)"
        )
        db.execute("DELETE FROM detected WHERE image_id = 8")
        db.execute("DELETE FROM detections WHERE image_id = 8")
    return survey


def test_that_people_cannot_be_recognised(with_people, tmp_path):
    written = folders.write_separate(with_people, tmp_path / "f", How(blur=True), quiet, Rules())
    made = next((tmp_path / "f").rglob("007.jpg"))
    before = np.asarray(Image.open(tmp_path / "pictures" / "007.jpg"), np.float32)
    after = np.asarray(Image.open(made), np.float32)
    inside, outside = (slice(48, 96), slice(64, 96)), (slice(0, 40), slice(0, 56))
    assert _detail(after[inside]) < 0.1 * _detail(before[inside])
    assert np.abs(after[outside] - before[outside]).mean() < 12 and _detail(after[outside]) > 0.8 * _detail(
        before[outside]
    )
    exif = Image.open(made).getexif()
    assert not exif.get_ifd(ExifTags.IFD.GPSInfo) and b"secret" not in made.read_bytes()
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == "2024:05:01 10:00:07"
    assert exif[ExifTags.Base.Make] == "Camera"
    assert written.blurred == 2  # and picture 5, which Ana says has a person on it, as a whole
    whole = np.asarray(Image.open(next((tmp_path / "f").rglob("005.jpg"))), np.float32)
    assert _detail(whole) < 1
    assert not list((tmp_path / "f").rglob("008.jpg"))
    assert any("008.jpg,nobody has looked" in line for line in listed(tmp_path / "f", "left_out"))


def _detail(pixels):
    return float(np.abs(np.diff(pixels, axis=0)).mean() + np.abs(np.diff(pixels, axis=1)).mean())


def test_that_people_are_found_also_where_other_boxes_were_drawn(with_people):
    decisions.draw_box(with_people, 7, (0.1, 0.1, 0.1, 0.1), "zebra", author="Ana")
    people = picture_files.People(with_people)
    from camtrap_gui.project import observations

    boxes = {one.image.id: people.of(one) for one in observations.walk(with_people)}
    assert (0.5, 0.5, 0.25, 0.5) in boxes[7]
    assert boxes[5] == [picture_files.WHOLE] and boxes[8] is None and boxes[1] == [] and boxes[3] == []


def test_that_even_a_tiny_box_keeps_no_detail(tmp_path):
    random = np.random.default_rng(1)
    Image.fromarray(random.integers(0, 255, (100, 100, 3), dtype=np.uint8)).save(tmp_path / "p.png")
    (tmp_path / "made.png").write_bytes(
        picture_files.blurred(tmp_path / "p.png", True, [(0.5, 0.5, 0.1, 0.06)])
    )
    piece = np.asarray(Image.open(tmp_path / "made.png"))[50:56, 50:60]
    assert len(np.unique(piece.reshape(-1, 3), axis=0)) == 1


def test_that_folders_that_are_not_named_are_counted():
    written = folders.Written(6, 0, 0, (("cat", 1), ("dog", 2), ("owl", 3)))
    assert folders.first_folders(written, most=1) == "cat 1, and 2 more"
    assert folders.first_folders(written) == "cat 1, dog 2, owl 3"
