"""What is drawn: noise, glyphs, animals."""

import numpy as np
import pytest

from camtrap_gui.survey import animals, glyphs, noise
from camtrap_gui.survey.species import ANIMALS, PEOPLE, VEHICLES


def test_that_tiles_meet_at_their_edges():
    tile = noise.tile(np.random.default_rng(0), 256, 40)
    step = np.abs(np.diff(tile, axis=1)).mean()
    assert np.abs(tile[:, 0] - tile[:, -1]).mean() < 2 * step
    assert np.abs(tile[0] - tile[-1]).mean() < 2 * np.abs(np.diff(tile, axis=0)).mean()


@pytest.mark.parametrize("cell", [2.0, 9.0, 80.0])
def test_that_noise_is_about_zero_and_about_one_wide(cell):
    values = noise.field(np.random.default_rng(1), 300, 400, cell)
    assert values.shape == (300, 400) and abs(values.mean()) < 0.5 and 0.5 < values.std() < 1.6


@pytest.mark.parametrize("species", [*ANIMALS, *PEOPLE, *VEHICLES], ids=lambda species: species.glyph)
def test_that_every_species_can_be_drawn(species):
    sprite = animals.draw(species, 160, False, identity=5, pose=0)
    height, width = sprite.alpha.shape
    assert 120 < height < 200 and 60 < width < 400
    assert sprite.colour.shape == (height, width, 3)
    assert 0.15 < (sprite.alpha > 0.5).mean() < 0.95
    assert sprite.colour[sprite.alpha > 0.5].std() > 8, "a coat is not one colour"


def test_that_individuals_keep_their_looks_and_change_their_pose():
    zebra = ANIMALS[0]
    first, same = (animals.draw(zebra, 160, False, identity=1, pose=0) for _ in range(2))
    moved = animals.draw(zebra, 160, False, identity=1, pose=1)
    other = animals.draw(zebra, 160, False, identity=2, pose=0)
    assert np.array_equal(first.colour, same.colour) and np.array_equal(first.alpha, same.alpha)
    assert not np.array_equal(first.alpha, moved.alpha)
    assert abs(first.colour.mean() - moved.colour.mean()) < abs(first.colour.mean() - other.colour.mean()) + 5


def test_that_a_mirrored_animal_is_the_same_the_other_way_round():
    ahead, back = (animals.draw(ANIMALS[1], 120, side, identity=3, pose=0) for side in (False, True))
    assert np.array_equal(ahead.alpha[:, ::-1], back.alpha)


def test_that_eyes_glow_in_the_flash():
    glowing = {
        species.name for species in ANIMALS if animals.draw(species, 200, False, 1, 0).shine.max() > 0.5
    }
    assert glowing >= {"zebra", "elephant", "kangaroo", "pig", "rabbit", "dog", "cat", "rodent"}


def test_that_holes_of_a_glyph_are_found_at_any_height():
    assert len(glyphs.spots("owl")) >= 2 and glyphs.spots("elephant") == ()
    for height in (90, 333):
        ink = glyphs.ink("owl", height)
        assert abs(ink.shape[0] - height) <= 2
        holes = glyphs.enclosed("owl", ink)
        assert 0.05 < holes.mean() < 0.5 and ((ink + holes) <= 1.001).all()


def test_that_the_window_toolkit_is_not_imported_for_drawing():
    import subprocess
    import sys

    code = "import sys; from camtrap_gui.survey import glyphs; glyphs.ink('owl', 50); print('qtawesome' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
    )
