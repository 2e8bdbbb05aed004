"""Every position of an edited text leads back to where it came from, however many edits there are."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.chain.edits import Edits
from app.exchange import Edit

STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 3), st.text("x", max_size=3)), max_size=8
)
"""Of each edit: how far behind the last one it begins, how much it replaces, and by what."""


def edits_of(steps: Sequence[tuple[int, int, str]]) -> list[Edit]:
    edits, at = [], 0
    for gap, length, replacement in steps:
        edits.append(Edit(at + gap, at + gap + length, replacement))
        at += gap + length
    return edits


def collected(edits: Sequence[Edit]) -> Edits:
    every = Edits()
    for edit in edits:
        every.append(edit)
    return every


@given(steps=STEPS)
def test_a_character_leads_to_itself_or_to_all_that_its_edit_replaced(
    steps: list[tuple[int, int, str]],
) -> None:
    edits = edits_of(steps)
    came: list[tuple[int, int]] = []  # for each character of the edited text
    at = 0
    for edit in [*edits, Edit(40, 40, "")]:
        came += [(place, place + 1) for place in range(at, edit.start)]
        came += [(edit.start, edit.end)] * len(edit.replacement)
        at = edit.end

    mapped = [collected(edits).to_input(place, place + 1) for place in range(len(came))]

    assert mapped == came


class Counting(int):
    """A position that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: int) -> bool:
        type(self).compared += 1
        return int(self) < other

    def __gt__(self, other: int) -> bool:
        type(self).compared += 1
        return int(self) > other


def test_a_position_is_found_without_a_look_at_every_edit() -> None:
    edits = collected([Edit(3 * n, 3 * n + 1, "[x]") for n in range(10_000)])

    assert edits.to_input(Counting(25_001), Counting(25_002)) == (15_000, 15_001)
    assert 0 < Counting.compared < 100
