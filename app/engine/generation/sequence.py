"""One completion on its way."""

from __future__ import annotations

from collections.abc import Callable

from app.engine import Delta, SamplingParameters, TokenLogprob
from app.engine.generation.rows import Row, new_row
from app.engine.generation.sampling import Picked, TokenPicker
from app.engine.generation.token_text import TokenText
from app.errors import PenstockError
from app.runtime import Interrupt

Piece = Delta | PenstockError
Receive = Callable[[Piece], None]
"""Takes the pieces in order; the last one has a finish reason or is an error."""


class Sequence:
    """Prompt and completion of one request, as the engine's thread sees them.

    Args:
        prompt: tokens; at least one.
        parameters: `max_tokens` must leave room for the prompt.
        picker: picks its tokens.
        text: turns them into text.
        receive: called with its pieces.
    """

    def __init__(
        self,
        prompt: list[int],
        parameters: SamplingParameters,
        picker: TokenPicker,
        text: TokenText,
        receive: Receive,
    ) -> None:
        self.row: Row = new_row(prompt, len(prompt) + parameters.max_tokens)
        self.picker = picker
        self.receive = receive
        self.interrupt = Interrupt()
        self.is_cancelled = False
        """Nobody waits for it any more; set by any thread."""
        self.last_token = 0
        self.num_written = 0
        self.finish_reason: str | None = None
        self._max_tokens = parameters.max_tokens
        self._text = text
        self._logprobs: list[TokenLogprob] = []

    def cancel(self) -> None:
        """Stop it: its running chunk ends at the next operator, all else within one step."""
        self.is_cancelled = True
        self.interrupt.set()

    def take(self, picked: Picked) -> list[Delta]:
        """Take the next token and return the pieces that are now sure."""
        pieces: list[Delta] = []
        if not picked.is_end:
            self.last_token = picked.token
            self.num_written += 1
            if picked.logprob:
                self._logprobs.append(picked.logprob)
            if text := self._text.add(picked.token):
                pieces.append(self._piece(text))
        if picked.is_end or picked.is_last or self._text.is_stopped:
            self.finish_reason = "stop"
        elif self.num_written >= self._max_tokens:
            self.finish_reason = "length"
        if self.finish_reason:
            pieces.append(self._piece(self._text.finish()))
        return pieces

    def _piece(self, text: str) -> Delta:
        logprobs, self._logprobs = tuple(self._logprobs), []
        return Delta(
            text,
            logprobs=logprobs,
            finish_reason=self.finish_reason,
            prompt_tokens=len(self.row.prompt) if self.finish_reason else 0,
            completion_tokens=self.num_written if self.finish_reason else 0,
        )
