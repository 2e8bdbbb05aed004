"""Questions with several passages, as retrieval would hand them over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app.bundles import Bundle
from app.encoder import open_embedder
from app.retrieval.index import PassageIndex
from app.retrieval.vectors import embed_passages, read_vectors
from filters import Passage
from scripts.corpus.row import Row, plain
from scripts.evaluation.serving import SETTINGS

PASSAGES = 4
SEARCHED = 24
ASKED_EVERYWHERE = frozenset({"manuals", "policies", "asked_policies"})
"""Sets whose questions fit many of their passages, so that others of them may answer as well."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its passages, best first, and the answers in them."""

    source: str
    text: str
    passages: tuple[str, ...]
    answers: tuple[tuple[int, int, int], ...]
    """Passage, start and end; none if the passages hold no answer."""

    @property
    def is_answerable(self) -> bool:
        """Whether the passages hold an answer."""
        return bool(self.answers)

    def holds_answer(self, passage: int, start: int, end: int) -> bool:
        """Whether a stretch of a passage touches an answer."""
        return any(p == passage and s < end and start < e for p, s, e in self.answers)


def questions_of(rows: Sequence[Row], encoder: Bundle) -> list[Question]:
    """Search among the passages of all rows for each row's question, as the server does.

    The row's own passage is always among the found ones, at the end if it was not found: what is
    measured is the answering, not the search.
    """
    return asyncio.run(_questions_of(rows, encoder))


async def _questions_of(rows: Sequence[Row], encoder: Bundle) -> list[Question]:
    embedder = open_embedder(encoder, SETTINGS)
    sources = {row.pair or "": row.source for row in rows}
    texts = list(sources)
    vectors = read_vectors(
        await embed_passages(embedder, [("", text) for text in texts]), embedder.dimension
    )
    passages = [Passage(str(number), text, "rows") for number, text in enumerate(texts)]
    index = PassageIndex(passages, vectors)
    found = []
    for row in rows:
        [vector] = await embedder.embed([row.text])
        near = [passage.text for passage in index.search(row.text, vector, SEARCHED)]
        if row.source in ASKED_EVERYWHERE:
            near = [text for text in near if text == row.pair or sources[text] != row.source]
        found.append(_question(row, near))
    await embedder.close()
    return found


def _question(row: Row, near: Sequence[str]) -> Question:
    own = row.pair or ""
    said = [plain(own[start:end]) for start, end in row.spans]
    # Another passage with the same answer may be right as well, and nobody knows.
    order = [t for t in near if t == own or not any(answer in plain(t) for answer in said)]
    order = order[:PASSAGES]
    if own not in order:
        order = [*order[: PASSAGES - 1], own]
    place = order.index(own)
    answers = tuple((place, start, end) for start, end in row.spans)
    return Question(row.source, row.text, tuple(order), answers)
