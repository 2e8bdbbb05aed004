"""What tests with OpenAI's Python client have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk


def chat(client: OpenAI, text: str = "Go on.", **more: Any) -> ChatCompletion:
    model = more.pop("model", "recital")
    answer: ChatCompletion = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": text}], **more
    )
    return answer


def text_of(chunks: Iterable[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
