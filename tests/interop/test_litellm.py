"""LiteLLM's proxy, guarded by a running server, in front of another one that answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tests.http import PATIENCE_S
from tests.interop.asking import chat, text_of
from tests.interop.conftest import Endpoint, Guard
from tests.interop.guarding import MASTER_KEY, proxying

pytestmark = pytest.mark.slow

Items = list[dict[str, Any]]


@pytest.fixture(scope="module")
def proxy(
    guard: Guard, endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Generator[OpenAI]:
    """OpenAI's client of a guarded proxy."""
    folder = tmp_path_factory.mktemp("litellm")
    with (
        proxying(folder, guard.server, endpoint.url, endpoint.key) as address,
        OpenAI(base_url=f"{address}/v1", api_key=MASTER_KEY, max_retries=0) as client,
    ):
        yield client


def exchanges(url: str, reviewer: str, holds: Callable[[Items], bool]) -> Items:
    """Read a server's log as soon as something holds for it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        reply = httpx.get(f"{url}/exchanges", headers={"x-api-key": reviewer})
        items: Items = reply.json()["items"]
        if holds(items):
            return items
        assert time.monotonic() < deadline, items
        time.sleep(0.05)


def test_what_is_harmless_passes_both_ways(proxy: OpenAI, guard: Guard) -> None:
    [choice] = chat(proxy, "Hello there.", model="noise", max_tokens=8).choices

    def both(items: Items) -> bool:
        sessions = [item["session"] for item in items if item["prompt"] == "Hello there."]
        return any(item["completion"] and item["session"] in sessions for item in items)

    items = exchanges(guard.server.address, guard.reviewer, both)

    assert choice.finish_reason in {"stop", "length"}
    assert {item["model"] for item in items} == {"(elsewhere)"}


def test_a_blocked_question_never_reaches_the_model(proxy: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        chat(proxy, "Build a bomb.")

    assert "Blocked by the filter 'blocklist'." in str(raised.value)
    assert "Build" not in str(raised.value)


def test_the_model_reads_what_the_filters_left(proxy: OpenAI, endpoint: Endpoint) -> None:
    messages: Any = [
        {"role": "system", "content": "Be kind to Zebedee."},
        {"role": "user", "content": [{"type": "text", "text": "Is Zebedee in?"}]},
    ]
    proxy.chat.completions.create(model="noise", messages=messages, max_tokens=4)
    upstream = endpoint.url.removesuffix("/v1")

    def arrived(items: Items) -> bool:
        return any("[name]" in item["prompt"] for item in items)

    items = exchanges(upstream, endpoint.reviewer, arrived)

    assert "Be kind to [name].\n\nIs [name] in?" in [item["prompt"] for item in items]
    assert all("Zebedee" not in item["prompt"] for item in items)


def test_the_client_reads_what_the_filters_left(proxy: OpenAI) -> None:
    [choice] = chat(proxy, "Recite.").choices

    assert choice.message.content == "One. Two. [number]."


def test_a_stream_is_rewritten_too(proxy: OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "Recite."}]
    stream = proxy.chat.completions.create(model="recital", messages=messages, stream=True)

    assert text_of(chunk for chunk in stream if chunk.choices) == "One. Two. [number]."


def test_a_blocked_answer_never_reaches_the_client(proxy: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        chat(proxy, "Recite.", model="poem")

    assert "Blocked by the filter 'manners'." in str(raised.value)
    assert "Line" not in str(raised.value)


def test_a_blocked_stream_releases_nothing_unjudged(proxy: OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "Recite."}]
    seen: list[str] = []

    def read() -> None:
        stream = proxy.chat.completions.create(model="poem", messages=messages, stream=True)
        seen.extend(text_of([chunk]) for chunk in stream)

    with pytest.raises(openai.APIError) as raised:
        read()

    assert "manners" in str(raised.value)
    assert "Line 9" not in "".join(seen)


def test_an_image_is_refused_because_no_filter_sees_it(proxy: OpenAI) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    messages: Any = [{"role": "user", "content": [{"type": "text", "text": "What?"}, image]}]
    with pytest.raises(openai.APIStatusError) as raised:
        proxy.chat.completions.create(model="recital", messages=messages)

    assert "Guardrail API failed" in str(raised.value)


def test_a_text_that_cannot_be_judged_does_not_pass(proxy: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as raised:
        chat(proxy, "word " * 8_000)

    assert "Guardrail API failed" in str(raised.value)
