import hashlib
import io
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from camtrap_gui.formats import tfrecords
from camtrap_gui.formats.tfrecords import Picture, example, write_shards

READ_WITH_TENSORFLOW = """
import json, sys
import tensorflow as tf

found = []
for path in sys.argv[1:]:
    for record in tf.data.TFRecordDataset(path):
        read = tf.train.Example.FromString(record.numpy())
        plain = {}
        for key, feature in read.features.feature.items():
            kind = feature.WhichOneof("kind")
            values = list(getattr(feature, kind).value)
            plain[key] = [kind, [v.hex() if isinstance(v, bytes) else v for v in values]]
        parsed = tf.io.parse_single_example(record, {
            "image/encoded": tf.io.FixedLenFeature((), tf.string, default_value=""),
            "image/class/label": tf.io.FixedLenFeature([], tf.int64, default_value=0),
        })
        shape = tf.io.decode_jpeg(parsed["image/encoded"], channels=3).shape.as_list()
        found.append([plain, shape, int(parsed["image/class/label"])])
print(json.dumps(found))
"""

KEYS = {
    "int64_list": "height width channels class/label object/count object/bbox/label object/class/label"
    " object/is_crowd object/parts/v",
    "bytes_list": "colorspace format filename id source_id encoded extra class/text key/sha256 object/bbox/text"
    " object/class/text object/id",
    "float_list": "class/conf object/bbox/xmin object/bbox/xmax object/bbox/ymin object/bbox/ymax"
    " object/bbox/score object/bbox/conf object/parts/x object/parts/y object/parts/score object/area",
}


def picture(number, name="Löwe"):
    buffer = io.BytesIO()
    Image.new("RGB", (20 + number, 10), (number, 80, 90)).save(buffer, "JPEG")
    encoded = buffer.getvalue()
    digest = hashlib.sha256(encoded).hexdigest()
    return Picture(encoded, 20 + number, 10, digest, number, f"{name}/S1/{number}.jpg", 7, name)


def test_that_tensorflow_reads_every_key_of_every_record(tmp_path):
    pictures = [picture(number) for number in range(5)]
    names = write_shards(tmp_path, "train", map(example, pictures), per_shard=2)
    assert names == ["train-00000", "train-00001", "train-00002"]

    reading = subprocess.run(
        [sys.executable, "-c", READ_WITH_TENSORFLOW, *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(reading.stdout)

    assert len(found) == 5
    for expected, (plain, shape, label) in zip(pictures, found, strict=True):
        assert {key: kind for key, (kind, _) in plain.items()} == {
            f"image/{key}": kind for kind, keys in KEYS.items() for key in keys.split()
        }
        values = {key.removeprefix("image/"): value for key, (_, value) in plain.items()}
        assert values["encoded"] == [expected.encoded.hex()]
        assert values["class/text"] == ["Löwe".encode().hex()]
        assert values["filename"] == [expected.file.encode().hex()]
        assert values["id"] == values["source_id"] == [str(expected.id).encode().hex()]
        assert values["key/sha256"] == [expected.sha256.encode().hex()]
        assert (values["colorspace"], values["format"]) == ([b"RGB".hex()], [b"JPEG".hex()])
        assert (values["height"], values["width"], values["channels"]) == ([10], [expected.width], [3])
        assert (values["class/label"], values["class/conf"], values["object/count"]) == ([7], [1.0], [0])
        assert values["extra"] == [""]
        assert values["object/bbox/xmin"] == values["object/area"] == values["object/id"] == []
        assert shape == [10, expected.width, 3]
        assert label == 7


def test_that_a_split_without_crops_makes_no_file(tmp_path):
    assert write_shards(tmp_path, "val", []) == []
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.binary(max_size=300), max_size=12), st.integers(1, 5))
def test_that_what_is_written_is_read(tmp_path_factory, records, per_shard):
    folder = tmp_path_factory.mktemp("records")
    names = write_shards(folder, "test", records, per_shard)
    assert [record for name in names for record in tfrecords.read(folder / name)] == records
    assert len(names) == -(-len(records) // per_shard)


@given(st.data())
def test_that_no_damage_goes_unnoticed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("records")
    (name,) = write_shards(folder, "test", [b"some", b"crops"])
    whole = (folder / name).read_bytes()
    place, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    damaged = bytearray(whole)
    damaged[place] ^= 1 << bit
    (folder / name).write_bytes(damaged)
    with pytest.raises(ValueError, match="damaged"):
        list(tfrecords.read(folder / name))


def test_that_a_failure_leaves_no_half_of_a_file(tmp_path):
    def failing():
        yield b"one"
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        write_shards(tmp_path, "train", failing())
    assert list(tmp_path.iterdir()) == []
