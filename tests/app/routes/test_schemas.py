from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from app.errors import InvalidRequest, PassagesTooLong, PromptTooLong
from app.exchange import Message
from app.routes.schemas import InferRequest, inline_schema
from app.settings import LimitSettings

LIMITS = LimitSettings(prompt_chars=20, messages=2, passages=1, metadata_bytes=30)


def asked(**body: Any) -> InferRequest:
    return InferRequest.model_validate(body)


def test_a_prompt_is_one_user_message() -> None:
    key = uuid4()
    exchange = asked(prompt="Why?", user="u", session="s", metadata={"a": [1]}).to_exchange(
        "answer", key
    )

    assert exchange.messages == (Message("user", "Why?"),)
    assert (exchange.model, exchange.key_id) == ("answer", key)
    assert (exchange.user, exchange.session, exchange.metadata) == ("u", "s", {"a": [1]})
    assert exchange.parameters == {}


def test_everything_a_client_may_say_reaches_the_exchange() -> None:
    exchange = asked(
        messages=[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}],
        model="other@2",
        parameters={"max_tokens": 5, "temperature": 1, "stop": ["."]},
        passages=[{"text": "One."}, {"text": "Two.", "source": "b.md", "title": "B"}],
    ).to_exchange("answer", None)

    assert [m.role for m in exchange.messages] == ["system", "user"]
    assert exchange.model == "other@2"
    assert exchange.parameters == {"max_tokens": 5, "temperature": 1.0, "stop": ["."]}
    assert [(p.id, p.source, p.title) for p in exchange.passages] == [
        ("request-0", "request", ""),
        ("request-1", "b.md", "B"),
    ]


@pytest.mark.parametrize(
    "field",
    ["id", "verdicts", "outcome", "key_id", "filters", "chain", "generated", "model_version"],
)
def test_a_client_cannot_set_what_is_the_servers(field: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        asked(prompt="x", **{field: "x"})


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": True},
        {"prompt": "x", "stream": 1},
        {"prompt": "x", "stream": "true"},
        {"prompt": "x", "parameters": {"max_tokens": "5"}},
        {"prompt": "x", "parameters": {"max_tokens": 5.0}},
        {"prompt": "x", "parameters": {"max_tokens": 0}},
        {"prompt": "x", "parameters": {"top_p": 0}},
        {"prompt": "x", "parameters": {"seed": -1}},
        {"prompt": "x", "parameters": {"stop": ["a"] * 9}},
        {"prompt": "x", "parameters": {"stop": [""]}},
        {"prompt": "x", "metadata": []},
        {"prompt": "x", "user": ""},
        {"prompt": ["x"]},
        {"messages": "x"},
    ],
)
def test_nothing_is_guessed(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        asked(**body)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \n"}, "prompt"),
        ({"prompt": "x" * 21}, "prompt"),
        ({"messages": [{"role": "user", "content": "x" * 11}] * 2}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "x"}] * 3}, "messages"),
        ({"prompt": "x", "passages": [{"text": "a"}, {"text": "b"}]}, "passages"),
        ({"prompt": "x", "metadata": {"a": "b" * 30}}, "metadata"),
    ],
)
def test_the_servers_bounds_hold(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        asked(**body).check(LIMITS)

    assert raised.value.param == param


def test_the_prompt_is_bounded_over_all_messages() -> None:
    asked(prompt="x" * 20).check(LIMITS)
    turns = [{"role": "user", "content": "x" * 11}] * 2
    with pytest.raises(PromptTooLong):
        asked(messages=turns).check(LIMITS)


def test_the_passages_are_bounded_together() -> None:
    limits = LimitSettings(passages_chars=20)
    asked(prompt="x", passages=[{"text": "x" * 10}] * 2).check(limits)
    with pytest.raises(PassagesTooLong) as raised:
        asked(prompt="x", passages=[{"text": "x" * 10}, {"text": "x" * 11}]).check(limits)

    assert (raised.value.code, raised.value.param) == ("passages_too_long", "passages")


def test_surrogates_are_characters_like_others() -> None:
    body = asked(prompt="\ud800", user="\udfff", passages=[{"text": "\ud800", "title": "\ud800"}])

    assert body.to_exchange("m", None).prompt == "\ud800"
    body.check(LIMITS)


def test_the_schema_stands_alone_and_explains_every_field() -> None:
    schema = inline_schema(InferRequest)

    assert "$ref" not in str(schema)
    assert "$defs" not in str(schema)
    for name, field in schema["properties"].items():
        assert field.get("description"), name
    assert schema["properties"]["user"]["anyOf"][0]["maxLength"] == 256
