"""The command that makes the README's pictures, on a survey of four pictures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from camtrap_gui.project import Project
from camtrap_gui.steps import dataset

ROOT = Path(__file__).parent.parent


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """What a demo leaves that has come as far as the import."""
    folder = tmp_path / "demo"
    for number, colour in enumerate(("navy", "orange", "grey", "green")):
        file = folder / "survey" / "B03" / "zebra" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (160, 120), colour).save(file)
    with Project.create(folder / "project") as project:
        options = dataset.Options(folder=folder / "survey", folder_rule="{location}/{species}")
        dataset.run(project, options, lambda _: None)
    return folder


def test_that_every_page_is_painted_in_every_way_and_the_demo_is_left_alone(demo, tmp_path):
    before = {path: path.read_bytes() for path in demo.rglob("*") if path.is_file()}
    command = [sys.executable, "packaging/pictures.py", "--demo", str(demo), "--all", str(tmp_path / "made")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [*command, "--only", "dataset"], check=True, cwd=ROOT, env=environment, capture_output=True
    )

    made = {file.stem: Image.open(file).convert("RGB") for file in (tmp_path / "made").iterdir()}
    assert len(made) == 8
    for name, picture in made.items():
        page, _, theme, width = name.split("-")
        assert page == "dataset"
        assert picture.size == {"1440": (1440, 900), "1100": (1100, 700)}[width]
        lightness = ImageStat.Stat(picture.convert("L")).mean[0]
        assert lightness > 160 if theme == "light" else lightness < 100
    full, empty = (
        {c for _, c in made[f"dataset-{how}-light-1440"].getcolors(1 << 24)} for how in ("full", "empty")
    )
    assert any(
        red > 200 and 130 < green < 190 and blue < 60 for red, green, blue in full - empty
    )  # the orange one
    assert {path: path.read_bytes() for path in demo.rglob("*") if path.is_file()} == before
