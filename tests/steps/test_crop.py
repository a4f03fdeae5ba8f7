import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from camtrap_gui.formats import tfrecords
from camtrap_gui.geometry import crop_window
from camtrap_gui.jobs import Cancelled
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crop_files, crops, decisions, detections
from camtrap_gui.project.decisions import Said
from camtrap_gui.project.detections import Seen
from camtrap_gui.steps import named, run_step
from camtrap_gui.steps.crop import Options, look_ahead, run

SPECIES = ("empty", "lion", "zebra", "human", "aardwolf")


def animal(x=0.3, y=0.3, width=0.2, height=0.2, confidence=0.9, category="animal"):
    return SimpleNamespace(category=category, confidence=confidence, x=x, y=y, width=width, height=height)


ONE_ANIMAL = (animal(),)


class Survey:
    """A project with real pictures and whatever labels, boxes and detections a test needs."""

    def __init__(self, project, pictures):
        self.project, self.pictures = project, pictures
        self.detector = detections.register(
            project,
            SimpleNamespace(
                name="finder", kind="test", sha256="f", typical_threshold=0.5, conservative_threshold=0.05
            ),
        )
        with project.write() as db:
            db.execute("INSERT INTO roots VALUES (1, ?)", (str(pictures),))
            db.executemany(
                "INSERT INTO species (name, position) VALUES (?, ?)",
                [(name, place) for place, name in enumerate(SPECIES)],
            )

    def add(
        self,
        path,
        labels=("lion",),
        location="A",
        found=ONE_ANIMAL,
        boxes=(),
        sequence=None,
        extra=None,
        size=(160, 120),
        save=None,
        sequence_level=False,
        problem=None,
    ):
        file = self.pictures / path
        file.parent.mkdir(parents=True, exist_ok=True)
        rng = random.Random(path)
        picture = Image.new("RGB", size, tuple(rng.randrange(256) for _ in range(3)))
        picture.paste((255, 0, 0), (0, 0, size[0] // 4, size[1] // 4))
        picture.save(file, **(save or {}))
        with self.project.write() as db:
            image_id = db.execute(
                "INSERT INTO images (key, root_id, path, location_id, sequence_id, extra, problem, width, height)"
                " VALUES (?, 1, ?, ?, ?, ?, ?, 1, 1)",
                (
                    path,
                    path,
                    self._place("locations", location),
                    self._place("sequences", sequence),
                    extra and json.dumps(extra),
                    problem,
                ),
            ).lastrowid
            for name in labels:
                db.execute(
                    "INSERT INTO labels (image_id, species_id, sequence_level) SELECT ?, id, ? FROM species"
                    " WHERE name = ?",
                    (image_id, sequence_level, name),
                )
            for name, *box in boxes:
                db.execute(
                    "INSERT INTO boxes (image_id, species_id, x, y, width, height)"
                    " VALUES (?, (SELECT id FROM species WHERE name = ?), ?, ?, ?, ?)",
                    (image_id, name, *box),
                )
            if found is not None:
                detections.add(self.project, self.detector, [Seen(image_id, found)])
        return image_id

    def _place(self, table, name):
        if name is None:
            return None
        self.project.db.execute(f"INSERT OR IGNORE INTO {table} (name) VALUES (?)", (name,))
        return self.project.db.execute(f"SELECT id FROM {table} WHERE name = ?", (name,)).fetchone()[0]

    def cover(self):
        """Enough pictures that a balanced split has nothing to complain about."""
        for place in range(6):
            for name in ("lion", "zebra"):
                self.add(f"{name}/{place}.jpg", labels=(name,), location=f"site {place}")
        return self


@pytest.fixture
def survey(project, tmp_path):
    return Survey(project, tmp_path / "pictures")


def files_of(project):
    return sorted(row["file"] for row in project.db.execute("SELECT file FROM crops"))


def on_disk(project):
    folder = crops.folder(project)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))


def snapshot(project):
    """Everything the crop step makes, byte for byte."""
    made = {
        path.relative_to(project.folder).as_posix(): path.read_bytes()
        for folder in (crops.folder(project), crops.records(project))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    rows = [tuple(row) for row in project.db.execute("SELECT * FROM crops ORDER BY id")]
    return made, rows, crops.left_out(project)


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
        "its species is excluded": 3,
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


def test_that_no_location_and_no_sequence_is_in_two_splits(survey, quiet):
    for place in range(12):
        for number in range(3):
            survey.add(
                f"{place}/{number}.jpg",
                labels=(("lion", "zebra")[number % 2],),
                location=f"site {place}",
                sequence=f"burst {place // 2}" if number == 0 else None,
            )
    run(survey.project, Options(), quiet)
    for column in ("crops.location", "sequences.name"):
        shared = survey.project.db.execute(
            f"SELECT {column} FROM crops JOIN images ON images.id = image_id LEFT JOIN sequences"
            f" ON sequences.id = sequence_id WHERE {column} IS NOT NULL GROUP BY 1 HAVING COUNT(DISTINCT split) > 1"
        ).fetchall()
        assert shared == []
    assert {split for (split,) in survey.project.db.execute("SELECT DISTINCT split FROM crops")} == {
        "train",
        "val",
        "test",
    }


def test_that_species_that_cannot_be_everywhere_are_named(survey, quiet):
    survey.cover()
    survey.add("rare.jpg", labels=("aardwolf",), location="site 3")
    result = run(survey.project, Options(), quiet)
    assert result.warnings == ("aardwolf is not in val and test; it was seen at one location.",)
    assert result.classes["aardwolf"] == {"train": 1, "val": 0, "test": 0}
    assert "Beware: aardwolf" in result.text()


def test_that_the_tutorial_split_draws_from_the_locations_of_all_images(survey, quiet):
    survey.cover()
    for place in range(9):
        survey.add(f"night/{place}.jpg", labels=(), location=f"empty site {place}")
    result = run(survey.project, Options(split="tutorial", test_fraction=0.4, val_fraction=0.6), quiet)
    names = [f"site {place}" for place in range(6)] + [f"empty site {place}" for place in range(9)]
    random.seed(0)
    test = set(random.sample(sorted(names), int(0.4 * 15)))
    assert set(crops.locations(survey.project, "test")) == test & {f"site {place}" for place in range(6)}
    assert result.crops["val"] == 0


@pytest.mark.parametrize("key", ["location", "camera"])
def test_that_the_tutorial_split_takes_whole_numbers_in_their_order(survey, quiet, key):
    numbers = list(range(3, 120, 7))
    for number in numbers:
        survey.add(f"{number}.jpg", location=str(number), extra={"camera": number})
    with survey.project.write() as db:
        db.execute("UPDATE locations SET whole = 1")
    run(survey.project, Options(split="tutorial", test_fraction=0.4, location_key=key), quiet)
    drawn = random.Random(0).sample(sorted(numbers), int(0.4 * len(numbers)))
    as_texts = random.Random(0).sample(sorted(map(str, numbers)), int(0.4 * len(numbers)))
    assert set(crops.locations(survey.project, "test")) == {str(number) for number in drawn} != set(as_texts)


def test_that_any_field_can_be_split_by(survey, quiet):
    for number in range(9):
        survey.add(f"{number}.jpg", location=None, extra={"camera": number % 3, "day": "Monday"})
    with pytest.raises(
        Problem, match=r"9 of 9 pictures have no “location”.*--location-key camera \(3 different"
    ):
        run(survey.project, Options(), quiet)
    with pytest.raises(Problem, match=r"the same day “Monday”.*--location-key camera"):
        run(survey.project, Options(location_key="day"), quiet)
    with pytest.raises(Problem, match="have no “station”"):
        run(survey.project, Options(location_key="station"), quiet)
    run(survey.project, Options(location_key="camera"), quiet)
    assert sorted(sum((crops.locations(survey.project, s) for s in ("train", "val", "test")), ())) == [
        "0",
        "1",
        "2",
    ]


def test_that_few_images_without_location_are_left_out(survey, quiet):
    for number in range(60):
        survey.add(f"{number}.jpg", location=f"site {number % 6}", size=(40, 30))
    survey.add("lost.jpg", location=None)
    assert run(survey.project, Options(), quiet).left_out == {"it has no location": 1}


def test_that_sequences_that_join_everything_are_explained(survey, quiet):
    for number in range(6):
        survey.add(f"{number}.jpg", location=f"site {number}", sequence="1")
    with pytest.raises(Problem, match="sequences join 6 values of location"):
        run(survey.project, Options(), quiet)


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


def test_that_a_second_run_cuts_nothing_and_changes_nothing(survey, quiet):
    survey.cover()
    first = run(survey.project, Options(), quiet)
    before = snapshot(survey.project)
    times = {path: path.stat().st_mtime_ns for path in crops.folder(survey.project).rglob("*.jpg")}
    second = run(survey.project, Options(), quiet)
    assert (first.cut, first.kept, second.cut, second.kept, second.removed) == (12, 0, 0, 12, 0)
    assert snapshot(survey.project) == before
    assert times == {path: path.stat().st_mtime_ns for path in crops.folder(survey.project).rglob("*.jpg")}


def test_that_other_options_replace_crops_and_remove_old_ones(survey, quiet):
    survey.cover()
    run(survey.project, Options(per_record=1), quiet)
    ids = {row["file"]: row["id"] for row in survey.project.db.execute("SELECT file, id FROM crops")}
    result = run(survey.project, Options(padding=1.2, exclude=("zebra",)), quiet)
    assert (result.cut, result.kept, result.removed) == (6, 0, 6)
    assert on_disk(survey.project) == files_of(survey.project)
    assert not (crops.folder(survey.project) / "zebra").exists()
    assert len(list(crops.records(survey.project).iterdir())) == 3
    assert not (survey.project.folder / ".next").exists()
    rows = survey.project.db.execute("SELECT file, id, sha256 FROM crops").fetchall()
    for row in rows:
        assert row["id"] != ids[row["file"]]  # other pixels, another crop
        assert (
            hashlib.sha256(crops.folder(survey.project).joinpath(row["file"]).read_bytes()).hexdigest()
            == row["sha256"]
        )


def test_that_only_what_changed_is_cut_again(survey, quiet):
    survey.cover()
    run(survey.project, Options(), quiet)
    Image.new("RGB", (160, 120), (1, 2, 3)).save(survey.pictures / "lion/0.jpg")
    (crops.folder(survey.project) / "zebra/zebra/1.jpg").unlink()
    result = run(survey.project, Options(), quiet)
    assert (result.cut, result.kept) == (2, 10)
    with Image.open(crops.folder(survey.project) / "lion/lion/0.jpg") as crop:
        assert max(crop.getpixel((3, 3))) < 10


def test_that_a_crop_changed_from_outside_is_found_and_repaired(survey, quiet):
    survey.cover()
    run(survey.project, Options(), quiet)
    before = snapshot(survey.project)
    crop = crops.folder(survey.project) / "lion/lion/2.jpg"
    crop.write_bytes(bytes(reversed(crop.read_bytes())))
    with pytest.raises(Problem, match=r"lion/lion/2\.jpg was changed"):
        run(survey.project, Options(), quiet)
    assert run(survey.project, Options(), quiet).cut == 1
    assert snapshot(survey.project) == before


def test_that_originals_stay_as_they_are(survey, quiet):
    survey.cover()
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in survey.pictures.rglob("*.jpg")}
    run(survey.project, Options(), quiet)
    assert before == {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in survey.pictures.rglob("*.jpg")
    }


@pytest.mark.parametrize("phase", ["Choosing", "Cutting", "Writing records"])
def test_that_a_stopped_step_leaves_the_old_data_set_whole_and_goes_on(survey, quiet, phase):
    survey.cover()
    run(survey.project, Options(), quiet)
    old = snapshot(survey.project)

    def stop(progress):
        if progress.phase == phase and (progress.done >= 5 or phase == "Choosing"):
            raise Cancelled

    with pytest.raises(Cancelled):
        run(survey.project, Options(padding=2), stop)
    assert snapshot(survey.project) == old
    crops.require_whole(survey.project)

    result = run(survey.project, Options(padding=2), quiet)
    assert result.kept >= {"Choosing": 0, "Cutting": 5, "Writing records": 12}[phase]
    new = snapshot(survey.project)
    run(survey.project, Options(), quiet)
    again = snapshot(survey.project)
    assert again[0].keys() == old[0].keys()
    pixels = [
        {name: data for name, data in made[0].items() if name.endswith(".jpg")} for made in (old, new, again)
    ]
    assert pixels[0] == pixels[2] != pixels[1]


def test_that_a_step_killed_while_files_take_their_place_is_noticed_and_mended(survey, quiet, monkeypatch):
    survey.cover()
    run(survey.project, Options(), quiet)
    rows = snapshot(survey.project)[1]
    moved = Path.replace

    def die_halfway(path, target):
        if path == survey.project.folder / ".next/crops/zebra/zebra/3.jpg":
            raise KeyboardInterrupt
        return moved(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die_halfway)
        with pytest.raises(KeyboardInterrupt):
            run(survey.project, Options(padding=2), quiet)
    assert snapshot(survey.project)[1] == rows
    with pytest.raises(Problem, match="Run it again"):
        list(crops.of_split(survey.project, "train"))

    result = run(survey.project, Options(padding=2), quiet)
    assert (result.cut, result.kept) == (0, 12)
    mended = snapshot(survey.project)
    for row in survey.project.db.execute("SELECT file, sha256 FROM crops"):
        assert hashlib.sha256(mended[0][f"crops/{row['file']}"]).hexdigest() == row["sha256"]
    assert list(crops.of_split(survey.project, "train"))


def test_that_a_killed_step_is_completed_by_the_same_command(tmp_path, quiet):
    def make(name):
        with Project.create(tmp_path / name) as project:
            survey = Survey(project, tmp_path / "pictures")
            for number in range(120):
                survey.add(
                    f"{number:03d}.jpg",
                    labels=(("lion", "zebra")[number % 2],),
                    location=f"site {number % 8}",
                    size=(1024, 768),
                    found=(animal(), animal(0.6, confidence=0.7)),
                )
            return project.folder

    undisturbed, killed = make("undisturbed"), make("killed")
    with Project.open(undisturbed) as project:
        run(project, Options(), quiet)
        expected = snapshot(project)

    command = [sys.executable, "-m", "camtrap_gui", "crop", str(killed)]
    root = Path(__file__).parents[2]
    for crops_before_the_kill in (10, 90):
        process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if len(list((killed / "crops").rglob("*.jpg"))) >= crops_before_the_kill:
                break
            time.sleep(0.005)
        assert process.poll() is None, "the step ended before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with Project.open(killed) as project:
            assert files_of(project) == []
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with Project.open(killed) as project:
        assert snapshot(project) == expected
        (state,) = project.db.execute("SELECT state FROM jobs ORDER BY id DESC LIMIT 1").fetchone()
        assert state == "done"


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


def again(project, **options):
    """The crop step as it is run for a person: with a record of what was asked."""
    return run_step(named("crop"), project, Options(**options), lambda _: None)


def split_of(project):
    return dict(project.db.execute("SELECT DISTINCT location, split FROM crops ORDER BY location").fetchall())


def test_that_making_crops_again_after_corrections_keeps_the_held_out_cameras(survey):
    survey.cover()
    project = survey.project
    again(project)
    before = split_of(project)
    lions = [row[0] for row in project.db.execute("SELECT id FROM images WHERE path LIKE 'lion/%'")]
    decisions.label(project, lions[:4], [Said("zebra")])
    decisions.label(project, lions[4:5], [Said("empty")])
    for place in range(3):
        for name in ("lion", "zebra", "zebra"):
            survey.add(f"{name}/{place} {random.random()}.jpg", labels=(name,), location=f"new {place}")
    planned = look_ahead(project, Options(), lambda _: None)
    again(project)
    after = split_of(project)
    assert {place: after[place] for place in before} == before
    assert len(after) == len(before) + 3
    assert planned.locations == {name: list(after.values()).count(name) for name in crops.SPLITS}


def test_that_new_cameras_go_where_they_are_lacking(survey):
    survey.cover()
    again(survey.project)
    before = split_of(survey.project)
    for place in range(24):
        for name in ("lion", "zebra"):
            survey.add(f"{name}/more {place}.jpg", labels=(name,), location=f"more {place}")
    again(survey.project)
    after = split_of(survey.project)
    assert {place: after[place] for place in before} == before
    of_all = [list(after.values()).count(name) / len(after) for name in crops.SPLITS]
    assert of_all == pytest.approx([0.65, 0.15, 0.2], abs=0.04)


def test_that_a_camera_whose_crops_were_all_taken_out_comes_back_to_its_split(survey):
    survey.cover()
    project = survey.project
    again(project)
    before = split_of(project)
    held = next(place for place, split in before.items() if split == "test")
    images = [
        row[0]
        for row in project.db.execute(
            "SELECT images.id FROM images JOIN locations ON locations.id = location_id WHERE name = ?",
            (held,),
        )
    ]
    decisions.label(project, images, [Said("unknown")])
    assert held not in split_of(project)
    decisions.label(project, images, [Said("zebra")])
    again(project)
    assert split_of(project) == before


@pytest.mark.parametrize("change", [{"seed": 7}, {"test_fraction": 0.4}, {"split": "tutorial"}])
def test_that_another_wish_splits_anew_and_is_then_kept(survey, change):
    for place in range(12):
        for name in ("lion", "zebra"):
            survey.add(f"{name}/{place}.jpg", labels=(name,), location=f"site {place}")
    project = survey.project
    again(project)
    first = split_of(project)
    again(project, **change)
    second = split_of(project)
    assert second != first
    survey.add("lion/new.jpg", location="a new site")
    again(project, **change)
    assert {place: split for place, split in split_of(project).items() if place != "a new site"} == second


def test_that_known_cameras_are_split_anew_when_that_is_asked_for(survey):
    survey.cover()
    project = survey.project
    again(project)
    before = split_of(project)
    others = {"train": "val", "val": "test", "test": "train"}
    with project.write() as db:
        for place, split in before.items():
            db.execute("UPDATE crops SET split = ? WHERE location = ?", (others[split], place))
    again(project)
    assert split_of(project) == {place: others[split] for place, split in before.items()}
    again(project, keep_split=False)
    assert split_of(project) == before


def test_that_cameras_of_two_splits_that_a_sequence_joins_are_learnt_from_and_not_tested_on(survey):
    survey.cover()
    project = survey.project
    again(project)
    before = split_of(project)
    one, other = (next(place for place in before if before[place] == split) for split in ("test", "train"))
    for place in (one, other):
        survey.add(f"lion/joint {place}.jpg", location=place, sequence="a burst of both")
    again(project)
    after = split_of(project)
    assert after[one] == after[other] == "train"
    assert {place: after[place] for place in before if place != one} == {
        place: before[place] for place in before if place != one
    }
