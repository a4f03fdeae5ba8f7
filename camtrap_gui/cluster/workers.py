"""The workers of a cluster as they are shown: where they are, what they have done, how fast, for how long, at what price."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from camtrap_gui.problem import Problem

Values = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a worker has come to life: the computer's name, the node's number in the cluster and the process."""

    computer: str
    node: str
    process: int


@dataclass(eq=False)
class Worker:
    """A worker (``actor`` is Ray's): where it is, what it has in hand, and what it has done.

    ``seconds`` it worked; it is engaged from the moment it is there until it is gone, which is what is paid.
    """

    number: int
    actor: Any
    place: Place | None = None
    in_hand: int = 0
    done: int = 0
    seconds: float = 0.0
    deaths: int = 0
    has_given_up: bool = False
    _engaged: float = 0.0
    _since: float | None = None

    def come(self, place: Place) -> None:
        """It is there, for the first time or again."""
        self.place, self._since = place, time.monotonic()

    def go(self) -> None:
        """It is gone, for good or for a moment."""
        self._engaged, self._since = self._engaged_s(), None

    @property
    def name(self) -> str:
        """The computer and the worker's number."""
        return f"{self.place.computer if self.place else 'nowhere yet'} {self.number}"

    @property
    def rate(self) -> float:
        """How many a second while it worked; 0 while that is not known."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def hours(self) -> float:
        """For how long it was engaged."""
        return self._engaged_s() / 3600

    @property
    def state(self) -> str:
        """ "starting", "working", "idle" or "gave up"."""
        if self.has_given_up:
            return "gave up"
        return "starting" if self._since is None else "working" if self.in_hand else "idle"

    def values(self, total: int, price: float) -> Values:
        """What is shown of it, as the package's docstring has it. ``total`` is what all have done."""
        cost = self.hours * price if price else None
        return {
            "name": self.name,
            "host": self.place.computer if self.place else "",
            "rate": round(self.rate, 2),
            "done": self.done,
            "share": self.done / total if total else 0.0,
            "hours": round(self.hours, 4),
            "cost": None if cost is None else round(cost, 4),
            "cost_per_1000": round(1000 * cost / self.done, 4) if cost is not None and self.done else None,
            "state": self.state,
            "deaths": self.deaths,
        }

    def _engaged_s(self) -> float:
        return self._engaged + (0.0 if self._since is None else time.monotonic() - self._since)


def values(workers: Sequence[Worker], price: float) -> Values:
    """Figures worth watching of all workers; ``price`` of an hour of one, 0 where nobody asks."""
    total = sum(worker.done for worker in workers)
    hours = sum(worker.hours for worker in workers)
    costs = {"cost": round(hours * price, 4)} if price else {}
    rows = [worker.values(total, price) for worker in sorted(workers, key=lambda worker: worker.number)]
    return {"workers": rows, "hours": round(hours, 4), **costs}


def brief(workers: Sequence[Worker], price: float) -> str:
    """The same on one line."""
    return " · ".join(
        f"{worker.name}: {worker.rate:.1f}/s"
        + (f", {price * worker.hours:.2f}" if price else f", {worker.hours:.2f} h")
        for worker in workers
        if worker.done
    )


def describe(
    workers: Sequence[Worker], threads: int, price: float, reasons: Sequence[Problem]
) -> tuple[str, ...]:
    """A line for each that has done something, one for all, and why some have given up."""
    done = sorted((worker for worker in workers if worker.done), key=lambda worker: worker.number)
    total, hours = sum(worker.done for worker in workers), sum(worker.hours for worker in workers)
    lines = [_line(worker, total, threads, price) for worker in done]
    if price and total:
        paid = hours * price
        lines.append(
            f"  Altogether {hours:,.2f} worker hours at {price:g}: {paid:,.2f}, {_each(paid, total)}"
        )
    elif total:
        lines.append(f"  Altogether {hours:,.2f} worker hours.")
    return (*lines, *(f"  Gave up: {reason}" for reason in reasons))


def _line(worker: Worker, total: int, threads: int, price: float) -> str:
    cost = price * worker.hours
    return (
        f"  {worker.done:>9,}  by {worker.name} ({worker.done / total:.0%}), {worker.rate:.1f} per second,"
        f" {worker.hours:,.2f} hours of {threads} core{'s' * (threads != 1)}"
        + (f", cost {cost:,.2f}, {_each(cost, worker.done)}" if price else "")
        + (f", started again {worker.deaths} time{'s' * (worker.deaths != 1)}" if worker.deaths else "")
    )


def _each(cost: float, done: int) -> str:
    return f"{1000 * cost / done:,.2f} per 1,000"
