"""The workers of a Ray cluster as one thing that takes pieces of work and gives back what became of them.

Ray places the actors, starts them again when a process or a computer dies, and carries what they need and what they
find. This module only keeps in mind who has what in hand.
"""

import time
from dataclasses import dataclass, field
from typing import Any

from camtrap_gui import __version__
from camtrap_gui.cluster import workers
from camtrap_gui.cluster.ray_worker import Found, Looker
from camtrap_gui.cluster.tasks import Tool
from camtrap_gui.cluster.workers import Values, Worker
from camtrap_gui.problem import Problem

MOST_CORES = 4
"""Cores of one worker where nothing else is said: more of them are better used by another worker."""
IN_HAND = 2
"""Pieces that a worker has at a time: while it sends back what it found in one, it looks at the next."""
_LOOK_FOR_COMPUTERS_EVERY_S = 5.0


@dataclass(frozen=True)
class Outcome:
    """What became of a piece: what was ``found``, or None when its worker gave up, or ``died`` meanwhile."""

    piece: int
    found: Found | None
    died: bool = False


@dataclass
class Crew:
    """The workers that are there, each of ``threads`` cores (0: as suits the computers) and so many graphics ``cards``.

    ``price`` is that of an hour of one, in whatever money; 0: nobody asks. ``reasons`` say why some have given up for good.
    """

    tool: Tool
    threads: int = 0
    cards: float = 0.0
    price: float = 0.0
    workers: list[Worker] = field(default_factory=list)
    reasons: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        import ray

        self._sent = ray.put(dict(self.tool.read()))
        self._waiting: dict[Any, tuple[Worker, int | None]] = {}
        self._later: list[tuple[float, Worker]] = []
        self._looked = 0.0
        self._known: list[Worker] = []
        self.grow()

    def grow(self) -> None:
        """Engage a worker for every place that the cluster has by now. Cheap enough to be called all the time."""
        import ray

        if time.monotonic() - self._looked < _LOOK_FOR_COMPUTERS_EVERY_S and self._known:
            return
        self._looked = time.monotonic()
        sizes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        if not self.threads:
            self.threads = min([MOST_CORES, *(size for size in sizes if size)])
        for _ in range(sum(size // self.threads for size in sizes) - len(self._known)):
            self._engage()

    def _engage(self) -> None:
        import ray

        actor = (
            ray.remote(Looker)
            .options(
                num_cpus=self.threads,
                num_gpus=self.cards,
                max_restarts=-1,
                max_task_retries=0,  # a lease is given to whoever is free, not to the same actor again
                scheduling_strategy="SPREAD",
            )
            .remote(self.tool, self.threads, __version__)
        )
        worker = Worker(len(self._known) + 1, actor)
        self._known.append(worker)
        self._expect(worker)

    def _expect(self, worker: Worker) -> None:
        """Wait until Ray has brought a worker to life, anew or for the first time."""
        self.workers = [other for other in self.workers if other is not worker]
        self._waiting[worker.actor.get_ready.remote([self._sent])] = (worker, None)

    @property
    def is_hopeless(self) -> bool:
        """Whether all workers have given up."""
        return bool(self.reasons) and not self.workers and not self._waiting and not self._later

    def free(self) -> Worker | None:
        """The worker with the least in hand that can take another piece."""
        worker = min(self.workers, key=lambda worker: worker.in_hand, default=None)
        return worker if worker and worker.in_hand < IN_HAND else None

    def give(self, worker: Worker, piece: int, items: tuple[Any, ...]) -> None:
        """Let a worker look at items; ``outcomes`` will say what became of the ``piece``."""
        worker.in_hand += 1
        self._waiting[worker.actor.look.remote(items, [self._sent])] = (worker, piece)

    def values(self) -> Values:
        """Figures of all workers worth watching, as the package's docstring has them."""
        return workers.values(self._known, self.price)

    def brief(self) -> str:
        """The most important ones on one line."""
        return workers.brief(self._known, self.price)

    def describe(self) -> tuple[str, ...]:
        """Lines that say who has done what, for how long and at what price."""
        return workers.describe(self._known, self.threads, self.price, self.reasons)

    def outcomes(self, timeout_s: float) -> list[Outcome]:
        """What has become of pieces since; waits for the first, but no longer than ``timeout_s``."""
        import ray

        due = [worker for at, worker in self._later if at <= time.monotonic()]
        self._later = [(at, worker) for at, worker in self._later if worker not in due]
        for worker in due:
            self._expect(worker)
        if not self._waiting:
            time.sleep(timeout_s)
            return []
        ready, _ = ray.wait(list(self._waiting), num_returns=1, timeout=timeout_s)
        more, _ = ray.wait(list(self._waiting), num_returns=len(self._waiting), timeout=0)
        outcomes = []
        for reference in {*ready, *more}:
            worker, piece = self._waiting.pop(reference)
            answer = self._answer(reference, worker, piece)
            if piece is not None:
                died = answer is None and any(worker is other for _, other in self._later)
                outcomes.append(Outcome(piece, answer, died))
        return outcomes

    def _answer(self, reference: Any, worker: Worker, piece: int | None) -> Found | None:
        import ray

        worker.in_hand -= piece is not None
        try:
            answer = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            if not isinstance(error.cause, Problem):
                raise error.cause from error
            self._give_up(worker, error.cause)
        except ray.exceptions.ActorDiedError as error:
            if piece is None:
                self._give_up(worker, Problem(f"{worker.name} could not be started: {error}"))
            else:
                self._lose(worker)
        except ray.exceptions.RayError:
            self._lose(worker)
        else:
            if piece is None:
                worker.come(answer)
                self.workers.append(worker)
                return None
            worker.done += len(answer.answers)
            worker.seconds += answer.seconds
            return answer
        return None

    def _give_up(self, worker: Worker, reason: Problem) -> None:
        self.workers = [other for other in self.workers if other is not worker]
        worker.has_given_up = True
        worker.go()
        if str(reason) not in map(str, self.reasons):
            self.reasons.append(reason)

    def _lose(self, worker: Worker) -> None:
        """A worker's process or computer is gone: ask again in a moment, as Ray brings it back where there is room."""
        if worker in self.workers:
            worker.deaths += 1
            worker.go()
            self.workers = [other for other in self.workers if other is not worker]
        elif any(worker is other for _, other in self._later) or any(
            other is worker and piece is None for other, piece in self._waiting.values()
        ):
            return
        self._later.append((time.monotonic() + 1, worker))
