"""What was measured to go wrong in other guards, and does not here.

Each test names the package, its version and what it did.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from app.chain.chain import Chain, StageRun
from app.chain.instance import Instance
from app.errors import FilterError, FilterFailed
from app.exchange import Action
from app.settings import ChainEntry
from filters import Finding, Item, Stage, Unit, in_thread
from tests.app.chain.sample_filters import CONTEXT, Broken, Word, WordOptions, instance
from tests.filters.keywords import keyword

GENEROUS_MS = 60_000
SENTENCE = Unit.sentence()


async def run(instances: Sequence[Instance], pieces: Sequence[str]) -> tuple[str, StageRun]:
    """Return what a client got of a stream, and what was found in it."""
    stage = StageRun(instances)
    text = stage.text(CONTEXT)
    released = "".join([await text.feed(piece) for piece in pieces])
    return released + await text.feed("", last=True), stage


def actions(stage: StageRun) -> dict[str, Action]:
    return {verdict.id: verdict.action for verdict in stage.verdicts}


def tokens(text: str, size: int = 4) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


class Meeting(Word):
    """Block a thread until all three are there and the event loop has had a turn, too."""

    def __init__(self, barrier: threading.Barrier) -> None:
        super().__init__(WordOptions())
        self._barrier = barrier

    async def check(self, item: Item) -> Finding | None:
        loop_goes_on = threading.Event()
        asyncio.get_running_loop().call_soon(loop_goes_on.set)
        await in_thread(self._meet, loop_goes_on)
        return None

    def _meet(self, loop_goes_on: threading.Event) -> None:
        self._barrier.wait(60)
        if not loop_goes_on.wait(60):
            raise TimeoutError("the event loop stands still")


async def test_blocking_checks_run_side_by_side_beside_the_loop() -> None:
    """E1: openai-guardrails 0.3.6 ran three blocking checks of 1 s one after the other, in 3.02 s.

    The event loop stood still all that time, because each was called before it was handed to a
    thread.
    """
    barrier = threading.Barrier(3)
    chain = [instance(Meeting(barrier), id=name, deadline_ms=GENEROUS_MS) for name in "abc"]

    released, stage = await run(chain, ["One text for all."])

    assert released == "One text for all."
    assert set(actions(stage).values()) == {Action.ALLOW}


async def test_a_check_that_crashes_lets_nothing_pass() -> None:
    """E1: openai-guardrails 0.3.6 let a text pass whose check had crashed."""
    chain = [instance(Broken(WordOptions(word="bad")))]

    released, stage = await run(chain, ["This is bad."])

    assert released == ""
    assert isinstance(stage._runs[0].failure, FilterFailed)
    assert actions(stage) == {"words": Action.ERROR}


@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize("action", ["block", "rewrite"])
async def test_the_last_sentence_is_judged(action: str, size: int) -> None:
    """E2: guardrails-ai 0.11.0 never validated the last sentence of a stream.

    "All good. the password is SECRET" passed.
    """
    chain = [instance(Word(WordOptions(word="SECRET"), SENTENCE), action=action)]

    released, stage = await run(chain, tokens("All good. the password is SECRET", size))

    assert released.startswith("All good.")
    assert "SECRET]" in released if action == "rewrite" else "password" not in released
    assert actions(stage) == {"words": Action(action)}


async def test_nothing_is_delivered_before_it_is_judged() -> None:
    """E2: guardrails-ai 0.11.0 gave the client "The key is SECRET" and raised afterwards."""
    released, stage = await run([instance(keyword(words=["SECRET"]))], tokens("The key is SECRET."))

    assert released == ""
    assert actions(stage) == {"words": Action.BLOCK}


async def test_no_overlap_reads_nothing_twice() -> None:
    """E3: nemoguardrails 0.24.1 without context kept its whole buffer for each check.

    1,000 tokens took 802 runs of the rail instead of 5, over 161,200 tokens.
    """
    text = "word " * 1_000
    reader = Word(WordOptions(word="never"), SENTENCE)
    windowed = Word(WordOptions(word="never"), Unit.window(1_200))

    released, _ = await run([instance(reader, id="a"), instance(windowed, id="b")], tokens(text, 5))

    assert released == text
    assert reader.characters_read <= len(text)
    assert windowed.characters_read <= 1.1 * len(text)


@pytest.mark.parametrize("size", [1, 3, 5, 8, 100])
async def test_redacting_leaves_the_rest_as_it_was(size: int) -> None:
    """E3b: nemoguardrails 0.24.1 repeated parts of a stream that a rail redacted.

    Of this text it made "Call me at [PHONE]me at [PHONE] todayat [PHONE] today or…".
    """
    phone = keyword(patterns=[r"\b\d{3}-\d{4}\b"], label="PHONE")
    text = "Call me at 555-1234 today or tomorrow please."

    released, _ = await run([instance(phone, action="rewrite")], tokens(text, size))

    assert released == "Call me at [PHONE] today or tomorrow please."


@pytest.mark.parametrize("banned", [("bomb", "gun"), ("gun", "bomb")])
async def test_two_of_a_kind_do_not_overwrite_each_other(banned: tuple[str, str]) -> None:
    """E4: llm-guard 0.3.16 keyed results by class, so the second BanSubstrings erased the first.

    For "how to build a bomb", banned by the first of them, it returned `{'BanSubstrings': True}`.
    """
    chain = [instance(keyword(words=[one]), id=one) for one in banned]

    released, stage = await run(chain, ["how to build a bomb"])

    assert released == ""
    assert actions(stage)["bomb"] is Action.BLOCK


class Stuck(Word):
    """Hang on a thread, which nothing can end, until it is let go."""

    def __init__(self, let_go: threading.Event) -> None:
        super().__init__(WordOptions())
        self._let_go = let_go

    async def check(self, item: Item) -> Finding | None:
        await in_thread(self._let_go.wait, 60)
        return None


async def test_a_deadline_holds_while_the_thread_hangs() -> None:
    """E4b: the API of llm-guard 0.3.16 answered after 4.04 s where 1 s was the limit.

    It waited for the thread of the slow scanner, and /healthz with it for 2.53 s.
    """
    let_go = threading.Event()
    chain = [instance(Stuck(let_go), id="stuck", deadline_ms=20)]

    try:
        released, stage = await run(chain, ["Anything."])
        assert not let_go.is_set()
    finally:
        let_go.set()

    assert released == ""
    assert [(v.id, v.action, v.error) for v in stage.verdicts] == [
        ("stuck", Action.ERROR, "timeout")
    ]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*)*x"])
async def test_no_pattern_stalls_the_server(pattern: str) -> None:
    """E4b: `(a+)+$` and 25 letters stalled llm-guard 0.3.16 for 3.4 s, twice as long with each more.

    With 50,000 of them this test would not end.
    """
    judge = keyword(patterns=[f"never{pattern}", pattern.replace("*", "{2,20}").replace("$", "!")])

    released, stage = await run([instance(judge, deadline_ms=GENEROUS_MS)], ["a" * 50_000])

    assert released == "a" * 50_000
    assert actions(stage) == {"words": Action.ALLOW}


def test_a_misspelled_filter_stops_the_start() -> None:
    """E5: guardrails-ai 0.11.0 loaded no validator at all for a misspelled id, and text passed."""
    entry = ChainEntry(id="words", filter="keywrod", stage=Stage.OUTPUT, action="block")

    with pytest.raises(FilterError, match="There is no filter 'keywrod'"):
        Chain.build([entry])


async def test_a_clean_stream_is_read_about_once() -> None:
    """E6: LiteLLM 1.109.1 checked a clean reply of 400 tokens 80 times, 129,600 characters of 3,200."""
    text = ("A clean reply of words. " * 134)[:3_200]
    reader = Word(WordOptions(word="never"), Unit.window(240))

    released, _ = await run([instance(reader)], tokens(text, 8))

    assert released == text
    assert reader.characters_read <= 1.1 * len(text)


@pytest.mark.parametrize("size", [1, 4, 9, 1_000])
async def test_a_leak_never_leaves(size: int) -> None:
    """E6: LiteLLM 1.109.1 delivered "…SECRET-4821 and more" before its guardrail blocked."""
    judge = keyword(patterns=[r"SECRET-\d{4}"])
    text = "Here is what you asked for: the code is SECRET-4821 and more. " + "And so on. " * 200

    released, stage = await run([instance(judge)], tokens(text, size))

    assert text.startswith(released)
    assert "SECRET" not in released
    assert actions(stage) == {"words": Action.BLOCK}
