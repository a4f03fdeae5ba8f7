"""What of a training depends on the machine: decided once, when the whole network begins to learn, and kept in the run's
folder (``machine.json``), so that a run that is taken up again goes on in the same way."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from camtrap_gui.files import write_text

FILE = "machine.json"


@dataclass(frozen=True)
class Machine:
    """``batch_size`` crops a step, calculated in so many ``parts``, in ``precision``. ``devices`` are how many graphics
    processors shared the work at the beginning."""

    batch_size: int
    parts: int
    precision: str
    devices: int


def read(run: Path) -> Machine | None:
    """What was decided for a run; None when nothing was, or it can no longer be read."""
    try:
        return Machine(**json.loads((run / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write(run: Path, machine: Machine) -> None:
    """Keep it with the run."""
    write_text(run / FILE, json.dumps(asdict(machine), indent=1) + "\n")
