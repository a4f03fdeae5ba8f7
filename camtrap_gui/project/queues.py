"""Queues: in which order a person looks at images, so that every look is worth it.

The unit is the image: a queue is a list of image ids in which each comes once. Orders are the same on every call. What
was decided meanwhile falls out when a queue is asked for again, unless the queue is asked for with what is reviewed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, browse, detections, images, numbers


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
    passing = _existing(project)
    if queue.only_unreviewed and kind.name != "flagged":
        passing &= _undecided(project, len(passing) - 1)
    return _ORDERS[kind.name](project, queue.value, passing, seed)  # type: ignore[return-value]


def counts(project: Project) -> dict[str, int]:
    """How many images are left in the queue of each kind that needs no value."""
    passing = _existing(project)
    highest = len(passing) - 1
    passing &= _undecided(project, highest)
    left = int(np.count_nonzero(passing))
    found = {"unreviewed": left, "random": left}
    doubted = numbers.marked(project, highest, _DOUBTED)
    found["disagrees"] = int(np.count_nonzero(doubted & passing))
    rejected = _rejected(project)
    (all_suggestions,) = project.db.execute("SELECT count(*) FROM suggestions").fetchone()
    by_size: dict[int, int] = {}  # columns that all suggestions have, or none, need but one look
    for kind, column in (("teaches", "teaches"), ("least-sure", "margin"), ("alike", "alike")):
        having = f"WHERE {column} IS NOT NULL"
        (size,) = project.db.execute(f"SELECT count(*) FROM suggestions {having}").fetchone()
        if size not in (0, all_suggestions) or size not in by_size:
            marks = numbers.marks(highest, _suggested(project, rejected, having))
            by_size[size] = int(np.count_nonzero(marks & passing))
        found[kind] = by_size[size]
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
    by_group = shuffled[
        np.argsort(groups[shuffled].astype(np.int16), kind="stable")
    ]  # 16 bits sort four times as fast
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
    proposed = numbers.marks(
        highest, _suggested(project, _rejected(project), "WHERE species_id = ?", species_id)
    )
    if value.casefold() in ("empty", "person", "vehicle"):
        proposed |= _proposed_by_detector(project, value.casefold(), highest)
    proposed &= ~numbers.marked(project, highest, "SELECT image_id AS id FROM labels")
    labelled = "SELECT image_id AS id FROM labels WHERE species_id = ?"
    return np.flatnonzero((proposed | numbers.marked(project, highest, labelled, species_id)) & passing)


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
    saved = searches(project)
    if value not in saved:
        raise Problem(f"There is no saved search “{value}”. There are: {', '.join(saved) or 'none yet'}.")
    found = np.asarray(browse.ids(project, saved[value]), np.int64)
    return found[found < len(passing)][passing[found[found < len(passing)]]]


_ORDERS: dict[str, Callable[[Project, str, np.ndarray, int], np.ndarray]] = {
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


def _existing(project: Project) -> np.ndarray:
    """For every number up to the highest id whether it is that of an image."""
    count, highest = project.db.execute(
        "SELECT (SELECT count(*) FROM images), (SELECT coalesce(max(id), 0) FROM images)"
    ).fetchone()
    if count < highest:
        return numbers.marked(project, highest, "SELECT id FROM images")
    marks = np.ones(highest + 1, bool)
    marks[0] = False
    return marks


def _undecided(project: Project, highest: int) -> np.ndarray:
    """For every number up to ``highest`` whether such an image can be used and waits for a decision."""
    done = "SELECT id FROM images WHERE reviewed IS NOT NULL UNION ALL SELECT id FROM images WHERE problem IS NOT NULL"
    return ~numbers.marked(project, highest, done)


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
