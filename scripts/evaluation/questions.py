"""Questions with several passages, as retrieval would hand them over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.corpus.neighbours import Neighbours
from scripts.corpus.row import Row, plain

PASSAGES = 4


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


def questions_of(rows: Sequence[Row]) -> list[Question]:
    """Put each row's passage among those that share the most words with its question.

    The passages stand in the order of their shared words, so an answer is not always first.
    """
    passages = list(dict.fromkeys(row.pair or "" for row in rows))
    number_of = {passage: number for number, passage in enumerate(passages)}
    limit = min(len(passages), PASSAGES * 2)
    near = Neighbours(passages).of([row.text for row in rows], limit)
    return [
        _question(row, passages, number_of[row.pair or ""], found)
        for row, found in zip(rows, near, strict=True)
    ]


def _question(row: Row, passages: list[str], own: int, found: list[int]) -> Question:
    said = [plain(passages[own][start:end]) for start, end in row.spans]
    order = [n for n in found if n == own or not any(text in plain(passages[n]) for text in said)][
        :PASSAGES
    ]
    if own not in order:
        order = [*order[: PASSAGES - 1], own]
    place = order.index(own)
    return Question(
        row.source,
        row.text,
        tuple(passages[n] for n in order),
        tuple((place, start, end) for start, end in row.spans),
    )
