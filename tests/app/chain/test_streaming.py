"""A stream is the whole answer, soon: the same text, read about once, held back one unit at most."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chain.chain import StageRun
from app.chain.instance import Instance
from app.chain.text_run import TextRun
from app.exchange import Action, Mode
from filters import Filter, Finding, Item, Range, Unit
from filters._text.sentences import MAX_SENTENCE_CHARS
from filters.invisible import Invisible, InvisibleOptions
from filters.pii import Pii, PiiOptions
from tests.app.chain.sample_filters import CONTEXT, Word, WordOptions, instance
from tests.filters.keywords import keyword

WINDOW, WIDER = Unit.window(24), Unit.window(60, grows=True)
SENTENCE, DOCUMENT = Unit.sentence(), Unit.document()


class Overlapping(Word):
    """Cover each place of the word, and a neighbour on both sides of it, in ranges that overlap."""

    async def check(self, item: Item) -> Finding | None:
        ranges = []
        for found in re.finditer(f"(?={re.escape(self.word)})", item.text):
            start, end = found.start(), found.start() + len(self.word)
            ranges += [Range(max(0, start - 1), end, "left", replacement=self.replacement)]
            ranges += [Range(start, min(len(item.text), end + 1), "right", replacement="é")]
        return Finding(1.0, "overlapping", tuple(ranges)) if ranges else None


def overlapping(word: str, unit: Unit, replacement: str | None) -> Overlapping:
    return Overlapping(WordOptions(word=word, replacement=replacement), unit)


def word(text: str, unit: Unit) -> Word:
    return Word(WordOptions(word=text), unit)


CHAINS: dict[str, Callable[[], list[Instance]]] = {
    "redact, then block": lambda: [
        instance(keyword(words=["secret", "пароль"], replacement="[…]"), id="a", action="rewrite"),
        instance(keyword(words=["bomb"]), id="b"),
    ],
    "ranges that overlap": lambda: [
        instance(overlapping("aa", WINDOW, ""), id="a", action="rewrite"),
        instance(overlapping("é", WIDER, "🙂a"), id="b", action="rewrite"),
        instance(overlapping("🙂", SENTENCE, None), id="c", action="rewrite"),
    ],
    "all units side by side": lambda: [
        instance(word("aa", WINDOW), id="a", action="flag"),
        instance(word("bomb", SENTENCE), id="b"),
        instance(keyword(words=["secret"], unit="document"), id="c", action="flag"),
        instance(word("e\u0301", WIDER), id="d"),
    ],
    "rewrites of all units, a judge of the whole": lambda: [
        instance(word("secret", DOCUMENT), id="a", action="rewrite"),
        instance(keyword(words=["bomb"]), id="b", action="rewrite"),
        instance(overlapping("aa", SENTENCE, "."), id="c", action="rewrite"),
        instance(word("пароль", WINDOW), id="d"),
    ],
}
PIECES = st.sampled_from(
    [
        "secret",
        "s e c r e t",
        "bomb",
        "b\u200bomb",
        "пароль",
        "aa",
        "aaa",
        "a",
        "é",
        "é",
        "🙂",
        "👩\u200d🚀",
        "🇬🇧",
        "́",
        ".",
        ". ",
        "! ",
        "\n",
        "\n\n- ",
        " ",
        "x" * 40,
        "漢字。",
    ]
)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
TEXT = st.lists(st.one_of(PIECES, ANY_TEXT), max_size=40).map("".join)


def chop(text: str, cuts: Sequence[int]) -> list[str]:
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[a:b] for a, b in pairwise(places)]


async def outcome(instances: list[Instance], pieces: Sequence[str]) -> tuple[object, ...]:
    """Return what came out, what ended it, what was changed and each verdict's measure."""
    stage = StageRun(instances)
    run = stage.text(CONTEXT)
    released = "".join([await run.feed(piece) for piece in pieces])
    released += await run.feed("", last=True)
    blocked_by = run.blocked_by and run.blocked_by.id
    verdicts = [(v.id, v.action, v.score, v.ranges) for v in stage.verdicts]
    return released, blocked_by, run.failure, run.edits, verdicts


@pytest.mark.parametrize("name", CHAINS)
@settings(max_examples=50, deadline=None)
@given(text=TEXT, cuts=st.lists(st.integers(0, 4_000), max_size=30))
async def test_the_pieces_are_the_whole(name: str, text: str, cuts: list[int]) -> None:
    whole = await outcome(CHAINS[name](), [text])

    assert await outcome(CHAINS[name](), chop(text, cuts)) == whole
    assert await outcome(CHAINS[name](), list(text)) == whole


async def test_a_sentence_that_is_cut_for_its_length_counts_when_that_is_known() -> None:
    text = "A line.\n- " + "y" * 30 + "bad" + "y" * 1_200
    judges = [("a", SENTENCE), ("b", WINDOW)]

    def chain() -> list[Instance]:
        return [instance(word("bad", unit), id=id) for id, unit in judges]

    assert await outcome(chain(), list(text)) == await outcome(chain(), [text])


@pytest.mark.parametrize("grows", [False, True])
@pytest.mark.parametrize("size", [24, 25, 100, 768, 2_400])
@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, 20_000), max_size=400))
async def test_windows_read_a_text_once_and_a_tenth(
    size: int, grows: bool, cuts: list[int]
) -> None:
    reader = word("never", Unit.window(size, grows=grows))
    text = ("Harmless words, and a few more. " * 640)[:20_000]

    await outcome([instance(reader)], chop(text, cuts))

    assert len(text) <= reader.characters_read <= 1.1 * len(text)


@pytest.mark.parametrize(
    ("units", "most"),
    [
        ([WINDOW], 24),
        ([WINDOW, WIDER], 60),
        ([SENTENCE], MAX_SENTENCE_CHARS + 1),
        ([SENTENCE, WIDER], MAX_SENTENCE_CHARS + 1),
        ([], 0),
    ],
)
@settings(max_examples=20, deadline=None)
@given(text=st.one_of(TEXT, st.just("no full stop " * 200), st.just("x" * 3_000)))
async def test_no_more_than_a_unit_is_held_back(units: list[Unit], most: int, text: str) -> None:
    judges = [instance(word("never there", unit), id=str(n)) for n, unit in enumerate(units)]
    run = StageRun(judges).text(CONTEXT)
    held = 0

    for character in text:
        held += 1 - len(await run.feed(character))
        assert held <= most


@pytest.mark.parametrize(
    ("judge", "most"),
    [
        (lambda: keyword(words=["credit card dump"]), 252),
        (lambda: Pii(PiiOptions()), 972),
        (lambda: Invisible(InvisibleOptions()), 192),
    ],
)
async def test_a_completion_begins_to_flow_after_a_quarter_of_a_unit(
    judge: Callable[[], Filter], most: int
) -> None:
    run = StageRun([instance(judge(), action="rewrite")]).text(CONTEXT)
    text = "A word or two. " * 200

    for place, character in enumerate(text, 1):
        if await run.feed(character):
            assert place <= most
            return


async def test_a_sentence_leaves_when_it_is_known_to_end() -> None:
    run = StageRun([instance(word("evil", SENTENCE))]).text(CONTEXT)

    assert await feed_each(run, "All is well.") == ""
    assert await run.feed(" ") == "All is well."


async def test_nothing_leaves_after_a_block_whatever_comes() -> None:
    run = StageRun([instance(word("evil", SENTENCE))]).text(CONTEXT)

    assert await feed_each(run, "Fine. So evil. Fine again. ") == "Fine."
    assert run.stopped
    assert await run.feed("More. ", last=True) == ""


class Gated(Word):
    """Wait until the gate opens."""

    def __init__(self, gate: asyncio.Event) -> None:
        super().__init__(WordOptions(word="bad"), WINDOW)
        self._gate = gate

    async def check(self, item: Item) -> Finding | None:
        await self._gate.wait()
        return await super().check(item)


async def test_shadows_measure_only_what_has_left_already() -> None:
    gate = asyncio.Event()
    shadow = instance(Gated(gate), id="shadow", mode=Mode.SHADOW, deadline_ms=60_000)
    stage = StageRun([shadow, instance(word("evil", SENTENCE), id="judge")])
    run = stage.text(CONTEXT)
    text = "A bad thing, and another one. "

    assert await feed_each(run, text) + await run.feed("", last=True) == text
    assert not gate.is_set()

    gate.set()
    await stage.run_shadows(math.inf)
    assert {v.id: v.action for v in stage.verdicts} == {
        "shadow": Action.BLOCK,
        "judge": Action.ALLOW,
    }


async def feed_each(run: TextRun, text: str) -> str:
    return "".join([await run.feed(character) for character in text])
