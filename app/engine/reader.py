"""Reading passages for the exact answer to a question."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from app.bundles.manifest import QuestionAnswering
from app.encoder import Encoder
from app.encoder.calls import Row
from app.encoder.frames import Ids, Window
from app.encoder.tokens import clean, off_the_loop
from app.errors import PromptTooLong
from app.runtime import checked

IMPOSSIBLE = np.float32(-1e9)

Offsets = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Reading:
    """For each token of a passage, the best answer that begins there."""

    offsets: Offsets
    """Each token's range in the passage."""
    scores: NDArray[np.float32]
    """The span's logits minus those of "not in this passage"."""
    ends: NDArray[np.int64]
    """The span's last token."""
    num_tokens: int = 0
    """How many tokens the model read, special ones and overlaps included."""

    def best_between(self, start: int, end: int) -> tuple[float, int, int] | None:
        """Return score, start and end of the best answer that begins in `[start, end)`."""
        first = bisect_left(self.offsets, start, key=itemgetter(0))
        last = bisect_left(self.offsets, end, key=itemgetter(0))
        if first == last:
            return None
        best = first + int(self.scores[first:last].argmax())
        return float(self.scores[best]), self.offsets[best][0], self.offsets[self.ends[best]][1]


class SpanReader:
    """A question-answering graph: question and passage in, spans out."""

    def __init__(self, encoder: Encoder, model: QuestionAnswering) -> None:
        self._encoder = encoder
        self._tokens = encoder.tokens
        self._max_answer = model.max_answer_tokens

    async def check(self, question: str) -> None:
        """Refuse a question that is too long.

        Raises:
            PromptTooLong: it takes more than half of the model's window.
        """
        await off_the_loop(self._asked, (question,))

    async def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        """Read all passages for the question.

        Raises:
            PromptTooLong: the question takes more than half of the model's window.
            EngineBusy: the queue is full.
            ModelFailed: the graph failed, or returned NaN, Inf or a wrong shape.
        """
        asked, texts = await off_the_loop(self._tokenise, (question, *passages))
        windows = [self._tokens.question_windows(asked, ids) for ids, _ in texts]
        rows = iter(await self._encoder.runner.run([one for some in windows for one in some]))
        return [
            self._reading(offsets, some, [next(rows) for _ in some])
            for (_, offsets), some in zip(texts, windows, strict=True)
        ]

    def read_now(self, question: str, passage: str) -> Reading:
        """Read one passage in the calling thread."""
        asked, [(ids, offsets)] = self._tokenise((question, passage))
        windows = self._tokens.question_windows(asked, ids)
        return self._reading(offsets, windows, self._encoder.runner.run_now(windows))

    def _tokenise(self, texts: Sequence[str]) -> tuple[Ids, list[tuple[Ids, Offsets]]]:
        question, *passages = texts
        return self._asked((question,)), [self._tokens.ids_and_offsets(text) for text in passages]

    def _asked(self, texts: Sequence[str]) -> Ids:
        [question] = texts
        asked = self._tokens.ids(question)
        if len(asked) > self._tokens.max_question_tokens:
            raise PromptTooLong(
                f"The question has {len(asked)} tokens; this model reads at most "
                f"{self._tokens.max_question_tokens}."
            )
        return asked

    def _reading(self, offsets: Offsets, windows: Sequence[Window], rows: Sequence[Row]) -> Reading:
        """Keep, for each token, the best span over all windows that hold it."""
        scores = np.full(len(offsets), IMPOSSIBLE, dtype=np.float32)
        ends = np.arange(len(offsets))
        for window, row in zip(windows, rows, strict=True):
            here, last = self._spans(window, row)
            at = slice(window.second_from, window.second_from + len(here))
            better = here > scores[at]
            scores[at] = np.where(better, here, scores[at])
            ends[at] = np.where(better, last + window.second_from, ends[at])
        return Reading(offsets, scores, ends, sum(len(window.ids) for window in windows))

    def _spans(self, window: Window, row: Row) -> tuple[NDArray[np.float32], Ids]:
        """Return, for each token of the passage here, its best span's score and last token."""
        start = checked(row["start_logits"], len(window.ids))
        end = checked(row["end_logits"], len(window.ids))
        inside = slice(*window.second)
        reach = self._max_answer
        padded = np.pad(end[inside], (0, reach - 1), constant_values=IMPOSSIBLE)
        ahead = sliding_window_view(padded, reach)[: len(start[inside])]
        lengths = ahead.argmax(axis=1)
        scores = start[inside] + ahead.max(axis=1) - (start[0] + end[0])
        return scores, np.arange(len(scores)) + lengths


def exact_answer(reading: Reading, passage: str) -> str:
    """Return the best span of a whole passage."""
    best = reading.best_between(0, len(passage))
    return clean(passage)[best[1] : best[2]] if best else ""
