"""Pictures, labels and boxes from a COCO Camera Traps JSON.

The file is read, decoded and judged on a thread of its own, while the database takes in what came before.
"""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import cast

from camtrap_gui.formats.coco_camera_traps import Survey
from camtrap_gui.formats.coco_records import AnnotationRecord, Batch, ImageRecord, Refused
from camtrap_gui.formats.times import read_moment, read_time, read_usual_times
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.parallel import ahead_of
from camtrap_gui.pictures import Header
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.project import Project, edits
from camtrap_gui.project.image_roots import are_clean, clean_path, root_for
from camtrap_gui.project.incoming import LEFT_OUT, Incoming, Said
from camtrap_gui.project.source_names import add_species
from camtrap_gui.remote_pictures import is_any_file, shown
from camtrap_gui.sources.doubts import Doubts
from camtrap_gui.sources.files_on_disk import existing, look

_SAMPLE = 100

_WAITING = 512
"""Pieces of labels that may wait while an index is made: 30 MB."""
_INDEXES = 3
"""Into so many parts labels are divided, so that an index of pictures is made at the beginning of each."""

_Columns = tuple[Sequence[int], Sequence[int], Sequence[int | None], Sequence[int]]


def bring_in(
    project: Project, source: Path, folder: Path | None, files_matter: bool, doubts: Doubts, report: Report
) -> Incoming:
    """Everything that ``source`` says; file names in it start from ``folder``, if None from its own folder.

    Raises Problem when it is no such file, nothing of it can be used or, if ``files_matter``, none of its pictures is
    where it should be.
    """
    report(Progress(0, None, source.name, "Reading"))
    survey = Survey(source)
    folder = existing(folder or source.parent)
    sample = [(str(image.key), image.path) for image in survey.samples()]
    if files_matter:
        _require_some_file(folder, [path for _, path in sample], source)
    incoming = Incoming(project.db, root_for(project.db, folder, sample[:_SAMPLE]), "import", doubts)
    species = _read_categories(survey, incoming, doubts)
    total = survey.count("images") + survey.count("annotations")
    done = 0
    left_out: list[str] = []
    with closing(ahead_of(_judged(batch, folder) for batch in survey.images())) as pictures:
        for found in pictures:
            doubts.extend(found.refused)
            left_out += found.left_out
            incoming.add_images(found.images)
            done += found.count
            report(Progress(done, total, "images", "Importing"))
    incoming.leave_out(left_out)
    incoming.end_images()
    pieces = survey.pieces("annotations")
    with closing(ahead_of(_read_ahead(survey, species, incoming), _WAITING)) as read:
        for number, (piece, plain) in enumerate(zip(pieces, read, strict=True)):
            if number % (1 + len(pieces) // _INDEXES) == 0:
                incoming.index_images()  # while labels are read
            if plain:
                incoming.add_labels(*plain)
            else:
                for batch in survey.annotations(piece):
                    doubts.extend(batch.refused)
                    columns, said = _labels(batch.records, species, incoming, doubts, folder)
                    incoming.add_labels(*columns)
                    incoming.attribute(said)
            done += piece.count
            report(Progress(done, total, "labels", "Importing"))
    doubts.flush()
    if not incoming.met:
        raise Problem(f"{source} has no image that can be used{doubts}.")
    return incoming


def _require_some_file(folder: Path, paths: list[str], source: Path) -> None:
    """Refuse an image folder in which none of a sample of the pictures is: it is the wrong one."""
    clean = (clean_path(path, folder) for path in paths)
    if paths and not is_any_file(folder / path for path in clean if path):
        raise Problem(
            f"None of the pictures of {source} is in {shown(folder)}; {paths[0][:200]!r} was looked for, for example. "
            "Choose the folder that the file names start from (--images)."
        )


def _read_categories(survey: Survey, incoming: Incoming, doubts: Doubts) -> dict[str | int, int]:
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
    ids = add_species(incoming.db, names.values())
    found: dict[str | int, int] = {key: ids[name] for key, name in names.items()}
    return found | {int(key): ids[name] for key, name in names.items() if key.isdecimal() and len(key) < 10}


@dataclass
class _Pictures:
    """Some thousand pictures of the source; ``left_out`` are keys of those that cannot come in, ``count`` is of all."""

    images: list[ImageRecord]
    refused: list[Refused]
    count: int
    left_out: list[str] = field(default_factory=list)


def _judged(batch: Batch[ImageRecord], folder: Path) -> _Pictures:
    """Records as pictures. It runs on the reading thread: no database here."""
    found = _Pictures([], batch.refused, len(batch.records) + len(batch.refused))
    if _are_usual(batch.records):
        found.images = batch.records
        return found
    for image in batch.records:
        if type(image.key) is not str:
            image.key = str(image.key)
        path = clean_path(image.path, folder)
        if path is None:
            found.left_out.append(image.key)
            found.refused.append(
                Refused(f"image {image.key}: {image.path}", "path leads out of the image folder")
            )
            continue
        image.path = path
        if type(image.location) is str:
            image.location = image.location.strip() or None
        if image.sequence is not None:
            image.sequence = str(image.sequence) or None
        if image.frame is None:
            image.frame = image.seq_frame_num
        written = image.taken or image.date_captured
        image.taken = read_time(written) if written else None
        if written and image.taken is None:
            found.refused.append(Refused(f"image {image.key}: {written}", "time cannot be read"))
            image.extra = {**(image.extra or {}), "datetime": written}
        if image.width is None or image.height is None:
            image.width = image.height = None
        found.images.append(image)
    return found


def _are_usual(images: list[ImageRecord]) -> bool:
    """Whether pictures are written as in most surveys, so that nothing is to be said of one of them; then their times are
    read. Asked of thousands at once, it takes a third of the time of judging each.
    """
    locations = {image.location for image in images}
    sequences = [image.sequence for image in images]
    sizes = [image.width for image in images] + [image.height for image in images]
    if (
        {type(image.key) for image in images} != {str}
        or not are_clean([image.path for image in images])
        or any(type(name) is str and (not name or name != name.strip()) for name in locations)
        or not {type(name) for name in sequences} <= {str, type(None)}
        or "" in sequences
        or (None in [image.frame for image in images] and any(image.seq_frame_num for image in images))
        or sizes.count(None) not in (0, len(sizes))
    ):
        return False
    times = read_usual_times([image.taken for image in images])
    if times is None:
        return False
    for image, time in zip(images, times, strict=True):
        image.taken = time
    return True


def _read_ahead(
    survey: Survey, species: dict[str | int, int], incoming: Incoming
) -> Iterator[_Columns | None]:
    """The labels of each piece of the file as columns: 13 bytes each, so that many of them may wait.

    None from the first piece on of which there is more to say. It runs on the reading thread: no database here.
    """
    left = len(survey.pieces("annotations"))
    for batch in survey.annotations():
        plain = (
            None if incoming.left_alone or batch.refused else _plain_labels(batch.records, species, incoming)
        )
        yield plain
        left -= 1
        if plain is None:
            break
    yield from repeat(None, left)


def _labels(
    records: list[AnnotationRecord],
    species: dict[str | int, int],
    incoming: Incoming,
    doubts: Doubts,
    folder: Path,
) -> tuple[_Columns, list[Said]]:
    """Labels as columns, and whose word they are; boxes go into the project on the way."""
    left_alone = incoming.left_alone
    keys = [str(record.image_id) for record in records]
    ids = incoming.ids_of(keys)
    image_ids: list[int] = []
    species_ids: list[int] = []
    counts: list[int | None] = []
    sequence_level: list[int] = []
    said: list[Said] = []
    for record, key, image_id in zip(records, keys, ids, strict=True):
        category = record.category_id
        if not image_id:
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
                incoming.add_box(image_id, species_id, record.box(size), *_drew(record))
            except ValueError as unfit:
                doubts(f"annotation {record.id}: image {key}", str(unfit))
        image_ids.append(image_id)
        species_ids.append(species_id)
        counts.append(record.count)
        sequence_level.append(1 if record.sequence_level_annotation else 0)
        if record.author:
            said.append(_said(record, image_id, species_id))
    return (image_ids, species_ids, counts, sequence_level), said


def _plain_labels(
    records: list[AnnotationRecord], species: dict[str | int, int], incoming: Incoming
) -> _Columns | None:
    """The columns of ``_labels`` in half the time; None where there is more to say of one of the records."""
    said = (
        [one.bbox for one in records],
        [one.bbox_relative for one in records],
        [one.author for one in records],
    )
    if any(column.count(None) < len(records) for column in said):
        return None
    species_ids = [species.get(record.category_id) for record in records]
    ids = incoming.ids_of([str(record.image_id) for record in records])
    if not all(ids) or not all(species_ids):
        return None
    counts: Sequence[int | None] = [record.count for record in records]
    return (
        array("i", cast(list[int], ids)),
        array("i", cast(list[int], species_ids)),
        counts if None in counts else array("q", cast(list[int], counts)),
        array("b", [1 if record.sequence_level_annotation else 0 for record in records]),
    )


def _said(record: AnnotationRecord, image_id: int, species_id: int) -> Said:
    sure = record.confidence if record.confidence is not None and 0 <= record.confidence <= 1 else None
    made = read_moment(record.made) if record.made else None
    return Said(image_id, species_id, edits.person(record.author), made, record.run, sure)


def _drew(record: AnnotationRecord) -> tuple[str, str | None]:
    """Who drew a box, and when if that was said with the species."""
    if record.box_author:
        return record.box_author, None
    if record.author:
        return edits.person(record.author), read_moment(record.made) if record.made else None
    return "import", None


def _size_of(image_id: int, incoming: Incoming, folder: Path) -> tuple[int, int] | None:
    """The size that boxes in pixels refer to: as the source says, else of the file; None where its folder is away."""
    size = incoming.size_of(image_id)
    if size is None:
        [path] = incoming.db.execute("SELECT path FROM images WHERE id = ?", (image_id,)).fetchone()
        try:
            _, header = look(folder, image_id, path)
        except Interrupted:  # that it matters is found out, and said, when the files are checked
            return None
        if isinstance(header, Header):
            size = header.width, header.height
            incoming.set_size(image_id, *size)
    return size
