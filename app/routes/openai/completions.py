"""`POST /v1/completions`."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from app.errors import Unsupported
from app.routes.authentication import requires
from app.routes.json_body import read_json
from app.routes.openai.choices import reply
from app.routes.openai.completion_answers import CompletionForm, text_completion
from app.routes.openai.request import ANSWERS, OneOrMore
from app.routes.openai.sampling import SampledRequest
from app.routes.openai.streaming import ChoicesStream
from app.routes.schemas import body_docs
from app.routes.service import Served
from app.store.keys import ApiKey, Scope

router = APIRouter(tags=["openai"])

_key = requires(Scope.INFER)


class CompletionRequest(SampledRequest):
    """One prompt or several; each is asked as the only user message of a conversation."""

    question_field = "prompt"
    refused: ClassVar[dict[str, tuple[Any, ...]]] = {"echo": (False,), "suffix": ("",)}

    prompt: Annotated[list[str], OneOrMore]
    """A text, or several, which are answered one by one."""
    best_of: int | None = None
    """Accepted if it equals `n`."""
    logprobs: int | None = Field(None, ge=0, le=20)
    """Tell the log-probability of every token, and of so many of the likeliest in its place."""

    def conversations(self) -> list[list[dict[str, str]]]:
        """Return each prompt as a conversation."""
        return [[{"role": "user", "content": prompt}] for prompt in self.prompt]

    @property
    def num_choices(self) -> int:
        """How many completions each prompt gets."""
        if self.best_of not in (None, self.n or 1):
            raise Unsupported("All completions that are written are returned.", param="best_of")
        return super().num_choices

    @property
    def wanted_logprobs(self) -> int | None:
        """How many alternatives to each token are asked for, if log-probabilities are."""
        return self.logprobs


async def _read(request: Request) -> CompletionRequest:
    return CompletionRequest.read(await read_json(request))


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
    """Do for each prompt what `POST /v1/chat/completions` does for a conversation."""
    choices = asked.to_choices(service, key)
    has_logprobs = asked.logprobs is not None
    if asked.stream:
        form = CompletionForm(
            choices, has_logprobs=has_logprobs, includes_usage=asked.includes_usage
        )
        return ChoicesStream(choices, service, asked.in_own_words, form)
    body = partial(text_completion, choices, has_logprobs=has_logprobs)
    return await reply(choices, request, service, asked.in_own_words, body)
