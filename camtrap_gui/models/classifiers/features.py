"""What a backbone sees in a crop, computed once and kept.

Training a head on frozen features needs the backbone only once per crop: on a CPU an epoch over kept features is some
hundred times faster than one over pictures. The store is a file of float16 vectors, only ever appended to, and an
SQLite index from the SHA-256 of the crop file to row. Crops made again with equal bytes are found again; a
process killed while writing leaves at most vectors that no index row names, which are overwritten.
"""

import os
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from camtrap_gui import pictures
from camtrap_gui.models.classifiers import backbones
from camtrap_gui.models.classifiers.backbones import Backbone
from camtrap_gui.models.classifiers.crop_reading import CropFile, picture_of
from camtrap_gui.models.classifiers.preprocessing import to_input
from camtrap_gui.parallel import in_order

if TYPE_CHECKING:
    from camtrap_gui.models.catalogue import Entry

FOLDER = "features"
_BATCH = 32
_COMMIT = 256  # vectors
_PAGE = 512

Pixels = NDArray[np.uint8]


def read_crop(crop: CropFile, size: int) -> Pixels:
    """The crop as network input, uint8 [size, size, 3]. Raises Unreadable when it is gone, broken or another one."""
    return to_input(picture_of(crop), size)


class Embedder:
    """A backbone with its installed weights, or those of ``entry``, as a function from images to features. The network is
    built when it is first needed; that raises Problem when the weights are not there."""

    def __init__(self, backbone: Backbone, entry: "Entry | None" = None) -> None:
        self.backbone, self._entry = backbone, entry
        self.size = backbone.input_size

    def __call__(self, images: Pixels) -> NDArray[np.float32]:
        """Features float32 [N, F] of images uint8 [N, S, S, 3]."""
        import tensorflow as tf

        vectors: NDArray[np.float32] = self._features(tf.constant(images)).numpy()
        return vectors

    @cached_property
    def _features(self) -> Any:
        import tensorflow as tf

        model = backbones.embedder(self.backbone)
        backbones.assign(model, backbones.pretrained(self.backbone, self._entry))
        signature = [tf.TensorSpec((None, self.size, self.size, 3), tf.uint8)]

        @tf.function(input_signature=signature, jit_compile=False)
        def features(images: Any) -> Any:
            return model(tf.cast(images, tf.float32), training=False)

        return features


class FeatureStore:
    """Vectors of ``width`` features in ``folder``, one per crop. Several processes may add at once."""

    def __init__(self, folder: Path, width: int) -> None:
        self.name = folder.name
        folder.mkdir(parents=True, exist_ok=True)
        self._vectors = folder / "vectors.f16"
        self._index = folder / "index.sqlite"
        self._width = width
        with closing(self._connect()) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(
                "CREATE TABLE IF NOT EXISTS vectors"
                " (sha256 BLOB PRIMARY KEY NOT NULL, place INTEGER NOT NULL UNIQUE)"
                " WITHOUT ROWID"
            )
            self._vectors.touch()
            # A vectors file that was deleted or cut is filled again, not read beyond its end.
            db.execute("BEGIN IMMEDIATE")  # or what another process is adding would seem to lie beyond it
            db.execute("DELETE FROM vectors WHERE place >= ?", (self._vectors.stat().st_size // (2 * width),))
            db.execute("COMMIT")

    def rows(self, sha256s: Iterable[str]) -> NDArray[np.int64]:
        """The row of each crop's vector, -1 where it is not there; int64 [N]."""
        with closing(self._connect()) as db:
            find = "SELECT place FROM vectors WHERE sha256 = ?"
            found = (db.execute(find, (bytes.fromhex(s),)).fetchone() for s in sha256s)
            return np.fromiter((-1 if row is None else row[0] for row in found), np.int64)

    def add(self, sha256s: Sequence[str], vectors: NDArray[np.floating]) -> None:
        """Keep vectors [N, width]; those that are there already stay as they are."""
        with closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            first = db.execute("SELECT coalesce(max(place) + 1, 0) FROM vectors").fetchone()[0]
            with self._vectors.open("r+b") as file:
                file.seek(first * self._width * 2)
                file.write(np.ascontiguousarray(vectors, dtype="<f2").tobytes())
                file.flush()
                os.fsync(file.fileno())  # before the index speaks of them
            db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                [(bytes.fromhex(s), first + n) for n, s in enumerate(sha256s)],
            )
            db.execute("COMMIT")

    def keep(self, seen: Iterable["SeenCrop"]) -> None:
        """Add what was seen in some crops, all of it or nothing."""
        usable = [(one.crop.sha256, one.vector) for one in seen if one.vector is not None]
        if usable:
            sha256s, vectors = zip(*usable, strict=True)
            self.add(sha256s, np.stack(vectors))

    def vectors(self) -> NDArray[np.float16]:
        """All vectors, float16 [rows, width], mapped from the file: reading one row touches one row."""
        whole = self._vectors.stat().st_size // (self._width * 2)
        if whole == 0:
            return np.zeros((0, self._width), np.float16)
        return np.memmap(self._vectors, "<f2", "r", shape=(whole, self._width))

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._index, timeout=60, isolation_level=None)
        db.execute("PRAGMA synchronous = NORMAL")
        return db


def store_of(project: Path, backbone: Backbone) -> FeatureStore:
    """The features that the installed weights of a backbone make of a project's crops; ``project`` is its folder.

    What it sees at another size than its own is kept apart.

    Raises Problem when the weights are not installed.
    """
    from camtrap_gui.models import store

    return FeatureStore(
        project / FOLDER / name_of(backbone, store.get(backbone.name).sha256), backbone.features
    )


def peek(folder: Path, sha256s: Sequence[str]) -> set[str]:
    """Which of some crops the store in a folder has features of, without writing or locking anything there.

    Some that were added a moment ago may be left out.
    """
    index = folder / "index.sqlite"
    if not index.is_file():
        return set()
    try:
        with closing(sqlite3.connect(f"file:{quote(str(index))}?mode=ro&immutable=1", uri=True)) as db:
            find = "SELECT 1 FROM vectors WHERE sha256 = ?"
            return {s for s in sha256s if db.execute(find, (bytes.fromhex(s),)).fetchone()}
    except sqlite3.Error:  # it changes at this moment
        return set()


def name_of(backbone: Backbone, sha256: str) -> str:
    """What the folder is called that holds what a backbone with weights of this hash sees."""
    size = f"-{backbone.input_size}px" if backbone.resized else ""
    return f"{backbone.name}-{sha256[:8]}{size}"


@dataclass(frozen=True, slots=True)
class SeenCrop:
    """What a backbone saw in a crop, float16 [F], or why it could not."""

    crop: CropFile
    vector: NDArray[np.float16] | None
    problem: str | None = None


def look(
    embedder: Embedder, crops: Iterable[CropFile], threads: int | None = None
) -> Generator[list[SeenCrop], None, None]:
    """What the backbone sees in crops, in batches, in their order. They are decoded on threads while it works.

    Raises Interrupted when the folder of crops is gone. Close the iterator when not exhausting it.
    """

    def read(crop: CropFile) -> tuple[CropFile, Pixels | str]:
        try:
            return crop, read_crop(crop, embedder.size)
        except pictures.Unreadable as error:
            return crop, str(error)

    with closing(in_order(read, crops, threads, ahead=2 * _BATCH)) as decoded:
        while batch := list(islice(decoded, _BATCH)):
            inputs = [pixels for _, pixels in batch if not isinstance(pixels, str)]
            vectors = iter(embedder(np.stack(inputs)).astype("<f2") if inputs else ())
            yield [
                SeenCrop(crop, None, pixels) if isinstance(pixels, str) else SeenCrop(crop, next(vectors))
                for crop, pixels in batch
            ]


def embed(
    embedder: Embedder,
    store: FeatureStore,
    crops: Iterable[CropFile],
    say: Callable[[int], None],
    threads: int | None = None,
) -> dict[Path, str]:
    """Make sure that the store has the features of all crops; returns the reason of each that cannot be used.

    ``say`` is told how many crops are done; when it raises, what was computed until then is kept.
    """
    done = 0
    unusable: dict[Path, str] = {}
    ready: list[SeenCrop] = []

    def missing() -> Iterator[CropFile]:
        nonlocal done
        remaining = iter(crops)
        while page := list(islice(remaining, _PAGE)):
            there = store.rows(crop.sha256 for crop in page) >= 0
            done += int(there.sum())
            say(done)
            yield from (crop for crop, known in zip(page, there, strict=True) if not known)

    def keep() -> None:
        store.keep(ready)
        ready.clear()

    try:
        with closing(look(embedder, missing(), threads)) as batches:
            for batch in batches:
                unusable |= {one.crop.path: one.problem for one in batch if one.problem is not None}
                ready += batch
                done += len(batch)
                say(done)
                if len(ready) >= _COMMIT:
                    keep()
    finally:
        keep()
    return unusable
