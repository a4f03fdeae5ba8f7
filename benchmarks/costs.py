"""What a large survey costs in days and in hours that are paid for: rates of this computer, put in proportion.

    python -m benchmarks.costs [--images 7200000] [--detect 6.1 --cut 30 --embed 55 --head 40000] [--prices 0.05 0.3 1.006]

Rates that are not given are measured here, in some minutes, on a generated survey of ``--measure`` pictures: those of the
steps themselves with all cores, from their first report of work done to their last, so that loading does not count. They
are pictures a second for detection and cutting, crops a second for embedding (what the quick preset does once), and for
training crops a second and epoch, on features of the default backbone that are made up. Cores in other numbers count in proportion, which flatters many of them.

Detection on a graphics card is not measured where there is none. The rates in PUBLISHED are those that the guide of
MegaDetector gives for MegaDetector v5, a network much larger than the default detector. They are that guide's, not ours.
Cluster nodes count ``--together`` of what each would do alone, as ``benchmarks.cluster`` measures it for two.
"""

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import print_json, table
from camtrap_gui.jobs import Progress

PUBLISHED = {
    "RTX 4090": 17.6,
    "RTX 3090": 11.4,
    "RTX 3080": 9.5,
    "RTX 3050": 4.2,
    "RTX 3050 in a laptop": 3.0,
}
"""Pictures a second of MegaDetector v5, as
https://github.com/agentmorris/MegaDetector/blob/main/megadetector.md#benchmark-timings says."""
STAGES = {"detect": "Detecting", "cut": "Cutting", "embed": "Embedding crops", "head": ""}
"""What is measured, and the phase in which the steps report it."""
HEAD_CROPS, SPECIES = 40_000, 60
DAY_S = 86_400


@dataclass(frozen=True)
class Machine:
    """So many computers of so many cores as this one has, with the detector's rate where that is another than theirs."""

    name: str
    cores: int
    nodes: int = 1
    detect: float = 0.0


def main() -> None:
    """Measure what is not given, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=7_200_000)
    parser.add_argument("--animals", type=float, default=0.24, help="crops for each picture")
    parser.add_argument("--epochs", type=int, default=30, help="of the quick preset, at most")
    parser.add_argument("--card", choices=PUBLISHED, default="RTX 3090")
    parser.add_argument("--together", type=float, default=0.95, help="of each node of a cluster")
    parser.add_argument("--cores", type=int, nargs=3, default=[8, 16, 16], help="laptop, workstation, node")
    parser.add_argument("--prices", type=float, nargs=3, help="of an hour of laptop, workstation, node")
    parser.add_argument("--measure", type=int, default=200, help="pictures")
    for stage in STAGES:
        parser.add_argument(f"--{stage}", type=float, help=f"a second, on {os.cpu_count()} cores")
    given = parser.parse_args()
    rates = {stage: getattr(given, stage) for stage in STAGES}
    if None in rates.values():
        with tempfile.TemporaryDirectory() as folder:
            found = measured(Path(folder), given.measure)
        rates = {stage: rate or found[stage] for stage, rate in rates.items()}
    here = os.cpu_count() or 1
    print(
        table(
            ("", "a second", "a second and core"), [(name, rate, rate / here) for name, rate in rates.items()]
        )
    )
    laptop, workstation, node = given.cores
    machines = (
        Machine(f"this computer, {here} cores", here),
        Machine(f"laptop, {laptop} such cores", laptop),
        Machine(f"workstation, {given.card}*", workstation, 1, PUBLISHED[given.card]),
        Machine(f"ten nodes, {given.card}*", node, 10, PUBLISHED[given.card]),
    )
    prices = [0.0, *given.prices] if given.prices else [0.0] * 4
    days = {one.name: stages(one, rates, given) for one in machines}
    rows = [
        (
            one.name,
            *days[one.name].values(),
            sum(days[one.name].values()),
            24 * one.nodes * sum(days[one.name].values()),
            24 * one.nodes * sum(days[one.name].values()) * price if price else "",
        )
        for one, price in zip(machines, prices, strict=True)
    ]
    print(f"\nDays for {given.images:,} pictures with {round(given.images * given.animals):,} crops:")
    print(table(("", *STAGES, "all", "machine hours", "money"), rows))
    print(f"* detection as published for MegaDetector v5 on {given.card}; everything else by the cores.")
    print_json({"images": given.images, "rates": rates, "days": days})


def stages(machine: Machine, rates: dict[str, float], given: argparse.Namespace) -> dict[str, float]:
    """Days of each stage. A head is trained on one computer, everything else on all."""
    share = machine.cores / (os.cpu_count() or 1)
    together = machine.nodes * (given.together if machine.nodes > 1 else 1.0)
    crops = given.images * given.animals
    seconds = {
        "detect": given.images / ((machine.detect or rates["detect"] * share) * together),
        "cut": crops / (rates["cut"] * share * together),
        "embed": crops / (rates["embed"] * share * together),
        "head": crops * given.epochs / rates["head"],
    }
    return {stage: amount / DAY_S for stage, amount in seconds.items()}


def measured(folder: Path, pictures: int) -> dict[str, float]:
    """The rates of the steps on a generated survey."""
    from camtrap_gui import survey
    from camtrap_gui.project import Project
    from camtrap_gui.steps import crop, dataset, detect, train

    watch = Watch()
    made = survey.generate(folder / "survey", pictures, 0, watch)
    with Project.create(folder / "project") as project:
        options = dataset.Options(json=made.folder / "survey.json", images=made.folder)
        dataset.run(project, options, watch)
        detect.run(project, detect.Options(), watch)
        crop.run(project, crop.Options(), watch)
        train.run(project, train.Options(epochs=1), watch)
    return {stage: watch.rate(phase) for stage, phase in STAGES.items() if phase} | {"head": head_rate()}


def head_rate() -> float:
    """Crops a second and epoch of training the species layer, after its first epoch."""
    import numpy as np

    from camtrap_gui.models.classifiers import backbones, heads
    from camtrap_gui.models.classifiers.recipes import PRESETS

    chance = np.random.default_rng(0)
    vectors = chance.standard_normal((HEAD_CROPS, backbones.usual().features), np.float32).astype(np.float16)
    labels = chance.integers(0, SPECIES, HEAD_CROPS)
    some = heads.Features(vectors, np.arange(HEAD_CROPS), labels)
    few = heads.Features(vectors, np.arange(SPECIES), labels[:SPECIES])
    ended: list[float] = []
    recipe = PRESETS["quick"].with_last(epochs=3)
    heads.train_head(
        some, few, SPECIES, recipe, 0, lambda _: None, lambda _: ended.append(time.perf_counter())
    )
    return HEAD_CROPS * (len(ended) - 1) / (ended[-1] - ended[0])


class Watch:
    """Hears of progress, and tells how fast each phase went."""

    def __init__(self) -> None:
        self._heard: dict[str, list[tuple[float, int]]] = {}

    def __call__(self, progress: Progress) -> None:
        heard = self._heard.setdefault(progress.phase, [])
        if progress.done and not (heard and progress.done == heard[-1][1]):
            heard.append((time.perf_counter(), progress.done))

    def rate(self, phase: str) -> float:
        """Done a second, between the first report of something done and the last."""
        heard: Any = self._heard.get(phase, [])
        if len(heard) < 2:
            raise SystemExit(f"Too few pictures to measure “{phase}” by; give more: --measure.")
        (began, before), (ended, after) = heard[0], heard[-1]
        return float((after - before) / (ended - began))


if __name__ == "__main__":
    main()
