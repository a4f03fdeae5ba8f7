"""What ``camtrap labels`` answers: results with the text a person reads."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from camtrap_gui.project import edits, queues, taxonomy
from camtrap_gui.project.merging import Conflict, Merged, Side

_SHOWN = 20


@dataclass(frozen=True)
class Exported:
    """A file of decisions that was written."""

    file: Path
    images: int

    def text(self) -> str:
        """One sentence."""
        return f"What was decided about {self.images:,} images is in {self.file}"


@dataclass(frozen=True)
class Imported:
    """What a file of decisions brought, or would bring."""

    file: Path
    preview: bool
    merged: Merged

    def text(self) -> str:
        """Counts, then the conflicts and the images that are not here, the first twenty of each."""
        found = self.merged
        by = f" by {', '.join(sorted(found.authors))}" if found.authors else ""
        lines = [f"{self.file}: decisions about {found.images:,} images{by}"]
        for count, words in (
            (found.taken, "decided here as there now"),
            (found.same, "already decided alike"),
            (found.judged, "detections rejected or confirmed"),
            (found.flagged, "flagged"),
            (len(found.conflicts), "conflicts"),
            (len(found.unmatched), "images that this project does not have"),
            (found.missing, "detections that this project does not have"),
        ):
            if count:
                lines.append(f"{count:>9,}  {words}")
        if found.species:
            lines.append(f"New species: {', '.join(found.species)}")
        for name, target in found.merged_there:
            lines.append(f"“{name}” is part of “{target}” there. Merge them here too, or let it be.")
        lines += _some("Conflicts", [_conflict_line(one) for one in found.conflicts])
        lines += _some("Not in this project", found.unmatched)
        if self.preview:
            lines.append("This was a preview: nothing has changed.")
        elif found.edit_id is None:
            lines.append("Nothing has changed.")
        return "\n".join(lines)


@dataclass(frozen=True)
class History:
    """Edits, newest first."""

    edits: tuple[edits.Edit, ...]

    def text(self) -> str:
        """A table with a line per edit; times are of this computer's zone."""
        if not self.edits:
            return "No decision like that has been made."
        head = ("WHEN", "WHO", "ROWS", "WHAT")
        rows = [
            (_local(one.made), one.author, f"{one.changes:,}", one.note + (" (undone)" if one.undone else ""))
            for one in self.edits
        ]
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(3)]
        return "\n".join(
            f"{when:{widths[0]}}  {who:{widths[1]}}  {count:>{widths[2]}}  {what}"
            for when, who, count, what in (head, *rows)
        )


@dataclass(frozen=True)
class Replayed:
    """Edits that were taken back or made again, in that order."""

    verb: str
    edits: tuple[edits.Edit, ...]

    def text(self) -> str:
        """A line per edit."""
        if not self.edits:
            return f"There is nothing to {self.verb.lower()}."
        done = {"Undo": "Undone", "Redo": "Done again"}[self.verb]
        return "\n".join(f"{done}: {one.note} ({one.author}, {_local(one.made)})" for one in self.edits)


@dataclass(frozen=True)
class Listing:
    """The first images of a queue and how many there are in all."""

    queue: str
    images: int
    lines: tuple[queues.Line, ...]

    def text(self) -> str:
        """A line per image: path, what accepting would say, how sure that is; then the count."""
        rows = [
            (line.path, line.species or "-", "" if line.confidence is None else f"{line.confidence:.2f}")
            for line in self.lines
        ]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
        lines = [f"{path:{widths[0]}}  {names:{widths[1]}}  {sure}".rstrip() for path, names, sure in rows]
        return "\n".join([*lines, f"{len(rows):,} of {self.images:,} images of the queue {self.queue}"])


@dataclass(frozen=True)
class Labelled:
    """Images that were given labels."""

    images: int
    said: str

    def text(self) -> str:
        """One sentence."""
        return f"{self.images:,} image{'' if self.images == 1 else 's'}: {self.said}"


@dataclass(frozen=True)
class Accepted:
    """Pictures of each species that a run is sure of, and whether they were only counted."""

    run: str
    preview: bool
    species: dict[str, int]

    def text(self) -> str:
        """The species with their pictures, and how to take it back."""
        if not self.species:
            return f"Run {self.run} is sure of none of the pictures that nobody has said anything of."
        width = max(map(len, self.species))
        lines = [f"  {name:<{width}} {count:>9,}" for name, count in self.species.items()]
        end = "Nothing was changed." if self.preview else "To take it back: camtrap labels undo"
        return "\n".join([f"Run {self.run} is sure of these pictures:", *lines, end])


def _conflict_line(one: Conflict) -> str:
    return f"{one.path}: here {_side(one.here)}; there {_side(one.there)} ({one.outcome})"


def _side(side: Side) -> str:
    who = ", ".join((*side.authors, *([_local(side.when)] if side.when else [])))
    return side.said + (f" [{who}]" if who else "")


def _some(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    more = [f"  and {len(lines) - _SHOWN:,} more (--table FILE.csv has all)"] if len(lines) > _SHOWN else []
    return [f"{title}:", *(f"  {line}" for line in lines[:_SHOWN]), *more]


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True)
class Placed:
    """What is known of where species stand in the system of animals."""

    learnt: taxonomy.Learnt

    def text(self) -> str:
        """A line for each species, then those of which nothing is known."""
        lines = [
            f"{name}: {taxonomy.scientific_name(place)} ({', '.join(place)})"
            for name, place in self.learnt.known.items()
        ]
        if self.learnt.unknown:
            lines.append(f"Not known: {', '.join(self.learnt.unknown)}")
        return "\n".join(lines) or "The project has no species yet."
