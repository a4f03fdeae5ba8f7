"""Which camera stood where and when: what a project says of it, together with what a person writes in a table.

A location with one row, or with none for its time, is one deployment, from its first picture to its last.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from difflib import get_close_matches
from pathlib import Path

from camtrap_gui.formats import coordinates
from camtrap_gui.formats.coordinates import Place
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images

_NAMED = 10


@dataclass(frozen=True)
class Deployment:
    """A camera at a place for a time. ``start`` and ``end`` are by its own clock (ISO 8601)."""

    id: str
    location: str
    place: Place
    start: str
    end: str


class Deployments:
    """The deployments of a project, and which one a picture belongs to."""

    def __init__(self, found: list[Deployment]) -> None:
        self.all = found
        self._at: dict[str, list[Deployment]] = {}
        for deployment in found:
            self._at.setdefault(deployment.location, []).append(deployment)

    def of(self, location: str | None, taken: str | None) -> Deployment | None:
        """The deployment of a picture; None where place or time is not known, or no camera stood there then."""
        if location is None or taken is None:
            return None
        found = self._at.get(location, ())
        return next((deployment for deployment in found if deployment.place.is_at(taken)), None)


def find(project: Project, table: Path | None, target: Path, leave_out: bool) -> Deployments:
    """The deployments of a project, placed by the ``table`` of coordinates.

    Without ``leave_out`` raises Problem when something is not known that a deployment needs. Where coordinates are
    missing, a table to fill in is written beside ``target``.
    """
    places = coordinates.read(table) if table else {}
    spans = _spans(project)
    without = [location for location in spans if location not in places]
    if not leave_out:
        _refuse_incomplete(project, spans)
        if without:
            raise Problem(_ask_for(without, places, list(spans), target))
        _refuse_strays(project, places, spans)
    return Deployments(
        [
            deployment
            for location, span in spans.items()
            if location in places and span is not None
            for deployment in _of_location(location, places[location], span)
        ]
    )


def zone(text: str) -> tzinfo:
    """A time zone by name ("Africa/Nairobi") or distance from UTC ("+03:00"). Raises Problem."""
    import zoneinfo

    if not text:
        raise Problem(
            "The cameras' clocks carry no time zone, but this format asks for one. Say it: --time-zone Africa/Nairobi,"
            " or --time-zone +03:00 for clocks that never change to summer time."
        )
    if distance := re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?([0-5]\d)?", text):
        offset = timedelta(hours=int(distance[2]), minutes=int(distance[3] or 0))
        if offset <= timedelta(hours=14):
            return timezone(-offset if distance[1] == "-" else offset)
    try:
        return zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(text, sorted(zoneinfo.available_timezones()), 1, 0.5)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise Problem(
            f"“{text[:60]}” is no time zone.{hint} Zones are called like Africa/Nairobi or +03:00."
        ) from None


def stamp(taken: str, clock: tzinfo) -> str:
    """A time of the camera's clock with the zone's distance from UTC then, to the second."""
    return datetime.fromisoformat(taken).replace(tzinfo=clock).isoformat(timespec="seconds")


def _spans(project: Project) -> dict[str, tuple[str, str] | None]:
    """For each location with pictures the time of its first and its last one, None where no time is known."""
    rows = project.db.execute(
        "SELECT locations.name, min(taken), max(taken) FROM images JOIN locations ON locations.id = location_id"
        " GROUP BY location_id ORDER BY locations.name"
    )
    return {name: (first, last) if first else None for name, first, last in rows}


def _of_location(location: str, places: list[Place], span: tuple[str, str]) -> list[Deployment]:
    if len(places) == 1:
        [place] = places
        return [Deployment(location, location, place, place.start or span[0], place.end or span[1])]
    return [
        Deployment(
            f"{location} {place.start or span[0]}",
            location,
            place,
            place.start or span[0],
            place.end or span[1],
        )
        for place in places
    ]


def _refuse_incomplete(project: Project, spans: dict[str, tuple[str, str] | None]) -> None:
    placeless, timeless = images.count_incomplete(project)
    lacking = [f"a location ({placeless:,})"] if placeless else []
    lacking += [f"a time ({timeless:,})"] if timeless else []
    dateless = [location for location, span in spans.items() if span is None]
    lacking += [f"any time at {_listed(dateless)}"] if dateless else []
    if lacking:
        raise Problem(
            f"Some pictures lack what this format asks for: {', '.join(lacking)}. Import them anew with it, or leave"
            " them out: --leave-out-incomplete."
        )


def _ask_for(without: list[str], places: dict[str, list[Place]], locations: list[str], target: Path) -> str:
    """Write the table to be filled in, and the sentence that asks for it."""
    template = target.with_name(f"{target.name}-coordinates.csv")
    if template.exists():
        written = f"Fill them in in {template}, which is there already,"
    else:
        coordinates.write_template(template, places, locations)
        written = f"Fill them in in {template}, which was just made,"
    are = "location has" if len(without) == 1 else "locations have"
    return (
        f"{len(without):,} {are} no coordinates: {_listed(without)}. {written} and give it with --coordinates;"
        " or leave these locations out: --leave-out-incomplete."
    )


def _refuse_strays(
    project: Project, places: dict[str, list[Place]], spans: dict[str, tuple[str, str] | None]
) -> None:
    strays = []
    for location in spans:
        if all(place.start is None and place.end is None for place in places[location]):
            continue
        times = project.db.execute(
            "SELECT taken FROM images WHERE location_id = (SELECT id FROM locations WHERE name = ?)",
            (location,),
        )
        if any(not any(place.is_at(taken) for place in places[location]) for (taken,) in times):
            strays.append(location)
    if strays:
        raise Problem(
            f"Some pictures were taken when, by the table of coordinates, no camera stood there: {_listed(strays)}."
            " Correct start and end, or leave these pictures out: --leave-out-incomplete."
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
