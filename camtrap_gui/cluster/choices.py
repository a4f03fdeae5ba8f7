"""The options of steps that a cluster can do, the same words for each of them."""

from typing import Annotated

from camtrap_gui.options import Option

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
