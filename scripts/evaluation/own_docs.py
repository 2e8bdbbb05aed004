"""Questions about this project's own documentation: what a new user asks first.

They go the whole way: the documentation is cut and indexed as the server does it, passages are
searched, and the answerer reads them. A question is answered rightly if the sentence holds one of
the words given with it. Every second question takes part in choosing the answerer's weights; the
others only measure.
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
from scripts.evaluation.own_asked import ASKED
from scripts.evaluation.questions import Question
from scripts.evaluation.serving import SETTINGS

ROOT = Path(__file__).parents[2]
SOURCES = ("README.md", "docs")
CHUNK_CHARS = 500
PASSAGES = 4


@dataclass(frozen=True, slots=True)
class OwnQuestion(Question):
    """A question whose answer is known by its words, wherever it stands."""

    words: tuple[str, ...] = ()

    @property
    def is_answerable(self) -> bool:
        """Whether the documentation answers it, found or not."""
        return bool(self.words)


def fitting(questions: Sequence[OwnQuestion]) -> list[OwnQuestion]:
    """Return the questions that the weights may be chosen by."""
    return list(questions[::2])


def measuring(questions: Sequence[OwnQuestion]) -> list[OwnQuestion]:
    """Return the questions that the weights have not seen."""
    return list(questions[1::2])


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
