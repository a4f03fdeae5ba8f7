import numpy as np
import pytest

from camtrap_gui.jobs import Cancelled
from camtrap_gui.models.classifiers import out_of_fold
from camtrap_gui.models.classifiers.heads import Features
from tests.models.classifiers.test_likeness import blobs


def nothing(done: int, total: int) -> None:
    assert 0 <= done <= total


def test_that_groups_stay_whole_and_folds_are_of_one_size():
    groups = np.repeat(np.arange(12), [30, 10, 10, 10, 5, 5, 5, 5, 5, 5, 5, 5])
    folds = out_of_fold.deal(groups, 4, 0)
    assert all(len(set(folds[groups == group])) == 1 for group in range(12))
    assert np.bincount(folds).max() <= 30 and set(folds) == {0, 1, 2, 3}


def test_that_wrong_labels_have_the_highest_scores():
    vectors, labels = blobs((60, 40, 20), width=32)
    wrong = np.array([5, 50, 90])
    given = labels.copy()
    given[wrong] = (labels[wrong] + 1) % 3
    heard: list[int] = []
    answers = out_of_fold.ask(
        Features(vectors, np.arange(120), given),
        np.arange(120) % 10,
        4,
        0,
        lambda done, _: heard.append(done),
    )
    assert answers.asked.all() and set(np.argsort(-answers.score)[:3]) == set(wrong)
    assert (answers.said[wrong] == labels[wrong]).all() and (answers.given[wrong] < 0.2).all()
    assert (
        answers.said == labels
    ).mean() > 0.95 and 0 <= answers.given.min() <= answers.confidence.max() <= 1
    assert heard == sorted(heard) and heard[-1] == out_of_fold.FOLDS * out_of_fold.EPOCHS


def test_that_a_species_seen_in_one_place_only_is_not_judged():
    vectors, labels = blobs((60, 40, 20))
    groups = np.where(labels == 2, 0, 1 + np.arange(120) % 6)
    answers = out_of_fold.ask(Features(vectors, np.arange(120), labels), groups, 3, 0, nothing)
    assert (answers.asked == (labels != 2)).all()
    alone = out_of_fold.ask(Features(vectors, np.arange(120), labels), np.zeros(120, np.int64), 3, 0, nothing)
    assert not alone.asked.any()


def test_that_a_difficult_species_is_not_under_suspicion_as_a_whole():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], 4000)
    score = np.where(labels == 0, -6.0, -1.0) + random.normal(0, 1, 8000)
    answers = out_of_fold.Answers(
        labels,
        np.ones(8000, np.float32),
        np.ones(8000, np.float32),
        score.astype(np.float32),
        np.ones(8000, bool),
    )
    before = (np.argsort(-score)[:100] < 4000).sum()
    out_of_fold._calibrate(answers, labels, 2)
    assert before == 0 < 20 < (np.argsort(-answers.score)[:100] < 4000).sum()


def test_that_it_can_be_stopped():
    vectors, labels = blobs((30, 30))

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        out_of_fold.ask(Features(vectors, np.arange(60), labels), np.arange(60), 2, 0, stop)
