"""`POST /v1/chat/completions`."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from app.errors import InvalidRequest
from app.routes.authentication import requires
from app.routes.json_body import read_json
from app.routes.openai.chat_answers import ChatForm, chat_completion
from app.routes.openai.choices import reply
from app.routes.openai.conversation import turns_of
from app.routes.openai.formats import schema_of
from app.routes.openai.request import ANSWERS
from app.routes.openai.sampling import SampledRequest
from app.routes.openai.streaming import ChoicesStream
from app.routes.schemas import body_docs
from app.routes.service import Served
from app.store.keys import ApiKey, Scope

router = APIRouter(tags=["openai"])

_key = requires(Scope.INFER)


class ChatRequest(SampledRequest):
    """A conversation; its last `user` message is what is asked."""

    ignored = frozenset(
        {
            "parallel_tool_calls",
            "prediction",
            "prompt_cache_key",
            "prompt_cache_options",
            "prompt_cache_retention",
            "service_tier",
            "store",
        }
    )
    refused: ClassVar[dict[str, tuple[Any, ...]]] = {
        "audio": (),
        "function_call": ("auto", "none"),
        "functions": ([],),
        "modalities": (["text"],),
        "moderation": (),
        "reasoning_effort": ("none",),
        "tool_choice": ("auto", "none"),
        "tools": ([],),
        "verbosity": ("medium",),
        "web_search_options": (),
    }

    messages: list[dict[str, Any]]
    """Each with a `role` (`system`, `developer`, `user`, `assistant`) and its `content`: a text, or
    parts of the type `text`."""
    max_completion_tokens: int | None = None
    """Most tokens to write; `max_tokens` is its older name."""
    logprobs: bool | None = None
    """Tell the log-probability of every token that was written."""
    top_logprobs: int | None = Field(None, ge=0, le=20)
    """And of the likeliest tokens in its place."""
    response_format: dict[str, Any] | None = None
    """`text`, `json_object` or `json_schema`."""

    def conversations(self) -> list[list[dict[str, str]]]:
        """Return the one prompt's messages."""
        return [turns_of(self.messages, "messages")]

    @property
    def wanted_logprobs(self) -> int | None:
        """How many alternatives to each token are asked for, if log-probabilities are."""
        if self.top_logprobs is not None and not self.logprobs:
            raise InvalidRequest("This needs logprobs to be true.", param="top_logprobs")
        return (self.top_logprobs or 0) if self.logprobs else None

    @property
    def most_tokens(self) -> int | None:
        """Where the completion is cut."""
        if None not in (self.max_tokens, self.max_completion_tokens):
            raise InvalidRequest(
                "Give this or max_completion_tokens, not both.", param="max_tokens"
            )
        newer = self.max_completion_tokens
        return self.max_tokens if newer is None else newer

    @property
    def length_field(self) -> str:
        """The field that says where the completion is cut."""
        return "max_tokens" if self.max_completion_tokens is None else "max_completion_tokens"

    def json_schema(self) -> dict[str, Any] | None:
        """Return what the completion must follow."""
        return schema_of(self.response_format, "response_format", is_nested=True)


async def _read(request: Request) -> ChatRequest:
    return ChatRequest.read(await read_json(request))


@router.post(
    "/v1/chat/completions",
    summary="Ask in the form of OpenAI's chat completions",
    response_model=dict[str, Any],
    responses=ANSWERS,
    openapi_extra=body_docs(ChatRequest),
)
async def create_chat_completion(
    key: Annotated[ApiKey, _key],
    asked: Annotated[ChatRequest, Depends(_read)],
    request: Request,
    service: Served,
) -> Response:
    """Lead each of `n` completions through the filters and into the log, as `POST /infer` does.

    What a filter blocked is a 200 whose `finish_reason` is `content_filter`. The member `penstock`
    of a choice holds the exchange's id, its outcome, citations and verdicts.
    """
    choices = asked.to_choices(service, key)
    has_logprobs = bool(asked.logprobs)
    if asked.stream:
        form = ChatForm(choices, has_logprobs=has_logprobs, includes_usage=asked.includes_usage)
        return ChoicesStream(choices, service, asked.in_own_words, form)
    body = partial(chat_completion, choices, has_logprobs=has_logprobs)
    return await reply(choices, request, service, asked.in_own_words, body)
