"""How many crops the network learns from at once, and in how many parts, so that memory suffices.

On a processor the answer is calculated. Training needs

    4 x 4 bytes for every weight (itself, its gradient, Adam's two averages)
  + for every crop, 4 bytes (2 in bfloat16) for every output of every layer

and may take ``_SHARE`` of the free memory. The second term is what all layers would take if nothing were reused: peaks
measured were 0.6 to 0.9 of it (EfficientNet-Lite0 and ResNet50 V2, batches of 4 to 24).

A graphics processor says when its memory does not suffice: a trial gradient is calculated, in twice as many parts each
time, until one fits. The batch stays what it is, so the gradient does, and so does what is learnt.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from camtrap_gui.models import memory
from camtrap_gui.models.classifiers import devices
from camtrap_gui.problem import Problem

LARGEST_ON_GPU = 128
_SHARE = 0.5
_COPIES = 4  # of every weight


def choose(usual: int, computers: int = 1) -> int:
    """The batch size that suits the machine: the recipe's usual one; on graphics processors up to four times that, which
    keeps them busier, at most ``LARGEST_ON_GPU`` each. All ``computers`` have as many of them."""
    gpus = devices.gpus()
    return min(4 * usual, LARGEST_ON_GPU) * gpus * computers if gpus else usual


def rate_factor(size: int, usual: int) -> float:
    """By what learning rates are multiplied that were found with the usual batch size: the square root, as Adam's steps
    are as long whatever the gradient's size (Malladi et al., "On the SDEs and Scaling Rules for Adaptive Gradient
    Algorithms", NeurIPS 2022)."""
    return float(np.sqrt(size / usual))


def parts(model: Any, size: int, free: int | None = None) -> int:
    """In how many parts a batch is calculated in main memory, of which ``free`` bytes are free (default: asks)."""
    room = _SHARE * (memory.free() if free is None else free) - _COPIES * 4 * model.count_params()
    fitting = max(1, int(room // bytes_per_crop(model)))
    count = 1
    while count < size and size / count > fitting:
        count *= 2
    return min(count, size)


def parts_by_trial(trial: Callable[[int], None], size: int) -> int:
    """The fewest parts in which ``trial(parts)`` does not run out of memory. Raises Problem when single crops do."""
    import tensorflow as tf

    count = 1
    while True:
        try:
            trial(count)
            return count
        except tf.errors.ResourceExhaustedError as error:
            if count >= size:
                raise Problem(
                    "The memory of the graphics processor does not suffice for a single crop. Close other programs that"
                    " use it, or choose a smaller backbone."
                ) from error
            count = min(2 * count, size)


def bytes_per_crop(model: Any) -> int:
    """Memory for the activations of one crop while the whole network learns."""
    outputs = sum(int(np.prod(layer.output.shape[1:])) for layer in model.layers)
    return outputs * (2 if "bfloat16" in str(model.layers[-2].compute_dtype) else 4)
