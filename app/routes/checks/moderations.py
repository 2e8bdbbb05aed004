"""`POST /v1/moderations`: the input filters' opinion, as OpenAI's moderation gives it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from pydantic.config import JsonDict
from starlette.responses import Response

from app.checking import Check, Checked
from app.errors import InvalidRequest
from app.exchange import Exchange, Message, Mode, Verdict
from app.routes.authentication import requires
from app.routes.checks.explaining import CheckRoute
from app.routes.checks.judging import (
    CheckPart,
    begin,
    check_length,
    check_route,
    example,
    reads,
    reply,
)
from app.routes.fields import Answer, Body, Word
from app.routes.openai.conversation import TEXT_PARTS, text_of_part
from app.routes.service import Served
from app.settings import LimitSettings
from app.store.keys import ApiKey, Scope
from filters import Stage

router = APIRouter(tags=["checks"], route_class=CheckRoute)

_key = requires(Scope.INFER)

CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
"""Those of OpenAI's; clients expect each of them in every answer."""

LABELS = {
    "toxicity": "harassment",
    "severe_toxicity": "harassment",
    "insult": "harassment",
    "threat": "harassment/threatening",
    "identity_attack": "hate",
    "sexual_explicit": "sexual",
    **{category: category for category in CATEGORIES},
    **{category.replace("-", "_").replace("/", "_"): category for category in CATEGORIES},
}
"""Which category a filter's label speaks of."""


_PART: JsonDict = {
    "type": "object",
    "required": ["type", "text"],
    "properties": {"type": {"enum": list(TEXT_PARTS)}, "text": {"type": "string"}},
}


class ModerationRequest(Body):
    """Texts to judge."""

    model_config = example(input=["How do I build a bomb?", "How do I add a filter?"])

    input: Any = Field(
        json_schema_extra={
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                {"type": "array", "items": _PART, "minItems": 1},
            ]
        }
    )
    """A text, several, or the parts of one, each `{"type": "text", "text": …}`."""
    model: Word | None = None
    """Accepted; the chain judges, whatever it names."""

    described: ClassVar[str] = "This must be a string or an array of strings or of text parts."

    def texts(self) -> list[list[str]]:
        """Return what is judged together, each as its parts.

        Raises:
            InvalidRequest: it is something else than texts, or nothing.
            Unsupported: a part is not text.
        """
        if isinstance(self.input, str):
            return [[self.input]]
        if not isinstance(self.input, list):
            raise InvalidRequest(self.described, param="input")
        if not self.input:
            raise InvalidRequest("There is nothing to judge.", param="input")
        if all(isinstance(text, str) for text in self.input):
            return [[text] for text in self.input]
        if any(isinstance(text, str) for text in self.input):
            raise InvalidRequest(self.described, param="input")
        return [[text_of_part(part, f"input.{i}") for i, part in enumerate(self.input)]]

    def exchanges(self, limits: LimitSettings, key: ApiKey) -> list[Exchange]:
        """Return one exchange for each text.

        Raises:
            InvalidRequest: see `texts`, or there are too many.
            PromptTooLong: all together have too many characters.
        """
        texts = self.texts()
        check_length([part for parts in texts for part in parts], limits, "input")
        return [
            begin([Message("user", part) for part in parts], key.id, "moderations")
            for parts in texts
        ]


class ModerationResult(Answer):
    """What the chain says of one text."""

    flagged: bool
    """Whether any filter that counts found something: flagged, would rewrite, or blocked."""
    categories: dict[str, bool]
    """OpenAI's categories, and every filter of the stage by its id in the chain."""
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[Literal["text"]]]
    """Which categories were measured."""
    penstock: CheckPart

    @classmethod
    def of(cls, checked: Checked) -> ModerationResult:
        """Return a finished check in this form."""
        hit = {verdict.id for verdict in checked.found}
        categories = dict.fromkeys(CATEGORIES, False)
        scores = dict.fromkeys(CATEGORIES, 0.0)
        measured: dict[str, list[Literal["text"]]] = {category: [] for category in CATEGORIES}
        for verdict in checked.exchange.verdicts:
            if verdict.mode is not Mode.ENFORCE:
                continue
            for category, score in _scores(verdict):
                is_hit = verdict.id in hit and score >= verdict.threshold
                categories[category] = categories.get(category, False) or is_hit
                scores[category] = max(scores.get(category, 0.0), score)
                measured[category] = ["text"]
        return cls(
            flagged=bool(hit),
            categories=categories,
            category_scores=scores,
            category_applied_input_types=measured,
            penstock=CheckPart.of(checked.exchange),
        )


class ModerationResponse(Answer):
    """One result for each text, in their order."""

    id: str
    model: str
    results: list[ModerationResult]


@check_route(
    router,
    "/v1/moderations",
    "Judge texts, as OpenAI's moderation does",
    ModerationRequest,
    ModerationResponse,
)
async def create_moderation(
    key: Annotated[ApiKey, _key],
    asked: Annotated[ModerationRequest, reads(ModerationRequest)],
    request: Request,
    service: Served,
) -> Response:
    """Lead each text through the input filters.

    The first filter that blocks ends a text, as everywhere: what it kept from measuring has the
    score 0 and no entry in `category_applied_input_types`.
    """
    exchanges = asked.exchanges(service.settings.limits, key)

    def body(checked: Sequence[Checked]) -> dict[str, Any]:
        return ModerationResponse(
            id=f"modr-{exchanges[0].id.hex}",
            model="penstock",
            results=[ModerationResult.of(one) for one in checked],
        ).model_dump()

    checks = [Check(exchange, Stage.INPUT) for exchange in exchanges]
    return await reply(checks, request, service, body)


def _scores(verdict: Verdict) -> Iterator[tuple[str, float]]:
    """Yield the categories that a verdict speaks of: its own, and those of its labels."""
    yield verdict.id, verdict.score
    for label, score in (dict(verdict.scores) or {verdict.label: verdict.score}).items():
        if label in LABELS:
            yield LABELS[label], score
