import numpy as np
import pytest

from camtrap_gui.models.classifiers.balance import Balance

LABELS = np.repeat([0, 1, 3], [80, 16, 4])


@pytest.mark.parametrize("way", ["logits", "weights", "none"])
def test_that_an_epoch_has_every_crop_once_in_an_order_of_its_own(way):
    balance = Balance(LABELS, 4, way)
    one, again, next_epoch = balance.order(5, 1), balance.order(5, 1), balance.order(5, 2)
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(np.sort(one), np.arange(100))
    assert (one != next_epoch).any()


def test_that_balanced_sampling_shows_every_class_equally_often_and_each_crop_before_any_comes_again():
    order = Balance(LABELS, 4, "sampling").order(0, 1)
    assert len(order) == 100
    counts = np.bincount(LABELS[order], minlength=4)
    assert counts[2] == 0 and max(abs(counts[[0, 1, 3]] - 100 / 3)) <= 2
    times = np.bincount(order, minlength=100)
    for label, least in ((0, 0), (1, 2), (3, 8)):
        of_class = times[np.equal(LABELS, label)]
        assert of_class.min() >= least - 2 and np.ptp(of_class) <= 3


def test_that_weights_make_classes_count_alike_in_proportion_to_confidence():
    confidences = np.random.default_rng(0).uniform(0.2, 1, 100).astype(np.float32)
    weights = Balance(LABELS, 4, "weights", confidences).weights()
    sums = np.bincount(LABELS, weights)
    np.testing.assert_allclose(sums[[0, 1, 3]], 100 / 3, rtol=1e-5)
    rhinos = LABELS == 1
    np.testing.assert_allclose(
        weights[rhinos] / weights[rhinos][0], confidences[rhinos] / confidences[rhinos][0], rtol=1e-5
    )


def test_that_confidence_alone_leaves_classes_as_they_are():
    confidences = np.full(100, 0.4, np.float32)
    np.testing.assert_allclose(Balance(LABELS, 4, "logits", confidences).weights(), 1.0)
    confidences[0] = 0.8
    weights = Balance(LABELS, 4, "none", confidences).weights()
    assert weights[0] == pytest.approx(2 * weights[1]) and weights.mean() == pytest.approx(1, abs=1e-5)


def test_that_only_logit_adjustment_adds_to_the_logits():
    np.testing.assert_allclose(
        Balance(LABELS, 4, "logits").prior(), [np.log(0.8), np.log(0.16), 0, np.log(0.04)], rtol=1e-5
    )
    for way in ("sampling", "weights", "none"):
        assert not Balance(LABELS, 4, way).prior().any()
