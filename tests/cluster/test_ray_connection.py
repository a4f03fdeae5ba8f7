"""The way to a cluster: what is no address, and signals that wait for a good moment."""

import signal
import sys

import pytest

from camtrap_gui.cluster import ray_connection
from camtrap_gui.jobs import Cancelled
from camtrap_gui.problem import Problem


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
