"""The options of steps that many computers can do, the same words for each of them."""

from pathlib import Path
from typing import Annotated

from camtrap_gui.options import Option
from camtrap_gui.problem import Problem

ENGINES = ("here", "ray")

Engine = Annotated[
    str,
    Option(
        "Who does the work: this computer (here), or the computers of a Ray cluster that see the project and its pictures"
        " under the same path (ray). It can be stopped at any time and continued here or there.",
        choices=ENGINES,
        advanced=True,
    ),
]
Address = Annotated[
    str,
    Option(
        "With --engine ray: the cluster that this computer belongs to (auto, or HOST:PORT of its head), or this"
        " computer alone (local).",
        advanced=True,
    ),
]
WorkerCores = Annotated[
    int,
    Option(
        "With --engine ray: processor cores that each worker uses; 0: four, or less on small computers.",
        low=0,
        high=256,
        advanced=True,
    ),
]
WorkerGpus = Annotated[
    float,
    Option(
        "With --engine ray: graphics cards that each worker uses; 0.5: two workers share one.",
        low=0,
        high=16,
        advanced=True,
    ),
]
WorkerPrice = Annotated[
    float,
    Option(
        "With --engine ray: what an hour of one worker costs, in whatever money. Shown is then what each has cost so far,"
        " and what a thousand pictures do. 0: only the hours are shown.",
        low=0,
        high=10_000,
        lowest="Not known",
        advanced=True,
    ),
]
Threads = Annotated[
    int, Option("Threads that decode pictures; 0: one for each core.", low=0, high=256, advanced=True)
]
Shard = Annotated[
    str,
    Option(
        "Do a part of the work only, for instance the third of sixteen: 3/16. For many computers that share a disk: give"
        " each a part of its own. The project stays as it is; what is found goes into a file, and “camtrap merge”"
        " brings the files together.",
        advanced=True,
    ),
]
Out = Annotated[
    Path | None,
    Option(
        "With --shard: the file for what is found. Without it one in the project's folder “shards”.",
        advanced=True,
    ),
]


def check(shard: str, out: Path | None, engine: str) -> None:
    """Raises Problem where these contradict each other."""
    if out is not None and not shard:
        raise Problem("--out is the file of a shard; give --shard too, for instance --shard 3/16.")
    if shard and engine != "here":
        raise Problem("A shard is for one computer alone: leave out --engine, or leave out --shard.")
