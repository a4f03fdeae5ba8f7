"""Pictures, labels and boxes from a Camtrap DP: deployments become locations, events sequences, media pictures.

Observations become labels and boxes, with the persons that made them as authors. What a machine found with a box comes
in as what a detector found elsewhere, its species as suggestions; without a box it is a label of the source that says
how sure the machine was. Times are kept as the package writes them, without their zone.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby, islice
from pathlib import Path

from camtrap_gui.formats import camtrap_dp as standard
from camtrap_gui.formats.camtrap_dp_reading import CamtrapDp
from camtrap_gui.formats.coco_records import AnnotationRecord
from camtrap_gui.geometry import Box
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, edits, found_elsewhere, species_names, taxonomy
from camtrap_gui.project.found_elsewhere import ForeignDetector, Found, Seen
from camtrap_gui.project.image_roots import clean_path, root_for
from camtrap_gui.project.incoming import LEFT_OUT, Incoming, Said
from camtrap_gui.project.known_images import NewImage
from camtrap_gui.project.not_animals import MEANINGS
from camtrap_gui.project.source_names import add_species
from camtrap_gui.remote_pictures import is_any_file, is_elsewhere, shown
from camtrap_gui.sources.camtrap_dp_tables import Medium, Observation, Tables, confidence
from camtrap_gui.sources.doubts import Doubts
from camtrap_gui.sources.files_on_disk import existing

_BATCH = 1000
_SAMPLE = 100
_MEANINGS = {"human": "person", "vehicle": "vehicle", "blank": "empty", "unknown": "unknown"}
_WORDS = frozenset[str]().union(*MEANINGS.values())


def bring_in(
    project: Project, source: Path, folder: Path | None, files_matter: bool, doubts: Doubts, report: Report
) -> Incoming:
    """Everything that the package says; paths in it start from ``folder``, if None from the package's own.

    Raises Problem when it is no such package, nothing of it can be used or, if ``files_matter``, none of its pictures is
    where it should be.
    """

    def seen(done: int, table: str) -> None:
        report(Progress(done, None, table, "Reading"))

    seen(0, source.name)
    with closing(CamtrapDp(source)) as package:
        folder = existing(folder or package.folder)
        with closing(Tables(package, doubts, seen)) as tables:
            return _Import(project, package, tables, folder, doubts, report).all(source, files_matter)


class _Import:
    """One package on its way into a project."""

    def __init__(
        self,
        project: Project,
        package: CamtrapDp,
        tables: Tables,
        folder: Path,
        doubts: Doubts,
        report: Report,
    ) -> None:
        self._project, self._package, self._tables = project, package, tables
        self._folder, self._doubts, self._report = folder, doubts, report
        self._stubs: set[str] = set()
        self._species: dict[str, int] = {}
        self._own_names: dict[str, str] = {}

    def all(self, source: Path, files_matter: bool) -> Incoming:
        sample = [
            (medium.id, path)
            for medium in islice(self._tables.media(), _SAMPLE)
            if (path := self._path(medium))
        ]
        if files_matter and sample and not is_any_file(self._folder / path for _, path in sample):
            raise Problem(
                f"None of the pictures of {source} is in {shown(self._folder)}; {sample[0][1][:200]!r} was looked for, for"
                " example. Choose the folder that the paths start from (--images)."
            )
        db = self._project.db
        self._incoming = incoming = Incoming(db, root_for(db, self._folder, sample), "import", self._doubts)
        self._own_names = {
            taxonomy.scientific_name(place): name for name, place in taxonomy.places(db).items()
        }
        self._species = add_species(
            db,
            (
                self._own_names.get(name, name)
                for name in self._package.species
                if name.casefold() not in _WORDS
            ),
        )
        self._pictures()
        self._observations()
        self._doubts.flush()
        if not incoming.met:
            raise Problem(f"{source} has no picture that can be used{self._doubts}.")
        return incoming

    def _pictures(self) -> None:
        media, done = self._tables.media(), 0
        left_out: list[str] = []
        while batch := [*islice(media, _BATCH)]:
            new = []
            for medium in batch:
                path = self._path(medium)
                if path is None:
                    left_out.append(medium.id)
                    self._doubts(f"picture {medium.id}: {medium.path}", _why_not(medium.path))
                else:
                    new.append(self._image(medium, path))
            self._incoming.add_images(new)
            done += len(batch)
            self._report(Progress(done, self._tables.pictures, "pictures", "Importing"))
        self._incoming.leave_out(left_out)
        self._incoming.end_images()

    def _path(self, medium: Medium) -> str | None:
        if "://" in medium.path and is_elsewhere(self._folder):
            below = medium.path.removeprefix(f"{shown(self._folder)}/")
            return None if below == medium.path else clean_path(below, self._folder)
        if "://" in medium.path:  # pictures that were downloaded lie somewhere under their names
            name = medium.name or ""
            for path in (f"{medium.deployment}/{name}", name):
                clean = clean_path(path, self._folder) if name else None
                if clean and (self._folder / clean).is_file():
                    return clean
            return None
        return clean_path(medium.path, self._folder) if standard.FILE_PATH.match(medium.path) else None

    def _image(self, medium: Medium, path: str) -> NewImage:
        location = self._tables.locations.get(medium.deployment)
        if location is None and medium.deployment:
            location = medium.deployment
            if location not in self._stubs:
                self._stubs.add(location)
                self._doubts(f"deployment {location}", "deployment that is not in the table of deployments")
        return NewImage(
            medium.id,
            path,
            location,
            medium.event,
            medium.frame,
            medium.frames,
            medium.taken,
            medium.width,
            medium.height,
            None if medium.deployment in ("", str(location)) else {"deployment": medium.deployment},
        )

    def _observations(self) -> None:
        name, least = self._tables.machines()
        detector = detector_id = None
        if least is not None:
            name = name or f"machines of {self._package.title}"
            detector = ForeignDetector(name, found_elsewhere.hash_of(name), least, least)
            detector_id = found_elsewhere.register(self._project, detector)
        pictures = groupby(map(self._called, self._tables.observations()), key=lambda one: one.medium)
        done = 0
        while batch := [(key, [*found]) for key, found in islice(pictures, _BATCH)]:
            labels: list[tuple[int, Observation]] = []
            seen: dict[str, list[Seen]] = defaultdict(list)  # by classifier
            ids = self._incoming.ids_of([key for key, _ in batch])
            for (key, found), known in zip(batch, ids, strict=True):
                image_id = self._picture(key, known)
                if image_id is None:
                    continue
                machine = [
                    one for one in found if one.method == "machine" and (one.box or one.type == "blank")
                ]
                labels += [(image_id, one) for one in found if one not in machine]
                if machine:
                    classifier = next((one.by for one in machine if one.species), "")
                    seen[classifier].append(Seen(image_id, [*self._found(machine)]))
            self._label(labels)
            if detector is not None and detector_id is not None:
                for classifier, images in seen.items():
                    found_elsewhere.add(
                        self._project, detector_id, detector.typical_threshold, classifier, images
                    )
            done += len(batch)
            self._report(Progress(done, self._tables.pictures, "observations", "Importing"))

    def _called(self, one: Observation) -> Observation:
        """The same with the species called as in the project, or as the survey did that the package was made from."""
        if one.species is None:
            return one
        return one._replace(species=one.tags.get("label") or self._own_names.get(one.species, one.species))

    def _picture(self, key: str, image_id: int | None) -> int | None:
        """The picture that an observation is about, if this import may say something about it."""
        if not image_id:
            was_left_out = image_id == LEFT_OUT
            reason = "observation of a picture that was left out" if was_left_out else "unknown picture"
            self._doubts(f"picture {key}", reason)
        return image_id if image_id and image_id not in self._incoming.left_alone else None

    def _found(self, machine: list[Observation]) -> Iterator[Found]:
        for one in machine:
            box = self._box(one)
            if box is not None and one.type != "blank":
                category = {"human": "person", "vehicle": "vehicle"}.get(one.type, "animal")
                top = ((one.species, one.probability),) if one.species and one.probability is not None else ()
                if one.species:
                    self._species_id(one)
                yield Found(category, confidence(one.probability, one.tags), box, False, top)

    def _label(self, labels: list[tuple[int, Observation]]) -> None:
        """Labels and boxes of some pictures, all of each picture."""
        rows: list[tuple[int, int, int | None, int]] = []
        whose = []
        for image_id, one in labels:
            species_id = self._species_id(one)
            author = (edits.person(one.by) if one.by else None) if one.method == "human" else None
            box = self._box(one)
            if box is not None and one.type not in ("blank", "unclassified"):
                drew = one.tags.get("box") or author or "import"
                self._incoming.add_box(image_id, species_id, box, drew, one.made if drew == author else None)
            if species_id is None:
                if box is None and one.type == "animal":
                    self._doubts(f"picture {one.medium}", "animal that nobody named")
                continue
            rows.append((image_id, species_id, None if one.type == "blank" else one.amount, int(one.whole)))
            if author or one.method == "machine":
                run = one.by if one.method == "machine" and one.by else None
                made = one.made if author else None
                whose.append(Said(image_id, species_id, author or "import", made, run, one.probability))
        columns = [*zip(*rows, strict=True)] or [()] * 4
        self._incoming.add_labels(*map(list, columns))
        self._incoming.attribute(whose)

    def _species_id(self, one: Observation) -> int | None:
        meaning = _MEANINGS.get(one.type)
        if meaning is None and (one.type != "animal" or one.species is None):
            return None
        word = one.species or ""
        if meaning is not None:
            tagged = one.tags.get("label", "")
            word = tagged if tagged.casefold() in MEANINGS[meaning] else meaning
        if word not in self._species:
            db = self._project.db
            known = meaning is not None and word == meaning
            self._species[word] = (
                species_names.find_or_make(db, word) if known else add_species(db, [word])[word]
            )
        return self._species[word]

    def _box(self, one: Observation) -> Box | None:
        if one.box is None:
            return None
        try:
            return AnnotationRecord(one.medium, 0, bbox_relative=one.box).box(None)
        except ValueError as unfit:
            self._doubts(f"picture {one.medium}", str(unfit))
            return None


def _why_not(path: str) -> str:
    if "://" in path:
        return "picture on the internet that is not in the image folder"
    return "path that Camtrap DP forbids"
