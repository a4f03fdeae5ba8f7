"""Quick training: what keeping features saves, and how well it transfers to photographs.

    python -m benchmarks.training [--crops 5000] [--photos FOLDER]

FOLDER holds one folder of pictures per species. Crops are random windows of them. The same command line is run twice
in fresh processes; then every crop is decoded and passed through the backbone once, in one epoch that is measured. The
time of 30 such epochs is that of the one, times 30; it is printed as computed. The second table trains on whole photos
(three fifths), chooses the epoch on a fifth and tests on the last fifth.
"""

import argparse
import contextlib
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common import Stopwatch, print_json, table
from camtrap_gui.files import sha256_of
from camtrap_gui.models.classifiers import backbones, bundle
from camtrap_gui.models.classifiers.features import CropFile, Embedder, read_crop
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import read_upright
from camtrap_gui.project import Project, crops, runs

PHOTOS = Path(__file__).parents[2] / "shared" / "testdata" / "images" / "monkeys10" / "training"
EPOCHS = 30


def main() -> None:
    """Make the crops, train twice, pass once, test; print a table and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--crops", type=int, default=5000)
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    given = parser.parse_args()
    if not given.photos.is_dir():
        raise SystemExit(f"There is no folder {given.photos}. Give one with --photos.")
    with tempfile.TemporaryDirectory() as folder:
        figures = kept_features(Path(folder) / "crops", given.photos, given.crops)
        accuracy, tested = transfer(Path(folder) / "photos", given.photos)
    print(f"\nWhole photos, never seen: {accuracy:.3f} of {tested} right")
    print_json({**figures, "transfer_top1": accuracy, "transfer_photos": tested})


def kept_features(folder: Path, photos: Path, count: int) -> dict[str, object]:
    """Times of the first and second quick training and of one epoch of forward passes, on the same crops."""
    with Project.create(folder) as project:
        _fill(project, windows(photos, count), ("train", "train", "train", "train", "val"))
        first, second, forward = Stopwatch("first"), Stopwatch("second"), Stopwatch("forward")
        for watch in (first, second):
            with watch.round(1):
                _train(folder)
        used = [crop for split in ("train", "val") for crop in crops.of_split(project, split)]
        embedder = Embedder(backbones.usual())
        embedder(np.zeros((32, embedder.size, embedder.size, 3), np.uint8))  # built and warm
        with forward.round(len(used)):
            _forward(project, used, embedder)
    one, two, epoch = first.seconds[0], second.seconds[0], forward.seconds[0]
    rows = [
        ("first quick training", one, one / two),
        ("second, features kept", two, 1.0),
        ("one epoch of forward passes", epoch, epoch / two),
        (f"{EPOCHS} epochs of them (computed)", EPOCHS * epoch, EPOCHS * epoch / two),
    ]
    print(table((f"{len(used):,} crops", "seconds", "second = 1"), rows))
    return {
        "crops": len(used),
        "first_s": one,
        "second_s": two,
        "forward_epoch_s": epoch,
        "first_over_second": one / two,
        "computed_30_epochs_over_first": EPOCHS * epoch / one,
        "computed_30_epochs_over_second": EPOCHS * epoch / two,
    }


def transfer(folder: Path, photos: Path) -> tuple[float, int]:
    """Accuracy of a quick training on photos it has not seen, and how many those were."""
    with Project.create(folder) as project:
        _fill(project, _whole(photos), ("train", "train", "train", "val", "test"))
        _train(folder)
        classifier = bundle.load(runs.newest(project).model)
        test = list(crops.of_split(project, "test"))
        prepared = in_order(lambda crop: classifier.prepare(read_upright(crops.path_of(project, crop))), test)
        said = classifier.predict_arrays(np.stack(list(prepared))).argmax(axis=1)
        return float((said == [crop.species for crop in test]).mean()), len(test)


def _train(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "camtrap_gui", "train", str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    print(done.stdout, file=sys.stderr)


def _forward(project: Project, used: list[crops.Crop], embedder: Embedder) -> None:
    """What an epoch without kept features costs: decode every crop and pass it through the backbone."""
    files = [CropFile(crops.path_of(project, crop), crop.sha256) for crop in used]
    decoded = in_order(lambda file: read_crop(file, embedder.size), files, ahead=64)
    with contextlib.closing(decoded):
        batch = []
        for pixels in decoded:
            batch.append(pixels)
            if len(batch) == 32:
                embedder(np.stack(batch))
                batch = []
        if batch:
            embedder(np.stack(batch))


Made = tuple[str, bytes]


def _pictures(photos: Path) -> list[tuple[str, Path]]:
    return [(file.parent.name, file) for file in sorted(photos.glob("*/*")) if file.suffix.lower() == ".jpg"]


def windows(photos: Path, count: int) -> Iterator[Made]:
    """``count`` square windows of half to all of a photo's shorter side, 300 pixels, as JPEG."""
    random = np.random.default_rng(0)
    files = _pictures(photos)
    places = [files[number % len(files)] for number in range(count)]
    sizes = random.uniform(0.5, 1, count)
    corners = random.uniform(0, 1, (count, 2))

    def cut(number: int) -> Made:
        species, file = places[number]
        picture = Image.open(file).convert("RGB")
        side = int(sizes[number] * min(picture.size))
        left, top = (int(c * (edge - side)) for c, edge in zip(corners[number], picture.size, strict=True))
        return species, _jpeg(picture.crop((left, top, left + side, top + side)).resize((300, 300)))

    yield from in_order(cut, range(count))


def _whole(photos: Path) -> Iterator[Made]:
    def shrink(item: tuple[str, Path]) -> Made:
        picture = Image.open(item[1]).convert("RGB")
        picture.thumbnail((320, 320))
        return item[0], _jpeg(picture)

    yield from in_order(shrink, _pictures(photos))


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _fill(project: Project, made: Iterator[Made], splits: tuple[str, ...]) -> None:
    """Crops as the crop step leaves them, dealt to the splits in turn."""
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/photos')")
        species: dict[str, int] = {}
        for number, (name, data) in enumerate(made, 1):
            if name not in species:
                species[name] = len(species) + 1
                db.execute(
                    "INSERT INTO species (id, name, position) VALUES (?, ?, ?)",
                    (species[name], name, species[name]),
                )
                (crops.folder(project) / name).mkdir(parents=True)
            file = f"{name}/{number:06}.jpg"
            (crops.folder(project) / file).write_bytes(data)
            sha256 = sha256_of(crops.folder(project) / file)
            split = splits[number % len(splits)]
            db.execute(
                "INSERT INTO images (id, key, root_id, path) VALUES (?, ?, 1, ?)", (number, file, file)
            )
            db.execute(
                "INSERT INTO crops (image_id, species_id, location, split, file, left, top, right, bottom, sha256)"
                " VALUES (?, ?, ?, ?, ?, 0, 0, 300, 300, ?)",
                (number, species[name], f"{split} {number % 20}", split, file, sha256),
            )


if __name__ == "__main__":
    main()
