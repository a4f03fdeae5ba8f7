import numpy as np
import pytest

from camtrap_gui.models.classifiers import recipes
from camtrap_gui.models.classifiers.augmentation import STRENGTHS, augment


def changed(images, key, strength="standard"):
    import tensorflow as tf

    return augment(tf.constant(images), tf.constant(key), strength).numpy()


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), np.uint8)


def greys(images):
    return (np.ptp(images, axis=3).max(axis=(1, 2)) < 1e-3).mean()


@pytest.mark.parametrize("strength", STRENGTHS)
def test_that_augmentation_repeats_itself_and_stays_in_range(noise, strength):
    one, two, other = (changed(noise, key, strength) for key in ([0, 1], [0, 1], [0, 2]))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 10
    assert one.min() >= 0 and one.max() <= 255 and one.dtype == np.float32


@pytest.mark.parametrize("strength", STRENGTHS)
def test_that_a_part_of_a_batch_is_changed_as_it_is_in_the_whole(noise, strength):
    import tensorflow as tf

    whole = changed(noise, [0, 1], strength)
    part = augment(tf.constant(noise[21:50]), tf.constant([0, 1]), strength, tf.constant(21)).numpy()
    np.testing.assert_allclose(part, whole[21:50], atol=1e-3)


def test_that_none_changes_nothing(noise):
    np.testing.assert_array_equal(changed(noise, [0, 1], "none"), noise)
    assert set(recipes.AUGMENTATIONS) == {"none", *STRENGTHS}


def test_that_some_nights_are_grey_but_never_where_light_stays_as_it_is(noise):
    assert 0.05 < greys(changed(noise, [0, 1])) < 0.4
    assert greys(changed(noise, [0, 1], "light")) == 0


def test_that_about_half_of_the_crops_are_mirrored():
    ramp = np.broadcast_to(np.linspace(0, 250, 32)[None, None, :, None], (200, 32, 32, 3)).astype(np.uint8)
    said = changed(ramp, [3, 4])
    mirrored = (said[:, :, :8].mean(axis=(1, 2, 3)) > said[:, :, -8:].mean(axis=(1, 2, 3))).mean()
    assert 0.35 < mirrored < 0.65


def test_that_an_animal_in_the_middle_of_its_crop_is_not_lost_however_strong_the_change():
    """Crops are 1.69 times as wide as the box of the animal."""
    crops = np.zeros((100, 64, 64, 3), np.uint8)
    crops[:, 13:51, 13:51] = 128
    crops[:, 30:34, 30:34] = (255, 0, 0)
    said = changed(crops, [1, 1], "light")
    assert ((said[..., 0] - said[..., 1]).max(axis=(1, 2)) > 60).all()
    moved = [np.argwhere(crop[..., 0] - crop[..., 1] > 60).mean(0) for crop in said]
    assert np.std(moved, axis=0).min() > 0.5


def test_that_strong_augmentation_blurs_some_and_cuts_holes_into_some(noise):
    def edges(images):
        return np.abs(np.diff(images, axis=2)).mean(axis=(1, 2, 3))

    blurred = (
        edges(changed(noise, [0, 1], "strong")) < 0.5 * np.median(edges(changed(noise, [0, 1])))
    ).mean()
    assert 0.05 < blurred < 0.6
    plain = np.random.default_rng(1).integers(0, 256, (64, 32, 32, 1), np.uint8).repeat(3, 3)
    flat = np.abs(np.diff(changed(plain, [0, 1], "strong"), axis=2)).max(3) < 1e-4
    holed = (flat[:, 2:-2, 2:-2].mean(axis=(1, 2)) > 0.01).mean()
    assert 0.1 < holed < 0.9
    assert (np.abs(np.diff(changed(plain, [0, 1]), axis=2)).max(3) < 1e-4).mean() < 0.05
