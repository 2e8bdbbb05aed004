"""Text classification as an engine: the completion is a decision."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from app.bundles import Bundle
from app.encoder import TextClassifier
from app.engine import Delta, Prompt, Task
from app.errors import BundleError

DECISIVE = 0.5
"""Where the labels of a sigmoid are as likely as not."""


class LabelEngine:
    """Answers a prompt with the label that fits its last user message best.

    Raises:
        BundleError: the classifier reads pairs of texts.
    """

    task = Task.TEXT_CLASSIFICATION

    def __init__(self, bundle: Bundle, classifier: TextClassifier) -> None:
        if classifier.model.pair:
            raise BundleError(
                f"bundle {bundle.reference} judges pairs of texts; it can serve filters, not prompts"
            )
        self.name = bundle.name
        self.version = bundle.version
        self._classifier = classifier

    @property
    def is_alive(self) -> bool:
        """Whether its threads are at work."""
        return self._classifier.is_alive

    @property
    def num_waiting(self) -> int:
        """Texts that wait in front of it, in windows."""
        return self._classifier.num_waiting

    async def check(self, prompt: Prompt) -> None:
        """Refuse nothing: a text of any length is read in windows."""

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Yield the label as one piece; a sigmoid without a likely label gives the neutral one.

        Raises:
            EngineBusy: the queue is full.
            ModelFailed: the graph failed, or returned NaN, Inf or a wrong shape.
        """
        text = next((m.content for m in reversed(prompt.messages) if m.role == "user"), "")
        [scores] = await self._classifier.scores([text])
        best = int(scores.argmax())
        model = self._classifier.model
        is_clear = model.activation == "softmax" or scores[best] >= DECISIVE
        yield Delta(
            text=model.labels[best] if is_clear else model.neutral,
            finish_reason="stop",
            prompt_tokens=await self._classifier.num_tokens([text]),
            completion_tokens=1,
        )

    async def close(self) -> None:
        """Release the model."""
        await self._classifier.close()
