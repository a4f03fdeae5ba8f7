"""Queues: in which order a person looks at images, so that every look is worth it.

The unit is the image: a queue is a list of image ids in which each comes once. Orders are the same on every call. What
was decided meanwhile falls out when a queue is asked for again, unless the queue is asked for with what is reviewed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images, proposals, queue_orders
from camtrap_gui.project.searches import forget_search, save_search, searches

__all__ = [
    "KINDS",
    "Kind",
    "Line",
    "Queue",
    "counts",
    "forget_search",
    "ids",
    "lines",
    "parse",
    "save_search",
    "searches",
]


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
_NAMED = {kind.name: kind for kind in KINDS}


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
    kind = _NAMED.get(queue.kind)
    if kind is None:
        raise Problem(f"There is no queue “{queue.kind}”. Choose one of {', '.join(_NAMED)}.")
    if kind.needs and not queue.value:
        raise Problem(f"The queue “{kind.name}” needs a {kind.needs}, such as {kind.name}:NAME.")
    passing = queue_orders.existing(project)
    if queue.only_unreviewed and kind.name != "flagged":
        passing &= queue_orders.undecided(project, len(passing) - 1)
    return queue_orders.ORDERS[kind.name](project, queue.value, passing, seed)  # type: ignore[return-value]


def counts(project: Project) -> dict[str, int]:
    """How many images are left in the queue of each kind that needs no value."""
    passing = queue_orders.existing(project)
    passing &= queue_orders.undecided(project, len(passing) - 1)
    left = int(np.count_nonzero(passing))
    (flagged,) = project.db.execute("SELECT count(*) FROM images WHERE flagged").fetchone()
    found = {"unreviewed": left, "random": left, "flagged": flagged, **queue_orders.counts(project, passing)}
    return {kind.name: found[kind.name] for kind in KINDS if not kind.needs}


def lines(project: Project, image_ids: Sequence[int]) -> list[Line]:
    """Images of a queue, for reading."""
    found = []
    for image_id, proposal in proposals.of_images(project, image_ids):
        sure = [said.confidence for said in proposal.said if said.confidence is not None]
        names = ", ".join(said.species for said in proposal.said)
        path = images.get(project, image_id).path
        found.append(Line(int(image_id), path, names, min(sure, default=None), proposal.source))
    return found


def parse(text: str) -> Queue:
    """``"unreviewed"`` or ``"species:zebra"`` as a queue; what follows the first colon is its value."""
    kind, _, value = text.partition(":")
    return Queue(kind.strip(), value.strip())
