"""The order of each queue, over all images at once: ids in numpy arrays, images as marks by id.

``passing`` marks the images that a queue may have; an order gives their ids, each once, the same on every call.
"""

from collections.abc import Callable

import numpy as np

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, browse, detections, numbers, searches, species, species_names
from camtrap_gui.project.not_animals import MEANINGS

# A doubt about a label that a person has changed since is settled.
_DOUBTED = (
    "SELECT doubts.image_id AS id FROM doubts JOIN crops ON crops.id = doubts.crop_id"
    " WHERE crops.species_id = doubts.label_id AND doubts.species_id != doubts.label_id"
)


def existing(project: Project) -> np.ndarray:
    """For every number up to the highest id whether it is that of an image."""
    count, highest = project.db.execute(
        "SELECT (SELECT count(*) FROM images), (SELECT coalesce(max(id), 0) FROM images)"
    ).fetchone()
    if count < highest:
        return numbers.marked(project, highest, "SELECT id FROM images")
    marks = np.ones(highest + 1, bool)
    marks[0] = False
    return marks


def undecided(project: Project, highest: int) -> np.ndarray:
    """For every number up to ``highest`` whether such an image can be used and waits for a decision."""
    done = "SELECT id FROM images WHERE reviewed IS NOT NULL UNION ALL SELECT id FROM images WHERE problem IS NOT NULL"
    return ~numbers.marked(project, highest, done)


def counts(project: Project, passing: np.ndarray) -> dict[str, int]:
    """How many of the images that ``passing`` marks are in the queues that the review step fills."""
    highest = len(passing) - 1
    doubted = numbers.marked(project, highest, _DOUBTED)
    found = {"disagrees": int(np.count_nonzero(doubted & passing))}
    rejected = _rejected(project)
    (every,) = project.db.execute("SELECT count(*) FROM suggestions").fetchone()
    by_size: dict[int, int] = {}  # columns that all suggestions have, or none, need but one look
    for kind, column in (("teaches", "teaches"), ("least-sure", "margin"), ("alike", "alike")):
        having = f"WHERE {column} IS NOT NULL"
        (size,) = project.db.execute(f"SELECT count(*) FROM suggestions {having}").fetchone()
        if size not in (0, every) or size not in by_size:
            marks = numbers.marks(highest, _suggested(project, rejected, having))
            by_size[size] = int(np.count_nonzero(marks & passing))
        found[kind] = by_size[size]
    return found


def _unreviewed(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
    return np.flatnonzero(passing)


def _by_suggestion(column: str) -> Callable[[Project, str, np.ndarray, int], np.ndarray]:
    def order(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
        rest = f"WHERE {column} IS NOT NULL ORDER BY {column}, image_id"
        return _first_of_each(_suggested(project, _rejected(project), rest), passing)

    return order


def _disagrees(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
    # Without the + SQLite walks along the index of scores, which takes four times as long.
    query = f"{_DOUBTED} ORDER BY +doubts.score DESC, doubts.crop_id"
    return _first_of_each(numbers.column(project, query), passing)


def _random(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
    """In turns an image of each group, at random within it.

    A group is a species, by label or, on images without one, by suggestion; what has neither is a group of its own.
    An image of several species is in several groups and comes when the first of them meets it.
    """
    image_ids, groups = _species_of_images(project, passing)
    shuffled = np.random.default_rng(seed).permutation(len(image_ids))
    # numbers of 16 bits sort four times as fast
    by_group = shuffled[np.argsort(groups[shuffled].astype(np.int16), kind="stable")]
    sizes = np.bincount(groups)
    starts = np.cumsum(sizes) - sizes
    turn = np.arange(len(by_group)) - starts[groups[by_group]]
    return _first_of_each(image_ids[by_group[np.argsort(turn, kind="stable")]], passing)


def _species(project: Project, value: str, passing: np.ndarray, seed: int) -> np.ndarray:
    """The images whose proposal names a species."""
    highest = len(passing) - 1
    meaning = next((name for name, words in MEANINGS.items() if value.strip().casefold() in words), "")
    if meaning:  # the project need not have a word for it yet
        one_of = ",".join(map(str, species_names.special(project.db, meaning)))
    else:
        number = species.existing(project, value)
        one_of = f"SELECT id FROM species WHERE {number} IN (id, merged_into)"
    proposed = numbers.marks(
        highest, _suggested(project, _rejected(project), f"WHERE species_id IN ({one_of})")
    )
    if meaning in ("empty", "person", "vehicle"):
        proposed |= _proposed_by_detector(project, meaning, highest)
    proposed &= ~numbers.marked(project, highest, "SELECT image_id AS id FROM labels")
    labelled = f"SELECT image_id AS id FROM labels WHERE species_id IN ({one_of})"
    return np.flatnonzero((proposed | numbers.marked(project, highest, labelled)) & passing)


def _location(project: Project, value: str, passing: np.ndarray, seed: int) -> np.ndarray:
    row = project.db.execute("SELECT id FROM locations WHERE name = ?", (value,)).fetchone()
    if row is None:
        raise Problem(f"There is no location “{value}” in this project.")
    query = "SELECT id FROM images WHERE location_id = ? ORDER BY taken, id"
    return _first_of_each(numbers.column(project, query, row[0]), passing)


def _flagged(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
    query = "SELECT id FROM images WHERE flagged ORDER BY id"
    return _first_of_each(numbers.column(project, query), passing)


def _search(project: Project, value: str, passing: np.ndarray, seed: int) -> np.ndarray:
    saved = searches.searches(project)
    if value not in saved:
        raise Problem(f"There is no saved search “{value}”. There are: {', '.join(saved) or 'none yet'}.")
    found = np.asarray(browse.ids(project, saved[value]), np.int64)
    return found[found < len(passing)][passing[found[found < len(passing)]]]


ORDERS: dict[str, Callable[[Project, str, np.ndarray, int], np.ndarray]] = {
    "unreviewed": _unreviewed,
    "teaches": _by_suggestion("teaches"),
    "least-sure": _by_suggestion("margin"),
    "disagrees": _disagrees,
    "alike": _by_suggestion("alike"),
    "random": _random,
    "species": _species,
    "location": _location,
    "flagged": _flagged,
    "search": _search,
}
"""For each kind the ids of its images that ``passing`` marks, in order."""


def _first_of_each(ordered: np.ndarray, passing: np.ndarray) -> np.ndarray:
    """The ids that ``passing`` marks, each where it comes first."""
    ordered = ordered[ordered < len(passing)]  # an import may have added some a moment ago
    ordered = ordered[passing[ordered]]
    places = np.arange(len(ordered))
    first = np.zeros(len(passing), np.int64)
    first[ordered[::-1]] = places[::-1]  # of several values for a place numpy keeps the last
    return ordered[first[ordered] == places]


def _suggested(project: Project, rejected: np.ndarray, rest: str, *values: object) -> np.ndarray:
    """The images of the suggestions that ``rest`` (WHERE ... ORDER BY ...) chooses, one for each suggestion.

    Those of ``rejected`` detections are left out: here, as a join takes four times as long.
    """
    query = f"SELECT image_id AS id, detection_id FROM suggestions {rest}"
    if not len(rejected):
        return numbers.column(project, query, *values)
    image_ids, detection_ids = numbers.columns(project, ("id", "detection_id"), query, *values)
    is_rejected = numbers.marks(max(detection_ids.max(initial=0), rejected.max()), rejected)
    return image_ids[~is_rejected[detection_ids]]


def _rejected(project: Project) -> np.ndarray:
    return numbers.column(project, "SELECT id FROM detections WHERE rejected")


def _species_of_images(project: Project, passing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of image id and group: a species by label or else by suggestion, and one for images that have neither.

    Groups are numbered from 0.
    """
    present = project.db.execute("SELECT id, coalesce(merged_into, id) FROM species ORDER BY id").fetchall()
    rejected = _rejected(project)
    is_left = passing.copy()
    pairs: list[tuple[int, np.ndarray]] = []
    labelled = [
        (group, numbers.column(project, "SELECT image_id AS id FROM labels WHERE species_id = ?", species_id))
        for species_id, group in present
    ]
    suggested = [
        (group, _suggested(project, rejected, "WHERE species_id = ?", species_id))
        for species_id, group in present
    ]
    for found in (labelled, suggested):
        found = [(group, image_ids[image_ids < len(passing)]) for group, image_ids in found]
        pairs += [(group, image_ids[is_left[image_ids]]) for group, image_ids in found]
        for _, image_ids in found:
            is_left[image_ids] = False
    pairs.append((1 + max(dict(present), default=0), np.flatnonzero(is_left)))
    _, groups = np.unique([group for group, _ in pairs], return_inverse=True)
    lengths = [len(image_ids) for _, image_ids in pairs]
    return np.concatenate([image_ids for _, image_ids in pairs]), np.repeat(groups, lengths)


def _proposed_by_detector(project: Project, meaning: str, highest: int) -> np.ndarray:
    """Which images the latest detector proposes to be empty, or to show persons or vehicles and no animal."""
    detector = detections.latest_detector(project)
    if detector is None:
        return np.zeros(highest + 1, bool)
    found = "SELECT image_id AS id FROM detections WHERE detector_id = ? AND confidence >= ? AND NOT rejected"
    given = (detector.id, detector.typical_threshold)
    if meaning == "empty":
        seen = "SELECT image_id AS id FROM detected WHERE detector_id = ? AND problem IS NULL"
        return numbers.marked(project, highest, seen, detector.id) & ~numbers.marked(
            project, highest, found, *given
        )
    marks = numbers.marked(project, highest, f"{found} AND category = ?", *given, meaning)
    return marks & ~numbers.marked(project, highest, f"{found} AND category = 'animal'", *given)
