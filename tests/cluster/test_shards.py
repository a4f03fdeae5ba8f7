"""Shards: each image belongs to one, the project is only read, a killed one goes on, and merged they are one run."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from camtrap_gui.cluster import shard_file, shards
from camtrap_gui.jobs import Cancelled
from camtrap_gui.models import detectors
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections, opening, problems, reading
from camtrap_gui.steps import detect, merge, named, start, states
from tests.cluster import surveys
from tests.cluster.surveys import Brightness, found

ROOT = Path(__file__).parent.parent.parent
PICTURES, BROKEN = 40, 2


@pytest.fixture(autouse=True)
def detector(monkeypatch):
    """Two detectors that need no file."""
    monkeypatch.setattr(detectors, "load", lambda name: Other() if name == "other" else Brightness())


class Other(Brightness):
    name, sha256 = "other", "c" * 64


@pytest.fixture
def survey(tmp_path) -> Path:
    return surveys.make(tmp_path / "survey", PICTURES, BROKEN)


def look(project: Path, shard: str, **options) -> detect.ShardResult:
    return start(
        named("detect"),
        project,
        detect.Options(**{"detector": "brightness", **options, "shard": shard}),
        lambda _: None,
    )


def bring_together(project: Path, *files: Path) -> merge.Result:
    return start(named("merge"), project, merge.Options(files), lambda _: None)


def undisturbed(project: Path, quiet) -> list[tuple]:
    copy = project.with_name("undisturbed")
    shutil.copytree(project, copy)
    with Project.open(copy) as opened:
        detect.run(opened, detect.Options(detector="brightness"), quiet)
    return found(copy)


@given(some.text(min_size=1), some.integers(1, 1000))
def test_that_every_path_belongs_to_one_shard(path, count):
    assert 1 <= shards.shard_of(path, count) <= count
    assert shards.shard_of(path, count) == shards.shard_of(path, count)


def test_that_the_rule_stays_what_it_is():
    assert [shards.shard_of(f"S1/B04/IMG_{n:04}.JPG", 16) for n in range(6)] == [10, 10, 11, 14, 10, 14]


def test_that_shards_are_of_nearly_the_same_size():
    counts = [0] * 16
    for number in range(16_000):
        counts[shards.shard_of(f"{number}.jpg", 16) - 1] += 1
    assert min(counts) > 880 and max(counts) < 1120


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "-1/4", "1/0", "a/b", "1/9999999", "1/2/3"])
def test_that_what_is_no_shard_is_answered_with_an_example(text):
    with pytest.raises(Problem, match="3/16"):
        shards.parse(text)


def test_that_three_shards_merged_are_one_undisturbed_run(survey, quiet):
    wanted = undisturbed(survey, quiet)
    results = [look(survey, f"{number}/3") for number in (3, 1, 2)]
    assert sum(result.new for result in results) == PICTURES and found(survey) == []
    assert sum(result.unreadable for result in results) == BROKEN
    result = bring_together(survey)
    assert found(survey) == wanted
    (merged,) = result.merged
    assert (merged.new, merged.known, merged.conflicts, merged.gone) == (PICTURES, 0, 0, 0)
    assert merged.missing == () and merged.unfinished == {} and result.unseen == {"b" * 64: 0}
    assert "has seen every image" in result.text()
    with Project.open(survey) as project:
        assert states(project)["detect"] == "brought in"
        assert detections.latest_detector(project).name == "brightness"

    again = bring_together(survey)
    assert (again.merged[0].new, again.merged[0].known) == (0, PICTURES) and found(survey) == wanted


def test_that_the_project_is_not_written_by_its_shards(survey):
    def state() -> dict[str, tuple[int, int]]:
        return {p.name: (p.stat().st_mtime_ns, p.stat().st_size) for p in survey.iterdir() if p.is_file()}

    before = state()
    look(survey, "1/2", out=survey.parent / "one.shard")
    assert state() == before and not (survey / "shards").exists()
    look(survey, "2/2")
    assert state() == before and len(shards.files_of(survey)) == 1


def test_that_shards_see_what_an_open_project_has_in_its_journal_still(survey):
    with Project.open(survey) as project:
        with project.write() as db:
            db.execute("INSERT INTO images (key, root_id, path) VALUES ('new', 1, 'new.jpg')")
        assert (survey / "project.sqlite-wal").stat().st_size > 0
        assert sum(look(survey, f"{number}/2").images for number in (1, 2)) == PICTURES + 1


def test_that_a_question_is_asked_anew_when_the_project_changed_meanwhile(survey, monkeypatch):
    monkeypatch.setattr(opening, "WAIT_S", 0.01)
    asked = []

    def count(project: Project) -> int:
        asked.append(project)
        if len(asked) == 1:
            with Project.open(survey) as other, other.write() as db:
                db.execute("DELETE FROM images WHERE id = 1")
        return project.db.execute("SELECT count(*) FROM images").fetchone()[0]

    assert reading.ask(survey, count) == PICTURES - 1 and len(asked) == 2


def test_that_a_project_that_is_asked_cannot_be_written(survey):
    with pytest.raises(Problem, match="cannot be read"):
        reading.ask(survey, lambda project: project.db.execute("DELETE FROM images"))


def test_that_a_stopped_shard_goes_on_where_it_was(survey, monkeypatch, quiet):
    shown = []

    class Counting(Brightness):
        def detect(self, prepared):
            shown.extend(prepared)
            return super().detect(prepared)

    def stop(progress):
        if progress.done >= 12:
            raise Cancelled

    monkeypatch.setattr(detectors, "load", lambda _: Counting())
    options = detect.Options(detector="brightness", shard="1/1", threads=1)
    with pytest.raises(Cancelled):
        start(named("detect"), survey, options, stop)
    (file,) = shards.files_of(survey)
    with shard_file.reading(file) as results:
        assert results.seen == 12
    halfway = bring_together(survey)
    assert halfway.merged[0].unfinished == {1: PICTURES - 12} and "not finished" in halfway.text()
    result = start(named("detect"), survey, options, quiet)
    assert (result.new, result.seen) == (PICTURES - 12, PICTURES)
    assert bring_together(survey).merged[0].known == 12
    ahead = 3 * Counting.batch  # batches that were on their way when it was stopped
    assert PICTURES - BROKEN <= len(shown) <= PICTURES - BROKEN + ahead


def test_that_images_that_came_or_went_since_are_looked_at_or_left(survey):
    look(survey, "1/2")
    with Project.open(survey) as project, project.write() as db:
        db.execute("INSERT INTO images (key, root_id, path) VALUES ('new', 1, 'new.jpg')")
        db.execute("DELETE FROM images WHERE path = '0000.jpg'")
    result = bring_together(survey)
    here = {f"{n:04}.jpg" for n in range(PICTURES) if shards.shard_of(f"{n:04}.jpg", 2) == 1}
    assert result.merged[0].gone == ("0000.jpg" in here)
    after = [look(survey, f"{number}/2") for number in (1, 2)]
    assert sum(shard.new for shard in after) == PICTURES - len(here) + 1 - ("0000.jpg" not in here)
    assert bring_together(survey).unseen == {"b" * 64: 0}


def test_that_gaps_are_reported(survey):
    look(survey, "2/4")
    result = bring_together(survey)
    assert result.merged[0].missing == (1, 3, 4)
    assert result.unseen == {"b" * 64: PICTURES - result.merged[0].new}
    assert "Missing shards: 1, 3, 4" in result.text() and "by no shard yet" in result.text()


def test_that_of_two_answers_the_first_stays_and_a_conflict_is_reported(survey, tmp_path):
    look(survey, "1/1", out=tmp_path / "one.shard")
    bring_together(survey, tmp_path / "one.shard")
    before = found(survey)
    with sqlite3.connect(tmp_path / "one.shard") as db:
        db.execute("UPDATE detections SET confidence = confidence - 0.001")
        db.execute("DELETE FROM detections WHERE image_id = 3")
        db.execute("UPDATE detections SET x = x + 0.1 WHERE image_id = 4")
    db.close()
    result = bring_together(survey, tmp_path / "one.shard")
    assert result.merged[0].conflicts == 2 and result.merged[0].known == PICTURES - 2
    assert result.merged[0].examples["conflicts"] == ["0002.jpg", "0003.jpg"]
    assert "0002.jpg" in result.text() and found(survey) == before
    with Project.open(survey) as project:
        assert [subject for subject, _ in problems.of_step(project, "merge")] == ["0002.jpg", "0003.jpg"]


def test_that_a_picture_read_on_one_machine_counts_more_than_one_that_could_not_be_on_another(
    survey, tmp_path
):
    hidden = survey.parent / "pictures" / "0005.jpg"
    hidden.rename(tmp_path / "hidden")
    look(survey, "1/1", out=tmp_path / "one.shard")
    (tmp_path / "hidden").rename(hidden)
    look(survey, "1/1", out=tmp_path / "two.shard")
    bring_together(survey, tmp_path / "one.shard")
    for _ in range(2):
        result = bring_together(survey, tmp_path / "two.shard", tmp_path / "one.shard")
        assert result.merged[0].conflicts == 0
    with Project.open(survey) as project:
        assert len(list(detections.problems(project, 1))) == BROKEN
    assert look(survey, "1/1", out=tmp_path / "one.shard", retry_unreadable=True).unreadable == BROKEN


def test_that_shards_of_two_detectors_are_kept_apart_and_named(survey):
    look(survey, "1/3")
    look(survey, "2/3")
    look(survey, "3/3", detector="other")
    result = bring_together(survey)
    assert {one.detector: one.missing for one in result.merged} == {"brightness": (3,), "other": (1, 2)}
    assert "different detectors" in result.text()
    with Project.open(survey) as project:
        assert detections.latest_detector(project).name == "brightness"


def test_that_a_preview_says_what_merging_does_and_changes_nothing(survey, tmp_path):
    look(survey, "1/3")
    look(survey, "2/3", out=tmp_path / "first.shard")
    bring_together(survey)
    look(survey, "2/3", out=tmp_path / "again.shard", detector="other")
    shutil.copy(tmp_path / "first.shard", tmp_path / "second.shard")
    with sqlite3.connect(tmp_path / "second.shard") as db:
        db.execute("UPDATE detections SET x = x + 0.1 WHERE image_id = 1")
        db.execute("UPDATE detections SET confidence = confidence - 0.001 WHERE image_id > 1")
    db.close()
    (tmp_path / "none.shard").write_text("nothing")
    before = found(survey)
    files = (*(survey / "shards").iterdir(), *sorted(tmp_path.glob("*.shard")))
    preview, result = (
        start(named("merge"), survey, merge.Options(files, preview), lambda _: None)
        for preview in (True, False)
    )
    assert preview.preview and "nothing was changed" in preview.text()
    assert replace(preview, preview=False) == result and found(survey) != before
    (conflict,) = [part for part in result.parts if part.conflicts]
    assert (conflict.file, conflict.conflicts) == ("second.shard", 1)
    assert {part.file: part.new for part in result.parts}["first.shard"] == conflict.known + 1


def test_that_what_a_person_rejected_stays_rejected(survey):
    look(survey, "1/1")
    bring_together(survey)
    with Project.open(survey) as project, project.write() as db:
        db.execute("UPDATE detections SET rejected = 1 WHERE id = 1")
    before = found(survey)
    assert bring_together(survey).merged[0].conflicts == 0 and found(survey) == before


def test_that_a_file_is_of_one_shard_and_one_detector_only(survey, tmp_path):
    look(survey, "1/2", out=tmp_path / "one.shard")
    with pytest.raises(Problem, match="shard 1 of 2"):
        look(survey, "2/2", out=tmp_path / "one.shard")
    with pytest.raises(Problem, match="brightness"):
        look(survey, "1/2", out=tmp_path / "one.shard", detector="other")
    with pytest.raises(Problem, match="--shard"):
        detect.run(None, detect.Options(out=tmp_path / "one.shard"), lambda _: None)


def test_that_two_processes_cannot_work_on_one_shard(survey, tmp_path):
    look(survey, "1/1", out=tmp_path / "one.shard")
    with shard_file.reading(tmp_path / "one.shard") as results:
        about = results.about
    file = shard_file.ShardFile(tmp_path / "one.shard", about)
    try:
        with pytest.raises(Problem, match="Another process"):
            shard_file.ShardFile(tmp_path / "one.shard", about)
        with pytest.raises(Problem, match="when it has finished"):
            bring_together(survey, tmp_path / "one.shard")
    finally:
        file.close()
    assert bring_together(survey, tmp_path / "one.shard").merged[0].new == PICTURES


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE detections SET confidence = 1.5",
        "UPDATE detections SET x = 'left'",
        "UPDATE detections SET width = 0.99",
        "UPDATE detections SET height = 9e999",
        "UPDATE detections SET category = ''",
        "UPDATE images SET path = zeroblob(200000000) WHERE id = 1",
        "UPDATE images SET path = hex(zeroblob(4000)) WHERE id = 1",
        "UPDATE images SET problem = 'but it has boxes'",
        "UPDATE about SET description = '{}'",
        "UPDATE about SET description = replace(description, '\"shard\":1', '\"shard\":7')",
        "UPDATE about SET description = replace(description, 'bbbb', '../.')",
        "DELETE FROM about",
        "CREATE TABLE more (x)",
        "CREATE TRIGGER t AFTER INSERT ON images BEGIN SELECT 1; END",
        "DROP TABLE detections",
        "CREATE VIEW v AS SELECT 1",
    ],
)
def test_that_a_strangers_file_is_refused_and_changes_nothing(survey, tmp_path, spoil):
    look(survey, "1/1", out=tmp_path / "one.shard")
    db = sqlite3.connect(tmp_path / "one.shard", isolation_level=None)
    db.execute(spoil)
    db.close()
    with pytest.raises(Problem, match=r"one\.shard"):
        bring_together(survey, tmp_path / "one.shard")
    assert found(survey) == []
    with Project.open(survey) as project:
        assert detections.latest_detector(project) is None


def test_that_other_files_and_other_projects_are_refused(survey, tmp_path):
    (tmp_path / "text.shard").write_text("hello")
    (tmp_path / "empty.shard").write_bytes(b"")
    for name in ("text.shard", "empty.shard", "missing.shard"):
        with pytest.raises(Problem, match=name):
            bring_together(survey, tmp_path / name)
    other = surveys.make(tmp_path / "other", 3)
    look(other, "1/1", out=tmp_path / "other.shard")
    with Project.open(survey) as project, project.write() as db:
        db.execute("UPDATE images SET path = 'folder/' || path")
    with pytest.raises(Problem, match="another project"):
        bring_together(survey, tmp_path / "other.shard")
    look(survey, "1/1", out=tmp_path / "own.shard")
    result = bring_together(survey, tmp_path / "other.shard", tmp_path / "own.shard")
    assert len(result.refused) == 1 and result.merged[0].new == PICTURES
    with pytest.raises(Problem, match="no files of shards"):
        bring_together(survey)


def test_that_a_survey_that_has_moved_since_is_recognised(survey):
    look(survey, "1/1")
    with Project.open(survey) as project, project.write() as db:
        db.execute("UPDATE roots SET path = '/elsewhere'")
    assert bring_together(survey).merged[0].new == PICTURES


def test_that_pictures_elsewhere_are_recognised_by_the_address_of_their_root(survey):
    look(survey, "1/1", out=survey.parent / "one.shard")
    with sqlite3.connect(survey.parent / "one.shard") as db:
        db.execute("UPDATE roots SET path = ?", (str(Path("s3://bucket/survey")),))
    db.close()
    with Project.open(survey) as project, project.write() as db:
        db.execute("UPDATE roots SET path = 's3://bucket/survey'")
        db.execute("INSERT INTO roots (id, path) VALUES (2, 's3://bucket/other')")
        db.execute("INSERT INTO images (key, root_id, path) SELECT key, 2, path FROM images")
    result = bring_together(survey, survey.parent / "one.shard")
    assert (result.merged[0].new, result.merged[0].gone) == (PICTURES, 0)


# What scripts do: the program itself, its default detector.


def program(folder: Path, installed_models: Path) -> dict[str, str]:
    """An environment in which ``camtrap`` is this program."""
    folder.mkdir()
    (folder / "camtrap").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m camtrap_gui "$@"\n')
    (folder / "camtrap").chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


@pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for Linux clusters")
def test_that_the_scripts_for_clusters_do_what_one_machine_does(tmp_path, installed_models, monkeypatch):
    import yaml

    survey = surveys.make(tmp_path / "survey", 12, broken=1)
    env = program(tmp_path / "bin", installed_models)
    alone = survey.with_name("undisturbed")
    shutil.copytree(survey, alone)
    subprocess.run(["camtrap", "detect", str(alone)], env=env, check=True, capture_output=True)
    script = ROOT / "packaging" / "cluster" / "slurm.sh"
    for number in ("2", "1"):
        task = {**env, "SLURM_ARRAY_TASK_ID": number}
        subprocess.run([str(script), str(survey), "3"], env=task, check=True, capture_output=True)
    job = yaml.safe_load((ROOT / "packaging" / "cluster" / "kubernetes.yaml").read_text())["spec"]
    (container,) = job["template"]["spec"]["containers"]
    assert job["completionMode"] == "Indexed"
    assert {"name": "SHARDS", "value": str(job["completions"])} in container["env"]
    pod = {**env, "JOB_COMPLETION_INDEX": "2", "PROJECT": str(survey), "SHARDS": "3"}
    subprocess.run([*container["command"], *container["args"]], env=pod, check=True, capture_output=True)
    subprocess.run(["camtrap", "merge", str(survey)], env=env, check=True, capture_output=True)
    assert found(survey) == found(alone) and len({row[1] for row in found(survey)}) == 12


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_that_a_killed_shard_looks_at_nothing_again_that_it_has_kept(tmp_path, installed_models):
    survey = surveys.make(tmp_path / "survey", 48)
    file = tmp_path / "one.shard"
    env = program(tmp_path / "bin", installed_models)
    command = [sys.executable, "-m", "camtrap_gui", "--json", "detect", str(survey), "--shard", "1/1"]
    command += ["--out", str(file)]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in process.stdout:
        if '"Detecting"' in line and '"done": 0' not in line:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with shard_file.reading(file) as results:
        kept = results.seen
    assert 0 < kept < 48
    again = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    assert f'"new": {48 - kept}' in again.stdout
    alone = survey.with_name("undisturbed")
    shutil.copytree(survey, alone)
    subprocess.run(["camtrap", "detect", str(alone)], env=env, check=True, capture_output=True)
    bring_together(survey, file)
    assert found(survey) == found(alone)
