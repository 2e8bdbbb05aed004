"""Answers questions from the passages that come with them, or says that they hold no answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import numpy as np

from app.bundles.manifest import QuestionAnswering
from app.encoder import Encoder, EncoderModel
from app.encoder.canaries import failed
from app.engine import ChatMessage, Delta, Prompt, Task
from app.engine.ranking import Candidate, candidates
from app.engine.reader import SpanReader, exact_answer
from app.engine.vectors import Embedder, SentenceVectors
from app.errors import BundleError, ModelFailed


class Answerer(EncoderModel):
    """Extractive question answering: the completion is a sentence of a passage, word for word.

    Each sentence is measured by a span reader, by the closeness of its embedding to the
    question's, and by shared words; the manifest's weights add these up. The embedder stays its
    owner's to close.
    """

    task = Task.QUESTION_ANSWERING

    def __init__(self, encoder: Encoder, embedder: Embedder | None) -> None:
        model = encoder.bundle.manifest.model
        if not isinstance(model, QuestionAnswering):
            raise BundleError(
                f"bundle {encoder.bundle.reference} is for {model.task}, not question-answering"
            )
        if embedder is None and model.weights.cosine:
            raise BundleError(
                f"bundle {encoder.bundle.reference} weighs embeddings, but there is no encoder"
            )
        self.name = encoder.bundle.name
        self.version = encoder.bundle.version
        self._model = model
        super().__init__(encoder)
        self._vectors = SentenceVectors(embedder) if embedder and model.weights.cosine else None
        self._reader = SpanReader(encoder, model)
        self._check_canaries()

    async def check(self, prompt: Prompt) -> None:
        """Refuse a question that takes more than half of the model's window.

        Raises:
            PromptTooLong: it does.
        """
        await self._reader.check(_question(prompt.messages))

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Yield the supporting sentence, or the abstention, as one piece.

        The question is the last user message.

        Raises:
            PromptTooLong: the question takes more than half of the model's window.
            EngineBusy: the queue is full.
            ModelFailed: the graph failed, or returned NaN, Inf or a wrong shape.
        """
        question = _question(prompt.messages)
        if not question.strip() or not prompt.passages:
            yield self._abstain(0)
            return
        readings = await self._reader.read(question, prompt.passages)
        num_tokens = sum(reading.num_tokens for reading in readings)
        best = await self._best(question, candidates(question, prompt.passages, readings))
        if best is None or best.score(self._model.weights) < self._model.min_score:
            yield self._abstain(num_tokens)
            return
        yield Delta(
            text=best.text,
            supports=(best.support,),
            finish_reason="stop",
            prompt_tokens=num_tokens,
            completion_tokens=len(self._encoder.tokens.ids(best.text)),
        )

    def _abstain(self, num_tokens: int) -> Delta:
        text = self._model.abstention
        return Delta(
            text=text,
            abstained=True,
            finish_reason="no_answer",
            prompt_tokens=num_tokens,
            completion_tokens=len(self._encoder.tokens.ids(text)),
        )

    async def _best(self, question: str, found: list[Candidate]) -> Candidate | None:
        """Embed the most promising candidates and return the best of them."""
        weights = self._model.weights
        # Sorting is stable: of equals the first in the passages wins.
        found = sorted(found, key=lambda one: -one.score(weights))[: self._model.candidates]
        if found and self._vectors:
            cosines = await self._vectors.cosines(question, [one.text for one in found])
            found = [one.with_cosine(cos) for one, cos in zip(found, cosines, strict=True)]
        return max(found, key=lambda one: one.score(weights), default=None)

    def _check_canaries(self) -> None:
        """Compare exact answers, and the reader's scores where the manifest gives them."""
        bundle = self._encoder.bundle
        for number, canary in enumerate(bundle.manifest.canaries):
            passage = canary.pair or ""
            try:
                reading = self._reader.read_now(canary.text, passage)
            except ModelFailed as error:
                raise failed(bundle, number, error.message) from error
            if canary.expected_text not in (None, exact_answer(reading, passage)):
                raise failed(bundle, number, "another answer than expected")
            best = max(reading.scores, default=np.float32(0))
            if canary.expected and abs(float(best) - canary.expected[0]) > canary.tolerance:
                raise failed(bundle, number, "another score than expected")


def _question(messages: Sequence[ChatMessage]) -> str:
    return next((m.content for m in reversed(messages) if m.role == "user"), "")
