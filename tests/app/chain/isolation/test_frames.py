"""What a filter's process is told and says comes over whole, and nonsense is no finding."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from time import monotonic
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chain.isolation import frames
from filters import Context, Evidence, Finding, Item, Passage, Range, Role, Stage

TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
SCORE = st.floats(0, 1)
PASSAGES = st.lists(st.builds(Passage, TEXT, TEXT, TEXT, TEXT, SCORE), max_size=3).map(tuple)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def through_json(message: dict[str, Any]) -> dict[str, Any]:
    sender, receiver = socket.socketpair()
    with sender, receiver:
        frames.send(sender, message)
        return frames.receive(receiver)


@given(
    st.builds(
        Item,
        TEXT,
        st.builds(
            Context,
            st.sampled_from(Stage),
            TEXT,
            PASSAGES,
            st.booleans(),
            st.lists(TEXT, max_size=3).map(tuple),
            st.sampled_from(Role),
        ),
        *[st.integers(0, 10**9)] * 3,
    )
)
def test_items_come_over_whole(item: Item) -> None:
    assert frames.read_item(through_json(frames.item_message(item))) == item


@given(
    st.builds(
        Finding,
        SCORE,
        TEXT,
        st.lists(
            st.builds(
                lambda at, size, label, new: Range(at, at + size, label, 0.5, new),
                *(st.integers(0, 99), st.integers(1, 9), TEXT, st.none() | TEXT),
            )
        ).map(tuple),
        st.lists(st.builds(Evidence, st.just(0), st.just(1), st.just(2), TEXT, SCORE)).map(tuple),
        PASSAGES,
        st.dictionaries(TEXT, SCORE, max_size=3),
    )
)
def test_findings_come_over_whole(finding: Finding) -> None:
    assert frames.read_finding(through_json(frames.finding_message(finding))) == finding


def test_numpys_numbers_are_numbers() -> None:
    scores: Any = {"a": np.float32(0.5)}
    start: Any = np.int64(2)
    finding = Finding(np.float32(0.25), "a", (Range(start, 4, "a"),), scores=scores)  # type: ignore[arg-type]

    read = frames.read_finding(through_json(frames.finding_message(finding)))

    assert (read.score, read.ranges, read.scores) == (0.25, (Range(2, 4, "a"),), {"a": 0.5})
    assert type(read.score) is float


@pytest.mark.parametrize(
    "change",
    [
        {"score": 1.5},
        {"score": "1"},
        {"label": None},
        {"ranges": [{"start": 3, "end": 1, "label": "x"}]},
        {"ranges": [{"start": 0, "end": 1, "label": "x", "more": 1}]},
        {"ranges": None},
        {"scores": []},
        {"passages": [7]},
    ],
)
def test_nonsense_is_no_finding(change: dict[str, Any]) -> None:
    finding = frames.finding_message(Finding(1.0, "x"))

    with pytest.raises((TypeError, ValueError, LookupError)):
        frames.read_finding(finding | change)
    with pytest.raises(LookupError):
        frames.read_finding({})


@pytest.mark.parametrize(
    "content",
    [
        struct.pack(">I", frames.MOST_BYTES + 1),
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 3) + b"\xff\xfe\xfd",
        struct.pack(">I", 4) + b"nope",
    ],
)
def test_what_is_no_message_is_refused(
    pair: tuple[socket.socket, socket.socket], content: bytes
) -> None:
    pair[0].sendall(content)

    with pytest.raises(ValueError):  # noqa: PT011  JSON's and ours
        frames.receive(pair[1])


def test_a_message_that_drips_runs_out_of_time(pair: tuple[socket.socket, socket.socket]) -> None:
    body = json.dumps({"finding": None}).encode()
    pair[0].sendall(struct.pack(">I", len(body)) + body[:-1])

    with pytest.raises(TimeoutError):
        frames.receive(pair[1], monotonic() + 0.05)


def test_the_end_of_the_other_side_is_told(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].sendall(b"\0\0")
    pair[0].shutdown(socket.SHUT_WR)

    with pytest.raises(EOFError):
        frames.receive(pair[1])


def test_too_much_is_not_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(ValueError, match="too long"):
        frames.send(pair[0], {"text": "x" * frames.MOST_BYTES})
