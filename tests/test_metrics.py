import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui import metrics

# Three classes and one that never occurs; counted by hand.
#                predicted: 0  1  2  3
HAND = np.array(
    [
        [3, 1, 0, 0],
        [2, 2, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 0, 0],
    ]
)


def test_that_the_confusion_matrix_counts_truth_in_rows_and_predictions_in_columns():
    truth = np.array([0, 0, 1, 2, 2], np.int32)
    predicted = np.array([0, 1, 1, 0, 0], np.int32)
    assert metrics.confusion_matrix(truth, predicted, 3).tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 0]]


def test_that_figures_per_class_are_those_counted_by_hand():
    figures = metrics.per_class(HAND)
    assert figures.support.tolist() == [4, 4, 2, 0]
    assert figures.predicted.tolist() == [6, 4, 0, 0]
    assert figures.precision[:2].tolist() == [3 / 6, 2 / 4]
    assert figures.recall[:3].tolist() == [3 / 4, 2 / 4, 0]
    assert figures.f1[:3].tolist() == [6 / 10, 4 / 8, 0]


def test_that_nothing_is_claimed_about_what_never_occurred():
    figures = metrics.per_class(HAND)
    assert np.isnan(figures.precision).tolist() == [False, False, True, True]
    assert np.isnan(figures.recall).tolist() == [False, False, False, True]
    assert np.isnan(figures.f1).tolist() == [False, False, False, True]


def test_that_macro_figures_are_means_over_the_classes_that_have_crops():
    assert metrics.macro_f1(HAND) == pytest.approx((0.6 + 0.5 + 0) / 3)
    assert metrics.balanced_accuracy(HAND) == pytest.approx((0.75 + 0.5 + 0) / 3)
    figures = metrics.per_class(HAND)
    assert metrics.macro(figures.precision, figures.support) == pytest.approx((0.5 + 0.5 + 0) / 3)


def test_that_crops_called_an_absent_class_lower_the_true_class_only():
    called_absent = np.array([[3, 1], [0, 0]])
    assert metrics.macro_f1(called_absent) == pytest.approx(2 * 3 / (4 + 3))


def test_that_top_k_accuracy_looks_at_the_first_k_guesses():
    scores = np.array([[0.1, 0.6, 0.3], [0.5, 0.4, 0.1], [0.2, 0.3, 0.5]])
    truth = np.array([2, 0, 0])
    ranked = metrics.ranking(scores, 3)
    assert ranked.tolist() == [[1, 2, 0], [0, 1, 2], [2, 1, 0]]
    assert [metrics.top_k_accuracy(truth, ranked, k) for k in (1, 2, 3)] == pytest.approx([1 / 3, 2 / 3, 1])


def test_that_equal_scores_rank_in_class_order_and_a_ranking_is_never_longer_than_the_class_list():
    assert metrics.ranking(np.array([[0.5, 0.0, 0.5]]), 5).tolist() == [[0, 2, 1]]


def test_that_no_crops_have_no_accuracy():
    assert math.isnan(metrics.top_k_accuracy(np.zeros(0, int), np.zeros((0, 5), int), 1))
    assert math.isnan(metrics.macro_f1(np.zeros((3, 3), int)))


@st.composite
def answers(draw):
    classes = draw(st.integers(1, 7))
    crops = draw(st.integers(1, 40))
    place = st.integers(0, classes - 1)
    truth, predicted = (np.array(draw(st.lists(place, min_size=crops, max_size=crops))) for _ in range(2))
    return classes, truth, predicted


@given(answers())
def test_that_every_figure_lies_between_0_and_1_and_every_crop_is_counted_once(case):
    classes, truth, predicted = case
    cells = metrics.confusion_matrix(truth, predicted, classes)
    assert cells.sum() == len(truth)
    figures = metrics.per_class(cells)
    for values in (figures.precision, figures.recall, figures.f1):
        known = values[~np.isnan(values)]
        assert ((known >= 0) & (known <= 1)).all()
    assert np.trace(cells) / len(truth) == pytest.approx(metrics.top_k_accuracy(truth, predicted[:, None], 1))


@given(answers())
def test_that_f1_is_the_harmonic_mean_of_precision_and_recall(case):
    classes, truth, predicted = case
    figures = metrics.per_class(metrics.confusion_matrix(truth, predicted, classes))
    for precision, recall, f1 in zip(figures.precision, figures.recall, figures.f1, strict=True):
        if precision + recall > 0:
            assert f1 == pytest.approx(2 / (1 / precision + 1 / recall) if precision and recall else 0)


@given(answers())
def test_that_a_classifier_that_is_always_right_has_full_marks(case):
    classes, truth, _ = case
    cells = metrics.confusion_matrix(truth, truth, classes)
    assert metrics.macro_f1(cells) == metrics.balanced_accuracy(cells) == 1


@given(answers(), st.randoms(use_true_random=False))
def test_that_the_order_of_crops_does_not_matter(case, random):
    classes, truth, predicted = case
    order = list(range(len(truth)))
    random.shuffle(order)
    one = metrics.confusion_matrix(truth, predicted, classes)
    assert (one == metrics.confusion_matrix(truth[order], predicted[order], classes)).all()
