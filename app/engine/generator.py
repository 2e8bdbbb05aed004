"""Text generation: one request at a time, token by token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace

from app.bundles import Bundle
from app.bundles.manifest import TextGeneration
from app.encoder.canaries import failed
from app.encoder.tokens import clean, open_tokenizer
from app.engine import ChatMessage, Delta, Prompt, SamplingParameters, Task
from app.engine.decoder import Decoder
from app.engine.generation import Generation, generate
from app.engine.template import PromptTemplate, special_strings
from app.errors import BundleError, EngineBusy, InvalidRequest, ModelFailed, PromptTooLong
from app.runtime import Graph, Interrupt, Workers
from app.settings.model import RuntimeSettings


class Generator:
    """A causal language model with its cache, one engine thread and a bounded queue.

    Raises:
        BundleError: the bundle is for another task, its parts do not fit, or it fails its
            golden check.
    """

    task = Task.TEXT_GENERATION

    def __init__(self, bundle: Bundle, graph: Graph, settings: RuntimeSettings) -> None:
        model = bundle.manifest.model
        if not isinstance(model, TextGeneration):
            raise BundleError(f"bundle {bundle.reference} is for {model.task}, not text-generation")
        self.name = bundle.name
        self.version = bundle.version
        self._bundle = bundle
        self._model = model
        self._decoder = Decoder(bundle, model, graph)
        self._tokenizer = open_tokenizer(bundle)
        self._template = PromptTemplate(model.prompt_template, special_strings(self._tokenizer))
        self._queue_size = settings.queue_size
        self._num_requests = 0
        self._check_canaries()
        self._workers = Workers(1)

    @property
    def is_alive(self) -> bool:
        """Whether the engine's thread is at work."""
        return self._workers.is_alive

    @property
    def num_waiting(self) -> int:
        """Requests that wait for the one in work."""
        return max(0, self._num_requests - 1)

    async def check(self, messages: Sequence[ChatMessage]) -> None:
        """Refuse messages that leave no room for a completion, whatever the passages.

        Raises:
            PromptTooLong: they leave none.
            InvalidRequest: the template does not take them.
        """
        await asyncio.to_thread(self._encode, Prompt(tuple(messages)))

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Yield the completion as it is written; closing stops the running step.

        Raises:
            EngineBusy: the queue is full.
            PromptTooLong: the prompt leaves no room for a completion.
            InvalidRequest: the prompt is empty, or the template does not take these messages.
            ModelFailed: the graph failed, or returned NaN, Inf or a wrong shape.
        """
        if self._num_requests > self._queue_size:
            raise EngineBusy
        self._num_requests += 1
        interrupt = Interrupt()
        try:
            tokens = await asyncio.to_thread(self._tokenise, prompt)
            generation = Generation(self._pieces(tokens, prompt.parameters, interrupt), interrupt)
            self._workers.submit(generation)
            async for piece in generation.stream():
                yield piece
        finally:
            interrupt.set()
            self._num_requests -= 1

    async def close(self) -> None:
        """Let the running request end, drop the waiting ones, release the model."""
        await asyncio.to_thread(self._workers.close)

    def _tokenise(self, prompt: Prompt) -> list[int]:
        tokens = self._encode(prompt)
        if not tokens:
            raise InvalidRequest("The prompt is empty.", param="messages")
        return tokens

    def _encode(self, prompt: Prompt) -> list[int]:
        text = clean(self._template.render(prompt))
        tokens = list(self._tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids)
        room = self._bundle.manifest.max_tokens
        if len(tokens) >= room:
            raise PromptTooLong(
                f"The prompt has {len(tokens)} tokens; this model reads fewer than {room}."
            )
        return tokens

    def _pieces(
        self, tokens: list[int], parameters: SamplingParameters, interrupt: Interrupt
    ) -> Iterator[Delta]:
        room = self._bundle.manifest.max_tokens - len(tokens)
        return generate(
            self._decoder,
            self._tokenizer,
            tokens,
            replace(parameters, max_tokens=min(parameters.max_tokens, room)),
            ends=self._model.eos_token_ids,
            interrupt=interrupt,
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
        """Return the greedy completion, as far as it must be known."""
        tokens = self._tokenise(Prompt((ChatMessage("user", text),)))
        greedy = SamplingParameters(max_tokens=self._bundle.manifest.max_tokens)
        got = ""
        for piece in self._pieces(tokens, greedy, Interrupt()):
            got += piece.text
            if len(got) >= len(expected):
                break
        return got
