"""Bring pictures and what is known about them into a project, from a COCO Camera Traps JSON or from folders.

Three phases. The records come in as one transaction: all of them or, when something is wrong with the source or the
program is killed, none. Then the files are looked at (``sources.files_on_disk``), in batches that are kept, so that a killed run
goes on where it stopped. Pictures of a folder are then grouped into sequences by their times. Doing it again brings in
what is new, looks again at files that could not be used, and changes nothing that a person decided.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from camtrap_gui.jobs import Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, images, problems, sequences
from camtrap_gui.project.incoming import Incoming, importing
from camtrap_gui.sources import coco, files_on_disk, folders
from camtrap_gui.sources.doubts import Doubts

STEP = "dataset"
_PREVIEW_CHECKS = 1000
_PREVIEW_ROWS = 10


@dataclass(frozen=True)
class Options:
    """Where pictures and what is known about them come from: a JSON, or a folder."""

    json: Annotated[Path | None, Option("COCO Camera Traps file.")] = None
    images: Annotated[
        Path | None,
        Option(
            "Folder that the file names in the JSON start from. Without it, the folder of the JSON.",
            folder=True,
        ),
    ] = None
    folder: Annotated[Path | None, Option("Folder of pictures, with all folders below it.", folder=True)] = (
        None
    )
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
        doubts = Doubts(project, STEP)
        if options.json is not None:
            incoming = coco.bring_in(
                project, options.json, options.images, not options.skip_check, doubts, report
            )
        else:
            assert options.folder is not None
            incoming = folders.bring_in(project, options.folder, options.folder_rule, doubts, report)
        incoming.finish()
    limit = _PREVIEW_CHECKS if options.preview else None
    if not options.skip_check:
        files_on_disk.check(project, incoming.root_id, report, limit)
    if options.folder is not None:
        sequences.group_by_time(project, incoming.root_id, options.sequence_gap)
    return _result(project, options, incoming)


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
