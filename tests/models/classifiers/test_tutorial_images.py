"""How the tutorial changes crops: where it looks, how it resizes, what it does to colours, and that seeds decide it."""

import numpy as np
import pytest

from camtrap_gui.models.classifiers.tutorial_images import distortion

SIZE = 24


@pytest.fixture(scope="module")
def fast():
    return distortion(SIZE)


@pytest.fixture(scope="module")
def full():
    return distortion(SIZE, fast=False)


def made(function, crop, seeds):
    import tensorflow as tf

    return np.stack([function(tf.constant(crop), np.array(seed, np.int32)).numpy() for seed in seeds])


def ramp(height: int, width: int) -> np.ndarray:
    """Red says how far to the right a pixel is, green how far down, in 128 ± 50; blue is 128."""
    picture = np.full((height, width, 3), 128, np.uint8)
    picture[..., 0] = np.linspace(78, 178, width).round()
    picture[..., 1] = np.linspace(78, 178, height).round()[:, None]
    return picture


def test_that_a_seed_decides_everything_and_seeds_differ(fast, full):
    crop = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
    seeds = [(3, 10 * number) for number in range(8)]
    for function in (fast, full):
        one, again = made(function, crop, seeds), made(function, crop, seeds)
        assert (one == again).all() and one.shape == (8, SIZE, SIZE, 3) and one.dtype == np.float32
        assert one.min() >= 0 and one.max() <= 255
        assert len({picture.tobytes() for picture in one}) == 8


def test_that_windows_are_of_the_sizes_and_shapes_that_slim_draws(fast):
    """Grey ramps: colours do nothing to their range, which tells how much of the crop a window shows."""
    across = np.repeat(np.linspace(60, 190, 400)[None, :, None], 400, 0).round().astype(np.uint8).repeat(3, 2)
    seeds = [(1, 10 * number) for number in range(150)]
    shown = SIZE / (SIZE - 1) / 130
    widths, heights = (
        np.ptp(made(fast, ramp, seeds)[..., 0], axis=(1, 2)) * shown
        for ramp in (across, across.swapaxes(0, 1))
    )
    areas, aspects = widths * heights, widths / heights
    assert 0.045 < areas.min() < 0.12 and 0.8 < areas.max() < 1.05
    assert areas.mean() == pytest.approx(0.43, abs=0.06)  # sides are drawn, not areas
    assert 0.70 < aspects.min() < 0.85 and 1.2 < aspects.max() < 1.40


def test_that_brightness_changes_as_slim_draws_it(fast):
    grey = np.full((100, 100, 3), 128, np.uint8)
    brightness = made(fast, grey, [(1, 10 * number) for number in range(200)]).mean(axis=(1, 2, 3)) - 128
    assert np.abs(brightness).max() <= 32.01 and brightness.std() == pytest.approx(64 / 12**0.5, rel=0.15)


def test_that_half_of_the_crops_are_mirrored(fast):
    rising = made(fast, ramp(80, 80), [(2, 10 * number) for number in range(120)])[..., 0]
    mirrored = (rising[:, :, -1].mean(axis=1) < rising[:, :, 0].mean(axis=1)).mean()
    assert 0.35 < mirrored < 0.65
    falling = made(fast, ramp(80, 80), [(2, 10 * number) for number in range(120)])[..., 1]
    assert (falling[:, -1].mean(axis=1) > falling[:, 0].mean(axis=1)).all(), "never upside down"


def test_that_fast_mode_changes_no_hue_and_the_full_one_does(fast, full):
    red = np.zeros((30, 30, 3), np.uint8)
    red[..., 0], red[..., 1:] = 160, 60
    seeds = [(5, 10 * number) for number in range(40)]
    quick, slow = (made(function, red, seeds).mean(axis=(1, 2)) for function in (fast, full))
    assert np.abs(quick[:, 1] - quick[:, 2]).max() < 0.01  # green and blue stay equal
    assert np.ptp(quick[:, 0] - quick[:, 1]) > 40  # and nearer to red or farther from it
    assert np.abs(slow[:, 1] - slow[:, 2]).max() > 10


def test_that_a_crop_of_one_pixel_is_no_trouble(fast, full):
    for function in (fast, full):
        assert np.isfinite(made(function, np.full((1, 1, 3), 9, np.uint8), [(0, 0)])).all()
