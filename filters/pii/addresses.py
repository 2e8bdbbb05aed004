"""Find e-mail and IP addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from filters import Range

LONGEST_LOCAL = 64
"""Characters before the `@` (RFC 5321)."""

LONGEST_EMAIL = LONGEST_LOCAL + 1 + 255

SEEMS_VERSION = 0.3
"""Score of what has the form of an IP address and stands behind a word for a version or a section."""

_AT = re.compile(r"(?:@|%40)(?=[^\W_])")
_LOCAL_SIGNS = frozenset("!#$%&'*+-/=?^_`{|}~.")
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,62}))(?:\.[^\W_][\w-]{0,62}){1,32}")
_V4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\w)")
_V6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{3,39}(?:\.\d{1,3}){0,3}(?![\w:]|\.\w)")
_VERSION = re.compile(
    r"(?i:version|release|ver|build|v|chapter|section|sect?|clause|article|appendix|figure|fig|table"
    r"|paragraph|para|step|item|rule|requirement|§)\.?\s{0,2}$"
)
_BEFORE = 14
_PICTURES = frozenset({"avif", "gif", "heic", "jpeg", "jpg", "png", "svg", "webp"})
"""No top-level domains: `image@2x.png` is a file for screens of twice the density."""


def emails(text: str) -> Iterator[Range]:
    """Yield e-mail addresses, also of other scripts."""
    for at in _AT.finditer(text):
        start = _local_start(text, at.start())
        domain = _DOMAIN.match(text, at.end())
        if domain is None or not 0 < at.start() - start <= LONGEST_LOCAL:
            continue
        end = domain.start() + len(domain[0].rstrip("-_"))
        if _is_top_level(text[domain.start() : end].rpartition(".")[2]):
            yield Range(start, end, "email")


def ips(text: str) -> Iterator[Range]:
    """Yield IP addresses that the whole internet knows; private and reserved ones tell of nobody."""
    for pattern in _V4, _V6:
        for found in pattern.finditer(text):
            if _is_global(found[0]):
                before = text[max(0, found.start() - _BEFORE) : found.start()]
                score = SEEMS_VERSION if _VERSION.search(before) else 1.0
                yield Range(*found.span(), "ip", score)


def _local_start(text: str, at: int) -> int:
    """Return where the part before the `@` begins; one character more than it may have is enough."""
    start, first = at, max(0, at - LONGEST_LOCAL - 1)
    while start > first and (text[start - 1].isalnum() or text[start - 1] in _LOCAL_SIGNS):
        start -= 1
    while start < at and not text[start].isalnum() and text[start] != "_":
        start += 1  # a quote or a bracket in front is no part of it
    return start


def _is_top_level(label: str) -> bool:
    if label.lower() in _PICTURES:
        return False
    return len(label) >= 2 and (label.isalpha() or label.lower().startswith("xn--"))


def _is_global(address: str) -> bool:
    try:
        return ip_address(address).is_global
    except ValueError:
        return False
