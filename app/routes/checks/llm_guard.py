"""`/analyze/*` and `/scan/*`: the API of llm-guard's server, as version 0.3.16 has it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from app.chain.instance import Instance
from app.checking import Check, Checked
from app.exchange import Action, Message, Mode, Outcome
from app.routes.authentication import requires
from app.routes.checks.explaining import LlmGuardRoute
from app.routes.checks.judging import (
    CheckPart,
    OpenBody,
    begin,
    check_length,
    check_route,
    example,
    reads,
    reply,
)
from app.routes.checks.scanners import risks, scanners_of
from app.routes.fields import Answer, Word
from app.routes.service import Served, Service
from app.store.keys import ApiKey, Scope
from filters import Stage

router = APIRouter(tags=["checks"], route_class=LlmGuardRoute)

_key = requires(Scope.INFER)
_QUESTION = "How do I add a filter?"


class PromptRequest(OpenBody):
    """A prompt to judge."""

    model_config = example(prompt=_QUESTION, scanners_suppress=["Toxicity"])

    prompt: str
    """What the model is to be asked."""
    scanners_suppress: list[Word] = Field(default_factory=list)
    """What shall not judge it: ids of the chain, or the names that llm-guard gives its scanners."""

    def judging(self, stage: Stage, service: Service) -> frozenset[str]:
        """Return the ids of the instances that judge."""
        instances = service.checker.instances
        suppressed = set(self.scanners_suppress)
        return frozenset(
            one.id for one in instances if one.stage is stage and not _is_in(one, suppressed)
        )


class OutputRequest(PromptRequest):
    """What a model wrote, with its prompt."""

    model_config = example(prompt=_QUESTION, output="Write one class in one file.")

    output: str
    """What the model wrote."""


class ScanResponse(Answer):
    """What the chain says of a text."""

    is_valid: bool
    """Whether no filter that counts blocked it or would change it."""
    scanners: dict[str, float]
    """What each filter that measured says, by its id in the chain and by the names of the scanners
    whose work it does: from -1 to 1, above 0 from its threshold on."""
    penstock: CheckPart


class PromptAnalysis(ScanResponse):
    """The same, with the prompt as a model may read it."""

    sanitized_prompt: str
    """After all rewriting; empty if a filter blocked it."""


class OutputAnalysis(ScanResponse):
    """The same, with the output as a client may read it."""

    sanitized_output: str
    """After all rewriting; if a filter blocked it, what stands before that."""


@check_route(router, "/analyze/prompt", "Judge and clean a prompt", PromptRequest, PromptAnalysis)
async def analyze_prompt(
    key: Annotated[ApiKey, _key],
    asked: Annotated[PromptRequest, reads(PromptRequest)],
    request: Request,
    service: Served,
) -> Response:
    """Lead a prompt through the input filters, and return it as a model may read it."""
    return await reply(
        [_prompt(asked, key, service)],
        request,
        service,
        _one(lambda checked: {"sanitized_prompt": "".join(checked.messages)}),
    )


@check_route(router, "/scan/prompt", "Judge a prompt", PromptRequest, ScanResponse)
async def scan_prompt(
    key: Annotated[ApiKey, _key],
    asked: Annotated[PromptRequest, reads(PromptRequest)],
    request: Request,
    service: Served,
) -> Response:
    """Lead a prompt through the input filters."""
    return await reply([_prompt(asked, key, service)], request, service, _one())


@check_route(
    router, "/analyze/output", "Judge and clean what a model wrote", OutputRequest, OutputAnalysis
)
async def analyze_output(
    key: Annotated[ApiKey, _key],
    asked: Annotated[OutputRequest, reads(OutputRequest)],
    request: Request,
    service: Served,
) -> Response:
    """Lead what a model wrote through the output filters, and return it as a client may read it."""
    return await reply(
        [_output(asked, key, service)],
        request,
        service,
        _one(lambda checked: {"sanitized_output": checked.exchange.released}),
    )


@check_route(router, "/scan/output", "Judge what a model wrote", OutputRequest, ScanResponse)
async def scan_output(
    key: Annotated[ApiKey, _key],
    asked: Annotated[OutputRequest, reads(OutputRequest)],
    request: Request,
    service: Served,
) -> Response:
    """Lead what a model wrote through the output filters."""
    return await reply([_output(asked, key, service)], request, service, _one())


def _prompt(asked: PromptRequest, key: ApiKey, service: Service) -> Check:
    check_length([asked.prompt], service.settings.limits, "prompt")
    exchange = begin([Message("user", asked.prompt)], key.id, "llm-guard")
    return Check(exchange, Stage.INPUT, instances=asked.judging(Stage.INPUT, service))


def _output(asked: OutputRequest, key: ApiKey, service: Service) -> Check:
    check_length([asked.prompt], service.settings.limits, "prompt")
    check_length([asked.output], service.settings.limits, "output")
    exchange = begin([Message("user", asked.prompt)], key.id, "llm-guard")
    judging = asked.judging(Stage.OUTPUT, service)
    return Check(exchange, Stage.OUTPUT, asked.output, judging)


def _is_in(instance: Instance, suppressed: Collection[str]) -> bool:
    names = scanners_of(instance.entry.filter, instance.stage)
    return not {instance.id, *names}.isdisjoint(suppressed)


def _one(
    more: Callable[[Checked], dict[str, str]] = lambda _: {},
) -> Callable[[Sequence[Checked]], dict[str, Any]]:
    """Return what makes the answer of the one check that these requests hold."""

    def body(checked: Sequence[Checked]) -> dict[str, Any]:
        [one] = checked
        measured = [v for v in one.exchange.verdicts if v.mode is Mode.ENFORCE]
        scan = ScanResponse(
            is_valid=one.exchange.outcome is Outcome.COMPLETED,
            scanners=risks(v for v in measured if v.action is not Action.ERROR),
            penstock=CheckPart.of(one.exchange),
        )
        return {**scan.model_dump(), **more(one)}

    return body
