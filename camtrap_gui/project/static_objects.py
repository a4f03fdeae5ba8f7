"""Static objects: stumps, stones and shadows that a detector takes for animals again and again at the same place.

Detections of one category at one camera whose boxes agree are gathered into a *place*, about which a person decides
once instead of hundreds of times. ``static_rules`` says when.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.geometry import Box
from camtrap_gui.project import Project, decisions, detections, repeats
from camtrap_gui.project.repeats import Floats, Places
from camtrap_gui.project.static_rules import USUAL, Rules

_BURST_GAP_S = 60
"""Pictures without a sequence belong to one burst when no more seconds lie between them."""

_DAY_S = 86_400
_OPEN, _REJECTED, _CONFIRMED = 0, 1, 2


@dataclass(frozen=True)
class Place:
    """Detections that show the same static object.

    ``box`` is the median of the boxes; each of them has the rules' IoU with it. ``detection_ids`` are those to decide
    about and ``image_ids`` their images, in the order of time, side by side. ``first`` and ``last`` are when the
    object was seen ('' unknown), ``confidence`` is the mean. ``occurrences`` counts as the rules say. ``rejected`` is
    how many detections of this place a person has rejected before.
    """

    location: str
    category: str
    box: Box
    detection_ids: tuple[int, ...]
    image_ids: tuple[int, ...]
    first: str
    last: str
    confidence: float
    occurrences: int
    days: int
    rejected: int


def find(
    project: Project, rules: Rules = USUAL, looked: Callable[[int, int], None] | None = None
) -> list[Place]:
    """The places a person has not decided about yet, those with the most to decide about first.

    Of the latest detector. Images without a location are told apart by their folder. Detections that were rejected or
    confirmed count as occurrences but are not asked about again; a place of which at least half is confirmed is
    settled, also for what was detected there later. ``looked`` is told (done, total) cameras and may raise. Memory is
    that of the busiest camera.
    """
    found = [
        seen.place(members, box, _OPEN)
        for seen, box, members in _walk(project, rules, "", looked)
        if (seen.state[members] == _OPEN).any()
        and 2 * np.count_nonzero(seen.state[members] == _CONFIRMED) < len(members)
    ]
    return sorted(found, key=lambda place: -len(place.detection_ids))


def rejected_places(project: Project, rules: Rules = USUAL) -> list[Place]:
    """What was rejected, by place, to look at it again: of the rules only IoU and confidence apply."""
    any_number = replace(rules, occurrences=1, days=1, largest=1.0)
    found = [
        seen.place(members, box, _REJECTED)
        for seen, box, members in _walk(project, any_number, "AND detections.rejected", None)
    ]
    return sorted(found, key=lambda place: -len(place.detection_ids))


def reject(project: Project, places: Sequence[Place], author: str | None = None) -> int:
    """Say that nothing is at these places: all their detections, in one edit, whose id is returned."""
    return decisions.reject(project, _asked_about(places), _note(places, "Nothing is"), author)


def confirm(project: Project, places: Sequence[Place], author: str | None = None) -> int:
    """Say that something is at these places, in one edit, whose id is returned. They are not asked about again."""
    return decisions.confirm(project, _asked_about(places), _note(places, "Something is"), author)


def _asked_about(places: Sequence[Place]) -> list[int]:
    return [number for place in places for number in place.detection_ids]


def _note(places: Sequence[Place], said: str) -> str:
    where = places[0].location if len(places) == 1 else f"{len(places):,} places"
    return f"{said} at {where} ({len(_asked_about(places)):,} detections)"


@dataclass(frozen=True)
class _Seen:
    """What the detector saw at one camera, one row per detection; ``time`` is in seconds, NaN unknown."""

    camera: str
    ids: Places
    images: Places
    categories: NDArray[np.str_]
    confidence: Floats
    boxes: Floats
    state: Places
    time: Floats
    visit: Places

    def place(self, members: Places, box: Box, state: int) -> Place:
        """A place of these rows, asking about those in ``state``."""
        members = members[np.lexsort((self.ids[members], self.time[members]))]
        asked = members[self.state[members] == state]
        time = self.time[members][~np.isnan(self.time[members])]
        return Place(
            location=self.camera,
            category=str(self.categories[members[0]]),
            box=box,
            detection_ids=tuple(self.ids[asked].tolist()),
            image_ids=tuple(self.images[asked].tolist()),
            first=_moment(time.min()) if len(time) else "",
            last=_moment(time.max()) if len(time) else "",
            confidence=float(self.confidence[members].mean()),
            occurrences=len(np.unique(self.visit[members])),
            days=len(np.unique(time // _DAY_S)),
            rejected=int(np.count_nonzero(self.state[members] == _REJECTED)),
        )

    def is_enough(self, rules: Rules) -> Callable[[Places], bool]:
        """Whether some of the rows are there as often and as long as the rules ask."""

        def asked(members: Places) -> bool:
            if len(np.unique(self.visit[members])) < rules.occurrences:
                return False
            days = np.unique(self.time[members] // _DAY_S)
            days = days[~np.isnan(days)]
            return len(days) == 0 or len(days) >= rules.days

        return asked


def _walk(
    project: Project, rules: Rules, condition: str, looked: Callable[[int, int], None] | None
) -> Iterator[tuple[_Seen, Box, Places]]:
    """Every place of every camera, decided about or not: (the camera, the box, its rows)."""
    detector = detections.latest_detector(project)
    if detector is None:
        return
    cameras = _cameras(project)
    for done, (name, where, values) in enumerate(cameras):
        if looked is not None:
            looked(done, len(cameras))
        rows = project.db.execute(
            f"{_QUERY} {where} {condition}", (detector.id, rules.low, rules.high, rules.largest, *values)
        ).fetchall()
        if len(rows) < rules.occurrences:
            continue
        seen = _seen(name, rows, rules.bursts_once)
        for category in np.unique(seen.categories):
            for box, members in _of_category(seen, category, rules):
                yield seen, box, members
    if looked is not None:
        looked(len(cameras), len(cameras))


def _of_category(seen: _Seen, category: str, rules: Rules) -> Iterator[tuple[Box, Places]]:
    alike = np.flatnonzero(seen.categories == category)
    is_enough = seen.is_enough(rules)
    for box, members in repeats.groups(
        seen.boxes[alike], rules.iou, rules.occurrences, lambda some: is_enough(alike[some])
    ):
        yield box, alike[members]


_QUERY = f"""SELECT detections.id, image_id, category, confidence, x, y, detections.width, detections.height,
    CASE WHEN confirmed THEN {_CONFIRMED} WHEN rejected THEN {_REJECTED} ELSE {_OPEN} END,
    CAST(strftime('%s', taken) AS INTEGER), sequence_id
    FROM images CROSS JOIN detections ON image_id = images.id AND detector_id = ?
    WHERE confidence BETWEEN ? AND ? AND detections.width * detections.height <= ?
    AND detections.width > 0 AND detections.height > 0 AND"""
"""CROSS JOIN: from the images of a camera to their detections, both by an index."""


def _cameras(project: Project) -> list[tuple[str, str, tuple[Any, ...]]]:
    """What to call each camera, and the condition with its values that its images meet."""
    named = [
        (row["name"], "location_id = ?", (row["id"],))
        for row in project.db.execute("SELECT id, name FROM locations ORDER BY name")
    ]
    # What is left of a path without its last characters that are no slash is its folder.
    folders = project.db.execute(
        "SELECT DISTINCT root_id, rtrim(path, replace(path, '/', '')) AS folder FROM images"
        " WHERE location_id IS NULL ORDER BY 1, 2"
    ).fetchall()
    unnamed = [
        (
            row["folder"].rstrip("/"),
            "location_id IS NULL AND root_id = ? AND path >= ? AND path < ?"
            " AND rtrim(path, replace(path, '/', '')) = ?",
            (row["root_id"], row["folder"], row["folder"] + "\U0010ffff", row["folder"]),
        )
        for row in folders
    ]
    return named + unnamed


def _seen(camera: str, rows: list[Any], bursts_once: bool) -> _Seen:
    ids, images, categories, confidence, x, y, width, height, state, time, sequence = zip(*rows, strict=True)
    at = np.array(time, float)  # None becomes NaN
    image = np.array(images, np.int64)
    return _Seen(
        camera,
        np.array(ids, np.int64),
        image,
        np.array(categories, np.str_),
        np.array(confidence, float),
        np.column_stack([x, y, width, height]).astype(float),
        np.array(state, np.int64),
        at,
        _bursts(image, at, np.array(sequence, float)) if bursts_once else image,
    )


def _bursts(image: Places, time: Floats, sequence: Floats) -> Places:
    """A number for each row that those of the same burst share: of its sequence, or of pictures soon after another."""
    timed = np.isnan(sequence) & ~np.isnan(time)
    order = np.flatnonzero(timed)[np.argsort(time[timed], kind="stable")]
    by_time = np.zeros(len(image), np.int64)
    by_time[order] = np.cumsum(np.diff(time[order], prepend=-np.inf) > _BURST_GAP_S)
    # Three kinds of numbers that never meet: of images, below 0; of sequences, even; of moments, odd.
    known = np.nan_to_num(sequence, nan=0.0).astype(np.int64)
    return np.where(timed, 2 * by_time + 1, np.where(np.isnan(sequence), -image, 2 * known))


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
