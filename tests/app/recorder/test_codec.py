"""Exchanges survive as bytes, exactly, also those that an older server wrote."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from app.exchange import Exchange, Message
from app.recorder.codec import (
    _SHAPES,
    VERSION,
    NewerFormat,
    Undecodable,
    Unencodable,
    decode,
    encode,
)
from tests.exchanges import EXCHANGES, make_exchange

WRITTEN_BY_V1 = (
    rb'{"v":1,"exchange":{"messages":[{"role":"user","content":"a\u0000\n'
    b"\xed\xa0\xbd\xed\xb8\x80"  # two surrogates that are no pair
    rb'"}],"model":"answer","parameters":{"seed":7},'
    rb'"passages":[{"id":"p","text":"t","source":"s","title":"","score":0.5}],"user":null,'
    rb'"session":"x","metadata":{},"key_id":"018f0000-0000-7000-8000-000000000001",'
    rb'"id":"018f0000-0000-7000-8000-000000000000","created_at":"2026-11-23T10:00:00+00:00",'
    rb'"model_version":"1","outcome":"blocked","finish_reason":"blocked","error_code":null,'
    rb'"generated":"g","completion":"","prompt_edits":[{"start":0,"end":1,"replacement":"b"}],'
    rb'"completion_edits":[],"citations":[{"passage":0,"source":"s","title":"","start":0,"end":1,'
    rb'"answer_start":0,"answer_end":1}],"verdicts":[{"id":"t","filter":"toxicity","version":"1",'
    rb'"stage":"input","action":"block","mode":"enforce","score":0.9,"threshold":0.5,'
    rb'"label":"threat","ranges":[{"start":0,"end":1,"label":"l","score":1.0,"replacement":null}],'
    rb'"evidence":[{"passage":0,"start":0,"end":1,"label":"l","score":0.1}],"scores":{"threat":0.9},'
    rb'"duration_ms":1.5,"error":null}],"usage":{"prompt_tokens":1,"completion_tokens":2},'
    rb'"timings_ms":{"total":3.0}}}'
)


@settings(deadline=None)
@given(EXCHANGES)
def test_any_exchange_comes_back_equal(exchange: Exchange) -> None:
    line = encode(exchange)

    assert decode(line) == exchange
    assert b"\n" not in line


def test_reads_what_version_1_wrote() -> None:
    exchange = decode(WRITTEN_BY_V1)

    assert exchange.prompt == "a\0\n\ud83d\ude00"
    assert exchange.verdicts[0].ranges[0].label == "l"
    assert exchange.citations[0].answer_end == 1
    assert encode(exchange) == WRITTEN_BY_V1


def test_the_recorded_classes_have_the_shape_of_version_1() -> None:
    """Whoever changes one raises VERSION, keeps a reader for the old one, and changes this."""
    shapes = {kind.__name__: " ".join(names) for kind, (names, _) in _SHAPES.items()}

    written: dict[str, Any] = json.loads(WRITTEN_BY_V1.decode("utf-8", "surrogatepass"))
    assert written["v"] == VERSION
    assert shapes["Exchange"] == " ".join(written["exchange"])
    assert shapes["Verdict"] == " ".join(written["exchange"]["verdicts"][0])
    assert shapes["Range"] == " ".join(written["exchange"]["verdicts"][0]["ranges"][0])
    assert shapes["Evidence"] == " ".join(written["exchange"]["verdicts"][0]["evidence"][0])
    assert shapes["Citation"] == " ".join(written["exchange"]["citations"][0])
    assert shapes["Passage"] == " ".join(written["exchange"]["passages"][0])
    assert shapes["Edit"] == " ".join(written["exchange"]["prompt_edits"][0])
    assert shapes["Message"] == " ".join(written["exchange"]["messages"][0])
    assert shapes["Usage"] == " ".join(written["exchange"]["usage"])
    assert len(shapes) == 9


def test_a_newer_format_is_told_from_a_broken_one() -> None:
    with pytest.raises(NewerFormat):
        decode(b'{"v":2,"exchange":{}}')


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"{", b"[]", b"7", b"null", b"{}", b"\xff", b'{"v":1}', b'{"v":0}', b'{"v":"9"}'),
        *(b'{"v":[]}', b'{"v":true,"exchange":{}}', b"[" * 100_000),
        encode(make_exchange()).replace(b'"model":', b'"madel":'),
        encode(make_exchange()).replace(b'"outcome":"completed"', b'"outcome":"completad"'),
        encode(make_exchange()).replace(b'"stage":"input"', b'"stage":"in"'),
        encode(make_exchange()).replace(b'"messages":[', b'"messages":[7,'),
        encode(make_exchange()).replace(b'"key_id":null', b'"key_id":7'),
    ],
    ids=lambda line: repr(line[:12]),
)
def test_what_is_no_exchange_is_refused(line: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(line)


def test_numbers_of_numpy_are_numbers() -> None:
    exchange = make_exchange(timings_ms={"total": np.float32(0.5), "steps": np.int64(3)})

    assert decode(encode(exchange)).timings_ms == {"total": 0.5, "steps": 3}


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"bytes", nested(100_000), 10**5_000],
    ids=["object", "set", "bytes", "deep", "huge"],
)
def test_what_json_does_not_know_is_refused_without_quoting_it(value: object) -> None:
    with pytest.raises(Unencodable) as caught:
        encode(make_exchange(metadata={"secret": value}))

    assert str(caught.value) in {"TypeError", "ValueError", "RecursionError"}


def test_mappings_of_any_class_are_written() -> None:
    exchange = Exchange((Message("user", "x"),), "m", parameters=MappingProxyType({"seed": 1}))

    assert decode(encode(exchange)).parameters == {"seed": 1}
