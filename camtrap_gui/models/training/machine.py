"""What of a training depends on the machine: decided once, when the whole network begins to learn, and kept in the run's
folder (``machine.json``), so that a run that is taken up again goes on in the same way."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from camtrap_gui.files import write_text
from camtrap_gui.models.classifiers import batch_size, devices
from camtrap_gui.models.classifiers.recipes import Recipe
from camtrap_gui.models.training import Training

FILE = "machine.json"


@dataclass(frozen=True)
class Machine:
    """``batch_size`` crops a step, calculated in so many ``parts`` (0: not known yet), in ``precision``. Learning rates
    are ``rate_factor`` times the recipe's."""

    batch_size: int
    parts: int
    precision: str
    rate_factor: float

    def applied(self, recipe: Recipe) -> Recipe:
        """The recipe as it is followed on this machine."""
        rates = recipe.last.head_rate * self.rate_factor, recipe.last.backbone_rate * self.rate_factor
        fitted = replace(recipe, batch_size=self.batch_size)
        return fitted.with_last(head_rate=rates[0], backbone_rate=rates[1])


def of_run(training: Training) -> Machine:
    """What was decided for a run, or is now. Raises Problem for a precision that the hardware does not have."""
    decided = read(training.run.folder)
    recipe = training.recipe
    if decided:
        return decided
    if training.checkpoint.exists():  # begun before there was anything to decide
        return Machine(recipe.batch_size, 1, devices.FLOAT32, 1.0)
    size, factor = recipe.batch_size, 1.0
    if recipe.batch_by_memory:
        size = batch_size.choose(recipe.batch_size, training.computers.count)
        factor = batch_size.rate_factor(size, recipe.batch_size)
    return Machine(size, 0, devices.precision(recipe.precision, training.backbone), factor)


def read(run: Path) -> Machine | None:
    """What was decided for a run; None when nothing was, or it cannot be read."""
    try:
        return Machine(**json.loads((run / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write(run: Path, machine: Machine) -> None:
    """Keep it with the run."""
    write_text(run / FILE, json.dumps(asdict(machine), indent=1) + "\n")
