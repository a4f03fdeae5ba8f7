"""Queues: in which order a person looks at images, so that every look is worth it.

The unit is the image: a queue is a list of image ids in which each comes once. Orders are the same on every call. What
was decided meanwhile falls out when a queue is asked for again, unless the queue is asked for with what is reviewed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, browse, detections, images


@dataclass(frozen=True)
class Kind:
    """A way to choose and order images.

    ``needs`` says what the value of such a queue is: '' none, 'species', 'location' or 'search', a name each.
    ``by_review``: empty until the review step has looked.
    """

    name: str
    title: str
    help: str
    needs: str = ""
    by_review: bool = False


KINDS = (
    Kind("unreviewed", "Unreviewed", "Every image nobody has decided about, in the order of the survey."),
    Kind(
        "teaches",
        "Teaches most",
        "Those that a classifier learns most from, all sorts early.",
        by_review=True,
    ),
    Kind("least-sure", "Least sure", "Where the likeliest two species are closest.", by_review=True),
    Kind(
        "disagrees",
        "Disagrees with label",
        "Where a label is probably wrong, likeliest first.",
        by_review=True,
    ),
    Kind("alike", "Alike", "Like animals beside each other, to label by the screenful.", by_review=True),
    Kind("random", "Random", "A fair sample: in turns an image of each species, in random order."),
    Kind("species", "One species", "Images with a species, said by a label or proposed.", "species"),
    Kind("location", "One location", "The images of a camera in the order they were taken.", "location"),
    Kind("flagged", "Flagged", "What somebody wanted to come back to."),
    Kind("search", "Saved search", "The images that a saved filter lets pass.", "search"),
)
NAMED = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True)
class Queue:
    """Which images, in which order. ``kind`` is the name of one of KINDS; ``value`` what that kind needs.

    ``only_unreviewed`` leaves out images that a person has decided about and those whose file cannot be used. The
    kind 'flagged' always has all.
    """

    kind: str
    value: str = ""
    only_unreviewed: bool = True


@dataclass(frozen=True)
class Line:
    """An image of a queue in a sentence: its file and what accepting would say, with how sure that is."""

    image_id: int
    path: str
    species: str
    confidence: float | None
    source: str


def ids(project: Project, queue: Queue, seed: int = 0) -> Sequence[int]:
    """The images of a queue in order, a numpy array. ``seed`` decides the order of the kind 'random' only.

    Raises Problem for a kind, species, location or search that does not exist.
    """
    kind = NAMED.get(queue.kind)
    if kind is None:
        raise Problem(f"There is no queue “{queue.kind}”. Choose one of {', '.join(NAMED)}.")
    if kind.needs and not queue.value:
        raise Problem(f"The queue “{kind.name}” needs a {kind.needs}, such as {kind.name}:NAME.")
    highest = _highest(project)
    passing = np.ones(highest + 1, bool)
    if kind.name == "flagged" or not queue.only_unreviewed:
        passing &= browse.marked(project, highest, "SELECT id FROM images")
    else:
        passing = _undecided(project, highest)
    return _ORDERS[kind.name](project, queue.value, passing, seed)  # type: ignore[return-value]


def counts(project: Project) -> dict[str, int]:
    """How many images are left in the queue of each kind that needs no value."""
    highest = _highest(project)
    passing = _undecided(project, highest)
    left = int(np.count_nonzero(passing))
    found = {"unreviewed": left, "random": left}
    for kind, query in (
        ("teaches", "SELECT image_id AS id FROM suggestions WHERE teaches IS NOT NULL"),
        ("least-sure", "SELECT image_id AS id FROM suggestions WHERE margin IS NOT NULL"),
        ("alike", "SELECT image_id AS id FROM suggestions WHERE alike IS NOT NULL"),
        ("disagrees", _DOUBTED),
    ):
        found[kind] = int(np.count_nonzero(browse.marked(project, highest, query) & passing))
    (found["flagged"],) = project.db.execute("SELECT count(*) FROM images WHERE flagged").fetchone()
    return {kind.name: found[kind.name] for kind in KINDS if kind.name in found}


def lines(project: Project, queue: Queue, limit: int, seed: int = 0) -> list[Line]:
    """The first ``limit`` images of a queue, for reading."""
    from camtrap_gui.project import decisions

    found = []
    for image_id in ids(project, queue, seed)[:limit]:
        proposal = decisions.proposal(project, int(image_id))
        sure = [said.confidence for said in proposal.said if said.confidence is not None]
        names = ", ".join(said.species for said in proposal.said)
        path = images.get(project, int(image_id)).path
        found.append(Line(int(image_id), path, names, min(sure, default=None), proposal.source))
    return found


def parse(text: str) -> Queue:
    """``"unreviewed"`` or ``"species:zebra"`` as a queue; what follows the first colon is its value."""
    kind, _, value = text.partition(":")
    return Queue(kind.strip(), value.strip())


def save_search(project: Project, name: str, chosen: browse.Filter) -> None:
    """Keep a filter under a name, in place of an earlier one of that name."""
    if not name.strip():
        raise Problem("A saved search needs a name.")
    with project.write() as db:
        db.execute(
            "INSERT OR REPLACE INTO searches (name, filter) VALUES (?, ?)",
            (name.strip(), msgspec.json.encode(chosen).decode()),
        )


def searches(project: Project) -> dict[str, browse.Filter]:
    """The saved searches by name, sorted."""
    rows = project.db.execute("SELECT name, filter FROM searches ORDER BY name")
    return {name: msgspec.json.decode(text, type=browse.Filter) for name, text in rows}


def forget_search(project: Project, name: str) -> None:
    """Remove a saved search; nothing happens when there is none of that name."""
    with project.write() as db:
        db.execute("DELETE FROM searches WHERE name = ?", (name,))


# A doubt about a label that a person has changed since is settled.
_DOUBTED = (
    "SELECT doubts.image_id AS id FROM doubts JOIN crops ON crops.id = doubts.crop_id"
    " WHERE crops.species_id = doubts.label_id AND doubts.species_id != doubts.label_id"
)


def _unreviewed(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
    return np.flatnonzero(passing)


def _teaches(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
    query = "SELECT image_id AS id FROM suggestions WHERE teaches IS NOT NULL ORDER BY teaches, image_id"
    return _first_of_each(browse.numbers(project, query), passing)


def _least_sure(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
    query = "SELECT image_id AS id FROM suggestions WHERE margin IS NOT NULL ORDER BY margin, image_id"
    return _first_of_each(browse.numbers(project, query), passing)


def _disagrees(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
    query = f"{_DOUBTED} ORDER BY doubts.score DESC, doubts.crop_id"
    return _first_of_each(browse.numbers(project, query), passing)


def _alike(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
    query = "SELECT image_id AS id FROM suggestions WHERE alike IS NOT NULL ORDER BY alike, image_id"
    return _first_of_each(browse.numbers(project, query), passing)


def _random(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
    """In turns an image of each group, at random within it.

    A group is a species, by label or, on images without one, by suggestion; what has neither is a group of its own.
    An image of several species is in several groups and comes when the first of them meets it.
    """
    image_ids, groups = _species_of_images(project, passing)
    shuffled = np.random.default_rng(seed).permutation(len(image_ids))
    by_group = shuffled[np.argsort(groups[shuffled], kind="stable")]
    sizes = np.bincount(groups)
    starts = np.cumsum(sizes) - sizes
    turn = np.arange(len(by_group)) - starts[groups[by_group]]
    return _first_of_each(image_ids[by_group[np.argsort(turn, kind="stable")]], passing)


def _species(project: Project, value: str, passing: np.ndarray, seed: int) -> np.ndarray:
    from camtrap_gui.project import species

    species_id = species.resolve(project, value)
    if species_id is None:
        raise Problem(f"There is no species “{value}” in this project.")
    highest = len(passing) - 1
    labelled = browse.marked(project, highest, "SELECT image_id AS id FROM labels")
    query = "SELECT image_id AS id FROM labels WHERE species_id = ?"
    wanted = browse.marked(project, highest, query, species_id)
    suggested = "SELECT image_id AS id FROM suggestions WHERE species_id = ?"
    wanted |= browse.marked(project, highest, suggested, species_id) & ~labelled
    wanted |= _proposed_by_detector(project, value, highest) & ~labelled
    return np.flatnonzero(wanted & passing)


def _location(project: Project, value: str, passing: np.ndarray, seed: int) -> np.ndarray:
    row = project.db.execute("SELECT id FROM locations WHERE name = ?", (value,)).fetchone()
    if row is None:
        raise Problem(f"There is no location “{value}” in this project.")
    query = "SELECT id FROM images WHERE location_id = ? ORDER BY taken, id"
    return _first_of_each(browse.numbers(project, query, row[0]), passing)


def _flagged(project: Project, _: str, passing: np.ndarray, seed: int) -> np.ndarray:
    query = "SELECT id FROM images WHERE flagged ORDER BY id"
    return _first_of_each(browse.numbers(project, query), passing)


def _search(project: Project, value: str, passing: np.ndarray, seed: int) -> np.ndarray:
    saved = searches(project)
    if value not in saved:
        raise Problem(f"There is no saved search “{value}”. There are: {', '.join(saved) or 'none yet'}.")
    found = np.asarray(browse.ids(project, saved[value]), np.int64)
    return found[found < len(passing)][passing[found[found < len(passing)]]]


_ORDERS: dict[str, Callable[[Project, str, np.ndarray, int], np.ndarray]] = {
    "unreviewed": _unreviewed,
    "teaches": _teaches,
    "least-sure": _least_sure,
    "disagrees": _disagrees,
    "alike": _alike,
    "random": _random,
    "species": _species,
    "location": _location,
    "flagged": _flagged,
    "search": _search,
}
"""For each kind the ids of its images that ``passing`` marks, in order."""


def _highest(project: Project) -> int:
    return int(project.db.execute("SELECT coalesce(max(id), 0) FROM images").fetchone()[0])


def _undecided(project: Project, highest: int) -> np.ndarray:
    """For every number up to ``highest`` whether it is an image that waits for a decision."""
    (count,) = project.db.execute("SELECT count(*) FROM images").fetchone()
    if count == highest:
        passing = np.ones(highest + 1, bool)
        passing[0] = False
    else:
        passing = browse.marked(project, highest, "SELECT id FROM images")
    done = "SELECT id FROM images WHERE reviewed IS NOT NULL UNION ALL SELECT id FROM images WHERE problem IS NOT NULL"
    return passing & ~browse.marked(project, highest, done)


def _first_of_each(ordered: np.ndarray, passing: np.ndarray) -> np.ndarray:
    """The ids that ``passing`` marks, each where it comes first."""
    ordered = ordered[ordered < len(passing)]  # an import may have added some a moment ago
    ordered = ordered[passing[ordered]]
    places = np.arange(len(ordered))
    first = np.zeros(len(passing), np.int64)
    first[ordered[::-1]] = places[::-1]  # of several values for a place numpy keeps the last
    return ordered[first[ordered] == places]


def _species_of_images(project: Project, passing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of image id and species id, by label or else by suggestion; 0 for images that have neither."""
    found = [_pairs(project, "labels", ""), _pairs(project, "suggestions", "WHERE species_id IS NOT NULL")]
    pairs, has_species = [], np.zeros(len(passing), bool)
    for image_ids, groups in found:
        kept = image_ids < len(passing)
        image_ids, groups = image_ids[kept], groups[kept]
        kept = passing[image_ids] & ~has_species[image_ids]
        pairs.append((image_ids[kept], groups[kept]))
        has_species[image_ids] = True
    others = np.flatnonzero(passing & ~has_species)
    pairs.append((others, np.zeros(len(others), np.int64)))
    return np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs])


def _pairs(project: Project, table: str, where: str) -> tuple[np.ndarray, np.ndarray]:
    row = project.db.execute(
        f"SELECT group_concat(image_id), group_concat(species_id) FROM {table} {where}"
    ).fetchone()
    image_ids, groups = (np.fromstring(text or "", np.int64, sep=",") for text in row)
    return image_ids, groups


def _proposed_by_detector(project: Project, value: str, highest: int) -> np.ndarray:
    """Which images the latest detector proposes to be empty, or to show only persons or vehicles."""
    marks = np.zeros(highest + 1, bool)
    detector = detections.latest_detector(project)
    meaning = value.casefold()
    if detector is None or meaning not in ("empty", "person", "vehicle"):
        return marks
    threshold = detector.typical_threshold
    if meaning == "empty":
        found = np.asarray(browse.ids_without(project, detector.id, threshold))
    else:
        animals = browse.ids_with(project, detector.id, "animal", threshold)
        found = np.setdiff1d(browse.ids_with(project, detector.id, meaning, threshold), animals)
    marks[found[found <= highest]] = True
    return marks
