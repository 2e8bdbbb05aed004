"""Finding stop strings, held against looking at every beginning of the text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.generation.stop_strings import StopStrings

LETTERS = "ab"
STOPS = st.lists(st.text(LETTERS, max_size=5), max_size=4)


def first_complete(text: str, stops: list[str], after: int = 0) -> tuple[int, int] | None:
    """Return where the first stop string that ends behind `after` ends, and its length."""
    for end in range(after + 1, len(text) + 1):
        sizes = [len(stop) for stop in stops if stop and text[:end].endswith(stop)]
        if sizes:
            return end, max(sizes)
    return None


@given(pieces=st.lists(st.text(LETTERS, max_size=6), max_size=8), stops=STOPS)
@settings(deadline=None)
def test_the_first_complete_one_counts_however_the_text_is_cut(
    pieces: list[str], stops: list[str]
) -> None:
    search, read, found = StopStrings(stops), "", None
    for piece in pieces:
        found = search.feed(piece)
        if found:
            found = len(read) + found[0], found[1]
            break
        read += piece
        longest = max(
            (size for stop in stops for size in range(len(stop)) if read.endswith(stop[:size])),
            default=0,
        )
        assert search.num_doubtful == longest

    assert found == first_complete("".join(pieces), stops)


@given(early=st.text(LETTERS, max_size=8), late=st.text(LETTERS, max_size=8), stops=STOPS)
@settings(deadline=None)
def test_what_ends_too_early_is_text_and_what_only_begins_there_counts(
    early: str, late: str, stops: list[str]
) -> None:
    search = StopStrings(stops)

    assert search.feed(early, counts=False) is None
    found = search.feed(late)

    whole = first_complete(early + late, stops, after=len(early))
    assert found == (whole and (whole[0] - len(early), whole[1]))
