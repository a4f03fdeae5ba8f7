"""What tests of steps that use a classifier share: a small real one, and a run that has it."""

import shutil
from pathlib import Path

import pytest

from camtrap_gui.project import Project, crops, runs

CLASSES = ("human", "zebra", "gazelle", "rhino")


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a real network with a 64-pixel input that learnt nothing, but answers differently to each picture."""
    import keras
    import numpy as np

    from camtrap_gui.models.classifiers import Classifier, backbones, bundle

    keras.utils.set_random_seed(7)
    backbone = backbones.get(backbones.DEFAULT)
    network = backbones.network(backbone, len(CLASSES), 64)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(
        np.random.default_rng(0).uniform(0, 255, (8, 64, 64, 3)), training=True
    )  # sets the norms' statistics
    kernel = network.get_layer(backbones.SPECIES_LAYER).kernel
    kernel.assign(np.random.default_rng(1).normal(0, 0.08, kernel.shape))
    folder = tmp_path_factory.mktemp("small") / "savanna"
    bundle.save(folder, Classifier(network, CLASSES, backbone.name, 64, 1.69), {})
    return folder


@pytest.fixture
def with_run(cropped: Project, small_bundle: Path) -> Project:
    """A project with crops and a finished run."""
    data = {"classes": crops.classes(cropped), "data_hash": crops.data_hash(cropped)}
    run = runs.start(cropped, "quick", "efficientnet-lite0", {}, data, {})
    shutil.copytree(small_bundle, run.model)
    runs.set_state(cropped, run.id, "done", {})
    return cropped
