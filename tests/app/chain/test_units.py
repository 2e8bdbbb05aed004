"""Cuts depend on the text alone, cover all of it, and read it about once."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chain.units import AT_THE_END, Piece, splitter
from filters import Context, Stage, Unit
from filters._text.sentences import MAX_SENTENCE_CHARS

WINDOWS = [Unit.window(24), Unit.window(100), Unit.window(40, grows=True)]
UNITS = [Unit.document(), Unit.sentence(), *WINDOWS]
TEXT = st.text(alphabet=st.sampled_from(list("ab .!?…\n\r-*#)\"'。é👩\u200bDr")), max_size=400)


def cut(unit: Unit, pieces: list[str]) -> list[Piece]:
    cutter = splitter(unit, Stage.OUTPUT)
    return [*(p for text in pieces for p in cutter.feed(text)), *cutter.finish()]


def chop(text: str, sizes: list[int]) -> list[str]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    return [*pieces, text[at:]]


@pytest.mark.parametrize("unit", UNITS)
@given(text=TEXT, sizes=st.lists(st.integers(0, 30), max_size=40))
def test_chunking_never_moves_a_cut(unit: Unit, text: str, sizes: list[int]) -> None:
    assert cut(unit, chop(text, sizes)) == cut(unit, [text])


LONG = ["- " + "y" * 1_200, "a few words " * 100 + "x" * 900, "x" * 2_500]


@pytest.mark.parametrize("unit", UNITS)
@given(text=st.one_of(TEXT, st.sampled_from(LONG)))
def test_a_unit_is_known_with_the_character_that_completes_it(unit: Unit, text: str) -> None:
    known = [piece for piece in cut(unit, [text]) if piece.complete_at != AT_THE_END]
    cutter = splitter(unit, Stage.OUTPUT)

    came = [(at, piece) for at, char in enumerate(text, 1) for piece in cutter.feed(char)]

    assert came == [(piece.complete_at, piece) for piece in known]


@pytest.mark.parametrize("unit", UNITS)
@given(text=TEXT)
def test_every_visible_character_is_in_a_unit_at_its_place(unit: Unit, text: str) -> None:
    seen: set[int] = set()
    for piece in cut(unit, [text]):
        assert text[piece.start : piece.start + len(piece.text)] == piece.text
        seen.update(range(piece.start, piece.start + len(piece.text)))

    assert {i for i, char in enumerate(text) if not char.isspace()} <= seen


@pytest.mark.parametrize("unit", UNITS)
@given(text=TEXT)
def test_settled_grows_and_never_passes_what_was_read(unit: Unit, text: str) -> None:
    last = 0
    for piece in cut(unit, [text]):
        assert last < piece.settled <= len(text)
        assert not text[piece.start + len(piece.text) : piece.settled].strip()
        last = piece.settled


def test_long_text_without_a_full_stop_flows() -> None:
    text = "word " * 1_000

    lengths = [len(piece.text) for piece in cut(Unit.sentence(), [text])]

    assert max(lengths) <= MAX_SENTENCE_CHARS
    assert cut(Unit.sentence(), list(text)) == cut(Unit.sentence(), [text])


def test_a_text_with_no_space_at_all_flows() -> None:
    text = "x" * 5_000

    assert cut(Unit.sentence(), list(text)) == cut(Unit.sentence(), [text])
    assert "".join(p.text for p in cut(Unit.sentence(), [text])) == text


@pytest.mark.parametrize("end", [".", "?!", "…", "。"])
@pytest.mark.parametrize("closing", ['"', "\u201d", ")"])
@pytest.mark.parametrize("times", [5, 6, 7, 8, 9, 30])
def test_many_closing_signs_cut_the_same_in_pieces(end: str, closing: str, times: int) -> None:
    text = f"He said so{end}{closing * times} Then he left. "

    assert cut(Unit.sentence(), list(text)) == cut(Unit.sentence(), [text])


def test_sentences_are_cut_where_a_reader_would() -> None:
    text = 'Dr. Who pays $3.14, e.g. cash. Does it work? "Yes!" he said.\n- one\n- two\n\nEnd'

    assert [p.text for p in cut(Unit.sentence(), [text])] == [
        "Dr. Who pays $3.14, e.g. cash.",
        "Does it work?",
        '"Yes!"',
        "he said.",
        "- one",
        "- two",
        "End",
    ]


def test_windows_read_each_character_about_once() -> None:
    text = "x" * 100_000

    read = sum(len(piece.text) for piece in cut(Unit.window(600), list(text)))

    assert read <= 1.1 * len(text)


@pytest.mark.parametrize("unit", WINDOWS)
@given(text=TEXT)
def test_windows_know_what_their_neighbours_hold(unit: Unit, text: str) -> None:
    items = [piece.item(Context(Stage.OUTPUT, "")) for piece in cut(unit, [text])]

    assert not items or (items[0].before, items[-1].after) == (0, 0)
    for one, other in pairwise(items):
        shared = one.start + len(one.text) - other.start
        assert one.after == other.before == shared == unit.overlap


def test_a_completions_first_window_is_smaller_if_they_may_grow() -> None:
    def sizes(unit: Unit, stage: Stage) -> list[int]:
        return [len(piece.text) for piece in splitter(unit, stage).feed("x" * 5_000)]

    growing = Unit.window(1_200, grows=True)
    assert sizes(growing, Stage.OUTPUT) == [300, 1_200, 1_200, 1_200, 1_200]
    assert sizes(growing, Stage.INPUT) == sizes(Unit.window(1_200), Stage.OUTPUT) == [1_200] * 4
