"""`POST /v1/responses`, and `GET /v1/responses/{response_id}`: what the log holds of one."""

from __future__ import annotations

import asyncio
from time import time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.errors import NotFound
from app.exchange import Exchange
from app.routes.answers import error_docs
from app.routes.authentication import requires
from app.routes.json_body import JsonResponse, read_json
from app.routes.openai.choices import reply
from app.routes.openai.request import ANSWERS
from app.routes.openai.response_answers import exchange_id, response_object
from app.routes.openai.response_request import ResponseRequest
from app.routes.openai.response_stream import ResponseForm
from app.routes.openai.streaming import ChoicesStream
from app.routes.schemas import body_docs
from app.routes.service import Served, Service
from app.store.keys import ApiKey, Scope

router = APIRouter(tags=["openai"])

_key = requires(Scope.INFER)

YOUNG_S = 5.0
"""Until then an exchange may still be on its way into the log."""
LOOK_EVERY_S = 0.05
LOOKS = 20


async def _read(request: Request) -> ResponseRequest:
    return ResponseRequest.read(await read_json(request))


@router.post(
    "/v1/responses",
    summary="Ask in the form of OpenAI's responses",
    response_model=dict[str, Any],
    responses=ANSWERS,
    openapi_extra=body_docs(ResponseRequest),
)
async def create_response(
    key: Annotated[ApiKey, _key],
    asked: Annotated[ResponseRequest, Depends(_read)],
    request: Request,
    service: Served,
) -> Response:
    """Lead the question through the filters and into the log, as `POST /infer` does.

    What a filter blocked has the status `incomplete`, with the reason `content_filter`.
    """
    choices = asked.to_choices(service, key)
    has_logprobs = asked.wanted_logprobs is not None
    if asked.stream:
        return ChoicesStream(
            choices, service, asked.in_own_words, ResponseForm(has_logprobs=has_logprobs)
        )
    [choice] = choices

    def body() -> dict[str, Any]:
        told = choice.released.told if has_logprobs else ()
        return response_object(choice.exchange, told=told)

    return await reply(choices, request, service, asked.in_own_words, body)


@router.get(
    "/v1/responses/{response_id}",
    summary="A response that was given before",
    response_model=dict[str, Any],
    responses=error_docs(401, 403, 404, 503, 504),
)
async def get_response(key: Annotated[ApiKey, _key], response_id: str, service: Served) -> Response:
    """Return what the log holds, to the key that asked or to one that may review."""
    wanted = exchange_id(response_id)
    exchange = await _find(wanted, service) if wanted else None
    if exchange is None or not _may_see(key, exchange):
        raise NotFound("There is no response with this id, or it is past its retention.")
    return JsonResponse(response_object(exchange))


def _may_see(key: ApiKey, exchange: Exchange) -> bool:
    return exchange.key_id == key.id or Scope.REVIEW in key.scopes


async def _find(wanted: UUID, service: Service) -> Exchange | None:
    """Look in the log; for a second if the exchange may still be on its way there."""
    looks = LOOKS if 0 <= time() - (wanted.int >> 80) / 1_000 < YOUNG_S else 1
    for look in range(looks):
        if look:
            await asyncio.sleep(LOOK_EVERY_S)
        if exchange := await service.exchanges.get(wanted):
            return exchange if exchange.messages else None
    return None
