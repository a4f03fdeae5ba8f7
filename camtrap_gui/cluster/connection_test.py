"""Whether a Ray cluster can be used: is it there, what has it got, and is this program on all of its computers.

A job of the window, for the button beside the address of a cluster; nothing is worked on.
"""

import platform
from dataclasses import dataclass
from typing import Any

from camtrap_gui import __version__
from camtrap_gui.cluster import ray_connection
from camtrap_gui.cluster.choices import Address
from camtrap_gui.jobs import Progress, Report

ANSWERS_WITHIN_S = 20.0


@dataclass(frozen=True)
class Options:
    address: Address = "auto"


@dataclass(frozen=True)
class Node:
    """A computer of a cluster. ``problem`` is why it cannot be used, "" when it can. ``version`` is of this program."""

    host: str
    cpus: int
    gpus: float
    version: str
    problem: str = ""


@dataclass(frozen=True)
class Reached:
    """What is at an address."""

    address: str
    nodes: tuple[Node, ...]

    @property
    def usable(self) -> tuple[Node, ...]:
        """The computers that can do work."""
        return tuple(node for node in self.nodes if not node.problem and node.cpus)

    def text(self) -> str:
        """What there is on one line, then what is wrong with some."""
        bad = [f"{node.host}: {node.problem}" for node in self.nodes if node.problem]
        usable = self.usable
        if not usable:
            return "\n".join(["The cluster is there, but none of its computers can be used.", *bad])
        cpus, gpus = sum(node.cpus for node in usable), sum(node.gpus for node in usable)
        each = ", ".join(f"{node.host} ({_parts(node.cpus, node.gpus)})" for node in usable)
        there = f"{len(usable)} computer{'s' * (len(usable) != 1)}"
        return "\n".join([f"{there}, {_parts(cpus, gpus)}: {each}.", *bad])


def run(project: None, options: Options, report: Report) -> Reached:
    """Look what is there. Raises Problem as ``test_connection``."""
    report(Progress(0, None, options.address, "Asking the cluster"))
    return test_connection(options.address)


def test_connection(address: str) -> Reached:
    """What the cluster at an address ("auto", HOST:PORT or "local") has got.

    Raises Problem when Ray is not installed here, when nothing answers, or when Ray there is of another version.
    """
    with ray_connection.connected(address):
        import ray

        there = [node for node in ray.nodes() if node["Alive"]]
        asked = [_ask(node["NodeID"]) for node in there]
        answered, _ = ray.wait(asked, num_returns=len(asked), timeout=ANSWERS_WITHIN_S)
        nodes = [
            _node(node, reference, reference in answered)
            for node, reference in zip(there, asked, strict=True)
        ]
    return Reached(address, tuple(sorted(nodes, key=lambda node: node.host)))


test_connection.__test__ = False  # type: ignore[attr-defined]  # by its name it could be taken for a test


def _ask(node_id: str) -> Any:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return (
        ray.remote(introduce)
        .options(num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False))
        .remote()
    )


def introduce() -> tuple[str, str]:
    """What a computer of the cluster says of itself: its name, and the version of this program."""
    return platform.node(), __version__


def _node(node: dict[str, Any], reference: Any, has_answered: bool) -> Node:
    import ray

    resources = node["Resources"]
    host, cpus, gpus = node["NodeManagerHostname"], int(resources.get("CPU", 0)), resources.get("GPU", 0.0)
    if not has_answered:
        return Node(host, cpus, gpus, "", f"has not answered within {ANSWERS_WITHIN_S:g} seconds")
    try:
        name, version = ray.get(reference)
    except ray.exceptions.RayError as error:
        missing = "No module named" in str(error)
        reason = "this program is not installed there" if missing else str(error).strip().splitlines()[-1]
        return Node(host, cpus, gpus, "", reason)
    wrong = "" if version == __version__ else f"has version {version} of this program, not {__version__}"
    return Node(name, cpus, gpus, version, wrong)


def _parts(cpus: int, gpus: float) -> str:
    cores = f"{cpus:,} processor core{'s' * (cpus != 1)}"
    return f"{cores}, {gpus:g} graphics card{'s' * (gpus != 1)}" if gpus else cores
