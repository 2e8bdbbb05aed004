"""One or several exchanges that answer one request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.responses import Response

from app.engine import TokenLogprob
from app.errors import PenstockError
from app.exchange import Exchange, FinishReason
from app.routes.answers import InferResponse
from app.routes.envelope import error_response, reported
from app.routes.json_body import JsonResponse
from app.routes.service import Service
from app.routes.streaming import InOwnWords, exchange_headers, until_cut
from app.routes.tokens import ReleasedTokens

_FINISH_REASONS = {FinishReason.LENGTH: "length", FinishReason.BLOCKED: "content_filter"}


@dataclass(slots=True)
class Choice:
    """One exchange among those of a request."""

    index: int
    prompt: int
    """Which of the request's prompts it answers."""
    exchange: Exchange
    tokens: list[TokenLogprob] = field(default_factory=list)
    """What the model wrote, unjudged; see `released`."""
    released: ReleasedTokens = field(init=False)

    def __post_init__(self) -> None:
        self.released = ReleasedTokens(self.tokens)

    @property
    def finish_reason(self) -> str:
        """Why the completion ended; `stop` also where the sources hold no answer."""
        return _FINISH_REASONS.get(self.exchange.finish_reason, "stop")


async def reply(
    choices: Sequence[Choice],
    request: Request,
    service: Service,
    in_own_words: InOwnWords,
    body: Callable[[], Any],
) -> Response:
    """Run all exchanges to their ends and return what `body` makes of them then."""
    exchanges = [choice.exchange for choice in choices]
    try:
        await until_cut(request.receive, service, exchanges, _run(choices, service))
    except PenstockError as error:
        return error_response(in_own_words(reported(error)), exchange_headers(exchanges[0]))
    finally:
        for exchange in exchanges:
            service.metrics.count_exchange(exchange)
    return JsonResponse(body(), headers=exchange_headers(exchanges[0]))


async def side_by_side(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Await several coroutines at once; when one fails, cancel the others and raise its error."""
    if len(works) == 1:
        await works[0]
        return
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _run(choices: Sequence[Choice], service: Service) -> None:
    await side_by_side([service.pipeline.run(choice.exchange, choice.tokens) for choice in choices])
    for choice in choices:
        choice.released.release(choice.exchange.released)


def own_part(exchange: Exchange) -> dict[str, Any]:
    """Return what OpenAI's API has no place for: the member `penstock`."""
    answer = InferResponse.of(exchange).model_dump(
        include={"outcome", "finish_reason", "citations", "verdicts"}
    )
    return {"exchange": str(exchange.id), **answer}


def usage_of(choices: Sequence[Choice]) -> dict[str, int]:
    """Return the tokens read and written; a prompt counts once, however many choices it got."""
    read = {choice.prompt: choice.exchange.usage.prompt_tokens for choice in choices}
    prompt = sum(read.values())
    completion = sum(choice.exchange.usage.completion_tokens for choice in choices)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
