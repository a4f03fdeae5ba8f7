"""The learning rate for a network and crops never met before, found in some dozen steps.

The network learns for a while with rates that grow at every step (Smith, "Cyclical Learning Rates for Training Neural
Networks", WACV 2017, section 3.3); then it is as it was. Where the loss, smoothed, is lowest, learning begins to
diverge: a tenth of that rate is taken, as fast.ai does.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain, count, islice
from typing import Any

import numpy as np

from camtrap_gui.models.classifiers import schedules
from camtrap_gui.models.classifiers.balance import Balance
from camtrap_gui.models.classifiers.learning import Batch, Learner
from camtrap_gui.models.classifiers.recipes import Phase, Recipe

STEPS = 60
_LOWEST, _HIGHEST = 1e-2, 1e2  # of the recipe's rates
_DIVERGED = 4.0  # times the lowest loss
_BELOW = 10.0
_SMOOTHED = 5  # steps


def find_factor(
    model: Any,
    balance: Balance,
    recipe: Recipe,
    phase: Phase,
    batches: Callable[[int, int], Iterable[Batch]],
    say: Callable[[int], None] = lambda step: None,
) -> float:
    """By what the rates of the phase should be multiplied: between 0.001 and 10. ``batches`` are those of a ``Course``;
    ``say`` hears of each step and may raise."""
    before = [variable.numpy() for variable in model.variables]
    testing = replace(phase, epochs=1, epochs_per_depth=0, find_rate=False, ema=0.0)
    learner = Learner(
        model,
        balance,
        recipe,
        testing,
        STEPS,
        lambda rate, steps, start: schedules.ramp(rate * _LOWEST, rate * _HIGHEST, STEPS),
    )
    losses: list[float] = []
    try:
        for batch in islice(chain.from_iterable(batches(epoch, 0) for epoch in count(1)), STEPS):
            if batch.count:
                loss, _ = learner.learn(batch.inputs, batch.targets, batch.weights, batch.whole)
                losses.append(loss / batch.count)
                say(len(losses))
            if losses and not losses[-1] < _DIVERGED * min(losses):
                break
    finally:
        for variable, value in zip(model.variables, before, strict=True):
            variable.assign(value)
    return chosen(losses)


def chosen(losses: list[float]) -> float:
    """The factor that the losses of the first steps speak for."""
    if len(losses) < _SMOOTHED:
        return 1.0
    smooth = np.convolve(losses, np.ones(_SMOOTHED) / _SMOOTHED, "valid")
    lowest = int(np.nanargmin(np.where(np.isfinite(smooth), smooth, np.inf))) + _SMOOTHED // 2
    rates = np.geomspace(_LOWEST, _HIGHEST, STEPS)
    return float(rates[lowest] / _BELOW)
