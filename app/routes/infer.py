"""`POST /infer`: a question in, a guarded answer out."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from app.engine import TokenLogprob
from app.errors import PenstockError, Unsupported
from app.exchange import Exchange
from app.routes.answers import InferResponse, error_docs
from app.routes.authentication import requires
from app.routes.envelope import error_response, reported
from app.routes.json_body import JsonResponse, read_json
from app.routes.schemas import InferRequest, body_docs
from app.routes.service import Served, Service
from app.routes.streaming import EventStream, exchange_headers, until_cut
from app.routes.validation import invalid
from app.store.keys import ApiKey, Scope

router = APIRouter(tags=["infer"])

_key = requires(Scope.INFER)


async def _read(request: Request, service: Served) -> InferRequest:
    """Read and check the body."""
    content = await read_json(request)
    try:
        asked = InferRequest.model_validate(content)
    except ValidationError as error:
        raise invalid(error) from None
    asked.check(service.settings.limits)
    if asked.parameters.logprobs and service.pipeline.guards_output:
        raise Unsupported(
            "Alternatives to the tokens that were written pass no filter, and this server has "
            "filters that may block or change what is written: ask for 0.",
            param="parameters.logprobs",
        )
    return asked


@router.post(
    "/infer",
    summary="Ask a question",
    response_model=InferResponse,
    responses={
        200: {
            "description": "The answer, also when a filter blocked it.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **error_docs(400, 401, 403, 404, 408, 413, 415, 500, 503, 504),
    },
    openapi_extra=body_docs(InferRequest),
)
async def infer(
    key: Annotated[ApiKey, _key],
    asked: Annotated[InferRequest, Depends(_read)],
    request: Request,
    service: Served,
) -> Response:
    """Run the question through the input filters, the model and the output filters.

    The exchange is in the log before the answer leaves. A blocked question or answer is a 200
    with the outcome `blocked`. With `"stream": true` the answer comes as server-sent events:
    `delta` with each released text, then `done` with the whole answer, or `error`.
    """
    exchange = asked.to_exchange(service.settings.model, key.id)
    structlog.contextvars.bind_contextvars(exchange=str(exchange.id))
    if asked.stream:
        return EventStream(exchange, service, asked.in_own_words)
    try:
        return await _answer(exchange, request, service)
    except PenstockError as error:
        failure = asked.in_own_words(reported(error))
        return error_response(failure, exchange_headers(exchange))


async def _answer(exchange: Exchange, request: Request, service: Service) -> Response:
    tokens: list[TokenLogprob] = []
    try:
        work = service.pipeline.run(exchange, tokens)
        await until_cut(request.receive, service, [exchange], work)
    finally:
        service.metrics.count_exchange(exchange)
    answer = InferResponse.of(exchange, tokens).model_dump()
    return JsonResponse(answer, headers=exchange_headers(exchange))
