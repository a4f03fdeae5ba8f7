"""A moving average of a network's weights, which is often the better network (Polyak & Juditsky, 1992)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Average:
    """Follows ``weights``: after each step it is ``decay`` times itself and the rest the weights of now.

    In the first steps it forgets faster, with (1 + n) / (10 + n) for ``decay`` at step n, as TensorFlow's
    ExponentialMovingAverage does; so a short training is not averaged with its beginning.
    """

    def __init__(self, weights: list[Any], decay: float) -> None:
        import tensorflow as tf

        self._weights, self._decay = weights, decay
        self._count = tf.Variable(0.0, trainable=False)
        self._means = [tf.Variable(weight.value, trainable=False) for weight in weights]

    @property
    def variables(self) -> list[Any]:
        """What a checkpoint must hold."""
        return [self._count, *self._means]

    def follow(self) -> None:
        """Take in the weights of now. Works within a tf.function."""
        import tensorflow as tf

        self._count.assign_add(1.0)
        decay = tf.minimum(self._decay, (1 + self._count) / (10 + self._count))
        for mean, weight in zip(self._means, self._weights, strict=True):
            mean.assign_add((1 - decay) * (tf.cast(weight.value, mean.dtype) - mean))

    @contextmanager
    def shown(self) -> Iterator[None]:
        """While it lasts, the network has the average for its weights."""
        own = [weight.numpy() for weight in self._weights]
        for weight, mean in zip(self._weights, self._means, strict=True):
            weight.assign(mean)
        try:
            yield
        finally:
            for weight, value in zip(self._weights, own, strict=True):
                weight.assign(value)
