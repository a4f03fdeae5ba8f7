"""Box sets are read by the programs that they are for, with boxes where they were and splits that keep cameras apart."""

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pycocotools.coco import COCO

from camtrap_gui.formats import pascal_voc, yolo_boxes
from camtrap_gui.problem import Problem
from camtrap_gui.project.observations import Rules
from camtrap_gui.sharing import box_sets
from camtrap_gui.sharing.box_sets import How
from tests import shareable


def quiet(_):
    pass


@pytest.fixture
def survey(tmp_path):
    with shareable.make(tmp_path) as project:
        yield project


def add_crops(project):
    with project.write() as db:
        db.execute(
            "INSERT INTO crops (image_id, species_id, location, split, file, left, top, right, bottom, sha256)"
            " VALUES (1, 3, 'B03', 'train', 'a', 0, 0, 9, 9, ''), (7, 2, 'C11', 'test', 'b', 0, 0, 9, 9, '')"
        )


def test_that_coco_opens_it_and_finds_the_boxes(survey, tmp_path, capsys):
    add_crops(survey)
    written = box_sets.write(survey, tmp_path / "c", "coco", How(), quiet, Rules())
    train, test = COCO(str(tmp_path / "c" / "train.json")), COCO(str(tmp_path / "c" / "test.json"))
    assert {image["location"] for image in train.imgs.values()} == {"B03"}
    assert {image["location"] for image in test.imgs.values()} == {"C11"}
    names = {one["id"]: one["name"] for one in train.cats.values()}
    lions = train.loadAnns(train.getAnnIds(imgIds=[2]))
    assert [names[one["category_id"]] for one in lions] == ["lion"] * 3
    assert np.allclose(lions[0]["bbox"], [16, 12, 16, 24]) and lions[0]["area"] == 384
    assert len(train.anns) + len(test.anns) == written.boxes
    assert all((tmp_path / "c" / "images" / image["file_name"]).is_file() for image in train.imgs.values())
    assert train.getAnnIds(imgIds=[3]) == [] and 3 in train.imgs  # empty, as Ana said
    assert (
        5 not in train.imgs and "005.jpg" in (tmp_path / "c" / "left_out.csv").read_text()
    )  # an animal without name


def test_that_yolo_has_a_label_for_each_picture(survey, tmp_path):
    (tmp_path / "pictures" / "001.png").write_bytes((tmp_path / "pictures" / "009.jpg").read_bytes())
    with survey.write() as db:
        db.execute("UPDATE images SET path = '001.png' WHERE id = 9")
    written = box_sets.write(
        survey, tmp_path / "y", "yolo", How(classes="category", boxes="detector"), quiet, Rules()
    )
    pictures = sorted(path.stem for path in (tmp_path / "y" / "images").rglob("*.*"))
    assert pictures == sorted(path.stem for path in (tmp_path / "y" / "labels").rglob("*.txt"))
    assert {"001_jpg", "001_png"} <= set(pictures) and written.pictures == len(pictures)
    assert (
        tmp_path / "y/labels/all/001_jpg.txt"
    ).read_text() == "0 0.3750000 0.5000000 0.2500000 0.5000000\n"
    assert (tmp_path / "y/labels/all/006.txt").read_text() == ""
    assert (tmp_path / "y/classes.txt").read_text().splitlines() == ["animal", "person", "vehicle"]
    assert "train: images/all" in (tmp_path / "y/data.yaml").read_text()
    with pytest.raises(Problem, match="--pictures copy"):
        box_sets.write(survey, tmp_path / "z", "yolo", How(only_list=True), quiet, Rules())


def test_that_the_yaml_says_what_yolo_wants():
    yaml = pytest.importorskip("yaml")
    found = yaml.safe_load(yolo_boxes.data_yaml(["no", 'a "b": #c', "Löwe"], ["test", "train", "val"]))
    assert found["names"] == {0: "no", 1: 'a "b": #c', 2: "Löwe"}
    assert found["train"] == "images/train" and found["test"] == "images/test"


def test_that_voc_counts_pixels_from_one(survey, tmp_path):
    add_crops(survey)
    with survey.write() as db:
        db.execute("UPDATE species SET name = 'g<n>&u' WHERE name = 'gnu'")
    box_sets.write(survey, tmp_path / "v", "pascal-voc", How(boxes="people"), quiet, Rules())
    tree = ElementTree.parse(tmp_path / "v" / "Annotations" / "004.xml")
    assert [one.text for one in tree.iter("name")] == ["zebra", "zebra"]
    box = next(tree.iter("bndbox"))
    assert [int(side.text) for side in box] == [17, 13, 32, 36]
    assert (tree.findtext("size/width"), tree.findtext("size/height")) == ("64", "48")
    assert (tmp_path / "v/ImageSets/Main/train.txt").read_text().splitlines() == ["003", "004"]
    assert (tmp_path / "v/JPEGImages/004.jpg").is_file()


@given(
    st.tuples(st.floats(0, 0.99), st.floats(0, 0.99), st.floats(0.001, 1), st.floats(0.001, 1)),
    st.integers(1, 5000),
    st.integers(1, 5000),
)
def test_that_voc_pixels_lie_in_the_picture_and_cover_the_box(box, across, down):
    x, y, width, height = box
    width, height = min(width, 1 - x), min(height, 1 - y)
    left, top, right, bottom = pascal_voc.pixels((x, y, width, height), (across, down))
    assert 1 <= left <= right <= across and 1 <= top <= bottom <= down
    assert left - 1 <= x * across + 1e-5 and right >= (x + width) * across - 1e-5


def test_that_text_no_xml_can_hold_is_left_out():
    made = pascal_voc.annotation("f", "a\x01\ud800&.jpg", (4, 4), [("x<y", (0, 0, 1, 1))])
    tree = ElementTree.fromstring(made)
    assert tree.findtext("filename") == "a&.jpg" and tree.findtext("object/name") == "x<y"


def test_that_people_are_blurred_in_a_box_set_too(survey, tmp_path):
    with survey.write() as db:
        db.execute("UPDATE detections SET category = 'person' WHERE id = 7")
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "pictures" / "007.jpg", quality=95)
    how = How(classes="category", blur=True)
    written = box_sets.write(survey, tmp_path / "y", "coco", how, quiet, Rules())
    assert written.blurred == 2
    made = np.asarray(Image.open(tmp_path / "y/images/007.jpg"), np.float32)[14:34, 18:30]
    assert np.abs(np.diff(made, axis=0)).mean() < 12


def test_that_a_set_without_boxes_is_refused(survey, tmp_path):
    with survey.write() as db:
        db.execute("DELETE FROM boxes")
    with pytest.raises(Problem, match="no boxes"):
        box_sets.write(survey, tmp_path / "v", "coco", How(boxes="people"), quiet, Rules())
    assert not (tmp_path / "v").exists()
