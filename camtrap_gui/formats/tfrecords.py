"""TFRecord files of crops, written without TensorFlow.

A TFRecord file is a row of frames: length (8 bytes), checksum of the length, ``tf.train.Example``, checksum of the
Example; checksums are masked CRC-32C (tensorflow/core/lib/io/record_writer.cc, hash/crc32c.h). The Example's keys are
those of the "Training a classifier" tutorial, also those it leaves empty, because readers ask for them.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import google_crc32c
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from camtrap_gui.files import replacing

PER_SHARD = 200
"""Examples in one file, as in the tutorial."""


class Picture(NamedTuple):
    """One crop: its JPEG bytes with their size and SHA-256, its number and file name, its class."""

    encoded: bytes
    width: int
    height: int
    sha256: str
    id: int
    file: str
    class_id: int
    class_name: str


def example(picture: Picture) -> bytes:
    """The crop as a serialized ``tf.train.Example``; equal pictures give equal bytes."""
    number = str(picture.id).encode()
    name = picture.class_name.encode()
    message = _Example()
    feature = message.features.feature
    for key, value in (
        ("image/filename", picture.file.encode()),
        ("image/id", number),
        ("image/source_id", number),
        ("image/encoded", picture.encoded),
        ("image/colorspace", b"RGB"),
        ("image/format", b"JPEG"),
        ("image/extra", b""),
        ("image/class/text", name),
        ("image/key/sha256", picture.sha256.encode()),
    ):
        feature[key].bytes_list.value.append(value)
    for key, integer in (
        ("image/height", picture.height),
        ("image/width", picture.width),
        ("image/channels", 3),
        ("image/class/label", picture.class_id),
        ("image/object/count", 0),
    ):
        feature[key].int64_list.value.append(integer)
    feature["image/class/conf"].float_list.value.append(1.0)
    for key in _NO_FLOATS:
        feature[key].float_list.SetInParent()
    for key in _NO_INTEGERS:
        feature[key].int64_list.SetInParent()
    for key in _NO_TEXTS:
        feature[key].bytes_list.SetInParent()
    return bytes(message.SerializeToString(deterministic=True))


def write_shards(
    folder: Path, split: str, examples: Iterable[bytes], per_shard: int = PER_SHARD
) -> list[str]:
    """Write ``<split>-00000``, ``<split>-00001`` ... and return their names; no example, no file."""
    waiting = iter(examples)
    names: list[str] = []
    for first in waiting:
        name = f"{split}-{len(names):05d}"
        with replacing(folder / name) as beside, beside.open("wb") as file:
            for data in chain([first], islice(waiting, per_shard - 1)):
                length = struct.pack("<Q", len(data))
                file.write(b"".join((length, _checksum(length), data, _checksum(data))))
        names.append(name)
    return names


def read(path: Path) -> Iterator[bytes]:
    """The serialized Examples of one file. Raises ValueError where it is cut off or damaged."""
    with path.open("rb") as file:
        while head := file.read(12):
            if len(head) < 12 or _checksum(head[:8]) != head[8:]:
                raise ValueError(f"{path}: damaged record")
            (length,) = struct.unpack("<Q", head[:8])
            data, check = file.read(length), file.read(4)
            if len(data) < length or _checksum(data) != check:
                raise ValueError(f"{path}: damaged record")
            yield data


class Encoded(NamedTuple):
    """Where a crop's JPEG bytes lie in a file: ``length`` bytes from ``offset`` on. ``sha256`` is what they had."""

    sha256: str
    offset: int
    length: int


def locate(path: Path) -> Iterator[Encoded]:
    """Where the crops of one file are, so that each can be read alone. Raises ValueError as ``read`` does."""
    at = 0
    for data in read(path):
        try:
            feature = _Example.FromString(data).features.feature
        except DecodeError as error:
            raise ValueError(f"{path}: {error}") from error
        sha256, encoded = (feature[key].bytes_list.value for key in ("image/key/sha256", "image/encoded"))
        if sha256 and encoded:
            yield Encoded(
                sha256[0].decode("ascii", "replace"), at + 12 + data.index(encoded[0]), len(encoded[0])
            )
        at += 12 + len(data) + 4


_BOXES = "image/object/bbox/"
_PARTS = "image/object/parts/"
_NO_FLOATS = (
    *(_BOXES + name for name in ("xmin", "xmax", "ymin", "ymax", "score", "conf")),
    *(_PARTS + name for name in ("x", "y", "score")),
    "image/object/area",
)
_NO_INTEGERS = (_BOXES + "label", "image/object/class/label", "image/object/is_crowd", _PARTS + "v")
_NO_TEXTS = (_BOXES + "text", "image/object/class/text", "image/object/id")


def _checksum(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def _example_class() -> Any:
    # tensorflow/core/example/{feature,example}.proto, in a pool of its own so that TensorFlow may be loaded as well.
    kind = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="tensorflow", syntax="proto3")
    feature = descriptor_pb2.DescriptorProto(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, (name, value) in enumerate(
        (("Bytes", kind.TYPE_BYTES), ("Float", kind.TYPE_FLOAT), ("Int64", kind.TYPE_INT64)), start=1
    ):
        values = file.message_type.add(name=f"{name}List")
        values.field.add(name="value", number=1, label=kind.LABEL_REPEATED, type=value)
        feature.field.add(
            name=f"{name.lower()}_list",
            number=number,
            label=kind.LABEL_OPTIONAL,
            type=kind.TYPE_MESSAGE,
            type_name=f".tensorflow.{name}List",
            oneof_index=0,
        )
    file.message_type.append(feature)
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=kind.LABEL_OPTIONAL, type=kind.TYPE_STRING)
    _message(entry, "value", 2, ".tensorflow.Feature")
    _message(features, "feature", 1, ".tensorflow.Features.FeatureEntry", kind.LABEL_REPEATED)
    _message(file.message_type.add(name="Example"), "features", 1, ".tensorflow.Features")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))


def _message(owner: Any, name: str, number: int, type_name: str, label: int | None = None) -> None:
    kind = descriptor_pb2.FieldDescriptorProto
    label = kind.LABEL_OPTIONAL if label is None else label
    owner.field.add(name=name, number=number, label=label, type=kind.TYPE_MESSAGE, type_name=type_name)


_Example = _example_class()
