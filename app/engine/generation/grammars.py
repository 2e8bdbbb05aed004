"""Compiling grammars off the event loop, within bounds, and remembering them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from llguidance import LLMatcher, LLParserLimits

from app.engine import Grammar
from app.engine.generation.grammar import GrammarMatcher
from app.engine.generation.vocabulary import Vocabulary
from app.errors import EngineBusy, GrammarInvalid, GrammarTooComplex, InvalidRequest

MAX_CHARS = {"json_schema": 32_768, "regex": 8_192, "lark": 8_192}
"""The worst that fit take about three seconds to compile."""
DEADLINE_S = 10.0
"""The first grammar of a model waits for its table of tokens as well, up to a second."""
NUM_THREADS = 2
REMEMBERED = 64
WAITING = 32
LIMITS = LLParserLimits(
    initial_lexer_fuel=200_000,  # about 50 ms
    step_lexer_fuel=50_000,  # about 10 ms a token, which other completions wait for
    step_max_items=20_000,
    max_lexer_states=10_000,  # about 20 MB
    max_grammar_size=100_000,
    verbose_errors=False,
)
SPACE = r"[\x20\x0A\x0D\x09]{1,32}"
"""Between the parts of JSON: without a bound a weak model writes spaces until it is cut off."""

PARAMS = {
    "json_schema": "parameters.json_schema",
    "regex": "parameters.regex",
    "lark": "parameters.grammar",
}
"""What the grammars are called in a request's parameters."""

Compiled = LLMatcher | type[InvalidRequest]


class Grammars:
    """The grammars of one model, compiled on threads of their own."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._threads = ThreadPoolExecutor(NUM_THREADS, thread_name_prefix="grammars")
        self._known: OrderedDict[Grammar, Future[Compiled]] = OrderedDict()

    async def matcher(self, grammar: Grammar) -> GrammarMatcher:
        """Return a matcher at the beginning of the grammar.

        Raises:
            GrammarInvalid: it is no grammar, or none that a text of this model can fit.
            GrammarTooComplex: it is too large, or takes too long.
            EngineBusy: too many others wait to be compiled.
        """
        param = PARAMS[grammar.kind]
        if len(grammar.source) > MAX_CHARS[grammar.kind]:
            raise GrammarTooComplex(param=param)
        compiling = self._compiling(grammar)
        try:
            # Others may wait for the same one: it goes on when this request is cancelled.
            waiting = asyncio.shield(asyncio.wrap_future(compiling))
            async with asyncio.timeout(DEADLINE_S):
                compiled = await waiting
        except TimeoutError:
            if compiling.running():
                raise GrammarTooComplex(param=param) from None
            raise EngineBusy from None
        if not isinstance(compiled, LLMatcher):
            raise compiled(param=param)
        return GrammarMatcher(compiled.deep_copy(), param)

    def close(self) -> None:
        """Compile no more; what is in work ends within its bounds."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _compiling(self, grammar: Grammar) -> Future[Compiled]:
        known = self._known.get(grammar)
        if known is None:
            if sum(not one.done() for one in self._known.values()) >= WAITING:
                raise EngineBusy
            known = self._known[grammar] = self._threads.submit(
                compile_grammar, grammar, self._vocabulary
            )
        self._known.move_to_end(grammar)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return known


def compile_grammar(grammar: Grammar, vocabulary: Vocabulary) -> Compiled:
    """Return a matcher at the beginning, or what is wrong with the grammar."""
    try:
        tokens = vocabulary.grammar_tokens()
        matcher = LLMatcher(tokens, _source(grammar), log_level=0, limits=LIMITS)
    except ValueError:
        return GrammarInvalid
    # Much of the work is done when the first token is asked for: find out here, where only this
    # request waits for it.
    trial = matcher.deep_copy()
    allowed = np.frombuffer(trial.compute_bitmask(), dtype=np.uint8).any()
    if not allowed or trial.is_error() or _is_unusable(trial):
        return GrammarTooComplex if _is_too_complex(trial) else GrammarInvalid
    return matcher


def _source(grammar: Grammar) -> str:
    """Return a grammar as the library wants it.

    Raises:
        ValueError: a schema that is not JSON.
    """
    match grammar.kind:
        case "json_schema":
            return LLMatcher.grammar_from_json_schema(
                grammar.source, defaults={"whitespace_pattern": SPACE}
            )
        case "regex":
            return LLMatcher.grammar_from_regex(grammar.source)
        case "lark":
            return LLMatcher.grammar_from_lark(grammar.source)


def _is_unusable(trial: LLMatcher) -> bool:
    """Say whether a matcher breaks at its first token although it allows some."""
    bits = np.unpackbits(np.frombuffer(trial.compute_bitmask(), np.uint8), bitorder="little")
    return not trial.consume_token(int(bits.argmax()))


def _is_too_complex(broken: LLMatcher) -> bool:
    return "TooComplex" in broken.stop_reason() or "too " in broken.get_error()
