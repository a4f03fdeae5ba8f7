"""The table in which a person writes where cameras stood: location, latitude, longitude, and, if need be, from when to when.

Several rows of a location are several deployments of a camera there. Spreadsheets of many countries are understood:
commas or semicolons between cells, decimal commas, and the encodings they save in.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from camtrap_gui.formats import tables
from camtrap_gui.formats.times import read_time
from camtrap_gui.problem import Problem

HEADER = ("location", "latitude", "longitude", "start", "end")
_LARGEST = 50 << 20


@dataclass(frozen=True)
class Place:
    """Where a camera stood, in degrees (WGS 84); ``start`` and ``end`` by its own clock (ISO 8601), None: always."""

    latitude: float
    longitude: float
    start: str | None = None
    end: str | None = None

    def is_at(self, taken: str) -> bool:
        """Whether a picture of that time belongs here."""
        return (self.start is None or self.start <= taken) and (self.end is None or taken <= self.end)


def read(path: Path) -> dict[str, list[Place]]:
    """Places by location; rows without coordinates are left out. Raises Problem that names file and line."""
    text = _text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    places: dict[str, list[Place]] = defaultdict(list)
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        names = {name.strip().lower(): name for name in rows.fieldnames or () if name}
        missing = [name for name in HEADER[:3] if name not in names]
        if missing:
            raise Problem(
                f"{path} has no column “{missing[0]}”. Its first line must name: {', '.join(HEADER[:3])}."
            )
        for row in rows:
            cells = {name: (row.get(names[name]) or "").strip() for name in HEADER if name in names}
            if cells["location"] and (cells["latitude"] or cells["longitude"]):
                place = _place(cells, f"{path}, line {rows.line_num}")
                places[tables.unescaped(cells["location"])].append(place)
    except csv.Error as error:
        raise Problem(f"{path} is no table: {error}.") from error
    for found in places.values():
        found.sort(key=lambda place: place.start or "")
    return dict(places)


def place(latitude: str, longitude: str, where: str) -> Place:
    """A place as a person wrote it, always there. Raises Problem that begins with ``where``."""
    return _place({"latitude": latitude, "longitude": longitude}, where)


def write_template(path: Path, known: dict[str, list[Place]], locations: Iterable[str]) -> None:
    """A table with a row for each location, those with known coordinates filled in."""
    rows = []
    for location in locations:
        for place in known.get(location, [None]):
            filled = (place.latitude, place.longitude, place.start, place.end) if place else (None,) * 4
            rows.append((location, *filled))
    tables.write(path, HEADER, rows)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise Problem(f"{path} is too large for a table of coordinates.")
        data = path.read_bytes()
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _place(cells: dict[str, str], where: str) -> Place:
    return Place(
        _degrees(cells["latitude"], 90, f"{where}: the latitude"),
        _degrees(cells["longitude"], 180, f"{where}: the longitude"),
        _time(cells.get("start", ""), "T00:00:00", f"{where}: the start"),
        _time(cells.get("end", ""), "T23:59:59", f"{where}: the end"),
    )


def _degrees(text: str, most: int, what: str) -> float:
    try:
        number = float(text.lstrip("'").replace(",", "."))
    except ValueError:
        number = float("nan")
    if not -most <= number <= most:
        raise Problem(f"{what}, “{text[:40]}”, is not a number of degrees between -{most} and {most}.")
    return number


def _time(text: str, of_day: str, what: str) -> str | None:
    if not text:
        return None
    time = read_time(text + of_day if len(text) == 10 and text[4] == text[7] == "-" else text)
    if time is None:
        raise Problem(f"{what}, “{text[:40]}”, is no time. Write it like 2024-05-31 or 2024-05-31 18:00:00.")
    return time
