"""What all checks have in common: how they are read, run, and answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.responses import Response

from app.checking import ELSEWHERE, Check, Checked
from app.errors import InvalidRequest, PenstockError, PromptTooLong
from app.exchange import Exchange, Message, Outcome
from app.routes.answers import VerdictAnswer, error_docs
from app.routes.checks.explaining import CheckRoute, NotJudged
from app.routes.envelope import reported
from app.routes.fields import WORD_CHARS, Answer, Body
from app.routes.json_body import JsonResponse, read_json
from app.routes.schemas import body_docs
from app.routes.service import Service
from app.routes.streaming import exchange_headers, until_cut
from app.routes.validation import invalid
from app.settings import LimitSettings
from filters import Passage

Model = TypeVar("Model", bound=BaseModel)
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_ERRORS = (400, 401, 403, 408, 413, 415, 500, 503, 504)


class OpenBody(Body):
    """Base of requests that other programs write, whose next version may say more."""

    model_config = ConfigDict(extra="ignore")


def example(**body: Any) -> ConfigDict:
    """Return the part of a model's configuration that shows a request in the description."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class CheckPart(Answer):
    """What the form of the answer has no place for: its member `penstock`."""

    exchange: UUID
    """The record, as reviewers find it under `/exchanges/{id}`."""
    outcome: Outcome
    """`completed`, `rewritten` or `blocked`."""
    verdicts: list[VerdictAnswer]

    @classmethod
    def of(cls, exchange: Exchange) -> CheckPart:
        """Return what the chain said of an exchange."""
        verdicts = [VerdictAnswer.of(verdict) for verdict in exchange.verdicts]
        return cls(exchange=exchange.id, outcome=exchange.outcome, verdicts=verdicts)


def check_route(
    router: APIRouter, path: str, summary: str, asked: type[BaseModel], answer: Any, *errors: int
) -> Callable[[Endpoint], Endpoint]:
    """Return the decorator that makes a function a check, with its description.

    Args:
        router: of the protocol; its routes are a `CheckRoute`.
        path: where it is.
        summary: what it does, in a few words.
        asked: the request's body, which the function reads by `reads`.
        answer: the type of the response's body.
        errors: statuses of errors beyond those of every check.
    """
    kind = router.route_class
    if not issubclass(kind, CheckRoute):
        raise TypeError(f"The routes of {path} do not say how errors look.")
    statuses = map(kind.status, (*_ERRORS, *errors))
    return router.post(
        path,
        summary=summary,
        response_model=answer,
        responses=error_docs(*statuses, model=kind.errors),
        openapi_extra=body_docs(asked),
    )


def reads(model: type[Model]) -> Any:
    """Return the dependency that reads a request's body as this model."""

    async def read(request: Request) -> Model:
        content = await read_json(request)
        try:
            return model.model_validate(content)
        except ValidationError as error:
            raise invalid(error) from None

    return Depends(read)


def begin(
    messages: Sequence[Message],
    key_id: UUID | None,
    protocol: str,
    *,
    passages: Sequence[Passage] = (),
    **known: Any,
) -> Exchange:
    """Return the exchange of a check.

    Args:
        messages: the prompt; an empty one if there is none.
        key_id: of the API key.
        protocol: whose form the request has, for the log.
        passages: sent along.
        known: further members of the exchange.
    """
    metadata = {"check": protocol, **known.pop("metadata", {})}
    return Exchange(
        messages=tuple(messages) or (Message("user", ""),),
        model=ELSEWHERE,
        key_id=key_id,
        passages=tuple(passages),
        metadata=metadata,
        **known,
    )


def word(value: Any) -> str | None:
    """Return a short text for the log, or None if it is none."""
    return value[:WORD_CHARS] if isinstance(value, str) and value else None


def words(values: Mapping[str, Any]) -> dict[str, str]:
    """Return those that are texts, each cut to what the log keeps of a word."""
    return {name: kept for name, value in values.items() if (kept := word(value))}


def check_length(texts: Sequence[str], limits: LimitSettings, param: str) -> None:
    """Hold texts against the server's limits.

    Raises:
        InvalidRequest: there are too many.
        PromptTooLong: all together have too many characters.
    """
    if len(texts) > limits.texts:
        raise InvalidRequest(f"At most {limits.texts}.", param=param)
    if sum(map(len, texts)) > limits.prompt_chars:
        message = f"This has more than {limits.prompt_chars} characters."
        raise PromptTooLong(message, param=param)


async def reply(
    checks: Sequence[Check],
    request: Request,
    service: Service,
    body: Callable[[Sequence[Checked]], Any],
) -> Response:
    """Run checks to their ends and return what `body` makes of them then.

    Raises:
        NotJudged: one of them could not be judged.
    """
    exchanges = [check.exchange for check in checks]
    checked: list[Checked] = []

    async def run() -> None:
        checked.extend(await service.checker.run_all(checks))

    try:
        await until_cut(request.receive, service, exchanges, run())
    except PenstockError as error:
        raise NotJudged(reported(error), exchange_headers(exchanges[0])) from error
    finally:
        for exchange in exchanges:
            service.metrics.count_exchange(exchange)
    return JsonResponse(body(checked), headers=exchange_headers(exchanges[0]))
