"""The whole road through the command line, on a small generated survey and with the real models."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from camtrap_gui.project import Project
from camtrap_gui.steps import STEPS, states


def camtrap(*arguments: str | Path) -> str:
    """What the program prints on stdout; fails with what it prints on stderr."""
    command = [sys.executable, "-m", "camtrap_gui", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def demo(installed_models: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A demo of 150 pictures, and what it said about itself."""
    folder = tmp_path_factory.mktemp("demo")
    lines = camtrap("--json", "demo", folder, "--images", "150").splitlines()
    return folder, json.loads(lines[-1])["result"]


def test_that_the_demo_goes_the_whole_road(demo):
    folder, result = demo
    with Project.open(folder / "project") as project:
        done = {name for name, state in states(project).items() if state == "done"}
    assert done >= {step.name for step in STEPS if step.project != "none"}
    assert result["figures"]["recall"] > 0.6
    assert result["figures"]["precision"] > 0.6
    assert 0 <= result["figures"]["top_1"] <= result["figures"]["top_5"] <= 1


def test_that_originals_are_only_read(demo):
    folder, _ = demo
    made = json.loads((folder / "survey" / "survey.json").read_text())
    wanted = {image["file_name"] for image in made["images"]}
    found = {
        path.relative_to(folder / "survey").as_posix()
        for path in (folder / "survey").rglob("*.[jJ][pP]*[gG]")
    }
    assert found <= wanted


def test_that_doing_it_again_does_nothing_twice(demo):
    folder, _ = demo
    project = folder / "project"
    again = json.loads(camtrap("--json", "detect", project).splitlines()[-1])["result"]
    assert again["new"] == 0
    again = json.loads(camtrap("--json", "crop", project).splitlines()[-1])["result"]
    assert again["cut"] == 0 and again["removed"] == 0 and again["kept"] == sum(again["crops"].values())


def test_that_an_export_predicts_new_pictures(demo, tmp_path):
    folder, result = demo
    pictures = sorted((folder / "survey").rglob("*.JPG"))[:6]
    said = camtrap(
        "predict", result["model"], *pictures, "--detect", "--output", tmp_path / "out", "--csv", tmp_path / "p.csv",
        "--json", tmp_path / "p.json",
    )  # fmt: skip
    assert said
    rows = list(csv.DictReader((tmp_path / "p.csv").open(encoding="utf-8-sig")))
    answer = json.loads((tmp_path / "p.json").read_text())
    assert len(answer["images"]) == len(pictures)
    assert answer["info"]["format_version"] == "1.6"
    boxes = sum(len(image.get("detections") or ()) for image in answer["images"])
    assert boxes and len(rows) >= boxes
    copies = {path.stem for path in (tmp_path / "out").rglob("*_detections.*")}
    assert copies and all(copy.endswith("_detections") for copy in copies)


def test_that_sample_writes_the_tutorials_files(demo, tmp_path):
    folder, _ = demo
    camtrap("sample", folder / "project", "--sample", "5", "--output", tmp_path / "look")
    texts = sorted((tmp_path / "look").glob("*.txt"))
    assert 0 < len(texts) <= 5
    for text in texts:
        lines = text.read_text().splitlines()
        assert lines[0].startswith("Predicting ") and lines[1] == "Most likely classes:"
        assert len(list(text.parent.glob(f"{text.stem}.*"))) == 2
