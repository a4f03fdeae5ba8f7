"""How much better a classifier seems when it is tested at cameras that it has learnt from.

Crops of one camera share background, light and often the very animal. Dealt out at random, nearly every test crop has
a sibling among the training crops, so the figure tells how well pictures are remembered. The same number of crops,
split by camera, tells what to expect at the next camera. The gap between the two is what a random split would have
claimed too much.
"""

from dataclasses import dataclass

from camtrap_gui.evaluation.figures import Part


@dataclass(frozen=True)
class Leakage:
    """The same training judged twice, on equally many crops: ``cameras`` it has never seen, and crops dealt ``at_random``.

    What is trained is the last layer on kept features of ``backbone``, with the crops ``train``, ``validation`` and
    ``test`` in number, not the run's own network. ``of`` is how many crops there are in all; where there are more than
    were used, those were drawn at random. ``made_from`` tells one data set from another.
    """

    backbone: str
    seed: int
    train: int
    validation: int
    test: int
    of: int
    cameras: Part
    at_random: Part
    made_from: str

    @property
    def difference(self) -> float:
        """By how much the accuracy of the random split is higher."""
        return self.at_random.accuracy - self.cameras.accuracy

    def sentence(self) -> str:
        """What a random split would have claimed."""
        claimed, true = f"{self.at_random.accuracy:.0%}", f"{self.cameras.accuracy:.0%}"
        if self.cameras.interval is not None and self.cameras.interval[1] < self.at_random.accuracy:
            return f"A random split would have claimed {claimed}; at new cameras it is {true}."
        return f"A random split would have claimed {claimed}, new cameras say {true}: the difference may be chance."

    def text(self) -> str:
        """The sentence, both figures, and what was trained."""
        from camtrap_gui.evaluation.text import spread, table

        rows = [
            (
                name,
                part.count,
                f"{part.accuracy:.1%}",
                spread(part.interval),
                part.macro_f1,
                spread(part.macro_f1_interval, ".3f"),
            )
            for name, part in (("New cameras", self.cameras), ("Split at random", self.at_random))
        ]
        header = ("", "Test crops", "Top-1", "95 % interval", "Macro-F1", "95 % interval")
        return f"{self.sentence()}\n\n{table(header, rows)}\n\n{self.about()}"

    def about(self) -> str:
        """What was trained for it."""
        some = f", drawn from {self.of:,}" if self.train + self.validation + self.test < self.of else ""
        return (
            f"For both, the last layer was trained on features of {self.backbone} with {self.train:,} crops and chosen by"
            f" {self.validation:,}{some}. These figures are for comparing the two with each other, not with the run's own."
        )
