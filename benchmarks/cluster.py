"""Detection on a Ray cluster of two nodes, against one process, on the same processor cores of this computer.

Both look at the same pictures of 2048 x 1536 with the default detector, in turns: one process on all cores, then two
nodes of half of the cores each together with the process that keeps what they find. So the ratio is the throughput of a
core in the cluster compared with that of a core of the single process. Time runs from the first pictures that were kept
to the last ones: neither the start of the cluster nor the loading of the detector counts. Overhead is the processor time
of the process that leases, sends, receives and writes, for each picture.
"""

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.common import Stopwatch, now, print_json, table
from benchmarks.detection import TESTDATA, make_pictures
from camtrap_gui.cluster import ray_connection
from camtrap_gui.jobs import Progress
from camtrap_gui.parallel import cores
from camtrap_gui.project import Project
from camtrap_gui.steps import detect

NODES = 2
ROOM = {"object_store_memory": 80_000_000}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--files", type=int, default=60, help="different pictures; they are used in turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--source", type=Path, default=TESTDATA / "images" / "serengeti")
    options = parser.parse_args()
    if not options.source.is_dir():
        parser.exit(2, f"There are no pictures in {options.source}.\n")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    ray_connection.prepare()
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **ROOM}
    )
    try:
        for _ in range(NODES):
            cluster.add_node(num_cpus=cores_of_node(), **ROOM)
        with tempfile.TemporaryDirectory() as folder:
            files = list(make_pictures(options.source, Path(folder) / "pictures", options.files))
            measure(Path(folder), files, options.pictures, options.rounds, cluster.address)
    finally:
        cluster.shutdown()


def cores_of_node() -> int:
    return max(1, cores() // NODES)


def measure(folder: Path, files: list[Path], pictures: int, rounds: int, address: str) -> None:
    """Let the two take turns and print what came out."""
    alone, together = Stopwatch("one process"), Stopwatch(f"{NODES} nodes")
    run(make_project(folder / "warm", files, len(files)), None)
    for turn in range(rounds):
        run(make_project(folder / f"alone-{turn}", files, pictures), alone)
        run(make_project(folder / f"together-{turn}", files, pictures), together, address)
    share, overhead = together.times(alone), 1000 * together.cost
    rows = [
        (alone.name, alone.rate, 1000 * alone.cost, 1.0),
        (together.name, together.rate, overhead, share),
    ]
    header = ("", "pictures/s", "processor ms of this process", "throughput of a core")
    print(table(header, rows))
    print_json(
        {
            "benchmark": "cluster",
            "pictures": pictures,
            "nodes": NODES,
            "per_s_alone": alone.rate,
            "per_s_together": together.rate,
            "throughput_per_core": share,
            "overhead_ms_per_picture": overhead,
        }
    )


def make_project(folder: Path, files: list[Path], pictures: int) -> Path:
    """A project of so many images; their files are hard links to the few that there are."""
    with Project.create(folder) as project, project.write() as db:
        pictures_folder = folder / "pictures"
        pictures_folder.mkdir()
        db.execute("INSERT INTO roots (id, path) VALUES (1, ?)", (str(pictures_folder),))
        for number in range(pictures):
            name = f"{number:06}.jpg"
            (pictures_folder / name).hardlink_to(files[number % len(files)])
            db.execute("INSERT INTO images (key, root_id, path) VALUES (?, 1, ?)", (name, name))
    return folder


def run(folder: Path, watch: Stopwatch | None, address: str = "") -> None:
    """The step on a project; the stopwatch gets what happened between the first pictures kept and the last."""
    times: list[tuple[int, float, float]] = []

    def listen(progress: Progress) -> None:
        if progress.done and (not times or progress.done > times[-1][0]):
            times.append((progress.done, *now()))

    options = detect.Options(
        engine="ray" if address else "here", address=address or "auto", worker_cores=cores_of_node()
    )
    with Project.open(folder) as project:
        detect.run(project, options, listen)
    if watch is not None:
        (first, *began), (last, *ended) = times[0], times[-1]
        watch.add(last - first, ended[0] - began[0], ended[1] - began[1])


if __name__ == "__main__":
    main()
