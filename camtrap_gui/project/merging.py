"""What somebody else decided about the same survey, brought into this copy of it as one edit.

Where only one of the two has decided, that decision counts. Where both said the same, nothing happens; of two that
agree the fuller one counts (a count that only one gave, boxes that only one drew). Where they differ it is a conflict,
settled by a policy that the person who merges chooses. Flags add up.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, decided, edits
from camtrap_gui.project.decided import Decided, DrawnBox, SpeciesName
from camtrap_gui.project.taking_over import Taking, are_near, matches
from camtrap_gui.project.their_names import TheirNames

Policy = Literal["list", "keep", "take", "newer"]
POLICIES: dict[Policy, str] = {
    "list": "change nothing about such an image but flag it, to be looked at again",
    "keep": "what was decided here stays",
    "take": "what was decided there counts",
    "newer": "the later decision counts",
}
"""What becomes of conflicts."""


@dataclass(frozen=True)
class Side:
    """What one side said: in words, by whom, and when (None: not known)."""

    said: str
    authors: tuple[str, ...]
    when: datetime | None


@dataclass(frozen=True)
class Conflict:
    """An image about which both decided, differently; ``outcome`` is 'open', 'kept' or 'taken'."""

    path: str
    here: Side
    there: Side
    outcome: str


@dataclass
class Merged:
    """What a merge did, or would do.

    Of ``images`` in the file ``taken`` are decided here as there from now on, ``same`` were before; ``flagged`` are
    new flags. ``judged`` detections were rejected or confirmed, ``missing`` ones are not in this copy. ``species`` are
    names that are new here, ``merged_there`` pairs of a species and the one it was merged into.
    """

    images: int = 0
    taken: int = 0
    same: int = 0
    flagged: int = 0
    judged: int = 0
    missing: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    species: list[str] = field(default_factory=list)
    merged_there: list[tuple[str, str]] = field(default_factory=list)
    authors: set[str] = field(default_factory=set)
    edit_id: int | None = None


class _Nothing(Exception):
    # Takes back all that was written.
    pass


def merge(
    project: Project,
    names: Sequence[SpeciesName],
    pages: Iterable[list[Decided]],
    policy: Policy = "list",
    note: str = "Merge decisions",
    author: str | None = None,
    preview: bool = False,
    seen: Callable[[int], None] = lambda _: None,
) -> Merged:
    """Bring decisions in as one edit; ``preview`` finds out what that would do and changes nothing.

    ``names`` are the class list of the other side, ``pages`` its images. ``seen`` is told how many images have been
    looked at, and may raise. Raises Problem when an image comes twice, or when none is of this survey.
    """
    merged = Merged()
    with _all_or_nothing(project, merged, note, author, preview) as db:
        theirs = TheirNames(db, names)
        merging = _Merging(project, db, merged, theirs, policy)
        for page in pages:
            merging.page(page)
            seen(merged.images)
        if merged.images and len(merged.unmatched) == merged.images:
            raise Problem(
                f"None of the {merged.images:,} images is in this project, such as {merged.unmatched[0]}. They are of"
                " another survey, or their pictures were brought in from another folder level."
            )
        merged.species, merged.merged_there = theirs.made, theirs.apart
    return merged


@contextmanager
def _all_or_nothing(
    project: Project, merged: Merged, note: str, author: str | None, preview: bool
) -> Iterator[sqlite3.Connection]:
    try:
        with edits.recording(project, note, author) as edit:
            before = edit.db.total_changes
            yield edit.db
            if preview or edit.db.total_changes == before:
                raise _Nothing
            merged.edit_id = edit.id
    except _Nothing:
        pass


class _Merging:
    """One merge at work, a page of images at a time."""

    def __init__(
        self, project: Project, db: sqlite3.Connection, merged: Merged, names: TheirNames, policy: Policy
    ) -> None:
        self._project = project
        self._db = db
        self._merged = merged
        self._names = names
        self._policy = policy
        self._taking = Taking(db, names)
        (highest,) = db.execute("SELECT coalesce(max(id), 0) FROM images").fetchone()
        self._met = bytearray(highest + 1)

    def page(self, page: list[Decided]) -> None:
        """Merge some images."""
        found = matches(self._db, page)
        here = decided.of_images(self._project, sorted(set(found.values())))
        self._merged.images += len(page)
        for place, theirs in enumerate(page):
            image_id = found.get(place)
            if image_id is None:
                self._merged.unmatched.append(theirs.path)
                continue
            if self._met[image_id]:
                raise Problem(
                    f"The image “{theirs.path}” comes twice. Nothing was merged; export the file again."
                )
            self._met[image_id] = True
            self._merged.authors.update(theirs.authors())
            if self._image(image_id, here[image_id], theirs) and not here[image_id].flagged:
                self._taking.flag(image_id)
                self._merged.flagged += 1

    def _image(self, image_id: int, mine: Decided, theirs: Decided) -> bool:
        """Merge an image; whether it is to be flagged."""
        verdict = self._verdict(mine, theirs)
        if verdict == "complete":  # their counts, our boxes
            theirs, verdict = msgspec.structs.replace(theirs, boxes=mine.boxes), "take"
        if verdict == "conflict":
            here, there = (Side(one.in_words(), one.authors(), one.reviewed) for one in (mine, theirs))
            verdict = self._settle(theirs.path, here, there)
            if verdict != "take":  # what they say of its detections goes with the rest
                return theirs.flagged or verdict == "open"
        if verdict == "take":
            self._taking.image(image_id, mine, theirs)
            self._merged.taken += 1
        self._merged.same += verdict == "same"
        return self._judge(image_id, theirs) or theirs.flagged

    def _settle(self, path: str, here: Side, there: Side) -> str:
        """Note a conflict; 'take', 'keep' or 'open', as the policy says."""
        later = here.when is not None and there.when is not None and there.when > here.when
        verdict = {"list": "open", "newer": "take" if later else "keep"}.get(self._policy, self._policy)
        outcome = {"take": "taken", "keep": "kept"}.get(verdict, verdict)
        self._merged.conflicts.append(Conflict(path, here, there, outcome))
        return verdict

    def _verdict(self, mine: Decided, theirs: Decided) -> str:
        """'' where they said nothing, 'take', 'complete' (only counts are to be taken), 'same' or 'conflict'."""
        if theirs.reviewed is None:
            return ""
        if mine.reviewed is None:
            return "take"
        here, there = self._counts(mine), self._counts(theirs)
        if here.keys() != there.keys():
            return "conflict"
        pairs = [(here[number], there[number]) for number in here]
        if any(one != other and None not in (one, other) for one, other in pairs):
            return "conflict"
        fuller = any(one is None and other is not None for one, other in pairs)
        if not self._same_boxes(mine, theirs):
            by_me, by_them = _drawn_by_person(mine), _drawn_by_person(theirs)
            if by_me == by_them:
                return "conflict"
            if by_them:
                return "take"
        return "complete" if fuller else "same"

    def _counts(self, one: Decided) -> dict[int, int | None]:
        return {self._species(label.species): label.count for label in one.labels}

    def _species(self, name: str) -> int:
        number = self._names.here(name)
        return self._names.alike.get(number, number)

    def _same_boxes(self, mine: Decided, theirs: Decided) -> bool:
        if len(mine.boxes) != len(theirs.boxes):
            return False
        left = [(self._shown(mine, drawn), drawn.box) for drawn in mine.boxes]
        for drawn in theirs.boxes:
            shown = self._shown(theirs, drawn)
            same = next((one for one in left if one[0] == shown and are_near(one[1], drawn.box)), None)
            if same is None:
                return False
            left.remove(same)
        return True

    def _shown(self, one: Decided, drawn: DrawnBox) -> int | None:
        """The species of a box; that of the image where it has but one."""
        if drawn.species is not None:
            return self._species(drawn.species)
        return self._species(one.labels[0].species) if len(one.labels) == 1 else None

    def _judge(self, image_id: int, theirs: Decided) -> bool:
        """Reject and confirm detections as they did; whether one of them is to be looked at again."""
        is_open = False
        judged = [(one, "rejected") for one in theirs.rejected] + [
            (one, "confirmed") for one in theirs.confirmed
        ]
        for found, word in judged:
            known = self._taking.detection(image_id, found)
            if known is None:
                self._merged.missing += 1
                continue
            detection_id, before = known
            verdict = "take"
            if before not in ("", word):
                here, there = (Side(f"a detection {said}", (), None) for said in (before, word))
                verdict = self._settle(theirs.path, here, there)
                is_open |= verdict == "open"
            if verdict == "take" and before != word:
                self._taking.judge(detection_id, word)
                self._merged.judged += 1
        return is_open


def _drawn_by_person(one: Decided) -> bool:
    return any(drawn.author not in edits.MACHINES for drawn in one.boxes)
