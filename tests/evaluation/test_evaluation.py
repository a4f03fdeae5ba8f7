import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap_gui import evaluation, jobs, metrics, resampling
from camtrap_gui.evaluation import TOP, Gathering, Light, OfClass, OfLocation, Said
from camtrap_gui.evaluation import said as said_module


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
    # Precision is 1 at B and 1/2 at A, recall the other way round, F1 the same at both: two draws tell nothing of it.
    assert zebra == OfClass("zebra", 3, 2, 3, 2 / 3, 2 / 3, 2 / 3, (0.5, 1.0), (0.5, 1.0), None)
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
    assert notes[:-1] == [
        "No test crops, so nothing is known about: yeti.",
        "No training crops, so never recognised: lion.",
        "Seen at fewer than 3 test locations, so the figures may not hold elsewhere: zebra, gnu, lion.",
    ]
    assert notes[-1].startswith("With 2 test locations all intervals come out too narrow")


def survey(crops=400, locations=20, classes=5, seed=0, right=0.7):
    """Crops whose locations differ in how hard they are and in which species live there."""
    random = np.random.default_rng(seed)
    location = np.concatenate([np.arange(locations), random.integers(0, locations, crops - locations)])
    local = random.dirichlet(np.full(classes, 0.5), locations)
    truth = np.array([random.choice(classes, p=local[place]) for place in location])
    share = random.beta(4 * right, 4 * (1 - right), locations)
    said = np.where(random.random(crops) < share[location], truth, random.integers(0, classes, crops))
    rest = np.array([np.roll(np.arange(classes), -first) for first in said])
    ranked = np.full((crops, TOP), -1)
    ranked[:, : min(TOP, classes)] = rest[:, :TOP]
    scores = np.sort(random.dirichlet(np.ones(TOP), crops))[:, ::-1]
    names = [f"species {n}" for n in range(classes)]
    return Said(
        names, [f"L{n:02}" for n in range(locations)], truth, ranked, scores[:, 0].copy(), location, scores
    )


def one_by_one(said, rounds, seed=0):
    """The figures of drawn locations, by building the crops of every draw and measuring them anew."""
    random = np.random.default_rng(seed)
    places = np.unique(said.location)
    found = []
    for often in random.multinomial(len(places), np.full(len(places), 1 / len(places)), rounds):
        which = np.concatenate(
            [np.repeat(np.flatnonzero(said.location == p), n) for p, n in zip(places, often, strict=True)]
        )
        confusion = said.confusion(which)
        of_class = metrics.per_class(confusion)
        found.append(
            [
                metrics.top_k_accuracy(said.truth[which], said.ranked[which], 1),
                metrics.top_k_accuracy(said.truth[which], said.ranked[which], 3),
                metrics.macro_f1(confusion),
                metrics.balanced_accuracy(confusion),
                *of_class.precision,
                *of_class.recall,
                *np.where(of_class.support > 0, of_class.f1, np.nan),  # as the recall
            ]
        )
    return np.array(found).T


@pytest.mark.parametrize("seed", [0, 1])
def test_that_every_interval_is_that_of_measuring_each_draw_anew(seed):
    said = survey(150, 12, 3, seed)
    figures = evaluation.measure(said)
    rounds = one_by_one(said, resampling.ROUNDS)
    truth, answers = (
        [len({*said.location[of == c]}) for c in range(3)] for of in (said.truth, said.ranked[:, 0])
    )
    known = [12] * 4 + answers + truth + truth
    expected = [resampling.middle(row, places) for row, places in zip(rounds, known, strict=True)]
    classes = figures.classes
    found = [
        figures.interval,
        figures.top_k_interval,
        figures.macro_f1_interval,
        figures.balanced_accuracy_interval,
        *(c.precision_interval for c in classes),
        *(c.recall_interval for c in classes),
        *(c.f1_interval for c in classes),
    ]
    compared = [(a, b) for a, b in zip(found, expected, strict=True) if b != (1.0, 1.0)]
    assert len(compared) >= 11
    for interval, naive in compared:
        assert interval == pytest.approx(naive)


def all_intervals(figures):
    yield figures.accuracy, figures.interval
    yield figures.top_k, figures.top_k_interval
    yield figures.macro_f1, figures.macro_f1_interval
    yield figures.balanced_accuracy, figures.balanced_accuracy_interval
    for c in figures.classes:
        yield from ((c.precision, c.precision_interval), (c.recall, c.recall_interval), (c.f1, c.f1_interval))


@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 6), st.integers(0, 99), st.floats(0.05, 0.95))
@settings(max_examples=30, deadline=None)
def test_that_every_interval_holds_its_figure_and_none_is_told_from_one_location(
    crops, locations, classes, seed, right
):
    said = survey(max(crops, locations), locations, classes, seed, right)
    figures = evaluation.measure(said)
    for value, interval in all_intervals(figures):
        if value is None:
            assert interval is None
        elif interval is not None:
            assert 0 <= interval[0] <= value <= interval[1] <= 1
    if locations == 1:
        assert all(interval is None for _, interval in all_intervals(figures))


def test_that_the_order_of_the_crops_changes_nothing():
    said = survey()
    said = dataclasses.replace(said, sequence=np.arange(400) // 3, light=np.arange(400) % 3)
    order = np.random.default_rng(1).permutation(400)
    fields = ("truth", "ranked", "confidence", "location", "scores", "sequence", "light")
    shuffled = dataclasses.replace(said, **{name: getattr(said, name)[order] for name in fields})
    one, other = (jobs.to_plain(evaluation.measure(some)) for some in (said, shuffled))
    assert_close(one, other)


def assert_close(one, other):
    if isinstance(one, dict):
        for key, value in one.items():
            assert_close(value, other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_close(a, b)
    else:
        assert one == (pytest.approx(other) if isinstance(one, float) else other)


def test_that_a_species_learnt_at_one_place_and_one_too_rare_to_judge_are_named():
    said = survey(40, 8, 3, seed=2, right=0.5)
    figures = evaluation.measure(said)
    wide = dataclasses.replace(figures.classes[0], f1=0.5, f1_interval=(0.1, 0.9), locations=4)
    figures = dataclasses.replace(figures, classes=(wide, *figures.classes[1:]))
    notes = list(evaluation.notes(figures, [5, 5, 5], "test", [3, 1, 2]))
    assert notes[0].endswith("learnt the place instead of the animal: species 1.")
    assert "species 0 (0.10 to 0.90)" in notes[1] and "anything between" in notes[1]
    single = dataclasses.replace(figures, classes=(), locations=figures.locations[:1])
    assert list(evaluation.notes(single, [], "val", [])) == [
        "All val crops are from one location, so nothing is known about others, and there are no intervals."
    ]


def test_that_day_and_night_are_measured_apart_and_crops_of_unknown_light_in_neither(said):
    light = np.array([Light.DAY, Light.NIGHT, Light.COLOURED, Light.GREY, Light.UNKNOWN])
    found = evaluation.measure(dataclasses.replace(said, light=light)).day_night
    assert (found.by_clock, found.by_colour, found.unknown) == (2, 2, 1)
    assert (found.day.count, found.day.accuracy, found.day.locations) == (2, 1.0, 1)
    assert (found.night.count, found.night.accuracy, found.night.locations) == (2, 0.5, 2)
    assert found.night.interval == (0.0, 1.0) and found.day.interval is None
    text = evaluation.measure(dataclasses.replace(said, light=light)).text()
    assert "By night" in text and "grey pictures are taken for night (2 crops)" in text


def test_that_nothing_is_said_of_day_and_night_without_any_light(said):
    assert evaluation.measure(said).day_night is None
    assert evaluation.measure(dataclasses.replace(said, light=np.zeros(5, int))).day_night is None


def test_that_figures_gathered_crop_by_crop_are_those_of_the_arrays(monkeypatch):
    monkeypatch.setattr(said_module, "_PORTION", 7)
    said = survey(50, 5)
    gathering = Gathering(said.classes, 60)
    for row in range(50):
        top = [
            (said.classes[n], float(s))
            for n, s in zip(said.ranked[row], said.scores[row], strict=True)
            if n >= 0
        ]
        gathering.add(said.locations[said.location[row]], said.classes[said.truth[row]], top, row // 2)
    gathered = gathering.said()
    assert gathered.ranked.tolist() == said.ranked.tolist()
    assert gathered.confidence == pytest.approx(said.confidence)
    assert gathered.sequence.tolist() == [row // 2 for row in range(50)]
    one, other = evaluation.measure(gathered), evaluation.measure(said)
    assert (one.crops, one.accuracy, one.top_k, one.macro_f1) == (
        other.crops,
        other.accuracy,
        other.top_k,
        other.macro_f1,
    )


def test_that_the_text_has_the_tutorials_line_and_aligned_tables(said):
    text = evaluation.measure(said).text()
    assert text.startswith("eval/Accuracy[0.6]eval/Recall_4[1]\n")
    assert "Species  Crops  Locations  Predicted  Precision  Recall     F1  95 % interval" in text
    assert "lion         1          1          0          –   0.000  0.000              –" in text
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
