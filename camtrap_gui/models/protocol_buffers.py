"""Reading the fields of a protocol buffer, the form in which TensorFlow and ONNX store their networks.

Walking one takes milliseconds and needs neither the library that wrote it nor a description of its messages, so a
stranger's file can be judged before anything else sees it. Source: the protocol buffer wire format.
"""

import mmap
from collections.abc import Iterator

Bytes = bytes | mmap.mmap


def fields(data: Bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, first and past-the-last byte of each field of the message in ``data[start:end]``.

    For a field that is a text, bytes or a message these are the bytes of its content; for a whole number those of its
    ``varint``. Raises ValueError where the bytes do not fit.
    """
    at = start
    while at < end:
        tag, at = varint(data, at, end)
        match tag & 7:
            case 0:
                low = at
                _, at = varint(data, at, end)
            case 1:
                low, at = at, at + 8
            case 2:
                length, low = varint(data, at, end)
                at = low + length
            case 5:
                low, at = at, at + 4
            case _:
                raise ValueError("not a protocol buffer")
        if at > end or tag < 8:
            raise ValueError("a field does not fit")
        yield tag >> 3, low, at


def varint(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """The whole number that begins at ``at``, and where the next thing begins. Raises ValueError when it does not end."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number does not end")
