"""One completion on its way: what the engine's thread and the caller's event loop share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field

import structlog
from tokenizers import Tokenizer

from app.engine import Delta, SamplingParameters
from app.engine.decoder import Decoder
from app.engine.generation.sampling import TokenPicker, pick
from app.engine.generation.token_text import TokenText
from app.engine.generation.vocabulary import Vocabulary
from app.errors import ModelFailed, PenstockError
from app.runtime import Interrupt

log = structlog.get_logger("penstock.engine")


def generate(
    decoder: Decoder,
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    parameters: SamplingParameters,
    *,
    ends: Sequence[int],
    interrupt: Interrupt,
) -> Iterator[Delta]:
    """Decode token by token; the last piece carries the reason and the counts.

    Args:
        decoder: the graph.
        tokenizer: turns tokens into text.
        tokens: the prompt.
        parameters: `max_tokens` must leave room for the prompt.
        ends: tokens that end the completion and are no part of it.
        interrupt: stops the running step.

    Raises:
        ModelFailed: see `Decoder.step`.
    """
    logits, cache = decoder.step(tokens, decoder.begin(), interrupt)
    vocabulary = Vocabulary(tokenizer, len(logits), ends)
    text = TokenText(vocabulary, parameters.stop, parameters.min_tokens)
    picker = TokenPicker(parameters, tokens, vocabulary)
    reason, num_written = "length", 0
    while num_written < parameters.max_tokens:
        picked = pick(logits[None].copy(), [picker])[0]
        if isinstance(picked, PenstockError):
            raise picked
        if picked.is_end:
            reason = "stop"
            break
        num_written += 1
        if piece := text.add(picked.token):
            yield Delta(piece)
        if text.is_stopped:
            reason = "stop"
            break
        if num_written < parameters.max_tokens:
            logits, cache = decoder.step([picked.token], cache, interrupt)
    yield Delta(
        text.finish(),
        finish_reason=reason,
        prompt_tokens=len(tokens),
        completion_tokens=num_written,
    )


@dataclass(slots=True, eq=False)
class Generation:
    """A job for the engine's thread, whose pieces come out on the event loop."""

    pieces: Iterator[Delta]
    interrupt: Interrupt
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    queue: asyncio.Queue[Delta | PenstockError] = field(default_factory=asyncio.Queue)

    def work(self) -> None:
        """Compute all pieces (engine thread)."""
        try:
            for piece in self.pieces:
                self._put(piece)
        except PenstockError as error:
            self._put(error)
        except Exception:
            log.exception("generation_failed")
            self._put(ModelFailed())

    def drop(self, error: ModelFailed) -> None:
        """Never begin."""
        self._put(error)

    async def stream(self) -> AsyncGenerator[Delta, None]:
        """Yield the pieces until the last one."""
        while True:
            piece = await self.queue.get()
            if isinstance(piece, PenstockError):
                raise piece
            yield piece
            if piece.finish_reason:
                return

    def _put(self, piece: Delta | PenstockError) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self.loop.call_soon_threadsafe(self.queue.put_nowait, piece)
