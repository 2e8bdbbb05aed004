"""OpenAI's own Python client against a running server."""

from __future__ import annotations

import base64
import json
from typing import Any, Literal

import numpy as np
import pytest
from openai import BadRequestError, OpenAI
from pydantic import BaseModel

from tests.integration.serving import QUESTION
from tests.interop.asking import chat, text_of
from tests.interop.serving import LETTERS, WRITTEN
from tests.recital import recital


def test_a_chat_completion(client: OpenAI) -> None:
    answer = chat(client, user="u-1", metadata={"shop": "north"}, store=True)
    [choice] = answer.choices

    assert choice.message.content == WRITTEN
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    assert answer.model == answer.system_fingerprint == "recital@1"
    assert answer.usage
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id


def test_a_stream_is_the_same_text(client: OpenAI) -> None:
    with client.chat.completions.create(
        model="recital",
        messages=[{"role": "developer", "content": "Recite."}, {"role": "user", "content": "Go."}],
        stream=True,
        stream_options={"include_usage": True},
    ) as stream:
        chunks = list(stream)
    *texts, last = chunks

    assert texts[0].choices[0].delta.role == "assistant"
    assert text_of(texts) == WRITTEN
    assert len(texts) >= 3
    assert texts[-1].choices[0].finish_reason == "stop"
    assert (last.choices, {chunk.usage for chunk in texts}) == ([], {None})
    assert last.usage
    assert last.usage.completion_tokens > 0


def test_the_stream_helper_puts_the_answer_together(client: OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "Go."}]
    with client.chat.completions.stream(model="recital", messages=messages) as stream:
        kinds = [event.type for event in stream]
        answer = stream.get_final_completion()

    assert "content.delta" in kinds
    assert answer.choices[0].message.content == WRITTEN


def test_an_answer_carries_its_sources(client: OpenAI) -> None:
    [choice] = chat(client, QUESTION, model="answer").choices
    extra = (choice.model_extra or {})["penstock"]

    assert extra["outcome"] == "completed"
    assert extra["citations"][0]["source"].endswith("gates.md")
    assert [verdict["id"] for verdict in extra["verdicts"]] == [
        "blocklist",
        "search",
        "manners",
        "slow",
    ]


def test_a_blocked_question(client: OpenAI) -> None:
    [choice] = chat(client, "dynamite").choices

    assert (choice.message.content, choice.finish_reason) == ("", "content_filter")


def test_a_blocked_answer_ends_where_the_filter_said(client: OpenAI) -> None:
    [choice] = chat(client, model="villain").choices
    messages: Any = [{"role": "user", "content": "Go on."}]
    streamed = list(client.chat.completions.create(model="villain", messages=messages, stream=True))
    content = choice.message.content or ""

    assert content.startswith("Line 1. Line 2. ")
    assert "evil" not in content
    assert text_of(streamed) == content
    assert streamed[-1].choices[0].finish_reason == choice.finish_reason == "content_filter"


def test_several_choices_have_seeds_of_their_own(client: OpenAI) -> None:
    several = chat(client, model="noise", n=3, seed=5, temperature=1.5, max_tokens=12)
    texts = [choice.message.content for choice in several.choices]
    alone = chat(client, model="noise", seed=6, temperature=1.5, max_completion_tokens=12)

    assert [choice.index for choice in several.choices] == [0, 1, 2]
    assert len(set(texts)) == 3
    assert alone.choices[0].message.content == texts[1]
    assert alone.choices[0].finish_reason == several.choices[1].finish_reason


def test_moderations(client: OpenAI) -> None:
    answer = client.moderations.create(input=["Hello.", "dynamite"], model="omni-moderation-latest")
    harmless, blocked = answer.results

    assert (harmless.flagged, blocked.flagged) == (False, True)
    assert not blocked.categories.violence
    assert blocked.category_scores.violence == 0.0
    assert (blocked.categories.model_extra or {})["blocklist"]


def test_stop_ends_before_a_text(client: OpenAI) -> None:
    [choice] = chat(client, stop=["Three"]).choices

    assert choice.message.content == "One. Two. "


class Colour(BaseModel):
    name: Literal["red", "green"]
    is_warm: bool


def test_structured_output(client: OpenAI) -> None:
    """The model babbles; the schema makes sense of it."""
    messages: Any = [{"role": "user", "content": "Go."}]
    parsed = client.chat.completions.parse(
        model="noise", messages=messages, response_format=Colour, max_tokens=100
    )
    response = client.responses.parse(model="noise", input="Go.", text_format=Colour)

    assert isinstance(parsed.choices[0].message.parsed, Colour)
    assert isinstance(response.output_parsed, Colour)


def test_any_json(client: OpenAI) -> None:
    [choice] = chat(
        client, model="noise", response_format={"type": "json_object"}, max_tokens=100
    ).choices

    assert choice.finish_reason == "length" or isinstance(
        json.loads(choice.message.content or ""), dict
    )


def test_log_probabilities(client: OpenAI) -> None:
    [choice] = chat(client, logprobs=True).choices
    text = client.completions.create(model="alphabet", prompt="say a", logprobs=0)
    response = client.responses.create(
        model="recital", input="Go.", include=["message.output_text.logprobs"]
    )
    [part] = response.output[0].model_dump()["content"]

    assert choice.logprobs
    tokens = choice.logprobs.content or []
    assert "".join(token.token for token in tokens) == WRITTEN
    assert all(token.logprob <= 0 for token in tokens)
    assert text.choices[0].logprobs
    assert text.choices[0].logprobs.tokens == ["b", "c", "d"]
    assert [token["token"] for token in part["logprobs"]] == [token.token for token in tokens]


def test_a_text_completion(client: OpenAI) -> None:
    """The text is continued; as a message it would be answered from the beginning."""
    answer = client.completions.create(model="alphabet", prompt=["say a", "say b"])
    chunks = list(client.completions.create(model="alphabet", prompt="say a", stream=True))
    [message] = chat(client, "say a", model="alphabet").choices

    assert [choice.text for choice in answer.choices] == ["bcd", "cd"]
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.usage
    assert answer.usage.prompt_tokens == len("say asay b")
    assert "".join(chunk.choices[0].text for chunk in chunks) == "bcd"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert message.message.content == "abcd"


def test_a_text_completion_with_its_prompt(client: OpenAI) -> None:
    asked: dict[str, Any] = {"model": "alphabet", "prompt": "say a", "echo": True}
    chunks = client.completions.create(stream=True, **asked)

    assert client.completions.create(**asked).choices[0].text == "say abcd"
    assert "".join(chunk.choices[0].text for chunk in chunks) == "say abcd"


def test_a_prompt_of_tokens(client: OpenAI) -> None:
    """Those of the model, as evaluation harnesses send them; filters see their text."""
    alphabet, _ = recital([letter.encode() for letter in LETTERS], ends=True)
    texts = ("say a", "dynamite")
    harmless, blocked = (alphabet.encode(text).ids for text in texts)
    several = client.completions.create(model="alphabet", prompt=[harmless, blocked], echo=True)

    assert client.completions.create(model="alphabet", prompt=harmless).choices[0].text == "bcd"
    assert [choice.text for choice in several.choices] == ["say abcd", ""]
    assert several.choices[1].finish_reason == "content_filter"
    with pytest.raises(BadRequestError, match="not tokens of a text"):
        client.completions.create(model="alphabet", prompt=[10**6])
    with pytest.raises(BadRequestError, match="takes texts"):
        client.completions.create(model="answer", prompt=harmless)


def test_a_response_can_be_had_again(client: OpenAI) -> None:
    made = client.responses.create(
        model="recital", instructions="Recite.", input="Go.", metadata={"shop": "north"}
    )
    again = client.responses.retrieve(made.id)

    assert made.output_text == again.output_text == WRITTEN
    assert (made.status, again.status) == ("completed", "completed")
    assert again.usage == made.usage
    assert again.metadata == {"shop": "north"}


def test_a_streamed_response(client: OpenAI) -> None:
    with client.responses.stream(model="recital", input="Go.") as stream:
        events = list(stream)
        final = stream.get_final_response()

    assert final.output_text == WRITTEN
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1].type == "response.completed"
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_a_blocked_response_is_incomplete(client: OpenAI) -> None:
    made = client.responses.create(model="villain", input="Go.")
    events = list(client.responses.create(model="villain", input="Go.", stream=True))

    assert made.status == "incomplete"
    assert made.output_text.startswith("Line 1. ")
    assert made.incomplete_details
    assert made.incomplete_details.reason == "content_filter"
    assert events[-1].type == "response.incomplete"


def test_the_models(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]

    assert {"recital", "recital@1", "answer", "encoder"} <= set(names)
    assert client.models.retrieve("recital@1").id == "recital@1"


def test_embeddings_as_numbers_and_as_bytes(client: OpenAI) -> None:
    """Left to itself the client asks for base64 and decodes it."""
    texts = ["gates hold water", "birds fly south"]
    decoded = client.embeddings.create(model="encoder", input=texts)
    numbers = client.embeddings.create(model="encoder", input=texts, encoding_format="float")
    raw = client.embeddings.with_raw_response.create(model="encoder", input=texts[0])
    coded = base64.b64decode(raw.http_response.json()["data"][0]["embedding"])

    assert np.allclose([e.embedding for e in decoded.data], [e.embedding for e in numbers.data])
    assert np.allclose(np.frombuffer(coded, "<f4"), numbers.data[0].embedding)
    assert np.isclose(np.linalg.norm(numbers.data[0].embedding), 1.0)
    assert decoded.usage.prompt_tokens > 0
