import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap_gui.models.classifiers import likeness


def blobs(sizes: tuple[int, ...], width: int = 96, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors around as many centres as there are sizes, in random order, and which centre each is of."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, 1, (len(sizes), width))
    kind = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return (centres[kind] + random.normal(0, 0.15, (len(kind), width))).astype(np.float16), kind


def test_that_like_ones_are_neighbours_in_the_order():
    vectors, kind = blobs((400, 300, 200, 60, 30, 10))
    order = likeness.order(likeness.points(vectors, np.arange(len(vectors)), 0), 0)
    assert sorted(order) == list(range(1000))
    assert (np.diff(kind[order]) != 0).sum() == 5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 300), st.integers(1, 20), st.integers(0, 3))
def test_that_everything_comes_once_however_much_is_the_same(count, different, seed):
    random = np.random.default_rng(seed)
    vectors = random.normal(0, 1, (different, 8)).astype(np.float16)[random.integers(0, different, count)]
    points = likeness.points(vectors, np.arange(count), seed) if count else np.empty((0, 8), np.float16)
    assert sorted(likeness.order(points, seed)) == list(range(count))


def test_that_groups_are_those_that_are_there_and_none_is_empty():
    vectors, kind = blobs((50, 50, 50))
    group, centres = likeness.groups(likeness.points(vectors, np.arange(150), 0), 3, 0)
    assert len(centres) == 3 and len(set(zip(group.tolist(), kind.tolist(), strict=True))) == 3
    group, centres = likeness.groups(np.ones((40, 4), np.float16), 12, 0)
    assert set(group.tolist()) == {0} and len(centres) == 1


def test_that_only_the_rows_asked_for_count_and_the_angle_alone():
    vectors, _ = blobs((30, 30))
    rows = np.array([3, 1, 40, 7])
    points = likeness.points(vectors, rows, 0)
    assert points.shape[0] == 4 and np.linalg.norm(points.astype(np.float32), axis=1) == pytest.approx(
        1, abs=1e-2
    )
    scaled = likeness.points(vectors * np.float16(2), rows, 0)
    np.testing.assert_allclose(scaled @ scaled.T, points @ points.T, atol=1e-2)
