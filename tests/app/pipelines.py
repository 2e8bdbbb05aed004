"""Pipelines around scripted engines."""

from __future__ import annotations

from collections.abc import Sequence

from app.chain.chain import Chain
from app.chain.instance import Instance
from app.engine import Delta
from app.engine.served import ServedEngines
from app.exchange import Exchange, Message
from app.pipeline import Pipeline
from filters import Stage, Unit
from tests.app.chain.sample_filters import Word, WordOptions
from tests.app.scripted import KeptRecords, ScriptedEngine

INPUT = Stage.INPUT


def word(text: str, replacement: str | None = None) -> Word:
    return Word(WordOptions(word=text, replacement=replacement), Unit.sentence())


def asked(*texts: str) -> Exchange:
    roles = ["user", "assistant"]
    messages = tuple(Message(roles[i % 2], text) for i, text in enumerate(texts))
    return Exchange(messages=messages, model="scripted")


class Setup:
    def __init__(
        self,
        *pieces: str | Delta | Exception,
        chain: Sequence[Instance] = (),
        engine: ScriptedEngine | None = None,
        request_s: float = 5.0,
        shadow_s: float = 5.0,
    ) -> None:
        self.engine = engine or ScriptedEngine(pieces)
        self.records = KeptRecords()
        engines = ServedEngines.of({"scripted": self.engine})
        self.pipeline = Pipeline(Chain(chain), engines, self.records, request_s, shadow_s)
