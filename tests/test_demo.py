"""The demo: one command from nothing to a tested classifier, that can be stopped and continued."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from camtrap_gui import demo
from camtrap_gui.cli import run

ROOT = Path(__file__).parent.parent


def camtrap_demo(folder, *more):
    return [sys.executable, "-m", "camtrap_gui", "--json", "demo", str(folder), *more]


def last_line(text):
    return json.loads(text.splitlines()[-1])


def test_that_a_survey_alone_can_be_asked_for(tmp_path, capsys):
    assert run(["demo", str(tmp_path / "demo"), "--images", "2", "--survey-only"]) == 0
    assert "2 pictures of 2 cameras" in capsys.readouterr().out
    assert (tmp_path / "demo" / "survey" / "survey.json").exists()
    assert not (tmp_path / "demo" / "project").exists()


def test_that_other_settings_in_the_same_folder_are_a_problem(tmp_path, capsys):
    assert run(["demo", str(tmp_path), "--images", "1", "--survey-only"]) == 0
    assert run(["demo", str(tmp_path), "--images", "2", "--survey-only"]) == 2
    assert "other settings" in capsys.readouterr().err


def test_that_the_summary_says_what_was_made_and_how_well_it_went():
    figures = demo.Figures("a detector", 0.25, 0.9, None, 0.125, 300, 14, 60, 0.75, 0.9, 0.61)
    text = demo.Result(
        Path("d"), Path("d/survey"), 600, 20, {"survey": 60.0, "detect": 60.0}, Path("d/project"),
        Path("d/model"), Path("d/results"), figures,
    ).text()  # fmt: skip
    for part in (
        "600 pictures of 20 cameras",
        "finds 90%",
        "– of its boxes",
        "12%",
        "240 crops",
        "75%",
        "0.61",
        "2.0 minutes",
    ):
        assert part in text


@pytest.mark.real
def test_that_the_whole_road_is_gone_also_after_being_killed(tmp_path, installed_models):
    command = camtrap_demo(tmp_path / "demo", "--images", "96", "--seed", "1")
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    for line in process.stdout:
        progress = json.loads(line).get("progress", {})
        if progress.get("phase", "").startswith("Detect: Detecting") and progress["done"] > 20:
            os.kill(process.pid, signal.SIGKILL)
            break
    assert process.wait() == -signal.SIGKILL

    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    result = last_line(done.stdout)["result"]
    assert result == json.loads((tmp_path / "demo" / "demo.json").read_text())
    figures = result["figures"]
    assert 'name = "Demo survey"' in (tmp_path / "demo" / "project" / "project.toml").read_text()
    assert figures["recall"] > 0.7 and figures["precision"] > 0.6 and figures["false_alarms"] < 0.3
    assert figures["test_crops"] > 0 and figures["top_5"] >= figures["top_1"] > 0.2
    for made in ("crops.csv", "crops.png", "predictions.json", "sample"):
        assert (tmp_path / "demo" / "results" / made).exists()
    assert list((tmp_path / "demo" / "results" / "predictions").rglob("*_detections.JPG"))

    again = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    phases = {json.loads(line)["progress"]["phase"] for line in again.stdout.splitlines()[:-1]}
    assert not any(phase.startswith(("Detect", "Crops", "Train", "Export")) for phase in phases)
    assert last_line(again.stdout)["result"]["figures"] == figures
