"""Computers that are to train together meet: here threads of one, with real sockets."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.models.classifiers import meeting
from camtrap_gui.models.classifiers.meeting import Link
from camtrap_gui.models.tf_config import Place
from camtrap_gui.problem import Interrupted, Problem

FACTS = {"--batch-size": 32, "the data": "abc"}


def free_addresses(count: int) -> tuple[str, ...]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = tuple(f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)
    for each in sockets:
        each.close()
    return addresses


def quiet(_: Progress | None = None) -> None:
    pass


def all_meet(
    places: list[Place], facts: list[dict], then: Callable[[Place, Link], object] = lambda place, link: None
) -> list[Future]:
    """Each in a thread; their outcomes when all have ended."""

    def one(place: Place, own: dict) -> object:
        with meeting.meet(place, own, quiet) as link:
            return then(place, link)

    with ThreadPoolExecutor(len(places)) as threads:
        futures = [threads.submit(one, place, own) for place, own in zip(places, facts, strict=True)]
        wait(futures, timeout=60)
    return futures


def test_that_all_hear_what_the_first_says():
    addresses = free_addresses(3)
    plan = {"run": "1", "unusable": list(range(50_000))}

    def then(place: Place, link: Link) -> object:
        return link.tell(plan) if place.is_first else link.hear(quiet)

    futures = all_meet([Place(addresses, number) for number in (2, 0, 1)], [FACTS] * 3, then)
    assert [future.result() for future in futures] == [plan, None, plan]


def test_that_all_are_told_what_does_not_fit():
    addresses = free_addresses(2)
    places = [Place(addresses, number) for number in range(2)]
    for future in all_meet(places, [FACTS, {**FACTS, "--batch-size": 16}]):
        with pytest.raises(Problem, match=r"Computer 2 of 2 .* --batch-size is 16 there and 32 on the first"):
            future.result()


def test_that_two_with_one_number_are_told():
    addresses = free_addresses(3)
    futures = all_meet([Place(addresses, number) for number in (0, 1, 1)], [FACTS] * 3)
    for future in futures:
        with pytest.raises(Problem, match=r"Two computers say .* computer 2 of 3"):
            future.result()


def test_that_other_addresses_are_told():
    addresses = free_addresses(2)
    places = [Place(addresses, 0), Place((addresses[0], "elsewhere:1"), 1)]
    for future in all_meet(places, [FACTS] * 2):
        with pytest.raises(Problem, match="other addresses in its TF_CONFIG"):
            future.result()


def test_that_strangers_are_left_outside_and_an_end_of_the_first_is_noticed():
    addresses = free_addresses(2)
    host, port = addresses[0].split(":")
    listening = threading.Event()

    def stranger() -> bytes:
        listening.wait(60)
        with socket.create_connection((host, int(port)), timeout=30) as line:
            line.sendall(b"GET / HTTP/1.1\r\n\r\n")
            return line.recv(100)

    def heard(progress: Progress) -> None:
        if "waiting for" in progress.note:
            listening.set()

    def first() -> None:
        with meeting.meet(Place(addresses, 0), FACTS, heard):
            pass

    def second() -> None:
        with meeting.meet(Place(addresses, 1), FACTS, quiet) as link:
            link.hear(quiet)

    with ThreadPoolExecutor(3) as threads:
        leading, outside = threads.submit(first), threads.submit(stranger)
        assert outside.result(60) == b""
        helping = threads.submit(second)
        leading.result(60)
        with pytest.raises(Interrupted, match=r"Computer 1 of 2 .* has stopped training.*same command"):
            helping.result(60)


def test_that_waiting_can_be_stopped_and_an_occupied_port_is_told():
    def impatient(_: Progress) -> None:
        raise Cancelled

    addresses = free_addresses(2)
    for number in range(2):
        with pytest.raises(Cancelled), meeting.meet(Place(addresses, number), FACTS, impatient):
            pass
    port = int(addresses[0].split(":")[1])
    with (
        socket.create_server(("", port)),
        pytest.raises(Problem, match="cannot listen at port"),
        meeting.meet(Place(addresses, 0), FACTS, quiet),
    ):
        pass
