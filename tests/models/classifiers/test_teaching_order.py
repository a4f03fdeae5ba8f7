import numpy as np

from camtrap_gui.models.classifiers import likeness, teaching_order
from tests.models.classifiers.test_likeness import blobs

NOTHING = np.zeros(300, bool)


def points_and_kinds() -> tuple[np.ndarray, np.ndarray]:
    vectors, kind = blobs((200, 80, 20))
    return likeness.points(vectors, np.arange(300), 0), kind


def test_that_without_a_classifier_every_sort_comes_early(monkeypatch):
    monkeypatch.setattr(teaching_order, "GROUPS", 3)
    points, kind = points_and_kinds()
    order = teaching_order.order(points, None, NOTHING, 0)
    assert kind[order[:6]].tolist() == [0, 1, 2, 0, 1, 2]
    assert sorted(order) == list(range(300))


def test_that_sorts_which_are_labelled_already_wait(monkeypatch):
    monkeypatch.setattr(teaching_order, "GROUPS", 3)
    points, kind = points_and_kinds()
    labelled = (kind == 0) & (np.cumsum(kind == 0) <= 10)
    order = teaching_order.order(points, None, labelled, 0)
    assert (kind[order[:20]] == 0).sum() == 0
    assert sorted(order) == np.flatnonzero(~labelled).tolist()


def test_that_uncertain_ones_come_first_but_not_all_of_one_sort(monkeypatch):
    monkeypatch.setattr(teaching_order, "GROUPS", 3)
    points, kind = points_and_kinds()
    random = np.random.default_rng(0)
    uncertainty = np.array([0.9, 0.6, 0.02])[kind] + random.uniform(0, 0.01, 300)
    order = teaching_order.order(points, uncertainty, NOTHING, 0)
    assert uncertainty[order[0]] == uncertainty.max()
    assert set(kind[order[:3]]) == {0, 1} and (kind[order[:40]] == 2).sum() == 0
    firsts = [uncertainty[order[kind[order] == one]] for one in (0, 1, 2)]
    assert all((np.diff(some) <= 0).all() for some in firsts)


def test_that_there_may_be_nothing_left_to_label():
    points, _ = points_and_kinds()
    assert len(teaching_order.order(points, None, ~NOTHING, 0)) == 0
