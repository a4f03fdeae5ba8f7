"""Find what does not move: boxes that a detector draws at the same place of the same camera again and again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections
from camtrap_gui.project.static_rules import Rules

if TYPE_CHECKING:
    from camtrap_gui.project.static_objects import Place


@dataclass(frozen=True)
class Options:
    occurrences: Annotated[
        int,
        Option(
            "How often a box must be at a place, a burst counting once. For a small survey start with 5.",
            low=2,
            high=100_000,
        ),
    ] = Rules.occurrences
    days: Annotated[
        int,
        Option(
            "On how many different days; an animal that sleeps there through a night is there on two.",
            low=1,
            high=10_000,
            unit="days",
        ),
    ] = Rules.days
    iou: Annotated[
        float, Option("How much boxes must agree: area they share over area they cover.", low=0.3, high=1.0)
    ] = Rules.iou
    every_picture: Annotated[
        bool, Option("Count every picture of a burst, not each burst once.", advanced=True)
    ] = False
    low: Annotated[
        float, Option("Leave out detections of less confidence.", low=0.0, high=1.0, advanced=True)
    ] = Rules.low
    high: Annotated[
        float, Option("Leave out detections of more confidence.", low=0.0, high=1.0, advanced=True)
    ] = Rules.high
    largest: Annotated[
        float,
        Option("Leave out boxes that cover more of the picture.", low=0.001, high=1.0, advanced=True),
    ] = Rules.largest
    top: Annotated[int, Option("How many places to list; 0 lists all.", low=0, lowest="All")] = 30
    reject: Annotated[
        bool,
        Option(
            "Say of all places found that nothing is there. One edit: camtrap labels undo takes it back."
            " Look at them in the window first if you can."
        ),
    ] = False


@dataclass(frozen=True)
class Found:
    """A place in figures: how often and on how many days (0 unknown) it was seen, with how many boxes to decide about."""

    location: str
    category: str
    box: tuple[float, float, float, float]
    occurrences: int
    days: int
    boxes: int
    first: str
    last: str
    confidence: float


@dataclass(frozen=True)
class Result:
    """The places found, those with the most boxes first, how many of them to list, and whether they were rejected."""

    places: tuple[Found, ...]
    listed: int
    rejected: bool

    def text(self) -> str:
        """A table of places, and what to do about them."""
        if not self.places:
            return "Nothing repeats at the same place. Fewer --occurrences or --days find more."
        header = ("Location", "Category", "Times", "Days", "Boxes", "From", "To", "Confidence")
        lines = _table([header, *map(_row, self.places[: self.listed])])
        if more := len(self.places) - self.listed:
            lines.append(f"… and {more:,} more.")
        boxes = sum(place.boxes for place in self.places)
        found = f"{_many(len(self.places), 'place')} with {_many(boxes, 'detection')} in all"
        lines += ["", f"{found}: rejected. Undo with: camtrap labels undo." if self.rejected else f"{found}."]
        if not self.rejected:
            lines.append("Look at them in the window, or say of all that nothing is there: --reject.")
        return "\n".join(lines)


def run(project: Project, options: Options, report: Report) -> Result:
    """Find the places, and reject them if asked to. Raises Problem when no detector has looked at the pictures."""
    from camtrap_gui.project import static_objects

    if detections.latest_detector(project) is None:
        raise Problem("No detector has looked at the pictures yet. Find the animals first: camtrap detect.")
    rules = Rules(
        iou=options.iou,
        occurrences=options.occurrences,
        days=options.days,
        low=options.low,
        high=options.high,
        largest=options.largest,
        bursts_once=not options.every_picture,
    )
    places = static_objects.find(
        project, rules, lambda done, total: report(Progress(done, total, phase="Comparing boxes"))
    )
    if options.reject and places:
        static_objects.reject(project, places)
    listed = min(options.top or len(places), len(places))
    return Result(tuple(map(_found, places)), listed, options.reject and bool(places))


def _found(place: "Place") -> Found:
    return Found(
        place.location,
        place.category,
        place.box,
        place.occurrences,
        place.days,
        len(place.detection_ids),
        place.first,
        place.last,
        place.confidence,
    )


def _row(place: Found) -> tuple[str, ...]:
    return (
        place.location,
        place.category,
        f"{place.occurrences:,}",
        f"{place.days:,}" if place.days else "?",
        f"{place.boxes:,}",
        place.first[:10] or "?",
        place.last[:10] or "?",
        f"{place.confidence:.2f}",
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of words to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
