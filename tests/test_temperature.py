import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui import temperature
from camtrap_gui.models.classifiers.backbones import NEVER


def judged(seed: int, crops: int = 400, sharpness: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a classifier that is as right as it says when they are divided by ``sharpness``, and the truth."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (crops, 4)).astype(np.float32)
    shares = temperature.probabilities(logits)
    truth = np.array([random.choice(4, p=row / row.sum()) for row in shares.astype(float)])
    return logits * np.float32(sharpness), truth


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 4.0])
def test_that_the_sharpness_of_a_classifier_is_found(sharpness):
    logits, truth = judged(0, 4000, sharpness)
    assert temperature.fit(logits, truth) == pytest.approx(sharpness, rel=0.08)


@given(st.integers(0, 10_000), st.floats(-3, 3), st.integers(1, 40))
def test_that_crops_are_never_less_likely_at_the_temperature_fitted_to_them(seed, log_sharpness, crops):
    logits, truth = judged(seed, crops, float(np.exp(log_sharpness)))
    fitted = temperature.fit(logits, truth, caution=0)
    assert temperature.LOWEST <= fitted <= temperature.HIGHEST
    assert temperature.loss(logits, truth, fitted) <= temperature.loss(logits, truth) + 1e-9


@given(st.integers(0, 10_000), st.floats(temperature.LOWEST, temperature.HIGHEST))
def test_that_a_temperature_changes_how_sure_and_never_what_is_said(seed, chosen):
    logits, _ = judged(seed, 20)
    hot, plain = temperature.probabilities(logits, chosen), temperature.probabilities(logits)
    np.testing.assert_array_equal(hot.argmax(1), plain.argmax(1))
    np.testing.assert_allclose(hot.sum(1), 1, atol=1e-5)
    assert ((hot.max(1) <= plain.max(1) + 1e-6) == (chosen >= 1)).all() or np.isclose(chosen, 1, atol=1e-3)


def test_that_a_few_crops_all_right_do_not_make_certain():
    logits = np.array([[2.0, 0.0, 0.0]] * 3, np.float32)
    assert 0.3 < temperature.fit(logits, np.zeros(3, int)) < 1


def test_that_a_class_that_is_never_said_tells_nothing_and_stays_impossible():
    logits, truth = judged(0)
    with_never = np.column_stack([logits, np.full(len(logits), NEVER, np.float32)])
    surprised = np.where(np.arange(len(truth)) % 10 == 0, 4, truth)
    known = surprised < 4
    assert temperature.fit(with_never, surprised) == pytest.approx(
        temperature.fit(logits[known], truth[known])
    )
    for chosen in (temperature.LOWEST, 1.0, temperature.HIGHEST):
        assert (temperature.probabilities(with_never, chosen)[:, 4] == 0).all()


def test_that_nothing_known_leaves_a_classifier_as_it_is():
    assert temperature.fit(np.zeros((0, 3), np.float32), np.zeros(0, int)) == 1.0
