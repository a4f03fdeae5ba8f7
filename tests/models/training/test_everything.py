import numpy as np
import pytest

from camtrap_gui.jobs import Cancelled
from camtrap_gui.models.classifiers.heads import Features
from camtrap_gui.models.classifiers.recipes import Recipe
from camtrap_gui.models.training import everything


def places() -> tuple[Features, np.ndarray]:
    """Sixty crops of two species at six cameras that show nothing but the place."""
    cameras = np.arange(60) % 6
    vectors = np.eye(6, dtype=np.float16)[cameras] + np.float16(0.01)
    return Features(vectors, np.arange(60), cameras % 2), cameras


def test_that_a_head_learns_from_all_crops_and_none_is_asked_about_a_camera_it_has_met():
    crops, cameras = places()
    heard: list[tuple[int, int]] = []
    learnt = everything.learn(crops, cameras, 3, Recipe(), 0, lambda done, total: heard.append((done, total)))
    assert (learnt.head.logits(crops).argmax(1) == crops.labels).all()
    sure = learnt.unseen[:, :2].max(1) - learnt.unseen[:, :2].min(1)
    assert (
        learnt.unseen.shape == (60, 3)
        and sure.max() < 0.5 * np.ptp(learnt.head.logits(crops)[:, :2], 1).min()
    )
    assert heard == sorted(heard) and heard[-1] == (6 * everything.EPOCHS,) * 2


def test_that_it_can_be_stopped_in_any_head():
    crops, cameras = places()
    for last in (0, 5 * 2):  # folds, epochs

        def stop(done: int, total: int, last: int = last) -> None:
            if done >= last:
                raise Cancelled

        with pytest.raises(Cancelled):
            everything.learn(crops, cameras, 2, Recipe().with_last(epochs=2), 0, stop)
