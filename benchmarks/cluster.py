"""Detection on a Ray cluster of two nodes, against one process, on the same processor cores of this computer.

All look at the same pictures of 2048 x 1536 with the default detector, in turns: one process on all cores; two processes
on half of the cores each (shards, without Ray); two Ray nodes of half of the cores each, together with the process that
keeps what they find. The throughput of a contender is the sum over those who look of what each did between its first
answers and its last ones: neither the start of the cluster nor the loading of the detector counts. Cores are the same
for all, so the ratio of throughputs is that of a core; Ray's own processes and the one that keeps the rows have to live
on them too. ``--idle N`` leaves so many cores to those. Workers keep the memory that pictures need for the next ones
(``ray_worker.keep_memory``), which makes up for some of it; the others do not.

Overhead is the processor time of the process that leases, sends, receives and writes, for each picture. Where the
processor time of looking is more than that of the one process, the cores are shared with something else.

At last a node is killed in the middle. All answers must be the same, box by box.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.common import Stopwatch, print_json, table
from benchmarks.detection import TESTDATA, make_pictures
from camtrap_gui.cluster import ray_connection
from camtrap_gui.jobs import Progress
from camtrap_gui.parallel import CORES, cores
from camtrap_gui.project import Project
from camtrap_gui.steps import detect, merge, named, start

NODES = 2
ROOM = {"object_store_memory": 80_000_000}
ALONE, APART, TOGETHER = "one process", f"{NODES} processes, shards", f"{NODES} Ray nodes"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--files", type=int, default=60, help="different pictures; they are used in turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=int, default=0, help="cores on which nobody looks at pictures")
    parser.add_argument("--source", type=Path, default=TESTDATA / "images" / "serengeti")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(look(Path(options.part[0]), shard=options.part[1]).figures()))
        return
    if not options.source.is_dir():
        parser.exit(2, f"There are no pictures in {options.source}.\n")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    each = max(1, (cores() - options.idle) // NODES)
    os.environ[CORES] = str(each * NODES)
    ray_connection.prepare()
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **ROOM}
    )
    try:
        nodes = [cluster.add_node(num_cpus=each, **ROOM) for _ in range(NODES)]
        with tempfile.TemporaryDirectory() as folder:
            files = list(make_pictures(options.source, Path(folder) / "pictures", options.files))
            Contest(Path(folder), files, options.pictures, each, cluster, nodes).run(options.rounds)
    finally:
        cluster.shutdown()


@dataclass
class Course:
    """What came of one run: pictures, seconds and processor seconds between the first answers and the last ones."""

    _first: dict[str, tuple[int, float]] = field(default_factory=dict)
    _last: dict[str, tuple[int, float]] = field(default_factory=dict)
    _mine: list[tuple[int, float]] = field(default_factory=list)
    _theirs: list[tuple[int, float]] = field(default_factory=list)
    _measuring: float = 0.0

    def listen(self, progress: Progress) -> None:
        """Note who has done how much by now."""
        rows = progress.values.get("workers") or [{"name": "", "done": progress.done}]
        for row in rows:
            done, name = row["done"], row["name"]
            if done and done != self._last.get(name, (0, 0.0))[0]:
                self._last[name] = (done, time.perf_counter())
                self._first.setdefault(name, self._last[name])
        if progress.done and (not self._mine or progress.done > self._mine[-1][0]):
            began = time.process_time()
            self._mine.append((progress.done, began - self._measuring))
            self._theirs.append((progress.done, looking_s()))
            self._measuring += time.process_time() - began

    def figures(self) -> dict[str, float]:
        """``per_s`` of all together, and processor seconds per picture: ``mine`` of this process, ``theirs`` of workers."""
        rates = [
            (done - self._first[name][0]) / (at - self._first[name][1])
            for name, (done, at) in self._last.items()
            if at > self._first[name][1]
        ]
        return {"per_s": sum(rates), "mine": _each(self._mine), "theirs": _each(self._theirs)}


def _each(course: list[tuple[int, float]]) -> float:
    (first, began), (last, ended) = course[0], course[-1]
    return (ended - began) / max(1, last - first)


def looking_s() -> float:
    """Processor seconds that the workers of the cluster have taken so far."""
    tick, total = os.sysconf("SC_CLK_TCK"), 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, numbers = stat.read_text().rpartition(")")
        except OSError:  # it has ended
            continue
        if "(ray::Looker" in name:
            total += sum(map(int, numbers.split()[11:13]))
    return total / tick


def look(
    folder: Path,
    address: str = "",
    shard: str = "",
    each: int = 0,
    meanwhile: Callable[[Progress], None] = lambda _: None,
) -> Course:
    """The step on a project; ``meanwhile`` hears of it too."""
    course = Course()

    def listen(progress: Progress) -> None:
        course.listen(progress)
        meanwhile(progress)

    engine = "ray" if address else "here"
    options = detect.Options(engine=engine, address=address or "auto", worker_cores=each, shard=shard)
    start(named("detect"), folder, options, listen)
    return course


@dataclass
class Contest:
    """The contenders, taking turns on the same pictures."""

    folder: Path
    files: list[Path]
    pictures: int
    each: int
    cluster: Any
    nodes: list[Any]

    def __post_init__(self) -> None:
        self.watches = {name: Stopwatch(name) for name in (ALONE, APART, TOGETHER)}
        self.costs: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def run(self, rounds: int) -> None:
        """Let them take turns, kill a node, and print what came out."""
        look(self.project("warm", len(self.files)))
        same = True
        for turn in range(rounds):
            alone, apart, together = (
                self.project(f"{name}-{turn}") for name in ("alone", "apart", "together")
            )
            self.note(ALONE, look(alone).figures())
            self.note(APART, self.apart(apart))
            self.note(TOGETHER, look(together, self.cluster.address, each=self.each).figures())
            same = same and answers(alone) == answers(apart) == answers(together)
        killed = self.project("killed")
        self.kill_in_the_middle(killed)
        self.report(same, answers(killed) == answers(alone))

    def note(self, name: str, figures: dict[str, float]) -> None:
        self.watches[name].add(figures["per_s"], 1.0, figures["mine"] + figures["theirs"])
        self.costs[name].append((figures["mine"], figures["theirs"]))

    def apart(self, project: Path) -> dict[str, float]:
        """A process for each part, all at once."""
        environment = {**os.environ, CORES: str(self.each)}
        command = [sys.executable, "-m", "benchmarks.cluster", "--part", str(project)]
        parts = [
            subprocess.Popen([*command, f"{n + 1}/{NODES}"], env=environment, stdout=subprocess.PIPE)
            for n in range(NODES)
        ]
        figures = [json.loads(part.communicate()[0].splitlines()[-1]) for part in parts]
        start(named("merge"), project, merge.Options(), lambda _: None)
        mine = sum(one["mine"] for one in figures) / NODES
        return {"per_s": sum(one["per_s"] for one in figures), "mine": mine, "theirs": 0.0}

    def kill_in_the_middle(self, project: Path) -> None:
        """The cluster looks, and half-way one of its nodes is gone."""
        nodes = self.nodes

        def listen(progress: Progress) -> None:
            if nodes and progress.done > self.pictures // 2:
                self.cluster.remove_node(nodes.pop())
                nodes.clear()

        look(project, self.cluster.address, each=self.each, meanwhile=listen)
        assert not nodes, "no node was killed"

    def project(self, name: str, pictures: int = 0) -> Path:
        """A project of so many images; their files are hard links to the few that there are."""
        folder = self.folder / name
        with Project.create(folder) as project, project.write() as db:
            pictures_folder = folder / "pictures"
            pictures_folder.mkdir()
            db.execute("INSERT INTO roots (id, path) VALUES (1, ?)", (str(pictures_folder),))
            for number in range(pictures or self.pictures):
                file = f"{number:06}.jpg"
                (pictures_folder / file).hardlink_to(self.files[number % len(self.files)])
                db.execute("INSERT INTO images (key, root_id, path) VALUES (?, 1, ?)", (file, file))
        return folder

    def report(self, same: bool, same_after_kill: bool) -> None:
        """What came out."""
        alone, costs = self.watches[ALONE], {name: _mean(some) for name, some in self.costs.items()}
        rows = [
            (
                name,
                watch.rate,
                watch.times(alone),
                1000 * costs[name][1 if name == TOGETHER else 0],
                1000 * costs[name][0] if name == TOGETHER else "",
            )
            for name, watch in self.watches.items()
        ]
        header = ("", "pictures/s", "throughput of a core", "processor ms of looking", "overhead ms")
        print(table(header, rows))
        print(f"Same answers: {same}; with a node killed in the middle: {same_after_kill}")
        together, apart = self.watches[TOGETHER], self.watches[APART]
        print_json(
            {
                "benchmark": "cluster",
                "pictures": self.pictures,
                "nodes": NODES,
                "per_s_alone": alone.rate,
                "per_s_apart": apart.rate,
                "per_s_together": together.rate,
                "throughput_per_core": together.times(alone),
                "throughput_per_core_to_processes": together.times(apart),
                "overhead_ms_per_picture": 1000 * costs[TOGETHER][0],
                "looking_ms_per_picture": {
                    ALONE: 1000 * costs[ALONE][0],
                    APART: 1000 * costs[APART][0],
                    TOGETHER: 1000 * costs[TOGETHER][1],
                },
                "same_answers": same,
                "same_after_kill": same_after_kill,
            }
        )


def _mean(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    mine, theirs = zip(*pairs, strict=True)
    return sum(mine) / len(mine), sum(theirs) / len(theirs)


def answers(folder: Path) -> list[tuple[Any, ...]]:
    """Every answer in a project."""
    with Project.open(folder) as project:
        rows = project.db.execute(
            "SELECT images.path, detected.problem, category, confidence, x, y, detections.width, detections.height"
            " FROM detected JOIN images ON images.id = detected.image_id LEFT JOIN detections"
            " ON detections.image_id = images.id AND detections.detector_id = detected.detector_id"
            " ORDER BY images.path, detections.id"
        )
        return [tuple(row) for row in rows]


if __name__ == "__main__":
    main()
