"""Loading a detector by name or file."""

import pytest

from camtrap_gui.models import detectors
from camtrap_gui.problem import Problem
from tests.models.detectors.graphs import brightness_graph


def test_that_default_is_the_installed_default_detector(installed_models):
    detector = detectors.load("default")
    assert (detector.name, detector.kind, detector.categories) == ("yolox-tiny-animals", "yolox", ("animal",))
    assert 0 < detector.conservative_threshold < detector.typical_threshold < 1


def test_that_a_file_works_without_being_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "none"))
    detector = detectors.load(str(brightness_graph(tmp_path / "md_v4.1.0.pb")))
    assert (detector.kind, detector.categories) == ("frozen-graph", ("animal", "person", "vehicle"))
    assert (detector.typical_threshold, detector.conservative_threshold) == (0.8, 0.3)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "says"),
    [("nothing", "models list"), ("nowhere/x.pb", "no file"), ("default", "models install default")],
)
def test_that_what_is_not_there_is_a_problem_that_says_how_to_mend_it(name, says, tmp_path, monkeypatch):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "none"))
    with pytest.raises(Problem, match=says):
        detectors.load(name)


def test_that_a_backbone_is_no_detector(installed_models):
    with pytest.raises(Problem, match="no detector"):
        detectors.load("efficientnet-lite0")


def test_that_the_last_detector_stays_warm_until_another_is_wanted_or_its_file_changes(tmp_path):
    one, two = (str(brightness_graph(tmp_path / name)) for name in ("one.pb", "two.pb"))
    first = detectors.load(one)
    assert detectors.load(one) is first
    assert detectors.load(two) is not first
    again = detectors.load(one)
    assert again is not first
    brightness_graph(tmp_path / "one.pb", batch=1)
    assert detectors.load(one).sha256 != again.sha256
