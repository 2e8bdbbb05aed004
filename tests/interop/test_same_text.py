"""OpenAI's Python client, our own endpoint, whole or streamed: one text."""

from __future__ import annotations

import json
from typing import Any

import httpx
from openai import OpenAI

from tests.interop.asking import chat, text_of
from tests.interop.conftest import Endpoint


def infer(endpoint: Endpoint, *, stream: bool, **parameters: Any) -> str:
    """Ask the noise by the server's own endpoint."""
    reply = httpx.post(
        endpoint.url.replace("/v1", "/infer"),
        headers={"authorization": f"Bearer {endpoint.key}"},
        json={"model": "noise", "prompt": "Go.", "parameters": parameters, "stream": stream},
    )
    if not stream:
        return str(reply.json()["completion"])
    events = [event.split("\ndata: ") for event in reply.text.split("\n\n") if event]
    assert [name for name, _ in events][-1] == "event: done"
    texts = [json.loads(content).get("text", "") for _, content in events[:-1]]
    assert json.loads(events[-1][1])["completion"] == "".join(texts)
    return "".join(texts)


def test_every_endpoint_gives_the_same_text(client: OpenAI, endpoint: Endpoint) -> None:
    """Whole and streamed; the model babbles, and only the seed holds it to one text."""
    sampled = {"temperature": 1.0, "seed": 3, "max_tokens": 16}
    limited: dict[str, Any] = {"model": "noise", **sampled}
    messages: Any = [{"role": "user", "content": "Go."}]
    own = infer(endpoint, stream=False, **sampled)
    completions = client.completions
    streamed = completions.create(prompt="Go.", stream=True, **limited)

    assert own
    assert infer(endpoint, stream=True, **sampled) == own
    assert chat(client, "Go.", **limited).choices[0].message.content == own
    assert text_of(client.chat.completions.create(messages=messages, stream=True, **limited)) == own
    continued = infer(endpoint, stream=False, raw=True, **sampled)
    assert continued != own
    assert infer(endpoint, stream=True, raw=True, **sampled) == continued
    assert completions.create(prompt="Go.", **limited).choices[0].text == continued
    assert "".join(chunk.choices[0].text for chunk in streamed) == continued


def test_responses_give_the_same_text_as_all_others(client: OpenAI, endpoint: Endpoint) -> None:
    """They know no seed, so the likeliest tokens are compared."""
    own = infer(endpoint, stream=False, max_tokens=16)
    asked: Any = {"model": "noise", "input": "Go.", "max_output_tokens": 16}
    made = client.responses.create(**asked)
    events = client.responses.create(stream=True, **asked)
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]

    assert own
    assert infer(endpoint, stream=True, max_tokens=16) == own
    assert chat(client, "Go.", model="noise", max_tokens=16).choices[0].message.content == own
    assert made.output_text == "".join(deltas) == own
    assert client.responses.retrieve(made.id).output_text == own
