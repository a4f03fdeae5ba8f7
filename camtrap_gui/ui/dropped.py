"""What is done with files that are dropped on the pictures of a project: each is recognised, and shown before it counts."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QDialog, QWidget

from camtrap_gui.formats.kinds import Kind, kind_of
from camtrap_gui.ui.models_dialog import ModelsDialog
from camtrap_gui.ui.session import Session

NOT_TAKEN = {
    "picture": "This is a single picture. Drop the folder it lies in; for one picture there is the step “Predict”.",
    "unknown": (
        "“{}” is of no kind that can be brought in: drop a folder of pictures, a COCO Camera Traps JSON, a Camtrap DP"
        " (folder or zip), a table of labels (.csv), results of MegaDetector, parts of other computers (.shard), decisions of a colleague, or a detector."
    ),
}
"""Why some files are not taken, by kind."""


def are_shards(paths: Sequence[Path]) -> bool:
    """Whether all of them are what computers have found in their parts of the pictures."""
    return bool(paths) and all(kind_of(path) == "shard" for path in paths)


def offer(kind: Kind, path: Path, session: Session, panel: QWidget) -> QDialog | None:
    """Show decisions or a detector in the dialog that brings them in; None for what is of another kind."""
    dialog: QDialog
    if kind == "decisions":
        from camtrap_gui.ui.widgets.decisions_exchange import ImportDecisions

        dialog = ImportDecisions(session, path, panel)
    elif kind == "detector":
        dialog = ModelsDialog(panel)
        dialog.models.changed.connect(lambda _: session.changed.emit({"models"}))
        dialog.models.add_file(path)
    else:
        return None
    dialog.open()
    return dialog
