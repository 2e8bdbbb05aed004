"""Who reads and who writes next: many sequences over one stepper, one token each at every step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import perf_counter

import structlog

from app.engine.generation.candidates import Candidates
from app.engine.generation.delivery import Delivery
from app.engine.generation.rows import CHUNK
from app.engine.generation.sampling import Picked, enough, pick
from app.engine.generation.sequence import Sequence
from app.engine.generation.stepper import CacheLost, Logits, Stepper
from app.errors import ModelFailed, PenstockError
from app.runtime import Interrupt, Interrupted

OLDEST_FIRST = 4
"""Every so many chunks the one that has waited longest reads; else the one with least to read."""

log = structlog.get_logger("penstock.engine")


class Scheduler:
    """The sequences of one engine; used by one thread at a time, but for `cancel`.

    They wait in the order they came until the stepper has room, and nobody overtakes: whoever
    needs much room waits no longer for it than the ones in front take. Then each reads its prompt
    in chunks, and writes a token in every step until it ends.

    A step reads one chunk, or as many as take no longer than writing took the last time: long
    prompts at most double the time between two tokens of the others, or add one chunk to it.

    Args:
        stepper: runs the graph.
        clock: seconds.
    """

    def __init__(self, stepper: Stepper, clock: Callable[[], float] = perf_counter) -> None:
        self._stepper = stepper
        self._clock = clock
        self._writing_s = 0.0
        self._waiting: deque[Sequence] = deque()
        self._reading: list[Sequence] = []
        self._writing: list[Sequence] = []
        self._delivery = Delivery()
        self._num_chunks = 0
        self._has_cancelled = False
        self.interrupt = Interrupt()
        """Stops the step in which all write together."""
        self.tokens_written = 0
        self.tokens_read = 0
        self.tokens_reused = 0
        """Tokens of prompts that were copied from other sequences instead of being read."""
        self.failures_in_a_row = 0
        """Runs of the graph that failed since the last one that did not."""

    @property
    def num_waiting(self) -> int:
        """Sequences without a place."""
        return len(self._waiting)

    @property
    def num_running(self) -> int:
        """Sequences that read or write."""
        return len(self._reading) + len(self._writing)

    @property
    def kv_bytes(self) -> int:
        """Memory set aside for keys and values."""
        return self._stepper.kv_bytes

    def add(self, sequence: Sequence) -> None:
        """Let a sequence wait for its turn."""
        self._waiting.append(sequence)

    def cancel(self, sequence: Sequence) -> None:
        """Forget a sequence at the next step (any thread)."""
        sequence.cancel()
        self._has_cancelled = True

    def step(self) -> bool:
        """Let some read and all others write one token; return whether there is more to do."""
        self._drop_cancelled()
        self._admit()
        began = self._clock()
        self._read()
        while self._reading and self._clock() - began < self._writing_s:
            self._read()
        began = self._clock()
        self._write()
        self._writing_s = self._clock() - began
        self._delivery.flush()
        return bool(self._waiting or self._reading or self._writing)

    def drop(self) -> None:
        """Forget everything; nobody is told."""
        self._waiting.clear()
        self._reading, self._writing = [], []
        self._stepper.release()

    def release(self) -> None:
        """Give memory back while there is nothing to do."""
        self._stepper.release()

    def _drop_cancelled(self) -> None:
        if not self._has_cancelled:
            return
        self._has_cancelled = False
        self._waiting = deque(one for one in self._waiting if not one.is_cancelled)
        for sequence in [one for one in (*self._reading, *self._writing) if one.is_cancelled]:
            self._leave(sequence)

    def _admit(self) -> None:
        """Give places to those who wait, in their order, as far as there is room."""
        while self._waiting:
            sequence = self._waiting[0]
            running = [one.row for one in (*self._reading, *self._writing)]
            if not self._stepper.fits([*running, sequence.row]):
                return
            self._waiting.popleft()
            try:
                self._stepper.open(sequence.row)
                self._reading.append(sequence)
                self.tokens_reused += sequence.row.num_reused
            except Exception as error:  # noqa: BLE001  one request's failure is not the thread's
                self._delivery.add(sequence, self._failure(error))
                self._lose_all_after(error)

    def _read(self) -> None:
        """Read one chunk of one prompt."""
        if not self._reading:
            return
        sequence = self._next_reader()
        before, reused = sequence.row.length, sequence.row.num_reused
        try:
            logits = self._stepper.read(sequence.row, sequence.interrupt)
        except Interrupted:
            self._leave(sequence)
            return
        except Exception as error:  # noqa: BLE001  one request's failure is not the thread's
            self._fail([sequence], error)
            return
        self._count(sequence, before, reused)
        if logits is not None:
            self._reading.remove(sequence)
            self._stepper.join(sequence.row)
            self._writing.append(sequence)
            self._take(logits, [sequence])

    def _next_reader(self) -> Sequence:
        """Return who reads: short prompts pass long ones, but never hold them up for good."""
        self._num_chunks += 1
        if self._num_chunks % OLDEST_FIRST == 0:
            return self._reading[0]
        return min(self._reading, key=lambda one: -(-one.row.num_unread // CHUNK))

    def _write(self) -> None:
        """Write one token of each sequence that has read its prompt."""
        if not self._writing:
            return
        tokens = [sequence.last_token for sequence in self._writing]
        try:
            logits = self._stepper.write(
                tokens, self.interrupt, enough([sequence.picker for sequence in self._writing])
            )
        except Exception as error:  # noqa: BLE001  one request's failure is not the thread's
            self._fail(list(self._writing), error)
            return
        self.failures_in_a_row = 0
        self._take(logits, list(self._writing))

    def _take(self, logits: Logits | Candidates, sequences: list[Sequence]) -> None:
        """Pick a token for each row and send what it says."""
        picks = pick(logits, [sequence.picker for sequence in sequences])
        for sequence, picked in zip(sequences, picks, strict=True):
            self._take_one(sequence, picked)

    def _take_one(self, sequence: Sequence, picked: Picked | PenstockError) -> None:
        if isinstance(picked, PenstockError):
            self._end(sequence, picked, is_sound=not isinstance(picked, ModelFailed))
            return
        try:
            self._delivery.add(sequence, *sequence.take(picked))
        except Exception:
            log.exception("token_failed")
            self._end(sequence, ModelFailed(), is_sound=True)
            return
        self.tokens_written += not picked.is_end
        if sequence.finish_reason:
            self._leave(sequence)

    def _fail(self, sequences: list[Sequence], error: Exception) -> None:
        """End sequences whose run failed."""
        failure = self._failure(error)
        for sequence in sequences:
            self._end(sequence, failure, is_sound=False)
        self._lose_all_after(error)

    def _lose_all_after(self, error: Exception) -> None:
        """End everybody who runs, if the error took the cache along."""
        if isinstance(error, CacheLost):
            for sequence in (*self._reading, *self._writing):
                self._delivery.add(sequence, error)
            self._reading, self._writing = [], []
            self._stepper.release()

    def _end(self, sequence: Sequence, error: PenstockError, *, is_sound: bool) -> None:
        self._delivery.add(sequence, error)
        self._leave(sequence, is_sound=is_sound)

    def _leave(self, sequence: Sequence, *, is_sound: bool = True) -> None:
        """Free its place; among those who write, the last one moves there."""
        self._stepper.leave(sequence.row, is_sound=is_sound)
        if sequence in self._reading:
            self._reading.remove(sequence)
            return
        place = self._writing.index(sequence)
        last = self._writing.pop()
        if last is not sequence:
            self._writing[place] = last

    def _count(self, sequence: Sequence, before: int, reused: int) -> None:
        self.failures_in_a_row = 0
        copied = sequence.row.num_reused - reused
        self.tokens_reused += copied
        self.tokens_read += sequence.row.length - before - copied

    def _failure(self, error: Exception) -> PenstockError:
        """Return what to tell the clients; what nobody expected is logged."""
        if isinstance(error, PenstockError) and not isinstance(error, ModelFailed):
            return error
        self.failures_in_a_row += 1
        if isinstance(error, PenstockError):
            return error
        log.error("generation_failed", exc_info=error)
        return ModelFailed()
