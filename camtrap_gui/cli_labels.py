"""``camtrap labels``: what people decided: exchanged with others, looked up, undone, and said from the command line."""

import dataclasses
import difflib
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter

from camtrap_gui.cli_labels_results import (
    Accepted,
    Exported,
    History,
    Imported,
    Labelled,
    Listing,
    Placed,
    Replayed,
)
from camtrap_gui.formats import decisions as decisions_file
from camtrap_gui.formats import tables, taxonomy_table
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, browse, decided, decisions, edits, merging, queues, runs, sure
from camtrap_gui.project import species as species_list
from camtrap_gui.project import taxonomy as places
from camtrap_gui.project.merging import POLICIES, Merged, Policy, Side
from camtrap_gui.project.not_animals import NOT_ANIMALS

_QUEUES = ", ".join(kind.name + (":NAME" if kind.needs else "") for kind in queues.KINDS)
_Folder = Annotated[Path, Parameter(help="Project folder.")]
_Author = Annotated[
    str, Parameter(help="Who says so; the user of this computer otherwise.", show_default=False)
]


def add_commands(commands: cyclopts.App, report: Report) -> None:
    """Give ``camtrap labels`` its subcommands, speaking through ``report``."""
    _add_exchange(commands, report)
    _add_history(commands)
    _add_taxonomy(commands)

    @commands.command(sort_key=5)
    def queue(
        project: _Folder,
        name: Annotated[str, Parameter(help=f"One of {_QUEUES}.")],
        /,
        *,
        limit: Annotated[int, Parameter(help="At most so many.")] = 20,
        reviewed: Annotated[bool, Parameter(help="Also what somebody has decided about.")] = False,
        seed: Annotated[int, Parameter(help="Start of the random order.")] = 0,
    ) -> Listing:
        """List the images to look at first, with what accepting them would say."""
        chosen = dataclasses.replace(queues.parse(name), only_unreviewed=not reviewed)
        with Project.open(project) as opened:
            wanted = queues.ids(opened, chosen, seed)
            return Listing(name, len(wanted), tuple(queues.lines(opened, wanted[: max(limit, 0)])))

    @commands.command(name="set", sort_key=6)
    def set_(
        project: _Folder,
        /,
        *images: Annotated[str, Parameter(help="Their paths below the folder of pictures, or their keys.")],
        species: Annotated[tuple[str, ...], Parameter(help="What is on them; “empty” if nothing is.")],
        count: Annotated[int | None, Parameter(help="How many, if it is one species.")] = None,
        sequence: Annotated[bool, Parameter(help="Say it of all images of their sequences.")] = False,
        new: Annotated[bool, Parameter(help="Make species that are not there yet.")] = False,
        author: _Author = "",
    ) -> Labelled:
        """Say what is on images, in place of what was said before."""
        if not images:
            raise Problem("Name an image, such as B04/IMG_0007.JPG.")
        if count is not None and (len(species) != 1 or count < 1):
            raise Problem("A count goes with one species and is at least 1.")
        said = [decisions.Said(name, count) for name in species]
        with Project.open(project) as opened:
            if not new:
                _require_known(opened, species)
            wanted = [_image(opened, name) for name in images]
            if sequence:
                wanted = decisions.of_sequences(opened, wanted)
            decisions.label(opened, wanted, said, author or None)
        return Labelled(len(set(wanted)), ", ".join(species) + (f", {count} each" if count else ""))

    @commands.command(sort_key=8)
    def accept(
        project: _Folder,
        /,
        *,
        run: Annotated[str, Parameter(help="Whose word is taken; the current run's otherwise.")] = "",
        preview: Annotated[bool, Parameter(help="Only say how many there are.")] = False,
        author: _Author = "",
    ) -> Accepted:
        """Accept what a classifier is sure of, without a look, as one step that can be undone.

        How sure is sure enough, “camtrap evaluate --precision” says. No training learns from these labels.
        """
        with Project.open(project) as opened:
            chosen = runs.choose(opened, run)
            species = sure.count(opened, chosen)
            if not preview:
                sure.accept(opened, chosen, author or None)
        return Accepted(chosen.id, preview, species)


def _require_known(project: Project, wanted: tuple[str, ...]) -> None:
    """Names mistyped on a command line must not become species."""
    for name in wanted:
        if not (NOT_ANIMALS & {name.strip().casefold()} or species_list.resolve(project, name)):
            others = [other for known in species_list.all_of_names(project) for other in known]
            near = difflib.get_close_matches(name, others, 3, 0.5)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise Problem(f"There is no species “{name}”.{hint} To make it: --new")


def _add_exchange(commands: cyclopts.App, report: Report) -> None:
    @commands.command(sort_key=0)
    def export(
        project: _Folder,
        file: Annotated[Path, Parameter(help="The JSON file to write.")],
        /,
        *,
        since: Annotated[
            datetime | None, Parameter(help="Only images decided about from then on, such as 2024-05-01.")
        ] = None,
        author: Annotated[
            str, Parameter(help="Only images that this person said something of.", show_default=False)
        ] = "",
    ) -> Exported:
        """Write what people decided to a file that another copy of this survey can import."""
        moment = None if since is None else since.astimezone(UTC)
        with Project.open(project) as opened:
            about = decisions_file.About(opened.name, datetime.now(UTC), moment, author)
            pages = _reported(decided.walk(opened, moment, author), report)
            count = decisions_file.write(file, about, decided.class_list(opened), pages)
        return Exported(file, count)

    @commands.command(name="import", sort_key=1)
    def import_(
        project: _Folder,
        file: Annotated[Path, Parameter(help="A file made by “camtrap labels export”.")],
        /,
        *,
        on_conflict: Annotated[
            Policy,
            Parameter(
                help="Where both decided, differently: "
                + "; ".join(f"{name}: {words}" for name, words in POLICIES.items())
                + "."
            ),
        ] = "list",
        preview: Annotated[bool, Parameter(help="Only say what would change.")] = False,
        table: Annotated[
            Path | None,
            Parameter(help="CSV file for all conflicts and all images that this project does not have."),
        ] = None,
        author: _Author = "",
    ) -> Imported:
        """Merge what others decided about this survey into this project, as one step that can be undone."""
        there = decisions_file.DecisionsFile(file)
        with Project.open(project) as opened:
            merged = merging.merge(
                opened,
                there.species,
                there.images(),
                policy=on_conflict,
                note=f"Merge decisions from {file.name}",
                author=author or None,
                preview=preview,
                seen=lambda count: report(Progress(count, there.count, phase="Comparing")),
            )
        if table is not None:
            _write_table(table, merged)
        return Imported(file, preview, merged)


def _add_history(commands: cyclopts.App) -> None:
    @commands.command(sort_key=2)
    def history(
        project: _Folder,
        /,
        *,
        words: Annotated[
            str, Parameter(help="Only decisions with these words in them.", show_default=False)
        ] = "",
        author: Annotated[str, Parameter(help="Only decisions of this person.", show_default=False)] = "",
        limit: Annotated[int, Parameter(help="At most so many, newest first.")] = 50,
    ) -> History:
        """List what was decided, when and by whom."""
        with Project.open(project) as opened:
            return History(tuple(edits.history(opened, None, max(limit, 0), words, author)))

    steps = Annotated[int, Parameter(help="How many decisions.")]

    @commands.command(sort_key=3)
    def undo(project: _Folder, /, *, steps: steps = 1) -> Replayed:
        """Take back the newest decisions."""
        return _replay("Undo", project, edits.undo, steps)

    @commands.command(sort_key=4)
    def redo(project: _Folder, /, *, steps: steps = 1) -> Replayed:
        """Make decisions again that were taken back."""
        return _replay("Redo", project, edits.redo, steps)


def _add_taxonomy(commands: cyclopts.App) -> None:
    @commands.command(sort_key=7)
    def taxonomy(
        project: _Folder,
        table: Annotated[
            Path | None,
            Parameter(
                help="CSV with a column “name” and columns “class”, “order”, “family”, “genus”, “species”, or a class list of"
                " SpeciesNet, to learn from."
            ),
        ] = None,
        /,
    ) -> Placed:
        """Say where species stand in the system of animals, or list what is known."""
        lineages = taxonomy_table.read(table) if table is not None else {}
        with Project.open(project) as opened:
            return Placed(places.learn(opened, lineages) if lineages else places.of_project(opened))


def _replay(verb: str, folder: Path, once: Callable[[Project], edits.Edit | None], steps: int) -> Replayed:
    with Project.open(folder) as project:
        return Replayed(verb, tuple(islice(iter(lambda: once(project), None), max(steps, 0))))


def _reported(pages: Any, report: Report) -> Any:
    count = 0
    for page in pages:
        count += len(page)
        yield page
        report(Progress(count, phase="Writing"))


def _image(project: Project, name: str) -> int:
    found = browse.called(project, name)
    if len(found) != 1:
        how = "more than one image" if found else "no image"
        raise Problem(f"The project has {how} called “{name}”. Write its path as the project shows it.")
    return found[0]


def _write_table(path: Path, merged: Merged) -> None:
    head = ("image", "what", "here", "here by", "here at", "there", "there by", "there at")

    def cells(side: Side) -> tuple[str, str, str]:
        return side.said, ", ".join(side.authors), "" if side.when is None else side.when.isoformat()

    with tables.writing(path, head) as add:
        for one in merged.conflicts:
            add((one.path, f"conflict, {one.outcome}", *cells(one.here), *cells(one.there)))
        for name in merged.unmatched:
            add((name, "not in this project", *([""] * 6)))
