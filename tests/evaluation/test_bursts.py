import numpy as np
import pytest

from camtrap_gui import evaluation
from camtrap_gui.evaluation import Said, bursts

CLASSES = ("zebra", "gnu", "lion")


def crops(*rows):
    """Crops from (sequence, location, truth, {species: confidence})."""
    ranked, scores = np.full((len(rows), 5), -1), np.zeros((len(rows), 5), np.float32)
    for row, (*_, top) in enumerate(rows):
        best = sorted(top.items(), key=lambda pair: -pair[1])
        ranked[row, : len(best)] = [CLASSES.index(name) for name, _ in best]
        scores[row, : len(best)] = [score for _, score in best]
    sequence, location, truth, _ = zip(*rows, strict=True)
    names = sorted(set(location))
    return Said(
        CLASSES,
        names,
        np.array([CLASSES.index(name) for name in truth]),
        ranked,
        scores[:, 0].astype(float),
        np.array([names.index(name) for name in location]),
        scores,
        np.array(sequence),
    )


def test_that_a_sure_crop_outvotes_two_of_doubt():
    said = crops(
        (1, "A", "zebra", {"gnu": 0.45, "zebra": 0.4, "lion": 0.15}),
        (1, "A", "zebra", {"gnu": 0.45, "zebra": 0.4, "lion": 0.15}),
        (1, "A", "zebra", {"zebra": 0.9, "gnu": 0.1}),
        (2, "B", "lion", {"lion": 1.0}),
    )
    found = evaluation.measure(said).sequences
    assert (found.voted.count, found.voted.accuracy, found.mixed) == (2, 1.0, 0)
    assert (found.crops.count, found.crops.accuracy) == (4, 0.5)
    assert found.voted.macro_f1 == 1.0 and found.voted.species == 2


def test_that_sequences_of_several_species_are_left_out_of_both_figures_and_counted():
    said = crops(
        (1, "A", "zebra", {"zebra": 1.0}),
        (1, "A", "gnu", {"zebra": 1.0}),
        (2, "A", "gnu", {"gnu": 0.6, "lion": 0.4}),
        (2, "A", "gnu", {"lion": 0.7, "gnu": 0.3}),
    )
    found = evaluation.measure(said).sequences
    assert (found.mixed, found.voted.count, found.crops.count) == (1, 1, 2)
    # 0.9 for the gnu, 1.1 for the lion: the vote is wrong, the gnu second.
    assert (found.voted.accuracy, found.voted.top_k, found.crops.accuracy) == (0.0, 1.0, 0.5)
    assert "1 sequences that show several species are left out" in evaluation.about_sequences(
        evaluation.measure(said)
    )


def test_that_equal_means_go_to_the_first_of_the_class_list():
    said = crops((1, "A", "gnu", {"lion": 0.5, "gnu": 0.5}), (1, "A", "gnu", {"gnu": 0.5, "lion": 0.5}))
    assert bursts.vote(said, 3).said.tolist() == [CLASSES.index("gnu")]


def test_that_a_species_that_no_crop_named_is_not_among_the_guesses():
    said = crops((1, "A", "lion", {"zebra": 1.0}), (1, "A", "lion", {"zebra": 1.0}))
    assert bursts.vote(said, 3).in_top.tolist() == [False]


def test_that_one_number_at_two_locations_is_two_sequences():
    said = crops(
        (1, "A", "zebra", {"zebra": 1.0}),
        (1, "A", "zebra", {"zebra": 1.0}),
        (1, "B", "gnu", {"gnu": 1.0}),
    )
    found = bursts.vote(said, 3)
    assert found.truth.tolist() == [0, 1] and found.location.tolist() == [0, 1]


def test_that_single_pictures_are_no_sequences():
    said = crops((1, "A", "zebra", {"zebra": 1.0}), (2, "A", "zebra", {"gnu": 1.0}))
    assert bursts.vote(said, 3) is None and evaluation.measure(said).sequences is None


def test_that_votes_do_not_depend_on_how_many_are_counted_at_once(monkeypatch):
    random = np.random.default_rng(0)
    rows = []
    for sequence in range(40):
        truth = CLASSES[random.integers(3)]
        for _ in range(random.integers(1, 5)):
            rows.append(
                (
                    sequence,
                    f"L{sequence % 4}",
                    truth,
                    dict(zip(CLASSES, random.dirichlet(np.ones(3)), strict=True)),
                )
            )
    said = crops(*rows)
    whole = bursts.vote(said, 2)
    monkeypatch.setattr(bursts, "_CELLS", 20)
    again = bursts.vote(said, 2)
    for name in ("truth", "said", "in_top", "location", "crops"):
        assert getattr(again, name).tolist() == getattr(whole, name).tolist()
    # Against voting by hand.
    for sequence, answer in zip(range(40), whole.said, strict=True):
        of = [row[3] for row in rows if row[0] == sequence]
        means = [np.mean([np.float32(top[name]) for top in of]) for name in CLASSES]
        assert means[answer] == pytest.approx(max(means))
