"""Does a process that is killed while a person decides lose a decision? Kill -9, again and again, in one project.

A child process makes decisions of every kind and prints the id of each once the project has told it that it is saved.
It is killed at a random moment. Every printed decision must be there, the database sound, and undo and redo must work.
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

from benchmarks.common import print_json, table
from tests import decided, deciding


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder) / "survey", options.kills, options.seed)


def measure(folder: Path, kills: int, seed: int) -> None:
    """Kill, check, and count; a lost decision is an AssertionError."""
    decided.make(folder).close()
    chance, told, start = random.Random(seed), 0, time.perf_counter()
    for _ in range(kills):
        told += deciding.kill_and_check(folder, chance)
    seconds = time.perf_counter() - start
    print(table(("kills", "decisions told of", "lost", "seconds"), [(kills, told, 0, seconds)]))
    print_json(
        {"benchmark": "review_kills", "kills": kills, "decisions": told, "lost": 0, "seconds": seconds}
    )


if __name__ == "__main__":
    main()
