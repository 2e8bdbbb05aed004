"""Prompts that come as a model's tokens: they become texts before anything else is done."""

from __future__ import annotations

import asyncio
from typing import Any, TypeGuard

from app.engine import Detokenizer
from app.errors import PromptTooLong, Unsupported
from app.routes.service import Service

MAX_TOKEN = 2**31


async def with_texts(content: Any, service: Service) -> Any:
    """Return a body with the texts that its tokens stand for, so that filters judge them.

    What is neither text nor tokens stays as it is; the body's schema refuses it.

    Raises:
        ModelNotFound: the model is not served.
        PromptTooLong: the model cannot read so many tokens.
        InvalidRequest: they are not tokens of a text.
        Unsupported: the model takes texts only.
    """
    if not isinstance(content, dict) or not isinstance(content.get("prompt"), list):
        return content
    given: list[Any] = [content["prompt"]] if _are_tokens(content["prompt"]) else content["prompt"]
    name = content.get("model") or service.settings.model
    if not any(map(_are_tokens, given)) or not isinstance(name, str):
        return content
    with service.engines.lease(name) as engine:
        if not isinstance(engine, Detokenizer):
            raise Unsupported("This model takes texts, not tokens.", param="prompt")
        try:
            texts = await asyncio.to_thread(_texts, given, engine)
        except PromptTooLong as error:
            error.param = "prompt"
            raise
    return {**content, "prompt": texts}


def _texts(given: list[Any], engine: Detokenizer) -> list[Any]:
    return [engine.text_of(prompt) if _are_tokens(prompt) else prompt for prompt in given]


def _are_tokens(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and bool(value) and all(map(_is_token, value))


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_TOKEN
