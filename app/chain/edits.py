"""Apply replacements to a text, and find out where a changed text's positions came from."""

from __future__ import annotations

from collections.abc import Sequence

from app.exchange import Edit


def to_input(start: int, end: int, edits: Sequence[Edit]) -> tuple[int, int]:
    """Map a range of the edited text to the text before the edits.

    A range that touches a replacement grows to all that was replaced. `edits` are in order and
    do not overlap.
    """
    return _position(start, edits, at_end=False), _position(end, edits, at_end=True)


def _position(position: int, edits: Sequence[Edit], *, at_end: bool) -> int:
    shift = 0
    for edit in edits:
        start = edit.start + shift
        end = start + len(edit.replacement)
        if position < end or (position == end and at_end and position > start):
            if position <= start:
                break
            return edit.end if at_end else edit.start
        shift += len(edit.replacement) - (edit.end - edit.start)
    return position - shift
