"""Detection on a project: what is looked at, what is kept, and that a killed run loses nothing."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from camtrap_gui.geometry import iou
from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.project import Project, detections
from camtrap_gui.steps import detect
from tests.models.detectors.graphs import brightness_graph
from tests.test_mishaps import Away

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def graph(tmp_path_factory) -> Path:
    """A detector that finds an animal in light pictures; typical threshold 0.8, conservative 0.3."""
    return brightness_graph(tmp_path_factory.mktemp("detector") / "md_v4.pb")


def write_pictures(folder: Path, greys) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for number, grey in enumerate(greys):
        names.append(f"{number:04}.jpg")
        Image.new("RGB", (64, 48), (grey, grey, grey)).save(folder / names[-1])
    return names


def add_images(project: Project, root: Path, names) -> None:
    with project.write() as db:
        db.execute("INSERT OR IGNORE INTO roots (path) VALUES (?)", (str(root),))
        root_id = db.execute("SELECT id FROM roots WHERE path = ?", (str(root),)).fetchone()[0]
        for name in names:
            db.execute("INSERT INTO images (key, root_id, path) VALUES (?, ?, ?)", (name, root_id, name))


def everything_found(db: sqlite3.Connection) -> list[tuple]:
    query = (
        "SELECT images.path, detected.problem, category, confidence, x, y, detections.width, detections.height,"
        " rejected FROM detected JOIN images ON images.id = detected.image_id"
        " LEFT JOIN detections ON detections.image_id = images.id ORDER BY images.path, detections.id"
    )
    return [tuple(row) for row in db.execute(query)]


def test_that_detections_are_kept_down_to_the_conservative_threshold(project, graph, tmp_path, quiet):
    add_images(project, tmp_path / "in", write_pictures(tmp_path / "in", [255, 140, 20]))
    result = detect.run(project, detect.Options(str(graph)), quiet)
    latest = detections.latest_detector(project)
    light, dim, dark = (detections.of_image(project, number, latest.id) for number in (1, 2, 3))
    assert [d.category for d in light] == ["animal", "vehicle", "person"]
    assert [round(d.confidence, 1) for d in dim] == [0.5, 0.5] and dark == []
    assert (result.new, result.counts.seen, result.counts.empty) == (3, 3, 2)
    assert result.counts.images_with == {"animal": 1, "vehicle": 1}
    assert "3 images, 3 of them now" in result.text() and "with animal" in result.text()


def test_that_only_images_not_seen_before_are_looked_at(project, graph, tmp_path, quiet):
    names = write_pictures(tmp_path / "in", [255, 255, 255])
    add_images(project, tmp_path / "in", names[:2])
    assert detect.run(project, detect.Options(str(graph)), quiet).new == 2
    add_images(project, tmp_path / "in", names[2:])
    assert detect.run(project, detect.Options(str(graph)), quiet).new == 1
    assert detect.run(project, detect.Options(str(graph)), quiet).new == 0
    assert len(everything_found(project.db)) == 9


def test_that_what_a_person_rejected_stays_rejected_when_run_again(project, graph, tmp_path, quiet):
    add_images(project, tmp_path / "in", write_pictures(tmp_path / "in", [255, 255]))
    detect.run(project, detect.Options(str(graph)), quiet)
    with project.write() as db:
        db.execute("UPDATE detections SET rejected = 1 WHERE image_id = 1")
    before = everything_found(project.db)
    result = detect.run(project, detect.Options(str(graph), retry_unreadable=True), quiet)
    assert everything_found(project.db) == before
    assert result.counts.images_with == {"animal": 1, "vehicle": 1} and result.counts.empty == 1


def test_that_bad_pictures_are_rows_with_a_reason_and_can_be_tried_again(project, graph, tmp_path, quiet):
    folder = tmp_path / "in"
    names = write_pictures(folder, [255, 255, 255, 255])
    whole = (folder / names[1]).read_bytes()
    (folder / names[0]).unlink()
    (folder / names[1]).write_bytes(whole[:-20])
    (folder / names[2]).write_bytes(b"")
    add_images(project, folder, [*names, "../outside.jpg"])
    with project.write() as db:
        db.execute("UPDATE images SET problem = 'not a picture' WHERE path = ?", (names[3],))
    seen: list[Progress] = []
    result = detect.run(project, detect.Options(str(graph)), seen.append)
    number = detections.latest_detector(project).id
    reasons = [reason.split(":")[0].split(" ")[0] for _, reason in detections.problems(project, number)]
    assert reasons == ["missing", "truncated", "empty", "The"]
    assert result.counts.left_out == 1 and sum(result.counts.unreadable.values()) == 4
    assert seen[-1].values["unreadable"] == 4

    (folder / names[1]).write_bytes(whole)
    assert detect.run(project, detect.Options(str(graph)), quiet).new == 0
    assert detect.run(project, detect.Options(str(graph), retry_unreadable=True), quiet).new == 4
    assert len(detections.of_image(project, 2, number)) == 3


def test_that_a_missing_disk_ends_the_run_instead_of_spoiling_every_image(project, graph, tmp_path, quiet):
    folder = tmp_path / "disk"
    add_images(project, folder, write_pictures(folder, [255] * 30))
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(Problem, match="connect it"):
        detect.run(project, detect.Options(str(graph)), quiet)
    assert everything_found(project.db) == []
    (tmp_path / "elsewhere").rename(folder)
    assert detect.run(project, detect.Options(str(graph)), quiet).counts.images_with["animal"] == 30


def test_that_a_disk_that_goes_away_in_the_middle_and_comes_back_spoils_no_image(
    project, graph, tmp_path, quiet
):
    add_images(project, tmp_path / "disk", write_pictures(tmp_path / "disk", [255] * 120))
    away = Away(tmp_path / "disk", "Detecting", 16)
    with pytest.raises(Interrupted, match="connect it"):
        detect.run(project, detect.Options(str(graph)), away)
    found = everything_found(project.db)
    assert found and all(problem is None for _, problem, *_ in found)
    away.back()
    result = detect.run(project, detect.Options(str(graph)), quiet)
    assert 0 < result.new < 120 and result.counts.images_with["animal"] == 120


def test_that_progress_counts_every_image_and_says_what_was_found(project, graph, tmp_path):
    add_images(project, tmp_path / "in", write_pictures(tmp_path / "in", [255] * 20 + [0] * 10))
    seen: list[Progress] = []
    detect.run(project, detect.Options(str(graph)), seen.append)
    work = [progress for progress in seen if progress.phase == "Detecting"]
    assert [p.total for p in work] == [30] * len(work) and len(work) > 3
    assert [p.done for p in work] == sorted(p.done for p in work)
    assert work[-1].done == 30
    assert work[-1].values == {"animal": 20, "person": 0, "vehicle": 20, "empty": 10, "unreadable": 0}


def test_that_a_cancelled_run_keeps_what_it_reported_and_continues_there(project, graph, tmp_path, quiet):
    add_images(project, tmp_path / "in", write_pictures(tmp_path / "in", [255] * 40))
    reported = 0

    def stop(progress: Progress) -> None:
        nonlocal reported
        reported = progress.done
        if progress.done >= 10:
            raise Cancelled

    with pytest.raises(Cancelled):
        detect.run(project, detect.Options(str(graph)), stop)
    number = detections.latest_detector(project).id
    assert detections.count(project, number, 0).seen == reported < 40
    assert detect.run(project, detect.Options(str(graph)), quiet).new == 40 - reported


def test_that_threads_and_order_do_not_change_the_result(tmp_path, graph, quiet):
    found = []
    for threads in (1, 5):
        with Project.create(tmp_path / str(threads)) as project:
            add_images(
                project, tmp_path / "in", write_pictures(tmp_path / "in", [37 * n % 256 for n in range(50)])
            )
            detect.run(project, detect.Options(str(graph), threads=threads), quiet)
            found.append(everything_found(project.db))
    assert found[0] == found[1] and len(found[0]) > 50


def test_that_a_project_without_images_says_what_to_do(project, graph, quiet):
    with pytest.raises(Problem, match="camtrap dataset"):
        detect.run(project, detect.Options(str(graph)), quiet)


def command(project: Path) -> list[str]:
    return [sys.executable, "-m", "camtrap_gui", "detect", str(project)]


def test_that_a_killed_run_continues_to_the_same_result(tmp_path, installed_models):
    names = write_pictures(tmp_path / "in", [255] * 70)
    for number, name in enumerate(names):
        Image.effect_noise((320, 240), 20 + number).convert("RGB").save(tmp_path / "in" / name)
    with Project.create(tmp_path / "project") as project:
        add_images(project, tmp_path / "in", names)
    shutil.copytree(tmp_path / "project", tmp_path / "untouched")
    subprocess.run(command(tmp_path / "untouched"), cwd=ROOT, check=True, capture_output=True)

    process = subprocess.Popen(command(tmp_path / "project"), cwd=ROOT, stderr=subprocess.DEVNULL)
    with Project.open(tmp_path / "project") as project:
        count = "SELECT count(*) FROM detected"
        deadline = time.monotonic() + 60
        while project.db.execute(count).fetchone()[0] < 9 and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() != 0
        kept = project.db.execute(count).fetchone()[0]
        assert 9 <= kept < 70
        halves = "SELECT count(*) FROM detections WHERE image_id NOT IN (SELECT image_id FROM detected)"
        assert project.db.execute(halves).fetchone()[0] == 0
    subprocess.run(command(tmp_path / "project"), cwd=ROOT, check=True, capture_output=True)
    with Project.open(tmp_path / "project") as killed, Project.open(tmp_path / "untouched") as whole:
        assert everything_found(killed.db) == everything_found(whole.db)
        assert len({row[0] for row in everything_found(killed.db)}) == 70


@pytest.mark.real
def test_that_awkward_files_are_detected_or_listed_with_a_reason(project, testdata, installed_models, quiet):
    folder = testdata / "images" / "awkward_files"
    names = sorted(path.name for path in folder.glob("*.jpg"))
    add_images(project, folder, names)
    result = detect.run(project, detect.Options(), quiet)
    assert result.counts.unreadable == {"truncated": 1} and result.counts.seen == len(names)
    latest = detections.latest_detector(project)

    def sure(variant: str) -> list[tuple[float, ...]]:
        image_id = 1 + names.index(f"african_elephants{variant}.jpg")
        found = detections.of_image(project, image_id, latest.id)
        return [(d.x, d.y, d.width, d.height) for d in found if d.confidence > 0.5]

    for variant in ("_cmyk", "_bw", "_with_exif_orientation"):
        assert len(sure(variant)) >= 2
        for box in sure(variant):
            assert max(iou(box, other) for other in sure("")) > 0.8, variant
