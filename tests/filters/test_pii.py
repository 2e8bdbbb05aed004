"""Personal data is found where it stands, and harmless numbers are left alone."""

# ruff: noqa: RUF001 - ambiguous characters on purpose
from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.testing.conformance import check_filter
from filters import Placeholders
from filters.pii import Pii, PiiOptions
from tests.filters.items import found, item, judged, rewritten

NATIONAL = ("us_ssn", "gb_nino", "es_dni", "br_cpf", "fr_nir")


def pii(**options: Any) -> Pii:
    return Pii(PiiOptions.model_validate(options))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "ada@example.org"),
        ("email", "Ada.Lovelace+gate@mail.example.co.uk"),
        ("email", "o'hara_1@a-b.museum"),
        ("email", "björn@exämple.de"),
        ("email", "почта@пример.рф"),
        ("email", "ada@xn--exmple-cua.xn--p1ai"),
        ("email", "ada\u200b@exam\u200bple.org"),
        ("email", "ada＠example.org"),
        ("email", "ada%40example.org"),
        ("phone", "+44 20 7946 0958"),
        ("phone", "+49 (0)30 901820"),
        ("phone", "(212) 736-5000"),
        ("phone", "212-736-5000"),
        ("phone", "212‑736‑5000"),
        ("card", "4111111111111111"),
        ("card", "4111 1111 1111 1111"),
        ("card", "4111-1111-1111-1111"),
        ("card", "4111.1111.1111.1111"),
        ("card", "4111_1111_1111_1111"),
        ("card", "3782/822463/10005"),
        ("card", "3782 822463 10005"),
        ("card", "5555 5555 5555 4444"),
        ("card", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
        ("card", "４１１１ １１１１ １１１１ １１１１"),
        ("iban", "DE89370400440532013000"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "gb29 nwbk 6016 1331 9268 19"),
        ("iban", "NO93 8601 1117 947"),
        ("iban", "MT84 MALT 0110 0001 2345 MTLC AST0 01S"),
        ("ip", "8.8.8.8"),
        ("ip", "2001:4860:4860::8888"),
        ("us_ssn", "536-22-1234"),
    ],
)
async def test_personal_data_is_found_as_it_is_written(kind: str, text: str) -> None:
    for around in ("{}", "({})", "It is {}.", "«{}», yes", "x: {}\nand", "{}, {}"):
        whole = around.format(text, text)
        assert await found(pii(), whole) == [(kind, text)] * around.count("{}")


async def test_an_account_is_found_behind_its_name_without_a_space() -> None:
    assert await found(pii(), "IBANDE89370400440532013000") == [("iban", "DE89370400440532013000")]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112 and 1234 5678 9012 3456",
        "DE88 3704 0044 0532 0130 00, XX89 3704 0044 0532 0130 00",
        "10.0.0.1, 127.0.0.1, 192.168.1.20, 999.8.8.8, ::1, fe80::1, 1.2.3.4.5",
        "at 10:20:30, on 2026-11-26, 1,234,567.89 and 3.14159265358979",
        "000-12-3456, 666-12-3456, 536-00-1234, 536-22-0000, 1-536-22-1234",
        "icon@2x.png, photo@3x.JPG",
        "@ada, ada@, ada@localhost, a@b.c, @ @, x@.org",
        "ISBN 978-3-16-148410-0, order 2026-000123-77, std::string::npos",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "",
        "\u200b\u200b",
        "[EMAIL_1], [CARD_2] and [phone]",
    ],
)
async def test_what_tells_of_nobody_is_left_alone(text: str) -> None:
    assert await found(pii(kinds=PiiOptions.model_fields["kinds"].default), text) == []


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("gb_nino", "AB 12 34 56 C", "BG 12 34 56 C"),
        ("gb_nino", "ab123456c", "ab123456e"),
        ("es_dni", "12345678Z", "12345678A"),
        ("es_dni", "X1234567L", "X1234567A"),
        ("br_cpf", "529.982.247-25", "529.982.247-26"),
        ("br_cpf", "52998224725", "11111111111"),
        ("fr_nir", "1 85 05 78 006 084 91", "1 85 05 78 006 084 92"),
        ("fr_nir", "1 51 02 2A 112 234 69", "1 51 02 2B 112 234 69"),
    ],
)
async def test_national_identities_are_checked(kind: str, good: str, bad: str) -> None:
    judge = pii(kinds=[kind])

    assert await found(judge, f"It is {good}.") == [(kind, good)]
    assert await found(judge, f"It is {bad}.") == []
    assert await found(pii(), f"It is {good}.") in ([], [("phone", good)])


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("+1 212 736 5000", 1.0),
        ("(212) 736-5000", 0.8),
        ("call me on 2127365000", 0.8),
        ("order 2127365000", 0.4),
        ("212.736.5000", 0.8),
        ("EUR 42826808.00", 0.4),
        ("version 30.12.7207.14", 0.4),
        ("phone: 2127 365000", 0.8),
        ("It is 536 22 1234.", 0.8),
        ("7 536 22 1234", 0.4),
        ("version 8.8.8.8", 0.3),
        ("see Section 3.2.1.4", 0.3),
        ("from 8.8.8.8", 1.0),
    ],
)
async def test_the_score_says_how_sure_it_is(text: str, score: float) -> None:
    finding = await pii().check(item(text))

    assert finding is not None
    assert finding.score == score == finding.scores[finding.label]


async def test_numbers_of_a_country_are_known_if_it_is_named() -> None:
    text = "Ring 020 7946 0958 or (212) 736-5000."

    assert await found(pii(regions=["GB"]), text) == [("phone", "020 7946 0958")]
    assert len(await found(pii(regions=["GB", "US"]), text)) == 2
    assert await found(pii(regions=[]), text) == []


async def test_what_is_allowed_is_left_alone() -> None:
    judge = pii(allow=["Help@example.org", "@gate.example", "+44 20 7946 0958"])

    text = "help@example.org, ADA@gate.example, +44 20 7946 0958, ada@example.org"
    assert await found(judge, text) == [("email", "ada@example.org")]


@pytest.mark.parametrize("shift", range(0, 400, 7))
async def test_no_border_of_a_window_hides_anything(shift: int) -> None:
    judge = pii()
    long = "a" * 64 + "@" + "b." * 8 + "example.org"
    text = "x " * ((judge.unit.size - shift) // 2) + long + " " + "y " * 300 + "4111 1111 1111 1111"

    ranges = await judged(judge, text)

    seen = dict.fromkeys(text[r.start : r.end] for r in ranges)  # two windows may see it whole
    assert list(seen) == [long, "4111 1111 1111 1111"]
    assert rewritten(text, ranges) == text.replace(long, "[email]").replace(list(seen)[1], "[card]")


def test_options_that_make_no_sense_stop_the_start() -> None:
    with pytest.raises(ValueError, match="numbered"):
        pii(restore=True, numbered=False)
    with pytest.raises(ValidationError, match="XX"):
        pii(regions=["XX"])
    with pytest.raises(ValidationError, match="at least one"):
        pii(kinds=[])


def test_the_options_say_what_becomes_of_it() -> None:
    assert pii().placeholders == Placeholders(ignore_case=True)
    assert pii(restore=True, keep_in_record=True).placeholders == Placeholders(
        restore=True, keep=True, ignore_case=True
    )
    assert pii(numbered=False).placeholders is None


async def test_it_conforms() -> None:
    examples = [item("Ada: ada@example.org, +44 20 7946 0958, 4111 1111 1111 1111")]
    await check_filter(pii(), examples=examples)
    await check_filter(pii(kinds=NATIONAL), examples=[item("12345678Z and 529.982.247-25")])


@pytest.mark.parametrize("unit", ["1", "1 ", "1-", "+1", "a@", "@a.", "a.", ":", "(1", "DE89 "])
async def test_texts_made_to_be_slow_take_one_pass(unit: str) -> None:
    text = (unit * 4_000)[: pii().unit.size]

    finding = await pii(kinds=("email", "ip", "card", "iban", *NATIONAL)).check(item(text))

    assert finding is None or finding.ranges[-1].end <= len(text)
