"""Questions that people ask about Penstock find their passage in Penstock's own documents."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from app.bundles import load_bundle
from app.encoder import open_embedder
from app.retrieval.files import find_files
from app.retrieval.ingest import Ingest
from app.retrieval.searcher import Searcher
from app.settings import RetrievalSettings, RuntimeSettings
from app.store.sources import SourceStore

ROOT = Path(__file__).parents[3]
QUESTIONS = {
    "How do I add a filter?": "write one class in one",
    "How do I revoke an API key?": "penstock keys revoke",
    "How do I back up the database?": "pg_dump",
    "How can I use my own Postgres behind PgBouncer?": "pgbouncer=true",
    "Which file formats can sources have?": "Markdown, text, HTML and PDF",
    "What does the server do on SIGTERM?": "On SIGTERM",
    "Who may import SQLAlchemy?": "SQLAlchemy is imported",
    "How do I build the docker image?": "docker build",
    "Which metrics are worth an alert?": "penstock_requests_total",
    "What is PENSTOCK_DATABASE_URL for?": "PENSTOCK_DATABASE_URL",
    "What does durability disk mean?": "synced to disk",
    "What may a key with the scope review do?": "review",
}
"""Each with words of a passage that answers it."""


@pytest.fixture
async def searcher(store: SourceStore) -> AsyncGenerator[Searcher]:
    encoder = load_bundle(ROOT / "models", "encoder")
    embedder = open_embedder(encoder, RuntimeSettings())
    async with Ingest(store, embedder, RetrievalSettings().chunk_chars) as ingest:
        for file in find_files([ROOT / "README.md", ROOT / "docs"], ROOT):
            await ingest.add(file)
    opened = Searcher(store, embedder, refresh_s=60.0)
    await opened.start()
    yield opened
    await opened.close()
    await embedder.close()


async def test_most_questions_find_their_passage_among_the_first_three(searcher: Searcher) -> None:
    missed = []
    for question, words in QUESTIONS.items():
        found = await searcher.search(question, 3)
        if not any(words.lower() in passage.text.lower() for passage in found):
            missed.append(question)
    assert len(missed) <= len(QUESTIONS) // 6, missed
