"""Checkpoints of TensorFlow in an archive, as slim's networks are published: read as arrays, nothing in them is run."""

import shutil
import tarfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    from numpy import ndarray


def read_variables(archive: Path, prefix: str, but: tuple[str, ...], scratch: Path) -> "dict[str, ndarray]":
    """Variables whose names begin with ``prefix``, without those that begin with one of ``but``, by name.

    The checkpoint is the one file ``*.ckpt`` of the archive; it is unpacked into the folder ``scratch`` meanwhile. Raises
    Problem for anything else.
    """
    checkpoint = scratch / "model.ckpt"
    try:
        with tarfile.open(archive) as packed:
            members = [member for member in packed if member.isfile() and member.name.endswith(".ckpt")]
            inside = packed.extractfile(members[0]) if len(members) == 1 else None
            if inside is None:
                raise Problem(f"{archive} should hold one checkpoint and holds {len(members)}.")
            with inside, checkpoint.open("wb") as out:
                shutil.copyfileobj(inside, out, 1 << 22)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise Problem(f"{archive} is no archive, or is damaged: {error}") from error
    try:
        return _variables(checkpoint, prefix, but)
    finally:
        checkpoint.unlink()


def _variables(checkpoint: Path, prefix: str, but: tuple[str, ...]) -> "dict[str, ndarray]":
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(str(checkpoint))
        names = sorted(reader.get_variable_to_shape_map())
        wanted = [name for name in names if name.startswith(prefix) and not name.startswith(but)]
        # RMSProp and the moving averages keep variables of their own below these names.
        usual = ("weights", "beta", "moving_mean", "moving_variance")
        arrays = {name: reader.get_tensor(name) for name in wanted if name.rpartition("/")[2] in usual}
    except (tf.errors.OpError, ValueError) as error:
        raise Problem(f"{checkpoint.name} is no checkpoint, or is damaged: {error}") from error
    if not arrays:
        raise Problem(f"The checkpoint holds nothing of {prefix.rstrip('/')}.")
    return arrays
