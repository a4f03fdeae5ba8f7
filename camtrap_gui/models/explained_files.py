"""Explanations on disk: copies of pictures with heat where the classifier looked, a table of what is most like them, and
all of it as JSON for programs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from camtrap_gui.files import replacing
from camtrap_gui.formats import json_writing, tables
from camtrap_gui.formats.chosen_pictures import EXPLAINED
from camtrap_gui.heat import glowing
from camtrap_gui.jobs import to_plain
from camtrap_gui.models.explanation import LIKEST, Explainer, Explanation
from camtrap_gui.models.prediction import Prediction
from camtrap_gui.models.prediction_files import copy_of, draw, save

if TYPE_CHECKING:
    from PIL import Image

    from camtrap_gui.models.classifiers import Classifier

TABLE, FOR_PROGRAMS = "explained.csv", "explained.json"
KEY = "explanations"

Add = Callable[[str, Prediction, "Image.Image | None"], None]
"""Takes a picture's name (relative, forward slashes), what was predicted, and the picture."""


@contextmanager
def explained(folder: Path, model: Path, classifier: "Classifier") -> Iterator[Add]:
    """Writes below ``folder``: a copy for each picture with a species, a table with a row for each of its boxes, and the
    same with the heat itself (``Explanation``) as JSON."""
    header = ["file", "box", "species", "confidence"]
    for place in range(1, LIKEST + 1):
        header += [f"like_{place}", f"like_{place}_species", f"like_{place}_location", f"likeness_{place}"]
    explainer = Explainer(model)
    folder.mkdir(parents=True, exist_ok=True)

    def about() -> dict[str, str]:
        return {"classifier": model.resolve().name, "backbone": classifier.backbone}

    with (
        tables.writing(folder / TABLE, header) as write,
        json_writing.writing(folder / FOR_PROGRAMS, (KEY,), about) as write_plain,
    ):

        def add(name: str, prediction: Prediction, picture: "Image.Image | None") -> None:
            if picture is None:
                return
            found = []
            for number, box in enumerate(prediction.boxes, start=1):
                if box.species:
                    species, confidence = box.species[0]
                    found.append(explainer.explain(picture, prediction.path, box.box, species))
                    row = [name, number, species, f"{confidence:.4f}", *_cells(found[-1])]
                    write(row + [None] * (len(header) - len(row)))
                    said = {"file": name, "box": number, "confidence": round(confidence, 4)}
                    write_plain(KEY, {**said, **to_plain(found[-1])})
            if found:
                hot = glowing(picture, [(one.heat, one.area) for one in found])
                target = copy_of(folder, name, EXPLAINED)
                with replacing(target) as beside:
                    save(draw(classifier, hot, prediction), beside, target.suffix)

        yield add


def _cells(found: Explanation) -> list[str | None]:
    cells: list[str | None] = []
    for one in found.likest:
        cells += [str(one.path), one.species, one.location, f"{one.likeness:.4f}"]
    return cells
