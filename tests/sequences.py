"""Sequences of tokens for the slot engine, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Tokens
from dataclasses import dataclass, field
from itertools import accumulate, cycle

import onnx
from tokenizers import Tokenizer

from app.engine import Delta, SamplingParameters
from app.engine.generation.buckets import BucketStepper
from app.engine.generation.opening import open_stepper
from app.engine.generation.sampling import TokenPicker
from app.engine.generation.scheduler import Scheduler
from app.engine.generation.sequence import Piece, Sequence
from app.engine.generation.shared import SharedStepper
from app.engine.generation.slots import DeviceMover
from app.engine.generation.stepper import Bounds
from app.engine.generation.token_text import TokenText
from app.engine.generation.vocabulary import Vocabulary
from app.engine.graphs import DecoderLayout
from app.engine.graphs.normalise import normalise
from app.errors import PenstockError
from app.runtime import Copier, Graph
from tests.exports import exported
from tests.normal_graphs import opened
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


@dataclass(frozen=True)
class Model:
    """A normalised graph with its tokens."""

    graph: Graph
    layout: DecoderLayout
    words: Vocabulary


def tiny(model: onnx.ModelProto, layout: DecoderLayout, kind: type[Graph] = Graph) -> Model:
    """Open one of `tests.normal_graphs`."""
    words, _ = recital((), ends=False)
    end = words.token_to_id(END)
    assert end is not None
    return Model(opened(model, kind), layout, Vocabulary(words, layout.vocab_size, [end]))


def export(kind: str) -> Model:
    """Open one of `tests.exports`."""
    folder = exported(kind)
    model = onnx.load(folder / "model.onnx")
    layout = normalise(model)
    words = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return Model(opened(model), layout, Vocabulary(words, layout.vocab_size, [1]))


def asked(model: Model, prompt: Tokens[int], max_tokens: int = 8, **parameters: object) -> Asked:
    """Make a sequence that tells its tokens, unless `logprobs` is None."""
    parameters.setdefault("logprobs", 0)
    wanted = SamplingParameters(max_tokens, **parameters)  # type: ignore[arg-type]
    pieces: list[Piece] = []
    picker = TokenPicker(wanted, prompt, model.words)
    text = TokenText(model.words, wanted.stop, wanted.min_tokens)
    return Asked(Sequence(list(prompt), wanted, picker, text, pieces.append), pieces)


def ticking(*ticks: float) -> Callable[[], float]:
    """Return a clock that goes on by these, over and over; by one if there are none."""
    times = accumulate(cycle(ticks or (1.0,)))
    return lambda: next(times)


def scheduler(
    model: Model, bounds: Bounds = BOUNDS, clock: Callable[[], float] | None = None
) -> Scheduler:
    """Make one by whose clock reading a chunk takes as long as writing a token, unless given."""
    return Scheduler(open_stepper(model.graph, model.layout, bounds), clock or ticking())


def scheduler_as_on_a_gpu(model: Model, bounds: Bounds = BOUNDS) -> Scheduler:
    """Move the cache as it is moved on a GPU, here in main memory."""
    mover = DeviceMover(Copier(model.layout.kv_dtype.itemsize, is_on_gpu=False))
    return Scheduler(SharedStepper(model.graph, model.layout, bounds, mover), ticking())


def scheduler_in_buckets(model: Model, bounds: Bounds = BOUNDS) -> Scheduler:
    """Step as on a GPU, here in main memory: fixed buffers, idle slots, recorded runs."""
    mover = DeviceMover(Copier(model.layout.kv_dtype.itemsize, is_on_gpu=False))
    return Scheduler(BucketStepper(model.graph, model.layout, bounds, mover), ticking())


def finish(engine: Scheduler) -> int:
    """Step until there is nothing to do; return the number of steps."""
    steps = 1
    while engine.step():
        steps += 1
        assert steps < 10_000
    return steps


def alone(
    model: Model, prompt: Tokens[int], max_tokens: int = 8, **parameters: object
) -> tuple[str, list[int], str | None]:
    """Return what a sequence writes in an engine of its own."""
    engine = scheduler(model)
    one = asked(model, prompt, max_tokens, **parameters)
    engine.add(one.sequence)
    finish(engine)
    return one.outcome
