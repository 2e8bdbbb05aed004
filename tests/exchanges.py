"""Exchanges for tests: a simple one, and any that there could be."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from app.exchange import (
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
from filters import Evidence, Passage, Range, Stage


def make_exchange(prompt: str = "What is a penstock?", **fields: Any) -> Exchange:
    """Return a completed exchange of about 2 kB, as the default chain leaves it."""
    passages = tuple(
        Passage(f"p{n}", "A penstock is the gate and pipe that leads to a turbine. " * 4, "docs/x")
        for n in range(4)
    )
    verdict = Verdict(
        *("tox", "toxicity", "1", Stage.INPUT, Action.ALLOW, Mode.ENFORCE, 0.01, 0.9, "insult"),
        scores={"insult": 0.01, "threat": 0.001},
        duration_ms=3.2,
    )
    return Exchange(
        **{
            "messages": (Message("user", prompt),),
            "model": "answer",
            "passages": passages,
            "outcome": Outcome.COMPLETED,
            "finish_reason": FinishReason.STOP,
            "completion": "A gate and a pipe.",
            "verdicts": [verdict],
            "usage": Usage(12, 5),
            "timings_ms": {"total": 12.5},
            **fields,
        }
    )


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
"""Also with NUL and lone surrogates."""
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
POSITIONS = st.integers(0, 10_000)
SCORE = st.floats(0.0, 1.0)
SCORES = st.dictionaries(ANY_TEXT, NUMBERS, max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(ANY_TEXT, JSON, max_size=3)
EDITS = st.builds(Edit, POSITIONS, POSITIONS, ANY_TEXT)
RANGES = st.builds(
    Range, POSITIONS, st.integers(10_001, 20_000), ANY_TEXT, SCORE, st.none() | ANY_TEXT
)
VERDICTS = st.builds(
    Verdict,
    *(ANY_TEXT, ANY_TEXT, ANY_TEXT),
    *(st.sampled_from(Stage), st.sampled_from(Action), st.sampled_from(Mode)),
    *(NUMBERS, NUMBERS, ANY_TEXT),
    ranges=st.lists(RANGES, max_size=2).map(tuple),
    evidence=st.lists(
        st.builds(Evidence, POSITIONS, POSITIONS, POSITIONS, ANY_TEXT, SCORE), max_size=2
    ).map(tuple),
    scores=SCORES,
    duration_ms=NUMBERS,
    error=st.none() | ANY_TEXT,
)
EXCHANGES = st.builds(
    Exchange,
    messages=st.lists(st.builds(Message, ANY_TEXT, ANY_TEXT), max_size=3).map(tuple),
    model=ANY_TEXT,
    parameters=OBJECTS,
    passages=st.lists(
        st.builds(Passage, ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT, NUMBERS), max_size=2
    ).map(tuple),
    user=st.none() | ANY_TEXT,
    session=st.none() | ANY_TEXT,
    metadata=OBJECTS,
    key_id=st.none() | st.uuids(),
    id=st.uuids(),
    created_at=st.datetimes(timezones=st.just(dt.UTC)),
    model_version=ANY_TEXT,
    outcome=st.sampled_from(Outcome),
    finish_reason=st.sampled_from(FinishReason),
    error_code=st.none() | ANY_TEXT,
    generated=ANY_TEXT,
    completion=ANY_TEXT,
    prompt_edits=st.lists(EDITS, max_size=2).map(tuple),
    completion_edits=st.lists(EDITS, max_size=2).map(tuple),
    citations=st.lists(
        st.builds(Citation, POSITIONS, ANY_TEXT, ANY_TEXT, *[POSITIONS] * 4), max_size=2
    ).map(tuple),
    verdicts=st.lists(VERDICTS, max_size=2),
    usage=st.builds(Usage, POSITIONS, POSITIONS),
    timings_ms=SCORES,
)
"""Every field of every class, drawn."""
