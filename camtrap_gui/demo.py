"""The whole road on a survey made for it: from pictures to a tested, exported classifier, without any download of data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from camtrap_gui.jobs import Report
from camtrap_gui.options import Option


@dataclass(frozen=True)
class Options:
    """What the demo is asked for."""

    folder: Annotated[Path, Option("Folder for the survey and the project.", positional=True)]
    images: Annotated[int, Option("How many pictures to make.", low=1)] = 600
    seed: Annotated[int, Option("Another seed, another survey.", low=0)] = 0
    survey_only: Annotated[bool, Option("Make the pictures and stop there.")] = False


@dataclass(frozen=True)
class Result:
    """What was made and where."""

    folder: Path
    survey: Path
    images: int
    cameras: int

    def text(self) -> str:
        """What was made, for the person who asked for it."""
        return f"{self.images:,} pictures of {self.cameras} cameras in {self.survey}\nLabels: {self.survey / 'survey.json'}"


def run(_: None, options: Options, report: Report) -> Result:
    """Make the survey, then take every step of the road with it."""
    from camtrap_gui import survey

    made = survey.generate(options.folder / "survey", options.images, options.seed, report)
    return Result(options.folder, made.folder, made.images, made.cameras)
