"""Sequences of tokens for the slot engine, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence as Tokens
from dataclasses import dataclass, field

from app.engine import Delta, SamplingParameters
from app.engine.generation.opening import open_stepper
from app.engine.generation.sampling import TokenPicker
from app.engine.generation.scheduler import Scheduler
from app.engine.generation.sequence import Piece, Sequence
from app.engine.generation.stepper import Bounds
from app.engine.generation.token_text import TokenText
from app.engine.generation.vocabulary import Vocabulary
from app.engine.graphs import DecoderLayout
from app.errors import PenstockError
from app.runtime import Graph
from tests.recital import END, recital

BOUNDS = Bounds(slots=8, length=256, kv_bytes=10**8)


@dataclass(eq=False)
class Asked:
    """A sequence with the pieces it has sent."""

    sequence: Sequence
    pieces: list[Piece] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces if isinstance(piece, Delta))

    @property
    def last(self) -> Piece:
        return self.pieces[-1]

    @property
    def is_over(self) -> bool:
        return bool(self.pieces) and (
            isinstance(self.last, PenstockError) or self.last.finish_reason is not None
        )

    @property
    def outcome(self) -> tuple[str, list[int], str | None]:
        """Text, tokens and reason; the tokens are known if their log-probabilities were asked for."""
        assert isinstance(self.last, Delta), self.last
        told = [one for piece in self.pieces for one in piece.logprobs]  # type: ignore[union-attr]
        return self.text, [one.token for one in told], self.last.finish_reason


def vocabulary_of(layout: DecoderLayout) -> Vocabulary:
    words, _ = recital((), ends=False)
    end = words.token_to_id(END)
    assert end is not None
    return Vocabulary(words, layout.vocab_size, [end])


def asked(
    words: Vocabulary, prompt: Tokens[int], max_tokens: int = 8, **parameters: object
) -> Asked:
    """Make a sequence that tells its tokens."""
    wanted = SamplingParameters(max_tokens, logprobs=0, **parameters)  # type: ignore[arg-type]
    pieces: list[Piece] = []
    picker = TokenPicker(wanted, prompt, words)
    text = TokenText(words, wanted.stop, wanted.min_tokens)
    return Asked(Sequence(list(prompt), wanted, picker, text, pieces.append), pieces)


def scheduler(graph: Graph, layout: DecoderLayout, bounds: Bounds = BOUNDS) -> Scheduler:
    return Scheduler(open_stepper(graph, layout, bounds))


def finish(engine: Scheduler) -> int:
    """Step until there is nothing to do; return the number of steps."""
    steps = 1
    while engine.step():
        steps += 1
        assert steps < 10_000
    return steps


def alone(
    graph: Graph, layout: DecoderLayout, prompt: Tokens[int], max_tokens: int, **parameters: object
) -> tuple[str, list[int], str | None]:
    """Return what a sequence writes in an engine of its own."""
    engine = scheduler(graph, layout)
    one = asked(vocabulary_of(layout), prompt, max_tokens, **parameters)
    engine.add(one.sequence)
    finish(engine)
    return one.outcome
