"""Bring in what a detector found elsewhere: a MegaDetector results file, of any version, of this or another program.

Afterwards the project is as if the detector had worked on it. Files are matched to images by name; ``--preview`` shows
what fits and what does not. Several files of one detector add up. A run that was stopped or killed is taken up again by
the same command.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from camtrap_gui.jobs import Report
from camtrap_gui.options import Option
from camtrap_gui.project import Project, problems

STEP = "results"


@dataclass(frozen=True)
class Options:
    file: Annotated[Path, Option("MegaDetector results (.json).", positional=True)]
    images: Annotated[
        Path | None,
        Option("Folder that the names in the file start from. Without it, it is found out.", folder=True),
    ] = None
    name: Annotated[
        str,
        Option(
            "What to call the detector, instead of what the file says. Another name is another detector, so results"
            " that are there already can be brought in anew."
        ),
    ] = ""
    lowest: Annotated[
        float | None,
        Option(
            "Least confidence of detections that are kept. Without it as the file says, else as is usual for the"
            " detector.",
            low=0,
            high=1,
            advanced=True,
        ),
    ] = None
    preview: Annotated[bool, Option("Say what would come in, and change nothing.")] = False


@dataclass(frozen=True)
class Result:
    """What came in, or would.

    ``entries`` images are in the file; ``matched`` of them are in the project, ``known`` of these had results of this
    detector before, which stay. ``without`` images of the project are not in the file. ``images_with`` counts matched
    images by category, ``detections`` those kept down to the confidence ``lowest``, ``rejected`` ones among them.
    ``ways`` say how names became paths; ``examples`` are names by what is the matter with them.
    """

    source: str
    detector: str
    threshold: float
    lowest: float
    entries: int
    matched: int
    new: int
    known: int
    without: int
    failures: int
    detections: int
    rejected: int
    suggestions: int
    preview: bool
    images_with: dict[str, int] = field(default_factory=dict)
    passed_over: dict[str, int] = field(default_factory=dict)
    ways: tuple[str, ...] = ()
    examples: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def text(self) -> str:
        """What a person wants to know before or after."""
        lines = [
            f"{self.source}: results of {self.detector} for {_many(self.entries, 'image')},"
            f" {self.matched:,} of them in the project, {self.new:,} new."
        ]
        lines += [f"Names: {way}." for way in self.ways]
        found = ", ".join(f"{count:,} with {category}" for category, count in self.images_with.items())
        lines.append(f"Images from a confidence of {self.threshold:g} on: {found or 'none with anything'}.")
        lines.append(f"{_many(self.detections, 'detection')} down to a confidence of {self.lowest:g}.")
        if self.rejected:
            lines.append(f"Marked as nothing, so rejected: {_many(self.rejected, 'detection')}.")
        if self.suggestions:
            lines.append(
                f"With a classifier's word, as a suggestion: {_many(self.suggestions, 'detection')}."
            )
        if self.failures:
            lines.append(f"Could not be read there: {_many(self.failures, 'image')}.")
        if self.known:
            lines.append(
                f"Had results of {self.detector} before, which stay: {_many(self.known, 'image')}. To have the new ones,"
                " bring them in under another name: --name."
            )
        if self.without:
            lines.append(f"Not in the file: {_many(self.without, 'image')} of the project.")
        lines += [f"Passed over: {reason} {count:,}." for reason, count in self.passed_over.items()]
        if self.preview:
            for kind, names in self.examples.items():
                lines += [f"{kind}, for example:", *(f"  {_printable(name)}" for name in names)]
            lines.append("This was a preview: nothing was changed.")
        return "\n".join(lines)


def run(project: Project, options: Options, report: Report) -> Result:
    """Look through the file, then keep what it says. Raises Problem, and has changed nothing, when that cannot be."""
    from camtrap_gui.formats.megadetector_reading import ResultsFile
    from camtrap_gui.sources import results
    from camtrap_gui.sources.doubts import Doubts

    file = ResultsFile(options.file)
    looked = results.look(project, file, options.images, options.name, options.lowest, report)
    new, suggested = looked.matched - looked.known, looked.classified
    if not options.preview:
        problems.clear(project, STEP)
        added = results.bring_in(project, file, looked, Doubts(project, STEP), report)
        new, suggested = added.images, added.suggestions
    return Result(
        source=options.file.name,
        detector=looked.detector.name,
        threshold=looked.detector.typical_threshold,
        lowest=looked.detector.conservative_threshold,
        entries=looked.entries,
        matched=looked.matched,
        new=new,
        known=looked.known,
        without=looked.without,
        failures=looked.failures,
        detections=looked.detections,
        rejected=looked.rejected,
        suggestions=suggested,
        preview=options.preview,
        images_with=dict(looked.images_with.most_common()),
        passed_over=dict(looked.refused.most_common()),
        ways=tuple(text for way in looked.ways if (text := way.text())),
        examples={kind: tuple(names) for kind, names in looked.examples.items()},
    )


def _many(number: int, one: str) -> str:
    return f"{number:,} {one}{'s' * (number != 1)}"


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)
