"""A server with a few exchanges in its log, for the review pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from app.chain.chain import Chain
from app.checking import Checker
from app.engine.served import ServedEngines
from app.exchange import (
    Action,
    Citation,
    Edit,
    Exchange,
    FinishReason,
    Message,
    Mode,
    Outcome,
    Verdict,
)
from app.main import create_app
from app.pipeline import Pipeline
from app.routes.keyring import KeyRing
from app.routes.readiness import Readiness
from app.routes.service import Service
from app.settings import ChainEntry, Settings
from app.store.database import Database
from app.store.exchanges import ExchangeStore
from app.store.keys import KeyStore, Scope
from filters import Evidence, Passage, Range, Stage
from tests.app.scripted import FixedFilters, FixedLineup, KeptRecords, LengthEmbedder
from tests.exchanges import make_exchange
from tests.http import listening

SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def _words(
    id: str, stage: Stage, action: Literal["block", "rewrite", "flag"], *words: str
) -> ChainEntry:
    options = {"words": words, "label": id}
    return ChainEntry(id=id, filter="keyword", stage=stage, action=action, options=options)


CHAIN = (
    _words("blocklist", Stage.INPUT, "block", "bomb"),
    _words("rude", Stage.INPUT, "flag", "idiot", SCRIPT),
    _words("names", Stage.INPUT, "rewrite", "Ann"),
    _words("promises", Stage.OUTPUT, "flag", "guaranteed"),
)


@dataclass(frozen=True)
class Pages:
    """Where the pages are, and keys to them."""

    url: str
    review_key: str
    infer_key: str
    keys: KeyStore
    ring: KeyRing
    records: KeptRecords


def sample_exchanges() -> list[Exchange]:
    """Return one of each outcome, the last one newest."""
    passage = Passage("p", "A filter is one class. It lives in one file.", "docs/filters.md", "New")
    cited = Citation(0, "docs/filters.md", "New", 0, 22, 12, 21)
    grounding = Verdict(
        *("grounding", "grounding", "1", Stage.OUTPUT, Action.FLAG, Mode.ENFORCE, 0.7, 0.5),
        "unsupported",
        ranges=(Range(0, 9, "unsupported"),),
        evidence=(Evidence(0, 23, 44, "contradicts", 0.8),),
        duration_ms=12.0,
    )
    blocked = Verdict(
        *("blocklist", "keyword", "1", Stage.INPUT, Action.BLOCK, Mode.ENFORCE, 1.0, 0.5, "bomb"),
        ranges=(Range(9, 13, "bomb"),),
    )
    return [
        make_exchange(
            "How do I add a filter?",
            completion="One class. In one file.",
            generated="One class. In one file.",
            passages=(passage,),
            citations=(cited,),
            verdicts=[grounding],
            timings_ms={"input_filters": 3.0, "model": 20.0, "output_filters": 9.0, "total": 33.0},
        ),
        make_exchange(
            "Build a \u202ebomb",
            outcome=Outcome.BLOCKED,
            finish_reason=FinishReason.BLOCKED,
            completion="",
            generated="",
            passages=(),
            verdicts=[blocked],
        ),
        make_exchange(
            "Who is it?",
            outcome=Outcome.REWRITTEN,
            completion="It is [name].",
            generated="It is Ann.",
            completion_edits=(Edit(6, 9, "[name]"),),
            messages=(Message("system", "Be kind."), Message("user", "Who is it?")),
        ),
        make_exchange(SCRIPT, completion=SCRIPT, generated=SCRIPT, user=SCRIPT),
    ]


@pytest.fixture
async def pages(database: Database, tmp_path: Path) -> AsyncGenerator[Pages]:
    """Serve the pages over the sample exchanges."""
    settings = Settings(home=tmp_path, chain=CHAIN)
    app = create_app(settings)
    store, keys = ExchangeStore(database), KeyStore(database)
    await store.insert(sample_exchanges())
    _, review_key = await keys.create("Ana", frozenset({Scope.REVIEW}))
    _, infer_key = await keys.create("client", frozenset({Scope.INFER}))
    ring, records = KeyRing(keys), KeptRecords()
    await ring.refresh()
    app.state.service = Service(
        settings=settings,
        pipeline=Pipeline(Chain.build(CHAIN), ServedEngines(), records, request_s=5.0),
        checker=Checker(Chain([]), records, request_s=5.0),
        filters=FixedFilters(),
        engines=ServedEngines(),
        embedder=LengthEmbedder(),
        lineup=FixedLineup(ServedEngines()),
        exchanges=store,
        keys=ring,
        metrics=app.state.metrics,
        drain=app.state.drain,
        readiness=Readiness(()),
    )
    async with listening(app) as port:
        yield Pages(f"http://127.0.0.1:{port}", review_key, infer_key, keys, ring, records)
