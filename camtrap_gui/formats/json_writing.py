"""Writing one huge JSON object whose lists are filled side by side, in memory that does not grow with them.

The first list goes straight into the file; the others wait in temporary files until their turn.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from camtrap_gui.files import replacing

Add = Callable[[str, Mapping[str, Any]], None]


@contextmanager
def writing(path: Path, lists: Sequence[str], rest: Callable[[], Mapping[str, Any]]) -> Iterator[Add]:
    """A function that adds a record to one of the ``lists``; the file appears, complete, when the block ends well.

    ``rest`` gives the other members; it is asked last.
    """
    encode = msgspec.json.Encoder().encode
    with replacing(path) as beside, ExitStack() as open_files:
        whole = open_files.enter_context(beside.open("wb"))
        parts = {
            name: open_files.enter_context(tempfile.TemporaryFile(dir=path.parent)) for name in lists[1:]
        }
        parts[lists[0]] = whole  # type: ignore[assignment]
        separators = dict.fromkeys(lists, b"\n")
        whole.write(b'{"' + lists[0].encode() + b'": [')

        def add(name: str, record: Mapping[str, Any]) -> None:
            parts[name].write(separators[name] + encode(record))
            separators[name] = b",\n"

        yield add
        whole.write(b"\n]")
        for name in lists[1:]:
            whole.write(b',\n"' + name.encode() + b'": [')
            parts[name].seek(0)
            shutil.copyfileobj(parts[name], whole, 1 << 20)
            whole.write(b"\n]")
        for name, value in rest().items():
            whole.write(b",\n" + encode(name) + b": " + encode(value))
        whole.write(b"\n}\n")
