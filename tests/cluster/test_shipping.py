"""Detectors travel by their hash, and by their bytes only to where they are not."""

import dataclasses

import pytest

from camtrap_gui.cluster import shipping
from camtrap_gui.models import detectors, store
from camtrap_gui.problem import Problem
from tests.models.detectors.networks import answering, cells


def test_that_an_installed_detector_needs_no_bytes_and_goes_by_its_name_here(installed_models):
    entry = dataclasses.replace(store.get("default"), name="called-otherwise")

    def fetch():
        raise AssertionError("it is there")

    detector = shipping.detector(entry, fetch)
    assert detector.sha256 == entry.sha256 and detector.name == "called-otherwise"


def test_that_a_detector_that_is_not_there_is_made_from_its_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "store"))
    path = answering(tmp_path / "net.onnx", cells("yolov8", 84, 3))
    entry = detectors.find(str(path))
    sent = shipping.read(entry)
    path.unlink()
    assert shipping.detector(entry, lambda: sent).sha256 == entry.sha256
    with pytest.raises(Problem):
        shipping.detector(entry, lambda: {"net.onnx": sent["net.onnx"] + b" "})
    with pytest.raises(Problem, match="leads out"):
        shipping.detector(entry, lambda: {"../net.onnx": sent["net.onnx"]})
