from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from camtrap_gui import thresholds
from camtrap_gui.thresholds import Answers

NAMES = ("deer", "fox", "hare")


def honest(seed: int, crops: int, locations: int = 8) -> Answers:
    """Answers that are right as often as they say."""
    random = np.random.default_rng(seed)
    confidence = random.beta(4, 0.6, crops)
    correct = random.random(crops) < confidence
    return Answers(random.integers(0, 3, crops), confidence, correct, random.integers(0, locations, crops))


def flawless(crops: int, locations: int = 4) -> Answers:
    places = np.arange(crops)
    return Answers(np.zeros(crops, int), np.full(crops, 0.9), np.ones(crops, bool), places % locations)


@given(st.integers(0, 10_000), st.integers(0, 600), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_that_what_is_accepted_was_right_as_often_as_wanted(seed, crops, precision):
    answers = honest(seed, crops)
    found = thresholds.fit(answers, NAMES, precision)
    takes = thresholds.accepted(answers, NAMES, found.accepting)
    for place, each in enumerate(found.classes):
        own = takes & (answers.said == place)
        assert own.sum() == each.crops
        if each.confidence is not None:
            assert answers.correct[own].mean() == each.precision >= precision


def test_that_a_precision_takes_as_many_crops_as_it_says_besides_those_of_the_largest_camera():
    for precision in (0.9, 0.95, 0.99):
        count = thresholds.needed(precision)
        for others, least in ((count, {"deer": 0.9}), (count - 1, {})):
            seen = flawless(300 + others)
            location = np.concatenate([np.full(300, 9), np.arange(others) % 5])
            assert thresholds.fit(replace(seen, location=location), NAMES, precision).accepting.least == least


def test_that_a_camera_that_is_always_wrong_is_not_outvoted_by_a_large_one():
    seen = flawless(400)
    location = np.repeat([0, 1, 2], [300, 60, 40])
    wrong = replace(seen, location=location, correct=location != 2)
    assert thresholds.fit(wrong, NAMES, 0.8).accepting.least == {}
    assert thresholds.fit(replace(wrong, location=np.arange(400) % 5), NAMES, 0.8).accepting.least == {
        "deer": 0.9
    }


def test_that_crops_of_two_cameras_do_not_tell():
    assert thresholds.fit(flawless(500, locations=2), NAMES).accepting.least == {}


def test_that_thresholds_hold_on_other_crops():
    found = thresholds.fit(honest(0, 6000), NAMES, 0.95)
    measured = thresholds.measure(honest(1, 6000), NAMES, found.accepting)
    assert len(found.accepting.least) == 3
    assert measured.precision is not None and measured.precision >= 0.95
    assert measured.share_interval is not None and measured.share > 0.3
    assert measured.share_interval[0] < measured.share < measured.share_interval[1]


def test_that_equally_sure_answers_are_accepted_together_or_not_at_all():
    confidence = np.array([0.99] * 60 + [0.9] * 40)
    correct = np.array([True] * 60 + [True] * 20 + [False] * 20)
    answers = Answers(np.zeros(100, int), confidence, correct, np.arange(100) % 5)
    assert thresholds.fit(answers, NAMES, 0.9).accepting.least == {"deer": 0.99}


def test_that_a_sentence_says_what_can_be_left_to_the_classifier():
    found = thresholds.fit(flawless(300), NAMES, 0.95)
    text = thresholds.measure(flawless(100), NAMES, found.accepting).text()
    assert text.startswith("Accept deer automatically: 100%") and "at 100.0% precision" in text
    nothing = thresholds.fit(flawless(20), NAMES, 0.99)
    assert (
        "at least 268 crops of unseen cameras"
        in thresholds.measure(flawless(100), NAMES, nothing.accepting).text()
    )
