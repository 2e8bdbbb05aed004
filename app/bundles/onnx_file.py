"""What an ONNX file says about other files, read without running or trusting it.

ONNX Runtime follows the paths a graph names for external weights, so they are checked before
it sees the file. Only the few protobuf fields that lead there are read (onnx.proto).
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import NamedTuple

from app.errors import BundleError

MAX_DEPTH = 100  # as protobuf itself
MAX_DIMS = 64
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

# Message by message: the number of a field, and what kind of message it holds.
CHILDREN: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
OPERATOR = 4  # of a node
DIMS, EXTERNAL = 1, 13  # of a tensor
KEY, VALUE = 1, 2  # of an entry of a tensor's external data


@dataclass(slots=True)
class OnnxFile:
    """The operators a graph uses and the stretches of other files it reads weights from."""

    operators: set[str] = field(default_factory=set)
    external: set[tuple[str, int, int]] = field(default_factory=set)
    """Location, offset, and length in bytes; length 0 is to the end."""
    elements: int = 0
    """The largest number of elements that one tensor claims to have."""


def read_onnx_file(path: Path) -> OnnxFile:
    """Walk the file.

    Raises:
        BundleError: it is not an ONNX file.
    """
    found = OnnxFile()
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            _walk(Message(whole, 0, len(whole)), "model", found, 0)
    except (ValueError, IndexError) as error:
        raise BundleError(f"{path.name} is not a readable ONNX file") from error
    if not found.operators:
        raise BundleError(f"{path.name} is not a readable ONNX file: it holds no graph")
    return found


class Message(NamedTuple):
    """A stretch of the file; nothing is copied before it is needed."""

    file: mmap.mmap
    start: int
    end: int

    def __str__(self) -> str:
        return self.file[self.start : self.end].decode("utf-8")


def _walk(message: Message, kind: str, found: OnnxFile, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    if kind == "tensor":
        _read_tensor(message, found)
        return
    children = CHILDREN[kind]
    for number, value in _fields(message):
        if isinstance(value, int):
            continue
        if number in children:
            _walk(value, children[number], found, depth + 1)
        elif kind == "node" and number == OPERATOR:
            found.operators.add(str(value))


def _read_tensor(message: Message, found: OnnxFile) -> None:
    dims: list[int] = []
    external: dict[str, str] = {}
    for number, value in _fields(message):
        if number == DIMS:
            dims += [value] if isinstance(value, int) else _varints(value)
        elif number == EXTERNAL and not isinstance(value, int):
            entry = {n: str(v) for n, v in _fields(value) if not isinstance(v, int)}
            external[entry.get(KEY, "")] = entry.get(VALUE, "")
    if len(dims) > MAX_DIMS:
        raise ValueError("too many dimensions")
    found.elements = max(found.elements, prod(dims))
    if external:
        offset, length = (int(external.get(key) or 0) for key in ("offset", "length"))
        found.external.add((external.get("location", ""), offset, length))


def _fields(message: Message) -> Iterator[tuple[int, int | Message]]:
    """Yield number and value of each field; values of fixed size are skipped."""
    file, at, end = message
    while at < end:
        tag, at = read_varint(file, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = read_varint(file, at)
            yield number, value
        elif wire == LENGTH:
            size, at = read_varint(file, at)
            if at + size > end:
                raise ValueError("a field ends behind its message")
            yield number, Message(file, at, at + size)
            at += size
        elif wire in (FIXED32, FIXED64):
            at += 4 if wire == FIXED32 else 8
        else:
            raise ValueError("an unknown wire type")
    if at != end:
        raise ValueError("cut off")


def read_varint(file: mmap.mmap | memoryview, at: int) -> tuple[int, int]:
    """Return protobuf's number of variable length at a place, and the place behind it."""
    value = file[at]
    if value < 0x80:
        return value, at + 1
    value &= 0x7F
    for place in range(1, 10):
        byte = file[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number with too many bytes")


def _varints(packed: Message) -> list[int]:
    numbers, at = [], packed.start
    while at < packed.end:
        number, at = read_varint(packed.file, at)
        numbers.append(number)
    return numbers
