"""The tables of a Camtrap DP, laid out in a database of their own for the time of an import.

A package may list its rows in any order, and what belongs to a picture is spread over three tables, so they are put
together here; the database spills to disk where it does not fit into memory.
"""

import json
import math
import re
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from camtrap_gui.formats import camtrap_dp as standard
from camtrap_gui.formats.camtrap_dp_reading import CamtrapDp
from camtrap_gui.formats.times import read_moment, read_time

_BATCH = 5_000
_MOST = 1_000_000

Doubt = Callable[[str, str], None]


class Medium(NamedTuple):
    """A picture of the package: ``taken`` by the clock that the package writes; ``frame`` is its place in its event, as
    its EXIF data say (ImageNumber), otherwise counted from 0."""

    id: str
    deployment: str
    taken: str | None
    path: str
    name: str | None
    width: int | None
    height: int | None
    event: str | None
    frame: int | None
    frames: int | None


class Observation(NamedTuple):
    """What is said of a picture. ``box`` are fractions; ``whole``: it was said of the whole sequence."""

    medium: str
    type: str
    species: str | None
    amount: int | None
    box: tuple[float, float, float, float] | None
    method: str
    by: str
    made: str | None
    probability: float | None
    tags: dict[str, str]
    whole: bool


class Tables:
    """The three tables. ``locations`` are by deployment."""

    def __init__(self, package: CamtrapDp, doubt: Doubt, seen: Callable[[int, str], None]) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._doubt = doubt
        self._seen = seen
        self._db.execute("BEGIN")
        self.locations = _locations(package)
        self._fill("media", package, self._medium)
        self._fill("observations", package, self._observation)
        self._db.executescript(_FINISH)
        self.pictures: int = self._db.execute("SELECT count(*) FROM media").fetchone()[0]

    def close(self) -> None:
        """Throw the database away."""
        self._db.close()

    def media(self) -> Iterator[Medium]:
        """All pictures in the order of the package."""
        yield from map(Medium._make, self._db.execute(_MEDIA))

    def observations(self) -> Iterator[Observation]:
        """What is said of pictures, that of one picture together; of events where nothing is said of their pictures."""
        for row in self._db.execute(_OBSERVATIONS):
            medium, kind, species, count, x, y, width, height, method, by, made, probability, tags, whole = (
                row
            )
            box = None if x is None else (x, y, width, height)
            told = standard.tags(tags or "")
            yield Observation(
                medium, kind, species, count, box, method or "", by or "", made, probability, told,
                bool(whole) or told.get("level") == "sequence",
            )  # fmt: skip

    def machines(self) -> tuple[str | None, float | None]:
        """The machine that most observations without a species are by, and the least confidence of a machine's box.

        The confidence is None where no machine says where something is, or that nothing is there.
        """
        row = self._db.execute(
            "SELECT who FROM observations WHERE method = 'machine' AND species IS NULL AND who IS NOT NULL"
            " GROUP BY who ORDER BY count(*) DESC, who LIMIT 1"
        ).fetchone()
        name = row[0] if row else None
        found = self._db.execute(
            "SELECT x IS NULL, probability, tags FROM observations"
            " WHERE method = 'machine' AND (x IS NOT NULL OR type = 'blank')"
        )
        sure = (
            1.0 if is_blank else confidence(share, standard.tags(tags or ""))
            for is_blank, share, tags in found
        )
        return name, min(sure, default=None)

    def _fill(
        self, table: str, package: CamtrapDp, read: Callable[[dict[str, str]], tuple[Any, ...] | None]
    ) -> None:
        waiting: list[tuple[Any, ...]] = []
        width = {"media": 10, "observations": 18}[table]
        query = f"INSERT OR IGNORE INTO {table} VALUES (NULL{', ?' * (width - 1)})"
        done = 0
        for done, row in enumerate(package.rows(table), start=1):
            values = read(row)
            if values is not None:
                waiting.append(values)
            if len(waiting) >= _BATCH:
                self._db.executemany(query, waiting)
                waiting.clear()
                self._seen(done, table)
        self._db.executemany(query, waiting)
        self._seen(done, table)

    def _medium(self, row: dict[str, str]) -> tuple[Any, ...] | None:
        key, path = row.get("mediaID", "").strip(), row.get("filePath", "")
        subject = f"picture {key or path}"
        if not key or not path:
            self._doubt(subject, "picture without an id" if path else "picture without a file")
            return None
        if (row.get("fileMediatype", "image/").partition("/")[0]) != "image":
            self._doubt(subject, "no picture but a film or sound")
            return None
        written = row.get("timestamp", "")
        taken = read_time(written) if written else None
        if written and taken is None:
            self._doubt(f"{subject}: {written[:80]}", "time cannot be read")
        about = _exif(row.get("exifData", ""))
        return (
            key,
            row.get("deploymentID", "").strip(),
            taken,
            read_moment(written),
            path,
            row.get("fileName"),
            *_size(about),
            _frame(about),
        )

    def _observation(self, row: dict[str, str]) -> tuple[Any, ...] | None:
        subject = f"observation {row.get('observationID', '?')}"
        kind, level = row.get("observationType", ""), row.get("observationLevel", "media")
        if kind not in standard.OBSERVATION_TYPES:
            self._doubt(f"{subject}: {kind[:80]}", "unknown type of observation")
            return None
        medium, deployment = row.get("mediaID", "").strip(), row.get("deploymentID", "").strip()
        start, end = (read_moment(row.get(name, "")) for name in ("eventStart", "eventEnd"))
        event = row.get("eventID", "").strip() or (
            f"{deployment} {start}" if level == "event" and start else None
        )
        if level == "event":
            medium = ""
            if event is None:
                self._doubt(subject, "event without id and time")
                return None
        elif not medium:
            self._doubt(subject, "observation of no picture")
            return None
        box = [_fraction(row.get(f"bbox{side}", "")) for side in ("X", "Y", "Width", "Height")]
        if any(side is not None for side in box) and None in box:
            self._doubt(subject, "box is not four numbers")
        if None in box:
            box = [None] * 4
        method = row.get("classificationMethod", "")
        made = read_moment(row.get("classificationTimestamp", ""))
        return (
            medium or None, deployment, event, start, end, kind, " ".join(row.get("scientificName", "").split()) or None,
            _count(row.get("count", "")), *box, method if method in ("human", "machine") else None,
            row.get("classifiedBy", "").strip() or None, made, _fraction(row.get("classificationProbability", "")),
            row.get("observationTags"),
        )  # fmt: skip


def confidence(probability: float | None, tags: dict[str, str]) -> float:
    """How sure the detector was of a machine's box: by the tag, else the probability; 1 where nothing is said."""
    tagged = _fraction(tags.get("detection", ""))
    return next((value for value in (tagged, probability) if value is not None), 1.0)


_SCHEMA = """
CREATE TABLE media (
    n INTEGER PRIMARY KEY, id UNIQUE, deployment, taken, time, path, name, width, height, frame
);
CREATE TABLE observations (
    n INTEGER PRIMARY KEY, medium, deployment, event, start, stop, type, species, count, x, y, width, height,
    method, who, made, probability, tags
);
"""

# "belongs" says to which event a picture belongs: as its own observations say, else by the time of events.
_FINISH = """
CREATE INDEX by_medium ON observations (medium) WHERE medium IS NOT NULL;
CREATE TABLE events AS SELECT DISTINCT deployment, event, start, stop FROM observations WHERE medium IS NULL;
CREATE INDEX by_start ON events (deployment, start);
CREATE TABLE belongs AS SELECT n, id, coalesce(
    (SELECT event FROM observations WHERE medium = media.id AND event IS NOT NULL LIMIT 1),
    (SELECT event FROM events WHERE events.deployment = media.deployment AND start <= time AND time <= stop
     ORDER BY start DESC LIMIT 1)) AS event FROM media;
CREATE UNIQUE INDEX belongs_n ON belongs (n);
CREATE INDEX belongs_event ON belongs (event);
CREATE TABLE told AS SELECT DISTINCT deployment, event FROM observations
    WHERE medium IS NOT NULL AND type != 'unclassified' AND event IS NOT NULL;
CREATE INDEX told_event ON told (event);
"""

_MEDIA = """
SELECT media.id, deployment, taken, path, name, width, height, belongs.event,
    CASE WHEN belongs.event IS NULL THEN NULL
        ELSE coalesce(frame, row_number() OVER (PARTITION BY belongs.event ORDER BY time, name, media.n) - 1) END,
    CASE WHEN belongs.event IS NULL THEN NULL ELSE count(*) OVER (PARTITION BY belongs.event) END
FROM media JOIN belongs USING (n) ORDER BY media.n
"""

_SAID = "type, species, count, x, y, observations.width, observations.height, method, who, made, probability, tags"
_OBSERVATIONS = f"""
SELECT medium, {_SAID}, 0 FROM observations WHERE medium IS NOT NULL
UNION ALL
SELECT belongs.id, {_SAID}, 1 FROM observations JOIN belongs ON belongs.event = observations.event
    JOIN media ON media.n = belongs.n AND media.deployment = observations.deployment
    WHERE medium IS NULL AND NOT EXISTS (SELECT 1 FROM told WHERE told.event = observations.event
        AND told.deployment = observations.deployment)
ORDER BY 1
"""


def _locations(package: CamtrapDp) -> dict[str, str | int]:
    """The location of each deployment: its name, told apart by its id where two places have the same name.

    A number where the survey that the package was made from had numbers for names (the tag ``location:number``).
    """
    found: dict[str, tuple[str, str]] = {}
    numbers: set[str] = set()
    ids: dict[str, set[str]] = {}
    for row in package.rows("deployments"):
        key = row.get("deploymentID", "").strip()
        number = row.get("locationID", "").strip()
        name = row.get("locationName", "").strip() or number or key
        if key and key not in found:
            found[key] = name, number
            ids.setdefault(name, set()).add(number)
            if standard.tags(row.get("deploymentTags", "")).get("location") == "number":
                numbers.add(name)
    return {key: _location(name, number, ids[name], name in numbers) for key, (name, number) in found.items()}


def _location(name: str, number: str, ids: set[str], is_number: bool) -> str | int:
    if number and len(ids) > 1:
        return f"{name} ({number})"
    return int(name) if is_number and re.fullmatch(r"0|-?[1-9][0-9]{0,17}", name) else name


def _fraction(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and -1e-6 <= number <= 1 + 1e-6 else None


def _count(text: str) -> int | None:
    return (
        int(text)
        if text.isascii() and text.isdecimal() and len(text) < 8 and 0 < int(text) <= _MOST
        else None
    )


def _exif(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if "Image" in text else None
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _size(exif: dict[str, Any]) -> tuple[int | None, int | None]:
    sides = exif.get("ImageWidth"), exif.get("ImageHeight")
    if all(type(side) is int and 1 <= side <= 1_000_000 for side in sides):
        return sides
    return None, None


def _frame(exif: dict[str, Any]) -> int | None:
    number = exif.get("ImageNumber")
    return number if type(number) is int and 0 <= number <= 2**31 else None
