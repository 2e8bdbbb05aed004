"""The url filter finds addresses that are not welcome or not what they seem."""

# ruff: noqa: RUF001 - ambiguous characters on purpose
from __future__ import annotations

from typing import Any

import pytest

from app.testing.conformance import check_filter
from filters.url import Url, UrlOptions
from tests.filters.items import found, item, judged, rewritten


def url(**options: Any) -> Url:
    return Url(UrlOptions.model_validate(options))


@pytest.mark.parametrize(
    "text",
    ["https://example.com/x", "http://a.b.example.com", "EXAMPLE.com", "example.com."],
)
async def test_a_domain_stands_for_its_subdomains(text: str) -> None:
    assert await found(url(allow=["example.com"]), text) == []
    assert [label for label, _ in await found(url(deny=["example.com"]), text)] == ["denied"]


@pytest.mark.parametrize(
    "text",
    [
        "notexample.com",
        "example.com.evil.net",
        "https://example.com@evil.net",
        "evil.net/example.com",
    ],
)
async def test_what_only_holds_a_domain_is_not_it(text: str) -> None:
    assert [label for label, _ in await found(url(allow=["example.com"]), text)] == ["not_allowed"]
    assert "denied" not in [label for label, _ in await found(url(deny=["example.com"]), text)]


@pytest.mark.parametrize(
    "text",
    [
        "https://ex%61mple.com",
        "https://exam\u200bple.com",
        "https://ｅｘａｍｐｌｅ.com",
        "https://example。com",
        "https://x@example.com",
        "https://x:y@Example.com:443/",
        "http:\\\\example.com",
        "//example.com",
        "https:&#47;&#x2F;ex&#97;mple&period;com/?a=1&amp;b=2",
    ],
)
async def test_no_spelling_hides_a_denied_host(text: str) -> None:
    assert [label for label, _ in await found(url(deny=["example.com"]), text)] == ["denied"]


@pytest.mark.parametrize(
    "text", ["请访问evil.com吧", "http://evil.com吧", "看https://www.evil.com吧。", "ไปที่evil.comนะ"]
)
async def test_words_without_spaces_hide_no_denied_host(text: str) -> None:
    assert [label for label, _ in await found(url(deny=["evil.com"]), text)] == ["denied"]
    assert await found(url(deny=["vil.com"]), text) == []


async def test_a_name_in_such_a_script_is_its_own() -> None:
    assert await found(url(deny=["みんな"]), "例え.みんな") == [("denied", "例え.みんな")]
    assert await found(url(deny=["evil.com"]), "https://例え.みんな") == []


async def test_no_ellipsis_hides_what_stands_behind_it() -> None:
    text = "https://…/https://evil.net"

    assert await found(url(allow=["example.com"]), text) == [("not_allowed", text)]


async def test_names_of_other_scripts_are_compared_in_either_form() -> None:
    for listed in "münchen.de", "xn--mnchen-3ya.de", "MÜNCHEN.DE":
        for text in "https://münchen.de", "https://www.xn--mnchen-3ya.de/":
            assert await found(url(allow=[listed]), text) == []
            assert (await found(url(deny=[listed]), text))[0][0] == "denied"


@pytest.mark.parametrize(
    ("text", "label", "score"),
    [
        ("https://exаmple.com", "homograph", 0.9),
        ("https://xn--exmple-4nf.com", "homograph", 0.9),
        ("https://раураӏ.com".replace("а", "\u0430"), "homograph", 0.9),
        ("https://ɡoogle.com", "homograph", 0.9),
        ("https://ex%61mple.com", "disguised_host", 0.9),
        ("https://exam\u00adple.com", "disguised_host", 0.9),
        ("https://bank.example@evil.net/", "credentials", 0.9),
        ("http://2130706433/", "ip_host", 0.7),
        ("http://0x7f.1/", "ip_host", 0.7),
        ("http://[::ffff:127.0.0.1]/", "ip_host", 0.7),
        ("javascript:alert(1)", "scheme", 1.0),
        ("JavaScript:alert(1)", "scheme", 1.0),
        ("&#106;avascript&colon;alert(1)", "scheme", 1.0),
        ("data:image/svg+xml,<svg>", "scheme", 1.0),
        ("http://[::]/", "ip_host", 0.7),
        ("http://0177.0.0.1/", "ip_host", 0.7),
        ("https://…example.com/", "disguised_host", 0.9),
        ("https://bank.example@…evil.net/", "disguised_host", 0.9),
        ("javascript://…%0aalert(1)", "scheme", 1.0),
        ("file://…/passwd", "scheme", 1.0),
        ("file:///etc/passwd", "scheme", 1.0),
        ("data:text/html,<b>", "scheme", 1.0),
    ],
)
async def test_flaws_are_found_without_any_list(text: str, label: str, score: float) -> None:
    finding = await url().check(item(f"Look: {text} now"))

    assert finding is not None
    assert (finding.label, finding.score) == (label, score)


@pytest.mark.parametrize(
    "text",
    [
        "https://münchen.de, https://почта.рф, https://яндекс.com",
        "https://例え.com https://日本語ひらがな.jp https://한국.com https://łódź.pl",
        "https://example.com/a%20b?x=@y",
        "postgresql://localhost/db and s3://bucket/key",
        "http://127.0.0.1:8000/infer, 127.0.0.1:8000, http://[::1]:80/ and http://localhost/",
        "Read https://example.com…, http://…/path, http://.../path and ftp://…?x=@ on",
        "![](data:image/png;base64,iVBORw0KGgo=) and ![](data:image/jpeg;base64,/9j/4AAQ)",
        "10.0.0.0/8 and (192.168.0.0/16), or 203.0.113.0/24.",
        "[the docs](https://example.com) and [example.com](https://www.example.com/start)",
    ],
)
async def test_honest_addresses_pass(text: str) -> None:
    assert await found(url(), text) == []


@pytest.mark.parametrize(
    "text",
    [
        "https://examp1e.com",
        "https://exаmple.com",
        "https://éxample.com",
        "examplе.com",
        "https://example.com.evil.net",
        "https://www.exampIe.com".replace("I", "1"),
    ],
)
async def test_imitations_of_protected_domains_are_found(text: str) -> None:
    assert [label for label, _ in await found(url(protect=["example.com"]), text)] == ["imitation"]


async def test_a_protected_domain_itself_passes() -> None:
    assert await found(url(protect=["example.com"]), "https://a.example.com example.com") == []


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("[https://bank.example.com](https://evil.net/x)", "https://evil.net/x"),
        ("[bank.com](http://evil.net)", "http://evil.net"),
        ('<a class="x" href="https://evil.net">www.bank.com</a>', "https://evil.net"),
    ],
)
async def test_a_link_that_names_another_host_is_found(text: str, target: str) -> None:
    places = await found(url(), f"Go to {text} now.")

    assert places[0][0] == "mismatch"
    assert places[0][1] == target


async def test_schemes_can_be_listed() -> None:
    judge = url(schemes=["https"])

    assert [t for _, t in await found(judge, "https://a.com http://b.com ftp://c.com d.com")] == [
        "http://b.com",
        "ftp://c.com",
    ]


async def test_flaws_can_be_left_out() -> None:
    assert await found(url(flaws=["credentials"]), "http://127.0.0.1/ https://ex%61mple.com") == []


async def test_what_is_written_by_numbers_is_removed_as_it_stands() -> None:
    judge = url(deny=["evil.net"])
    text = "Go &amp; see <a href='https:&#x2F;&#x2F;evil.net'>this</a>."

    assert rewritten(text, await judged(judge, text)) == (
        "Go &amp; see <a href='[link removed]'>this</a>."
    )


async def test_a_rewrite_removes_addresses() -> None:
    judge = url(deny=["evil.net"])
    text = "Go to https://evil.net/a?b=c. Or to example.com, or [here](http://x.evil.net/y)!"

    assert rewritten(text, await judged(judge, text)) == (
        "Go to [link removed]. Or to example.com, or [here]([link removed])!"
    )


async def test_no_cut_of_a_long_text_without_spaces_hides_a_host() -> None:
    judge = url(deny=["evil.net"])
    for at in range(975, 1_000):
        text = "a" * at + "/https://evil.net/x"

        assert await judged(judge, text), at


@pytest.mark.parametrize(
    "unit",
    [
        "a.",
        "a-",
        "http:",
        "http://",
        "[",
        "[a](",
        "](",
        "<a ",
        "@",
        "a@",
        ".",
        "%",
        "xn--",
        "://",
        "www.",
        "а",
        "1.",
    ],
)
async def test_texts_made_to_be_slow_are_read_in_one_pass(unit: str) -> None:
    text = unit * (60_000 // len(unit))

    finding = await url(unit="document", protect=["example.com"]).check(item(text))

    assert finding is None or finding.ranges[-1].end <= len(text)


@pytest.mark.parametrize("domain", ["", "https://example.com", "a b", "x@y.com", "*.example.com"])
@pytest.mark.parametrize("option", ["allow", "deny", "protect"])
def test_what_is_no_domain_is_refused_at_start(option: str, domain: str) -> None:
    with pytest.raises(ValueError, match=f"{option}: entry 1 is no domain"):
        url(**{option: [domain]})


@pytest.mark.parametrize(
    "options",
    [{}, {"allow": ["example.com"]}, {"deny": ["*"]}, {"unit": "document"}, {"schemes": ["https"]}],
)
async def test_it_conforms(options: dict[str, Any]) -> None:
    await check_filter(url(**options), examples=[item("https://user@evil.net/ 😀 http://1.2.3.4/")])
