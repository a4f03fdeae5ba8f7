"""Bring pictures and what is known about them into a project, from a COCO Camera Traps JSON, a Camtrap DP, a table or
folders.

Three phases. The records come in as one transaction: all of them or, when something is wrong with the source or the
program is killed, none. Then the files are looked at (``sources.files_on_disk``), in batches that are kept, so that a killed run
goes on where it stopped. Pictures of a folder are then grouped into sequences by their times. Doing it again brings in
what is new, looks again at files that could not be used, and changes nothing that a person decided.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from camtrap_gui.formats.label_tables import LabelTable
from camtrap_gui.formats.picture_folder import FolderRule
from camtrap_gui.jobs import Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, browse, images, problems, sequences
from camtrap_gui.project.importing import importing
from camtrap_gui.project.incoming import Incoming
from camtrap_gui.remote_pictures import is_elsewhere, shown
from camtrap_gui.sources import camtrap_dp, coco, files_on_disk, folders, label_table
from camtrap_gui.sources.doubts import Doubts

if TYPE_CHECKING:
    from camtrap_gui.sources.lila import Here

STEP = "dataset"
_PREVIEW_CHECKS = 1000
_PREVIEW_ROWS = 10


@dataclass(frozen=True)
class Options:
    """Where pictures and what is known about them come from: a JSON, a Camtrap DP, a table, or a folder."""

    json: Annotated[Path | None, Option("COCO Camera Traps file.")] = None
    images: Annotated[
        Path | None,
        Option(
            "Folder that the file names in the JSON, the Camtrap DP or the table start from, or an address (https://, s3://, gs://,"
            " az://); without it, the folder it lies in. For LILA, the folder to download into.",
            folder=True,
        ),
    ] = None
    folder: Annotated[
        Path | None,
        Option(
            "Folder of pictures, with all folders below it, or an address in a cloud (s3://, gs://, az://).",
            folder=True,
        ),
    ] = None
    camtrap_dp: Annotated[
        Path | None, Option("Camtrap DP: its folder, its datapackage.json, or a zip file.")
    ] = None
    csv: Annotated[
        Path | None,
        Option(
            "Table with a row for each picture and species: from a spreadsheet saved as CSV, Timelapse, camtrapR, or one of"
            " one's own."
        ),
    ] = None
    csv_columns: Annotated[
        tuple[str, ...],
        Option(
            "What columns of the table are called where they are not recognised, for example file=Photo,species=Art; also"
            " folder, location, time, date, sequence, frame, count."
        ),
    ] = ()
    folder_rule: Annotated[
        str,
        Option(
            "What the folders below --folder are called after, from the outside in, for example "
            "{location}/{species} or */{species}. Without it as the last time, at first: the first folder is the location "
            "if there are several. For a table without locations, it tells them."
        ),
    ] = ""
    sequence_gap: Annotated[
        float,
        Option(
            "Longest pause between two pictures of one sequence, for pictures from a folder, or a table without sequences.",
            low=0,
            high=86_400,
            unit="s",
        ),
    ] = 60.0
    skip_check: Annotated[
        bool, Option("Do not look at the picture files now. The next import without it does.")
    ] = False
    lila: Annotated[
        str,
        Option(
            "Data set of LILA (lila.science), such as snapshot-serengeti. What is chosen of it is downloaded into --images."
        ),
    ] = ""
    lila_seasons: Annotated[tuple[str, ...], Option("Of the LILA data set, only these seasons.")] = ()
    lila_species: Annotated[tuple[str, ...], Option("Of the LILA data set, only these species.")] = ()
    lila_locations: Annotated[tuple[str, ...], Option("Of the LILA data set, only these locations.")] = ()
    lila_sample: Annotated[
        int, Option("Of these pictures of LILA, only so many, chosen at random.", low=0, lowest="all")
    ] = 0
    lila_seed: Annotated[int, Option("Another number chooses other pictures of LILA.", advanced=True)] = 0
    lila_cloud: Annotated[
        str,
        Option(
            "Which of LILA's clouds to ask first; the others follow.",
            choices=("gcp", "aws", "azure"),
            advanced=True,
        ),
    ] = "gcp"
    lila_results: Annotated[
        bool, Option("Bring in the results of MegaDetector that LILA has for the data set, too.")
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
    ``examples``: a few names for each of these reasons. ``unchecked``: pictures whose file was not looked at.
    ``elsewhere``: the address where they are, if they have one.
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
    examples: dict[str, tuple[str, ...]] = field(default_factory=dict)
    preview: tuple[Pictured, ...] = ()
    lila: "Here | None" = None
    detected: int = 0
    elsewhere: str = ""

    def text(self) -> str:
        """What a person wants to know after an import."""
        lines = [self.lila.text()] if self.lila else []
        lines += [
            f"{self.source}: {_many(self.described, 'picture')}, {self.new:,} new, {self.changed:,} changed.",
            f"{'The project would have' if self.preview else 'The project has'} {_many(self.images, 'picture')} "
            f"at {_many(self.locations, 'location')} in {_many(self.sequences, 'sequence')}, "
            f"{self.species:,} species, {_many(self.labels, 'label')}, {_many(self.boxes, 'box', 'boxes')}.",
        ]
        if self.first and self.last:
            lines.append(f"Taken from {self.first.replace('T', ' ')} to {self.last.replace('T', ' ')}.")
        if self.images and not self.locations:
            lines.append(
                "No location is known, so crops cannot be split by camera. Folders called after cameras can tell it: "
                "--folder-rule {location}, or {location}/{species}."
            )
        lines += self._listed("Cannot be used", self.unusable)
        lines += self._listed("Passed over", self.passed_over)
        if self.unchecked:
            lines.append(f"Not looked at: the files of {_many(self.unchecked, 'picture')}.")
        if self.elsewhere:
            lines.append(
                f"The pictures stay at {self.elsewhere} and are fetched when they are needed; camtrap copies show says how"
                " much room copies of them take."
            )
        if self.detected:
            lines.append(f"Results of MegaDetector came in for {_many(self.detected, 'picture')}.")
        lines += [_line(picture) for picture in self.preview]
        if self.preview:
            lines.append("This was a preview: nothing was changed.")
        return "\n".join(lines)

    def _listed(self, what: str, counts: dict[str, int]) -> list[str]:
        """How often each reason occurred, with a few names behind it."""
        lines = [f"{what}:"] if counts else []
        for reason, number in counts.items():
            names = self.examples.get(reason, ())
            more = ("…",) if number > len(names) else ()
            lines.append(_printable(f"  {reason} {number:,}: {', '.join((*names, *more))}"))
        return lines


class _Preview(Exception):
    """Takes everything back, once it was looked at."""

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result


def run(project: Project, options: Options, report: Report) -> Result:
    """Import, check, group. Raises Problem when there is nothing to import or it is not what it should be."""
    given = (options.json, options.folder, options.camtrap_dp, options.csv, options.lila or None)
    if sum(source is not None for source in given) != 1:
        raise Problem(
            "Say where the pictures come from: --json FILE, --camtrap-dp FILE or --csv FILE (with --images DIR), "
            "--folder DIR, or --lila NAME --images DIR."
        )
    if options.lila:
        return _from_lila(project, options, report)
    return _run(project, options, report)


def _run(project: Project, options: Options, report: Report) -> Result:
    if not options.preview:
        return _import(project, options, report)
    try:
        with project.write():
            raise _Preview(_import(project, options, report))
    except _Preview as preview:
        return preview.result


def _from_lila(project: Project, options: Options, report: Report) -> Result:
    """Have the pictures and their JSON in a folder, then go on as with any JSON. A preview downloads no picture."""
    from camtrap_gui.sources import lila

    if options.images is None:
        raise Problem("Say into which folder the pictures of LILA are to be downloaded: --images DIR.")
    if is_elsewhere(options.images):
        raise Problem("Pictures of LILA can only be downloaded into a folder of this computer: --images DIR.")
    choice = lila.Choice(
        options.lila_seasons,
        options.lila_species,
        options.lila_locations,
        options.lila_sample,
        options.lila_seed,
    )
    here = lila.prepare(
        options.lila,
        options.images,
        choice,
        options.lila_cloud,
        options.lila_results,
        not options.preview,
        report,
    )
    unchecked = options.skip_check or options.preview
    result = _run(project, replace(options, lila="", json=here.source, skip_check=unchecked), report)
    detected = lila.bring_in_results(project, here, report) if here.results else 0
    return replace(result, source=here.name, lila=here, detected=detected)


def _import(project: Project, options: Options, report: Report) -> Result:
    with importing(project):
        problems.clear(project, STEP)
        doubts = Doubts(project, STEP)
        if options.json is not None:
            incoming = coco.bring_in(
                project, options.json, options.images, not options.skip_check, doubts, report
            )
        elif options.camtrap_dp is not None:
            incoming = camtrap_dp.bring_in(
                project, options.camtrap_dp, options.images, not options.skip_check, doubts, report
            )
        elif options.csv is not None:
            table = LabelTable(options.csv, options.csv_columns)
            rule = FolderRule(options.folder_rule)
            incoming = label_table.bring_in(
                project, table, options.images, rule, not options.skip_check, doubts, report
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
    if options.csv is not None:
        sequences.group_by_time(project, incoming.root_id, options.sequence_gap, label_table.TIMED)
    return _result(project, options, incoming)


def _result(project: Project, options: Options, incoming: Incoming) -> Result:
    def count(query: str) -> int:
        return int(project.db.execute(f"SELECT count(*) FROM {query}").fetchone()[0])

    first, last = browse.span(project)
    unusable, passed_over = problems.counts_of_images(project), problems.counts(project, STEP)
    return Result(
        source=(options.json or options.camtrap_dp or options.csv or options.folder or Path()).name,
        described=incoming.met,
        new=incoming.new,
        changed=incoming.changed,
        images=count("images"),
        locations=count("locations"),
        sequences=count("sequences"),
        species=count("species"),
        labels=count("labels"),
        boxes=count("boxes"),
        first=first or None,
        last=last or None,
        unchecked=count("images WHERE checked = 0"),
        unusable=unusable,
        passed_over=passed_over,
        examples={kind: problems.examples(project, STEP, kind) for kind in passed_over}
        | {kind: problems.examples_of_images(project, kind) for kind in unusable},
        preview=tuple(_pictured(project, incoming.root_id)) if options.preview else (),
        elsewhere=shown(place) if (place := options.folder or options.images) and is_elsewhere(place) else "",
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


def _line(picture: Pictured) -> str:
    parts = [picture.path, picture.location or "no location", (picture.taken or "no time").replace("T", " ")]
    parts.append(", ".join(picture.species) or "no species")
    parts += [picture.problem] if picture.problem else []
    return _printable("  " + " · ".join(parts))


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in line)
