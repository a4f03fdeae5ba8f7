"""A task done by a crew: images or crops are leased to workers, and what they send back is kept here, by one writer.

When a worker or its computer dies, what it had in hand is given to another, so nothing
but that is looked at again. When all is given out, those who have nothing to do take over what takes others too long;
the first answer counts. So every one has one answer, the same as on one machine.
"""

import math
import statistics
import time
from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from camtrap_gui.cluster.ray_crew import IN_HAND, Crew, Outcome
from camtrap_gui.cluster.tasks import Task
from camtrap_gui.cluster.workers import Worker
from camtrap_gui.project import Project, at_work, leases

LEASE_S = 10.0
"""How long a worker should have to do with one lease: less costs messages, more is lost with the worker."""
LEAST_S = 1.0
"""The same towards the end, when leases get smaller so that all workers finish at about the same time."""
FIRST, LEAST, MOST = 16, 4, 1000
"""Items of a lease while nobody knows how fast workers are, and of the smallest and largest."""
DEADLY = 3
"""What so many workers died of is no longer shown to others."""
_WAIT_S = 0.25
_PROLONG_EVERY = leases.LASTS / 4


@dataclass(eq=False)
class Piece:
    """Items of a lease that one worker has in hand (or two, or for the moment nobody)."""

    lease: int
    items: tuple[Any, ...]
    hands: int = 0
    given: float = 0.0
    deaths: int = 0


def work(project: Project, task: Task, crew: Crew) -> Generator[list[Any], None, None]:
    """What came of all that the task has left, each batch after it was kept; an empty one now and then meanwhile.

    Raises Problem when no worker is left that could do anything.
    """
    with at_work.at_work(project.folder) as holder:
        try:
            yield from _Leasing(project, task, holder, crew).work()
        finally:
            leases.give_back(project, holder)


class _Leasing:
    def __init__(self, project: Project, task: Task, holder: str, crew: Crew) -> None:
        self._project, self._task, self._holder, self._crew = project, task, holder, crew
        self._left = task.total
        self._numbers = count(1)
        self._pieces: dict[int, Piece] = {}
        self._back: list[int] = []
        self._after = 0
        self._prolonged = time.monotonic()

    def work(self) -> Generator[list[Any], None, None]:
        leases.take_over(self._project)
        while True:
            self._crew.grow()
            self._prolong()
            while worker := self._crew.free():
                if not self._give(worker):
                    break
            if not self._pieces and self._is_over():
                return
            kept = [one for outcome in self._crew.outcomes(_WAIT_S) for one in self._keep(outcome)]
            if self._crew.is_hopeless:
                raise self._crew.reasons[0]
            yield kept

    def _is_over(self) -> bool:
        """Whether nothing is left. What another process has leased becomes free when it is gone."""
        leases.take_over(self._project)
        self._after = 0
        return self._task.is_over()

    def _give(self, worker: Worker) -> bool:
        number = self._next(worker)
        if number is None:
            return False
        piece = self._pieces[number]
        piece.hands, piece.given = piece.hands + 1, time.monotonic()
        self._crew.give(worker, number, piece.items)
        return True

    def _next(self, worker: Worker) -> int | None:
        """What came back from a dead worker, else a new lease, else what takes somebody else too long."""
        if self._back:
            return self._back.pop()
        lease = self._task.lease(self._holder, self._after, self._size(worker))
        if lease is not None:
            self._after = lease.items[-1].id
            return self._add(Piece(lease.id, lease.items))
        return self._late() if worker.in_hand == 0 else None

    def _size(self, worker: Worker) -> int:
        """Items for about ``LEASE_S``; less towards the end, each its share of what is left, so that all workers finish at
        about the same time. Small leases are slow ones: a worker begins each anew."""
        if not worker.rate:
            return FIRST
        rates = sum(other.rate for other in self._crew.workers)
        given = sum(len(piece.items) for piece in self._pieces.values())
        share = math.ceil((self._left - given) * worker.rate / rates / IN_HAND)
        return max(LEAST, round(worker.rate * LEAST_S), min(round(worker.rate * LEASE_S), share, MOST))

    def _late(self) -> int | None:
        rate = statistics.median([worker.rate for worker in self._crew.workers if worker.rate] or [0])
        if not rate:
            return None
        late = {
            number: piece.given
            for number, piece in self._pieces.items()
            if piece.hands == 1 and time.monotonic() - piece.given > 1 + 3 * len(piece.items) / rate
        }
        return min(late, key=lambda number: late[number]) if late else None

    def _add(self, piece: Piece) -> int:
        number = next(self._numbers)
        self._pieces[number] = piece
        return number

    def _keep(self, outcome: Outcome) -> list[Any]:
        """Store what was found, unless somebody else was faster. What was not is to be given out again."""
        piece = self._pieces.get(outcome.piece)
        if piece is None:
            return []
        piece.hands -= 1
        piece.deaths += outcome.died
        if outcome.found is not None:
            return self._store(outcome.piece, piece, outcome.found.answers)
        if piece.hands:
            return []
        if piece.deaths < DEADLY:
            self._back.append(outcome.piece)
        elif len(piece.items) == 1:
            died = f"deadly: the worker's process ended {piece.deaths} times while it looked at this picture"
            return self._store(outcome.piece, piece, [self._task.failed(piece.items[0], died)])
        else:
            self._halve(outcome.piece, piece)
        return []

    def _halve(self, number: int, piece: Piece) -> None:
        """Find out what it is that workers die of."""
        del self._pieces[number]
        middle = len(piece.items) // 2
        for items in (piece.items[:middle], piece.items[middle:]):
            self._back.append(self._add(Piece(piece.lease, items, deaths=DEADLY - 1)))

    def _store(self, number: int, piece: Piece, answers: list[Any]) -> list[Any]:
        del self._pieces[number]
        is_over = all(other.lease != piece.lease for other in self._pieces.values())
        self._task.keep(piece.lease, answers, is_over)
        self._left -= len(answers)
        return answers

    def _prolong(self) -> None:
        if timedelta(seconds=time.monotonic() - self._prolonged) > _PROLONG_EVERY:
            self._prolonged = time.monotonic()
            leases.prolong(self._project, self._holder)
