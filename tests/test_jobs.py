"""Every job leaves a row that tells how it ended."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui.jobs import Cancelled, recorded, to_plain
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, history


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
            "INSERT INTO jobs (step, options, started, state) VALUES ('train', '{}', '2026-01-01T00:00:00+00:00', 'running')"
        )
    with recorded(project, "train", {}):
        pass
    assert [row["state"] for row in rows(project)] == ["interrupted", "done"]


WORKER = """
import sys
from pathlib import Path
from camtrap_gui.jobs import recorded
from camtrap_gui.project import Project

with Project.open(Path(sys.argv[1])) as project, recorded(project, "train", {"epochs": 7}):
    print("working", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(project) -> Iterator[subprocess.Popen]:
    """A process that trains on the project until its input is closed."""
    command = [sys.executable, "-c", WORKER, str(project.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "working\n"
            yield process
        finally:
            process.kill()


def test_that_work_of_another_process_is_neither_cut_off_nor_done_twice(project):
    with another_process(project) as other:
        assert history.cut_off(project) == {} and history.under_way(project) == {"train"}
        history.close_cut_off(project, "train")
        refusal = pytest.raises(Problem, match=rf"already being done .* by process {other.pid} on ")
        with refusal, recorded(project, "train", {}):
            pytest.fail("done twice")
        with recorded(project, "detect", {}):  # another step is free to run
            pass
        assert [row["state"] for row in rows(project)] == ["running", "done"]
        other.communicate("")
        assert other.returncode == 0
    assert [row["state"] for row in rows(project)] == ["done", "done"]
    assert history.under_way(project) == frozenset()
    assert [path.name for path in project.folder.iterdir() if path.name.startswith(".at-work-")] == []


def test_that_work_of_a_process_that_was_killed_is_cut_off_and_blocks_nobody(project):
    with another_process(project) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert history.cut_off(project)["train"].options == {"epochs": 7}
        with recorded(project, "train", {}):
            assert history.cut_off(project) == {}
    assert [row["state"] for row in rows(project)] == ["interrupted", "done"]
    assert [path.name for path in project.folder.iterdir() if path.name.startswith(".at-work-")] == []


def test_that_one_process_does_not_do_a_step_twice_at_once_either(project):
    refused = []

    def again() -> None:
        with Project.open(project.folder) as other:
            try:
                with recorded(other, "train", {}):
                    pass
            except Problem as problem:
                refused.append(str(problem))

    with recorded(project, "train", {}):
        thread = threading.Thread(target=again)
        thread.start()
        thread.join()
    assert len(refused) == 1 and "already being done" in refused[0]


def test_that_a_look_at_the_counts_waits_for_nobody(project):
    with another_process(project), recorded(project, "train", {}, alone=False):
        pass
    assert rows(project)[1]["process"] is None


def test_that_every_job_says_which_process_does_it(project):
    for _ in range(2):
        with recorded(project, "detect", {}):
            pass
    first, second = (row["process"] for row in rows(project))
    assert first and second and first != second


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
