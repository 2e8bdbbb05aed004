"""The endings of hosts are those of the internet as it is now, give or take a few."""

from __future__ import annotations

from filters.url.domains import FILES, MEMBERS
from filters.url.endings import AS_OF, TOP_LEVEL
from scripts import endings

FEW = 30
"""As many come and go in a year or two."""


def test_the_list_is_not_out_of_date() -> None:
    as_of, names = endings.current()

    assert len(names ^ TOP_LEVEL) <= FEW, "python -m scripts.endings"
    assert as_of >= AS_OF


def test_the_module_is_what_the_script_writes() -> None:
    assert endings.WRITTEN.read_text(encoding="utf-8") == endings.module(AS_OF, TOP_LEVEL)


def test_what_is_taken_out_is_an_ending_at_all() -> None:
    assert TOP_LEVEL >= FILES | MEMBERS
    assert {"com", "de", "рф", "中国", "onion", "zip"} <= TOP_LEVEL
