"""What runs on the computers of a Ray cluster: an actor that holds the detector and looks at the images it is given.

Pictures are read there, from the folder that all computers share; only paths come in and rows go out.
"""

import os
import platform
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from camtrap_gui import __version__, parallel
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.problem import Problem
from camtrap_gui.project.detections import Seen, UnseenImage

Sent = Sequence[Any]
"""A reference to the detector's bytes, in a list so that Ray leaves them where they are until they are wanted."""


@dataclass(frozen=True)
class Place:
    """Where an actor has come to life: the computer's name, the node's number in the cluster and the process."""

    computer: str
    node: str
    process: int


@dataclass(frozen=True)
class Found:
    """What came of the images of a lease, and the seconds it took."""

    seen: list[Seen]
    seconds: float


class Looker:
    """The actor. Ray starts it again when its process dies, so that everything it needs is in what it was made with."""

    def __init__(self, entry: Entry, threads: int, version: str) -> None:
        os.environ[parallel.CORES] = str(threads)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        self._entry, self._threads, self._version = entry, threads, version
        self._detector: Any = None

    def get_ready(self, sent: Sent) -> Place:
        """Load the detector. Raises Problem when it cannot be, or when this is another version of the program."""
        import ray

        from camtrap_gui.cluster import shipping

        if __version__ != self._version:
            raise Problem(
                f"{platform.node()} has version {__version__} of this program, not {self._version}. Install the same"
                " everywhere."
            )
        if self._detector is None:
            self._detector = shipping.load(self._entry, lambda: ray.get(sent[0]))
        node = ray.get_runtime_context().get_node_id()
        return Place(platform.node() or node[:8], node, os.getpid())

    def look(self, images: Sequence[UnseenImage], sent: Sent) -> Found:
        """What the detector finds in some images, in their order. Raises Problem when their folder is gone."""
        from camtrap_gui.models import looking

        self.get_ready(sent)
        began = time.perf_counter()
        with closing(looking.look(self._detector, images, self._threads)) as batches:
            seen = [one for batch in batches for one in batch]
        return Found(seen, time.perf_counter() - began)
