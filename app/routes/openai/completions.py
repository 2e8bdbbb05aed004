"""`POST /v1/completions`."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Request
from pydantic import Field, WithJsonSchema
from starlette.responses import Response

from app.errors import Unsupported
from app.routes.authentication import requires
from app.routes.json_body import read_json
from app.routes.openai.choices import reply
from app.routes.openai.completion_answers import CompletionForm, Echo, text_completion
from app.routes.openai.request import ANSWERS, OneOrMore
from app.routes.openai.sampling import SampledRequest
from app.routes.openai.streaming import ChoicesStream
from app.routes.openai.token_prompts import with_texts
from app.routes.schemas import body_docs
from app.routes.service import Served, service_of
from app.store.keys import ApiKey, Scope

router = APIRouter(tags=["openai"])

_key = requires(Scope.INFER)

_TEXT, _TOKENS = {"type": "string"}, {"type": "array", "items": {"type": "integer"}}
_OR_TOKENS = WithJsonSchema(
    {"anyOf": [_TEXT, _TOKENS, {"type": "array", "items": {"anyOf": [_TEXT, _TOKENS]}}]}
)


class CompletionRequest(SampledRequest):
    """One prompt or several; a model that generates text continues each as it stands."""

    question_field = "prompt"
    refused: ClassVar[dict[str, tuple[Any, ...]]] = {"suffix": ("",)}

    prompt: Annotated[list[str], OneOrMore, _OR_TOKENS]
    """A text, or several, which are continued one by one; each may be given as tokens instead."""
    echo: bool | None = None
    """Put the prompt, as it was sent, in front of the completion."""
    best_of: int | None = None
    """Accepted if it equals `n`."""
    logprobs: int | None = Field(None, ge=0, le=20)
    """Tell the log-probability of every token, and of so many of the likeliest in its place."""

    def conversations(self) -> list[list[dict[str, str]]]:
        """Return each prompt as a conversation."""
        return [[{"role": "user", "content": prompt}] for prompt in self.prompt]

    def parameters(self) -> dict[str, Any]:
        """Return the sampling parameters that are set, as `POST /infer` names them."""
        return {**super().parameters(), "raw": True}

    @property
    def num_choices(self) -> int:
        """How many completions each prompt gets."""
        if self.best_of not in (None, self.n or 1):
            raise Unsupported("All completions that are written are returned.", param="best_of")
        return super().num_choices

    @property
    def wanted_logprobs(self) -> int | None:
        """How many alternatives to each token are asked for, if log-probabilities are."""
        if self.echo and self.logprobs is not None:
            raise Unsupported("A prompt's own tokens have no log-probabilities.", param="echo")
        return self.logprobs


async def _read(request: Request) -> CompletionRequest:
    content = await with_texts(await read_json(request), service_of(request))
    return CompletionRequest.read(content)


@router.post(
    "/v1/completions",
    summary="Ask in the form of OpenAI's text completions",
    response_model=dict[str, Any],
    responses=ANSWERS,
    openapi_extra=body_docs(CompletionRequest),
)
async def create_completion(
    key: Annotated[ApiKey, _key],
    asked: Annotated[CompletionRequest, Depends(_read)],
    request: Request,
    service: Served,
) -> Response:
    """Continue each prompt as it stands, with all that guards a conversation.

    A model that generates no text answers it as a question.
    """
    choices = asked.to_choices(service, key)
    has_logprobs, echo = asked.logprobs is not None, Echo(choices if asked.echo else ())
    if asked.stream:
        form = CompletionForm(
            choices, has_logprobs=has_logprobs, includes_usage=asked.includes_usage, echo=echo
        )
        return ChoicesStream(choices, service, asked.in_own_words, form)
    body = partial(text_completion, choices, has_logprobs=has_logprobs, echo=echo)
    return await reply(choices, request, service, asked.in_own_words, body)
