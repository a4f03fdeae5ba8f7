"""Choosing crops by chance, as many of each species as of any other."""

import random
from array import array
from collections.abc import Iterator

from camtrap_gui.project import Project, crops, predictions
from camtrap_gui.project.crops import Crop
from camtrap_gui.project.predictions import Judged


def equal_per_class(project: Project, split: str, count: int, seed: int) -> Iterator[Crop]:
    """Up to ``count`` crops of a split: one of each class in shuffled order, and so on in rounds, none twice.

    The sampling of the tutorial's generate_sample_predictions.py, except that it ends when the crops run out. A rare
    class takes part until its crops are used up. The same seed gives the same crops.
    """
    crops.require_whole(project)
    chance = random.Random(seed)
    left = _shuffled(project, split, count, chance)
    while left and count:
        classes = list(left)
        chance.shuffle(classes)
        for species in classes[:count]:
            yield crops.get(project, left[species].pop())
            if not left[species]:
                del left[species]
        count -= min(count, len(classes))


def judged_sample(project: Project, run_id: str, split: str, count: int, seed: int) -> list[Judged]:
    """The same crops with what a run said about each; ``top`` is empty where it was not asked yet."""
    names = crops.classes(project)
    return [
        Judged(
            crop.id,
            crop.file,
            crop.location,
            names[crop.species],
            predictions.of_crop(project, run_id, crop.id) or [],
        )
        for crop in equal_per_class(project, split, count, seed)
    ]


def _shuffled(project: Project, split: str, most: int, chance: random.Random) -> dict[int, list[int]]:
    """Up to ``most`` crops of each class that has any, in random order; 8 bytes for each of the largest class."""
    chosen = {}
    rows = project.db.execute("SELECT DISTINCT species_id FROM crops WHERE split = ? ORDER BY 1", (split,))
    for (species_id,) in rows.fetchall():
        of_class = project.db.execute(
            "SELECT id FROM crops WHERE split = ? AND species_id = ? ORDER BY id", (split, species_id)
        )
        ids = array("q", (number for (number,) in of_class))
        chosen[species_id] = chance.sample(ids, min(most, len(ids)))
    return chosen
