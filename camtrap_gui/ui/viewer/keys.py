"""The keys a viewer takes for itself, in one table. All others go on to whatever it is part of."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

K, M = Qt.Key, Qt.KeyboardModifier
ANY_SHIFT = (K.Key_Plus, K.Key_Equal, K.Key_Minus)
"""Where these keys are is a matter of the keyboard: some need Shift."""


@dataclass(frozen=True)
class Row:
    """``does`` is what the key means; ``editing``: only where boxes can be edited (True), only where not (False)."""

    does: str
    keys: tuple[Qt.Key, ...]
    modifiers: Qt.KeyboardModifier = M.NoModifier
    editing: bool | None = None
    words: str = ""


_ARROWS = {"left": K.Key_Left, "right": K.Key_Right, "up": K.Key_Up, "down": K.Key_Down}

ROWS: tuple[Row, ...] = (
    Row("next picture", (K.Key_Right, K.Key_PageDown), words="Right and Left: next and previous picture"),
    Row("previous picture", (K.Key_Left, K.Key_PageUp)),
    Row("larger", (K.Key_Plus, K.Key_Equal), words="Wheel or + and -: zoom"),
    Row("smaller", (K.Key_Minus,)),
    # Digits stay free where boxes are edited: there they name species.
    Row("whole", (K.Key_0,), editing=False, words="0: whole picture"),
    Row("one to one", (K.Key_1,), editing=False, words="1: one to one"),
    Row("whole", (K.Key_0,), M.ControlModifier, words="Ctrl+0: whole picture"),
    Row("next box", (K.Key_Down,), words="Down and Up: next and previous box"),
    Row("previous box", (K.Key_Up,)),
    *(Row(f"pan {way}", (key,), M.ShiftModifier) for way, key in _ARROWS.items()),
    Row("explain", (K.Key_W,), words="W: what the classifier looked at"),
    Row("draw", (K.Key_B,), editing=True, words="B: draw a box"),
    Row("leave", (K.Key_Escape,), editing=True, words="Escape: stop drawing or dragging"),
    Row("delete box", (K.Key_Delete, K.Key_Backspace), editing=True, words="Delete: delete the box"),
    Row("place box", (K.Key_Return, K.Key_Enter), editing=True, words="Enter while drawing: a box in the middle"),
    *(Row(f"move {way}", (key,), M.AltModifier, True) for way, key in _ARROWS.items()),
    *(Row(f"size {way}", (key,), M.AltModifier | M.ShiftModifier, True) for way, key in _ARROWS.items()),
)  # fmt: skip


def meaning(event: QKeyEvent, editing: bool) -> str:
    """What a key means to a viewer, '' if nothing."""
    modifiers = event.modifiers() & ~M.KeypadModifier
    key = event.key()
    if key in ANY_SHIFT:
        modifiers &= ~M.ShiftModifier
    for row in ROWS:
        if key in row.keys and modifiers == row.modifiers and row.editing in (None, editing):
            return row.does
    return ""


def help_text(editing: bool) -> str:
    """All keys in one paragraph."""
    words = [row.words for row in ROWS if row.words and row.editing in (None, editing)]
    words.append("Shift and arrows: move the picture")
    if editing:
        words += [
            "Alt and arrows: move the box",
            "Alt, Shift and arrows: change its size",
            "Tab: next box, then on",
        ]
    return ". ".join(words) + "."
