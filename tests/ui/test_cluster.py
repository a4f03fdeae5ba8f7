"""Work on many computers from the window: the choice and its test, who works how fast, and bringing parts together."""

import shlex
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from camtrap_gui import settings
from camtrap_gui.cluster import workers
from camtrap_gui.cluster.crop_merging import MergedCrops
from camtrap_gui.cluster.workers import Place, Worker
from camtrap_gui.jobs import to_plain
from camtrap_gui.models import detectors
from camtrap_gui.options import fields
from camtrap_gui.steps import detect, embed, merge, named, start
from camtrap_gui.ui import shard_words
from camtrap_gui.ui.panels.dataset import DatasetPanel
from camtrap_gui.ui.panels.detect import DetectPanel
from camtrap_gui.ui.panels.train import TrainPanel
from camtrap_gui.ui.preview_dialog import PreviewDialog
from camtrap_gui.ui.widgets.cluster_form import ClusterForm
from camtrap_gui.ui.widgets.cluster_form import Workers as Asked
from camtrap_gui.ui.widgets.embed_dialog import EmbedDialog
from camtrap_gui.ui.widgets.job_details import JobDetails
from camtrap_gui.ui.widgets.worker_table import WorkerTable
from camtrap_gui.ui.worker import Job
from tests.cluster import surveys
from tests.cluster.surveys import Brightness
from tests.ui.hands import drop

PICTURES = 24


def click(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def survey(tmp_path, monkeypatch) -> Path:
    """A project of grey pictures, with blanks in the name of its folder."""
    monkeypatch.setattr(detectors, "load", lambda _: Brightness())
    return surveys.make(tmp_path / "a survey", PICTURES, 1)


@pytest.fixture
def panel(session, show, survey) -> DetectPanel:
    made = DetectPanel(session(survey))
    show(made)
    return made


@pytest.fixture
def on_cluster(panel) -> DetectPanel:
    panel.cluster.where.setCurrentIndex(1)
    return panel


def shard(survey: Path, part: str, out: Path | None = None) -> Path:
    options = detect.Options(detector="brightness", shard=part, out=out)
    made: detect.ShardResult = start(named("detect"), survey, options, lambda _: None)
    return made.file


def crew(*done: int, price: float = 0.0) -> workers.Values:
    """What is told of workers that have done so much; one without anything is not there yet."""
    made = [Worker(number, None) for number in range(1, len(done) + 1)]
    for worker, count in zip(made, done, strict=True):
        if count:
            worker.come(Place(f"gpu-{worker.number % 2}", "n", 1))
            worker.done, worker.seconds, worker.in_hand = count, 10.0, 1
    return workers.values(made, price)


def test_that_a_cluster_is_asked_about_only_where_one_is_chosen(panel):
    cluster = panel.cluster
    assert not cluster.address.isVisible() and not cluster.test_button.isVisible()
    assert panel.form.value().engine == "here"
    cluster.where.setCurrentIndex(1)
    assert cluster.address.isVisible() and cluster.test_button.isVisible()
    cluster.address.setText(" gpu-1:6379 ")
    cluster.workers.set_value("worker_price", 0.85)
    cluster.workers.set_value("worker_cores", 8)
    asked = panel.form.value()
    assert (asked.engine, asked.address) == ("ray", "gpu-1:6379")
    assert (asked.worker_price, asked.worker_cores, asked.worker_gpus) == (0.85, 8, 0.0)
    cluster.address.clear()
    assert panel.form.value().address == "auto"
    cluster.where.setCurrentIndex(0)
    assert panel.form.value() == detect.Options()


def test_that_what_is_asked_about_workers_are_options_of_the_steps_a_cluster_can_do():
    for step in (detect, embed):
        there = {field.name: field for field in fields(step.Options)}
        for field in fields(Asked):
            theirs = there[field.name]
            assert (theirs.type, theirs.default) == (field.type, field.default)
            assert (theirs.option.low, theirs.option.high) == (field.option.low, field.option.high)


def test_that_a_dead_address_is_told_in_a_sentence_while_the_window_stays_free(on_cluster, wait):
    cluster = on_cluster.cluster
    with socket.socket() as taken:  # nobody listens at its port
        taken.bind(("127.0.0.1", 0))
        cluster.address.setText(f"127.0.0.1:{taken.getsockname()[1]}")
        click(cluster.test_button)
        assert cluster.is_testing() and cluster.test_button.text() == "Stop"
        assert "Looking" in cluster.answer.text()
        wait(lambda: not cluster.is_testing())
    assert cluster.answer.property("role") == "error" and cluster.test_button.text() == "Test"
    assert "There is no Ray cluster" in cluster.answer.text() or "pip install" in cluster.answer.text()
    assert "--" not in cluster.answer.text().replace("ray start --head", "")
    cluster.address.setText("gpu-1:6379")
    assert not cluster.answer.isVisible(), "the answer is about another address"


def test_that_what_takes_the_address_and_never_answers_is_given_up(on_cluster, wait):
    pytest.importorskip("ray", reason="without Ray nothing is asked at an address")
    cluster = on_cluster.cluster
    cluster._patience.setInterval(300)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cluster.address.setText(f"127.0.0.1:{silent.getsockname()[1]}")
        click(cluster.test_button)
        wait(lambda: not cluster.is_testing())
    assert "answered like a Ray cluster" in cluster.answer.text() and cluster.answer.isVisible()


def test_that_a_test_can_be_stopped(on_cluster):
    cluster = on_cluster.cluster
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cluster.address.setText(f"127.0.0.1:{silent.getsockname()[1]}")
        QTest.keyClick(cluster.address, Qt.Key.Key_Return)
        assert cluster.is_testing()
        click(cluster.test_button)
    assert not cluster.is_testing() and not cluster.answer.isVisible()


def test_that_the_address_is_remembered_when_work_is_given_to_it(on_cluster, session, show, wait, survey):
    on_cluster.cluster.address.setText("gpu-1")
    click(on_cluster.start_button)
    wait(on_cluster.message.text)
    assert "“gpu-1” is no address" in on_cluster.message.text() or "pip install" in on_cluster.message.text()
    assert settings.load().cluster == "gpu-1"
    again = DetectPanel(session(survey))
    show(again)
    assert again.cluster.address.text() == "gpu-1" and again.form.value().engine == "here"


def test_that_workers_are_shown_while_they_work_and_nothing_without_them(show, app):
    around = QWidget()
    table = WorkerTable(parent=around)
    show(around)
    table.show_values({"animal": 3})
    assert not table.isVisible()
    table.show_values(crew(120, 40, 0))
    assert table.isVisible() and table.rows.rowCount() == 3
    headings = [table.rows.headerData(n, Qt.Orientation.Horizontal) for n in range(table.rows.columnCount())]
    assert headings == ["Worker", "State", "Done", "Per s", "Time"]
    lines = [[table.rows.index(row, n).data() for n in range(4)] for row in range(3)]
    assert lines == [
        ["gpu-1 1", "working", "120", "12.0"],
        ["gpu-0 2", "working", "40", "4.0"],
        ["–", "starting", "–", "–"],
    ]
    assert "3 workers on 2 computers" in table.headline.text() and "16.0 per second" in table.headline.text()
    table.table.selectRow(1)
    table.show_values(crew(240, 80, 0))
    assert table.rows.index(1, 2).data() == "80"
    assert [index.row() for index in table.table.selectionModel().selectedRows()] == [1]


def test_that_costs_are_shown_where_a_price_is_known_and_restarts_where_there_were_any(show):
    around = QWidget()
    table = WorkerTable(parent=around)
    show(around)
    values = crew(3000, price=3.6)
    values["workers"][0] |= {"hours": 2.0, "cost": 7.2, "cost_per_1000": 2.4, "deaths": 2}
    values |= {"hours": 2.0, "cost": 7.2}
    table.show_values(values)
    line = [table.rows.index(0, n).data() for n in range(table.rows.columnCount())]
    assert line[1:] == ["restarted 2×", "3,000", "300", "2.0 h", "7.20", "2.40"]
    assert "cost 7.20 so far" in table.headline.text()
    values["workers"][0] |= {"state": "gave up"}
    table.show_values(values)
    assert table.rows.index(0, 1).data() == "gave up"


def test_that_many_workers_leave_room_for_the_pictures(panel, app):
    job = Job("detect", "Detect", None, detect.Options(engine="ray"))
    panel.watch(job)
    panel.show_result()
    app.processEvents()
    panel.found.workers.show_values(crew(*[100] * 40))
    app.processEvents()
    assert panel.height() == 700 and panel.found.workers.height() < 260
    job.end("done", "")
    assert not panel.found.workers.isVisible()


def test_that_the_details_of_a_job_follow_its_workers(show):
    job = Job("detect", "Detect", None, detect.Options(engine="ray"))
    details = JobDetails(job, "")
    show(details)
    assert not details.workers.isVisible()
    job.progress = {"values": crew(30, 20)}
    job.changed.emit()
    assert details.workers.isVisible() and details.workers.rows.rowCount() == 2


def test_that_each_computer_is_given_a_line_of_its_own(on_cluster, survey):
    lines = on_cluster.shards
    lines.parts.setValue(3)
    lines.copy.click()  # it is folded away
    copied = QGuiApplication.clipboard().text().splitlines()
    assert [shlex.split(line) for line in copied] == [
        ["camtrap", "detect", str(survey), "--shard", f"{part}/3"] for part in (1, 2, 3)
    ]
    assert lines.line.toPlainText() == copied[0] and not lines.merge.isVisibleTo(lines)
    shard(survey, "2/3")
    on_cluster.look()
    assert lines.merge.isVisibleTo(lines) and lines.merge.text() == "Merge 1 file…"


@pytest.mark.parametrize("kind", [DetectPanel, DatasetPanel])
def test_that_dropped_parts_are_shown_before_they_are_merged(
    session, show, wait: Callable[..., None], survey, tmp_path, kind
):
    files = [shard(survey, f"{part}/3", tmp_path / f"{part}.shard") for part in (1, 2)]
    files.append(tmp_path / "spoilt.shard")
    files[-1].write_text("no shard")
    panel = kind(session(survey))
    show(panel)
    drop(panel, *files)
    preview = panel.preview.preview
    wait(lambda: not preview.is_looking())
    table = preview.table
    assert [table.item(row, 1).text() for row in range(3)] == ["1 of 3", "2 of 3", ""]
    assert [table.item(row, 2).text() for row in range(3)] == ["complete", "complete", "not merged"]
    assert "No file of part 3 of 3" in preview.problems.text() and "spoilt.shard" in preview.problems.text()
    assert "2 of 3 parts" in preview.figures.accessibleDescription()
    assert surveys.found(survey) == []
    click(panel.preview.import_button)
    wait(lambda: panel.session.last_jobs.get("merge") and not panel.session.running("merge"))
    assert panel.session.last_jobs["merge"].state == "done"
    seen = {row[1] for row in surveys.found(survey)}
    assert 0 < len(seen) < PICTURES


def test_that_other_files_dropped_on_detect_are_refused_in_a_sentence(panel, tmp_path):
    (tmp_path / "notes.txt").write_text("lions")
    drop(panel, tmp_path / "notes.txt")
    assert "“notes.txt”" in panel.message.text() and panel.preview is None


def test_that_parts_in_the_folder_of_the_project_can_be_merged(on_cluster, survey, wait):
    shard(survey, "1/1")
    on_cluster.look()
    on_cluster.shards.merge.click()
    dialog = on_cluster.findChild(PreviewDialog)
    assert dialog is not None
    wait(lambda: not dialog.preview.is_looking())
    assert "With it every picture is looked at." in dialog.preview.dates.text()
    dialog.reject()


def test_that_a_cluster_can_be_asked_to_look_at_the_crops_before_a_training(
    session, show, wait, crop_project, tiny_models
):
    panel = TrainPanel(session(crop_project))
    show(panel)
    click(panel.cluster_button)
    dialog = panel.findChild(EmbedDialog)
    assert dialog is not None and dialog.findChild(ClusterForm) is dialog.cluster
    assert shlex.split(dialog.shards.lines()[0])[1:5] == ["embed", str(crop_project), "--backbone", "tiny"]
    dialog.cluster.address.setText("nowhere")
    click(dialog.start_button)
    assert dialog.stop_button.isVisible() and not dialog.cluster.isVisible()
    job = panel.session.running("embed")
    assert job is not None and (job.options.backbone, job.options.engine) == ("tiny", "ray")
    wait(lambda: not panel.session.running("embed"))
    assert dialog.words.property("role") == "error" and dialog.cluster.isVisible()
    assert "“nowhere” is no address" in dialog.words.text() or "pip install" in dialog.words.text()
    panel.form.set_value("preset", "tutorial")
    assert not panel.cluster_button.isVisible(), "it keeps no features"
    dialog.reject()


def test_that_parts_of_crops_are_told_of_where_there_are_none_of_pictures():
    seen = MergedCrops(
        "tiny", 32, "folder", 4, files=1, new=105, known=3, gone=1, left=304, missing=(2, 3, 4)
    )
    found = to_plain(merge.Result((), {}, {"/there/spoilt.crops": "It is damaged."}, crops=(seen,)))
    assert [figure[:3] for figure in shard_words.figures(found)] == [
        ("1 of 4", "parts", ""),
        ("105", "crops would come in", "3 are here already"),
    ]
    assert "304 crops would still be left" in shard_words.told(found)
    assert shard_words.warnings(found) == [
        "No whole file of part 2, 3, 4 of 4",
        "Passed over: 1 crop not in this project any more",
        "Not merged: It is damaged.",
    ]
    assert [row[:3] for row in shard_words.table(found)[1]] == [("spoilt.crops", "", "not merged")]
