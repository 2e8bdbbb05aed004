"""An exchange as rows, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from app.exchange import (
    SEPARATOR,
    Action,
    Citation,
    Edit,
    Exchange,
    FinishReason,
    Message,
    Mode,
    Outcome,
    Usage,
    Verdict,
)
from app.store.lossless import Row, pack, unpack
from filters import Evidence, Passage, Range, Stage

_NAMES = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (Passage, Citation, Edit, Range, Evidence)
}


def exchange_row(exchange: Exchange) -> Row:
    """Return who, when and how it ended."""
    texts = {
        "user_id": exchange.user,
        "session_id": exchange.session,
        "model": exchange.model,
        "model_version": exchange.model_version,
        "error_code": exchange.error_code,
    }
    return {
        "id": exchange.id,
        "created_at": exchange.created_at,
        "key_id": exchange.key_id,
        "outcome": exchange.outcome.value,
        "finish_reason": exchange.finish_reason.value,
        "prompt_tokens": exchange.usage.prompt_tokens,
        "completion_tokens": exchange.usage.completion_tokens,
        **pack(texts, {"timings_ms": exchange.timings_ms}),
    }


def content_row(exchange: Exchange) -> Row:
    """Return the text: everything that is kept for a shorter time."""
    same = exchange.generated == exchange.completion
    texts = {
        "prompt": exchange.prompt,
        "completion": exchange.completion,
        "generated": None if same else exchange.generated,
    }
    values = {
        "turns": [{"role": m.role, "chars": len(m.content)} for m in exchange.messages],
        "parameters": dict(exchange.parameters),
        "metadata": dict(exchange.metadata),
        "passages": _plain(exchange.passages),
        "prompt_edits": _plain(exchange.prompt_edits),
        "completion_edits": _plain(exchange.completion_edits),
        "citations": _plain(exchange.citations),
        "findings": [
            {"ranges": _plain(v.ranges), "evidence": _plain(v.evidence)} for v in exchange.verdicts
        ],
    }
    return {"exchange_id": exchange.id, **pack(texts, values)}


def verdict_rows(exchange: Exchange) -> list[Row]:
    """Return what the filters measured, without the places in the text."""
    return [
        {
            "exchange_id": exchange.id,
            "position": position,
            "stage": verdict.stage.value,
            "action": verdict.action.value,
            "mode": verdict.mode.value,
            "score": float(verdict.score),
            "threshold": float(verdict.threshold),
            "duration_ms": float(verdict.duration_ms),
            **pack(_verdict_texts(verdict), {"scores": dict(verdict.scores)}),
        }
        for position, verdict in enumerate(exchange.verdicts)
    ]


def read_exchange(
    row: Mapping[str, Any], content: Mapping[str, Any] | None, verdicts: Sequence[Mapping[str, Any]]
) -> Exchange:
    """Return the exchange; without its content, if that has been dropped, it has no messages."""
    head = unpack(row)
    body = unpack(content) if content else {}
    findings = body.get("findings") or [{"ranges": (), "evidence": ()}] * len(verdicts)
    exchange = Exchange(
        messages=_messages(body),
        model=head["model"],
        user=head["user_id"],
        session=head["session_id"],
        key_id=head["key_id"],
        id=head["id"],
        created_at=head["created_at"],
        model_version=head["model_version"],
        outcome=Outcome(head["outcome"]),
        finish_reason=FinishReason(head["finish_reason"]),
        error_code=head["error_code"],
        usage=Usage(head["prompt_tokens"], head["completion_tokens"]),
        timings_ms=head["timings_ms"],
        verdicts=[_verdict(unpack(v), f) for v, f in zip(verdicts, findings, strict=True)],
    )
    _fill_in(exchange, body)
    return exchange


def _fill_in(exchange: Exchange, body: Row) -> None:
    if not body:
        return
    exchange.parameters = body["parameters"]
    exchange.metadata = body["metadata"]
    exchange.passages = _objects(Passage, body["passages"])
    exchange.completion = body["completion"]
    exchange.generated = body["completion"] if body["generated"] is None else body["generated"]
    exchange.prompt_edits = _objects(Edit, body["prompt_edits"])
    exchange.completion_edits = _objects(Edit, body["completion_edits"])
    exchange.citations = _objects(Citation, body["citations"])


def _messages(body: Row) -> tuple[Message, ...]:
    """Cut the prompt into its messages again."""
    messages = []
    start = 0
    for turn in body.get("turns", ()):
        end = start + turn["chars"]
        messages.append(Message(turn["role"], body["prompt"][start:end]))
        start = end + len(SEPARATOR)
    return tuple(messages)


def _verdict_texts(verdict: Verdict) -> dict[str, str | None]:
    return {
        "instance": verdict.id,
        "filter": verdict.filter,
        "filter_version": verdict.version,
        "label": verdict.label,
        "error": verdict.error,
    }


def _verdict(row: Row, finding: Row) -> Verdict:
    return Verdict(
        id=row["instance"],
        filter=row["filter"],
        version=row["filter_version"],
        stage=Stage(row["stage"]),
        action=Action(row["action"]),
        mode=Mode(row["mode"]),
        score=row["score"],
        threshold=row["threshold"],
        label=row["label"],
        ranges=_objects(Range, finding["ranges"]),
        evidence=_objects(Evidence, finding["evidence"]),
        scores=row["scores"],
        duration_ms=row["duration_ms"],
        error=row["error"],
    )


def _plain(objects: Iterable[Any]) -> list[Row]:
    return [{name: getattr(item, name) for name in _NAMES[type(item)]} for item in objects]


def _objects(kind: type[Any], rows: Iterable[Row]) -> tuple[Any, ...]:
    return tuple(kind(**row) for row in rows)
