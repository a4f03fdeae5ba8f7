"""Small disks that really are full, read-only or gone, for tests of what the program does then.

A script runs in a process that has a name space of mounts for itself (Linux, ``unshare``), so nobody else sees the disk
and nothing is left of it.
"""

import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@cache
def _may_mount() -> bool:
    try:
        tried = subprocess.run(
            ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"],
            capture_output=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0


def on_small_disk(folder: Path, kilobytes: int, *script: str) -> str:
    """What a Python script (in parts) says that is run with an empty disk of that size at ``folder``, its argument."""
    if not _may_mount():
        pytest.skip("no disk can be mounted here without being an administrator")
    folder.mkdir(parents=True, exist_ok=True)
    mount = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift && exec "$0" -c "$2" "$1"'
    command = ["unshare", "-rm", "bash", "-c", mount, sys.executable, f"{kilobytes}k", str(folder)]
    done = subprocess.run(
        [*command, "".join(map(textwrap.dedent, script))],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
