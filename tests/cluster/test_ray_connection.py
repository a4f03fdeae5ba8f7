"""The way to a cluster: what is no address, and signals that wait for a good moment."""

import signal
import sys

import pytest

from camtrap_gui import engine, steps
from camtrap_gui.cluster import connection_test, ray_connection, workers
from camtrap_gui.jobs import Cancelled
from camtrap_gui.problem import Problem
from camtrap_gui.steps import start


@pytest.fixture
def cancelling():
    """A handler as the command line has one."""

    def stop(number, frame):
        signal.signal(number, signal.SIG_DFL)
        raise Cancelled

    before = signal.signal(signal.SIGINT, stop)
    yield stop
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="clusters run on Linux")
def test_that_a_signal_waits_until_it_is_dealt_with(cancelling):
    signals = ray_connection._Signals()
    signals.wait()
    signals.deal_with()
    signal.raise_signal(signal.SIGINT)  # nothing happens here
    with pytest.raises(Cancelled):
        signals.deal_with()
    signals.go_on()
    assert signal.getsignal(signal.SIGINT) is cancelling


@pytest.mark.parametrize("address", ["somewhere", "host:port", "ray://host:1x", "127.0.0.1:9"])
def test_that_an_address_without_a_cluster_is_answered_with_what_to_do(address, monkeypatch):
    monkeypatch.setattr(ray_connection, "find_spec", lambda name: name)
    with pytest.raises(Problem, match="local"), ray_connection.connected(address):
        pass


def test_that_a_computer_without_ray_is_told_how_to_install_it(monkeypatch):
    monkeypatch.setattr(ray_connection, "find_spec", lambda name: None)
    with pytest.raises(Problem, match="pip install"), ray_connection.connected("auto"):
        pass


@pytest.mark.parametrize("elsewhere", ["file", "variable"])
def test_that_a_cluster_that_is_gone_is_not_waited_for(tmp_path, monkeypatch, elsewhere):
    monkeypatch.setattr(ray_connection, "find_spec", lambda name: name)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if elsewhere == "file":
        (tmp_path / "ray").mkdir()
        (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:9\n")
    else:
        monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    with pytest.raises(Problem, match="no Ray cluster that runs"), ray_connection.connected("auto"):
        pass


def test_that_what_a_cluster_has_got_is_said_in_words():
    nodes = (
        connection_test.Node("big", 16, 2, "1"),
        connection_test.Node("head", 0, 0, "1"),
        connection_test.Node("old", 8, 0, "0", "has version 0 of this program, not 1"),
        connection_test.Node("small", 4, 0, "1"),
    )
    assert connection_test.Reached("auto", nodes).text().splitlines() == [
        "2 computers, 20 processor cores, 2 graphics cards: big (16 processor cores, 2 graphics cards),"
        " small (4 processor cores).",
        "old: has version 0 of this program, not 1",
    ]
    assert "none of its computers" in connection_test.Reached("auto", nodes[1:3]).text()


def test_that_the_engine_can_be_asked_for_it():
    assert steps.CLUSTER in engine.COMMANDS
    with pytest.raises(Problem, match=r"local|camtrap-gui\[ray\]"):
        start(steps.CLUSTER, None, connection_test.Options("127.0.0.1:9"), lambda _: None)


def test_that_hours_and_costs_of_workers_are_counted_while_they_are_there(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(workers.time, "monotonic", lambda: now[0])
    worker = workers.Worker(2, None)
    assert worker.values(0, 1.0)["state"] == "starting" and worker.values(0, 1.0)["cost_per_1000"] is None
    worker.come(workers.Place("big", "node", 1))
    now[0], worker.done, worker.seconds, worker.in_hand = 1800, 500, 1000.0, 1
    shown = workers.values([worker], 0.9)
    assert shown["workers"] == [
        {
            "name": "big 2",
            "host": "big",
            "rate": 0.5,
            "done": 500,
            "share": 1.0,
            "hours": 0.5,
            "cost": 0.45,
            "cost_per_1000": 0.9,
            "state": "working",
            "deaths": 0,
        }
    ]
    assert (shown["hours"], shown["cost"]) == (0.5, 0.45)
    worker.go()
    now[0] = 9000  # nobody pays for one that is gone
    worker.come(workers.Place("big", "node", 2))
    now[0] += 1800
    assert workers.values([worker], 0)["hours"] == 1.0 and "cost" not in workers.values([worker], 0)
    line, altogether = workers.describe([worker], 4, 0.9, [])
    assert "(100%), 0.5 per second, 1.00 hours of 4 cores, cost 0.90, 1.80 per 1,000" in line
    assert altogether.strip() == "Altogether 1.00 worker hours at 0.9: 0.90, 1.80 per 1,000"
