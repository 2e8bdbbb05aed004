"""Questions about this project's own documentation: what a new user asks first.

They go the whole way: the documentation is cut and indexed as the server does it, passages are
searched, and the answerer reads them. A question is answered rightly if the sentence holds one of
the words given with it; questions without words have no answer here, and silence is right.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.bundles import Bundle
from app.encoder import open_embedder
from app.retrieval.chunk import Chunk, chunk
from app.retrieval.index import PassageIndex
from app.retrieval.parse import Bounds, parse
from app.retrieval.vectors import embed_passages, read_vectors
from filters import Passage
from scripts.evaluation.questions import Question
from scripts.evaluation.serving import SETTINGS

ROOT = Path(__file__).parents[2]
SOURCES = ("README.md", "docs")
CHUNK_CHARS = 500
PASSAGES = 4

ASKED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("How do I add a filter?", ("write one class",)),
    ("how to write a new filter", ("write one class",)),
    ("How do I use a filter in the chain?", ("name it in the chain",)),
    ("How do I start the server?", ("make run",)),
    ("Which Python version do I need?", ("Python 3.11",)),
    ("How do I run the tests?", ("make test",)),
    ("How do I add a PDF to the sources?", ("sources add",)),
    ("Which file formats can be indexed?", ("PDF",)),
    ("How do I revoke an API key?", ("keys revoke", "revoked key")),
    ("Where is the first key?", ("first-key",)),
    ("What does the scope review allow?", ("review",)),
    ("What happens when Postgres is down?", ("Postgres away", "Postgres is away", "Postgres until",
     "segments")),
    ("How do I make a backup?", ("Back up", "pg_dump")),
    ("What does /livez say?", ("livez",)),
    ("What happens on SIGTERM?", ("SIGTERM",)),
    ("How do I run two servers side by side?", ("side by side",)),
    ("What does the toxicity filter do?", ("toxicity",)),
    ("What does the keyword filter find?", ("keyword", "leetspeak", "listed word")),
    ("What does the grounding filter check?", ("grounding", "passage supports", "beyond")),
    ("Which regular expressions are allowed?", ("RE2",)),
    ("What is a canary?", ("anar",)),
    ("Can filters import other filters?", ("do not import each other", "no other filter")),
    ("How long are prompts kept?", ("text_days", "90", "retention")),
    ("Which Postgres versions are supported?", ("PostgreSQL from 14",)),
    ("How do I scale to more machines?", ("more", "machines")),
    ("What is the licence?", ("Apache",)),
    ("Who won the football world cup in 1998?", ()),
    ("What is the capital of France?", ()),
    ("How do I bake bread?", ()),
    ("Who invented the telephone?", ()),
    ("What is the weather like tomorrow?", ()),
    ("How much does a licence cost per year?", ()),
    ("How do I connect to MySQL?", ()),
    ("When was Penstock founded?", ()),
    ("Who is the chief executive?", ()),
    ("How do I train a model on AMD graphics cards?", ()),
    ("What is the phone number of the support team?", ()),
    ("Which planet is the largest?", ()),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnQuestion(Question):
    """A question whose answer is known by its words, wherever it stands."""

    words: tuple[str, ...] = ()

    @property
    def is_answerable(self) -> bool:
        """Whether the documentation answers it, found or not."""
        return bool(self.words)


def own_questions(encoder: Bundle) -> list[OwnQuestion]:
    """Search the documentation for each question."""
    return asyncio.run(_own_questions(encoder))


async def _own_questions(encoder: Bundle) -> list[OwnQuestion]:
    embedder = open_embedder(encoder, SETTINGS)
    chunks = [one for path in _files() for one in _chunks(path)]
    stored = await embed_passages(embedder, [(one.title, one.text) for one in chunks])
    passages = [Passage(str(one.id), one.text, "docs", one.title) for one in chunks]
    index = PassageIndex(passages, read_vectors(stored, embedder.dimension))
    found = []
    for text, words in ASKED:
        [vector] = await embedder.embed([text])
        texts = tuple(passage.text for passage in index.search(text, vector, PASSAGES))
        found.append(OwnQuestion("own_docs", text, texts, _places(texts, words), words))
    await embedder.close()
    return found


def _files() -> list[Path]:
    return [
        file
        for path in (ROOT / name for name in SOURCES)
        for file in (sorted(path.rglob("*.md")) if path.is_dir() else [path])
    ]


def _chunks(path: Path) -> list[Chunk]:
    document = parse(path.read_bytes(), path.name, Bounds())
    return chunk(document, path.name, CHUNK_CHARS)


def _places(texts: Sequence[str], words: Sequence[str]) -> tuple[tuple[int, int, int], ...]:
    return tuple(
        (number, match.start(), match.end())
        for number, text in enumerate(texts)
        for word in words
        for match in re.finditer(re.escape(word), text, re.IGNORECASE)
    )
