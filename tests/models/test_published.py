"""Published model files: fetched, checked against what is known or what came first, described, kept."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from camtrap_gui import downloads
from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.models import detectors, published, store
from camtrap_gui.problem import Problem
from tests import serving
from tests.models.detectors.networks import answering, cells
from tests.test_cli_models import DETECTION_GRAPH

OTHER_GRAPH = DETECTION_GRAPH + b"\x0a\x07\x0a\x01x\x12\x02Id"
PADDING = b"\x22\x80\x92\xf4\x01" + b"\0" * 4_000_000  # a field of a graph that nobody reads
PATH = "v4.1/md_v4.1.0.pb"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(downloads, "_FIRST_PAUSE_S", 0.01)
    with serving.serving() as served:
        served.files[PATH] = DETECTION_GRAPH
        yield served


@pytest.fixture
def offer(server, monkeypatch):
    """MegaDetector 4.1 as it is offered, but from here."""
    real = next(offer for offer in published.OFFERS if offer.name == "megadetector-v4.1")
    made = replace(real, addresses=(server.url("gone/md_v4.1.0.pb"), server.url(PATH)))
    monkeypatch.setattr(store, "OFFERS", (made,))
    return made


def left_over(folder):
    return {path.name for path in folder.iterdir()} - {".lock", ".downloads", ".pins.json"}


def test_that_every_published_file_says_what_it_is():
    names = [offer.name for offer in store.OFFERS]
    assert len(names) == len(set(names))
    for offer in published.OFFERS:
        is_plain = any(address.startswith("http://") for address in offer.addresses)
        assert is_plain == ("unencrypted" in offer.doubt)
        assert all(address.startswith(("https://", "http://")) for address in offer.addresses)
        assert offer.licence and offer.terms and offer.title
        endings = {
            "frozen-graph": ".pb",
            "megadetector-package": ".pt",
            "onnx": ".onnx",
            "backbone": (".h5", ".tar.gz"),
        }
        assert offer.addresses[0].endswith(endings[offer.kind])
        is_checked = len(offer.md5) == 32 or len(offer.sha256) == 64
        assert is_checked == (offer.doubt == "")
    files = [offer.addresses[0].rpartition("/")[2] for offer in published.OFFERS]
    assert len(files) == len(set(files))  # they share a folder while they come


def test_that_a_published_graph_is_installed_from_a_mirror(folder, offer, quiet):
    [entry] = store.install("megadetector-v4.1", quiet)
    assert entry.path.read_bytes() == DETECTION_GRAPH and entry.file == "md_v4.1.0.pb"
    assert (entry.kind, entry.licence, entry.title) == ("frozen-graph", "MIT", offer.title)
    assert (entry.typical_threshold, entry.conservative_threshold) == (0.8, 0.3)
    assert entry.sha256 == entry.origin_sha256 == hashlib.sha256(DETECTION_GRAPH).hexdigest()
    assert "MIT" in entry.path.with_name(store.LICENCE).read_text()
    assert store.verify()[0].ok and left_over(folder) == {"megadetector-v4.1"}
    assert not any((folder / ".downloads").iterdir())


@pytest.fixture
def version6(server, monkeypatch, tmp_path):
    """MegaDetector v6 as it is offered, but from here, and sure of nothing."""
    real = next(offer for offer in published.OFFERS if offer.name == "megadetector-v6-yolov9-c")
    texts = {"names": "{0: 'animal', 1: 'person', 2: 'vehicle'}", "imgsz": "[64, 64]"}
    made = answering(tmp_path / "made.onnx", cells("yolov8", 84, 3), ("n", 3, "h", "w"), texts)
    server.files["MDV6-yolov9-c.onnx"] = made.read_bytes()
    return replace(real, addresses=(server.url("MDV6-yolov9-c.onnx"),), size=0)


def test_that_version_6_is_installed_as_an_onnx_file_and_finds_its_layout(
    folder, version6, server, quiet, monkeypatch
):
    md5 = hashlib.md5(server.files["MDV6-yolov9-c.onnx"]).hexdigest()
    monkeypatch.setattr(store, "OFFERS", (replace(version6, md5=md5),))
    [entry] = store.install("megadetector-v6-yolov9-c", quiet)
    assert (entry.kind, entry.layout, entry.letterbox, entry.input_size) == ("onnx", "yolov8", "centre", 64)
    assert (entry.typical_threshold, entry.conservative_threshold) == (0.2, 0.05)
    assert detectors.load(entry.name).categories == ("animal", "person", "vehicle")


def test_that_an_onnx_file_that_does_not_do_what_it_should_is_not_installed(
    folder, version6, server, quiet, tmp_path, monkeypatch
):
    wrong = answering(tmp_path / "wrong.onnx", cells("yolov8", 84, 3) - 5.0).read_bytes()
    server.files["MDV6-yolov9-c.onnx"] = wrong
    monkeypatch.setattr(store, "OFFERS", (replace(version6, md5=hashlib.md5(wrong).hexdigest()),))
    with pytest.raises(Problem, match="no probabilities"):
        store.install("megadetector-v6-yolov9-c", quiet)
    assert store.entries() == []


@pytest.mark.parametrize("offer", store.TO_EXPORT, ids=lambda offer: offer.name)
def test_that_what_has_to_be_exported_says_how(folder, offer, quiet):
    for ask in (lambda: store.install(offer.name, quiet), lambda: store.get(offer.name)):
        with pytest.raises(Problem) as told:
            ask()
        assert offer.source in str(told.value) and f"--name {offer.name}" in str(told.value)


def test_that_what_was_exported_takes_the_place_of_its_offer(folder, tmp_path):
    path = answering(tmp_path / "MDV6-rtdetr-c.onnx", cells("rtdetr", 300, 3))
    entry = store.add(path, "megadetector-v6-rtdetr-c")
    assert (entry.layout, entry.letterbox, entry.typical_threshold) == ("rtdetr", "stretched", 0.2)
    assert [model for model in store.known() if model.name == entry.name] == [entry]


def test_that_installing_again_fetches_nothing(folder, offer, server, quiet):
    store.install(offer.name, quiet)
    asked = len(server.asked)
    store.install(offer.name, quiet)
    assert len(server.asked) == asked


def test_that_a_different_file_is_refused_later(folder, offer, server, quiet):
    store.install(offer.name, quiet)
    store.remove(offer.name)
    server.files[PATH] = OTHER_GRAPH
    with pytest.raises(
        Problem, match=r"Another file came when “megadetector-v4.1” was installed first"
    ) as told:
        store.install(offer.name, quiet)
    assert str(folder / ".pins.json") in str(told.value) and left_over(folder) == set()
    (folder / ".pins.json").unlink()
    [entry] = store.install(offer.name, quiet)
    assert entry.path.read_bytes() == OTHER_GRAPH


def test_that_the_first_file_installs_again(folder, offer, quiet):
    [first] = store.install(offer.name, quiet)
    store.remove(offer.name)
    assert store.install(offer.name, quiet) == [first]


def test_that_a_published_md5_is_required(folder, offer, server, quiet, monkeypatch):
    monkeypatch.setattr(store, "OFFERS", (replace(offer, md5=hashlib.md5(OTHER_GRAPH).hexdigest()),))
    with pytest.raises(Problem, match="its MD5 is"):
        store.install(offer.name, quiet)
    assert left_over(folder) == set() and not (folder / ".pins.json").exists()
    server.files[PATH] = OTHER_GRAPH
    assert store.install(offer.name, quiet)[0].path.read_bytes() == OTHER_GRAPH


@pytest.mark.parametrize("content", [b"no graph at all", b""])
def test_that_what_is_no_detector_is_not_installed(folder, offer, server, quiet, content):
    server.files[PATH] = content
    with pytest.raises(Problem):
        store.install(offer.name, quiet)
    assert left_over(folder) == set()


@pytest.mark.parametrize("text", ["[]", "{", '{"megadetector-v4.1": "x"}', '{"a": 1}'])
def test_that_a_damaged_memory_is_a_sentence(folder, offer, quiet, text):
    folder.mkdir()
    (folder / ".pins.json").write_text(text)
    with pytest.raises(Problem, match="remembers which files came first"):
        store.install(offer.name, quiet)


def test_that_a_cancelled_installation_goes_on(folder, offer, server, quiet):
    graph = server.files[PATH] = DETECTION_GRAPH + PADDING

    def cancel(progress: Progress) -> None:
        if progress.done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        store.install(offer.name, cancel)
    assert left_over(folder) == set()
    assert store.install(offer.name, quiet)[0].path.read_bytes() == graph
    assert server.ranges(PATH)[-1].startswith("bytes=2")


def test_that_a_killed_installation_goes_on(folder, offer, server, quiet, monkeypatch):
    graph = server.files[PATH] = DETECTION_GRAPH + PADDING

    def hold_on(handler: serving.Handler, data: bytes) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.send_header("ETag", handler.mark)
        handler.end_headers()
        handler.wfile.write(data[:1_000_000])
        handler.wfile.flush()
        time.sleep(20)
        return True

    server.tricks[PATH] = [hold_on]
    code = (
        "import sys; from dataclasses import replace; from camtrap_gui.models import published, store\n"
        "real = next(offer for offer in published.OFFERS if offer.name == 'megadetector-v4.1')\n"
        "store.OFFERS = (replace(real, addresses=(sys.argv[1],)),)\n"
        "store.install(real.name, lambda _: None)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, server.url(PATH)])
    part = folder / ".downloads" / ".md_v4.1.0.pb.part"
    until = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size >= 900_000) and time.monotonic() < until:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert store.entries() == []
    monkeypatch.setattr(store, "OFFERS", (replace(offer, addresses=(server.url(PATH),)),))
    assert store.install(offer.name, quiet)[0].path.read_bytes() == graph
    assert server.ranges(PATH)[-1].startswith("bytes=")
    assert json.loads((folder / ".pins.json").read_text()).keys() == {"megadetector-v4.1"}
