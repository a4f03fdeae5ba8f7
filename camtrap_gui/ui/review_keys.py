"""Every key of the review page in one table: shortcuts, tooltips and the overview of keys are made from it.

A letter is a decision, so a species is not named by starting to type: whoever types "elephant" would first of all say
that the picture is empty. R or / opens the field to type in; letters without a meaning do nothing.
"""

from dataclasses import dataclass
from html import escape

from PySide6.QtGui import QKeySequence

NUMBERS = 9
"""Species that have a number key: the likeliest five, then those used last."""


@dataclass(frozen=True)
class Key:
    """What one or several keys do. ``slot`` is a method of ``Deciding``, called with ``argument`` unless it is ''.

    ``sequence``: together with Shift it is said of the whole sequence. ``elsewhere``: the pictures look after the key
    while they have the keyboard, as in other places it presses a button or moves a slider, or the window does.
    ``group`` '' leaves it out of the overview.
    """

    name: str
    text: str
    keys: tuple[str, ...]
    slot: str = ""
    argument: str = ""
    group: str = "Say what is there"
    sequence: bool = False
    elsewhere: bool = False


KEYS = (
    Key("accept", "Accept the proposal", ("Space",), "accept", sequence=True, elsewhere=True),
    Key("numbers", "The species with this number", ("1", "9")),
    *(
        Key(f"number_{digit}", "", (str(digit),), "say_number", str(digit), group="", sequence=True)
        for digit in range(1, NUMBERS + 1)
    ),
    Key("relabel", "Type another species", ("R", "/"), "type_species"),
    Key("add", "Add a second species", ("A",), "type_another"),
    Key("empty", "Nothing there", ("E",), "say_species", "empty", sequence=True),
    Key("person", "Person", ("H",), "say_species", "person", sequence=True),
    Key("vehicle", "Vehicle", ("V",), "say_species", "vehicle", sequence=True),
    Key("unknown", "Cannot be told", ("U",), "say_species", "unknown", sequence=True),
    Key("flag", "Flag, to come back to it", ("F",), "flag", sequence=True),
    Key("count", "How many there are", ("C",), "type_count"),
    Key("sequence", "Say everything of whole sequences", ("S",), "switch_sequence"),
    Key("next", "Next picture", ("J", "Right"), "step", "1", group="Go"),
    Key("previous", "Previous picture", ("K", "Left"), "step", "-1", group="Go"),
    Key("unreviewed", "Next unreviewed picture", ("N",), "go_unreviewed", group="Go"),
    Key("again", "Ask the queue again", ("F5",), "ask_again", group="Go"),
    Key("open", "Look at one picture; accept there", ("Return",), group="Go", elsewhere=True),
    Key("close", "Back to the grid", ("Esc",), group="Go", elsewhere=True),
    Key(
        "frames", "Previous and next picture of the sequence", ("PgUp", "PgDown"), group="Go", elsewhere=True
    ),
    Key("explain", "What the classifier looked at", ("W",), "explain", group="Go"),
    Key("boxes", "Previous and next box of the picture", ("Up", "Down"), group="Go", elsewhere=True),
    Key(
        "select", "Select a range", ("Shift+Left", "Shift+Right"), group="Select in the grid", elsewhere=True
    ),
    Key("all", "Select everything", ("Ctrl+A",), group="Select in the grid", elsewhere=True),
    Key("undo", "Undo", ("Ctrl+Z",), "undo", group="Take back", elsewhere=True),
    Key("redo", "Redo", ("Ctrl+Shift+Z",), "redo", group="Take back", elsewhere=True),
    Key("history", "History of decisions", ("Ctrl+H",), "show_history", group="Take back"),
    Key("keys", "These keys", ("?",), "show_keys", group="Take back"),
)
BY_NAME = {key.name: key for key in KEYS}


def native(keys: str) -> str:
    """A key as it is called on this system."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


def tip(name: str, words: str = "") -> str:
    """A tooltip that says what a control does and by which key."""
    key = BY_NAME[name]
    said = f"<p>{escape(words or key.text)} <b>{' or '.join(escape(native(one)) for one in key.keys)}</b></p>"
    return said + ("<p>With Shift: for the whole sequence.</p>" if key.sequence else "")
