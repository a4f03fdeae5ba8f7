"""Doing the same thing to many items on several threads, in order and in bounded memory.

Decoding and encoding pictures releases Python's lock, so threads are enough (measured: 1.95 times on two cores).
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import closing
from itertools import repeat
from typing import TypeVar

CORES = "CAMTRAP_CORES"
"""Environment variable for processes that share a machine by agreement only, as workers of a cluster do."""

MEANWHILE_S = 0.25
"""How often who waits for a result may do something else."""

Item = TypeVar("Item")
Value = TypeVar("Value")


def cores() -> int:
    """How many processor cores this process may use; CAMTRAP_CORES says it where the system does not know."""
    given = os.environ.get(CORES, "")
    if given.isdecimal() and int(given):
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(
    function: Callable[[Item], Value],
    items: Iterable[Item],
    workers: int | None = None,
    ahead: int | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Generator[Value, None, None]:
    """``map(function, items)`` on ``workers`` threads, at most ``ahead`` results waiting to be taken.

    Results come in the order of the items. An exception of ``function`` is raised when its turn comes. Closing the
    iterator early leaves no thread behind.

    ``meanwhile`` is called again and again while a result is waited for, and may raise to end the waiting. With it,
    closing waits for no function that still works: what waits for a server is to end by itself.
    """
    workers = workers or cores()
    ahead = ahead or 2 * workers
    waiting: deque[Future[Value]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= ahead:
                yield _result(waiting.popleft(), meanwhile)
        while waiting:
            yield _result(waiting.popleft(), meanwhile)
    finally:
        pool.shutdown(wait=meanwhile is None, cancel_futures=True)


def _result(future: Future[Value], meanwhile: Callable[[], None] | None) -> Value:
    while meanwhile is not None and not wait_for([future], MEANWHILE_S).done:
        meanwhile()
    return future.result()


def ahead_of(items: Iterable[Item], waiting: int = 3) -> Generator[Item, None, None]:
    """The same items, made on a thread of its own while those before are worked on; at most ``waiting`` lie ready.

    Pays where the work on an item releases Python's lock, as databases and files do.
    """
    source, end = iter(items), object()
    with closing(in_order(lambda _: next(source, end), repeat(None), workers=1, ahead=waiting)) as made:
        for item in made:
            if item is end:
                return
            yield item  # type: ignore[misc]
