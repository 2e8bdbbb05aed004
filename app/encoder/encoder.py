"""A bundle's tokenizer and graph, opened together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from app.bundles import Bundle
from app.encoder.calls import Row
from app.encoder.frames import Window
from app.encoder.runner import EncoderRunner, batch_tokens
from app.encoder.tokens import Text, Tokens, off_the_loop
from app.errors import BundleError, ModelFailed
from app.runtime import Workers, num_threads, open_graph
from app.settings.model import RuntimeSettings

INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})


class Encoder:
    """Text to the rows of a graph; long texts become several windows, each with its row.

    Raises:
        BundleError: the graph cannot be loaded or does not fit the tokenizer.
        StartupError: ONNX Runtime is missing, or the GPU that was demanded.
    """

    def __init__(
        self, bundle: Bundle, settings: RuntimeSettings, workers: Workers | None = None
    ) -> None:
        self.bundle = bundle
        self.tokens = Tokens(bundle)
        graph = open_graph(bundle, settings)
        if strange := {tensor.name for tensor in graph.inputs} - INPUTS:
            raise BundleError(f"bundle {bundle.reference}: unknown inputs {sorted(strange)}")
        self._workers = workers or Workers(num_threads(settings.threads))
        self._owns_workers = workers is None
        self.runner = EncoderRunner(
            graph,
            self._workers,
            queue_size=settings.queue_size,
            batch_tokens=batch_tokens(graph, bundle.graph.operators),
        )

    @property
    def is_alive(self) -> bool:
        """Whether the threads are at work."""
        return self.runner.is_alive

    @property
    def num_waiting(self) -> int:
        """Windows that wait for a thread."""
        return self.runner.num_waiting

    async def read(self, texts: Sequence[Text]) -> list[list[Row]]:
        """Return the rows of each text's windows.

        Raises:
            EngineBusy: the queue is full.
            ModelFailed: the graph failed, or returned NaN, Inf or a wrong shape.
        """
        windows = await off_the_loop(self._windows, texts)
        rows = iter(await self.runner.run([window for some in windows for window in some]))
        return [[next(rows) for _ in some] for some in windows]

    def read_now(self, text: Text) -> list[Row]:
        """Return the rows of one text, computed in the calling thread."""
        return self.runner.run_now(self.tokens.windows(text))

    async def num_tokens(self, texts: Sequence[str]) -> int:
        """Return how many tokens the graph reads of these texts, overlaps included."""
        windows = await off_the_loop(self._windows, texts)
        return sum(len(window.ids) for some in windows for window in some)

    async def close(self) -> None:
        """Stop threads of its own and let go of the graph."""
        await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """Do the same where there is no event loop."""
        if self._owns_workers:
            self._workers.close()

    def _windows(self, texts: Sequence[Text]) -> list[list[Window]]:
        return [self.tokens.windows(text) for text in texts]

    def check_last_token(self) -> None:
        """Read the token with the highest number: it shows a vocabulary that is too large.

        Raises:
            BundleError: the graph cannot.
        """
        last = self.tokens.tokenizer.get_vocab_size() - 1
        ids = np.array([last], dtype=np.int64)
        try:
            self.runner.run_now([Window(ids, np.zeros_like(ids))])
        except ModelFailed as error:
            raise BundleError(
                f"bundle {self.bundle.reference}: golden check failed: the graph cannot read "
                f"token {last} of its tokenizer; the two do not belong together"
            ) from error


class EncoderModel:
    """What a model that reads texts with an encoder is to those who keep it."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    @property
    def is_alive(self) -> bool:
        """Whether its threads are at work."""
        return self._encoder.is_alive

    @property
    def num_waiting(self) -> int:
        """Texts that wait in front of it, in windows."""
        return self._encoder.num_waiting

    async def num_tokens(self, texts: Sequence[str]) -> int:
        """Return how many tokens the model reads of these texts, overlaps included."""
        return await self._encoder.num_tokens(texts)

    async def close(self) -> None:
        """Release the model."""
        await self._encoder.close()


@contextmanager
def opening(
    bundle: Bundle, settings: RuntimeSettings, workers: Workers | None
) -> Iterator[Encoder]:
    """Open an encoder, and close it again if what is built on it fails."""
    encoder = Encoder(bundle, settings, workers)
    try:
        encoder.check_last_token()
        yield encoder
    except BaseException:
        encoder.close_now()
        raise
