"""Engines: what turns a prompt into a completion.

An engine knows no web, no database and no filters. It takes messages and passages as plain
text and yields the completion piece by piece; the whole answer is its stream fed to the end.
`app.engine.opening.open_engine` opens a bundle as the engine its task asks for.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable


class Task(StrEnum):
    """What a bundle's model does."""

    TEXT_GENERATION = "text-generation"
    QUESTION_ANSWERING = "question-answering"
    TEXT_CLASSIFICATION = "text-classification"


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a completion must look like, to the last character."""

    kind: Literal["json_schema", "regex", "lark"]
    """`json_schema` takes a JSON Schema, `lark` a grammar in llguidance's dialect of Lark."""
    source: str


@dataclass(frozen=True, slots=True)
class SamplingParameters:
    """How the next token is picked; other tasks read only what concerns them.

    They work in this order: grammar and `min_tokens` forbid tokens, `logit_bias` and the penalties
    change logits, then temperature, `top_k`, `top_p` and `min_p`.
    """

    max_tokens: int = 256
    min_tokens: int = 0
    """No end token and no stop string counts before this many tokens."""
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float = 1.0
    top_k: int = 0
    """0 is all."""
    min_p: float = 0.0
    """Least probability, as a share of the likeliest token's."""
    repetition_penalty: float = 1.0
    """Divides positive and multiplies negative logits of tokens of prompt and completion."""
    presence_penalty: float = 0.0
    """Taken once from the logits of tokens of the completion."""
    frequency_penalty: float = 0.0
    """Taken from the logits of tokens of the completion for each time they came."""
    logit_bias: tuple[tuple[int, float], ...] = ()
    """Added to the logits of these tokens; -100 forbids."""
    seed: int | None = None
    """The same seed picks the same tokens, whatever runs beside it."""
    stop: tuple[str, ...] = ()
    logprobs: int | None = None
    """How many likeliest alternatives to tell for each token; None tells nothing at all."""
    grammar: Grammar | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A written token with its log-probability under the model, before any of the parameters."""

    token: int
    text: str
    """The token alone; half a character is the replacement character."""
    utf8: bytes
    """What it writes; nothing, if it is a control token."""
    logprob: float
    top: tuple[TokenLogprob, ...] = ()
    """The likeliest tokens in its place, the likeliest first."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn: the role (`system`, `user`, `assistant`) and its text."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What an engine is asked."""

    messages: tuple[ChatMessage, ...]
    passages: tuple[str, ...] = ()
    parameters: SamplingParameters = field(default_factory=SamplingParameters)
    is_raw: bool = False
    """The messages are the beginning of a text, to be continued as it stands: text generation
    reads them without its prompt template. For other tasks it changes nothing."""


@dataclass(frozen=True, slots=True)
class Support:
    """The sentence of a passage that carries the answer, and the exact answer inside it.

    Positions are string indices into the passage.
    """

    passage: int
    start: int
    end: int
    answer_start: int
    answer_end: int


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a completion; the last one carries the finish reason and the token counts."""

    text: str = ""
    supports: Sequence[Support] = ()
    abstained: bool = False
    """The text says that there is no answer and claims nothing."""
    logprobs: Sequence[TokenLogprob] = ()
    """Of the tokens that were picked since the last piece, if they were asked for."""
    finish_reason: str | None = None
    """`stop`, `length` or `no_answer`; None while more is to come."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Engine(Protocol):
    """A loaded model."""

    name: str
    version: str
    task: Task

    @property
    def is_alive(self) -> bool:
        """Whether its threads are at work; once false, it stays false."""

    @property
    def num_waiting(self) -> int:
        """How much waits in front of it."""

    async def check(self, prompt: Prompt) -> None:
        """Refuse at once what cannot be answered, before any other work is done for it.

        Passing is no promise: passages are not known yet, and filters may change the messages.

        Raises:
            PromptTooLong: the messages do not fit the model.
            InvalidRequest: the model does not take messages like these.
        """

    def stream(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
        """Yield the completion; closing the generator cancels the work.

        Raises:
            EngineBusy: the queue in front of the model is full.
            PromptTooLong: the prompt does not fit the model.
            ModelFailed: the model could not be run or returned NaN, Inf or a wrong shape.
        """

    async def close(self) -> None:
        """Stop the work and release the model's memory."""


@runtime_checkable
class Detokenizer(Protocol):
    """An engine whose prompts can be given as its model's own tokens."""

    def text_of(self, tokens: list[int]) -> str:
        """Return the text that tokens stand for, without what begins every text of this model.

        Raises:
            PromptTooLong: the model cannot read so many.
            InvalidRequest: they are not tokens of a text.
        """
