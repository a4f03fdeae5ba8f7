"""The classifier from Python: what the documentation shows, and every kind of picture."""

import doctest
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import camtrap_gui
from camtrap_gui.geometry import crop_window
from camtrap_gui.models.classifiers import bundle
from camtrap_gui.pictures import Unreadable
from camtrap_gui.problem import Problem
from tests import tiny

CLASSES = ("zebra", "gazelle", "rhino")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with two crops and a classifier, as the documentation has them."""
    folder = tmp_path_factory.mktemp("documented")
    bundle.save(folder / "my-classifier" / "bundle", tiny.unlearnt(CLASSES))
    random = np.random.default_rng(0)
    for number in (1, 2):
        pixels = random.integers(0, 256, (5, 6, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((90, 70)).save(folder / f"crop{number}.jpg")
    return folder


@pytest.fixture(scope="module")
def model(place):
    return camtrap_gui.load_model(place / "my-classifier")


def test_that_the_examples_of_the_documentation_run(place, monkeypatch):
    monkeypatch.chdir(place)
    run = doctest.testmod(camtrap_gui, optionflags=doctest.ELLIPSIS)
    assert run.attempted >= 4 and run.failed == 0


def test_that_files_pictures_and_arrays_of_the_same_crop_get_the_same_answer(model, place):
    path = place / "crop1.jpg"
    picture = Image.open(path)
    expected = model.classifier.predict([picture])[0]
    for image in (str(path), path, picture, np.asarray(picture)):
        [told] = model.predict([image])
        assert [told[name] for name in CLASSES] == pytest.approx(expected, abs=1e-6)
        assert list(told.values()) == sorted(told.values(), reverse=True)
        assert sum(told.values()) == pytest.approx(1)
    assert model.classes == CLASSES


def test_that_a_box_is_cut_out_as_in_training(model, place):
    picture = Image.open(place / "crop2.jpg")
    box = (0.2, 0.3, 0.25, 0.2)
    crop = picture.crop(crop_window(box, picture.size, model.padding))
    assert model.predict([picture], boxes=[box]) == model.predict([crop])


def test_that_many_pictures_of_different_sizes_are_answered_in_order(model):
    random = np.random.default_rng(1)
    images = [random.integers(0, 256, (20 + n, 30, 3), dtype=np.uint8) for n in range(40)]
    told = model.predict(images)
    assert len(told) == 40 and model.predict([]) == []
    [alone] = model.predict([images[37]])
    assert told[37] == pytest.approx(alone, abs=1e-5)


def test_that_what_is_no_picture_is_refused_in_words(model, place):
    with pytest.raises(TypeError, match="a list of pictures"):
        model.predict("crop1.jpg")
    with pytest.raises(TypeError, match="a list of pictures"):
        model.predict(np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(TypeError, match="int is no picture"):
        model.predict([3])
    with pytest.raises(ValueError, match="uint8"):
        model.predict([np.zeros((20, 20, 3))])
    with pytest.raises(ValueError, match="one box for each"):
        model.predict([place / "crop1.jpg"], boxes=[])
    (place / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(Unreadable):
        model.predict([place / "broken.jpg"])


def test_that_a_folder_without_a_classifier_is_told(place):
    with pytest.raises(Problem, match=r"no classifier bundle"):
        camtrap_gui.load_model(place)


def test_that_importing_the_package_is_light_and_using_it_needs_no_window():
    code = (
        "import sys, json, camtrap_gui; light = sorted(sys.modules);"
        "import camtrap_gui.models.loaded; print(json.dumps([light, sorted(sys.modules)]))"
    )
    light, loaded = json.loads(subprocess.check_output([sys.executable, "-c", code]))
    assert not {"numpy", "PIL", "tensorflow", "PySide6"} & set(light)
    assert not {"tensorflow", "PySide6"} & set(loaded)
