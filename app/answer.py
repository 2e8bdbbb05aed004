"""One exchange on its way: read the prompt, ask the model, judge what it writes."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from time import perf_counter

from app.chain.chain import Chain
from app.chain.concealment import conceal
from app.chain.passages import ReadPassages
from app.chain.placeholders import PlaceholderBook
from app.chain.restoration import Restorer, in_json
from app.chain.text_run import TextRun
from app.engine import (
    ChatMessage,
    Delta,
    Engine,
    Prompt,
    Support,
    TokenLogprob,
)
from app.engine.parameters import sampling_parameters
from app.errors import ModelFailed
from app.exchange import (
    SEPARATOR,
    Citation,
    Edit,
    Exchange,
    FinishReason,
    Message,
    Outcome,
    Usage,
    Verdict,
)
from filters import Context, Passage, Role, Stage

_ROLES = {"function": Role.TOOL, **{role.value: role for role in Role}}

_SURROGATE = re.compile("[\ud800-\udfff]")


class Answer:
    """Fills one exchange; how it ends when something breaks is the pipeline's business."""

    def __init__(
        self,
        exchange: Exchange,
        engine: Engine,
        chain: Chain,
        tokens: list[TokenLogprob] | None = None,
    ) -> None:
        self._exchange = exchange
        self._tokens = tokens
        self._engine = engine
        came = (*(m.content for m in exchange.messages), *(p.text for p in exchange.passages))
        self._book = PlaceholderBook(taken=came)
        self._input = chain.stage(Stage.INPUT, self._book)
        self._retrieval = chain.stage(Stage.RETRIEVAL, self._book)
        self._output = chain.stage(Stage.OUTPUT, self._book)
        self._read_passages = ReadPassages(self._retrieval)
        self._num_sent = len(exchange.passages)
        self._restorer: Restorer | None = None
        self._released = ""
        self._question = readable(exchange.question)
        self._instructions = tuple(
            readable(message.content) for message in exchange.messages if _role(message).instructs
        )

    async def stream(self) -> AsyncGenerator[str, None]:
        """Yield the completion as the output filters release it."""
        prompt = await self._read()
        if prompt is None:
            self._block()
            return
        async with aclosing(self._engine.stream(prompt)) as deltas:
            async for text in self._write(deltas):
                if restored := self._restored(text):
                    yield restored
        if rest := self._restored(last=True):
            yield rest

    async def run_shadows(self, until: float) -> None:
        """Let the shadow filters measure what has been released already, and no longer than this.

        Args:
            until: a moment of the event loop's clock; what is late has the verdict `error`.
        """
        for stage in (self._input, self._retrieval, self._output):
            await stage.run_shadows(until)

    def _restored(self, text: str = "", *, last: bool = False) -> str:
        """Take what the filters released into the exchange; return it as the client gets it."""
        exchange = self._exchange
        exchange.completion += text
        self._restorer = self._restorer or self._begun_restorer()
        restored = self._restorer.feed(text, last=last)
        if self._book.restorable:
            self._released += restored
            exchange.released = self._released
        return restored

    def _begun_restorer(self) -> Restorer:
        texts = self._book.restorable
        is_json = self._exchange.parameters.get("json_schema") is not None
        return Restorer(in_json(texts) if is_json else texts)

    def settle(self) -> None:
        """Write everything the filters found into the exchange, however it ended."""
        exchange = self._exchange
        judged = (self._with_evidence_as_sent(verdict) for verdict in self._output.verdicts)
        exchange.verdicts = [*self._input.verdicts, *self._retrieval.verdicts, *judged]
        exchange.prompt_edits = self._prompt_edits
        exchange.completion_edits = self._output.edits
        conceal(exchange, self._input, self._retrieval, self._output, self._num_sent)

    @property
    def _prompt_edits(self) -> tuple[Edit, ...]:
        edits = self._input.edits + self._retrieval.edits
        return tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))

    async def _read(self) -> Prompt | None:
        """Return the prompt as the model may read it, or None if a part of it is blocked."""
        exchange, started = self._exchange, perf_counter()
        context = Context(
            Stage.INPUT,
            self._question,
            exchange.passages,
            instructions=self._instructions,
        )
        try:
            messages = await self._read_messages(context)
            if messages is None:
                return None
            self._keep_as_read(messages)
            if not await self._read_sent_and_found(context):
                return None
        finally:
            exchange.timings_ms["input_filters"] = (perf_counter() - started) * 1_000
        return Prompt(
            messages=tuple(messages),
            passages=tuple(passage.text for passage in self._read_passages.passages),
            parameters=sampling_parameters(exchange.parameters),
            is_raw=exchange.is_raw,
        )

    async def _read_messages(self, context: Context) -> list[ChatMessage] | None:
        exchange, base = self._exchange, 0
        asked = exchange.last_user_message
        messages: list[ChatMessage] = []
        for message in exchange.messages:
            said = replace(context, role=_role(message))
            run = self._input.text(said, base, is_beside=message is not asked)
            content = await run.feed(readable(message.content), last=True)
            if _is_blocked(run):
                return None
            messages.append(ChatMessage(message.role, content))
            base += len(message.content) + len(SEPARATOR)
        return messages

    def _keep_as_read(self, messages: Sequence[ChatMessage]) -> None:
        """Show the filters that come later no more of the prompt than the model reads."""
        sent = (readable(message.content) for message in self._exchange.messages)
        read = dict(zip(sent, (message.content for message in messages), strict=True))
        self._question = read.get(self._question, self._question)
        self._instructions = tuple(read[text] for text in self._instructions)

    async def _read_sent_and_found(self, context: Context) -> bool:
        """Judge the passages; return whether all that came with the request may be read."""
        exchange = self._exchange
        sent: list[Passage] = []
        runs: list[TextRun] = []
        context = replace(context, role=Role.PASSAGE)
        for passage, base in zip(exchange.passages, exchange.passage_starts, strict=True):
            run = self._input.text(context, base, is_beside=True)
            text = await run.feed(readable(passage.text), last=True)
            if _is_blocked(run):
                return False
            sent.append(replace(passage, text=text))
            runs.append(run)
        found = self._input.passages
        exchange.passages += found
        self._book.leave_out(passage.text for passage in found)
        passages = [*sent, *(replace(one, text=readable(one.text)) for one in found)]
        later = replace(context, question=self._question, instructions=self._instructions)
        broken = await self._read_passages.judge(passages, exchange.passage_starts, later, runs)
        if broken is not None and broken.failure is not None:
            raise broken.failure
        return True

    async def _write(self, deltas: AsyncGenerator[Delta, None]) -> AsyncGenerator[str, None]:
        run: TextRun | None = None
        while True:
            delta = await self._next(deltas)
            run = run or self._output.text(self._output_context(delta))
            if text := await self._judge(run, delta):
                yield text
            if _is_blocked(run):
                self._block()
                return
            if delta.finish_reason:
                self._complete(delta)
                return

    async def _next(self, deltas: AsyncGenerator[Delta, None]) -> Delta:
        """Wait for the model's next piece and take it into the exchange."""
        exchange, started = self._exchange, perf_counter()
        try:
            delta = await anext(deltas)
        except StopAsyncIteration as error:
            raise ModelFailed from error
        waited_ms = (perf_counter() - started) * 1_000
        exchange.timings_ms.setdefault("first_piece", waited_ms)
        exchange.timings_ms["model"] = exchange.timings_ms.get("model", 0.0) + waited_ms
        exchange.generated += delta.text
        if self._tokens is not None:
            self._tokens += delta.logprobs
        exchange.citations += tuple(self._citation(support) for support in delta.supports)
        return delta

    async def _judge(self, run: TextRun, delta: Delta) -> str:
        timings, started = self._exchange.timings_ms, perf_counter()
        released = await run.feed(delta.text, last=delta.finish_reason is not None)
        judged_ms = (perf_counter() - started) * 1_000
        timings["output_filters"] = timings.get("output_filters", 0.0) + judged_ms
        return released

    def _output_context(self, first: Delta) -> Context:
        return Context(
            Stage.OUTPUT,
            self._question,
            self._read_passages.passages,
            abstained=first.abstained,
            instructions=self._instructions,
        )

    def _citation(self, support: Support) -> Citation:
        as_sent = self._read_passages.as_sent
        index, start, end = as_sent(support.passage, support.start, support.end)
        _, *answer = as_sent(support.passage, support.answer_start, support.answer_end)
        passage = self._exchange.passages[index]
        return Citation(index, passage.source, passage.title, start, end, *answer)

    def _with_evidence_as_sent(self, verdict: Verdict) -> Verdict:
        evidence = self._read_passages.evidence_as_sent(verdict.evidence)
        return replace(verdict, evidence=evidence)

    def _block(self) -> None:
        self._exchange.outcome = Outcome.BLOCKED
        self._exchange.finish_reason = FinishReason.BLOCKED

    def _complete(self, last: Delta) -> None:
        exchange = self._exchange
        changed = self._prompt_edits or self._output.edits
        exchange.outcome = Outcome.REWRITTEN if changed else Outcome.COMPLETED
        exchange.finish_reason = FinishReason(last.finish_reason or FinishReason.STOP)
        exchange.usage = Usage(last.prompt_tokens, last.completion_tokens)


def readable(text: str) -> str:
    """Replace lone surrogates, which no model can read, keeping every position.

    Filters get the same text as the model, so nothing can hide from them in the difference.
    """
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _role(message: Message) -> Role:
    """Return who speaks in a message; a word that we do not know is no reason to trust its text."""
    return _ROLES.get(message.role, Role.USER)


def _is_blocked(run: TextRun) -> bool:
    if run.failure:
        raise run.failure
    return run.blocked_by is not None
