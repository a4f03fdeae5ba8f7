"""Several computers that train one network: each learns from its rows of every batch, and all end with the same weights.

They are connected by ``tf.distribute.MultiWorkerMirroredStrategy``, which adds up the gradients of all in every step. What
decides how a training goes on (validation figures, where it is taken up again) is the same on all, to the last bit, as it
is added up in the same way; so all take the same decisions without asking each other. A computer that has died or has
gone silent is noticed by the others within ``_SILENT_S``.
"""

import faulthandler
import json
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers import meeting
from camtrap_gui.models.tf_config import Place
from camtrap_gui.problem import Problem

_SILENT_S = 30
_CONNECT_S = 180
_PIECE = 1 << 22  # numbers that are added up at once


class Computers:
    """Those that train together: this one alone, unless it has joined others (``join``)."""

    def __init__(self, place: Place | None = None, strategy: Any = None) -> None:
        self._place, self.strategy = place, strategy
        self._add: Any = None

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self._place.addresses) if self._place else 1

    @property
    def is_first(self) -> bool:
        """Whether it is this one that keeps what is learnt."""
        return self._place is None or self._place.is_first

    def rows(self, count: int) -> slice:
        """Which of ``count`` crops of a batch this computer learns from: a part of them, in order, with some for each of
        its devices; all of them where there are fewer than devices altogether (see ``Step``)."""
        if self._place is None:
            return slice(0, count)
        replicas = self.strategy.num_replicas_in_sync
        if count < replicas:
            return slice(0, count)
        here = replicas // self.count
        first = self._place.number * here
        edges = np.linspace(0, count, replicas + 1).astype(int).tolist()
        return slice(edges[first], edges[first + here])

    def part(self, count: int) -> slice:
        """Which of ``count`` things this computer is to do where each is done once."""
        number = self._place.number if self._place else 0
        return slice(number * count // self.count, (number + 1) * count // self.count)

    def total(self, values: NDArray[Any]) -> NDArray[Any]:
        """The sum of what all computers have, calculated in float64; all must ask for it, with arrays of one shape."""
        if self._place is None:
            return values
        flat = np.asarray(values, np.float64).ravel()
        pieces = [self._sum(flat[first : first + _PIECE]) for first in range(0, len(flat), _PIECE)]
        whole = np.concatenate([np.zeros(0), *pieces])
        return whole.reshape(np.shape(values)).astype(np.asarray(values).dtype)

    def spread(self, variables: Sequence[Any]) -> None:
        """Give the variables the values that they have on the first computer."""
        if self._place is None:
            return
        for some in _groups(variables):
            own = [variable.numpy() for variable in some]
            flat = np.concatenate([np.ravel(value).astype(np.float64) for value in own])
            flat = self.total(flat if self.is_first else np.zeros_like(flat))
            if not self.is_first:
                ends = np.cumsum([value.size for value in own])[:-1]
                for variable, old, new in zip(some, own, np.split(flat, ends), strict=True):
                    variable.assign(new.reshape(old.shape).astype(old.dtype))

    def told(self, message: Any) -> Any:
        """What the first computer has for a message, plain data."""
        return self.heard(message)[0]

    def heard(self, message: Any) -> list[Any]:
        """The messages of all, plain data, the first computer's first."""
        if self._place is None:
            return [message]
        own, number = json.dumps(message).encode(), self._place.number
        lengths = np.zeros(self.count, np.int64)
        lengths[number] = len(own)
        lengths = self.total(lengths)
        letters = np.zeros((self.count, lengths.max()), np.uint8)
        letters[number, : len(own)] = np.frombuffer(own, np.uint8)
        letters = self.total(letters)
        return [json.loads(row[:length].tobytes()) for row, length in zip(letters, lengths, strict=True)]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Raises Interrupted when another computer is lost inside the block."""
        import tensorflow as tf

        of_others = (
            *(tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError),
            *(tf.errors.DeadlineExceededError, tf.errors.InternalError),
        )
        try:
            yield
        except of_others as error:
            if self._place is None:
                raise
            raise meeting.lost(self._place, _who(str(error)), _reason(str(error))) from error

    def _sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        import tensorflow as tf

        strategy = self.strategy
        if self._add is None:

            @tf.function(input_signature=[tf.TensorSpec((None,), tf.float64)], jit_compile=False)
            def add(mine: Any) -> Any:
                # A computer with several devices gives its values once.
                each = strategy.run(lambda: mine * _once())
                return strategy.reduce("SUM", each, axis=None)

            def _once() -> Any:
                number = tf.distribute.get_replica_context().replica_id_in_sync_group
                here = len(strategy.extended.worker_devices)
                return tf.cast(tf.equal(tf.convert_to_tensor(number) % here, 0), tf.float64)

            self._add = add
        summed: NDArray[np.float64] = self._add(tf.constant(values)).numpy()
        return summed


ALONE = Computers()


def join(place: Place) -> Computers:
    """Connect with the others, who must do so at the same time (``meeting``), before this process has used TensorFlow.

    Raises Problem where it has, or where they do not answer. TensorFlow listens to nobody while it connects: should another
    computer die in this moment, the process is ended after ``_CONNECT_S``.
    """
    import tensorflow as tf

    handler = signal.getsignal(signal.SIGTERM)
    faulthandler.dump_traceback_later(_CONNECT_S, exit=True)
    try:
        _expect_signs_of_life(place)
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise Problem(
            "This process has calculated with TensorFlow before, so it cannot be connected with other computers. Start"
            " the training on the command line: camtrap train PROJECT --preset standard"
        ) from error
    except tf.errors.OpError as error:
        raise meeting.lost(place, _who(str(error)), _reason(str(error))) from error
    finally:
        faulthandler.cancel_dump_traceback_later()
    _heed_again(handler)
    return Computers(place, strategy)


def _expect_signs_of_life(place: Place) -> None:
    from tensorflow.python.distribute import collective_all_reduce_strategy as collective
    from tensorflow.python.eager import context

    # WORKAROUND: the strategy sets this up by itself, with times that nothing public can change.
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader="/job:worker/replica:0/task:0",
        cluster_register_timeout_in_ms=_CONNECT_S * 500,
        heartbeat_timeout_in_ms=_SILENT_S * 1000,
        shutdown_barrier_timeout_in_ms=0,
        coordinated_jobs=[
            collective.coordination_config_pb2.CoordinatedJob(name="worker", num_tasks=len(place.addresses))
        ],
    )


def _heed_again(handler: Any) -> None:
    """TensorFlow takes the signal by which clusters end a job for itself; give it back to who had it."""
    try:
        signal.signal(signal.SIGTERM, handler or signal.SIG_DFL)
    except ValueError:  # not in the main thread
        return


def _groups(variables: Sequence[Any]) -> Iterator[list[Any]]:
    group: list[Any] = []
    size = 0
    for variable in variables:
        group.append(variable)
        size += int(np.prod(variable.shape))
        if size >= _PIECE:
            yield group
            group, size = [], 0
    if group:
        yield group


def _who(message: str) -> int | None:
    """The number of the computer that an error is about."""
    found = re.search(r"(?:unhealthy|remote target).*?/task:(\d+)", message, re.DOTALL)
    return int(found[1]) if found else None


def _reason(message: str) -> str:
    if "heartbeat" in message:
        return "it has given no sign of life"
    found = re.search(r"aborted by: ([^\n]+)", message)
    return (found[1] if found else message.strip().split("\n")[0])[:200]
