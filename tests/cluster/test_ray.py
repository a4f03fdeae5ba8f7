"""Detection and embedding on a real Ray cluster of two nodes on this computer; one of them dies in the middle."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from camtrap_gui.cluster import connection_test, detection, leasing, ray_connection, ray_crew, shipping
from camtrap_gui.jobs import Progress
from camtrap_gui.models import detectors
from camtrap_gui.models.classifiers import backbones, features
from camtrap_gui.project import Project
from camtrap_gui.steps import detect, embed
from tests import tiny
from tests.cluster import surveys
from tests.cluster.surveys import found
from tests.models.detectors.networks import answering, cells

PICTURES = 100
ROOM = {"object_store_memory": 80_000_000}


@pytest.fixture(scope="module")
def cluster():
    """A head that does no work; tests add the nodes that do."""
    pytest.importorskip("ray", reason="Ray, an optional extra, is not installed")
    ray_connection.prepare()
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **ROOM})
    made.add_node(num_cpus=1, **ROOM)
    yield made
    made.shutdown()


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Path:
    """A detector's file that is in no store: it is the surer of an animal the lighter the picture is."""
    import onnx
    from onnx import numpy_helper

    answer = cells("yolov8", 84, 3)
    answer[0, :4, 0] = [32, 32, 16, 16]
    path = answering(tmp_path_factory.mktemp("detector") / "light.onnx", answer)
    model = onnx.load(path)
    light = np.zeros(answer.shape, np.float32)
    light[0, 4, 0] = 0.99
    model.graph.node.extend(_slow())
    model.graph.initializer.append(numpy_helper.from_array(np.array([900, 900]), "large"))
    zero = next(weights for weights in model.graph.initializer if weights.name == "zero")
    zero.CopyFrom(numpy_helper.from_array(light, "zero"))
    add = next(node for node in model.graph.node if node.output[0] == "output0")
    add.input[0] = "slowly"
    model.graph.node.remove(add)
    model.graph.node.append(add)
    onnx.save(model, path)
    return path


def _slow() -> list:
    """Some work that takes a while and changes nothing, so that there is a middle to die in."""
    from onnx import helper

    return [
        helper.make_node("Expand", ["mean", "large"], ["much"]),
        helper.make_node("MatMul", ["much", "much"], ["more"]),
        helper.make_node("ReduceMin", ["more"], ["least"], keepdims=0),
        helper.make_node("Sub", ["least", "least"], ["none"]),
        helper.make_node("Add", ["values0", "none"], ["slowly"]),
    ]


@pytest.fixture
def survey(tmp_path, network, quiet):
    """A project, and what one process finds in it."""
    path = surveys.make(tmp_path / "survey", PICTURES, broken=2)
    alone = surveys.make(tmp_path / "alone", PICTURES, broken=2)
    with Project.open(alone) as project:
        result = detect.run(project, detect.Options(str(network)), quiet)
    assert result.counts.images_with["animal"] > 25
    return path, found(alone)


def test_that_a_cluster_can_be_tried_out(cluster):
    reached = connection_test.test_connection(cluster.address)
    assert [(node.cpus, node.problem) for node in sorted(reached.nodes, key=lambda node: node.cpus)] == [
        (0, ""),
        (1, ""),
    ]
    assert reached.text().startswith("1 computer, 1 processor core: ")


def test_that_a_cluster_looks_at_crops_as_one_computer_does(cluster, installed_models, tmp_path, quiet):
    seen: list[Progress] = []
    vectors = []
    for name, options in (("here", {}), ("there", {"engine": "ray", "address": cluster.address})):
        with Project.create(tmp_path / name) as project:
            tiny.add_crops(project, {("zebra", "train"): 30, ("rhino", "val"): 10})
            result = embed.run(
                project,
                embed.Options(input_size=32, worker_cores=1, worker_price=2.0, **options),
                seen.append,
            )
            assert (result.new, result.seen) == (40, 40)
            store = features.store_of(project.folder, backbones.get(backbones.DEFAULT, 32))
            hashes = [row[0] for row in project.db.execute("SELECT sha256 FROM crops ORDER BY id")]
            vectors.append(store.vectors()[store.rows(hashes)].astype(np.float32))
    np.testing.assert_allclose(*vectors, rtol=2e-3, atol=1e-3)
    (worker,) = seen[-1].values["workers"]
    assert worker["done"] == 40 and worker["cost"] == pytest.approx(2 * worker["hours"], abs=1e-3)
    assert "at 2:" in result.text() and "per 1,000" in result.text()


def test_that_a_process_that_dies_loses_nothing(cluster, network, survey, monkeypatch):
    path, wanted = survey
    monkeypatch.setattr(leasing, "MOST", 16)
    entry = detectors.find(str(network))
    with Project.open(path) as project, ray_connection.connected(cluster.address):
        number = detect.detections.register(project, shipping.identity(entry))
        task = detection.Detecting(project, number, entry)
        crew = ray_crew.Crew(task.tool, threads=1, price=36.0)
        killed = 0
        for batch in leasing.work(project, task, crew):
            if batch and not killed:
                killed = crew.workers[0].place.process
                os.kill(killed, signal.SIGKILL)
        (worker,) = crew.workers
        assert worker.deaths == 1 and worker.place.process != killed
        assert "started again 1 time" in crew.describe()[0]
        (row,) = crew.values()["workers"]
        assert row["deaths"] == 1 and row["done"] == PICTURES and row["state"] == "idle"
        assert row["cost"] == pytest.approx(36 * worker.hours, rel=0.2) and row["rate"] > 0
        assert row["cost_per_1000"] == pytest.approx(row["cost"] * 10, abs=0.001)
    assert found(path) == wanted


def test_that_a_node_that_dies_in_the_middle_changes_nothing_in_the_result(
    cluster, network, survey, monkeypatch
):
    path, wanted = survey
    monkeypatch.setattr(leasing, "MOST", 16)
    crews: list[ray_crew.Crew] = []
    engage = ray_crew.Crew
    monkeypatch.setattr(ray_crew, "Crew", lambda *about: crews.append(engage(*about)) or crews[0])
    doomed = cluster.add_node(num_cpus=1, **ROOM)
    seen: list[Progress] = []
    lost: list[ray_crew.Worker] = []

    def listen(progress: Progress) -> None:
        seen.append(progress)
        there = [w for w in crews[0].workers if w.place.node == doomed.node_id] if crews else []
        if progress.done and there and there[0].in_hand and not lost:
            lost.append(there[0])
            os.kill(lost[0].place.process, signal.SIGSTOP)  # a dead computer says nothing any more
            cluster.remove_node(doomed)
            with suppress(ProcessLookupError):
                os.kill(lost[0].place.process, signal.SIGKILL)

    with Project.open(path) as project:
        options = detect.Options(str(network), engine="ray", address=cluster.address, worker_cores=1)
        result = detect.run(project, options, listen)
        assert project.db.execute("SELECT count(*) FROM leases").fetchone()[0] == 0
    assert result.new == PICTURES and found(path) == wanted
    assert lost and lost[0].done < PICTURES - 16 and seen[-1].done == PICTURES
    rows = seen[-1].values["workers"]
    assert sum(row["done"] for row in rows) == PICTURES and sum(
        row["share"] for row in rows
    ) == pytest.approx(1)
    assert all(row["hours"] > 0 and row["cost"] is None for row in rows) and "cost" not in seen[-1].values
    assert "per second" in result.text() and "worker hours" in result.text()
