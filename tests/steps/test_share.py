"""One command writes every format, never beside the originals, never over anything, whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from camtrap_gui import cli, options
from camtrap_gui.jobs import Cancelled
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project
from camtrap_gui.sharing import checking
from camtrap_gui.steps import named, share
from tests import shareable

ENDINGS = {"coco-camera-traps": ".json", "megadetector": ".json", "xlsx": ".xlsx"}


def quiet(_):
    pass


@pytest.fixture
def survey(tmp_path):
    with shareable.make(tmp_path) as project:
        yield project


def asked(tmp_path, form, name="out", **more):
    target = tmp_path / f"{name}{ENDINGS.get(form, '')}"
    return share.Options(form, target, time_zone="+03:00", coordinates=tmp_path / "coordinates.csv", **more)


@pytest.mark.parametrize("form", list(share.FORMATS))
def test_that_each_format_is_written_once_and_never_over_another(survey, tmp_path, form):
    classes = "category" if form in ("coco", "yolo", "pascal-voc") else "species"
    wanted = asked(tmp_path, form, classes=classes)
    seen = []
    result = share.run(survey, wanted, seen.append)
    assert wanted.target.exists() and all(number >= 0 for number in result.counts.values())
    assert str(wanted.target) in result.text() and seen[-1].done == seen[-1].total
    with pytest.raises(Problem, match="not overwritten"):
        share.run(survey, wanted, quiet)


@pytest.mark.parametrize("form", ["megadetector", "timelapse", "camtrap-dp", "coco-camera-traps"])
def test_that_what_was_written_is_read_again_and_compared(survey, tmp_path, form):
    result = share.run(survey, asked(tmp_path, form, check=True), quiet)
    assert result.notes[-1].startswith("Read again: ") and result.notes[-1].endswith("as written.")
    counts = {name: number + 1 for name, number in result.counts.items()}
    with pytest.raises(Problem, match="Remove it and write it again"):
        checking.read_again(form, result.target, counts)


@pytest.mark.parametrize("form", list(share.FORMATS))
def test_that_a_stopped_run_leaves_nothing(survey, tmp_path, form):
    def stop(progress):
        raise Cancelled

    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Cancelled):
        share.run(survey, asked(tmp_path, form), stop)
    assert sorted(tmp_path.rglob("*")) == before


def test_that_originals_and_projects_are_not_written_into(survey, tmp_path):
    pictures, project = tmp_path / "pictures", survey.folder
    for target in (
        pictures / "out",
        pictures,
        tmp_path,
        project / "crops" / "x",
        project,
        project / "exports",
    ):
        with pytest.raises(Problem):
            share.run(survey, share.Options("csv", target), quiet)
    share.run(survey, share.Options("csv", project / "exports" / "tables"), quiet)
    (tmp_path / "elsewhere").symlink_to(pictures)
    with pytest.raises(Problem, match="never written beside"):
        share.run(survey, share.Options("csv", tmp_path / "elsewhere" / "out"), quiet)


def test_that_thresholds_are_understood_or_refused(tmp_path):
    given = share.Options("csv", tmp_path, thresholds=("animal=0.3,person=.2", "vehicle=1"))
    assert share.rules(given).lows == (("animal", 0.3), ("person", 0.2), ("vehicle", 1.0))
    for text in ("animal", "animal=x", "=0.2", "animal=2", "animal=nan"):
        with pytest.raises(Problem, match="for example animal"):
            share.rules(share.Options("csv", tmp_path, thresholds=(text,)))


def test_that_the_command_line_has_it(survey, tmp_path, capsys):
    survey.close()
    project = str(tmp_path / "project")
    status = cli.run(
        [
            "share",
            project,
            "separate",
            str(tmp_path / "o"),
            "--thresholds",
            "animal=0.3",
            "person=0.2",
            "--pictures",
            "list",
        ]
    )
    assert status == 0 and "animals/" in capsys.readouterr().out
    assert cli.run(["share", project, "camtrap-dp", str(tmp_path / "dp")]) == cli.EXIT_MEND
    assert "--time-zone" in capsys.readouterr().err
    assert cli.run(["share", project, "nonsense", str(tmp_path / "n")]) == cli.EXIT_MEND
    with Project.open(tmp_path / "project") as again:
        states = [row["state"] for row in again.db.execute("SELECT state FROM jobs WHERE step = 'share'")]
    assert states == ["done", "failed"]


def test_that_every_option_says_what_it_is_for():
    for field in options.fields(named("share").module().Options):
        assert len(field.option.help) > 10, field.name


@pytest.mark.parametrize("form", ["camtrap-dp", "species-folders"])
def test_that_a_killed_run_leaves_no_half_target(tmp_path, form):
    with shareable.make(tmp_path) as survey, survey.write() as db:
        for number in range(100, 4100):
            Path(tmp_path / "pictures" / f"{number}.jpg").symlink_to("001.jpg")
            db.execute(
                "INSERT INTO images (id, key, root_id, path, location_id, taken, width, height)"
                " VALUES (?1, ?2, 1, ?2, 1, '2024-05-01T10:00:00', 64, 48)",
                (number, f"{number}.jpg"),
            )
            db.execute("INSERT INTO labels (image_id, species_id) VALUES (?, 1)", (number,))
    target = tmp_path / "out"
    command = [sys.executable, "-m", "camtrap_gui", "share", str(tmp_path / "project"), form, str(target)]
    command += ["--time-zone", "+03:00", "--coordinates", str(tmp_path / "coordinates.csv")]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment()
    )
    while not [*tmp_path.glob(".out.unfinished-*/*")] and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not target.exists() and [*tmp_path.glob(".out.unfinished-*")]
    subprocess.run(command, check=True, capture_output=True, env=_environment())
    assert target.is_dir() and not [*tmp_path.glob(".out.*")]
    lines = {"camtrap-dp": "media.csv", "species-folders": "files.csv"}[form]
    assert len((target / lines).read_text().splitlines()) > 4000


def _environment():
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def test_that_smoothing_is_told_and_written(survey, tmp_path):
    with survey.write() as db:
        db.execute("UPDATE images SET sequence_id = 1")
        db.execute("UPDATE suggestions SET species_id = 1, top = '[[\"zebra\", 0.8]]'")
        db.execute("UPDATE suggestions SET species_id = 2, top = '[[\"lion\", 0.9]]' WHERE detection_id = 8")
    result = share.run(survey, asked(tmp_path, "species-folders", smooth=True), quiet)
    assert "Smoothing changed 1 of" in result.text() and (tmp_path / "out" / "zebra" / "008.jpg").is_file()


def test_that_the_figures_of_what_was_written_say_what_they_count(tmp_path):
    rows = share.Result("csv", tmp_path, {"images": 240, "species": 243}).text()
    assert rows.endswith(": tables with rows: images 240, species 243.")
    pictures = share.Result("yolo", tmp_path, {"pictures": 9, "blurred": 0, "left_out": 0}).text()
    assert pictures.endswith(": 9 pictures.")
