import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from camtrap_gui import splits
from camtrap_gui.splits import (
    BUNDLES,
    FREE,
    TEST,
    TRAIN,
    VAL,
    balanced,
    bundled,
    joined,
    tutorial,
    wanted_splits,
)

SHARES = (0.65, 0.15, 0.2)

small_surveys = arrays.arrays(
    np.int64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.sampled_from([0, 0, 1, 3, 40])
)


def survey(groups, classes, seed):
    """A long tail of classes, each at some of the cameras, in very different numbers."""
    rng = np.random.default_rng(seed)
    present = rng.random((groups, classes)) < rng.beta(0.6, 2, classes)
    return (present * np.ceil(rng.lognormal(2, 1.5, (groups, classes)))).astype(np.int64)


def broken_wishes(counts, where, shares=SHARES):
    """How many (class, split) pairs are empty that should not be: of classes that can be everywhere, of others."""
    used = sum(share > 0 for share in shares)
    broken = [0, 0]
    for column in counts.T:
        groups = int((column > 0).sum())
        for split in wanted_splits(groups, shares):
            if not ((where == split) & (column > 0)).any():
                broken[groups < used] += 1
    return tuple(broken)


@given(small_surveys)
@settings(max_examples=40, deadline=None)
def test_that_no_split_of_a_small_survey_serves_its_classes_better(counts):
    everything = itertools.product(range(3), repeat=len(counts))
    best = min(broken_wishes(counts, np.array(where)) for where in everything)
    assert broken_wishes(counts, balanced(counts, SHARES)) == best


@pytest.mark.parametrize("size", [(60, 30), (400, 80)])
def test_that_every_class_of_a_larger_survey_is_where_it_should_be(size):
    counts = survey(*size, seed=1)
    where = balanced(counts, SHARES)
    assert broken_wishes(counts, where) == (0, 0)
    for split, share in enumerate(SHARES):
        assert counts[where == split].sum() / counts.sum() == pytest.approx(share, abs=0.1)


def test_that_it_beats_many_random_permutations():
    counts = survey(30, 15, seed=2)
    search = splits._Search(counts.astype(float), np.array(SHARES), np.full(30, splits.FREE, np.int8))
    rng = np.random.default_rng(0)

    def permuted():
        order = rng.permutation(30)
        where = np.zeros(30, dtype=np.int8)
        where[order[:6]], where[order[6:10]] = TEST, VAL
        return search.cost(where)

    assert search.cost(balanced(counts, SHARES)) < min(permuted() for _ in range(2000))


def test_that_the_same_seed_gives_the_same_split_and_another_another():
    counts = survey(40, 20, seed=3)
    assert np.array_equal(balanced(counts, SHARES, seed=5), balanced(counts, SHARES, seed=5))
    assert any(
        not np.array_equal(balanced(counts, SHARES), balanced(counts, SHARES, seed)) for seed in (1, 2, 3)
    )


@given(small_surveys, st.sampled_from([(0.8, 0.0, 0.2), (0.8, 0.2, 0.0), (1.0, 0.0, 0.0)]))
@settings(max_examples=30, deadline=None)
def test_that_a_split_without_a_share_gets_nothing(counts, shares):
    where = balanced(counts, shares)
    assert all(shares[split] > 0 for split in where)
    used = [split for split in (TRAIN, VAL, TEST) if shares[split] > 0]
    everything = itertools.product(used, repeat=len(counts))
    best = min(broken_wishes(counts, np.array(each), shares) for each in everything)
    assert broken_wishes(counts, where, shares) == best


def test_that_a_class_at_one_location_is_for_training_and_one_at_two_for_train_and_test():
    counts = np.array([[9, 0, 1], [0, 5, 1], [0, 50, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]])
    where = balanced(counts, SHARES)
    assert where[0] == TRAIN
    assert {where[1], where[2]} == {TRAIN, TEST}
    assert set(where) == {TRAIN, VAL, TEST}


def test_that_wishes_grow_with_the_number_of_groups():
    assert [wanted_splits(groups, SHARES) for groups in range(5)] == [
        (),
        (TRAIN,),
        (TRAIN, TEST),
        (TRAIN, VAL, TEST),
        (TRAIN, VAL, TEST),
    ]
    assert wanted_splits(9, (0.8, 0.0, 0.2)) == (TRAIN, TEST)


@given(
    st.sets(st.text(max_size=4), min_size=1, max_size=60) | st.sets(st.integers(), min_size=1, max_size=60),
    st.floats(0, 1),
)
def test_that_the_tutorial_split_is_the_one_of_the_original_script(names, fraction):
    random.seed(0)
    locations = sorted(names)
    expected = sorted(random.sample(locations, max(1, int(fraction * len(locations)))))
    assert sorted(tutorial(names, fraction)) == expected


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=12))
def test_that_what_is_joined_through_others_is_one_group(pairs):
    groups = joined(pairs)
    assert all(groups[a] == groups[b] for a, b in pairs)
    assert all(groups[name] == name for name in groups.values())
    reachable = {name: {name} for name in groups}
    for _ in groups:
        for a, b in pairs:
            reachable[a] |= reachable[b]
            reachable[b] |= reachable[a]
    assert all(name == min(reachable[member]) for member, name in groups.items())


@given(
    pairs=st.sets(st.tuples(st.integers(0, 199), st.integers(0, 2)), min_size=1),
    kept=st.lists(st.sampled_from([FREE, FREE, FREE, TEST]), min_size=200, max_size=200),
)
@settings(deadline=None)
def test_that_bundles_are_few_and_keep_how_often_a_class_can_be_divided(pairs, kept):
    groups, classes = np.array(sorted(pairs)).T
    bundles = bundled(groups, classes, np.array(kept, np.int8))
    kinds = [(frozenset(classes[groups == group].tolist()), kept[group]) for group in range(200)]
    alike: dict[object, set[int]] = {}
    for kind, bundle in zip(kinds, bundles.tolist(), strict=True):
        alike.setdefault(kind, set()).add(bundle)
    assert all(len(found) == min(kinds.count(kind), BUNDLES) for kind, found in alike.items())
    assert sum(map(len, alike.values())) == len(set(bundles.tolist())) == bundles.max() + 1


def test_that_very_many_groups_are_split_as_wished():
    rng = np.random.default_rng(0)
    classes = np.append(np.minimum(rng.geometric(0.3, 100_000), 20), [50, 51, 51, 52, 52, 52])
    groups = np.arange(len(classes))
    bundles = bundled(groups, classes, np.full(len(groups), FREE, np.int8))
    counts = np.zeros((bundles.max() + 1, 53), np.int64)
    np.add.at(counts, (bundles, classes), 1)
    where = balanced(counts, SHARES)[bundles]
    for one in range(1, 15):
        assert np.allclose(
            np.bincount(where[classes == one], minlength=3) / sum(classes == one), SHARES, atol=0.08
        )
    assert [len({*where[classes == one].tolist()}) for one in (50, 51, 52)] == [1, 2, 3]
