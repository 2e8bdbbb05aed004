"""What detectors are asked, and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from app.checking import Checked
from app.exchange import Exchange, Verdict
from app.routes.checks.judging import OpenBody, example
from app.routes.fields import Answer, Body
from filters import Range, Stage

_QUESTION = "How do I add a filter?"
_ANSWER = "Write one class in one file."


class DetectorParams(Body):
    """What a detector may be told."""

    threshold: float = Field(0.0, ge=0, le=1)
    """Leave out what scores less; what the chain's own thresholds let pass is never told."""


class DetectorRequest(OpenBody):
    """Base of these requests."""

    detector_params: DetectorParams = Field(default_factory=DetectorParams)


class ContentsRequest(DetectorRequest):
    """Texts to judge, each by itself."""

    model_config = example(contents=[_QUESTION], detector_params={"threshold": 0.5})

    contents: list[str]


class GenerationRequest(DetectorRequest):
    """What a model wrote, with its prompt."""

    model_config = example(prompt=_QUESTION, generated_text=_ANSWER)

    prompt: str
    generated_text: str


class ContextRequest(DetectorRequest):
    """A text to hold against documents."""

    model_config = example(content=_ANSWER, context_type="docs", context=[_ANSWER])

    content: str
    context_type: Literal["docs", "document", "chunks", "url"] = Field(
        json_schema_extra={"enum": ["docs", "document", "chunks"]}
    )
    """`url` is refused: nothing is fetched."""
    context: list[str]
    """The documents; the filters see them as passages."""


class ChatRequest(DetectorRequest):
    """A conversation, of which a detector of the output stage judges the last message."""

    model_config = example(
        messages=[{"role": "user", "content": _QUESTION}, {"role": "assistant", "content": _ANSWER}]
    )

    messages: list[dict[str, Any]] = Field(json_schema_extra={"minItems": 1})
    """As OpenAI's chat completions have them; the arguments of tool calls are judged like texts."""


class EvidenceAnswer(Answer):
    """A stretch of a document that bears a detection out."""

    name: str
    value: str
    score: float


class Detection(Answer):
    """What one filter found."""

    detection: str
    """The finding's label."""
    detection_type: str
    """The filter's name."""
    detector_id: str
    """The filter's id in the chain."""
    score: float
    evidence: list[EvidenceAnswer]
    metadata: dict[str, Any]
    """What the chain does about it (`action`), its `threshold`, and the record's id (`exchange`)."""


class ContentDetection(Detection):
    """What one filter found, and where."""

    start: int
    """In characters (Unicode code points)."""
    end: int
    text: str
    """What stands there."""


def in_place(checked: Checked, text: str, params: DetectorParams) -> Iterator[dict[str, Any]]:
    """Yield what was found in a text, with where it stands."""
    for verdict in checked.found:
        base = checked.exchange.passage_starts[0] if verdict.stage is Stage.RETRIEVAL else 0
        whole = Range(base, base + max(len(text), 1), verdict.label, verdict.score)
        for found in verdict.ranges or (whole,):
            if found.score >= params.threshold:
                detection = _detection(verdict, checked.exchange, found.label, found.score)
                start, end = found.start - base, found.end - base
                yield {"start": start, "end": end, "text": text[start:end], **detection}


def as_whole(params: DetectorParams) -> Callable[[Sequence[Checked]], list[dict[str, Any]]]:
    """Return what tells the findings of checks, without their places."""

    def body(checked: Sequence[Checked]) -> list[dict[str, Any]]:
        return [
            _detection(verdict, one.exchange, verdict.label, verdict.score)
            for one in checked
            for verdict in one.found
            if verdict.score >= params.threshold
        ]

    return body


def _detection(verdict: Verdict, exchange: Exchange, label: str, score: float) -> dict[str, Any]:
    evidence = [
        EvidenceAnswer(
            name=piece.label,
            value=exchange.passages[piece.passage].text[piece.start : piece.end],
            score=piece.score,
        )
        for piece in verdict.evidence
    ]
    metadata = {
        "action": verdict.action,
        "threshold": verdict.threshold,
        "exchange": str(exchange.id),
    }
    return Detection(
        detection=label,
        detection_type=verdict.filter,
        detector_id=verdict.id,
        score=score,
        evidence=evidence,
        metadata=metadata,
    ).model_dump()
