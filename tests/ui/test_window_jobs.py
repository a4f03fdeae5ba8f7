"""The shell while there is work: the job bar, closing with work at hand and coming back, and defects."""

import json
import os
import signal
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QMessageBox,
)

from camtrap_gui import steps
from camtrap_gui.project import Project
from camtrap_gui.steps import STEPS
from camtrap_gui.ui import errors, worker
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.widgets.job_details import JobDetails
from camtrap_gui.ui.window import Window
from camtrap_gui.ui.worker import Job
from tests import odd_steps
from tests.ui.hands import button, question

LEFT = Qt.MouseButton.LeftButton


def work(window: Window, do: str = "count", seconds: float = 60) -> Job:
    """A job of the window that takes its time."""
    assert isinstance(window.session, Session)
    job = Job("odd_steps", "Detect", None, odd_steps.Options(do, seconds))
    window.session.long.submit(job)
    window.session.job_started.emit(job)
    return job


# Jobs.


def test_that_the_job_bar_shows_a_job_and_cancels_it(odd_engine, opened, wait):
    bar = opened.job_bar
    assert bar._title.text() == "Ready"
    job = work(opened)
    wait(lambda: job.progress.get("phase") == "Counting")
    assert bar._title.text() == "Counting" and bar._bar.isVisible()
    QTest.mouseClick(button(bar, "Cancel"), LEFT)
    wait(job.is_over)
    assert bar._title.text() == "Detect: stopped; what was done is kept" and not bar._bar.isVisible()


def test_that_a_paused_job_goes_on_by_the_same_button(opened, wait):
    opened.show_step("crop")
    assert opened.session is not None
    started: list[Job] = []
    opened.session.job_started.connect(started.append)
    opened.session.start("crop", opened.panels["crop"].form.value())
    QTest.mouseClick(button(opened.job_bar, "Pause"), LEFT)
    wait(started[0].is_over)
    if started[0].state != "cancelled":  # it was quicker than the click
        started[0].end("cancelled")
    assert "paused" in opened.job_bar._title.text()
    QTest.mouseClick(button(opened.job_bar, "Go on"), LEFT)
    assert len(started) == 2 and started[1].options == started[0].options
    assert opened.panels["crop"]._job is started[1]
    wait(started[1].is_over)


def test_that_waiting_jobs_are_listed_and_can_be_taken_out(odd_engine, opened, wait):
    first, second = work(opened), work(opened, "nothing")
    assert opened.job_bar._queue.isVisible() and opened.job_bar._queue.text() == "1 waiting"
    menu = opened.job_bar._queue.menu()
    menu.aboutToShow.emit()
    (action,) = menu.actions()
    assert action.text() == "Take out: Detect"
    action.trigger()
    assert second.state == "cancelled" and first.state == "running"
    assert not opened.job_bar._queue.isVisible()


def test_that_a_silent_engine_is_shown_and_left_alone(odd_engine, opened, wait, monkeypatch):
    monkeypatch.setattr(worker, "SILENT_AFTER_S", 1.5)
    job = work(opened, "frozen", 4)
    wait(lambda: "not responding" in opened.job_bar._title.text())
    assert job.state == "running" and button(opened.job_bar, "Cancel").isEnabled()
    wait(job.is_over)
    assert job.state == "done"


def test_that_a_killed_engine_is_said_and_the_details_have_the_log(odd_engine, opened, wait):
    job = work(opened, "deaf")
    wait(lambda: job.progress)
    assert opened.session is not None and opened.session.long.process_id is not None
    os.kill(opened.session.long.process_id, signal.SIGKILL)
    wait(job.is_over)
    assert opened.job_bar._title.text() == "Detect: failed unexpectedly; what was done is kept"
    assert button(opened.job_bar, "Go on").isEnabled()
    QTest.mouseClick(opened.job_bar._details, LEFT)
    details = opened.findChild(JobDetails)
    assert details is not None and details.isVisible()
    button(details, "Copy details").click()
    words = QApplication.clipboard().text()
    assert "by signal 9" in words and '"do": "deaf"' in words
    details.close()


def test_that_a_finished_job_of_another_panel_is_told_with_a_way_there(opened, wait):
    opened.show_step("dataset")
    assert opened.session is not None
    job = opened.session.start("crop", next(s for s in STEPS if s.name == "crop").module().Options())
    wait(job.is_over)
    assert opened.toast.isVisible() and opened.toast.sentence().startswith("Crops")
    QTest.mouseClick(button(opened.toast, "Show"), LEFT)
    assert opened.workplace.shown().step == "crop"


# Closing, and coming back.


def test_that_closing_with_work_at_hand_asks_and_keeps_working(odd_engine, opened, wait):
    job = work(opened)
    wait(lambda: job.progress)
    opened.close()
    box = question(opened)
    assert opened.isVisible() and box is not None and "“Detect”" in box.text()
    opened.close()  # asking twice asks once
    assert sum(one.isVisible() for one in opened.findChildren(QMessageBox)) == 1
    button(box, "Keep working").click()
    assert opened.isVisible() and job.state == "running" and question(opened) is None


def test_that_closing_with_work_at_hand_ends_the_engine_when_told_so(odd_engine, opened, wait):
    job = work(opened)
    wait(lambda: job.progress)
    assert opened.session is not None
    engine = opened.session.long.process_id
    opened.close()
    box = question(opened)
    assert box is not None and engine is not None
    button(box, "Stop and close").click()
    assert not opened.isVisible() and opened.session is None and job.state == "cancelled"
    with pytest.raises(ProcessLookupError):
        os.kill(engine, 0)


def test_that_another_project_is_opened_only_after_asking(odd_engine, opened, wait, cropped, survey):
    job = work(opened)
    wait(lambda: job.progress)
    assert not opened.open_folder(cropped.folder)
    assert opened.session is not None and opened.session.project.folder == survey
    box = question(opened)
    assert box is not None
    button(box, "Stop and close").click()
    assert opened.session.project.folder == cropped.folder and job.state == "cancelled"


def test_that_interrupted_work_is_offered_and_goes_on_with_the_options_it_had(make_window, survey, wait):
    options = {"detector": "", "image_labels": True, "train": 0.5}
    known = {field.name for field in steps_fields("crop")}
    options = {name: value for name, value in options.items() if name in known}
    with Project.open(survey) as project, project.write() as db:
        db.execute(
            "INSERT INTO jobs (step, options, started, state) VALUES ('crop', ?, '2024-05-01T10:00:00+00:00', 'running')",
            (json.dumps(options),),
        )
    window = make_window()
    window.open_folder(survey)
    bar = window.cut_off_bar
    assert bar.isVisible() and "“Crops”" in bar._words.text()
    QTest.mouseClick(bar.go_on, LEFT)
    assert window.session is not None and not bar.isVisible()
    job = window.session.last_jobs["crop"]
    assert {name: getattr(job.options, name) for name in options} == options
    assert window.workplace.shown().step == "crop"
    wait(job.is_over)


def steps_fields(name: str):
    from camtrap_gui.options import fields

    return list(fields(next(step for step in steps.STEPS if step.name == name).module().Options))


def test_that_interrupted_work_can_be_left(make_window, survey):
    with Project.open(survey) as project, project.write() as db:
        db.execute(
            "INSERT INTO jobs (step, options, started, state) VALUES ('crop', '{}', '2024-05-01T10:00:00+00:00', 'running')"
        )
    window = make_window()
    window.open_folder(survey)
    QTest.mouseClick(window.cut_off_bar.leave, LEFT)
    assert not window.cut_off_bar.isVisible()
    window.close_project()
    window.open_folder(survey)
    assert not window.cut_off_bar.isVisible()


# Defects.


def test_that_a_defect_is_logged_shown_once_and_can_be_copied(make_window, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    window = make_window()
    defects = errors.install()
    defects.met.connect(window.defect)
    for _ in range(3):
        try:
            raise ZeroDivisionError("nobody expected this")
        except ZeroDivisionError:
            sys.excepthook(*sys.exc_info())
    (box,) = [box for box in window.findChildren(QMessageBox) if box.isVisible()]
    assert "nobody expected this" in box.text()
    button(box, "Copy details").click()
    assert "Traceback" in QApplication.clipboard().text()
    assert (tmp_path / "logs" / "window.log").read_text().count("nobody expected this") >= 3
    box.close()
