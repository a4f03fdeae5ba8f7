import hashlib
import json
import re
import shutil

import numpy as np
import pytest

from camtrap_gui.cli import run as camtrap
from camtrap_gui.jobs import Cancelled
from camtrap_gui.models.classifiers import Classifier, bundle, check_export
from camtrap_gui.problem import Problem
from camtrap_gui.project import crops, runs
from camtrap_gui.steps import export
from camtrap_gui.steps.export import Options

CARD = {"MODEL_CARD.md", "model_card.html"}
ALL = {
    "bundle",
    "saved_model",
    "frozen_inference_graph_w_preprocessing.pb",
    "classlist.txt",
    "export.json",
    *CARD,
}


def contents(folder):
    return {path.name for path in folder.iterdir()}


def test_that_all_formats_are_written_checked_and_described(with_run, tmp_path, capsys):
    folder = tmp_path / "out" / "savanna"
    assert camtrap(["export", str(with_run.folder), str(folder)]) == 0
    assert contents(folder) == ALL
    assert contents(folder.parent) == {"savanna"}
    assert (folder / "classlist.txt").read_text() == "human\nzebra\ngazelle\nrhino"
    assert bundle.load(folder / "bundle").classes == ("human", "zebra", "gazelle", "rhino")

    told = json.loads((folder / "export.json").read_text())
    assert set(told["checked"]) == {"bundle", "frozen-graph", "saved-model"}
    for found in told["checked"].values():
        assert found["crops"] == 22 and found["max_difference"] < 0.01 and found["changed_clearly"] == 0
    assert "RGB 0..1" in told["input"]["saved_model"] and told["temperature"] == 1.0
    assert set(told["tolerances"]) == set(told["checked"])
    assert contents(folder / "bundle") >= CARD
    for name, digest in told["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    said = capsys.readouterr().out
    assert "loaded again and tried on 22 crops" in said and str(folder) in said


@pytest.fixture
def checked_at_once(monkeypatch):
    """The fresh process has tests of its own; here it would only take time."""

    def answers(exported, crops, waiting, way):
        waiting()
        return check_export._all_answers(exported, crops, way)

    monkeypatch.setattr(check_export, "answers", answers)


@pytest.fixture(scope="module")
def exported_once(tmp_path_factory):
    return tmp_path_factory.mktemp("exported") / "out"


@pytest.fixture
def earlier(with_run, exported_once, tmp_path, quiet, checked_at_once):
    """The bundle was exported to ``out`` before."""
    if not exported_once.exists():
        export.run(with_run, Options(exported_once, formats=("bundle",)), quiet)
    return shutil.copytree(exported_once, tmp_path / "out")


def test_that_an_earlier_export_is_replaced_as_a_whole(with_run, earlier, tmp_path, quiet):
    (tmp_path / "out" / "saved_model").mkdir()  # as if that had been exported as well
    export.run(with_run, Options(tmp_path / "out", formats=("bundle",)), quiet)
    assert contents(tmp_path / "out") == {"bundle", "classlist.txt", "export.json", *CARD}


def test_that_every_example_on_the_card_runs_where_it_says(
    with_run, tmp_path, quiet, checked_at_once, monkeypatch
):
    formats = ("bundle", "onnx", "tflite")
    made = export.run(with_run, Options(tmp_path / "out", formats=formats, author="A. Ranger"), quiet)
    assert [check.format for check in made.checked] == list(formats)
    assert all(check.bytes > 10_000 for check in made.checked)
    shutil.copyfile(next((with_run.folder / "crops" / "zebra").iterdir()), tmp_path / "out" / "crop1.jpg")
    shutil.copyfile(next((with_run.folder / "crops" / "rhino").iterdir()), tmp_path / "out" / "crop2.jpg")
    monkeypatch.chdir(tmp_path / "out")
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert len(examples) == 3 and "A. Ranger" in card
    said = []
    for code in examples:
        exec(compile(code, "the card", "exec"), {"print": lambda *words: said.append(words)})
    first = said[0][0]  # (name, probability)
    assert said[2:] == [(first[0],), (first[0],)], "every form names the same species"
    assert len(said) == 4 and 0 < first[1] <= 1


def test_that_the_ranges_of_8_bit_numbers_are_taken_from_training_crops_alone(with_run):
    classifier = Classifier(None, ("zebra",), "efficientnet-lite0", 64, 1.69)
    seen = export._crops_to_calibrate(with_run, classifier)
    assert len(seen) == sum(crops.counts(with_run)["train"])
    assert all(crop.shape == (64, 64, 3) and crop.dtype == np.uint8 for crop in seen)
    with with_run.write() as db:
        db.execute("DELETE FROM crops WHERE split = 'train'")
    with pytest.raises(Problem, match="no training crops"):
        export._crops_to_calibrate(with_run, classifier)


def test_that_foreign_files_are_never_touched(with_run, earlier, tmp_path, quiet):
    (tmp_path / "out" / "my notes.txt").write_text("keep")
    for folder in (tmp_path / "out", tmp_path, with_run.folder):
        before = sorted(folder.iterdir())
        with pytest.raises(Problem):
            export.run(with_run, Options(folder, formats=("bundle",)), quiet)
        assert sorted(folder.iterdir()) == before


def test_that_an_export_that_answers_differently_is_not_kept(with_run, earlier, tmp_path, quiet, monkeypatch):
    before = (tmp_path / "out" / "export.json").read_bytes()
    rightly = check_export._USES["bundle"]
    monkeypatch.setitem(check_export._USES, "bundle", lambda *asked: rightly(*asked)[:, ::-1])
    for folder in (tmp_path / "out", tmp_path / "new"):
        with pytest.raises(Problem, match="does not answer as the trained classifier does"):
            export.run(with_run, Options(folder, formats=("bundle",)), quiet)
    assert (tmp_path / "out" / "export.json").read_bytes() == before
    assert contents(tmp_path) == {"out", "project"}


def test_that_stopping_leaves_nothing_behind(with_run, tmp_path):
    def report(progress):
        if progress.phase.startswith("Trying"):
            raise Cancelled

    with pytest.raises(Cancelled):
        export.run(with_run, Options(tmp_path / "out", formats=("bundle",)), report)
    assert contents(tmp_path) == {"project"}


def test_that_without_crops_nothing_can_be_checked_and_nothing_is_exported(with_run, tmp_path, quiet):
    with with_run.write() as db:
        db.execute("DELETE FROM crops")
    with pytest.raises(Problem, match="no crops to check"):
        export.run(with_run, Options(tmp_path / "out"), quiet)
    assert contents(tmp_path) == {"project"}


def test_that_an_unknown_run_or_format_is_a_problem(with_run, tmp_path, quiet):
    with pytest.raises(Problem, match="There is no run"):
        export.run(with_run, Options(tmp_path / "out", run="nonesuch"), quiet)
    assert camtrap(["export", str(with_run.folder), str(tmp_path / "out"), "--formats", "onyx"]) == 2
    assert runs.newest(with_run).has_model
