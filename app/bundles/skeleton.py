"""An ONNX model without its weights, which then are read from the file that holds them.

Parsing a model copies every weight. The skeleton names each large weight's place in the original
file as if it were external, so that it can be edited while the weights stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.bundles.onnx_file import FIXED32, FIXED64, LENGTH, VARINT, read_varint

GRAPH, INITIALIZER = 7, 5  # fields of a model, of a graph
RAW_DATA, EXTERNAL_DATA, DATA_LOCATION = 9, 13, 14  # fields of a tensor
KEY, VALUE = 1, 2  # fields of an entry of external data
EXTERNAL = 1  # a data location
SMALLEST = 1_024
"""Bytes from which on a weight stays behind; small constants take part in shapes and must not."""
FIXED = {FIXED32: 4, FIXED64: 8}


def skeleton(model: memoryview, location: str) -> bytes:
    """Return the model with its large weights said to lie in the file `location`, its own.

    Raises:
        ValueError: it is no protobuf message.
        IndexError: it is cut off.
    """
    return b"".join(_message(model, 0, len(model), location, (GRAPH, INITIALIZER)))


def _message(
    model: memoryview, start: int, end: int, location: str, path: tuple[int, ...]
) -> Iterator[bytes | memoryview]:
    """Yield the message's parts, with what lies on the path down to the weights rewritten."""
    if not path:
        yield from _tensor(model, start, end, location)
        return
    for number, begin, value, stop in _fields(model, start, end):
        if number != path[0]:
            yield model[begin:stop]
            continue
        inner = b"".join(_message(model, value, stop, location, path[1:]))
        yield _field(number, inner)


def _tensor(model: memoryview, start: int, end: int, location: str) -> Iterator[bytes | memoryview]:
    fields = list(_fields(model, start, end))
    large = [(value, stop) for number, _, value, stop in fields if number == RAW_DATA][-1:]
    if not large or large[0][1] - large[0][0] < SMALLEST:
        yield model[start:end]
        return
    for number, begin, _, stop in fields:
        if number not in (RAW_DATA, EXTERNAL_DATA, DATA_LOCATION):
            yield model[begin:stop]
    ((value, stop),) = large
    for key, said in (("location", location), ("offset", value), ("length", stop - value)):
        entry = _field(KEY, key.encode()) + _field(VALUE, str(said).encode())
        yield _field(EXTERNAL_DATA, entry)
    yield _varint(DATA_LOCATION << 3 | VARINT) + _varint(EXTERNAL)


def _fields(model: memoryview, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, beginning, beginning of the value and end of each field."""
    at = start
    while at < end:
        begin = at
        tag, at = read_varint(model, at)
        value = at
        wire = tag & 7
        if wire == VARINT:
            _, at = read_varint(model, at)
        elif wire == LENGTH:
            size, value = read_varint(model, at)
            at = value + size
        elif wire in FIXED:
            at += FIXED[wire]
        else:
            raise ValueError("an unknown wire type")
        if at > end:
            raise ValueError("a field ends behind its message")
        yield tag >> 3, begin, value, at


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | LENGTH) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
