"""The way to a Ray cluster: its settings, the connection, and what becomes of Ctrl-C meanwhile.

Ray is an optional extra (``pip install camtrap-gui[ray]``); it is imported in functions of this package only.
"""

import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

from camtrap_gui.parallel import cores
from camtrap_gui.problem import Problem

_ANSWERS_WITHIN_S = 10.0
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nobody is told that this program runs
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def prepare() -> None:
    """See to Ray's settings before it is imported. Raises Problem when it is not installed."""
    if find_spec("ray") is None:
        raise Problem(
            "To work on a cluster this program needs Ray. Install it: pip install 'camtrap-gui[ray]'"
        )
    os.environ.update({name: os.environ.get(name, value) for name, value in _SETTINGS.items()})


@contextmanager
def connected(address: str) -> Iterator[Callable[[], None]]:
    """A connection to a cluster: "auto" (this computer belongs to it), HOST:PORT, or "local" (this computer alone).

    Signals wait meanwhile, because Ray's functions do not bear exceptions from their handlers: call what is yielded from
    time to time, it deals with those that came. Raises Problem when Ray is not installed or no cluster is there.
    """
    prepare()
    _expect_answer(address)
    import ray

    where = {"num_cpus": cores(), "include_dashboard": False} if address == "local" else {"address": address}
    signals = _Signals()
    try:
        try:
            ray.init(**where, log_to_driver=False, logging_level="error", namespace="camtrap")
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise _no_cluster(address, error) from error
        signals.wait()
        try:
            yield signals.deal_with
        finally:
            ray.shutdown()
    finally:
        signals.go_on()


class _Signals:
    """Keeps signals until there is a good moment to deal with them; the second one does not wait."""

    def __init__(self) -> None:
        self._handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        self._came: int | None = None

    def wait(self) -> None:
        """From now on signals wait. Ray has put handlers of its own in place of those that were there."""
        self._set(dict.fromkeys(self._handlers, self._keep))

    def go_on(self) -> None:
        """Let the handlers that were there before deal with signals at once again."""
        self._set(self._handlers)

    def deal_with(self) -> None:
        """Do what the handler of a signal that came does."""
        if self._came is not None:
            self.go_on()
            signal.raise_signal(self._came)

    def _keep(self, number: int, _: FrameType | None) -> None:
        if self._came is not None:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._came = number

    @staticmethod
    def _set(handlers: Mapping[signal.Signals, Any]) -> None:
        with suppress(
            ValueError
        ):  # not in the main thread: signals are not ours, and Ray has left them alone
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _expect_answer(address: str) -> None:
    """Raises Problem when nobody listens at HOST:PORT: Ray itself would try for minutes."""
    known = _last_known() if address == "auto" else address
    host, colon, port = known.rpartition(":")
    if not colon or not port.isdecimal():
        if address in ("auto", "local"):
            return
        raise Problem(f"“{address}” is no address of a cluster. Give auto, local, or HOST:PORT: --address")
    try:
        with socket.create_connection((host, int(port)), timeout=_ANSWERS_WITHIN_S):
            return
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def _last_known() -> str:
    """Where Ray will look for the cluster that this computer belongs to; it is not told when that is gone."""
    folder = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"
    written = Path(folder) / "ray" / "ray_current_cluster"
    with suppress(OSError, UnicodeDecodeError):
        return os.environ.get("RAY_ADDRESS") or written.read_text(encoding="utf-8").strip()
    return ""


def _no_cluster(address: str, error: Exception) -> Problem:
    if address == "auto":
        return Problem(
            "This computer belongs to no Ray cluster that runs. Start one (ray start --head), give the address of one, or"
            " work on this computer alone: --address local"
        )
    said = error.strerror if isinstance(error, OSError) else ""
    reason = (said or str(error) or type(error).__name__).splitlines()[0]
    return Problem(
        f"There is no Ray cluster at “{address}” that this computer belongs to: {reason}. Start one (ray start --head), or"
        " work on this computer alone: --address local"
    )
