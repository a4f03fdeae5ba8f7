"""Which computers train together, as TensorFlow's environment variable ``TF_CONFIG`` says.

Its form is TensorFlow's own ("Multi-worker training with Keras"): the addresses of all computers, the same on each of
them, and which of these this one is. It is read here so that a mistake in it is told in words before anybody waits.
"""

import json
import os
from dataclasses import dataclass
from typing import Any

from camtrap_gui.problem import Problem

NAME = "TF_CONFIG"
EXAMPLE = """{"cluster": {"worker": ["first:2222", "second:2222"]}, "task": {"type": "worker", "index": 0}}"""


@dataclass(frozen=True)
class Place:
    """The place of this computer, ``number`` (from 0), among those at ``addresses`` ("host:port"). The first one leads."""

    addresses: tuple[str, ...]
    number: int

    @property
    def is_first(self) -> bool:
        """Whether this computer keeps what is learnt."""
        return self.number == 0

    def name(self, number: int) -> str:
        """A computer in words."""
        return f"computer {number + 1} of {len(self.addresses)} ({self.addresses[number]})"


def place() -> Place | None:
    """The place that ``TF_CONFIG`` gives this computer; None where it is not set, or names one computer only.

    Raises Problem where it cannot be understood or contradicts itself.
    """
    text = os.environ.get(NAME, "").strip()
    if not text:
        return None
    try:
        config = json.loads(text)
    except ValueError as error:
        raise _wrong(f"is not JSON ({error})") from error
    if not isinstance(config, dict):
        raise _wrong("is not a JSON object")
    cluster = config.get("cluster") or {}
    if not isinstance(cluster, dict):
        raise _wrong("has a “cluster” that is not a JSON object")
    if not cluster:
        return None
    if other := sorted(set(cluster) - {"worker"}):
        raise _wrong(
            f"names computers as “{other[0]}”; all that train together are of “worker”, the first one leads"
        )
    addresses = _addresses(cluster["worker"])
    number = _number(config.get("task"), len(addresses))
    return Place(addresses, number) if len(addresses) > 1 else None


def _addresses(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not given or not all(isinstance(each, str) for each in given):
        raise _wrong("has no list of addresses as “worker”")
    for address in given:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
            raise _wrong(f"has the address “{address}”, which is not of the form HOST:PORT")
        if given.count(address) > 1:
            raise _wrong(f"has the address {address} twice; several on one computer need a port each")
    return tuple(given)


def _number(task: Any, computers: int) -> int:
    if not isinstance(task, dict):
        raise _wrong("has no “task” that says which of the computers this one is")
    kind, number = task.get("type"), task.get("index")
    if kind != "worker":
        raise _wrong(f"has the task type “{kind}”; only “worker” trains")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < computers:
        last = f"0 to {computers - 1}" if computers > 1 else "0"
        raise _wrong(
            f"has the task index {json.dumps(number)}; there are {computers} workers, so it is {last}"
        )
    return number


def _wrong(what: str) -> Problem:
    return Problem(
        f"The environment variable {NAME} {what}. On the first of two computers it looks like this:\n{EXAMPLE}\n"
        "On the second, index is 1. To train on this computer alone, unset it."
    )
