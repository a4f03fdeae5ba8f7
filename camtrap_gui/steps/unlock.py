"""Work on a project again that a computer had open when it crashed.

Watches for a minute whether that computer gives a sign of life, and takes the project over if it does not.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import CONFIG, holding, unlocking
from camtrap_gui.project.holding import Mark


@dataclass(frozen=True)
class Options:
    folder: Annotated[Path, Option("Project folder.", positional=True)]


@dataclass(frozen=True)
class Result:
    """The ``computer`` that the ``project`` was taken over from, '' where none had it open."""

    project: Path
    computer: str

    def text(self) -> str:
        if not self.computer:
            return f"No other computer has the project {self.project} open. It can be worked on."
        return (
            f"The project {self.project} was taken over from the computer {self.computer} and can be worked on. All that was"
            " known there is kept; a job that was cut off goes on when it is started again."
        )


def run(_: object, options: Options, report: Report) -> Result:
    """Raises Problem where the computer that has the project open gives a sign of life."""
    folder = options.folder.resolve()
    if not (folder / CONFIG).is_file():
        raise Problem(f"{folder} is not a project: it has no {CONFIG}. Give the folder of one.")
    whole = round(holding.DEAD_AFTER_S)

    def look(mark: Mark, silent: float) -> None:
        report(Progress(int(silent), whole, f"of {mark.computer}", "Waiting for a sign of life"))

    dead = unlocking.watch(folder, look)
    if dead is not None:
        report(Progress(0, None, "checking what is known", "Taking over"))
        unlocking.take_over(folder, dead)
    return Result(folder, dead.computer if dead is not None else "")
