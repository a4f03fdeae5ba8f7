"""The crop step run again: after a change, after it was stopped, after it was killed."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from camtrap_gui.jobs import Cancelled
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops
from camtrap_gui.steps.crop import Options, run
from tests.croppable import Survey, animal, files_of, on_disk, snapshot


@pytest.fixture
def survey(project, tmp_path):
    return Survey(project, tmp_path / "pictures")


def test_that_a_second_run_cuts_nothing_and_changes_nothing(survey, quiet):
    survey.cover()
    first = run(survey.project, Options(), quiet)
    before = snapshot(survey.project)
    times = {path: path.stat().st_mtime_ns for path in crops.folder(survey.project).rglob("*.jpg")}
    second = run(survey.project, Options(), quiet)
    assert (first.cut, first.kept, second.cut, second.kept, second.removed) == (12, 0, 0, 12, 0)
    assert snapshot(survey.project) == before
    assert times == {path: path.stat().st_mtime_ns for path in crops.folder(survey.project).rglob("*.jpg")}


def test_that_other_options_replace_crops_and_remove_old_ones(survey, quiet):
    survey.cover()
    run(survey.project, Options(per_record=1), quiet)
    ids = {row["file"]: row["id"] for row in survey.project.db.execute("SELECT file, id FROM crops")}
    result = run(survey.project, Options(padding=1.2, exclude=("zebra",)), quiet)
    assert (result.cut, result.kept, result.removed) == (6, 0, 6)
    assert on_disk(survey.project) == files_of(survey.project)
    assert not (crops.folder(survey.project) / "zebra").exists()
    assert len(list(crops.records(survey.project).iterdir())) == 3
    assert not (survey.project.folder / ".next").exists()
    rows = survey.project.db.execute("SELECT file, id, sha256 FROM crops").fetchall()
    for row in rows:
        assert row["id"] != ids[row["file"]]  # other pixels, another crop
        assert (
            hashlib.sha256(crops.folder(survey.project).joinpath(row["file"]).read_bytes()).hexdigest()
            == row["sha256"]
        )


def test_that_only_what_changed_is_cut_again(survey, quiet):
    survey.cover()
    run(survey.project, Options(), quiet)
    Image.new("RGB", (160, 120), (1, 2, 3)).save(survey.pictures / "lion/0.jpg")
    (crops.folder(survey.project) / "zebra/zebra/1.jpg").unlink()
    result = run(survey.project, Options(), quiet)
    assert (result.cut, result.kept) == (2, 10)
    with Image.open(crops.folder(survey.project) / "lion/lion/0.jpg") as crop:
        assert max(crop.getpixel((3, 3))) < 10


def test_that_a_crop_changed_from_outside_is_found_and_repaired(survey, quiet):
    survey.cover()
    run(survey.project, Options(), quiet)
    before = snapshot(survey.project)
    crop = crops.folder(survey.project) / "lion/lion/2.jpg"
    crop.write_bytes(bytes(reversed(crop.read_bytes())))
    with pytest.raises(Problem, match=r"lion/lion/2\.jpg was changed"):
        run(survey.project, Options(), quiet)
    assert run(survey.project, Options(), quiet).cut == 1
    assert snapshot(survey.project) == before


@pytest.mark.parametrize("phase", ["Choosing", "Cutting", "Writing records"])
def test_that_a_stopped_step_leaves_the_old_data_set_whole_and_goes_on(survey, quiet, phase):
    survey.cover()
    run(survey.project, Options(), quiet)
    old = snapshot(survey.project)

    def stop(progress):
        if progress.phase == phase and (progress.done >= 5 or phase == "Choosing"):
            raise Cancelled

    with pytest.raises(Cancelled):
        run(survey.project, Options(padding=2), stop)
    assert snapshot(survey.project) == old
    crops.require_whole(survey.project)

    result = run(survey.project, Options(padding=2), quiet)
    assert result.kept >= {"Choosing": 0, "Cutting": 5, "Writing records": 12}[phase]
    new = snapshot(survey.project)
    run(survey.project, Options(), quiet)
    again = snapshot(survey.project)
    assert again[0].keys() == old[0].keys()
    pixels = [
        {name: data for name, data in made[0].items() if name.endswith(".jpg")} for made in (old, new, again)
    ]
    assert pixels[0] == pixels[2] != pixels[1]


def test_that_a_step_killed_while_files_take_their_place_is_noticed_and_mended(survey, quiet, monkeypatch):
    survey.cover()
    run(survey.project, Options(), quiet)
    rows = snapshot(survey.project)[1]
    moved = Path.replace

    def die_halfway(path, target):
        if path == survey.project.folder / ".next/crops/zebra/zebra/3.jpg":
            raise KeyboardInterrupt
        return moved(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die_halfway)
        with pytest.raises(KeyboardInterrupt):
            run(survey.project, Options(padding=2), quiet)
    assert snapshot(survey.project)[1] == rows
    with pytest.raises(Problem, match="Run it again"):
        list(crops.of_split(survey.project, "train"))

    result = run(survey.project, Options(padding=2), quiet)
    assert (result.cut, result.kept) == (0, 12)
    mended = snapshot(survey.project)
    for row in survey.project.db.execute("SELECT file, sha256 FROM crops"):
        assert hashlib.sha256(mended[0][f"crops/{row['file']}"]).hexdigest() == row["sha256"]
    assert list(crops.of_split(survey.project, "train"))


def test_that_a_killed_step_is_completed_by_the_same_command(tmp_path, quiet):
    def make(name):
        with Project.create(tmp_path / name) as project:
            survey = Survey(project, tmp_path / "pictures")
            for number in range(120):
                survey.add(
                    f"{number:03d}.jpg",
                    labels=(("lion", "zebra")[number % 2],),
                    location=f"site {number % 8}",
                    size=(1024, 768),
                    found=(animal(), animal(0.6, confidence=0.7)),
                )
            return project.folder

    undisturbed, killed = make("undisturbed"), make("killed")
    with Project.open(undisturbed) as project:
        run(project, Options(), quiet)
        expected = snapshot(project)

    command = [sys.executable, "-m", "camtrap_gui", "crop", str(killed)]
    root = Path(__file__).parents[2]
    for crops_before_the_kill in (10, 90):
        process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if len(list((killed / "crops").rglob("*.jpg"))) >= crops_before_the_kill:
                break
            time.sleep(0.005)
        assert process.poll() is None, "the step ended before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with Project.open(killed) as project:
            assert files_of(project) == []
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with Project.open(killed) as project:
        assert snapshot(project) == expected
        (state,) = project.db.execute("SELECT state FROM jobs ORDER BY id DESC LIMIT 1").fetchone()
        assert state == "done"
