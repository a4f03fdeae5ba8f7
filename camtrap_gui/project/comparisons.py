"""What comparisons of two runs have found: results of the compare step, as plain data, from the history of jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from camtrap_gui.project import Project, history, runs
from camtrap_gui.project.runs import Run


@dataclass(frozen=True)
class Compared:
    """The ``result`` of a comparison, and when it was made (UTC)."""

    made: datetime
    result: Mapping[str, Any]


def of_runs(project: Project, one: Run, other: Run) -> Compared | None:
    """The newest comparison of two runs with each other, whichever was the candidate; None when there is none."""
    for job in history.done(project, "compare"):
        if (
            job.result
            and job.finished
            and {job.result["current"], job.result["candidate"]} == {one.id, other.id}
        ):
            return Compared(job.finished, job.result)
    return None


def roles(project: Project, one: Run, other: Run) -> tuple[Run, Run]:
    """Two runs as (current, candidate): the younger is the candidate, unless a person has chosen it to be used."""
    chosen = runs.current(project)
    older, younger = sorted((one, other), key=lambda run: run.started)
    return (younger, older) if chosen.promoted and chosen.id == younger.id else (older, younger)


def undecided(project: Project) -> Mapping[str, Any] | None:
    """The result of the newest comparison of the current run with a younger one, if no run was promoted since."""
    known = {run.id: run for run in runs.all_of(project) if run.has_model}
    promoted = [run.promoted for run in known.values() if run.promoted]
    for job in history.done(project, "compare"):
        if job.finished is None or not job.result or any(when > job.finished for when in promoted):
            return None
        current, candidate = known.get(job.result["current"]), known.get(job.result["candidate"])
        if (
            current is not None
            and candidate is not None
            and candidate.started > current.started
            and current == runs.current(project)
        ):
            return job.result
    return None
