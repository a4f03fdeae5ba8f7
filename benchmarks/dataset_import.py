"""Importing a survey of a million pictures against ``pycocotools.COCO``, which the tutorial calls at every start.

The survey is generated: 225 locations, 61 species, 76 % empty, sequences of one to three pictures, 1.05 annotations a
picture, sorted by season and location as Snapshot Serengeti is (``--shuffled``: by nothing). Every contender runs in a
process of its own, in turns. "Import" makes a project from the JSON without looking at picture files; "reopen" opens it
again, fetches the first page of pictures and counts the pictures of every species, for which the tutorial's way has to
load the JSON again.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import print_json, table

COCO = """
from pycocotools.coco import COCO
survey = COCO(given)
"""
IMPORT = """
from pathlib import Path
from camtrap_gui.project import Project
from camtrap_gui.steps import dataset
with Project.create(Path(folder)) as project:
    dataset.run(project, dataset.Options(json=Path(given), skip_check=True), lambda _: None)
"""
REOPEN = """
from pathlib import Path
from camtrap_gui.project import Project, images
with Project.open(Path(folder)) as project:
    page, counts = images.page(project), images.images_per_species(project)
assert len(page) and sum(counts.values())
"""
MEASURED = """
import resource, sys, time
given, folder = sys.argv[1:]
start, cpu = time.perf_counter(), time.process_time()
{code}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
print("measured", time.perf_counter() - start, time.process_time() - cpu, peak)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shuffled", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        survey = Path(folder) / "survey.json"
        write_survey(survey, options.images, options.shuffled)
        measure(survey, Path(folder), options.images, options.rounds)


def measure(survey: Path, folder: Path, images: int, rounds: int) -> None:
    """Let the contenders take turns, print the table; ratios are medians of the rounds' own ratios."""
    found: dict[str, list[tuple[float, float, float]]] = {"COCO(...)": [], "import": [], "reopen": []}
    for turn in range(rounds):
        project = folder / f"project-{turn}"
        for name, code in (("COCO(...)", COCO), ("import", IMPORT), ("reopen", REOPEN)):
            found[name].append(in_process(code, survey, project))
    rows = []
    figures: dict[str, object] = {"images": images, "json_mb": survey.stat().st_size / 1e6}
    for name, measured in found.items():
        ratios = [
            statistics.median(
                one[part] / other[part] for one, other in zip(measured, found["COCO(...)"], strict=True)
            )
            for part in range(3)
        ]
        seconds, cpu, peak = (statistics.median(one[part] for one in measured) for part in range(3))
        rows.append(
            (name, f"{seconds:.2f}", f"{cpu:.2f}", f"{peak:.0f}", *(f"{ratio:.3f}" for ratio in ratios))
        )
        figures[f"{name} time ratio"], figures[f"{name} memory ratio"] = ratios[0], ratios[2]
    print(table(("", "seconds", "CPU seconds", "peak MB", "time ratio", "CPU ratio", "memory ratio"), rows))
    print_json(figures)


def in_process(code: str, survey: Path, project: Path) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak megabytes of some code, imports included, start of Python not."""
    command = [sys.executable, "-c", MEASURED.format(code=code), str(survey), str(project)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    _, seconds, cpu, peak = output.splitlines()[-1].split()
    return float(seconds), float(cpu), float(peak)


def write_survey(path: Path, images: int, shuffled: bool = False, frames: Sequence[int] = (1, 2, 3)) -> None:
    """Write a COCO Camera Traps file like Snapshot Serengeti's, deterministically.

    ``frames`` are lengths of sequences, all equally frequent.
    """
    categories = [{"id": n, "name": f"species{n:02d}" if n else "empty"} for n in range(61)]
    with path.open("w", encoding="utf-8") as file:
        file.write('{"info": {"version": "2.1", "description": "generated"}, "categories": ')
        json.dump(categories, file)
        file.write(', "images": [')
        write_all(file, (image for image, _ in pictures(images, shuffled, frames)))
        file.write('], "annotations": [')
        write_all(file, (label for _, labels in pictures(images, shuffled, frames) for label in labels))
        file.write("]}")


def write_all(file: Any, records: Iterator[dict[str, Any]]) -> None:
    for number, record in enumerate(records):
        file.write(", " * (number > 0) + json.dumps(record))


def pictures(
    images: int, shuffled: bool, lengths: Sequence[int]
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Every picture with its annotations."""
    chance = random.Random(0)
    places = [(season, f"{chr(65 + n // 15)}{n % 15:02d}") for season in range(1, 12) for n in range(225)]
    done = sequence = annotation = 0
    while done < images:
        at = chance.randrange(len(places)) if shuffled else done * len(places) // images
        season, site = places[at]
        frames = min(chance.choice(lengths), images - done)
        sequence += 1
        species = 0 if chance.random() < 0.76 else chance.randint(1, 60)
        on_it = [species] if not species or chance.random() < 0.8 else [species, species % 60 + 1]
        day, second = divmod(sequence * 37, 86_400)
        taken = f"201{season % 10}-{1 + day // 28 % 12:02d}-{1 + day % 28:02d} {second // 3600:02d}:{second // 60 % 60:02d}"
        for frame in range(frames):
            done += 1
            key = f"S{season}/{site}/{site}_R1/S{season}_{site}_R1_PICT{done:07d}"
            image = {
                "id": key,
                "file_name": f"{key}.JPG",
                "frame_num": frame + 1,
                "seq_id": f"SER_S{season}#{site}#1#{sequence}",
                "width": 2048,
                "height": 1536,
                "corrupt": False,
                "location": site,
                "seq_num_frames": frames,
                "datetime": f"{taken}:{second % 58 + frame:02d}",
            }
            labels = []
            for one in on_it:
                annotation += 1
                labels.append(
                    {
                        "sequence_level_annotation": True,
                        "id": f"{annotation:08x}-0000-11e9-8000-000d3a7486b4",
                        "category_id": one,
                        "seq_id": image["seq_id"],
                        "image_id": key,
                        "count": 1,
                        "standing": 0.0,
                        "resting": 0.0,
                        "moving": 1.0,
                    }
                )
            yield image, labels


if __name__ == "__main__":
    main()
