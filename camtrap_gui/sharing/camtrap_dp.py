"""The project as a Camtrap DP, a folder or a zip file.

Every picture with a time, at a location with coordinates, is a medium with the path it has below its image folder;
the pictures themselves stay where they are. What is on it is told per picture, one observation for each box, or for
each species where there is no box; with ``events`` also per sequence, with the largest number seen at once.

What the standard has no word for stands in the tags of an observation: ``level:sequence`` for a label that was given to
the whole sequence, ``label:blank`` for another word for the observation type,
``label:lionFemale`` for the survey's own name of a species where science has another, ``box:Ben`` for who drew the box where
another one named the species, ``detection:0.91`` for how sure the detector was where the probability is a classifier's.
In the tags of a deployment, ``location:number`` says that the survey has a number for the location's name. The size of
a picture and its place in its sequence (ImageNumber) stand in its EXIF data. Species have the
names of science where these are known (``project.taxonomy``), otherwise those of the project. What the source of the survey says has no classification method.
"""

import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path, PurePosixPath
from typing import Any

from camtrap_gui import files
from camtrap_gui.formats import camtrap_dp
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections, edits, images, taxonomy
from camtrap_gui.project.observations import Observed, Rules
from camtrap_gui.sharing import deployments, telling
from camtrap_gui.sharing.deployments import Deployment
from camtrap_gui.sharing.telling import Told

_TYPES = {"person": "human", "vehicle": "vehicle", "empty": "blank", "unknown": "unknown", "animal": "animal"}
_USUAL_WORDS = frozenset(_TYPES)
_MEDIA_TYPES = {
    ".png": "image/png", ".gif": "image/gif", ".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff",
    ".webp": "image/webp",
}  # fmt: skip


@dataclass(frozen=True)
class About:
    """What a person must say of a survey. ``coordinates`` is a table; see ``formats.coordinates``."""

    time_zone: str
    coordinates: Path | None = None
    leave_out_incomplete: bool = False
    events: bool = False
    sampling_design: str = "opportunistic"
    capture_method: str = "activityDetection"
    contributor: str = ""


@dataclass(frozen=True)
class Written:
    """How much a package holds. ``left_out`` are pictures without place or time, or whose path the standard forbids."""

    deployments: int
    media: int
    observations: int
    left_out: int


def write(
    project: Project, target: Path, about: About, report: Report, rules: Rules | None = None
) -> Written:
    """Write the package, whole or not at all. Raises Problem when something is missing that the standard asks for."""
    clock = deployments.zone(about.time_zone)
    if images.count(project) == 0:
        raise Problem(f"There are no pictures in {project.folder} yet. Import some first: camtrap dataset.")
    found = deployments.find(project, about.coordinates, target, about.leave_out_incomplete)
    if not found.all:
        raise Problem("No picture has a time and a location with coordinates, so there is nothing to write.")
    with _folder_or_zip(target, report) as folder:
        tables = _Tables(project, about, found, clock)
        with camtrap_dp.writing(folder) as add:
            tables.write(add, rules or Rules(), report)
        camtrap_dp.describe(folder, tables.package())
    return Written(len(found.all), tables.media, tables.observations, tables.left_out)


@contextmanager
def _folder_or_zip(target: Path, report: Report) -> Iterator[Path]:
    if target.suffix.lower() != ".zip":
        with files.new_folder(target) as folder:
            yield folder
        return
    if target.exists():
        raise Problem(
            f"{target} exists already and is not overwritten. Choose another name, or remove it first."
        )
    with (
        files.replacing(target) as beside,
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".camtrap-dp-") as made,
    ):
        yield Path(made)
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            parts = ["datapackage.json", *(f"{table}.csv" for table in camtrap_dp.TABLES)]
            for done, name in enumerate(parts):
                report(Progress(done, len(parts), name, "Packing"))
                archive.write(Path(made) / name, name)


class _Tables:
    """The rows of the three tables, and what is said of the whole in the end."""

    def __init__(self, project: Project, about: About, found: deployments.Deployments, clock: tzinfo) -> None:
        self._project, self._about, self._found, self._clock = project, about, found, clock
        detector = detections.latest_detector(project)
        self._detector = detector.name if detector else None
        self._several_roots = len(images.roots(project)) > 1
        self._roots = {path: number for number, path in images.roots(project).items()}
        self._numbers = images.numbered_locations(project)
        self._lineages = taxonomy.places(project.db)
        self._species: dict[str, str] = {}
        self.media = self.observations = self.left_out = 0

    def write(self, add: camtrap_dp.Add, rules: Rules, report: Report) -> None:
        for one in self._found.all:
            add("deployments", self._deployment(one))
        with closing(_Events() if self._about.events else _NoEvents()) as events:
            for observed in telling.each(self._project, rules, report):
                image = observed.image
                deployment = self._found.of(image.location, image.taken)
                if deployment is None or image.taken is None or self._is_forbidden(image.path):
                    self.left_out += 1
                    continue
                medium = self._medium(image, deployment)
                add("media", medium)
                self.media += 1
                told = telling.tell(observed)
                for number, row in enumerate(self._observations(observed, told, medium), start=1):
                    add("observations", row | {"observationID": f"{medium['mediaID']}:{number}"})
                    self.observations += 1
                events.note(medium, self._event(image), told)
            for row in events.rows():
                if species := row["scientificName"]:
                    row |= {
                        "scientificName": self._scientific(species),
                        "observationTags": self._own_name(species),
                    }
                add("observations", row)
                self.observations += 1

    def package(self) -> camtrap_dp.Package:
        places = [deployment.place for deployment in self._found.all]
        latitudes, longitudes = [place.latitude for place in places], [place.longitude for place in places]
        about = self._about
        return camtrap_dp.Package(
            title=self._project.name,
            contributor=about.contributor or edits.person(None),
            sampling_design=about.sampling_design,
            capture_method=about.capture_method,
            levels=("media", "event") if about.events else ("media",),
            bounds=(min(longitudes), min(latitudes), max(longitudes), max(latitudes)),
            start=datetime.fromisoformat(min(one.start for one in self._found.all)),
            end=datetime.fromisoformat(max(one.end for one in self._found.all)),
            species=self._species,
            created=datetime.now(UTC),
        )

    def _is_forbidden(self, path: str) -> bool:
        if camtrap_dp.FILE_PATH.match(path):
            return False
        if not self._about.leave_out_incomplete:
            raise Problem(
                f"Camtrap DP forbids the path “{path}”: it must not begin with “.” or “~” or have “..” in it."
                " Leave such pictures out: --leave-out-incomplete."
            )
        return True

    def _deployment(self, deployment: Deployment) -> dict[str, Any]:
        return {
            "deploymentID": deployment.id,
            "locationID": deployment.location,
            "locationName": deployment.location,
            "latitude": deployment.place.latitude,
            "longitude": deployment.place.longitude,
            "deploymentStart": deployments.stamp(deployment.start, self._clock),
            "deploymentEnd": deployments.stamp(deployment.end, self._clock),
            "deploymentTags": "location:number" if deployment.location in self._numbers else None,
        }

    def _medium(self, image: images.Image, deployment: Deployment) -> dict[str, Any]:
        assert image.taken is not None
        path = PurePosixPath(image.path)
        exif = {"ImageWidth": image.width, "ImageHeight": image.height, "ImageNumber": image.frame}
        exif = {name: value for name, value in exif.items() if value is not None}
        return {
            "mediaID": self._unique(image, image.key),
            "deploymentID": deployment.id,
            "timestamp": deployments.stamp(image.taken, self._clock),
            "filePath": image.path,
            "filePublic": False,
            "fileName": path.name,
            "fileMediatype": _MEDIA_TYPES.get(path.suffix.lower(), "image/jpeg"),
            "exifData": json.dumps(exif) if exif else None,
            "mediaComments": image.problem,
        }

    def _event(self, image: images.Image) -> str | None:
        return None if image.sequence is None else self._unique(image, image.sequence)

    def _unique(self, image: images.Image, name: str) -> str:
        # Two image folders may both have a picture or a sequence "1".
        return f"{self._roots[image.root]}:{name}" if self._several_roots else name

    def _observations(
        self, observed: Observed, told: list[Told], medium: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        about = {
            "deploymentID": medium["deploymentID"],
            "mediaID": medium["mediaID"],
            "eventID": self._event(observed.image),
            "eventStart": medium["timestamp"],
            "eventEnd": medium["timestamp"],
            "observationLevel": "media",
        }
        if not told:
            yield about | {"observationType": "unclassified"}
        for one in told:
            if one.kind == "animal" and one.species:
                self._species[one.species] = self._scientific(one.species)
            yield about | self._observation(one)

    def _scientific(self, species: str) -> str:
        return taxonomy.scientific_name(self._lineages.get(species, ())) or species

    def _own_name(self, species: str) -> str | None:
        return None if self._scientific(species) == species else camtrap_dp.tag("label", species)

    def _observation(self, told: Told) -> dict[str, Any]:
        row: dict[str, Any] = {"observationType": _TYPES[told.kind], "count": told.amount or None}
        tags = ["level:sequence"] if told.sequence_level else []
        if told.kind == "animal":
            row["scientificName"] = told.species and self._scientific(told.species)
            tags += filter(None, [told.species and self._own_name(told.species)])
        elif told.species and told.species not in _USUAL_WORDS:
            tags.append(camtrap_dp.tag("label", told.species))
        if told.box_author:
            tags.append(camtrap_dp.tag("box", told.box_author))
        if told.region is not None:
            x, y, width, height = told.region.box
            row |= {"bboxX": x, "bboxY": y, "bboxWidth": max(width, 1e-15), "bboxHeight": max(height, 1e-15)}
        row |= {"classificationProbability": told.confidence}
        if told.source == "person":
            row |= {"classificationMethod": "human", "classifiedBy": told.author}
            if told.made:
                row["classificationTimestamp"] = _utc(told.made)
        elif told.source in ("model", "detector"):
            row |= {"classificationMethod": "machine", "classifiedBy": told.run_id or self._detector}
            if told.region is not None and told.confidence is None:
                row["classificationProbability"] = told.region.confidence
            elif told.region is not None:
                tags.append(camtrap_dp.tag("detection", repr(told.region.confidence)))
        row["observationTags"] = " | ".join(tags) or None
        return row


class _Events:
    """Observations per sequence, gathered in a database of their own, as the pictures of one need not come together."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute(
            "CREATE TABLE seen (event, deployment, time, type, species, amount, human, PRIMARY KEY (event, deployment,"
            " time, type, species, human)) WITHOUT ROWID"
        )
        self._db.execute("BEGIN")

    def note(self, medium: dict[str, Any], event: str | None, told: list[Told]) -> None:
        if event is None:
            return
        for one in told:
            species = (one.species or "") if one.kind == "animal" else ""
            who = (
                "human"
                if one.source == "person"
                else "machine"
                if one.source in ("model", "detector")
                else ""
            )
            self._db.execute(
                "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
                (
                    event,
                    medium["deploymentID"],
                    medium["timestamp"],
                    _TYPES[one.kind],
                    species,
                    one.amount or 1,
                    who,
                ),
            )

    def rows(self) -> Iterator[dict[str, Any]]:
        found = self._db.execute(
            "SELECT event, deployment, type, species, human, max(amount) AS amount,"
            " (SELECT min(time) FROM seen AS one WHERE one.event = seen.event AND one.deployment = seen.deployment),"
            " (SELECT max(time) FROM seen AS one WHERE one.event = seen.event AND one.deployment = seen.deployment)"
            " FROM seen WHERE type != 'blank' OR NOT EXISTS (SELECT 1 FROM seen AS other WHERE other.event = seen.event"
            "  AND other.deployment = seen.deployment AND other.type != 'blank')"
            " GROUP BY event, deployment, type, species, human"
        )
        for number, (event, deployment, kind, species, human, amount, start, end) in enumerate(
            found, start=1
        ):
            yield {
                "observationID": f":{number}",  # that of no picture begins so
                "deploymentID": deployment,
                "eventID": event,
                "eventStart": start,
                "eventEnd": end,
                "observationLevel": "event",
                "observationType": kind,
                "scientificName": species or None,
                "count": None if kind == "blank" else amount,
                "classificationMethod": human or None,
            }

    def close(self) -> None:
        self._db.close()


class _NoEvents:
    """Nobody asked for observations per sequence."""

    def note(self, medium: dict[str, Any], event: str | None, told: list[Told]) -> None:
        pass

    def rows(self) -> Iterator[dict[str, Any]]:
        return iter(())

    def close(self) -> None:
        pass


def _utc(made: str) -> str:
    time = datetime.fromisoformat(made)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).isoformat(timespec="seconds")
