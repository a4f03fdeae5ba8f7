"""Where the pixels of crops come from while the whole network learns: files, TFRecords, memory."""

import hashlib
import io
from functools import partial

import numpy as np
import pytest
from PIL import Image

from camtrap_gui import pictures
from camtrap_gui.formats import tfrecords
from camtrap_gui.models import memory
from camtrap_gui.models.classifiers import crop_reading
from camtrap_gui.models.classifiers.crop_reading import CropFile, records_in
from camtrap_gui.models.classifiers.input_pipeline import Pictures, Supply
from camtrap_gui.models.classifiers.preprocessing import to_input
from tests import tiny

PREPARE = partial(to_input, size=32)


def encoded(number: int, size: int = 40) -> bytes:
    data = io.BytesIO()
    tiny._disc(number, (200, 90, 30), size).save(data, "JPEG", quality=95)
    return data.getvalue()


@pytest.fixture
def crops(tmp_path) -> list[CropFile]:
    """Ten crops as files, the same in two TFRecord files."""
    (tmp_path / "crops").mkdir()
    made, examples = [], []
    for number in range(10):
        data = encoded(number)
        path = tmp_path / "crops" / f"{number}.jpg"
        path.write_bytes(data)
        made.append(CropFile(path, hashlib.sha256(data).hexdigest()))
        picture = tfrecords.Picture(data, 40, 40, made[-1].sha256, number, path.name, 1, "zebra")
        examples.append(tfrecords.example(picture))
    tfrecords.write_shards(tmp_path / "records", "train", examples, per_shard=6)
    return made


def all_of(crops: list[CropFile]) -> Pictures:
    return Pictures(np.arange(len(crops)), np.zeros(len(crops), np.int64), crops.__getitem__)


def expected(crops: list[CropFile]) -> np.ndarray:
    return np.stack([PREPARE(pictures.read_upright(crop.path)) for crop in crops])


def test_that_batches_are_what_prediction_sees_in_the_order_asked_for(crops):
    order = np.array([7, 2, 9, 0, 5])
    batches = list(Supply(PREPARE, 32).batches(all_of(crops), order, 2))
    assert [places.tolist() for places, _ in batches] == [[7, 2], [9, 0], [5]]
    np.testing.assert_array_equal(np.concatenate([pixels for _, pixels in batches]), expected(crops)[order])


def test_that_only_the_rows_that_are_asked_for_are_read(crops):
    order = np.arange(10)[::-1]
    batches = list(Supply(PREPARE, 32).batches(all_of(crops), order, 4, lambda count: slice(0, count // 2)))
    assert [places.tolist() for places, _ in batches] == [[9, 8], [5, 4], [1]]


def test_that_crops_are_decoded_once_as_far_as_there_is_room(crops):
    decoded = []

    def prepare(picture):
        decoded.append(picture)
        return PREPARE(picture)

    supply = Supply(prepare, 32, room=4 * 32 * 32 * 3)
    first, second = (list(supply.batches(all_of(crops), np.arange(10), 5)) for _ in range(2))
    assert 10 + 10 - 6 <= len(decoded) <= 10 + 6  # threads may each find the last place free
    for (_, one), (_, two) in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)


def test_that_unreadable_crops_are_left_out_of_their_batch(crops):
    crops[1].path.unlink()
    crops[2].path.write_bytes(b"no picture")
    crops[3].path.write_bytes(encoded(99))
    batches = list(Supply(PREPARE, 32).batches(all_of(crops), np.arange(10), 4))
    assert [places.tolist() for places, _ in batches] == [[0], [4, 5, 6, 7], [8, 9]]


def test_that_records_give_the_same_crops_as_files(crops, tmp_path):
    whole = expected(crops)
    for crop in crops:
        crop.path.unlink()
    with records_in(tmp_path / "records", ("train", "val")) as records:
        assert len(records) == 10
        ((places, pixels),) = Supply(PREPARE, 32, records).batches(all_of(crops), np.arange(10), 10)
    assert places.tolist() == list(range(10))
    np.testing.assert_array_equal(pixels, whole)


def test_that_records_of_other_crops_are_not_taken_for_them(crops, tmp_path):
    newer = encoded(50)
    crops[0].path.write_bytes(newer)
    made_again = CropFile(crops[0].path, hashlib.sha256(newer).hexdigest())
    with records_in(tmp_path / "records", ("train",)) as records:
        assert records.read(made_again.sha256) is None
        np.testing.assert_array_equal(
            np.asarray(crop_reading.picture_of(made_again, records)), np.asarray(Image.open(crops[0].path))
        )


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "flipped later"])
def test_that_damaged_records_give_way_to_the_files(crops, tmp_path, damage):
    path = tmp_path / "records" / "train-00000"
    data = bytearray(path.read_bytes())

    def flip() -> None:
        for crop in crops[:6]:
            place = data.index(crop.path.read_bytes())
            data[place + 200] ^= 255
        path.write_bytes(bytes(data))

    if damage == "cut":
        path.write_bytes(bytes(data[: len(data) // 2]))
    elif damage == "gone":
        path.unlink()
    elif damage == "flipped":
        flip()
    with records_in(tmp_path / "records", ("train",)) as records:
        if damage == "flipped later":
            flip()
        ((places, pixels),) = Supply(PREPARE, 32, records).batches(all_of(crops), np.arange(10), 10)
    assert len(places) == 10
    np.testing.assert_array_equal(pixels, expected(crops))


def test_that_the_free_memory_is_a_plausible_number():
    assert 2**26 < memory.free() < 2**46
