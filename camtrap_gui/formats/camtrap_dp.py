"""Camtrap DP 1.0.2: the exchange format of camera-trap data for R, GBIF and data platforms (camtrap-dp.tdwg.org).

A folder with ``datapackage.json`` and three CSV tables. ``TABLES`` says what may stand in them, after the standard's
table schemas. All columns are written, in the order of the schemas, as validators ask for it. Texts that a spreadsheet
would take for a formula get an apostrophe in front, as in all tables here; reading takes it away again.
"""

import csv
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from camtrap_gui.files import write_text
from camtrap_gui.formats.tables import escaped

VERSION = "1.0.2"
_SCHEMAS = f"https://raw.githubusercontent.com/tdwg/camtrap-dp/{VERSION}"

SAMPLING_DESIGNS = (
    "simpleRandom", "systematicRandom", "clusteredRandom", "experimental", "targeted", "opportunistic",
)  # fmt: skip
CAPTURE_METHODS = ("activityDetection", "timeLapse")
OBSERVATION_TYPES = ("animal", "human", "vehicle", "blank", "unknown", "unclassified")
FILE_PATH = re.compile(r"^(?=^[^./~])(^((?!\.{2}).)*$).*$")
"""What the standard allows as a path: nothing that leads out of the folder."""


@dataclass(frozen=True)
class Column:
    """What a column may hold: ``kind`` is 'string', 'number', 'integer', 'boolean', 'datetime' or 'any'."""

    kind: str = "string"
    required: bool = False
    unique: bool = False
    low: float | None = None
    high: float | None = None
    one_of: tuple[str, ...] = ()
    pattern: str = ""

    def fault(self, text: str) -> str:
        """Why a cell cannot stand in this column; "" when it can."""
        if text == "":
            return "is missing" if self.required else ""
        if self.one_of and text not in self.one_of:
            return f"is none of {', '.join(self.one_of)}"
        if self.pattern and not re.match(self.pattern, text):
            return "is not of the form that the standard asks for"
        if self.kind == "boolean":
            return "" if text in ("true", "false") else "is neither true nor false"
        if self.kind == "datetime":
            return "" if _is_time(text) else "is no time with a zone"
        if self.kind in ("number", "integer"):
            try:
                number = float(text) if self.kind == "number" else int(text)
            except ValueError:
                return f"is no {self.kind}"
            if not math.isfinite(number):
                return f"is no {self.kind}"
            if (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
                return f"is not between {self.low} and {self.high}"
        return ""


_ID = Column(required=True, unique=True)
_NEEDED = Column(required=True)
_TIME = Column("datetime", required=True)
_FREE = Column()
_FROM_0 = Column("number", low=0)

TABLES: Mapping[str, Mapping[str, Column]] = {
    "deployments": {
        "deploymentID": _ID,
        "locationID": _FREE,
        "locationName": _FREE,
        "latitude": Column("number", required=True, low=-90, high=90),
        "longitude": Column("number", required=True, low=-180, high=180),
        "coordinateUncertainty": Column("integer", low=1),
        "deploymentStart": _TIME,
        "deploymentEnd": _TIME,
        "setupBy": _FREE,
        "cameraID": _FREE,
        "cameraModel": _FREE,
        "cameraDelay": Column("integer", low=0),
        "cameraHeight": _FROM_0,
        "cameraDepth": _FROM_0,
        "cameraTilt": Column("integer", low=-90, high=90),
        "cameraHeading": Column("integer", low=0, high=360),
        "detectionDistance": _FROM_0,
        "timestampIssues": Column("boolean"),
        "baitUse": Column("boolean"),
        "featureType": Column(
            one_of=(
                "roadPaved", "roadDirt", "trailHiking", "trailGame", "roadUnderpass", "roadOverpass", "roadBridge",
                "culvert", "burrow", "nestSite", "carcass", "waterSource", "fruitingTree",
            )
        ),
        "habitat": _FREE,
        "deploymentGroups": _FREE,
        "deploymentTags": _FREE,
        "deploymentComments": _FREE,
    },
    "media": {
        "mediaID": _ID,
        "deploymentID": _NEEDED,
        "captureMethod": Column(one_of=CAPTURE_METHODS),
        "timestamp": _TIME,
        "filePath": Column(required=True, pattern=FILE_PATH.pattern),
        "filePublic": Column("boolean", required=True),
        "fileName": _FREE,
        "fileMediatype": Column(required=True, pattern="^(image|video|audio)/.*$"),
        "exifData": Column("any"),
        "favorite": Column("boolean"),
        "mediaComments": _FREE,
    },
    "observations": {
        "observationID": _ID,
        "deploymentID": _NEEDED,
        "mediaID": _FREE,
        "eventID": _FREE,
        "eventStart": _TIME,
        "eventEnd": _TIME,
        "observationLevel": Column(required=True, one_of=("media", "event")),
        "observationType": Column(required=True, one_of=OBSERVATION_TYPES),
        "cameraSetupType": Column(one_of=("setup", "calibration")),
        "scientificName": _FREE,
        "count": Column("integer", low=1),
        "lifeStage": Column(one_of=("adult", "subadult", "juvenile")),
        "sex": Column(one_of=("female", "male")),
        "behavior": _FREE,
        "individualID": _FREE,
        "individualPositionRadius": _FROM_0,
        "individualPositionAngle": Column("number", low=-90, high=90),
        "individualSpeed": _FROM_0,
        "bboxX": Column("number", low=0, high=1),
        "bboxY": Column("number", low=0, high=1),
        "bboxWidth": Column("number", low=1e-15, high=1),
        "bboxHeight": Column("number", low=1e-15, high=1),
        "classificationMethod": Column(one_of=("human", "machine")),
        "classifiedBy": _FREE,
        "classificationTimestamp": Column("datetime"),
        "classificationProbability": Column("number", low=0, high=1),
        "observationTags": _FREE,
        "observationComments": _FREE,
    },
}  # fmt: skip
"""The columns of each table."""


@dataclass(frozen=True)
class Package:
    """What ``datapackage.json`` says of the whole. ``bounds`` are west, south, east, north; times have a zone.

    ``species`` are the names of science by those of the survey.
    """

    title: str
    contributor: str
    sampling_design: str
    capture_method: str
    levels: tuple[str, ...]
    bounds: tuple[float, float, float, float]
    start: datetime
    end: datetime
    species: Mapping[str, str]
    created: datetime
    description: str = ""


OF_THE_SURVEY = "und"
"""The language of the survey's own names for species: nobody said which it is (ISO 639-3)."""

Add = Callable[[str, Mapping[str, Any]], None]


@contextmanager
def writing(folder: Path) -> Iterator[Add]:
    """A function that adds a row, by column name, to one of the three tables in ``folder``. What is left out is empty.

    Numbers and times are written as they are given, True and False in lower case. ``describe`` makes the rest.
    """
    with ExitStack() as open_files:
        writers = {}
        for table, columns in TABLES.items():
            file = open_files.enter_context((folder / f"{table}.csv").open("w", encoding="utf-8", newline=""))
            writers[table] = csv.writer(file, lineterminator="\n").writerow
            writers[table](columns)
        names = {table: tuple(columns) for table, columns in TABLES.items()}

        def add(table: str, row: Mapping[str, Any]) -> None:
            get = row.get
            writers[table]([_cell(get(name)) for name in names[table]])

        yield add


def describe(folder: Path, package: Package) -> None:
    """Write ``datapackage.json``."""
    write_text(folder / "datapackage.json", json.dumps(_plain(package), indent=2, ensure_ascii=False) + "\n")


def tag(name: str, value: str) -> str:
    """A tag of an observation; tags are put together with " | "."""
    return f"{name}:{value.replace('%', '%25').replace('|', '%7C')}"


def tags(text: str) -> dict[str, str]:
    """The tags of an observation that have a value, by name."""
    pairs = (part.strip().partition(":") for part in text.split("|"))
    return {
        name.strip(): value.strip().replace("%7C", "|").replace("%25", "%")
        for name, colon, value in pairs
        if colon
    }


def _plain(package: Package) -> dict[str, Any]:
    name = re.sub(r"[^a-z0-9._-]+", "-", package.title.lower()).strip("-") or "survey"
    west, south, east, north = package.bounds
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    is_area = west < east and south < north
    plain = {
        "profile": f"{_SCHEMAS}/camtrap-dp-profile.json",
        "name": name,
        "title": package.title,
        "description": package.description,
        "created": package.created.isoformat(timespec="seconds"),
        "contributors": [{"title": package.contributor, "role": "contact"}],
        "project": {
            "title": package.title,
            "samplingDesign": package.sampling_design,
            "captureMethod": [package.capture_method],
            "individualAnimals": False,
            "observationLevel": list(package.levels),
        },
        "spatial": {"type": "Polygon", "coordinates": [ring]}
        if is_area
        else {"type": "MultiPoint", "coordinates": [[west, south], [east, north]]},
        "temporal": {"start": package.start.date().isoformat(), "end": package.end.date().isoformat()},
        "taxonomic": [
            {
                "scientificName": name,
                **({"vernacularNames": {OF_THE_SURVEY: common}} if name != common else {}),
            }
            for common, name in package.species.items()
        ],
        "resources": [
            {
                "name": table,
                "path": f"{table}.csv",
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": f"{_SCHEMAS}/{table}-table-schema.json",
            }
            for table in TABLES
        ],
    }
    return {key: value for key, value in plain.items() if value != ""}


def _cell(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return escaped(value)


def _is_time(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return False
    return True
