"""Answers kept in a file while a prediction works, so that asking for the same pictures again takes no time.

What was stopped goes on where it stopped, pictures that come later are added to those before, and copies are drawn of
what is known. A picture that has changed since is looked at anew, and all are when another classifier or detector is
asked.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from camtrap_gui.models.prediction import Prediction
from camtrap_gui.problem import Problem
from camtrap_gui.remote_pictures import is_elsewhere, stamp

_COMMIT_EVERY = 64


class Answers:
    """Predictions by the path of their picture. Safe on any thread."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._decode = msgspec.msgpack.Decoder(Prediction, dec_hook=lambda kind, value: kind(value)).decode
        self._encode = msgspec.msgpack.Encoder(enc_hook=str).encode
        self._uncommitted = 0

    def get(self, path: Path) -> Prediction | None:
        """What was said about this picture as it is now."""
        with self._lock:
            row = self._db.execute(
                "SELECT said FROM answers WHERE path = ? AND stamp = ?", (str(path), _stamp(path))
            ).fetchone()
        return self._decode(row[0]) if row else None

    def keep(self, prediction: Prediction) -> None:
        """Remember what was said about a picture; not that one could not be fetched, which may pass."""
        if prediction.failure and is_elsewhere(prediction.path):
            return
        row = (str(prediction.path), _stamp(prediction.path), self._encode(prediction))
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", row)
            self._uncommitted += 1
            if self._uncommitted >= _COMMIT_EVERY:
                self.commit()

    def commit(self) -> None:
        """Put on the disk what was kept so far."""
        self._db.commit()
        self._uncommitted = 0


@contextmanager
def opened(path: Path, asked: str) -> Iterator[Answers]:
    """The answers in a file, made if need be. Those to anything else than ``asked`` are forgotten."""
    try:
        with closing(sqlite3.connect(path, check_same_thread=False)) as db:
            db.execute("CREATE TABLE IF NOT EXISTS asked (what TEXT)")
            db.execute("CREATE TABLE IF NOT EXISTS answers (path TEXT PRIMARY KEY, stamp TEXT, said BLOB)")
            if db.execute("SELECT what FROM asked").fetchall() != [(asked,)]:
                db.execute("DELETE FROM answers")
                db.execute("DELETE FROM asked")
                db.execute("INSERT INTO asked VALUES (?)", (asked,))
            db.commit()
            answers = Answers(db)
            try:
                yield answers
            finally:
                answers.commit()
    except sqlite3.Error as error:
        raise Problem(f"The answers cannot be kept in {path}: {error}. Choose another file.") from error


def _stamp(path: Path) -> str:
    try:
        return stamp(path)
    except OSError:
        return ""
