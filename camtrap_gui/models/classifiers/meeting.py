"""Computers that are to train together meet, before TensorFlow connects them.

The first one listens at its address until all others have come, each with a few facts about itself that must be the same
everywhere; then it says whether they fit. TensorFlow can neither be stopped while it waits for others nor say what does
not fit. The connections stay: the first computer says through them what is to be done when it has got ready.

What is sent are lines of JSON. Whoever can reach the address can take part: a cluster is for a network one trusts.
"""

import json
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from camtrap_gui.jobs import Progress, Report
from camtrap_gui.models.tf_config import Place
from camtrap_gui.problem import Interrupted, Problem

PHASE = "Meeting the other computers"
WAIT_S = 1800.0
_LOOK_EVERY_S = 0.25
_LONGEST = 1 << 26  # bytes of a line
_ANSWER_S = 10.0

Facts = Mapping[str, Any]


class Link:
    """The connections to the other computers: on the first one to each of them, by number, on the others to the first."""

    def __init__(self, place: Place, lines: dict[int, "_Line"]) -> None:
        self._place, self._lines = place, lines

    def tell(self, message: Facts) -> None:
        """Say something to all others."""
        for number, line in self._lines.items():
            try:
                line.send(message)
            except OSError as error:
                raise lost(self._place, number, str(error)) from error

    def hear(self, report: Callable[[], None]) -> dict[str, Any]:
        """What the first computer says, as soon as it says it. ``report`` is called while waiting and may raise."""
        try:
            while (message := self._lines[0].receive(_LOOK_EVERY_S)) is None:
                report()
        except (OSError, ValueError) as error:
            raise lost(self._place, 0, str(error)) from error
        return message

    def close(self) -> None:
        """Say no more."""
        for line in self._lines.values():
            line.close()


def lost(place: Place, number: int | None, reason: str) -> Interrupted:
    """What to say when a computer is not there any more; ``number`` is None where nobody knows which."""
    who = "Another of the computers" if number is None else place.name(number).capitalize()
    return Interrupted(
        f"{who} has stopped training, or cannot be reached any more ({reason}). What it said last tells why. Start the"
        " same command on all computers again: the training goes on from where the first one last kept it."
    )


@contextmanager
def meet(place: Place, facts: Facts, report: Report) -> Iterator[Link]:
    """Wait until all have come. ``facts`` are compared; those of this computer and of the others must be the same.

    Raises Problem on every computer when they are not, or when some have not come after ``WAIT_S``.
    """
    meeting = _gather if place.is_first else _go
    link = meeting(place, facts, report)
    try:
        yield link
    finally:
        link.close()


class _Line:
    """Messages through a socket, one in a line."""

    def __init__(self, made: socket.socket) -> None:
        self._socket, self._buffer = made, b""
        made.settimeout(_ANSWER_S)

    def send(self, message: Facts) -> None:
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, wait_s: float) -> dict[str, Any] | None:
        """The next message; None when there is none after ``wait_s``. Raises OSError when there will be none any more,
        ValueError for what is no message."""
        end = time.monotonic() + wait_s
        while b"\n" not in self._buffer:
            if not select.select([self._socket], [], [], max(0.0, end - time.monotonic()))[0]:
                return None
            read = self._socket.recv(1 << 16)
            if not read or len(self._buffer) > _LONGEST:
                raise ConnectionError("the connection was closed")
            self._buffer += read
        line, _, self._buffer = self._buffer.partition(b"\n")
        message = json.loads(line)
        if not isinstance(message, dict):
            raise ValueError("no message")
        return message

    def close(self) -> None:
        self._socket.close()


def _gather(place: Place, facts: Facts, report: Report) -> Link:
    lines: dict[int, _Line] = {}
    others = range(1, len(place.addresses))
    end = time.monotonic() + WAIT_S
    try:
        with _listening(place) as listener:
            while missing := [number for number in others if number not in lines]:
                names = ", ".join(place.addresses[number] for number in missing)
                report(Progress(len(lines) + 1, len(place.addresses), f"waiting for {names}", PHASE))
                if time.monotonic() > end:
                    raise _tell_all(lines, f"Waited half an hour in vain for {names}. {_START_ALL}")
                if select.select([listener], [], [], _LOOK_EVERY_S)[0]:
                    _welcome(place, facts, listener, lines)
        report(Progress(len(place.addresses), len(place.addresses), "all are here", PHASE))
        for line in lines.values():
            line.send({"fits": True})
    except OSError as error:
        _close(lines)
        raise lost(place, None, str(error)) from error
    except BaseException:
        _close(lines)
        raise
    return Link(place, lines)


_START_ALL = "Start the same command on all computers; each must reach the first one at its address."


def _welcome(place: Place, facts: Facts, listener: socket.socket, lines: dict[int, _Line]) -> None:
    """Let one in, or leave it outside when it is none of us. Raises Problem, for all, when it does not fit."""
    line = _Line(listener.accept()[0])
    try:
        message = line.receive(_ANSWER_S)
        number = message["number"] if message else None
    except (OSError, ValueError, KeyError):
        number = message = None
    if message is None or not isinstance(number, int) or not 0 < number < len(place.addresses):
        line.close()
        return
    twice = number in lines
    lines[-number if twice else number] = line
    if message.get("addresses") != list(place.addresses):
        raise _tell_all(
            lines, f"{place.name(number).capitalize()} has other addresses in its TF_CONFIG than the first."
        )
    if twice:
        raise _tell_all(lines, f"Two computers say in their TF_CONFIG that they are {place.name(number)}.")
    theirs = message.get("facts", {})
    for fact in facts:
        if theirs.get(fact) != facts[fact]:
            raise _tell_all(
                lines,
                f"{place.name(number).capitalize()} cannot train with the first: {fact} is {theirs.get(fact)} there"
                f" and {facts[fact]} on the first.",
            )


def _tell_all(lines: dict[int, _Line], sentence: str) -> Problem:
    for line in lines.values():
        with suppress(OSError):
            line.send({"problem": sentence})
    return Problem(sentence)


def _go(place: Place, facts: Facts, report: Report) -> Link:
    host, _, port = place.addresses[0].rpartition(":")
    end = time.monotonic() + WAIT_S
    hello = {"number": place.number, "addresses": list(place.addresses), "facts": dict(facts)}
    while True:
        report(Progress(0, None, f"waiting for the first, {place.addresses[0]}", PHASE))
        try:
            line = _Line(socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S))
        except OSError as error:
            if time.monotonic() > end:
                raise Problem(
                    f"The first computer, {place.addresses[0]}, cannot be reached ({error}). {_START_ALL}"
                ) from error
            time.sleep(_LOOK_EVERY_S)
            continue
        try:
            line.send(hello)
            while (answer := line.receive(_LOOK_EVERY_S)) is None:
                report(Progress(0, None, "waiting for the others", PHASE))
        except (OSError, ValueError) as error:
            line.close()
            raise lost(place, 0, str(error)) from error
        except BaseException:
            line.close()
            raise
        if "problem" in answer:
            line.close()
            raise Problem(str(answer["problem"]))
        return Link(place, {0: line})


@contextmanager
def _listening(place: Place) -> Iterator[socket.socket]:
    port = int(place.addresses[0].rpartition(":")[2])
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    try:
        # TensorFlow listens at the same address afterwards, while these connections are open still.
        listener = socket.create_server(
            ("", port), family=family, dualstack_ipv6=family == socket.AF_INET6, reuse_port=False
        )
    except OSError as error:
        raise Problem(
            f"The first computer cannot listen at port {port} ({error.strerror}). Another program uses it, perhaps an"
            " earlier training that has not ended yet; or give another port in TF_CONFIG, on all computers."
        ) from error
    with listener:
        yield listener


def _close(lines: dict[int, _Line]) -> None:
    for line in lines.values():
        line.close()
