"""When each step last ran, with what options, and how it ended."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from camtrap_gui import files
from camtrap_gui.project import Project, at_work


@dataclass(frozen=True)
class PastJob:
    """One row of the job history; times are UTC, ``finished`` is None while it runs or when it was cut off.

    ``process`` does it, as in ``at_work``; None for jobs that need no lock.
    """

    step: str
    state: str
    started: datetime
    finished: datetime | None
    options: Mapping[str, Any]
    result: Mapping[str, Any] | None
    process: str | None = None


def last_done(project: Project) -> dict[str, PastJob]:
    """For every step that ever finished, its newest finished job."""
    return _newest(project, "WHERE state = 'done'")


def last_started(project: Project) -> dict[str, PastJob]:
    """For every step that was ever started, its newest job."""
    return _newest(project, "")


def cut_off(project: Project) -> dict[str, PastJob]:
    """For every step whose newest job was stopped from outside, or never ended and is worked on by no process, that job."""
    return {
        step: job
        for step, job in last_started(project).items()
        if job.state == "stopped"
        or (job.state == "running" and not at_work.is_at_work(project.folder, job.process))
    }


def done(project: Project, step: str) -> Iterator[PastJob]:
    """Every finished job of a step, newest first."""
    rows = project.db.execute(
        "SELECT * FROM jobs WHERE step = ? AND state = 'done' ORDER BY id DESC", (step,)
    )
    return map(_past_job, rows.fetchall())


def at_work_on(project: Project, step: str) -> PastJob | None:
    """The job of a step that some process is really working on now."""
    rows = project.db.execute("SELECT * FROM jobs WHERE step = ? AND state = 'running'", (step,))
    jobs = map(_past_job, rows.fetchall())
    return next((job for job in jobs if at_work.is_at_work(project.folder, job.process)), None)


def under_way(project: Project) -> frozenset[str]:
    """The steps that some process is really working on now. Cheap enough to be asked every second."""
    rows = project.db.execute("SELECT step, process FROM jobs WHERE state = 'running'").fetchall()
    return frozenset(row["step"] for row in rows if at_work.is_at_work(project.folder, row["process"]))


def close_cut_off(project: Project, step: str) -> None:
    """Mark the jobs of a step that were cut off as interrupted, those excepted that are being worked on.

    Also removes what they left half-written.
    """
    rows = project.db.execute(
        "SELECT id, process FROM jobs WHERE step = ? AND state IN ('running', 'stopped')", (step,)
    )
    gone = [row for row in rows.fetchall() if not at_work.is_at_work(project.folder, row["process"])]
    with project.write() as db:
        db.executemany("UPDATE jobs SET state = 'interrupted' WHERE id = ?", [(row["id"],) for row in gone])
    for row in gone:
        if row["process"] is not None:
            at_work.clear(project.folder, row["process"])
    if gone:
        files.sweep(chain(project.folder.iterdir(), (project.folder / "runs").rglob("*")))


def _newest(project: Project, where: str) -> dict[str, PastJob]:
    rows = project.db.execute(
        f"SELECT * FROM jobs WHERE id IN (SELECT max(id) FROM jobs {where} GROUP BY step)"
    )
    return {row["step"]: _past_job(row) for row in rows}


def _past_job(row: Any) -> PastJob:
    finished = row["finished"] and datetime.fromisoformat(row["finished"])
    result = row["result"] and json.loads(row["result"])
    started = datetime.fromisoformat(row["started"])
    options = json.loads(row["options"])
    return PastJob(row["step"], row["state"], started, finished, options, result, row["process"])
