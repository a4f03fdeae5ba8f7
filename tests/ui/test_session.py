"""Jobs as the window sees them, with real engines: queueing, stopping, dying, and going on."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from camtrap_gui.jobs import recorded
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, epochs, history, runs
from camtrap_gui.steps import train
from camtrap_gui.ui import worker
from camtrap_gui.ui.session import step_of
from camtrap_gui.ui.worker import Job, JobQueue
from tests import odd_steps
from tests.ui.conftest import ROOT


@pytest.fixture
def odd_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(worker, "engine_command", lambda: [sys.executable, "-m", "tests.odd_steps"])


@pytest.fixture
def queue(app, odd_engine) -> Iterator[JobQueue]:
    made = JobQueue("test")
    yield made
    made.close()


def odd(do: str, seconds: float = 60.0) -> Job:
    return Job("odd_steps", "Oddities", None, odd_steps.Options(do, seconds))


def test_that_jobs_of_a_queue_run_one_after_the_other_in_one_engine(queue, wait):
    jobs = [odd("nothing") for _ in range(3)]
    order: list[Job] = []
    for job in jobs:
        job.ended.connect(lambda job=job: order.append(job))
        queue.submit(job)
    assert [job.state for job in jobs] == ["running", "queued", "queued"]
    wait(lambda: jobs[-1].is_over())
    assert order == jobs and all(job.state == "done" for job in jobs)
    assert len({job.result["process"] for job in jobs}) == 1
    assert jobs[0].message == "did nothing"


def test_that_a_second_queue_does_not_wait_for_the_first(queue, wait):
    long = odd("deaf")
    queue.submit(long)
    short = JobQueue("another")
    job = odd("nothing")
    short.submit(job)
    wait(job.is_over)
    assert job.state == "done" and long.state == "running"
    short.close()


def test_that_a_waiting_job_is_cancelled_at_once(queue):
    first, second = odd("deaf"), odd("nothing")
    queue.submit(first)
    queue.submit(second)
    queue.cancel(second)
    assert second.state == "cancelled" and queue.waiting == [] and first.state == "running"


def test_that_a_running_job_stops_by_itself_and_the_engine_stays(queue, wait):
    job = odd("count")
    queue.submit(job)
    wait(lambda: job.progress.get("done", 0) > 3)
    engine = queue.process_id
    queue.cancel(job)
    assert job.state == "stopping"
    wait(job.is_over)
    assert job.state == "cancelled" and queue.process_id == engine


def test_that_a_job_that_does_not_stop_is_ended_with_its_engine(queue, wait, monkeypatch):
    monkeypatch.setattr(worker, "GRACE_MS", 300)
    stuck, after = odd("deaf"), odd("nothing")
    queue.submit(stuck)
    queue.submit(after)
    wait(lambda: stuck.progress)
    engine = queue.process_id
    queue.cancel(stuck)
    wait(after.is_over)
    assert stuck.state == "cancelled" and after.state == "done"
    assert after.result["process"] != engine


def test_that_a_crash_fails_one_job_with_the_end_of_the_log(queue, wait):
    crash, after = odd("crash"), odd("nothing")
    queue.submit(crash)
    queue.submit(after)
    wait(after.is_over)
    assert crash.state == "failed" and after.state == "done"
    assert crash.message.startswith("The working process ended unexpectedly, by signal 6")
    assert "last words" in crash.message


def test_that_problems_and_defects_end_a_job_each_in_its_way(queue, wait):
    problem, defect = odd("problem"), odd("defect")
    queue.submit(problem)
    queue.submit(defect)
    wait(defect.is_over)
    assert (problem.state, problem.message) == ("problem", "There is no lion in the picture. Take another.")
    assert defect.state == "failed" and "ZeroDivisionError" in defect.message


def test_that_an_engine_that_cannot_be_started_fails_every_job(queue, monkeypatch):
    monkeypatch.setattr(worker, "engine_command", lambda: ["/no/such/program"])
    jobs = [odd("nothing"), odd("nothing")]
    for job in jobs:
        queue.submit(job)
    assert all(job.state == "failed" and "could not be started" in job.message for job in jobs)


def test_that_progress_comes_ten_times_a_second_at_most(queue, wait):
    job = odd("count", 2.0)
    times: list[float] = []
    job.changed.connect(lambda: times.append(time.monotonic()))
    queue.submit(job)
    wait(job.is_over)
    assert 5 <= len(times) <= 2.0 * 10 + 5


def test_that_an_engine_without_a_sign_of_life_is_said_to_be_silent_and_left_alone(queue, wait, monkeypatch):
    monkeypatch.setattr(worker, "SILENT_AFTER_S", 1.5)
    job = odd("frozen", 5.0)
    queue.submit(job)
    engine = queue.process_id
    wait(lambda: job.silent)
    assert job.state == "running" and queue.process_id == engine
    wait(lambda: not job.silent)
    wait(job.is_over)
    assert job.state == "done" and queue.process_id == engine


def test_that_closing_ends_the_engine_and_every_job(queue, wait):
    running, waiting = odd("deaf"), odd("nothing")
    queue.submit(running)
    queue.submit(waiting)
    wait(lambda: running.progress)
    engine = queue.process_id
    assert engine is not None
    queue.close()
    assert running.state == waiting.state == "cancelled"
    with pytest.raises(ProcessLookupError):
        os.kill(engine, 0)


def test_that_training_killed_in_the_middle_fails_with_a_sentence_and_goes_on_in_a_new_engine(
    session, wait, crop_project, tiny_models
):
    opened = session(crop_project)
    options = train.Options(preset="standard", backbone="tiny", epochs=12)
    job = opened.start("train", options)

    def tuned() -> int:
        found = runs.all_of(opened.project)
        return sum(one.phase == "Fine-tuning" for one in epochs.of_run(found[0])) if found else 0

    wait(lambda: tuned() >= 2)
    first = opened.long.process_id
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait(job.is_over)
    assert job.state == "failed"
    assert job.message.startswith(
        "The working process ended unexpectedly, by signal 9. What was done is kept."
    )
    (past,) = opened.interrupted()
    assert past.step == "train" and past.options["epochs"] == 12
    before = tuned()
    assert 2 <= before < 12
    again = opened.go_on(past)
    assert again.options == options
    wait(again.is_over)
    assert again.state == "done" and opened.long.process_id != first
    (run,) = runs.all_of(opened.project)  # the same run, finished
    assert run.state == "done"
    found = [one.epoch for one in epochs.of_run(run) if one.phase == "Fine-tuning"]
    assert found == list(range(1, 13))
    assert opened.interrupted() == []


def test_that_a_project_left_in_the_middle_of_a_job_says_so_when_it_is_opened_again(
    session, wait, tmp_path, crop_project
):
    with Project.open(crop_project) as project, project.write() as db:
        db.execute(
            "INSERT INTO jobs (step, options, started, state)"
            " VALUES ('stats', '{\"top\": 3, \"csv\": \"a.csv\"}', '2024-01-01T00:00:00+00:00', 'running')"
        )
    opened = session(crop_project)
    (past,) = opened.interrupted()
    assert (past.step, past.options) == ("stats", {"top": 3, "csv": "a.csv"})
    opened.leave(past)
    assert opened.interrupted() == []
    assert history.last_started(opened.project)["stats"].state == "interrupted"


def test_that_options_of_another_version_are_a_problem_and_no_crash(session, crop_project):
    with Project.open(crop_project) as project, project.write() as db:
        db.execute(
            "INSERT INTO jobs (step, options, started, state)"
            " VALUES ('stats', '{\"top\": \"many\"}', '2024-01-01T00:00:00+00:00', 'running')"
        )
    opened = session(crop_project)
    with pytest.raises(Problem):
        opened.go_on(opened.interrupted()[0])


def test_that_a_finished_step_tells_panels_what_changed(session, wait, cropped):
    folder: Path = cropped.folder
    opened = session(folder)
    topics: list[set[str]] = []
    opened.changed.connect(topics.append)
    job = opened.start("crop", object_of("crop"))
    assert opened.running("crop") is job and opened.busy()
    wait(job.is_over)
    assert topics == [{"crops"}] and not opened.busy()


def object_of(step: str) -> object:
    from camtrap_gui.ui.session import step_of

    return step_of(step).module().Options()


def test_that_nobody_waits_for_an_engine_that_is_slow_to_go(app, monkeypatch, wait):
    holds_on = (
        "import subprocess, time; subprocess.Popen(['sleep', '2']); print('{}', flush=True); time.sleep(60)"
    )
    monkeypatch.setattr(worker, "engine_command", lambda: [sys.executable, "-c", holds_on])
    queue, gone = JobQueue("test"), threading.Event()
    queue.warm_up()
    before = queue._worker.silent_s()
    wait(lambda: queue._worker.silent_s() < before)
    queue.close(wait=False, then=gone.set)
    assert not gone.is_set()
    queue.deleteLater()
    wait(gone.is_set)


@pytest.mark.parametrize("ending", ["sys.exit(0)", "raise ValueError", "pass"])
def test_that_the_program_may_end_at_any_moment(ending: str, tmp_path):
    script = f"""
        import sys
        from PySide6.QtWidgets import QApplication
        from camtrap_gui import paths
        from camtrap_gui.ui import worker
        from tests import odd_steps
        from pathlib import Path
        paths.logs = lambda: Path({str(tmp_path)!r})
        worker.engine_command = lambda: [sys.executable, "-m", "tests.odd_steps"]
        app = QApplication([])
        queue = worker.JobQueue("test")
        job = worker.Job("odd_steps", "Oddities", None, odd_steps.Options("count"))
        queue.submit(job)
        while not job.progress:
            app.processEvents()
        print(queue.process_id, flush=True)
        {ending}
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == (1 if "raise" in ending else 0), done.stderr
    assert "QThread" not in done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_that_work_of_another_process_is_noticed_and_what_it_changed_when_it_is_over(session, crop_project):
    opened = session(crop_project)
    heard: list[set[str]] = []
    opened.changed.connect(heard.append)
    with Project.open(crop_project) as project, recorded(project, "train", {}):
        opened.look_elsewhere()
        assert opened.elsewhere == {"train"} and heard == [set()]
        opened.look_elsewhere()
        assert len(heard) == 1
    opened.look_elsewhere()
    assert not opened.elsewhere and heard == [set(), {"runs"}]


def test_that_own_work_is_not_taken_for_that_of_another_process(session, wait, crop_project):
    opened = session(crop_project)
    seen: set[str] = set()
    job = opened.start("stats", step_of("stats").module().Options())
    wait(lambda: (opened.look_elsewhere(), seen.update(opened.elsewhere), job.is_over())[-1])
    assert job.state == "done" and not seen


def test_that_work_of_another_process_is_not_offered_as_interrupted(session, wait, crop_project):
    opened = session(crop_project)
    with Project.open(crop_project) as project, recorded(project, "stats", {}):
        assert opened.interrupted() == []
        job = opened.start("stats", step_of("stats").module().Options())
        wait(job.is_over)
    assert job.state == "problem" and "already being done" in job.message
