"""All crops of a project a page at a time, and what they are known by everywhere: the hash of their files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from camtrap_gui.files import inside
from camtrap_gui.project import Project, crops

PAGE = 5000


@dataclass(frozen=True, slots=True)
class UnseenCrop:
    """A crop that a backbone has yet to see: its row, its file, and the SHA-256 that its bytes had when it was made."""

    id: int
    file: Path
    sha256: str


def all_of(project: Project) -> Iterator[list[UnseenCrop]]:
    """The crops of all splits, by row number. Raises Problem for a file that would lie elsewhere."""
    folder, after = crops.folder(project).absolute(), 0
    while rows := project.db.execute(
        "SELECT id, file, sha256 FROM crops WHERE id > ? ORDER BY id LIMIT ?", (after, PAGE)
    ).fetchall():
        yield [UnseenCrop(row["id"], inside(folder, row["file"]), row["sha256"]) for row in rows]
        after = rows[-1]["id"]
