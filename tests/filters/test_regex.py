"""The regex filter finds named patterns where they stand, in time that no text makes explode."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.testing.conformance import check_filter
from filters.regex import MOST_MATCHES, Regex, RegexOptions
from tests.filters.items import found, item, judged, rewritten

TICKET = {"ticket": r"\b[A-Z]{2,5}-\d{1,6}\b"}


def regex(**options: Any) -> Regex:
    return Regex(RegexOptions.model_validate({"patterns": TICKET, **options}))


async def test_each_pattern_is_found_under_its_name() -> None:
    judge = regex(patterns={**TICKET, "year": r"\b(?:19|20)\d\d\b"})

    assert await found(judge, "é😀 ABC-12 of 1999, not abc-12") == [
        ("ticket", "ABC-12"),
        ("year", "1999"),
    ]
    assert await judge.check(item("nothing")) is None


async def test_the_highest_score_names_the_finding() -> None:
    judge = regex(patterns={"a": "aa", "b": "bb"}, scores={"a": 0.4})

    finding = await judge.check(item("aa bb"))

    assert finding is not None
    assert (finding.score, finding.label, dict(finding.scores)) == (1.0, "b", {"a": 0.4, "b": 1.0})
    assert [r.score for r in finding.ranges] == [0.4, 1.0]


async def test_a_group_called_range_is_what_counts() -> None:
    judge = regex(patterns={"secret": r"(?i)password[:=]\s{0,3}(?P<range>\S{1,40})"})

    assert await found(judge, "Password: hunter2 it is") == [("secret", "hunter2")]


async def test_a_replacement_may_use_groups() -> None:
    judge = regex(
        patterns={"card": r"\b\d{12}(?P<last>\d{4})(x)?\b"},
        replacements={"card": r"\\ \g<last>\2!"},
    )
    text = "Card 1234567890123456, please."

    assert rewritten(text, await judged(judge, text)) == "Card \\ 3456!, please."


async def test_case_counts_unless_told_otherwise() -> None:
    assert await found(regex(case_sensitive=False), "abc-12") == [("ticket", "abc-12")]


async def test_a_text_can_be_asked_to_hold_a_pattern() -> None:
    judge = regex(patterns={"signed": r"Regards,\n\w+$"}, expect="present")

    assert judge.unit.kind == "document"
    assert await judge.check(item("Hello.\nRegards,\nEve")) is None
    assert await found(judge, "Hello.") == [("no_match", "Hello.")]


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        (r"a{1,20}b", "window"),
        ("a.*b", "document"),
        ("^ab", "document"),
        ("[[:alpha:]]", "document"),
    ],
)
def test_the_unit_follows_from_the_widest_pattern(pattern: str, kind: str) -> None:
    assert regex(patterns={"p": pattern}).unit.kind == kind
    assert regex(patterns={"p": pattern}, pattern_width=30).unit.kind == "window"


async def test_no_border_hides_or_cuts_a_match() -> None:
    judge = regex()
    for at in range(1, 2 * judge.unit.size, 7):
        text = "x" * (at - 1) + " ABCDE-123456 " + "y " * judge.unit.size

        ranges = await judged(judge, text)

        assert {(r.start, r.end) for r in ranges} == {(at, at + 12)}, at


async def test_what_matches_too_often_is_found_to_the_end() -> None:
    judge = regex(patterns={"greedy": "(?s)a.*z|a"})
    text = "a" * 100_000

    ranges = await judged(judge, text)

    assert len(ranges) == MOST_MATCHES + 1
    assert (ranges[-1].start, ranges[-1].end) == (MOST_MATCHES, len(text))


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)+b", "(.*a){20}b", "(?:a?){40}b"])
async def test_patterns_that_choke_backtracking_engines_are_harmless(pattern: str) -> None:
    assert await found(regex(patterns={"evil": pattern}), "a" * 50_000 + "!") == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patterns": {}}, "at least 1"),
        ({"patterns": {"p": "(a"}}, "patterns.p is not valid for RE2"),
        ({"patterns": {"p": "(?=a)"}}, "patterns.p is not valid for RE2"),
        ({"patterns": {"p": "a*"}}, "patterns.p matches the empty text"),
        ({"patterns": {"p": "a" * 2_001}}, "longer than 2000"),
        ({"patterns": {"p": r"\pL{1,900}{1,900}"}}, "patterns.p is not valid"),
        ({"patterns": {"": "a"}}, "1 to 64"),
        ({"scores": {"other": 0.5}}, "scores.other: there is no pattern"),
        ({"scores": {"ticket": 2}}, "between 0 and 1"),
        ({"replacements": {"ticket": r"\1"}}, r"no group \\1"),
        ({"replacements": {"ticket": r"\g<x>"}}, "no group 'x'"),
        ({"replacements": {"ticket": r"\n"}}, "a backslash stands before"),
        ({"examples": {"ticket": "abc"}}, "examples.ticket: its pattern does not match"),
        ({"harmless": ["ok", "see AB-1"]}, "harmless text 2: patterns.ticket matches"),
        ({"paterns": {}}, "Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused_at_start(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, ValidationError), match=message):
        regex(**options)


@pytest.mark.parametrize("expect", ["absent", "present"])
async def test_examples_become_canaries(expect: str) -> None:
    judge = regex(examples={"ticket": "see AB-1"}, harmless=["nothing"], expect=expect)

    assert sorted(canary.bad for canary in judge.canaries()) == [False, True]
    await check_filter(judge)


@pytest.mark.parametrize("pattern", [r"\w{3,9}", r"very.*", r"\b\d+\b"])
async def test_it_conforms(pattern: str) -> None:
    await check_filter(regex(patterns={"p": pattern}), examples=[item("1 very long"), item("a")])
