"""Files without a word about them: what each is taken for."""

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.formats.kinds import kind_of

RESULTS = json.dumps({"info": {}, "detection_categories": {"1": "animal"}, "images": []})
DECISIONS = json.dumps({"about": {"format": "camtrap decisions", "version": 1}, "species": [], "images": []})


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return path


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("survey.json", '{"images": [], "annotations": [], "categories": []}', "json"),
        ("broken.json", "{", "json"),
        ("md.JSON", RESULTS, "results"),
        ("decisions.json", DECISIONS, "decisions"),
        ("datapackage.json", "{}", "camtrap-dp"),
        ("md_v5a.0.0.onnx", "", "detector"),
        ("md_v4.1.0.PB", "", "detector"),
        ("IMG_0001.JPG", "", "picture"),
        ("yolox-1-of-16.shard", "", "shard"),
        ("efficientnet-1-of-16.crops", "", "shard"),
        ("labels.CSV", "file,species", "csv"),
        ("labels.tsv", "", "csv"),
        ("thesis.docx", "", "unknown"),
        ("broken.zip", "no zip", "unknown"),
    ],
)
def test_that_files_are_known_by_name_and_content(tmp_path, name, text, kind):
    (tmp_path / name).write_text(text)
    assert kind_of(tmp_path / name) == kind


def test_that_folders_and_archives_are_known_by_what_is_in_them(tmp_path):
    assert kind_of(tmp_path) == "folder"
    assert kind_of(zipped(tmp_path / "a.zip", "survey/datapackage.json", "survey/media.csv")) == "camtrap-dp"
    assert kind_of(zipped(tmp_path / "b.zip", "model/saved_model.pb")) == "detector"
    assert kind_of(zipped(tmp_path / "c.zip", "pictures/1.jpg")) == "unknown"
    (tmp_path / "saved_model.pb").touch()
    assert kind_of(tmp_path) == "detector"
    (tmp_path / "datapackage.json").touch()
    assert kind_of(tmp_path) == "camtrap-dp"
    assert kind_of(tmp_path / "gone.json") == "json"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from(["json", "zip"]))
def test_that_no_content_upsets_it(tmp_path, content, ending):
    (tmp_path / f"any.{ending}").write_bytes(content)
    assert kind_of(tmp_path / f"any.{ending}") in (
        "json",
        "results",
        "decisions",
        "unknown",
        "camtrap-dp",
        "detector",
    )
