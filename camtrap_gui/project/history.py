"""When each step last ran, with what options, and how it ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from camtrap_gui.project import Project


@dataclass(frozen=True)
class PastJob:
    """One row of the job history; times are UTC, ``finished`` is None while it runs or when it was cut off."""

    step: str
    state: str
    started: datetime
    finished: datetime | None
    options: Mapping[str, Any]
    result: Mapping[str, Any] | None


def last_done(project: Project) -> dict[str, PastJob]:
    """For every step that ever finished, its newest finished job."""
    return _newest(project, "WHERE state = 'done'")


def last_started(project: Project) -> dict[str, PastJob]:
    """For every step that was ever started, its newest job."""
    return _newest(project, "")


def cut_off(project: Project) -> dict[str, PastJob]:
    """For every step whose newest job never ended, that job. Right while no job of the project runs."""
    return {step: job for step, job in last_started(project).items() if job.state == "running"}


def close_cut_off(project: Project, step: str) -> None:
    """Mark the jobs of a step that never ended as interrupted."""
    with project.write() as db:
        db.execute("UPDATE jobs SET state = 'interrupted' WHERE step = ? AND state = 'running'", (step,))


def _newest(project: Project, where: str) -> dict[str, PastJob]:
    rows = project.db.execute(
        f"SELECT * FROM jobs WHERE id IN (SELECT max(id) FROM jobs {where} GROUP BY step)"
    )
    return {row["step"]: _past_job(row) for row in rows}


def _past_job(row: Any) -> PastJob:
    finished = row["finished"] and datetime.fromisoformat(row["finished"])
    result = row["result"] and json.loads(row["result"])
    started = datetime.fromisoformat(row["started"])
    return PastJob(row["step"], row["state"], started, finished, json.loads(row["options"]), result)
