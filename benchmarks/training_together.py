"""Training on two computers with a core each, against one with two cores: how many crops a second the network learns from.

    python -m benchmarks.training_together [--backbone efficientnet-lite0] [--batch 32] [--steps 8] [--rounds 3]

Both learn from the same batch of noise, with random weights, which takes as long as others. The two are processes of this
machine, each kept to a core of its own; so this measures what being two costs (a gradient through the network's sockets
in every step), not what a real network adds. Contenders take turns, each started anew in every round; starting is not
counted. Needs a system where a process can be kept to a core.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any

import numpy as np

from benchmarks.common import Stopwatch, print_json, table
from camtrap_gui.models import tf_config
from camtrap_gui.models.classifiers import backbones, computers, devices, meeting
from camtrap_gui.models.classifiers.balance import Balance
from camtrap_gui.models.classifiers.computers import Computers
from camtrap_gui.models.classifiers.learning import Learner, one_hot
from camtrap_gui.models.classifiers.recipes import PRESETS

CLASSES = 10
WARM_UP = 2  # steps


def main() -> None:
    """Measure in turns; print a table and JSON. With ``--cores``, learn and print the time it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cores:
        os.sched_setaffinity(0, given.cores)
        print(json.dumps(learn(given)))
        return
    two_cores = sorted(os.sched_getaffinity(0))[:2]
    contenders = {"one with two cores": [two_cores], "two with one core each": [[core] for core in two_cores]}
    watches = [Stopwatch(name) for name in contenders]
    for _ in range(given.rounds):
        for watch, cores in zip(watches, contenders.values(), strict=True):
            said = start(given, cores)
            seconds = max(each["seconds"] for each in said)
            watch.add(given.batch * given.steps, seconds, sum(each["processor_seconds"] for each in said))
    one, two = watches
    print(table(("", "crops/s", "processor s/crop"), [(each.name, each.rate, each.cost) for each in watches]))
    print(f"Two with one core each are {two.times(one):.2f} times as fast as one with two.")
    print_json({"backbone": given.backbone, "batch": given.batch, "two_over_one": two.times(one)})


def start(given: argparse.Namespace, cores: list[list[int]]) -> list[dict[str, float]]:
    """Let processes with these cores learn together; what each says of the time."""
    with ExitStack() as open_together:
        sockets = [open_together.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in cores]
        addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    processes = []
    for number, own in enumerate(cores):
        task = {"type": "worker", "index": number}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        environment = {**os.environ, tf_config.NAME: config, "TF_CPP_MIN_LOG_LEVEL": "3"}
        asked = ["--backbone", given.backbone, "--batch", str(given.batch), "--steps", str(given.steps)]
        command = [sys.executable, "-m", "benchmarks.training_together", *asked, "--cores", *map(str, own)]
        processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    try:
        said = [process.communicate(timeout=1200)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [json.loads(text.splitlines()[-1]) for text in said]


def learn(given: argparse.Namespace) -> dict[str, float]:
    """Learn, alone or with the other, and say what it took."""
    place = tf_config.place()
    if place is None:
        return _learn(given, computers.ALONE)
    import tensorflow  # noqa: F401  -- takes long, which the other should not wait for when it connects

    with meeting.meet(place, {}, lambda progress: None):
        return _learn(given, computers.join(place))


def _learn(given: argparse.Namespace, together: Computers) -> dict[str, float]:
    import keras

    backbone = backbones.get(given.backbone)
    size, labels = backbone.input_size, np.arange(given.batch) % CLASSES
    recipe = PRESETS["standard"]
    with devices.calculating(devices.FLOAT32, together):
        model = backbones.network(backbone, CLASSES, size)
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
        learner = Learner(model, Balance(labels, CLASSES, "none"), recipe, recipe.last, 100)
        rows = together.rows(given.batch)
        images = (
            np.random.default_rng(0).uniform(0, 255, (given.batch, size, size, 3)).astype(np.float32)[rows]
        )
        targets: Any = one_hot(labels, CLASSES)[rows]
        for _ in range(WARM_UP):
            learner.learn(images, targets, None, given.batch)
        clock, processor = time.perf_counter(), time.process_time()
        for _ in range(given.steps):
            learner.learn(images, targets, None, given.batch)
        return {
            "seconds": time.perf_counter() - clock,
            "processor_seconds": time.process_time() - processor,
        }


if __name__ == "__main__":
    main()
