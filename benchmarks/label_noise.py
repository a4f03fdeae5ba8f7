"""Wrong labels: how many the review finds first, and what correcting them is worth.

    python -m benchmarks.label_noise [--photos FOLDER] [--demo PROJECT] [--seeds 5]

FOLDER holds one folder of pictures per species; PROJECT is a demo's project folder (default: a demo of 600 pictures is
made). A tenth of the pictures gets another species at random. Then ``camtrap review`` runs, and what is counted is how
many of the wrong ones are in the queue "disagrees" before a person has looked at 15 % of the pictures; found by chance
would be 15 %. Below it, the accuracy of a quick training's head on crops kept from it (a fifth of the photos; the demo's
test cameras), judged by the true labels: trained on clean labels, on those a tenth of which is wrong, and on the latter
after correcting the wrong ones among these 15 %. Means over the seeds, which choose the labels and train the heads.
"""

import argparse
import shutil
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common import print_json, table
from benchmarks.training import PHOTOS, _fill, _whole
from camtrap_gui import demo
from camtrap_gui.models.classifiers import backbones, features, heads
from camtrap_gui.models.classifiers.recipes import Recipe
from camtrap_gui.project import Project, crops, queues
from camtrap_gui.steps import review

WRONG, LOOKED_AT = 0.10, 0.15


def main() -> None:
    """Photos, then the demo; a table and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--demo", type=Path, help="the project folder of a demo; it is copied")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    if not given.photos.is_dir():
        raise SystemExit(f"There is no folder {given.photos}. Give one with --photos.")
    with tempfile.TemporaryDirectory() as scratch:
        surveys = {
            "photos": photos_project(Path(scratch) / "photos", given.photos),
            "demo": demo_project(Path(scratch), given.demo),
        }
        figures: dict[str, object] = {"benchmark": "label_noise", "seeds": given.seeds}
        columns = []
        for name, folder in surveys.items():
            with Project.open(folder) as project:
                columns.append(measure(project, given.seeds))
            figures |= {f"{name}_{key}": value for key, value in columns[-1].items()}
    rows = [
        (
            key.replace("_", " "),
            *(f"{column[key]:.1%}" if isinstance(column[key], float) else column[key] for column in columns),
        )
        for key in columns[0]
    ]
    print(table(("", *surveys), rows))
    print_json(figures)


@dataclass
class Truth:
    """The crops of a project by ascending id: their images, classes and rows of features, and which are kept aside."""

    images: np.ndarray
    labels: np.ndarray
    held_out: np.ndarray
    taught: heads.Features


def measure(project: Project, seeds: int) -> dict[str, float | int]:
    """The figures of one project, by name."""
    review.run(project, review.Options(), lambda _: None)  # keeps the features
    truth = read(project)
    found, first, accuracies = [], [], []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        labels, wrong = make_wrong(truth, random)
        write(project, labels)
        review.run(project, review.Options(seed=seed), lambda _: None)
        order = np.asarray(queues.ids(project, queues.Queue("disagrees", only_unreviewed=False)))
        amount = round(LOOKED_AT * len(np.unique(truth.images)))
        looked_at = set(order[:amount].tolist())
        found.append(len(wrong & looked_at) / len(wrong))
        first.append(len(wrong & set(order[: len(wrong)].tolist())) / len(wrong))
        corrected = np.where(np.isin(truth.images, list(wrong & looked_at)), truth.labels, labels)
        accuracies.append([accuracy(truth, some, seed) for some in (truth.labels, labels, corrected)])
    write(project, truth.labels)
    clean, noisy, mended = (statistics.mean(column) for column in zip(*accuracies, strict=True))
    return {
        "pictures": len(np.unique(truth.images)),
        "crops": len(truth.labels),
        "wrong_found_in_the_first_15_%": statistics.mean(found),
        "worst_seed": min(found),
        "wrong_found_in_the_first_10_%": statistics.mean(first),
        "accuracy_clean": clean,
        "accuracy_a_tenth_wrong": noisy,
        "accuracy_corrected": mended,
        "of_the_loss_regained": (mended - noisy) / (clean - noisy) if clean > noisy else "nothing lost",
    }


def read(project: Project) -> Truth:
    """What is right."""
    place = crops.species_places(project)
    rows = project.db.execute("SELECT image_id, species_id, split, sha256 FROM crops ORDER BY id").fetchall()
    store = features.store_of(project.folder, backbones.usual())
    labels = np.array([place[row["species_id"]] for row in rows])
    kept = heads.Features(store.vectors(), store.rows(row["sha256"] for row in rows), labels)
    return Truth(
        np.array([row["image_id"] for row in rows]),
        labels,
        np.array([row["split"] == "test" for row in rows]),
        kept,
    )


def make_wrong(truth: Truth, random: np.random.Generator) -> tuple[np.ndarray, set[int]]:
    """Labels of which a tenth of the pictures has another species that the project has, and these pictures."""
    images, present = np.unique(truth.images), np.unique(truth.labels)
    wrong = random.choice(images, round(WRONG * len(images)), replace=False)
    labels = truth.labels.copy()
    for image in wrong:
        own = truth.images == image
        labels[own] = random.choice(np.setdiff1d(present, truth.labels[own]))
    return labels, set(wrong.tolist())


def write(project: Project, labels: np.ndarray) -> None:
    """Give the crops these classes."""
    species = {place: species_id for species_id, place in crops.species_places(project).items()}
    with project.write() as db:
        ids = [row[0] for row in db.execute("SELECT id FROM crops ORDER BY id")]
        db.executemany(
            "UPDATE crops SET species_id = ? WHERE id = ?",
            [(species[int(label)], crop_id) for label, crop_id in zip(labels, ids, strict=True)],
        )


def accuracy(truth: Truth, labels: np.ndarray, seed: int) -> float:
    """Of a head trained on these labels, on the crops kept aside."""
    left = np.random.default_rng(seed).permutation(np.flatnonzero(~truth.held_out))
    validation, train = left[: len(left) // 5], left[len(left) // 5 :]

    def some(which: np.ndarray) -> heads.Features:
        return heads.Features(truth.taught.vectors, truth.taught.rows[which], labels[which])

    head = heads.train_head(
        some(train),
        some(validation),
        int(truth.labels.max()) + 1,
        Recipe(),
        seed,
        lambda _: None,
        lambda _: None,
    )
    tested = np.flatnonzero(truth.held_out)
    said = (truth.taught.take(tested) @ head.kernel + head.bias).argmax(1)
    return float((said == truth.labels[tested]).mean())


def photos_project(folder: Path, photos: Path) -> Path:
    """A project whose crops are whole photos, a fifth of them kept aside."""
    with Project.create(folder) as project:
        _fill(project, _whole(photos), ("train", "train", "train", "train", "test"))
    return folder


def demo_project(scratch: Path, made: Path | None) -> Path:
    """A demo's project: a copy of one that was made, or a new one."""
    if made is None:
        demo.run(None, demo.Options(scratch / "demo", images=600), lambda _: None)
        return scratch / "demo" / "project"
    return Path(shutil.copytree(made, scratch / "demo"))


if __name__ == "__main__":
    main()
