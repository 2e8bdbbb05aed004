"""`POST /beta/litellm_basic_guardrail_api`: a guardrail for LiteLLM's proxy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from app.checking import Check, Checked
from app.errors import Unsupported
from app.exchange import Exchange, Message, Outcome
from app.routes.authentication import requires
from app.routes.checks.conversation import ROLES, call_text
from app.routes.checks.explaining import CheckRoute
from app.routes.checks.judging import (
    CheckPart,
    OpenBody,
    begin,
    check_length,
    check_route,
    example,
    reads,
    reply,
    word,
    words,
)
from app.routes.fields import Answer
from app.routes.json_body import JsonResponse
from app.routes.service import Served
from app.store.keys import ApiKey, Scope
from filters import Stage

router = APIRouter(tags=["checks"], route_class=CheckRoute)

_key = requires(Scope.INFER)

Input = Literal["request", "response"]


class GuardrailRequest(OpenBody):
    """What LiteLLM's proxy is about to send to a model, or to a client."""

    model_config = example(input_type="request", texts=["How do I add a filter?"])

    input_type: Input
    """`request`: the input filters judge it; `response`: the output filters."""
    texts: list[str] | None = None
    """The texts of the messages, or what the model wrote."""
    structured_messages: list[dict[str, Any]] | None = None
    """The messages themselves; they tell whose the texts are."""
    tool_calls: list[dict[str, Any]] | None = None
    """What they give to the tools is judged like texts."""
    images: list[str] | None = Field(None, json_schema_extra={"maxItems": 0})
    """Refused: no filter sees them."""
    request_data: dict[str, Any] | None = None
    """Who asks; `user_api_key_end_user_id` or `user_api_key_user_id` is kept in the log."""
    litellm_call_id: str | None = None
    """Kept in the log."""
    litellm_trace_id: str | None = None
    """Kept in the log, as the session."""
    model: str | None = Field(None, examples=["gpt-5"])
    """The model that is asked; kept in the log."""

    def messages(self) -> list[Message]:
        """Return all that is judged, the texts first.

        Raises:
            InvalidRequest: a tool call is none.
            Unsupported: a tool call is of a kind that no filter judges.
        """
        texts = self.texts or []
        structured = list(_texts(self.structured_messages or []))
        known = [text for _, text in structured] == texts
        roles = [role for role, _ in structured] if known else ["user"] * len(texts)
        said = [Message(role, text) for role, text in zip(roles, texts, strict=True)]
        calls = enumerate(self.tool_calls or [])
        given = [call_text(call, f"tool_calls.{index}") for index, call in calls]
        return [*said, *(Message("assistant", text) for text in given)]

    def begin(self, messages: Sequence[Message], key: ApiKey) -> Exchange:
        """Return the exchange of some messages."""
        data = self.request_data or {}
        asker = data.get("user_api_key_end_user_id") or data.get("user_api_key_user_id")
        known = {"litellm_call_id": self.litellm_call_id, "model": self.model}
        return begin(
            messages,
            key.id,
            "litellm",
            user=word(asker),
            session=word(self.litellm_trace_id),
            metadata=words(known),
        )

    def checks(self, key: ApiKey) -> list[Check]:
        """Return one check of all messages, or one for each text that the model wrote."""
        messages = self.messages()
        if self.input_type == "request":
            return [Check(self.begin(messages, key), Stage.INPUT)] if messages else []
        return [Check(self.begin((), key), Stage.OUTPUT, message.content) for message in messages]


class GuardrailResponse(Answer):
    """What LiteLLM's proxy shall do."""

    action: Literal["NONE", "BLOCKED", "GUARDRAIL_INTERVENED"]
    blocked_reason: str | None = None
    """Which filter blocked; nothing of the text."""
    texts: list[str] | None = None
    """The texts as they may go on, if a filter changed any."""
    penstock: list[CheckPart] = Field(default_factory=list)


@check_route(
    router,
    "/beta/litellm_basic_guardrail_api",
    "Guard LiteLLM's proxy",
    GuardrailRequest,
    GuardrailResponse,
)
async def guard(
    key: Annotated[ApiKey, _key],
    asked: Annotated[GuardrailRequest, reads(GuardrailRequest)],
    request: Request,
    service: Served,
) -> Response:
    """Lead messages through the input filters, or what a model wrote through the output filters."""
    if asked.images:
        raise Unsupported("No filter judges images.", param="images")
    texts = [message.content for message in asked.messages()]
    check_length(texts, service.settings.limits, "texts")
    checks = asked.checks(key)
    if not checks:
        return JsonResponse(GuardrailResponse(action="NONE").model_dump())
    num_texts = len(asked.texts or [])

    def body(checked: Sequence[Checked]) -> dict[str, Any]:
        return _decision(asked.input_type, num_texts, checked).model_dump()

    return await reply(checks, request, service, body)


def _decision(kind: Input, num_texts: int, checked: Sequence[Checked]) -> GuardrailResponse:
    parts = [CheckPart.of(one.exchange) for one in checked]
    blocks = [verdict for one in checked if (verdict := one.blocked_by)]
    if blocks:
        reason = f"Blocked by the filter {blocks[0].id!r}."
        return GuardrailResponse(action="BLOCKED", blocked_reason=reason, penstock=parts)
    if all(one.exchange.outcome is Outcome.COMPLETED for one in checked):
        return GuardrailResponse(action="NONE", penstock=parts)
    if _changes_a_tool_call(kind, num_texts, checked):
        reason = "A filter would change the arguments of a tool call, which cannot be sent back."
        return GuardrailResponse(action="BLOCKED", blocked_reason=reason, penstock=parts)
    allowed = [
        text
        for one in checked
        for text in (one.messages if kind == "request" else [one.exchange.released])
    ]
    return GuardrailResponse(
        action="GUARDRAIL_INTERVENED", texts=allowed[:num_texts], penstock=parts
    )


def _changes_a_tool_call(kind: Input, num_texts: int, checked: Sequence[Checked]) -> bool:
    if kind == "response":
        return any(one.exchange.completion_edits for one in checked[num_texts:])
    [one] = checked
    calls = [message.content for message in one.exchange.messages[num_texts:]]
    return list(one.messages[num_texts:]) != calls


def _texts(messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield each text in the messages with the role of whom it is."""
    for message in messages:
        role, content = message.get("role"), message.get("content")
        said_by = role if isinstance(role, str) and role in ROLES else "user"
        for part in content if isinstance(content, list) else [{"text": content}]:
            text = part.get("text") if isinstance(part, Mapping) else None
            if isinstance(text, str):
                yield said_by, text
