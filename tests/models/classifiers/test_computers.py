"""How crops are shared out among computers. That these learn what one does is tested with processes
(``tests/steps/test_train_together.py``)."""

from types import SimpleNamespace

import numpy as np
import pytest

from camtrap_gui.models.classifiers.computers import ALONE, Computers
from camtrap_gui.models.tf_config import Place

ADDRESSES = ("first:1", "second:1", "third:1")


def three(devices_each: int) -> list[Computers]:
    strategy = SimpleNamespace(num_replicas_in_sync=3 * devices_each)
    return [Computers(Place(ADDRESSES, number), strategy) for number in range(3)]


@pytest.mark.parametrize("devices", [1, 4])
def test_that_every_crop_of_a_batch_is_learnt_from_once_with_some_for_each_device(devices):
    for count in (12, 13, 32, 100):
        rows = [np.arange(count)[each.rows(count)] for each in three(devices)]
        assert np.concatenate(rows).tolist() == list(range(count))
        assert min(map(len, rows)) >= devices


def test_that_all_learn_from_a_batch_with_fewer_crops_than_devices():
    assert [each.rows(11) for each in three(4)] == [slice(0, 11)] * 3


def test_that_things_to_be_done_once_are_shared_out():
    for count in (0, 1, 2, 100):
        done = [np.arange(count)[each.part(count)] for each in three(1)]
        assert np.concatenate(done).tolist() == list(range(count))


def test_that_alone_everything_is_as_it_is():
    values = np.arange(4.0)
    assert ALONE.total(values) is values and ALONE.told({"a": 1}) == {"a": 1} and ALONE.is_first
    assert ALONE.rows(5) == ALONE.part(5) == slice(0, 5)
