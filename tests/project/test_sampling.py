from collections import Counter

from camtrap_gui.project.sampling import equal_per_class


def test_that_every_class_is_chosen_equally_until_its_crops_run_out(cropped):
    """The test split has 4 zebras (class 1) and 3 gazelles (class 2)."""
    for count, expected in ((2, {1: 1, 2: 1}), (4, {1: 2, 2: 2}), (6, {1: 3, 2: 3}), (50, {1: 4, 2: 3})):
        chosen = list(equal_per_class(cropped, "test", count, seed=0))
        assert Counter(crop.species for crop in chosen) == expected
        assert len({crop.id for crop in chosen}) == len(chosen)
        assert {crop.split for crop in chosen} == {"test"}


def test_that_a_seed_always_chooses_the_same_and_another_one_others(cropped):
    def choice(seed):
        return tuple(crop.id for crop in equal_per_class(cropped, "train", 6, seed))

    assert choice(3) == choice(3)
    assert len({choice(seed) for seed in range(8)}) > 4


def test_that_an_odd_number_is_kept_to(cropped):
    assert len(list(equal_per_class(cropped, "test", 5, seed=1))) == 5


def test_that_a_split_without_crops_gives_none(project):
    assert list(equal_per_class(project, "test", 5, seed=1)) == []
