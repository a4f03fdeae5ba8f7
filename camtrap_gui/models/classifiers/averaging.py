"""Means of a network's weights over its training, which are often the better networks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class Average:
    """Follows ``weights``: after each step it is ``decay`` times itself and the rest the weights of now (Polyak & Juditsky,
    1992).

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
        with _having(self._weights, self._means):
            yield


class Start:
    """Keeps ``weights`` as they are now, to be mixed with what becomes of them.

    Half of each is often right where the network that was fine-tuned has forgotten something, above all on pictures from
    elsewhere (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
    """

    def __init__(self, weights: list[Any]) -> None:
        import tensorflow as tf

        self._weights = weights
        self.variables = [tf.Variable(weight.value, trainable=False) for weight in weights]
        """What a checkpoint must hold."""

    @contextmanager
    def mixed(self, share: float) -> Iterator[None]:
        """While it lasts, the network has so much of the start in its weights."""
        pairs = zip(self.variables, self._weights, strict=True)
        with _having(self._weights, [share * start + (1 - share) * weight.value for start, weight in pairs]):
            yield


@contextmanager
def _having(weights: Sequence[Any], others: Sequence[Any]) -> Iterator[None]:
    own = [weight.numpy() for weight in weights]
    for weight, other in zip(weights, others, strict=True):
        weight.assign(other)
    try:
        yield
    finally:
        for weight, value in zip(weights, own, strict=True):
            weight.assign(value)
