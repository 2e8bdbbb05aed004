"""Text generation: a causal language model that writes many completions at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sized
from dataclasses import replace

import structlog

from app.bundles import Bundle
from app.bundles.manifest import TextGeneration
from app.encoder.canaries import failed
from app.encoder.tokens import clean, open_tokenizer
from app.engine import ChatMessage, Delta, Prompt, SamplingParameters, Task
from app.engine.generation.delivery import Mailbox
from app.engine.generation.engine_thread import EngineThread
from app.engine.generation.grammar import GrammarMatcher
from app.engine.generation.grammars import Grammars
from app.engine.generation.opening import open_stepper
from app.engine.generation.rows import CHUNK
from app.engine.generation.sampling import TokenPicker
from app.engine.generation.scheduler import Scheduler
from app.engine.generation.sequence import Piece, Receive, Sequence
from app.engine.generation.stepper import Bounds
from app.engine.generation.template import PromptTemplate, special_strings
from app.engine.generation.token_text import TokenText
from app.engine.generation.vocabulary import Vocabulary
from app.engine.graphs import DecoderLayout
from app.errors import (
    BundleError,
    EngineBusy,
    InvalidRequest,
    ModelFailed,
    PenstockError,
    PromptTooLong,
)
from app.runtime import Graph
from app.settings.model import RuntimeSettings

log = structlog.get_logger("penstock.engine")


class Generator:
    """A causal language model, one engine thread and a bounded queue.

    Args:
        bundle: what `load_bundle` returned.
        graph: its graph, normalised.
        layout: what the normalised graph takes and gives.
        settings: how much it may take on at once.

    Raises:
        BundleError: the bundle is for another task, its parts do not fit, or it fails its
            golden check.
    """

    task = Task.TEXT_GENERATION

    def __init__(
        self, bundle: Bundle, graph: Graph, layout: DecoderLayout, settings: RuntimeSettings
    ) -> None:
        model = bundle.manifest.model
        if not isinstance(model, TextGeneration):
            raise BundleError(f"bundle {bundle.reference} is for {model.task}, not text-generation")
        self.name = bundle.name
        self.version = bundle.version
        self._bundle = bundle
        bounds = Bounds(settings.max_sequences, bundle.manifest.max_tokens, settings.kv_bytes)
        stepper = open_stepper(graph, layout, bounds)
        self._room = stepper.max_length
        if self._room < min(CHUNK, bundle.manifest.max_tokens):
            raise BundleError(
                f"bundle {bundle.reference}: runtime.kv_bytes has no room for {CHUNK} tokens of "
                f"{layout.kv_bytes_per_token} bytes each; raise it"
            )
        tokenizer = open_tokenizer(bundle)
        self._vocabulary = Vocabulary(tokenizer, layout.vocab_size, model.eos_token_ids)
        self._grammars = Grammars(self._vocabulary)
        self._template = PromptTemplate(model.prompt_template, special_strings(tokenizer))
        self._most_requests = settings.max_sequences + settings.queue_size
        self._num_requests = 0
        self._scheduler = Scheduler(stepper)
        self._check_canaries()
        self._scheduler.release()  # what was recorded on this thread is of no use to the other
        self._thread = EngineThread(self._scheduler, step_timeout_s=settings.step_timeout_s)

    @property
    def is_alive(self) -> bool:
        """Whether the engine's thread is at work."""
        return self._thread.is_alive

    @property
    def num_waiting(self) -> int:
        """Requests that have no place in the batch yet."""
        return self._thread.num_waiting

    @property
    def num_running(self) -> int:
        """Requests whose prompt is being read or whose completion is being written."""
        return self._scheduler.num_running

    @property
    def kv_bytes(self) -> int:
        """Memory set aside for keys and values."""
        return self._scheduler.kv_bytes

    @property
    def tokens_written(self) -> int:
        """Tokens of completions, since the start."""
        return self._scheduler.tokens_written

    @property
    def tokens_read(self) -> int:
        """Tokens of prompts that the graph has read, since the start."""
        return self._scheduler.tokens_read

    @property
    def tokens_reused(self) -> int:
        """Tokens of prompts that were copied from another request's, since the start."""
        return self._scheduler.tokens_reused

    async def check(self, prompt: Prompt) -> None:
        """Refuse messages that leave no room for a completion, whatever the passages.

        Raises:
            PromptTooLong: they leave none.
            InvalidRequest: the template does not take them.
        """
        await asyncio.to_thread(self._encode, replace(prompt, passages=()))

    def text_of(self, tokens: list[int]) -> str:
        """Return the text that tokens stand for, without what begins every text of this model.

        Raises:
            PromptTooLong: the model cannot read so many.
            InvalidRequest: one is none of the model's, or is a control token.
        """
        self._check_length(tokens)
        return self._vocabulary.text_of(tokens)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Yield the completion as it is written; closing frees its place within one step.

        Raises:
            EngineBusy: the queue is full.
            PromptTooLong: the prompt leaves no room for a completion.
            InvalidRequest: the prompt is empty, the template does not take these messages, or the
                grammar cannot be used.
            Overloaded: there was not enough memory.
            ModelFailed: the graph failed, or returned NaN, Inf or a wrong shape; or the engine is
                dead.
        """
        if self._num_requests >= self._most_requests:
            raise EngineBusy
        self._num_requests += 1
        sequence: Sequence | None = None
        try:
            mailbox = Mailbox()
            grammar = prompt.parameters.grammar
            matcher = await self._grammars.matcher(grammar) if grammar else None
            sequence = await asyncio.to_thread(self._prepare, prompt, mailbox, matcher)
            self._thread.submit(sequence)
            async for piece in mailbox.stream():
                yield piece
        finally:
            if sequence is not None:
                self._thread.forget(sequence)
            self._num_requests -= 1

    async def close(self) -> None:
        """End all requests and release the model's memory."""
        self._grammars.close()
        await asyncio.to_thread(self._thread.close)

    def _prepare(
        self, prompt: Prompt, receive: Receive, matcher: GrammarMatcher | None = None
    ) -> Sequence:
        """Turn a request into a sequence."""
        tokens = self._tokenise(prompt)
        asked = prompt.parameters
        room = self._room - len(tokens)
        parameters = replace(asked, max_tokens=min(asked.max_tokens, room))
        try:
            picker = TokenPicker(parameters, tokens, self._vocabulary, matcher)
            text = TokenText(self._vocabulary, parameters.stop, parameters.min_tokens)
            return Sequence(tokens, parameters, picker, text, receive)
        except PenstockError:
            raise
        except Exception as error:
            log.exception("sequence_failed")
            raise ModelFailed from error

    def _tokenise(self, prompt: Prompt) -> list[int]:
        tokens = self._encode(prompt)
        if not tokens:
            raise InvalidRequest("The prompt is empty.", param="messages")
        return tokens

    def _encode(self, prompt: Prompt) -> list[int]:
        words = self._vocabulary
        if prompt.is_raw:
            tokens = words.opening + words.tokens_of(clean(self._template.render_raw(prompt)))
        else:
            tokens = words.tokens_of(clean(self._template.render(prompt)))
        self._check_length(tokens)
        return tokens

    def _check_length(self, tokens: Sized) -> None:
        if len(tokens) >= self._room:
            raise PromptTooLong(
                f"The prompt has {len(tokens)} tokens; this model reads fewer than {self._room}."
            )

    def _check_canaries(self) -> None:
        for number, canary in enumerate(self._bundle.manifest.canaries):
            expected = canary.expected_text or ""
            try:
                got = self._complete(canary.text, expected)
            except ModelFailed as error:
                raise failed(self._bundle, number, error.message) from error
            if not got.startswith(expected):
                raise failed(self._bundle, number, "another completion than expected")

    def _complete(self, text: str, expected: str) -> str:
        """Return the greedy completion, as far as it must be known; before the thread begins."""
        greedy = SamplingParameters(max_tokens=self._bundle.manifest.max_tokens)
        pieces: list[Piece] = []
        prompt = Prompt((ChatMessage("user", text),), parameters=greedy)
        sequence = self._prepare(prompt, pieces.append)
        self._scheduler.add(sequence)
        while self._scheduler.step() and len(_text(pieces)) < len(expected):
            pass
        self._scheduler.cancel(sequence)
        while self._scheduler.step():
            pass
        return _text(pieces)


def _text(pieces: list[Piece]) -> str:
    """Join what the pieces say.

    Raises:
        PenstockError: one of them is an error.
    """
    for piece in pieces:
        if isinstance(piece, PenstockError):
            raise piece
    return "".join(piece.text for piece in pieces if isinstance(piece, Delta))
