"""What runs on the computers of a Ray cluster: an actor that has the task's tool at hand and looks at what it is given.

Pictures are read there, from the folder that all computers share; only paths come in and rows go out.
"""

import ctypes
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from camtrap_gui import __version__, parallel
from camtrap_gui.cluster.tasks import Look, Tool
from camtrap_gui.cluster.workers import Place
from camtrap_gui.problem import Problem

Sent = Sequence[Any]
"""A reference to the model's bytes, in a list so that Ray leaves them where they are until they are wanted."""
_MALLOPT = {"trim threshold": -1, "mmap threshold": -3, "arenas": -8}
"""Numbers of glibc's ``malloc.h``: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX."""
_THREADS = (parallel.CORES, "TF_NUM_INTRAOP_THREADS")


@dataclass(frozen=True)
class Found:
    """What came of the items of a lease, and the seconds it took."""

    answers: list[Any]
    seconds: float


class Looker:
    """The actor. Ray starts it again when its process dies, so that everything it needs is in what it was made with."""

    def __init__(self, tool: Tool, threads: int, version: str) -> None:
        os.environ.update(dict.fromkeys(_THREADS, str(threads)))
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        keep_memory(threads)
        self._tool, self._threads, self._version = tool, threads, version
        self._look: Look | None = None

    def get_ready(self, sent: Sent) -> Place:
        """Load the model. Raises Problem when it cannot be, or when this is another version of the program."""
        import ray

        self._loaded(sent)
        node = ray.get_runtime_context().get_node_id()
        return Place(platform.node() or node[:8], node, os.getpid())

    def look(self, items: Sequence[Any], sent: Sent) -> Found:
        """What comes of some items, in their order. Raises Problem when their folder is gone."""
        look = self._loaded(sent)
        began = time.perf_counter()
        return Found(look(items), time.perf_counter() - began)

    def _loaded(self, sent: Sent) -> Look:
        import ray

        if __version__ != self._version:
            raise Problem(
                f"{platform.node()} has version {__version__} of this program, not {self._version}. Install the same"
                " everywhere."
            )
        if self._look is None:
            self._look = self._tool.load(lambda: ray.get(sent[0]), self._threads)
        return self._look


def keep_memory(threads: int) -> None:
    """Have this process keep memory that it has freed, for the next picture.

    glibc gives large pieces back to the system and asks for them again with every picture, 4,000 pages of zeros each time:
    a tenth of the processor time of detection. Other systems' libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(_MALLOPT["mmap threshold"], 32 << 20)  # the most that is allowed
    mallopt(_MALLOPT["trim threshold"], 512 << 20)
    mallopt(_MALLOPT["arenas"], threads + 1)
