"""``camtrap models``, as a user and a program see it."""

import json
import os
import subprocess
import sys

import pytest

from camtrap_gui.cli import run
from tests.models.detectors.networks import answering, cells

DETECTION_GRAPH = b"".join(
    bytes([10, len(name) + 6, 10, len(name)]) + name + b"\x12\x02Op"
    for name in (b"image_tensor", b"detection_boxes", b"detection_scores", b"detection_classes")
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty store for every test."""
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def graph_file(tmp_path):
    path = tmp_path / "Cameras of Ours.pb"
    path.write_bytes(DETECTION_GRAPH)
    return path


def camtrap(capsys, *arguments: object) -> tuple[int, str, str]:
    code = run([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_that_the_list_shows_what_can_be_installed(capsys, folder):
    code, out, _ = camtrap(capsys, "models", "list")
    lines = out.splitlines()
    assert code == 0 and str(folder) in lines[-1]
    detector = next(line for line in lines if line.startswith("yolox-tiny-animals"))
    for part in ("available", "detector", "40.8 MB", "0.25 / 0.05", "MIT AND Apache-2.0"):
        assert part in detector
    assert not folder.exists()


def test_that_a_file_goes_in_and_out_of_the_list(capsys, graph_file, folder):
    options = (
        "--typical-threshold",
        0.6,
        "--conservative-threshold",
        0.2,
        "--categories",
        "1=animal",
        "2=person",
    )
    code, out, _ = camtrap(capsys, "models", "add", graph_file, *options)
    assert code == 0 and out.startswith("cameras-of-ours is installed")
    code, out, _ = camtrap(capsys, "--json", "models", "list")
    model = json.loads(out)["result"]["models"][0]
    assert model["name"] == "cameras-of-ours" and model["installed"] and model["kind"] == "frozen-graph"
    assert (model["typical_threshold"], model["conservative_threshold"]) == (0.6, 0.2)
    manifest = json.loads((folder / "cameras-of-ours" / "entry.json").read_text())
    assert manifest["categories"] == {"1": "animal", "2": "person"}
    assert camtrap(capsys, "models", "verify")[1] == "1 installed, all whole: cameras-of-ours.\n"
    assert camtrap(capsys, "models", "remove", "cameras-of-ours")[0] == 0
    assert camtrap(capsys, "models", "verify")[1] == "No model is installed.\n"


def test_that_an_onnx_file_is_added_with_what_was_recognised_and_corrected(capsys, tmp_path, folder):
    path = answering(tmp_path / "md_v5a.0.0.onnx", cells("yolov5", 3 * 84, 3))
    code, out, _ = camtrap(capsys, "models", "add", path)
    assert code == 0 and "md_v5a.0.0 is installed" in out
    for fact in (
        "an ONNX file, layout yolov5",
        "at 64 pixels, in the middle of a grey square",
        "1 animal, 2 person, 3 vehicle",
        "at least 0.2; boxes are kept down to 0.05",
    ):
        assert fact in out
    code, out, _ = camtrap(capsys, "models", "add", path, "--letterbox", "corner", "--categories", "1=fox")
    assert code == 0 and "upper left corner of a black square" in out and "1 fox" in out
    manifest = json.loads((folder / "md_v5a.0.0" / "entry.json").read_text())
    assert (manifest["layout"], manifest["letterbox"], manifest["categories"]) == (
        "yolov5",
        "corner",
        {"1": "fox"},
    )
    code, _, err = camtrap(capsys, "models", "add", path, "--layout", "yolov9")
    assert code == 2 and "yolov9" in err


def test_that_verify_exits_with_2_and_names_what_is_damaged(capsys, graph_file, folder):
    camtrap(capsys, "models", "add", graph_file, "--name", "mine")
    with (folder / "mine" / graph_file.name).open("ab") as file:
        file.write(b"!")
    code, _, err = camtrap(capsys, "models", "verify")
    assert code == 2 and "“mine”: its file Cameras of Ours.pb has changed" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("install", "nonsense"), "no model “nonsense” to install"),
        (("remove", "nonsense"), "no installed model “nonsense”"),
        (("add", "none.pb"), "There is no file"),
        (("install",), "--help"),
    ],
)
def test_that_mistakes_exit_with_2_and_a_sentence(capsys, arguments, sentence):
    code, out, err = camtrap(capsys, "models", *arguments)
    assert code == 2 and sentence in err and out == "" and "Traceback" not in err


@pytest.mark.parametrize("categories", ["animal", "=animal", "1=", "x=animal", "-1=animal"])
def test_that_categories_must_be_numbers_and_names(capsys, graph_file, categories):
    code, _, err = camtrap(capsys, "models", "add", graph_file, f"--categories={categories}")
    assert code == 2 and "is no category" in err


def test_that_help_imports_nothing_heavy():
    heavy = "numpy", "tensorflow", "openvino", "PIL", "msgspec", "PySide6"
    script = (
        "import sys; from camtrap_gui.cli import run; code = run(['models', '--help']);"
        f"sys.exit(code or ' '.join(m for m in {heavy!r} if m in sys.modules) or None)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert "install" in done.stdout


def test_that_the_default_models_are_listed_as_installed(installed_models, capsys, monkeypatch):
    monkeypatch.setenv("CAMTRAP_MODELS", str(installed_models))
    code, out, _ = camtrap(capsys, "models", "install", "default")
    assert code == 0 and "yolox-tiny-animals is installed" in out and "efficientnet-lite0 is installed" in out
    code, out, _ = camtrap(capsys, "--json", "models", "list")
    state = {model["name"]: model["installed"] for model in json.loads(out)["result"]["models"]}
    assert state["yolox-tiny-animals"] and state["efficientnet-lite0"]


def test_that_weights_of_a_backbone_are_asked_for_by_its_name(capsys, tmp_path, folder):
    (tmp_path / "w.h5").write_bytes(b"anything")
    code, _, err = camtrap(capsys, "models", "add", tmp_path / "w.h5")
    assert code == 2 and "camtrap models add FILE --backbone NAME" in " ".join(err.split())
    code, _, err = camtrap(capsys, "models", "add", tmp_path / "w.h5", "--backbone", "resnet")
    assert code == 2 and "There is no backbone “resnet”. Known are: efficientnet-lite0" in " ".join(
        err.split()
    )
