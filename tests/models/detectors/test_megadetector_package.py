"""The process in which the megadetector package works.

The package has a Python of its own, with gigabytes of libraries that cannot be installed beside this program's. Where
``CAMTRAP_MEGADETECTOR`` names one, the real package runs the default detector's weights in a file of YOLOv5. Everywhere a
package of the same name with the same two functions, in an environment of its own, stands in for it: all but the network is
real then. Its detector finds one box, surer the brighter the picture.
"""

import hashlib
import os
import subprocess
import time
import venv
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PIL import __file__ as pillow

from camtrap_gui.models import detectors, published, recognition, store
from camtrap_gui.models.detectors import megadetector_place
from camtrap_gui.models.detectors.megadetector_package import LARGEST
from camtrap_gui.models.detectors.yolox import Yolox
from camtrap_gui.problem import Problem
from tests.models.detectors.same_boxes import assert_same, find, pictures

REAL = os.environ.get("CAMTRAP_MEGADETECTOR")
STAND_IN = """
import os, sys
from PIL import ImageStat

print("libraries like to talk")
os.write(1, b"on every channel")


class Detector:
    def generate_detections_one_image(self, img_original, image_id="unknown", detection_threshold=0.00001):
        light = ImageStat.Stat(img_original).mean[0] / 255
        print("looking at", img_original.size)
        if light == 0:
            os._exit(3)
        if light < 0.1:
            return {"file": image_id, "failure": "inference failed"}
        found = [
            {"category": "2", "conf": light / 2, "bbox": [0.25, 0.5, 0.5, 0.6]},
            {"category": "1", "conf": light, "bbox": [0.0, 0.125, 0.5, 0.5]},
            {"category": "9", "conf": 1.0, "bbox": [0, 0, 1, 1]},
        ]
        return {"file": image_id, "failure": None, "detections": [d for d in found if d["conf"] >= detection_threshold]}


def load_detector(model_file):
    if b"broken" in open(model_file, "rb").read():
        raise ValueError("this is no model")
    print("loaded", model_file)
    return Detector()
"""


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No package anywhere."""
    monkeypatch.delenv("CAMTRAP_MEGADETECTOR", raising=False)
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    detectors._warm.clear()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The stand-in, in an environment of its own, which has Pillow as the real one has."""
    folder = tmp_path / "site" / "megadetector" / "detection"
    folder.mkdir(parents=True)
    for name, text in ({"../__init__.py": "", "__init__.py": "", "run_detector.py": STAND_IN}).items():
        (folder / name).write_text(text)
    venv.create(tmp_path / "environment")
    (site,) = (tmp_path / "environment").rglob("site-packages")
    (site / "stand_in.pth").write_text(f"{tmp_path / 'site'}\n{Path(pillow).parents[1]}\n")
    monkeypatch.setenv("CAMTRAP_MEGADETECTOR", str(tmp_path / "environment"))


def publish(path: Path, monkeypatch, content: bytes = b"weights") -> Path:
    """A file whose MD5 is on the list."""
    path.write_bytes(content)
    offer = next(offer for offer in published.OFFERS if offer.name == "megadetector-v5a.0.0")
    monkeypatch.setattr(published, "OFFERS", (replace(offer, md5=hashlib.md5(content).hexdigest()),))
    return path


def look(detector, *greys):
    pictures = [Image.new("RGB", (40 + grey, 30), (grey, grey, grey)) for grey in greys]
    return detector.detect([detector.prepare(picture) for picture in pictures])


def test_that_only_published_files_have_a_chance():
    """What the authors publish, and nothing else: see run_detector.py of the package."""
    listed = {offer.md5 for offer in published.OFFERS if offer.kind == "megadetector-package"}
    assert "60f8e7ec1308554df258ed1f4040bc4f" in listed and len(listed) == 9 and "" not in listed


def test_that_a_published_file_is_recognised_by_its_content_whatever_its_name(tmp_path, monkeypatch):
    entry = recognition.describe(publish(tmp_path / "found on a disk.pt", monkeypatch))
    assert (entry.kind, entry.name, entry.input_size) == ("megadetector-package", "found-on-a-disk", 1280)
    assert (entry.typical_threshold, entry.conservative_threshold) == (0.2, 0.05)
    assert entry.categories == {"1": "animal", "2": "person", "3": "vehicle"}


def test_that_without_the_package_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    with pytest.raises(Problem, match="camtrap models install megadetector "):
        detectors.load(str(publish(tmp_path / "md.pt", monkeypatch)))
    entry = recognition.describe(tmp_path / "md.pt")
    assert "The package is not here yet" in recognition.facts(entry)[-1]


def test_that_an_environment_that_is_none_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMTRAP_MEGADETECTOR", str(tmp_path))
    with pytest.raises(Problem, match="there is no Python"):
        detectors.load(str(publish(tmp_path / "md.pt", monkeypatch)))


def test_that_boxes_come_from_the_other_process_in_our_words(package, tmp_path, monkeypatch):
    detector = detectors.load(str(publish(tmp_path / "md.pt", monkeypatch)))
    bright, dim = look(detector, 255, 102)
    assert [(box.category, round(box.confidence, 2)) for box in bright] == [("animal", 1.0), ("person", 0.5)]
    assert (bright[0].x, bright[0].y, bright[0].width, bright[0].height) == (0.0, 0.125, 0.5, 0.5)
    assert (bright[1].y, bright[1].height) == (0.5, 0.5)  # nothing leaves the picture
    assert [round(box.confidence, 2) for box in dim] == [0.4, 0.2]


def test_that_huge_pictures_are_reduced_before_they_are_handed_over(package, tmp_path, monkeypatch):
    detector = detectors.load(str(publish(tmp_path / "md.pt", monkeypatch)))
    assert detector.prepare(Image.new("RGB", (2 * LARGEST + 10, 300))).shape == (100, 2734, 3)


def test_that_what_goes_wrong_over_there_is_a_problem_here(package, tmp_path, monkeypatch):
    detector = detectors.load(str(publish(tmp_path / "md.pt", monkeypatch)))
    with pytest.raises(Problem, match="inference failed"):
        look(detector, 9)
    with pytest.raises(Problem, match=r"(?s)stopped working.*looking at \(40, 30\)"):
        look(detector, 0)
    with pytest.raises(Problem, match="this is no model"):
        detectors.load(str(publish(tmp_path / "other.pt", monkeypatch, b"broken")))


def test_that_the_process_ends_with_the_detector(package, tmp_path, monkeypatch):
    detector = detectors.load(str(publish(tmp_path / "md.pt", monkeypatch)))
    number = detector._process.pid
    assert look(detector, 255)[0]
    detectors._warm.clear()
    del detector
    deadline = time.monotonic() + 5
    while Path(f"/proc/{number}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_that_a_file_exchanged_after_it_was_added_never_reaches_the_package(package, tmp_path, monkeypatch):
    entry = store.add(publish(tmp_path / "md.pt", monkeypatch))
    entry.path.write_bytes(b"something else")
    with pytest.raises(Problem, match="none of the published"):
        detectors.load("md")


@pytest.mark.skipif(
    not REAL, reason="the megadetector package is not here (CAMTRAP_MEGADETECTOR names no Python that has it)"
)
def test_that_the_real_package_finds_the_boxes_of_the_reference(installed_models, tmp_path, monkeypatch):
    """It rounds boxes to whole pixels of the picture, and cuts off digits: so they are the same within such a pixel."""
    monkeypatch.setenv("CAMTRAP_MODELS", str(installed_models))
    monkeypatch.setenv("CAMTRAP_MEGADETECTOR", REAL)
    entry = store.get("default")
    made = tmp_path / "md_made.pt"
    python = megadetector_place.python()
    script = Path(__file__).with_name("yolov5_file.py")
    subprocess.run([python, script, entry.path, made, "640"], check=True, capture_output=True)
    square = [one.resize((640, 640)) for one in pictures(tmp_path / "survey", 3)]
    detector = detectors.load(str(publish(made, monkeypatch, made.read_bytes())))
    reference = Yolox(entry, store.read_weights(entry), bfloat16=False)
    assert_same(find(detector, square), find(reference, square), least=4, within=1.2 / 640)
