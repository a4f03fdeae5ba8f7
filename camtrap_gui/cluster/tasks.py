"""What a crew can be given to do: a task, which stays with the process that keeps the rows, and its tool, which travels.

There are two: to look for animals in images (``detection``), and to look at crops with a backbone (``embedding``).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from camtrap_gui.project.leases import Lease

Files = Mapping[str, bytes]
"""What a model consists of, by path; the only path of a model that is one file is its name."""
Look = Callable[[Sequence[Any]], list[Any]]
"""What came of some items, in their order; an answer for each. Raises Problem when the folder they lie in is gone."""


class Tool(Protocol):
    """What workers work with. It is sent to them (pickled), the model's bytes only to those that do not have it."""

    def read(self) -> Files:
        """The bytes of the model, which is here."""
        ...

    def load(self, fetch: Callable[[], Files], threads: int) -> Look:
        """The model of the same hash, from what is installed there, else from what ``fetch`` brings, at work on so many
        threads. Raises Problem when what came is not what was sent."""
        ...


class Task(Protocol):
    """What is to be done to a project's images or crops, which are leased by ranges of their ``id``."""

    @property
    def tool(self) -> Tool:
        """What workers need for it."""
        ...

    @property
    def total(self) -> int:
        """How many there were to be done at the beginning."""
        ...

    def lease(self, holder: str, after: int, size: int) -> Lease[Any] | None:
        """The next ``size`` or less that are not done and nobody's, with an id above ``after``; None without any."""
        ...

    def keep(self, lease_id: int, answers: Sequence[Any], is_over: bool) -> None:
        """Keep what came back of a lease, and end it when that was all of it."""
        ...

    def failed(self, item: Any, reason: str) -> Any:
        """The answer for an item of which there will be none."""
        ...

    def is_over(self) -> bool:
        """Whether nothing is left to be done. Slow."""
        ...
