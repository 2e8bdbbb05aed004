"""What a response looks like: an exchange, as it is now or as the log holds it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.exchange import Exchange, FinishReason, Outcome
from app.routes.openai.choices import own_part
from app.routes.openai.formats import format_of
from app.routes.openai.tokens import token_entry
from app.routes.tokens import Told

_INCOMPLETE = {
    FinishReason.LENGTH: "max_output_tokens",
    FinishReason.BLOCKED: "content_filter",
}
IN_PROGRESS = "in_progress"


def response_id(exchange: Exchange) -> str:
    """Return the name by which a response can be had again."""
    return f"resp_{exchange.id.hex}"


def exchange_id(response: str) -> UUID | None:
    """Return the exchange behind a response's name, if it is one."""
    kind, _, digits = response.partition("_")
    try:
        return UUID(digits) if kind == "resp" else None
    except ValueError:
        return None


def message_id(exchange: Exchange) -> str:
    """Return the name of a response's only output item."""
    return f"msg_{exchange.id.hex}"


def response_object(
    exchange: Exchange, *, told: Told = (), is_complete: bool = True
) -> dict[str, Any]:
    """Return a response.

    Args:
        exchange: what became of it.
        told: tokens with their log-probabilities, if they are wanted.
        is_complete: whether the exchange has ended; before, nothing is said of how.
    """
    parameters = exchange.parameters
    return {
        "id": response_id(exchange),
        "object": "response",
        "created_at": int(exchange.created_at.timestamp()),
        "model": exchange.model_reference,
        "instructions": None,
        "metadata": dict(exchange.metadata),
        "user": exchange.user,
        "temperature": parameters.get("temperature", 0.0),
        "top_p": parameters.get("top_p", 1.0),
        "top_logprobs": parameters.get("logprobs") or 0,
        "max_output_tokens": parameters.get("max_tokens"),
        "text": {"format": format_of(parameters)},
        "parallel_tool_calls": False,
        "tool_choice": "none",
        "tools": [],
        "previous_response_id": None,
        "truncation": "disabled",
        "background": False,
        "store": True,
        **(_ending(exchange, told) if is_complete else _beginning()),
    }


def _beginning() -> dict[str, Any]:
    return {
        "status": IN_PROGRESS,
        "error": None,
        "incomplete_details": None,
        "output": [],
        "usage": None,
    }


def _ending(exchange: Exchange, told: Told) -> dict[str, Any]:
    reason = _INCOMPLETE.get(exchange.finish_reason)
    failed = {"code": "server_error", "message": exchange.error_code or "failed"}
    return {
        "status": status_of(exchange),
        "error": failed if exchange.outcome is Outcome.FAILED else None,
        "incomplete_details": {"reason": reason} if reason else None,
        "output": [message_item(exchange, told)],
        "usage": _usage(exchange),
        "penstock": own_part(exchange),
    }


def status_of(exchange: Exchange) -> str:
    """Return how a response ended."""
    if exchange.outcome in (Outcome.FAILED, Outcome.CANCELLED):
        return exchange.outcome.value
    return "incomplete" if exchange.finish_reason in _INCOMPLETE else "completed"


def message_item(exchange: Exchange, told: Told = ()) -> dict[str, Any]:
    """Return the output's only item."""
    status = status_of(exchange)
    return {
        "id": message_id(exchange),
        "type": "message",
        "role": "assistant",
        "status": status if status == "completed" else "incomplete",
        "content": [text_part(exchange, told)],
    }


def text_part(exchange: Exchange, told: Told = ()) -> dict[str, Any]:
    """Return the text with the sources that it cites."""
    cited = own_part(exchange)["citations"]
    return {
        "type": "output_text",
        "text": exchange.released,
        "annotations": [
            {
                "type": "file_citation",
                "file_id": citation["passage_id"],
                "filename": citation["source"],
                "index": citation["passage"],
            }
            for citation in cited
        ],
        "logprobs": [token_entry(token) for token, _ in told],
    }


def _usage(exchange: Exchange) -> dict[str, Any]:
    usage = exchange.usage
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
