"""What befalls the program from outside: full and read-only disks, folders that vanish, databases that others hold."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from camtrap_gui import files, jobs, mishaps
from camtrap_gui.jobs import recorded
from camtrap_gui.models.classifiers.crop_reading import CropFile, picture_of
from camtrap_gui.pictures import Unreadable, read_below, read_upright
from camtrap_gui.problem import Interrupted
from camtrap_gui.project import Project, history
from camtrap_gui.steps import named, run_step
from tests.croppable import Survey
from tests.disks import ROOT, on_small_disk

CROPS = """
    import hashlib, json, os, sys
    from contextlib import redirect_stderr
    from io import StringIO
    from pathlib import Path
    from camtrap_gui import cli
    from camtrap_gui.project import Project
    from tests.croppable import Survey

    disk = Path(sys.argv[1])

    def camtrap(*arguments):
        with redirect_stderr(StringIO()) as said:
            status = cli.run(arguments)
        return status, said.getvalue().strip().splitlines()[-1]

    def survey(folder, pictures):
        with Project.create(folder) as project:
            made = Survey(project, pictures)
            for number in range(30):
                made.add(f"{number}.png", location="ABCDEFG"[number % 7], size=(480, 360))

    def data_set(folder):
        with Project.open(folder) as project:
            assert project.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            rows = project.db.execute("SELECT file, sha256, split FROM crops ORDER BY file").fetchall()
            for row in rows:
                assert hashlib.sha256((folder / "crops" / row["file"]).read_bytes()).hexdigest() == row["sha256"]
            return [tuple(row) for row in rows]

    def leave(kilobytes):
        (disk / "other").unlink(missing_ok=True)
        room = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        (disk / "other").write_bytes(bytes(max(0, room - kilobytes * 1024)))
"""


def last_line(said):
    return json.loads(said.splitlines()[-1])


def test_that_crops_stop_on_a_full_disk_with_a_sentence_and_go_on_when_there_is_room(tmp_path):
    script = """
        survey(disk / "project", disk.parent / "pictures")
        said = []
        for room in (0, 50, 100, 150, 200):
            leave(room)
            status, words = camtrap("crop", str(disk / "project"))
            (disk / "other").unlink()
            said.append([room, status, words, len(data_set(disk / "project"))])
        status, words = camtrap("crop", str(disk / "project"))
        done = data_set(disk / "project")
        survey(disk.parent / "undisturbed", disk.parent / "more pictures")
        camtrap("crop", str(disk.parent / "undisturbed"))
        print(json.dumps([said, status, done == data_set(disk.parent / "undisturbed"), len(done)]))
    """
    said, status, same, crops = last_line(on_small_disk(tmp_path / "disk", 24_000, CROPS, script))
    assert [room for room, code, words, kept in said if code != 2 or "is full. Make room" not in words] == []
    assert {kept for *_, kept in said} == {0} and all(
        str(tmp_path / "disk") in words for _, _, words, _ in said
    )
    assert (status, same, crops) == (0, True, 30)


def test_that_exports_on_a_full_disk_leave_nothing_half_written(tmp_path):
    script = """
        survey(disk.parent / "project", disk.parent / "pictures")
        said = []
        for form in ("csv", "coco", "species-folders"):
            leave(8)
            said.append([*camtrap("share", str(disk.parent / "project"), form, str(disk / "shared"))])
            (disk / "other").unlink()
            said[-1] += [path.name for path in disk.iterdir()]
            said[-1].append(camtrap("share", str(disk.parent / "project"), form, str(disk / "shared"))[0])
            subprocess.run(["rm", "-r", str(disk / "shared")], check=True)
        print(json.dumps(said))
    """
    said = last_line(on_small_disk(tmp_path / "disk", 2_000, CROPS, "import subprocess\n", script))
    assert [(status, then) for status, _, *then in said] == [(2, [0])] * 3
    assert all("disk" in words and "is full" in words for _, words, *_ in said)


TRAINS = """
    import json, os, sys
    from contextlib import redirect_stderr
    from io import StringIO
    from pathlib import Path
    from camtrap_gui import cli
    from camtrap_gui.project import Project, runs
    from tests import tiny

    disk = Path(sys.argv[1])
    os.environ["CAMTRAP_MODELS"] = str(disk.parent / "models")
    tiny.register()
    tiny.make_store(disk.parent / "models")
    with Project.create(disk / "project") as project:
        tiny.add_crops(project, {(name, split): 8 for name in ("zebra", "rhino") for split in ("train", "val")})

    def train():
        with redirect_stderr(StringIO()) as said:
            status = cli.run(["train", str(disk / "project"), "--backbone", "tiny", "--epochs", "2"])
        return status, said.getvalue().strip().splitlines()[-1]

    said = []
    for room in (40, 90, 130):
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        (disk / "other").write_bytes(bytes(free - room * 1024))
        said.append(train())
        (disk / "other").unlink()
    status, _ = train()
    with Project.open(disk / "project") as project:
        known = runs.all_of(project)
        states = [run.state for run in known if run.has_model]
        folders = sorted(path.name for path in (disk / "project" / "runs").iterdir())
        print(json.dumps([said, status, states, folders == sorted(run.id for run in known)]))
"""


def test_that_a_training_stops_on_a_full_disk_and_is_taken_up_again(tmp_path):
    said, status, states, all_known = last_line(on_small_disk(tmp_path / "disk", 24_000, TRAINS))
    assert all(code == 2 and "is full. Make room" in words for code, words in said)
    assert status == 0 and states == ["done"] and all_known


def test_that_a_project_on_a_read_only_disk_says_so(tmp_path):
    script = """
        import subprocess
        survey(disk / "project", disk.parent / "pictures")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        print(json.dumps([camtrap("crop", str(disk / "project")), camtrap("labels", "undo", str(disk / "project")),
            camtrap("dataset", str(disk / "another"), "--folder", str(disk.parent / "pictures"))]))
    """
    for status, words in last_line(on_small_disk(tmp_path / "disk", 24_000, CROPS, script)):
        assert status == 2 and str(tmp_path / "disk") in words
        assert "can only be looked at" in words or "cannot be written" in words


def test_that_a_database_and_a_folder_that_may_only_be_read_say_so(tmp_path):
    script = """
        import subprocess
        survey(disk / "project", disk.parent / "pictures")
        said = []
        for name in ("crops", "project.sqlite"):
            place = str(disk / "project" / name)
            (disk / "project" / "crops").mkdir(exist_ok=True)
            subprocess.run(["mount", "--bind", place, place], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
            said.append(camtrap("crop", str(disk / "project")))
            subprocess.run(["umount", place], check=True)
        said.append(camtrap("crop", str(disk / "project")))
        print(json.dumps([said, len(data_set(disk / "project"))]))
    """
    said, crops = last_line(on_small_disk(tmp_path / "disk", 24_000, CROPS, script))
    (first, about_crops), (second, about_database), (third, _) = said
    assert (first, second, third, crops) == (2, 2, 0, 30)
    assert f"{tmp_path / 'disk' / 'project' / 'crops'}" in about_crops
    assert "read-only" in about_crops
    assert "can only be looked at: you may not write its database" in about_database


def test_that_a_file_that_may_not_grow_any_more_stops_a_job_and_loses_nothing(tmp_path):
    script = """
import resource, sys
from pathlib import Path
from camtrap_gui.jobs import recorded
from camtrap_gui.models.classifiers.crop_reading import CropFile, picture_of
from camtrap_gui.pictures import Unreadable, read_below, read_upright
from camtrap_gui.problem import Interrupted
from camtrap_gui.project import Project, problems
with Project.create(Path(sys.argv[1])) as project:
    size = (project.folder / "project.sqlite-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 600_000, -1))
    kept = 0
    try:
        with recorded(project, "detect", {}):
            for number in range(100):
                problems.add(project, "detect", [(str(number), "x" * 30_000)])
                kept += 1
    except Interrupted as why:
        resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
        problems.add(project, "detect", [("again", "x")])
        print(kept, project.db.execute("SELECT count(*) FROM problems").fetchone()[0], why)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "project")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    kept, there, why = done.stdout.split(" ", 2)
    assert int(kept) > 3 and int(there) == int(kept) + 1 and "answered with an error" in why
    with Project.open(tmp_path / "project") as project:
        assert list(history.cut_off(project)) == ["detect"]


def test_that_the_database_running_full_takes_back_the_batch_and_stops_the_job(project):
    project.db.execute(f"PRAGMA max_page_count = {project.db.execute('PRAGMA page_count').fetchone()[0] + 5}")
    with pytest.raises(Interrupted, match="is full"), recorded(project, "stats", {}):
        for number in range(100):
            with project.write() as db:
                db.execute(
                    "INSERT INTO problems (step, subject, reason) VALUES ('stats', ?, ?)",
                    (number, "x" * 9000),
                )
    project.db.execute("PRAGMA max_page_count = 100000")
    assert not project.db.in_transaction
    with project.write() as db:
        db.execute("DELETE FROM problems")
    assert list(history.cut_off(project)) == ["stats"]
    assert project.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_that_a_database_another_program_holds_is_named_and_the_job_goes_on_later(project):
    project.db.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(project.folder / "project.sqlite", isolation_level=None)
    with pytest.raises(Interrupted, match="being written by another program"), recorded(project, "stats", {}):
        other.execute("BEGIN IMMEDIATE")
        with project.write():
            pytest.fail("two write at once")
    other.execute("ROLLBACK")
    assert list(history.cut_off(project)) == ["stats"]
    with recorded(project, "stats", {}):
        pass
    assert history.cut_off(project) == {}
    states = project.db.execute("SELECT state FROM jobs ORDER BY id").fetchall()
    assert [state for (state,) in states] == ["interrupted", "done"]
    other.close()


class Away:
    """A report that takes a folder away when so much is done, as when a network share is gone."""

    def __init__(self, folder: Path, phase: str, done: int) -> None:
        self.folder, self.phase, self.done = folder, phase, done
        self.elsewhere = folder.with_name(f"{folder.name} elsewhere")

    def __call__(self, progress: jobs.Progress) -> None:
        if progress.phase == self.phase and progress.done >= self.done and not self.elsewhere.exists():
            self.folder.rename(self.elsewhere)
            self.folder.mkdir()  # what is left where a disk was mounted

    def back(self) -> None:
        self.folder.rmdir()
        self.elsewhere.rename(self.folder)


@pytest.fixture
def survey(project, tmp_path):
    made = Survey(project, tmp_path / "pictures")
    for number in range(40):
        made.add(f"{number % 3}/{number}.png", location="ABCDEFG"[number % 7])
    return made


def test_that_pictures_away_in_the_middle_of_cropping_stop_it_and_no_crop_is_missing_in_the_end(
    project, survey
):
    away = Away(survey.pictures, "Cutting", 10)
    step = named("crop")
    with pytest.raises(Interrupted, match=r"pictures is not there or empty.*connect it"):
        run_step(step, project, step.module().Options(), away)
    assert project.db.execute("SELECT count(*) FROM crops").fetchone()[0] == 0
    assert list(history.cut_off(project)) == ["crop"]
    away.back()
    result = run_step(step, project, step.module().Options(), lambda _: None)
    assert sum(result.crops.values()) == 40 and result.kept >= 5 and not result.left_out


def test_that_pictures_away_in_the_middle_of_an_import_are_not_called_unusable(tmp_path, monkeypatch):
    from camtrap_gui.sources import files_on_disk

    monkeypatch.setattr(files_on_disk, "_BATCH", 8)
    monkeypatch.setattr(files_on_disk, "_AHEAD", 2)
    for number in range(40):
        (tmp_path / "pictures" / "A").mkdir(parents=True, exist_ok=True)
        Image.new("L", (40, 30), number).save(tmp_path / "pictures" / "A" / f"{number}.png")
    step = named("dataset")
    options = step.module().Options(folder=tmp_path / "pictures")
    with Project.create(tmp_path / "project") as project:
        away = Away(tmp_path / "pictures", "Checking files", 16)
        with pytest.raises(Interrupted, match="not there or empty"):
            run_step(step, project, options, away)
        away.back()
        bad = "SELECT count(*) FROM images WHERE problem IS NOT NULL"
        checked = "SELECT count(*) FROM images WHERE checked"
        assert project.db.execute(bad).fetchone()[0] == 0 < project.db.execute(checked).fetchone()[0] < 40
        run_step(step, project, options, lambda _: None)
        assert project.db.execute(bad).fetchone()[0] == 0
        assert project.db.execute(checked).fetchone()[0] == 40


def test_that_a_folder_with_many_missing_pictures_is_not_taken_for_one_that_is_away(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "here.jpg").touch()
    for _ in range(3):
        mishaps.require(tmp_path / "pictures", FileNotFoundError(errno.ENOENT, "no such file"))
    (tmp_path / "pictures" / "here.jpg").unlink()
    (tmp_path / "pictures").rename(tmp_path / "moved")
    with pytest.raises(Interrupted):
        mishaps.require(tmp_path / "pictures", FileNotFoundError(errno.ENOENT, "no such file"))


def test_that_one_bad_place_of_a_disk_is_not_the_end_but_a_share_that_answers_no_more_is(tmp_path):
    (tmp_path / "here.jpg").touch()
    mishaps.require(tmp_path, OSError(errno.EIO, "Input/output error"))
    with pytest.raises(Interrupted):
        mishaps.require(tmp_path, OSError(errno.ESTALE, "Stale file handle"))


def test_that_a_project_that_is_gone_stops_the_job_and_is_not_made_anew(project, survey, monkeypatch):
    monkeypatch.setattr(jobs, "LOOK_EVERY_S", 0.0)
    moved = project.folder.with_name("moved")

    def move(progress: jobs.Progress) -> None:
        if progress.phase == "Cutting" and progress.done == 10:
            project.folder.rename(moved)

    step = named("crop")
    with pytest.raises(Interrupted, match=r"project cannot be reached any more"):
        run_step(step, project, step.module().Options(), move)
    project.close()
    moved.rename(project.folder)  # which nothing must have been put in the place of
    with Project.open(project.folder) as again:
        assert sum(run_step(step, again, step.module().Options(), lambda _: None).crops.values()) == 40


KILLED = """
import os, signal, sys
from pathlib import Path
from camtrap_gui import files
from camtrap_gui.jobs import recorded
from camtrap_gui.models.classifiers.crop_reading import CropFile, picture_of
from camtrap_gui.pictures import Unreadable, read_below, read_upright
from camtrap_gui.project import Project
with Project.open(Path(sys.argv[1])) as project, recorded(project, "train", {}):
    with files.replacing(project.folder / "runs" / "a" / "options.json") as beside:
        beside.write_text("half of")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_that_a_file_whose_writer_was_killed_is_the_old_one_and_what_was_left_is_swept_up(project):
    whole = project.folder / "runs" / "a" / "options.json"
    files.write_text(whole, "old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(project.folder)], cwd=ROOT)
    (left,) = [path for path in whole.parent.iterdir() if path != whole]
    assert done.returncode == -9 and whole.read_text() == "old" and left.read_text() == "half of"
    files.sweep([left])
    assert left.exists()  # somebody may be writing it just now
    os.utime(left, (0, 0))
    with recorded(project, "train", {}):
        pass
    assert list(whole.parent.iterdir()) == [whole] and whole.read_text() == "old"


def test_that_a_training_or_an_evaluation_does_not_go_on_with_no_crops_to_see(tmp_path):
    folder = tmp_path / "crops"
    (folder / "lion").mkdir(parents=True)
    whole = Image.new("RGB", (16, 16))
    for name in ("a", "b"):
        whole.save(folder / "lion" / f"{name}.png")
    crop = CropFile(folder / "lion" / "a.png", files.sha256_of(folder / "lion" / "a.png"))
    (folder / "lion" / "b.png").unlink()
    with pytest.raises(Unreadable, match="missing"):
        picture_of(CropFile(folder / "lion" / "b.png", crop.sha256))
    assert picture_of(crop).size == (16, 16)
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(Interrupted, match="connect it"):
        picture_of(crop)
    (tmp_path / "elsewhere").rename(folder)
    assert picture_of(crop).size == (16, 16)


def test_that_a_disk_away_for_a_moment_costs_no_picture(tmp_path):
    picture = tmp_path / "pictures" / "a.png"
    picture.parent.mkdir()
    Image.new("RGB", (16, 16)).save(picture)
    tried = []

    def read() -> tuple[int, int]:
        if not tried:  # it comes back before anybody could look
            picture.rename(tmp_path / "a.png")
        try:
            return read_upright(picture).size
        finally:
            if not tried:
                (tmp_path / "a.png").rename(picture)
            tried.append(1)

    assert read_below(picture.parent, read) == (16, 16) and len(tried) == 2
