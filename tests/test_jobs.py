"""Every job leaves a row that tells how it ended."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui.jobs import Cancelled, recorded, to_plain
from camtrap_gui.problem import Problem


@dataclass(frozen=True)
class Options:
    folder: Path
    names: tuple[str, ...]


def rows(project):
    return [dict(row) for row in project.db.execute("SELECT * FROM jobs ORDER BY id")]


def test_that_a_finished_job_keeps_options_and_result(project):
    with recorded(project, "detect", Options(Path("a"), ("x",))) as job:
        job.result = {"images": np.int64(3)}
    (row,) = rows(project)
    assert row["state"] == "done" and row["finished"] >= row["started"]
    assert json.loads(row["options"]) == {"folder": "a", "names": ["x"]}
    assert json.loads(row["result"]) == {"images": 3}


@pytest.mark.parametrize(
    ("error", "state"),
    [(Cancelled(), "cancelled"), (Problem("No pictures."), "failed"), (ValueError("x"), "failed")],
)
def test_that_a_job_that_did_not_finish_says_how_it_ended(project, error, state):
    with pytest.raises(type(error)), recorded(project, "crop", {}):
        raise error
    (row,) = rows(project)
    assert row["state"] == state


def test_that_a_killed_job_is_called_interrupted_when_the_step_starts_again(project):
    with project.write() as db:
        db.execute(
            "INSERT INTO jobs (step, options, started, state) VALUES ('train', '{}', '2026', 'running')"
        )
    with recorded(project, "train", {}):
        pass
    assert [row["state"] for row in rows(project)] == ["interrupted", "done"]


def test_that_results_become_plain_data():
    value = {
        "path": Path("a/b"),
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "set": {2, 1},
        "options": Options(Path("x"), ()),
    }
    plain = to_plain(value)
    assert json.loads(json.dumps(plain)) == {
        "path": "a/b",
        "when": "2026-01-02T00:00:00+00:00",
        "set": [1, 2],
        "options": {"folder": "x", "names": []},
    }
