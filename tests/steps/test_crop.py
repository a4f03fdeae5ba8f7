"""Which crops are cut out of which pictures, and what is written of them."""

import hashlib
import io
import json

import pytest
from PIL import Image

from camtrap_gui.formats import tfrecords
from camtrap_gui.geometry import crop_window
from camtrap_gui.problem import Problem
from camtrap_gui.project import crop_files, crops, detections
from camtrap_gui.project.detections import Seen
from camtrap_gui.steps.crop import Options, look_ahead, run
from tests.croppable import Survey, animal, files_of, on_disk


@pytest.fixture
def survey(project, tmp_path):
    return Survey(project, tmp_path / "pictures")


def test_that_a_crop_is_the_piece_of_the_upright_picture(survey, quiet):
    survey.cover()
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees: 120 wide, 160 high
    survey.add("turned.jpg", found=(animal(0.5, 0.25, 0.25, 0.25),), save={"exif": exif, "quality": 95})
    run(survey.project, Options(), quiet)

    window = crop_window((0.5, 0.25, 0.25, 0.25), (120, 160), 1.69)
    with Image.open(crops.folder(survey.project) / "lion/turned.jpg") as crop:
        assert crop.size == (window[2] - window[0], window[3] - window[1])
        assert crop.mode == "RGB"
        # The red corner, top left on the sensor, is top right of the upright picture.
        red, green, _ = crop.getpixel((crop.width - 2, 1))
        assert red > 200 and green < 60
    row = survey.project.db.execute("SELECT * FROM crops WHERE file = 'lion/turned.jpg'").fetchone()
    assert (row["left"], row["top"], row["right"], row["bottom"]) == window


def test_that_several_boxes_are_numbered_by_confidence_and_weak_ones_left_out(survey, quiet):
    survey.cover()
    found = (animal(0.1, confidence=0.6), animal(0.5, confidence=0.8), animal(0.7, confidence=0.3))
    survey.add("S1/B04/a.JPG", found=found)
    result = run(survey.project, Options(), quiet)
    two = ["lion/S1/B04/a_0.jpg", "lion/S1/B04/a_1.jpg"]
    assert [file for file in files_of(survey.project) if "B04" in file] == two
    strongest = survey.project.db.execute("SELECT * FROM crops WHERE file = ?", (two[0],)).fetchone()
    assert strongest["left"] == crop_window((0.5, 0.3, 0.2, 0.2), (160, 120), 1.69)[0]
    assert "from 0.5 on" in result.source

    run(survey.project, Options(threshold=0.2), quiet)
    assert len([file for file in files_of(survey.project) if "B04" in file]) == 3


def test_that_every_image_left_out_has_its_reason(survey, quiet):
    survey.cover()
    survey.add("unlabelled.jpg", labels=())
    survey.add("two.jpg", labels=("lion", "zebra"))
    survey.add("empty and lion.jpg", labels=("empty", "lion"))
    survey.add("nobody.jpg", labels=("empty",))
    survey.add("ranger.jpg", labels=("human",))
    survey.add("aardwolf.jpg", labels=("aardwolf",))
    survey.add("unseen.jpg", found=None)
    survey.add("nothing.jpg", found=())
    survey.add("car.jpg", found=(animal(category="vehicle"), animal(category="person")))
    survey.add("bad.jpg", problem="truncated: the file ends before the picture does")
    gone = survey.add("gone.jpg")
    (survey.pictures / "gone.jpg").unlink()
    cut_off = survey.add("cut off.jpg", size=(640, 480))
    whole = (survey.pictures / "cut off.jpg").read_bytes()
    (survey.pictures / "cut off.jpg").write_bytes(whole[: len(whole) // 3])
    survey.add("tiny.jpg", found=(animal(width=0.01, height=0.01),))

    result = run(survey.project, Options(exclude=("aardwolf",)), quiet)

    assert result.left_out == {
        "labelled empty, person or vehicle, or with a species left out": 3,
        "the picture cannot be read": 3,
        "no animal was found at this threshold": 2,
        "several species are given, it is not known which box is which": 2,
        "its boxes are too small": 1,
        "no detector has looked at it yet": 1,
        "no species is given": 1,
    }
    assert crops.left_out(survey.project) == result.left_out
    reasons = dict(survey.project.db.execute("SELECT image_id, reason FROM left_out").fetchall())
    assert reasons[gone] == reasons[cut_off] == "the picture cannot be read"
    assert result.pictures == 12 and sum(result.crops.values()) == 12
    assert result.too_small == 1
    for reason in result.left_out:
        assert reason in result.text()


def test_that_a_rejected_detection_gives_no_crop(survey, quiet):
    survey.cover()
    image_id = survey.add("stone.jpg", found=(animal(0.1), animal(0.6, confidence=0.7)))
    with survey.project.write() as db:
        db.execute("UPDATE detections SET rejected = 1 WHERE image_id = ? AND confidence > 0.8", (image_id,))
    run(survey.project, Options(), quiet)
    assert [file for file in files_of(survey.project) if "stone" in file] == ["lion/stone.jpg"]


def test_that_drawn_boxes_replace_detections_and_name_their_species(survey, quiet):
    survey.cover()
    box = (0.1, 0.1, 0.3, 0.3)
    survey.add("mixed.jpg", labels=("lion", "zebra"), boxes=[("zebra", *box), ("lion", 0.6, 0.6, 0.3, 0.3)])
    survey.add("drawn.jpg", found=None, boxes=[(None, *box)])
    survey.add("corrected.jpg", labels=("lion",), boxes=[("zebra", *box), ("human", 0.5, 0.5, 0.2, 0.2)])
    survey.add("unclear.jpg", labels=("lion", "zebra"), boxes=[(None, *box)])
    result = run(survey.project, Options(), quiet)
    drawn = [file for file in files_of(survey.project) if file.split("/")[1][0] in "mdcu"]
    assert drawn == ["lion/drawn.jpg", "lion/mixed_1.jpg", "zebra/corrected.jpg", "zebra/mixed_0.jpg"]
    assert list(result.left_out.values()) == [1]
    rows = survey.project.db.execute(
        "SELECT box_id, detection_id FROM crops WHERE box_id IS NOT NULL"
    ).fetchall()
    assert len(rows) == 4 and all(row["detection_id"] is None for row in rows)


def test_that_sequence_labels_can_be_left_out(survey, quiet):
    survey.cover()
    survey.add("burst.jpg", sequence_level=True)
    assert run(survey.project, Options(), quiet).pictures == 13
    result = run(survey.project, Options(skip_sequence_labels=True), quiet)
    assert result.left_out == {"its species was given for the whole sequence": 1}
    assert result.removed == 1


def test_that_no_two_crops_share_a_file_on_any_system(survey, quiet):
    survey.cover()
    survey.add("x.jpg", found=(animal(0.1), animal(0.6)))
    survey.add("x_0.JPG")
    survey.add("X.png")
    survey.add("x.gif")
    survey.add("a?b/con.jpg")
    survey.add("d.jpg/y.jpg")
    survey.add("d.png")
    assert run(survey.project, Options(), quiet).left_out == {}
    files = files_of(survey.project)
    assert len(files) == 12 + 8
    assert len({file.casefold() for file in files}) == len(files)
    assert {"lion/x_0.jpg", "lion/x_1.jpg", "lion/x_0-2.jpg", "lion/X.jpg", "lion/x-2.jpg"} < set(files)
    assert {"lion/a_b/_con.jpg", "lion/d.jpg_/y.jpg", "lion/d.jpg"} < set(files)
    assert on_disk(survey.project) == files


def test_that_species_never_share_a_folder(survey, quiet):
    survey.cover()
    with survey.project.write() as db:
        db.executemany(
            "INSERT INTO species (name, position) VALUES (?, ?)",
            [("Lion", 9), ("train.json", 10), ("..", 11)],
        )
    for number, name in enumerate(("Lion", "train.json", "..")):
        survey.add(f"{number}.jpg", labels=(name,))
    run(survey.project, Options(), quiet)
    assert {"Lion-2/0.jpg", "train.json-2/1.jpg", "unnamed/2.jpg"} < set(files_of(survey.project))


def test_that_wrong_wishes_are_answered_with_what_to_do(project, survey, quiet):
    survey.add("a.jpg", found=None)
    with pytest.raises(Problem, match=r"no species “tiger”.*It has: empty, lion, zebra, human, aardwolf"):
        run(project, Options(exclude=("tiger",)), quiet)
    with pytest.raises(Problem, match="No detector “other” has worked on this project"):
        run(project, Options(detector="other"), quiet)
    with pytest.raises(Problem, match="1: no detector has looked at it yet"):
        run(project, Options(), quiet)
    with pytest.raises(Problem, match="leave some for train"):
        run(project, Options(test_fraction=0.6, val_fraction=0.4), quiet)
    with project.write() as db:
        db.execute("DELETE FROM detectors")
    with pytest.raises(Problem, match="Run a detector first"):
        run(project, Options(), quiet)


def test_that_folder_records_and_rows_say_the_same(survey, quiet):
    survey.cover()
    survey.add("x.jpg", found=(animal(0.1), animal(0.6, confidence=0.75)), sequence="burst")
    run(survey.project, Options(per_record=4), quiet)
    folder = crops.folder(survey.project)
    rows = {row["id"]: row for row in survey.project.db.execute("SELECT * FROM crops")}
    seen = set()
    for split in ("train", "val", "test"):
        data = json.loads((folder / f"{split}.json").read_text(encoding="utf-8"))
        labels = {each["image_id"]: each for each in data["annotations"]}
        names = {each["id"]: each["name"] for each in data["categories"]}
        for image in data["images"]:
            row = rows[image["id"]]
            assert (row["split"], row["file"], row["location"]) == (
                split,
                image["file_name"],
                image["location"],
            )
            with Image.open(folder / image["file_name"]) as crop:
                assert crop.size == (image["width"], image["height"])
            assert names[labels[image["id"]]["category_id"]] == image["file_name"].split("/")[0]
            assert hashlib.sha256((folder / row["file"]).read_bytes()).hexdigest() == row["sha256"]
        seen |= set(labels)

        records = [
            record
            for shard in sorted(crops.records(survey.project).glob(f"{split}-*"))
            for record in tfrecords.read(shard)
        ]
        encoded = {
            tfrecords._Example.FromString(record).features.feature["image/encoded"].bytes_list.value[0]
            for record in records
        }
        assert encoded == {(folder / image["file_name"]).read_bytes() for image in data["images"]}
    assert seen == set(rows)
    assert (folder / "classlist.txt").read_text() == "empty\nlion\nzebra\nhuman\naardwolf"
    shards = sorted(path.name for path in crops.records(survey.project).iterdir())
    assert "train-00001" in shards and not any(name.startswith(".") for name in shards)


def test_that_originals_stay_as_they_are(survey, quiet):
    survey.cover()
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in survey.pictures.rglob("*.jpg")}
    run(survey.project, Options(), quiet)
    assert before == {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in survey.pictures.rglob("*.jpg")
    }


def test_that_pictures_of_every_kind_can_be_cut(testdata, project, quiet, tmp_path):
    survey = Survey(project, tmp_path / "pictures").cover()
    with project.write() as db:
        db.execute("INSERT INTO roots VALUES (2, ?)", (str(testdata / "images" / "awkward_files"),))
        for name in sorted(path.name for path in (testdata / "images" / "awkward_files").glob("*.jpg")):
            image_id = db.execute(
                "INSERT INTO images (key, root_id, path, location_id) VALUES (?, 2, ?, 1)", (name, name)
            ).lastrowid
            db.execute("INSERT INTO labels (image_id, species_id) VALUES (?, 2)", (image_id,))
            detections.add(project, survey.detector, [Seen(image_id, (animal(0.25, 0.25, 0.5, 0.5),))])
    result = run(project, Options(), quiet)
    assert result.left_out == {"the picture cannot be read": 1}
    for file in files_of(project):
        with Image.open(io.BytesIO((crops.folder(project) / file).read_bytes())) as crop:
            crop.load()
            assert crop.mode == "RGB"
    assert not crop_files.is_moving(project)


def test_that_looking_ahead_tells_what_the_run_then_makes_and_changes_nothing(survey, quiet):
    survey.cover()
    survey.add("once.jpg", labels=("aardwolf",), location="far away")
    survey.add("none.jpg", found=())
    options = Options(test_fraction=0.3, exclude=("zebra",), seed=3)
    ahead = look_ahead(survey.project, options, quiet)
    assert not files_of(survey.project) and not crops.folder(survey.project).exists()
    assert crops.left_out(survey.project) == {}
    made = run(survey.project, options, quiet)
    assert (ahead.classes, ahead.locations) == (made.classes, made.locations)
    assert (ahead.pictures, ahead.left_out) == (made.pictures, made.left_out)
    assert ahead.warnings == made.warnings and "aardwolf" in ahead.warnings[0]
    assert look_ahead(survey.project, Options(), quiet).classes != ahead.classes


def test_that_looking_ahead_refuses_what_the_run_refuses(survey, quiet):
    survey.add("a.jpg")
    for options in (Options(), Options(exclude=("unicorn",)), Options(test_fraction=0.6, val_fraction=0.5)):
        with pytest.raises(Problem) as ahead:
            look_ahead(survey.project, options, quiet)
        with pytest.raises(Problem) as refused:
            run(survey.project, options, quiet)
        assert str(ahead.value) == str(refused.value)
