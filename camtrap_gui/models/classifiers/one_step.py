"""One step of learning: on all devices at once, and in as many parts as memory asks for, with one outcome.

The gradient of a batch is the sum of what its crops give. So it does not matter whether they are passed through the
network together, some on each device, or a few after the other; only the order in which floats are added differs, and
which crops dropout drops. Normalisation either keeps its statistics, so it sees no batch, or asks all devices for theirs
(``synchronized``); then a step cannot be calculated in parts.

The devices may be those of several computers; each then has its own rows of the batch (``Computers.rows``). A batch with
fewer crops than devices is learnt from as a whole by each of them, and counts once.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

Gradients = Callable[..., tuple[list[Any], Any, Any]]


class Step:
    """Made within the scope of the ``tf.distribute`` strategy that it is to use, as the network is.

    ``gradients(*batch, share)`` returns the gradients of ``variables`` of the sum of the losses of a batch, or of a part
    of one, times ``share``; the sum of its losses; and how many were right. ``apply(gradients)`` changes the variables,
    and ``afterwards()`` is called when they have changed. ``parts`` may be changed between steps.
    """

    def __init__(
        self,
        gradients: Gradients,
        apply: Callable[[list[Any]], None],
        variables: Sequence[Any],
        afterwards: Callable[[], None],
    ) -> None:
        import tensorflow as tf

        self.parts = 1
        self._strategy = tf.distribute.get_strategy()

        def calculated(parts: int, *batch: Any) -> Any:
            return gradients(*batch) if parts == 1 else _in_parts(gradients, variables, parts, batch)

        def here(parts: int, *batch: Any) -> Any:
            found, loss, hits = calculated(parts, *batch)
            apply(found)
            return loss, tf.cast(hits, tf.float32)

        @tf.function(reduce_retracing=True, jit_compile=False)
        def step(parts: int, *batch: Any) -> Any:
            if self._replicas == 1:
                loss, hits = here(parts, *batch)
            else:
                each = self._strategy.run(here, args=(parts, *batch))
                loss, hits = (self._strategy.reduce("SUM", one, axis=None) for one in each)
            afterwards()
            return loss, hits

        @tf.function(reduce_retracing=True, jit_compile=False)
        def rehearsal(parts: int, *batch: Any) -> Any:
            def there(parts: int, *batch: Any) -> Any:
                found, *_ = calculated(parts, *batch)
                return sum(tf.reduce_sum(gradient) for gradient in found)

            return self._strategy.run(there, args=(parts, *batch))

        self._step, self._rehearsal = step, rehearsal

    @property
    def _replicas(self) -> int:
        count: int = self._strategy.num_replicas_in_sync
        return count

    def __call__(self, *batch: Any, of: int | None = None) -> tuple[float, int]:
        """Learn from a batch, tensors or arrays [N, ...]; returns the sum of its losses and how many were right.

        Where several computers learn, the rows are this one's ``of`` the crops of the whole batch, and what is returned
        is of all.
        """
        count = of or len(batch[0])
        times = self._replicas if count < self._replicas else 1
        loss, hits = self._step(self.parts, *self._dealt(batch, 1 / (count * times), times > 1))
        return float(loss) / times, round(float(hits) / times)

    def rehearse(self, parts: int, *batch: Any) -> None:
        """Calculate what a step in so many parts does, and change nothing but the state of random numbers."""
        count = len(batch[0])
        self._rehearsal(parts, *self._dealt(batch, 1 / count, count < self._here))

    def _dealt(self, batch: Sequence[Any], share: float, each_all: bool) -> list[Any]:
        """The batch and each crop's share of it; with several devices, the rows of each that is here, in order."""
        import tensorflow as tf

        tensors = [tf.convert_to_tensor(one) for one in batch]
        shared = tf.constant(share, tf.float32)
        if self._replicas == 1:
            return [*tensors, shared]
        edges = np.linspace(0, tensors[0].shape[0], self._here + 1).astype(int).tolist()
        parts = [slice(None)] * self._here if each_all else [slice(*pair) for pair in pairwise(edges)]
        dealt = [self._everywhere([tensor[part] for part in parts]) for tensor in tensors]
        return [*dealt, self._everywhere([shared] * self._here)]

    @property
    def _here(self) -> int:
        """How many of the devices are this computer's."""
        return len(self._strategy.extended.worker_devices) if self._replicas > 1 else 1

    def _everywhere(self, values: list[Any]) -> Any:
        """A value for each device of this computer."""
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: values[context.replica_id_in_sync_group % self._here]
        )


def _in_parts(gradients: Gradients, variables: Sequence[Any], parts: int, batch: tuple[Any, ...]) -> Any:
    import tensorflow as tf

    *tensors, share = batch
    count = tf.shape(tensors[0])[0]
    nothing = [tf.zeros(v.shape, v.dtype) for v in variables], tf.constant(0.0), tf.constant(0)

    def one(part: Any, loss: Any, hits: Any, *sums: Any) -> Any:
        first, last = part * count // parts, (part + 1) * count // parts
        # A last, small batch leaves nothing for some; convolutions do not bear that.
        found, its_loss, its_hits = tf.cond(
            first < last,
            lambda: gradients(*(tensor[first:last] for tensor in tensors), share),
            lambda: nothing,
        )
        added = [total + gradient for total, gradient in zip(sums, found, strict=True)]
        return part + 1, loss + its_loss, hits + its_hits, *added

    # One after the other: the point is that only one part's activations are in memory.
    _, loss, hits, *sums = tf.while_loop(
        lambda part, *_: part < parts,
        one,
        (tf.constant(0), *nothing[1:], *nothing[0]),
        parallel_iterations=1,
        maximum_iterations=parts,
    )
    return sums, loss, hits
