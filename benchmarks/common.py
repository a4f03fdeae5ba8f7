"""What benchmarks share: measuring contenders in turns, and saying what came out.

A computer is never equally fast for long, so contenders take turns on the same work, round after round, and only
ratios within a run mean anything. Processor time is kept beside the time on the clock: it tells what the work costs
when other programs want the processor too.
"""

import json
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Stopwatch:
    """What one contender took: units done, seconds on the clock and seconds of processor time, by round."""

    name: str
    units: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)

    @contextmanager
    def round(self, units: float) -> Iterator[None]:
        """Measure the block as one round of that many units."""
        clock, processor = time.perf_counter(), _processor_time()
        yield
        self.add(units, time.perf_counter() - clock, _processor_time() - processor)

    def add(self, units: float, seconds: float, processor_seconds: float) -> None:
        """A round measured elsewhere."""
        self.units.append(units)
        self.seconds.append(seconds)
        self.processor_seconds.append(processor_seconds)

    @property
    def rate(self) -> float:
        """Units per second on the clock, over all rounds."""
        return sum(self.units) / sum(self.seconds)

    @property
    def cost(self) -> float:
        """Processor seconds per unit, over all rounds."""
        return sum(self.processor_seconds) / sum(self.units)

    def times(self, reference: "Stopwatch") -> float:
        """How many times as fast as the reference: the median of the ratios of rounds that took turns."""
        rates, others = (
            [n / s for n, s in zip(one.units, one.seconds, strict=True)] for one in (self, reference)
        )
        return statistics.median(a / b for a, b in zip(rates, others, strict=True))


def now() -> tuple[float, float]:
    """The clock and this process's processor time, in seconds, for ``Stopwatch.add``."""
    return time.perf_counter(), _processor_time()


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows as text, the first column to the left, the others to the right; numbers with three figures."""
    texts = [[_text(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in texts
    )


def print_json(figures: dict[str, object]) -> None:
    """The last line of a benchmark, for programs; the machine's cores are added, as ratios depend on them."""
    print(json.dumps({**figures, "cores": os.cpu_count()}))


def _processor_time() -> float:
    times = os.times()
    return times.user + times.system


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.3g}" if cell < 100 else f"{cell:,.0f}"
    return str(cell)
