"""Checkpoints of TensorFlow in an archive, as slim's networks are published: read as arrays, nothing in them is run.

Both forms are read: the one file of the oldest TensorFlow ("inception_v4.ckpt"), and the ".index" with its ".data-…" that
came after it.
"""

import re
import shutil
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    from numpy import ndarray

_CHECKPOINT = re.compile(r"(\w[^/]*\.ckpt(-\d+)?)(\.index)?")
_SHOWN = 5


def read_variables(archive: Path, wanted: Iterable[str], scratch: Path) -> "dict[str, ndarray]":
    """The variables of those names; what else there is (heads, the optimizer's memory) is left where it is.

    The checkpoint is the only one of the archive; it is unpacked into the folder ``scratch`` meanwhile. Raises Problem for
    anything else, and for one that lacks a variable.
    """
    folder = scratch / "checkpoint"
    folder.mkdir()
    try:
        return _variables(_unpacked(archive, folder), list(wanted))
    finally:
        shutil.rmtree(folder)


def _unpacked(archive: Path, folder: Path) -> Path:
    """What TensorFlow calls the checkpoint's path: without ".index", where it has that."""
    try:
        with tarfile.open(archive) as packed:
            files = {PurePosixPath(member.name).name: member for member in packed if member.isfile()}
            names = {found[1] for found in map(_CHECKPOINT.fullmatch, files) if found}
            if len(names) != 1:
                raise Problem(f"{archive} should hold one checkpoint and holds {len(names)}.")
            (name,) = names
            for part, member in files.items():
                inside = packed.extractfile(member)
                if inside and (part in (name, f"{name}.index") or part.startswith(f"{name}.data-")):
                    with inside, (folder / part).open("wb") as out:
                        shutil.copyfileobj(inside, out, 1 << 22)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise Problem(f"{archive} is no archive, or is damaged: {error}") from error
    return folder / name


def _variables(checkpoint: Path, wanted: list[str]) -> "dict[str, ndarray]":
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(str(checkpoint))
        there = reader.get_variable_to_shape_map()
        if missing := [name for name in wanted if name not in there]:
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            raise Problem(
                f"The checkpoint {checkpoint.name} is of another network: it lacks"
                f" {', '.join(missing[:_SHOWN])}{more}."
            )
        return {name: reader.get_tensor(name) for name in wanted}
    except (tf.errors.OpError, ValueError) as error:
        raise Problem(f"{checkpoint.name} is no checkpoint, or is damaged: {error}") from error
