import numpy as np
import pytest

from camtrap_gui import evaluation
from camtrap_gui.evaluation import OfClass, OfLocation, Said


@pytest.fixture
def said():
    """Five crops at two locations, counted by hand: zebra, zebra, gnu | zebra, lion; the yeti never occurs."""
    return Said(
        classes=("zebra", "gnu", "lion", "yeti"),
        locations=["B", "A"],
        truth=np.array([0, 0, 1, 0, 2]),
        ranked=np.array(
            [[0, 1, 2, 3, -1], [1, 0, 2, 3, -1], [1, -1, -1, -1, -1], [0, 1, 2, 3, -1], [0, 1, 2, 3, -1]]
        ),
        confidence=np.array([0.9, 0.6, 1.0, 0.9, 0.8]),
        location=np.array([0, 0, 0, 1, 1]),
    )


def test_that_figures_of_all_crops_are_those_counted_by_hand(said):
    figures = evaluation.measure(said)
    assert (figures.crops, figures.accuracy, figures.k, figures.top_k) == (5, 3 / 5, 4, 1.0)
    f1 = (2 * 2 / (3 + 3), 2 * 1 / (1 + 2), 0.0)
    assert figures.macro_f1 == pytest.approx(sum(f1) / 3)
    assert figures.balanced_accuracy == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_that_figures_of_a_species_are_those_counted_by_hand(said):
    zebra, gnu, lion, yeti = evaluation.measure(said).classes
    assert zebra == OfClass("zebra", 3, 2, 3, 2 / 3, 2 / 3, 2 / 3)
    assert gnu == OfClass("gnu", 1, 1, 2, 1 / 2, 1.0, 2 / 3)
    assert lion == OfClass("lion", 1, 1, 0, None, 0.0, 0.0)
    assert yeti == OfClass("yeti", 0, 0, 0, None, None, None)


def test_that_locations_are_sorted_and_measured_on_their_own_crops(said):
    here, there = evaluation.measure(said).locations
    # At A a zebra is right and a lion called zebra; at B one zebra of two is called gnu.
    assert here == OfLocation(
        "A", 2, 2, 1 / 2, 1.0, (1 / 2 + 0) / 2, (1 + 0) / 2, pytest.approx((2 / 3 + 0) / 2)
    )
    assert there.accuracy == pytest.approx(2 / 3)
    assert there.f1 == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_that_notes_name_what_the_figures_cannot_tell(said):
    notes = list(evaluation.notes(evaluation.measure(said), [5, 5, 0, 5], "test"))
    assert notes == [
        "No test crops, so nothing is known about: yeti.",
        "No training crops, so never recognised: lion.",
        "Seen at fewer than 3 test locations, so the figures may not hold elsewhere: zebra, gnu, lion.",
    ]


def test_that_the_text_has_the_tutorials_line_and_aligned_tables(said):
    text = evaluation.measure(said).text()
    assert text.startswith("eval/Accuracy[0.6]eval/Recall_4[1]\n")
    assert "Species  Crops  Locations  Predicted  Precision  Recall     F1" in text
    assert "lion         1          1          0          –   0.000  0.000" in text
    assert "yeti" not in text


def test_that_of_many_locations_the_worst_are_shown():
    crops = 30
    said = Said(
        ("zebra", "gnu"),
        [f"L{n:02}" for n in range(crops)],
        np.zeros(crops, int),
        np.array([[int(n == 17), -1, -1, -1, -1] for n in range(crops)]),
        np.ones(crops),
        np.arange(crops),
    )
    text = evaluation.measure(said).text()
    assert "The 10 of 30 locations with the lowest accuracy:\n\nLocation" in text
    assert text.split("F1\n")[-1].startswith("L17")
