"""How much memory is free, for those who decide how much to keep in it."""

import ctypes
import os
import sys
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")


def free() -> int:
    """Bytes of main memory that programs may still take without pushing others out; a guess on the safe side."""
    if sys.platform == "linux":
        return min(_available(), _left_to_group())
    if sys.platform == "win32":
        return _windows()
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _available() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _left_to_group() -> int:
    # A container may be allowed less than the machine has. What it keeps of files counts as used and can be given back.
    try:
        most = (_GROUPS / "memory.max").read_text().strip()
        used = int((_GROUPS / "memory.current").read_text())
        lines = (line.split() for line in (_GROUPS / "memory.stat").read_text().splitlines())
        files = {name: int(value) for name, value in lines}.get("inactive_file", 0)
        return sys.maxsize if most == "max" else max(0, int(most) - used + files)
    except (OSError, ValueError):
        return sys.maxsize


def _windows() -> int:
    class Status(ctypes.Structure):  # MEMORYSTATUSEX of sysinfoapi.h
        _fields_ = (
            ("length", ctypes.c_uint32),
            ("load", ctypes.c_uint32),
            *((name, ctypes.c_uint64) for name in ("total", "free", "c", "d", "e", "f", "g")),
        )

    status = Status()
    status.length = ctypes.sizeof(status)
    ctypes.WinDLL("kernel32").GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return int(status.free)
