"""Folders that the paths of images start from: which is which, and where a survey went when it has moved."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from camtrap_gui import files, remote_pictures
from camtrap_gui.problem import Problem


def clean_path(path: str, root: Path) -> str | None:
    """A path of a source with forward slashes and without detours; None when it leads out of ``root``."""
    if not (
        path[:1] in "/."
        or "\\" in path
        or ":" in path
        or "\0" in path
        or "//" in path
        or "/." in path
        or path[-1] == "/"
    ):
        return path
    try:
        relative = files.inside(root, path).relative_to(root).as_posix()
    except Problem:
        return None
    return None if relative == "." else relative


def are_clean(paths: Sequence[str]) -> bool:
    """Whether ``clean_path`` leaves all of some paths as they are, in a third of the time of asking it for each."""
    joined = f"/{'/'.join(paths)}/".encode("utf-8", "surrogatepass")
    letters = np.frombuffer(joined, np.uint8)
    slash, dot = letters == ord("/"), letters == ord(".")
    return not (any(letter in joined for letter in b"\\:\0") or np.any(slash[:-1] & (slash[1:] | dot[1:])))


def rule_of(db: sqlite3.Connection, folder: Path) -> str | None:
    """How the folders below an image root are called, as the last import was told."""
    row = db.execute(
        "SELECT rule FROM folder_rules JOIN roots ON roots.id = root_id WHERE path = ?", (str(folder),)
    ).fetchone()
    return None if row is None else str(row[0])


def keep_rule(db: sqlite3.Connection, root_id: int, rule: str) -> None:
    """Remember how the folders below an image root are called."""
    db.execute("INSERT OR REPLACE INTO folder_rules (root_id, rule) VALUES (?, ?)", (root_id, rule))


def root_for(db: sqlite3.Connection, folder: Path, sample: Sequence[tuple[str, str]]) -> int:
    """The id of the image root ``folder``, made if need be. ``sample``: keys and paths of some pictures to come.

    When these are already known in a root that is gone, and are found in ``folder``, the survey has moved: its root
    now is ``folder``. When they are known in a root that is still there, with the same files, raises Problem.
    """
    known = db.execute("SELECT id FROM roots WHERE path = ?", (str(folder),)).fetchone()
    if known:
        return int(known[0])
    for root_id, place in db.execute("SELECT id, path FROM roots").fetchall():
        if not sample or not all(_is_known(db, root_id, key, path) for key, path in sample):
            continue
        if not remote_pictures.is_elsewhere(place) and not Path(place).is_dir():
            if remote_pictures.is_any_file(folder / path for _, path in sample):
                db.execute("UPDATE roots SET path = ? WHERE id = ?", (str(folder), root_id))
                db.execute("UPDATE images SET checked = 0 WHERE root_id = ?", (root_id,))
                return int(root_id)
        elif _same_files(Path(place), folder, [path for _, path in sample]):
            raise Problem(
                f"These pictures are already in the project, from {remote_pictures.shown(Path(place))}. If they are to be"
                f" read from {remote_pictures.shown(folder)} from now on, rename or unmount the former first and try again."
            )
    made = db.execute("INSERT INTO roots (path) VALUES (?)", (str(folder),)).lastrowid
    assert made is not None
    return made


def _is_known(db: sqlite3.Connection, root_id: int, key: str, path: str) -> bool:
    row = db.execute("SELECT key FROM images WHERE root_id = ? AND path = ?", (root_id, path)).fetchone()
    return row is not None and row[0] == key


def _same_files(one: Path, other: Path, paths: Sequence[str]) -> bool:
    size = remote_pictures.size
    sizes = [(size(one / path), size(other / path)) for path in paths[:20]]
    return any(size for size, _ in sizes) and all(first == second for first, second in sizes)
