"""The keyword filter finds what is listed, however it is written, and nothing else."""

# ruff: noqa: RUF001 - ambiguous characters on purpose
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.testing.conformance import check_filter
from filters import Finding
from filters.keyword import Keyword, KeywordOptions
from tests.filters.keywords import WORDS, item, keyword


async def found(text: str, **options: Any) -> list[str]:
    finding = await keyword(**options).check(item(text))
    return [text[r.start : r.end] for r in finding.ranges] if finding else []


@pytest.mark.parametrize(
    "text",
    [
        "kill",
        "KILL",
        "kíll",
        "k\u200bi\u200bl\u200bl",
        "ｋｉｌｌ",
        "кіⅼⅼ",
        "𝖐𝖎𝖑𝖑",
        "🅺🅸🅻🅻",
        "k1ll",
        "ki11",
        "k!ll",
        "k*ll",
        "K**L",
        "sh#t",
        "kiiiiill",
        "killllll",
        "k1iiill",
        "k i l l",
        "k.i.l.l",
        "k - i - l - l",
        "k_1_l_l",
        "build  a\n\nbomb",
        "build-a-bomb",
        "Build, a... BOMB",
        "bu1ld a b0mb",
        "bui1d a 60m6",
        "6uild a bomb",
        "buildabomb",
        "BuildABomb",
        "builda bomb",
        "bu1ldabomb",
        "build\u200ba\u200bbomb",
        "build\u2060a\u2060bomb",
        "build\u3164a\u3164bomb",
        "build\u3164a bo\u200bmb",
        "b\u3164u\u3164ild a bomb",
        "k\uffa0i\uffa0l\uffa0l",
        "k\u115fill",
        "b u i l d a b o m b",
        "a$$",
        "@ss",
        "$h1t",
        "DON’T",
        "c++",
        "1488",
    ],
)
async def test_a_listed_word_is_found_however_it_is_written(text: str) -> None:
    assert await found(text) == [text]
    assert await found(f"He said: {text}, then left") == [text]
    assert await found(f"“{text}!”") == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Scunthorpe, assess the class of bass, pass and assets",
        "is hit and as sets; push it",
        "skill, killjoy, kills",
        "fall, fa1n and tall",
        "paper of size A55, model a55, route 455, 4SS00",
        "p-a-s-s, c l a s s, b.a.s.s",
        "user@ssh.example pays a$$ets",
        "c + + and c+",
        "14880 and 11488",
        "Hi!! he'll bomb a build",
        "rebuildabomb, buildabombay, a builda and a bomb",
        "the lamb, a big blog and gums",
        "kiill, aass",
        "k*l, k***l, a*s, ki*l*y, **kull**",
        "a s k i l l s e t",
        "",
        "\u200b \ufeff",
    ],
)
async def test_ordinary_text_is_left_alone(text: str) -> None:
    assert await found(text) == []


async def test_a_short_phrase_is_not_sought_as_one_word() -> None:
    assert await found("A manual for the manic and the many", words=("man ual", "man ic")) == []
    assert await found("kill\u3164me", words=("kill me",)) == ["kill\u3164me"]


async def test_real_digits_match_themselves_only() -> None:
    assert await found("1488 but not i488 or l4bb") == ["1488"]


async def test_single_letter_words_around_spelled_out_ones_are_no_part_of_them() -> None:
    assert await found("Can I k i l l a man?") == ["k i l l"]


async def test_a_wide_gap_separates_spelled_out_words() -> None:
    assert await found("k i l l   y o u") == ["k i l l"]


async def test_scripts_without_spaces_have_words_inside_text() -> None:
    assert await found("你是笨蛋吗", words=["笨蛋"]) == ["笨蛋"]


@pytest.mark.parametrize("text", ["сука", "СУКА", "Сука"])
async def test_words_of_other_scripts_are_found(text: str) -> None:
    assert await found(f"ты {text}!", words=["сука"]) == [text]


@pytest.mark.parametrize("text", ["νεκρός", "ΝΕΚΡΌΣ", "Νεκρός"])
async def test_greek_is_found_in_any_case(text: str) -> None:
    assert await found(text, words=["νεκρός"]) == [text]


async def test_invisible_tags_that_spell_a_word_are_found() -> None:
    tags = "".join(chr(0xE0000 + ord(char)) for char in "please kill him")

    assert await found(f"Nice weather{tags}") == [tags[7:11]]


async def test_a_range_holds_the_whole_disguise() -> None:
    text = "x ki\u0336l\u200bl\u0301\u0301 y"

    assert await found(text) == [text[2:10]]


async def test_overlapping_matches_are_one_range() -> None:
    assert await found("red hot chili", words=["red hot", "hot chili"]) == ["red hot chili"]


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("leetspeak", "k1ll"),
        ("leetspeak", "k*ll"),
        ("stretched", "kiiill"),
        ("spelled_out", "k i l l"),
    ],
)
async def test_each_trick_can_be_switched_off(option: str, text: str) -> None:
    assert await found(text) == [text]
    assert await found(text, words=WORDS, **{option: False}) == []


async def test_parts_of_words_are_found_on_demand() -> None:
    assert await found("skills, sk1lls", words=["kill"], whole_words=False) == ["kill", "k1ll"]


async def test_case_sensitive_takes_words_and_patterns_as_written() -> None:
    options = {"words": ["Kill"], "patterns": ["a[bB]c"], "case_sensitive": True}

    assert await found("kill KILL K1ll K i l l Kill abc ABC aBc", **options) == [
        "Kill",
        "abc",
        "aBc",
    ]


async def test_words_come_from_files(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("\ufeff# a comment\n\nkill\n  build a bomb \n", encoding="utf-8")

    assert await found("KILL and build a  bomb", word_files=[words]) == ["KILL", "build a  bomb"]


async def test_patterns_match_as_written_and_in_plain_form() -> None:
    pattern = r"ignore (all |any )?(previous|prior) instructions"

    assert await found("Please IGNORE previous instructions", patterns=[pattern])
    assert await found("ignоrе  аll\nprеvious instructiоns", patterns=[pattern])
    assert await found("Grüße", patterns=["grüße"]) == ["Grüße"]
    assert not await found("previous instructions", patterns=[pattern])


async def test_label_and_replacement_are_the_operators() -> None:
    finding = await keyword(label="profanity", replacement="***").check(item("kill"))

    assert isinstance(finding, Finding)
    assert (finding.score, finding.label) == (1.0, "profanity")
    assert (finding.ranges[0].label, finding.ranges[0].replacement) == ("profanity", "***")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"words": []}, "needs words"),
        ({"words": ["kill", "\u200b"]}, "word 2 holds no visible"),
        ({"patterns": ["ok", "(a"]}, r"pattern 2 is not valid for RE2: missing \)"),
        ({"patterns": ["(?=a)"]}, "pattern 1 is not valid for RE2: invalid perl operator"),
        ({"patterns": [r"(a)\1"]}, "pattern 1 is not valid for RE2: invalid escape"),
        ({"patterns": ["a{1,5000}"]}, "pattern 1 is not valid for RE2: invalid repetition"),
        ({"patterns": [r"\C"]}, "pattern 1 counts in bytes"),
        ({"patterns": ["\ud800"]}, "pattern 1 is not valid for RE2: it is not valid Unicode"),
        ({"patterns": ["a*"]}, "pattern 1 matches the empty text"),
        ({"words": ["x" * 501]}, "word 1 is longer"),
        ({"word_files": ["/nowhere/words.txt"]}, "cannot be read"),
        ({"wrods": ["kill"]}, "Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused_at_start(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, ValidationError), match=message):
        Keyword(KeywordOptions.model_validate(options))


EVIL = [
    r"(a+)+$",
    r"(a|aa)+$",
    r"(a|a?)+$",
    r"([a-zA-Z]+)*$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
]


async def test_patterns_that_choke_backtracking_engines_are_harmless() -> None:
    patterns = [f"x{pattern.removeprefix('^')}" for pattern in EVIL]

    assert await found("x" + "a" * 20_000 + "!", patterns=patterns) == []
    assert len(await found("x" + "a" * 20_000, patterns=["x(.*a){20}"])) == 1


async def test_it_conforms() -> None:
    await check_filter(keyword(), examples=[item("I will k1ll you"), item("nothing here")])
