"""Bring pictures and what is known about them into a project, from a COCO Camera Traps JSON or from folders.

Three phases. The records come in as one transaction: all of them or, when something is wrong with the source or the
program is killed, none. Then the files are looked at (``check_files``), in batches that are kept, so that a killed run
goes on where it stopped. Pictures of a folder are then grouped into sequences by their times. Doing it again brings in
what is new, looks again at files that could not be used, and changes nothing that a person decided.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated

from camtrap_gui import files
from camtrap_gui.formats.coco_camera_traps import AnnotationRecord, ImageRecord, Refused, Survey
from camtrap_gui.formats.picture_folder import FolderRule, usual_rule, walk
from camtrap_gui.formats.times import read_time
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import Header, Unreadable, read_header
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images, problems, sequences
from camtrap_gui.project.incoming import (
    LEFT_OUT,
    Incoming,
    NewImage,
    clean_path,
    importing,
    keep_rule,
    root_for,
    rule_of,
)

STEP = "dataset"
_BATCH = 1000
_CHECK_BATCH = 256
_SAMPLE = 100
_PREVIEW_CHECKS = 1000
_PREVIEW_ROWS = 10


@dataclass(frozen=True)
class Options:
    """Where pictures and what is known about them come from: a JSON, or a folder."""

    json: Annotated[Path | None, Option("COCO Camera Traps file.")] = None
    images: Annotated[
        Path | None,
        Option("Folder that the file names in the JSON start from. Without it, the folder of the JSON."),
    ] = None
    folder: Annotated[Path | None, Option("Folder of pictures, with all folders below it.")] = None
    folder_rule: Annotated[
        str,
        Option(
            "What the folders below --folder are called after, from the outside in, for example "
            "{location}/{species} or */{species}. Without it as the last time, at first: the first folder is the location "
            "if there are several."
        ),
    ] = ""
    sequence_gap: Annotated[
        float,
        Option(
            "Longest pause between two pictures of one sequence, for pictures from a folder.",
            low=0,
            high=86_400,
            unit="s",
        ),
    ] = 60.0
    skip_check: Annotated[
        bool, Option("Do not look at the picture files now. The next import without it does.")
    ] = False
    preview: Annotated[bool, Option("Say what would be imported, and change nothing.")] = False


@dataclass(frozen=True)
class Pictured:
    """A picture in a preview."""

    path: str
    location: str | None
    sequence: str | None
    taken: str | None
    species: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True)
class Result:
    """What an import brought, and what the project then holds.

    ``described``: pictures of the source that are in the project now, ``new`` and ``changed`` ones among them.
    ``unusable``: pictures whose file cannot be used, by reason; ``passed_over``: records or parts of them, by reason.
    ``unchecked``: pictures whose file was not looked at.
    """

    source: str
    described: int
    new: int
    changed: int
    images: int
    locations: int
    sequences: int
    species: int
    labels: int
    boxes: int
    first: str | None
    last: str | None
    unchecked: int
    unusable: dict[str, int] = field(default_factory=dict)
    passed_over: dict[str, int] = field(default_factory=dict)
    preview: tuple[Pictured, ...] = ()

    def text(self) -> str:
        """What a person wants to know after an import."""
        lines = [
            f"{self.source}: {_many(self.described, 'picture')}, {self.new:,} new, {self.changed:,} changed.",
            f"{'The project would have' if self.preview else 'The project has'} {_many(self.images, 'picture')} "
            f"at {_many(self.locations, 'location')} in {_many(self.sequences, 'sequence')}, "
            f"{self.species:,} species, {_many(self.labels, 'label')}, {_many(self.boxes, 'box', 'boxes')}.",
        ]
        if self.first and self.last:
            lines.append(f"Taken from {self.first.replace('T', ' ')} to {self.last.replace('T', ' ')}.")
        if self.unusable:
            lines.append(f"Cannot be used: {_listed(self.unusable)}.")
        if self.passed_over:
            lines.append(f"Passed over: {_listed(self.passed_over)}.")
        if self.unchecked:
            lines.append(f"Not looked at: the files of {_many(self.unchecked, 'picture')}.")
        lines += [_line(picture) for picture in self.preview]
        if self.preview:
            lines.append("This was a preview: nothing was changed.")
        return "\n".join(lines)


class _Preview(Exception):
    """Takes everything back, once it was looked at."""

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result


def run(project: Project, options: Options, report: Report) -> Result:
    """Import, check, group. Raises Problem when there is nothing to import or it is not what it should be."""
    if (options.json is None) == (options.folder is None):
        raise Problem("Say where the pictures come from: --json FILE (with --images DIR), or --folder DIR.")
    if not options.preview:
        return _import(project, options, report)
    try:
        with project.write():
            raise _Preview(_import(project, options, report))
    except _Preview as preview:
        return preview.result


def _import(project: Project, options: Options, report: Report) -> Result:
    with importing(project):
        problems.clear(project, STEP)
        incoming = (
            _from_json(project, options, report)
            if options.json is not None
            else _from_folder(project, options, report)
        )
        incoming.finish()
    limit = _PREVIEW_CHECKS if options.preview else None
    if not options.skip_check:
        _check_files(project, incoming.root_id, report, limit)
    if options.folder is not None:
        sequences.group_by_time(project, incoming.root_id, options.sequence_gap)
    return _result(project, options, incoming)


def _from_json(project: Project, options: Options, report: Report) -> Incoming:
    assert options.json is not None
    report(Progress(0, None, options.json.name, "Reading"))
    survey = Survey(options.json)
    folder = _existing(options.images or options.json.parent)
    sample = [(str(image.key), image.path) for image in survey.samples()]
    if not options.skip_check:
        _require_some_file(folder, [path for _, path in sample], options.json)
    doubts = _Doubts(project)
    incoming = Incoming(project.db, root_for(project.db, folder, sample[:_SAMPLE]), "import", doubts)
    species = _read_categories(survey, incoming, doubts)
    total = survey.count("images") + survey.count("annotations")
    done = 0
    for images_batch in survey.images():
        doubts.extend(images_batch.refused)
        incoming.add_images([*_new_images(images_batch.records, folder, incoming, doubts)])
        done += len(images_batch.records) + len(images_batch.refused)
        report(Progress(done, total, "images", "Importing"))
    incoming.end_images()
    for batch in survey.annotations():
        doubts.extend(batch.refused)
        incoming.add_labels([*_labels(batch.records, species, incoming, doubts, folder)])
        done += len(batch.records) + len(batch.refused)
        report(Progress(min(done, total), total, "labels", "Importing"))
    doubts.flush()
    if not incoming.met:
        raise Problem(f"{options.json} has no image that can be used{doubts}.")
    return incoming


def _read_categories(survey: Survey, incoming: Incoming, doubts: "_Doubts") -> dict[str | int, int]:
    """Species ids by the category ids of the source, which may be written as number and as text."""
    names: dict[str, str] = {}
    for batch in survey.categories():
        doubts.extend(batch.refused)
        for category in batch.records:
            key, name = str(category.id), category.name.strip()
            if not name:
                doubts(f"category {key}", "category without a name")
            elif key in names:
                doubts(f"category {key}: {name}", "category id used twice")
            else:
                if name in names.values():
                    doubts(f"category {key}: {name}", "category name used twice")
                names[key] = name
    ids = incoming.add_species(names.values())
    found: dict[str | int, int] = {key: ids[name] for key, name in names.items()}
    return found | {int(key): ids[name] for key, name in names.items() if key.isdecimal() and len(key) < 10}


def _new_images(
    records: list[ImageRecord], folder: Path, incoming: Incoming, doubts: "_Doubts"
) -> Iterator[NewImage]:
    """Records as pictures; this is where a million pictures spend their time."""
    for image in records:
        if type(image.key) is not str:
            image.key = str(image.key)
        path = clean_path(image.path, folder)
        if path is None:
            incoming.ids.setdefault(image.key, LEFT_OUT)
            doubts(f"image {image.key}: {image.path}", "path leads out of the image folder")
            continue
        image.path = path
        if image.location is not None:
            image.location = str(image.location).strip() or None
        if image.sequence is not None:
            image.sequence = str(image.sequence) or None
        if image.frame is None:
            image.frame = image.seq_frame_num
        written = image.taken or image.date_captured
        image.taken = read_time(written) if written else None
        if written and image.taken is None:
            doubts(f"image {image.key}: {written}", "time cannot be read")
            image.extra = {**(image.extra or {}), "datetime": written}
        if image.width is None or image.height is None:
            image.width = image.height = None
        yield image


def _labels(
    records: list[AnnotationRecord],
    species: dict[str | int, int],
    incoming: Incoming,
    doubts: "_Doubts",
    folder: Path,
) -> Iterator[tuple[int, int, int | None, bool, str]]:
    """Rows of labels; boxes go into the project on the way."""
    ids, left_alone = incoming.ids, incoming.left_alone
    for record in records:
        key, category = record.image_id, record.category_id
        image_id = ids.get(key if type(key) is str else str(key))
        if not image_id or not incoming.was_met(image_id):
            reason = "annotation of an image that was left out" if image_id == LEFT_OUT else "unknown image"
            doubts(f"annotation {record.id}: image {key}", reason)
            continue
        species_id = species.get(category) or species.get(str(category))
        if species_id is None:
            doubts(f"annotation {record.id}: category {category}", "unknown category")
            continue
        if image_id in left_alone:
            continue
        if record.bbox is not None or record.bbox_relative is not None:
            try:
                size = None if record.bbox_relative else _size_of(image_id, incoming, folder)
                incoming.add_box(image_id, species_id, record.box(size))
            except ValueError as unfit:
                doubts(f"annotation {record.id}: image {key}", str(unfit))
        yield image_id, species_id, record.count, bool(record.sequence_level_annotation), "import"


def _size_of(image_id: int, incoming: Incoming, folder: Path) -> tuple[int, int] | None:
    """The size that boxes in pixels refer to: as the source says, else of the file."""
    size = incoming.size_of(image_id)
    if size is None:
        [path] = incoming.db.execute("SELECT path FROM images WHERE id = ?", (image_id,)).fetchone()
        _, header = _look(folder, image_id, path)
        if isinstance(header, Header):
            size = header.width, header.height
            incoming.set_size(image_id, *size)
    return size


def _from_folder(project: Project, options: Options, report: Report) -> Incoming:
    assert options.folder is not None
    folder = _existing(options.folder)
    told = options.folder_rule or rule_of(project.db, folder)
    rule = FolderRule(told) if told else usual_rule(folder)
    sample = [(found.path, found.path) for found in islice(walk(folder), _SAMPLE) if not found.refused]
    doubts = _Doubts(project)
    incoming = Incoming(project.db, root_for(project.db, folder, sample), "folder", doubts)
    if options.folder_rule:
        keep_rule(project.db, incoming.root_id, options.folder_rule)
    known = images.species(project)
    found, done = walk(folder), 0
    while batch := [*islice(found, _BATCH)]:
        described: dict[str, str] = {}
        new = []
        for picture in batch:
            if picture.refused:
                doubts(picture.path, picture.refused)
                continue
            location, species = rule.read(picture.path)
            new.append(NewImage(picture.path, picture.path, location))
            if species:
                described[picture.path] = species
        incoming.add_images(new)
        ids = incoming.add_species(sorted(set(described.values())))
        labels = (
            (incoming.ids[path], ids[species], None, False, "folder") for path, species in described.items()
        )
        incoming.add_labels([label for label in labels if label[0] and label[0] not in incoming.left_alone])
        done += len(batch)
        report(Progress(done, None, batch[-1].path, "Searching"))
    incoming.sort_species(set(images.species(project)) - set(known))
    doubts.flush()
    if not incoming.met:
        raise Problem(f"There is no picture in {folder} that can be used{doubts}.")
    return incoming


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise Problem(f"There is no folder {folder}. Say where the pictures are.")
    return folder.resolve()


def _require_some_file(folder: Path, paths: list[str], source: Path) -> None:
    """Refuse an image folder in which none of a sample of the pictures is: it is the wrong one."""
    if paths and not any(
        (clean := clean_path(path, folder)) and (folder / clean).is_file() for path in paths
    ):
        raise Problem(
            f"None of the pictures of {source} is in {folder}; {paths[0][:200]!r} was looked for, for example. "
            "Choose the folder that the file names start from (--images)."
        )


def _check_files(project: Project, root_id: int, report: Report, limit: int | None) -> None:
    """Look at the files nobody has looked at, on several threads; at most ``limit`` of them."""
    [total] = project.db.execute(
        "SELECT count(*) FROM images WHERE checked = 0 AND root_id = ?", (root_id,)
    ).fetchone()
    total = min(total, limit or total)
    root = images.roots(project)[root_id]
    looked = in_order(
        lambda image: _look(root, *image), islice(images.unchecked(project, root_id), total), ahead=_BATCH
    )
    done = bad = 0
    with closing(looked):
        while batch := [*islice(looked, _CHECK_BATCH)]:
            good = [(number, h.width, h.height, h.taken) for number, h in batch if isinstance(h, Header)]
            unusable = [(number, reason) for number, reason in batch if isinstance(reason, str)]
            with project.write():
                images.set_checked(project, good)
                images.set_unusable(project, unusable)
            done += len(batch)
            bad += len(unusable)
            report(Progress(done, total, "", "Checking files", {"unusable": bad}))


def _look(root: Path, image_id: int, path: str) -> tuple[int, Header | str]:
    """What a file says of itself, or why it cannot be used."""
    try:
        return image_id, read_header(files.inside(root, path))
    except Unreadable as reason:
        return image_id, str(reason)
    except Problem:
        return image_id, "link that leads out of the image folder"
    except (OSError, ValueError) as error:
        return image_id, f"cannot be opened: {error}"


def _result(project: Project, options: Options, incoming: Incoming) -> Result:
    def count(query: str) -> int:
        return int(project.db.execute(f"SELECT count(*) FROM {query}").fetchone()[0])

    first, last = project.db.execute("SELECT min(taken), max(taken) FROM images").fetchone()
    return Result(
        source=(options.json or options.folder or Path()).name,
        described=incoming.met,
        new=incoming.new,
        changed=incoming.changed,
        images=count("images"),
        locations=count("locations"),
        sequences=count("sequences"),
        species=count("species"),
        labels=count("labels"),
        boxes=count("boxes"),
        first=first,
        last=last,
        unchecked=count("images WHERE checked = 0"),
        unusable=problems.counts_of_images(project),
        passed_over=problems.counts(project, STEP),
        preview=tuple(_pictured(project, incoming.root_id)) if options.preview else (),
    )


def _pictured(project: Project, root_id: int) -> Iterator[Pictured]:
    rows = project.db.execute(
        "SELECT id FROM images WHERE root_id = ? ORDER BY id LIMIT ?", (root_id, _PREVIEW_ROWS)
    )
    for (image_id,) in rows.fetchall():
        image = images.get(project, image_id)
        species = tuple(label.species for label in images.labels_of(project, image_id))
        yield Pictured(image.path, image.location, image.sequence, image.taken, species, image.problem)


class _Doubts:
    """What is passed over, kept in the project a thousand at a time."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._waiting: list[tuple[str, str]] = []

    def __call__(self, subject: str, reason: str) -> None:
        self._waiting.append((subject, reason))
        if len(self._waiting) >= _BATCH:
            self.flush()

    def extend(self, refused: list[Refused]) -> None:
        for one in refused:
            self(one.subject, one.reason)

    def flush(self) -> None:
        problems.add(self._project, STEP, self._waiting)
        self._waiting.clear()

    def __str__(self) -> str:
        """What was passed over so far, to be put behind a statement."""
        self.flush()
        counts = problems.counts(self._project, STEP)
        return f" ({_listed(counts)})" if counts else ""


def _many(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{reason} {number:,}" for reason, number in counts.items())


def _line(picture: Pictured) -> str:
    parts = [picture.path, picture.location or "no location", (picture.taken or "no time").replace("T", " ")]
    parts.append(", ".join(picture.species) or "no species")
    parts += [picture.problem] if picture.problem else []
    line = "  " + " · ".join(parts)
    return "".join(character if character.isprintable() else "?" for character in line)
