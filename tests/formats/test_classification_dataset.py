import json

from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.coco import COCO

from camtrap_gui.formats.classification_dataset import (
    Entry,
    write_class_list,
    write_label_map,
    write_split,
)

LION = Entry(4, "lion/S1/a.jpg", 120, 110, "S1/a", 1, "B04", "SER_7", (5, 6, 120, 110), 0.83)
DRAWN = Entry(9, "zebra/b_0.jpg", 60, 60, "17", 2, "C01", None, (0, 0, 60, 60), None)
CLASSES = ("empty", "lion", "zebra")

names = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), max_size=5)


def test_that_a_split_has_the_form_of_the_tutorial(tmp_path):
    write_split(tmp_path / "train.json", CLASSES, lambda: [LION, DRAWN])
    assert json.loads((tmp_path / "train.json").read_text(encoding="utf-8")) == {
        "images": [
            {
                "id": 4,
                "width": 120,
                "height": 110,
                "file_name": "lion/S1/a.jpg",
                "original_key": "S1/a",
                "location": "B04",
                "seq_id": "SER_7",
                "window": [5, 6, 120, 110],
            },
            {
                "id": 9,
                "width": 60,
                "height": 60,
                "file_name": "zebra/b_0.jpg",
                "original_key": "17",
                "location": "C01",
                "window": [0, 0, 60, 60],
            },
        ],
        "categories": [
            {"id": 0, "name": "empty", "supercategory": "entity"},
            {"id": 1, "name": "lion", "supercategory": "entity"},
            {"id": 2, "name": "zebra", "supercategory": "entity"},
        ],
        "annotations": [
            {"id": 4, "image_id": 4, "category_id": 1, "confidence": 0.83},
            {"id": 9, "image_id": 9, "category_id": 2},
        ],
    }


def test_that_pycocotools_reads_it(tmp_path):
    write_split(tmp_path / "test.json", CLASSES, lambda: [LION, DRAWN])
    coco = COCO(str(tmp_path / "test.json"))
    assert coco.getImgIds(catIds=[2]) == [9]
    assert coco.loadImgs([4])[0]["file_name"] == "lion/S1/a.jpg"
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == list(CLASSES)


def test_that_an_empty_split_is_a_valid_file(tmp_path):
    write_split(tmp_path / "val.json", (), lambda: [])
    empty = {"images": [], "categories": [], "annotations": []}
    assert json.loads((tmp_path / "val.json").read_text(encoding="utf-8")) == empty


def test_that_the_class_list_has_one_name_a_line_and_nothing_after_the_last(tmp_path):
    write_class_list(tmp_path / "classlist.txt", ("empty", "Größe\nL", "zebra"))
    assert (tmp_path / "classlist.txt").read_bytes() == "empty\nGröße L\nzebra".encode()


def test_that_the_label_map_is_the_one_of_the_tutorial(tmp_path):
    write_label_map(tmp_path / "label_map.pbtxt", CLASSES)
    assert (tmp_path / "label_map.pbtxt").read_text(encoding="utf-8") == (
        'item {name: "empty" id: 0}\nitem {name: "lion" id: 1}\nitem {name: "zebra" id: 2}\n'
    )


@given(names)
def test_that_any_name_survives_the_label_map(tmp_path_factory, classes):
    path = tmp_path_factory.mktemp("map") / "label_map.pbtxt"
    write_label_map(path, classes)
    read = text_format.Parse(path.read_text(encoding="utf-8"), _label_map()())
    assert [(item.name, item.id) for item in read.item] == [(name, n) for n, name in enumerate(classes)]


def _label_map():
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kind = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="map.proto", package="map", syntax="proto3")
    item = file.message_type.add(name="Item")
    item.field.add(name="name", number=1, label=kind.LABEL_OPTIONAL, type=kind.TYPE_STRING)
    item.field.add(name="id", number=2, label=kind.LABEL_OPTIONAL, type=kind.TYPE_INT32)
    owner = file.message_type.add(name="Map")
    owner.field.add(
        name="item", number=1, label=kind.LABEL_REPEATED, type=kind.TYPE_MESSAGE, type_name=".map.Item"
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("map.Map"))
