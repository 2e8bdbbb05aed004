"""The story of one exchange: input filters, the model, output filters, the record.

The whole answer is the stream fed to its end, so both are equal by construction.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from time import perf_counter
from typing import Protocol

import structlog

from app.answer import Answer
from app.chain.chain import Chain
from app.engine import ChatMessage, Engine
from app.errors import DeadlineExceeded, ModelNotFound, PenstockError
from app.exchange import Exchange, FinishReason, Outcome

log = structlog.get_logger(__name__)


class Records(Protocol):
    """Where exchanges are kept."""

    def check_room(self) -> None:
        """Raise RecorderFull if an exchange could not be kept."""

    async def record(self, exchange: Exchange) -> None:
        """Keep an exchange, as durably as the operator wants before its answer leaves.

        It is written before the first await, so a cancelled request is kept as well.
        """


class Pipeline:
    """Leads exchanges through the chain and the model, and into the log."""

    def __init__(
        self,
        chain: Chain,
        engines: Mapping[str, Engine],
        records: Records,
        request_s: float,
        shadow_s: float = 1.0,
    ) -> None:
        self._chain = chain
        self._engines = engines
        self._records = records
        self._request_s = request_s
        self._shadow_s = shadow_s

    async def run(self, exchange: Exchange) -> None:
        """Fill in everything the exchange lacks, and record it.

        Raises:
            PenstockError: the exchange failed; it is recorded as such.
        """
        async with aclosing(self.stream(exchange)) as released:
            async for _ in released:
                pass

    async def stream(self, exchange: Exchange) -> AsyncGenerator[str, None]:
        """Yield the completion as it is released; afterwards the exchange is complete and kept.

        Close the generator to cancel the work; the exchange is then recorded as cancelled, or as
        failed if `exchange.error_code` already says why the server itself cut it off.

        Raises:
            PenstockError: the exchange failed; it is recorded as such.
        """
        engine = self._engine(exchange.model)
        self._records.check_room()
        exchange.model, exchange.model_version = engine.name, engine.version
        answer = Answer(exchange, engine, self._chain)
        started = perf_counter()
        try:
            await engine.check([ChatMessage(m.role, m.content) for m in exchange.messages])
            async with aclosing(self._work(answer)) as released:
                async for text in released:
                    exchange.completion += text
                    yield text
        except (asyncio.CancelledError, GeneratorExit):
            _cut_off(exchange)
            raise
        except PenstockError as error:
            _end(exchange, Outcome.FAILED, FinishReason.ERROR, error.code)
            raise
        except Exception as error:
            _end(exchange, Outcome.FAILED, FinishReason.ERROR, PenstockError.code)
            log.exception("exchange_failed", exchange=str(exchange.id))
            raise PenstockError from error
        else:
            exchange.error_code = None  # what came too late to cut it off
        finally:
            answer.settle()
            exchange.timings_ms["total"] = (perf_counter() - started) * 1_000
            await self._record(exchange)

    async def _record(self, exchange: Exchange) -> None:
        started = perf_counter()
        await self._records.record(exchange)
        exchange.timings_ms["record"] = (perf_counter() - started) * 1_000

    async def _work(self, answer: Answer) -> AsyncGenerator[str, None]:
        """Yield what is released; then let the shadow filters measure in the time that is left."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._request_s
        async with aclosing(_until(answer.stream(), deadline)) as released:
            async for text in released:
                yield text
        await answer.run_shadows(min(deadline, clock() + self._shadow_s))

    def _engine(self, model: str) -> Engine:
        try:
            return self._engines[model]
        except KeyError as error:
            raise ModelNotFound(param="model") from error


def _end(
    exchange: Exchange, outcome: Outcome, reason: FinishReason, code: str | None = None
) -> None:
    exchange.outcome, exchange.finish_reason, exchange.error_code = outcome, reason, code


def _cut_off(exchange: Exchange) -> None:
    if exchange.error_code:
        _end(exchange, Outcome.FAILED, FinishReason.ERROR, exchange.error_code)
    else:
        _end(exchange, Outcome.CANCELLED, FinishReason.CANCELLED)


async def _until(stream: AsyncGenerator[str, None], deadline: float) -> AsyncGenerator[str, None]:
    """Pass a stream on until its time is over; the reader's own time counts too."""
    async with aclosing(stream):
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    text = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise DeadlineExceeded from error
            yield text
