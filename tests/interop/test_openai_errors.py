"""The exceptions of OpenAI's Python client, and what it does about them by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.interop.asking import chat
from tests.interop.conftest import Endpoint

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {}}}]


@pytest.mark.parametrize(
    ("more", "error", "code", "param"),
    [
        ({"model": "gpt-9"}, openai.NotFoundError, "model_not_found", "model"),
        ({"temperature": 9.0}, openai.BadRequestError, "invalid_request", "temperature"),
        ({"tools": TOOLS}, openai.BadRequestError, "unsupported_parameter", "tools"),
        (
            {"logprobs": True, "top_logprobs": 2},
            openai.BadRequestError,
            "unsupported_parameter",
            "top_logprobs",
        ),
        ({"user": "x" * 100_000}, openai.APIStatusError, "body_too_large", None),
    ],
)
def test_refusals(
    client: OpenAI,
    more: dict[str, Any],
    error: type[openai.APIStatusError],
    code: str,
    param: str | None,
) -> None:
    with pytest.raises(error) as raised:
        chat(client, **more)

    assert (raised.value.code, raised.value.param) == (code, param)
    assert raised.value.request_id


def test_strangers_are_refused(client: OpenAI, endpoint: Endpoint) -> None:
    with pytest.raises(openai.AuthenticationError):
        chat(client.with_options(api_key="psk_wrong"))
    with pytest.raises(openai.PermissionDeniedError):
        chat(client.with_options(api_key=endpoint.reviewer))


def test_a_server_that_is_not_there(client: OpenAI) -> None:
    with pytest.raises(openai.APIConnectionError):
        chat(client.with_options(base_url="http://127.0.0.1:9/v1", max_retries=0))


def test_a_client_that_does_not_wait(client: OpenAI) -> None:
    with pytest.raises(openai.APITimeoutError):
        chat(client.with_options(timeout=0.3, max_retries=0), "pause 1", model="poem")


def test_a_failure_half_way_is_an_error(client: OpenAI) -> None:
    """The server's deadline passes while it waits for line 51."""
    messages: Any = [{"role": "user", "content": "pause 60"}]
    stream = client.chat.completions.create(model="poem", messages=messages, stream=True)
    first = next(stream)
    with pytest.raises(openai.APIError) as raised:
        list(stream)

    assert first.choices[0].delta.role == "assistant"
    assert raised.value.code == "deadline_exceeded"


def test_a_full_server_is_tried_again(client: OpenAI) -> None:
    """It serves one request at a time; the other one is told when to come back."""
    messages: Any = [{"role": "user", "content": "pause 2"}]
    with ThreadPoolExecutor(1) as pool:
        stream = client.chat.completions.create(model="poem", messages=messages, stream=True)
        first = next(stream)  # it is in work
        with pytest.raises(openai.InternalServerError) as raised:
            chat(client.with_options(max_retries=0))
        patient = client.with_options(max_retries=5).completions.with_raw_response
        waiting = pool.submit(lambda: patient.create(model="recital", prompt="Go."))
        rest = list(stream)

    assert first.choices[0].delta.role == "assistant"
    assert rest[-1].choices[0].finish_reason == "stop"
    assert (raised.value.status_code, raised.value.code) == (503, "overloaded")
    assert raised.value.response.headers["retry-after"] == "1"
    assert waiting.result().retries_taken >= 1
