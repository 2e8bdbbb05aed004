"""`/api/v1/text/*`: the detector API of the FMS guardrails orchestrator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from app.chain.instance import Instance
from app.checking import Check, Checked
from app.errors import InvalidRequest, NotFound, PassagesTooLong, Unsupported
from app.exchange import Message
from app.routes.authentication import requires
from app.routes.checks.conversation import texts_of
from app.routes.checks.detections import (
    ChatRequest,
    ContentDetection,
    ContentsRequest,
    ContextRequest,
    Detection,
    GenerationRequest,
    as_whole,
    in_place,
)
from app.routes.checks.explaining import DetectorRoute
from app.routes.checks.judging import begin, check_length, check_route, reads, reply
from app.routes.fields import Word
from app.routes.json_body import JsonResponse
from app.routes.service import Served, Service
from app.settings import LimitSettings
from app.store.keys import ApiKey, Scope
from filters import Passage, Stage

router = APIRouter(tags=["checks"], route_class=DetectorRoute)

_key = requires(Scope.INFER)

Detector = Annotated[Word, Header(alias="detector-id")]
"""A filter of the chain by its id, or `input`, `retrieval` or `output` for all of a stage."""


@check_route(
    router,
    "/api/v1/text/contents",
    "Detect in texts",
    ContentsRequest,
    list[list[ContentDetection]],
    404,
)
async def detect_in_contents(
    key: Annotated[ApiKey, _key],
    detector_id: Detector,
    asked: Annotated[ContentsRequest, reads(ContentsRequest)],
    request: Request,
    service: Served,
) -> Response:
    """Lead each text through a stage of the chain, as prompt, passage or what a model wrote."""
    stage, ids = _detectors(detector_id, service)
    check_length(asked.contents, service.settings.limits, "contents")
    if not asked.contents:
        return JsonResponse([])
    checks = [_content_check(text, stage, ids, key) for text in asked.contents]

    def body(checked: Sequence[Checked]) -> list[list[dict[str, Any]]]:
        texts = zip(checked, asked.contents, strict=True)
        return [list(in_place(one, text, asked.detector_params)) for one, text in texts]

    return await reply(checks, request, service, body)


@check_route(
    router,
    "/api/v1/text/generation",
    "Detect in what a model wrote",
    GenerationRequest,
    list[Detection],
    404,
)
async def detect_in_generation(
    key: Annotated[ApiKey, _key],
    detector_id: Detector,
    asked: Annotated[GenerationRequest, reads(GenerationRequest)],
    request: Request,
    service: Served,
) -> Response:
    """Lead what a model wrote through the output filters; they know the prompt."""
    stage, ids = _detectors(detector_id, service)
    if stage is not Stage.OUTPUT:
        raise NotFound("This filter does not judge what a model wrote.", param="detector-id")
    check_length([asked.prompt], service.settings.limits, "prompt")
    check_length([asked.generated_text], service.settings.limits, "generated_text")
    exchange = begin([Message("user", asked.prompt)], key.id, "detectors")
    check = Check(exchange, stage, asked.generated_text, ids)
    return await reply([check], request, service, as_whole(asked.detector_params))


@check_route(
    router, "/api/v1/text/chat", "Detect in a conversation", ChatRequest, list[Detection], 404
)
async def detect_in_chat(
    key: Annotated[ApiKey, _key],
    detector_id: Detector,
    asked: Annotated[ChatRequest, reads(ChatRequest)],
    request: Request,
    service: Served,
) -> Response:
    """Lead all messages through the input filters, or the last one through the output filters."""
    stage, ids = _detectors(detector_id, service)
    if stage is Stage.RETRIEVAL:
        raise NotFound("This filter does not judge messages.", param="detector-id")
    said = [texts_of(turn, f"messages.{index}") for index, turn in enumerate(asked.messages)]
    texts = [text for turn in said for text in turn]
    check_length([text.content for text in texts], service.settings.limits, "messages")
    if not texts:
        raise InvalidRequest("There is nothing to judge.", param="messages")
    if stage is Stage.INPUT:
        checks = [Check(begin(texts, key.id, "detectors"), stage, instances=ids)]
    else:
        checks = _answers(said, ids, key)
    return await reply(checks, request, service, as_whole(asked.detector_params))


@check_route(
    router,
    "/api/v1/text/context/doc",
    "Hold a text against documents",
    ContextRequest,
    list[Detection],
    404,
)
async def detect_in_context(
    key: Annotated[ApiKey, _key],
    detector_id: Detector,
    asked: Annotated[ContextRequest, reads(ContextRequest)],
    request: Request,
    service: Served,
) -> Response:
    """Lead a text through a stage of the chain, with documents as its passages.

    At the stage `retrieval` the documents are judged, and the text is the question.
    """
    stage, ids = _detectors(detector_id, service)
    if asked.context_type == "url":
        raise Unsupported("Nothing is fetched; send the documents.", param="context_type")
    check_length([asked.content], service.settings.limits, "content")
    passages = _passages(asked.context, service.settings.limits)
    check = _check(asked.content, stage, ids, key, passages)
    return await reply([check], request, service, as_whole(asked.detector_params))


def _detectors(name: str, service: Service) -> tuple[Stage, frozenset[str]]:
    """Return which instances of which stage a detector's id means.

    Raises:
        NotFound: it means none.
    """
    instances: Sequence[Instance] = service.checker.instances
    stages = {stage.value: stage for stage in Stage}
    chosen = [one for one in instances if name in (one.id, one.stage.value)]
    if name in stages:
        return stages[name], frozenset(one.id for one in chosen)
    if not chosen:
        raise NotFound("The chain has no filter with this id.", param="detector-id")
    return chosen[0].stage, frozenset({name})


def _answers(said: Sequence[Sequence[Message]], ids: frozenset[str], key: ApiKey) -> list[Check]:
    """Return one check for each text of the last message, with those before it as the prompt."""
    *before, last = said
    if not last or last[0].role != "assistant":
        raise InvalidRequest("The last message must be the assistant's.", param="messages")
    prompt = [text for turn in before for text in turn]
    return [
        Check(begin(prompt, key.id, "detectors"), Stage.OUTPUT, text.content, ids) for text in last
    ]


def _passages(documents: Sequence[str], limits: LimitSettings) -> list[Passage]:
    if len(documents) > limits.passages:
        raise InvalidRequest(f"At most {limits.passages}.", param="context")
    if sum(map(len, documents)) > limits.passages_chars:
        message = f"The documents have more than {limits.passages_chars} characters."
        raise PassagesTooLong(message, param="context")
    return [Passage(f"request-{index}", text, "request") for index, text in enumerate(documents)]


def _content_check(text: str, stage: Stage, ids: frozenset[str], key: ApiKey) -> Check:
    """Return the check of a text that stands by itself."""
    if stage is not Stage.RETRIEVAL:
        return _check(text, stage, ids, key)
    exchange = begin([], key.id, "detectors", passages=[Passage("request-0", text, "request")])
    return Check(exchange, stage, instances=ids)


def _check(
    text: str, stage: Stage, ids: frozenset[str], key: ApiKey, passages: Sequence[Passage] = ()
) -> Check:
    prompt = [] if stage is Stage.OUTPUT else [Message("user", text)]
    exchange = begin(prompt, key.id, "detectors", passages=passages)
    return Check(exchange, stage, text if stage is Stage.OUTPUT else "", ids)
