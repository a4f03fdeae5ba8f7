"""Decisions of every kind, drawn by chance, and processes that are killed while they make them.

``python -m tests.deciding PROJECT SEED NUMBER`` makes decisions and prints the id of each once it was told that it is
saved.
"""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, decisions, edits, species
from camtrap_gui.project.decisions import Region, Said

NAMES = ("zebra", "lion", "empty", "person", "unknown", "otter", "Red fox")
IMAGES = 9


def decide(project: Project, chance: random.Random) -> int | None:
    """Make one decision; its id, or None where it made no sense (a species merged with itself, a box that is gone)."""
    try:
        return chance.choice(KINDS)(project, chance)
    except Problem:
        return None


def kill_and_check(folder: Path, chance: random.Random) -> int:
    """Kill a process that makes decisions; how many it told of. All must be there, and undo and redo must work."""
    command = [sys.executable, "-m", "tests.deciding", str(folder), str(chance.randrange(2**32)), "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = [child.stdout.readline()]  # it has begun
        time.sleep(chance.uniform(0, 0.15))
        child.send_signal(signal.SIGKILL)
        told += child.stdout.readlines()
    ids = [int(line) for line in told if line.endswith("\n")]  # the last line may be torn
    assert ids
    with Project.open(folder) as project:
        assert project.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert project.db.execute("PRAGMA foreign_key_check").fetchall() == []
        kept = {number for (number,) in project.db.execute("SELECT id FROM edits WHERE NOT undone")}
        assert kept.issuperset(ids), f"lost: {sorted(set(ids) - kept)}"
        newest = max(kept)
        assert newest - max(ids) <= 1  # at most one that it had no time to tell of
        undone = edits.undo(project)
        assert undone is not None
        assert undone.id == newest
        redone = edits.redo(project)
        assert redone is not None
        assert redone.id == newest
    return len(ids)


def _images(chance: random.Random) -> list[int]:
    return chance.sample(range(1, IMAGES + 1), chance.randint(1, 4))


def _said(chance: random.Random) -> list[Said]:
    names = chance.sample(NAMES, chance.choice((0, 1, 1, 1, 2)))
    return [
        Said(name, chance.choice((None, 1, 4)), *chance.choice(((None, None), ("r", 0.1)))) for name in names
    ]


def _region(project: Project, chance: random.Random) -> tuple[int, Region]:
    regions: list[tuple[int, Region]] = [
        (image_id, (kind, number))
        for kind, table in (("box", "boxes"), ("detection", "detections"))
        for number, image_id in project.db.execute(f"SELECT id, image_id FROM {table}")
    ]
    return chance.choice(regions)


def _box(chance: random.Random) -> tuple[float, float, float, float]:
    x, y = chance.uniform(0, 0.8), chance.uniform(0, 0.8)
    return x, y, chance.uniform(0.01, 1 - x), chance.uniform(0.01, 1 - y)


def _detections(chance: random.Random) -> list[int]:
    return chance.sample(range(1, 11), chance.randint(1, 3))


KINDS: tuple[Callable[[Project, random.Random], int], ...] = (
    lambda project, chance: decisions.label(project, _images(chance), _said(chance)),
    lambda project, chance: decisions.label(project, [chance.randint(1, IMAGES)], _said(chance)),
    lambda project, chance: decisions.add_label(project, _images(chance), Said(chance.choice(NAMES))),
    lambda project, chance: decisions.remove_label(project, _images(chance), chance.choice(NAMES)),
    lambda project, chance: decisions.flag(project, _images(chance), chance.random() < 0.6),
    lambda project, chance: decisions.accept(project, _images(chance)),
    lambda project, chance: decisions.draw_box(
        project, chance.randint(1, IMAGES), _box(chance), chance.choice((None, *NAMES))
    ),
    lambda project, chance: decisions.move_box(project, *_region(project, chance), _box(chance)),
    lambda project, chance: decisions.delete_box(project, *_region(project, chance)),
    lambda project, chance: decisions.relabel_box(project, *_region(project, chance), chance.choice(NAMES)),
    lambda project, chance: decisions.reject(project, _detections(chance), "nothing"),
    lambda project, chance: decisions.confirm(project, _detections(chance)),
    lambda project, chance: species.merge(project, chance.choice(NAMES), chance.choice(NAMES)),
    lambda project, chance: species.rename(project, chance.choice(NAMES), f"{chance.choice(NAMES)} {chance.randint(0, 9)}"),
    lambda project, chance: species.add_alias(project, chance.choice(NAMES), f"other {chance.randint(0, 9)}"),
    lambda project, chance: species.remove_alias(project, f"other {chance.randint(0, 9)}"),
    lambda project, chance: species.add(project, f"new {chance.randint(0, 9)}"),
)  # fmt: skip
"""Each makes one decision and returns the edit's id."""


def main() -> None:
    folder, seed, number = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    with Project.open(folder) as project:
        while number:
            made = decide(project, chance)
            if made is not None:
                print(made, flush=True)
                number -= 1


if __name__ == "__main__":
    main()
