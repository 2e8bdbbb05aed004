"""Read host names as browsers do, and see when one poses as another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import unquote

import idna

from filters._text.disguise import Skeleton
from filters._text.normalise import normalise

LONGEST = 253
"""Characters a host name may have."""

_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|\d+)", re.IGNORECASE)

_EAST_ASIAN = frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})
"""Scripts that stand in one word together."""

_NO_SPACES = (
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u312f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+"
)
_UNSPACED = re.compile(f"^{_NO_SPACES}|{_NO_SPACES}$")
"""Letters of scripts that put no space between words, at either end of a name."""

_TWINS = frozenset(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u04cf\u044c"
    "\u03bf\u03bd\u03c1\u03b1\u03c5\u03b9\u03ba\u0585\u057d\u0578\u0570\u0581"
)
"""Cyrillic, Greek and Armenian letters that nobody tells from Latin ones."""


@dataclass(frozen=True, slots=True)
class Host:
    """A host name in the one form in which names are compared: small Unicode letters."""

    name: str
    is_disguised: bool = False
    """It was written so that it does not look like itself: percent signs, invisible characters."""

    @property
    def is_address(self) -> bool:
        """Whether it is an IP address, in any of the forms that browsers take."""
        return self.name.startswith("[") or bool(
            _NUMBER.fullmatch(self.name.rpartition(".")[2])  # no name may end in a number
        )

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine's own address in its usual form; `0x7f.1` hides that it is."""
        try:
            return ip_address(self.name.removeprefix("[").removesuffix("]")).is_loopback
        except ValueError:
            return False

    @property
    def is_homograph(self) -> bool:
        """Whether a label mixes scripts, or is made of another script's twins of Latin letters."""
        if self.name.isascii():
            return False
        *labels, top = self.name.split(".")
        return any(_is_mixed(label) or (top.isascii() and _is_twin(label)) for label in labels)

    def is_within(self, domains: Iterable[str]) -> bool:
        """Whether it is one of the domains or a subdomain of one."""
        return any(self.name == domain or self.name.endswith(f".{domain}") for domain in domains)

    def may_be_within(self, domains: Iterable[str]) -> bool:
        """The same, also if what stands around the name without a space is words of the sentence."""
        return self.is_within(domains) or Host(_UNSPACED.sub("", self.name)).is_within(domains)

    def imitates(self, domains: Iterable[str]) -> bool:
        """Whether it looks like one of the domains, or holds it, without being within it."""
        domains = [domain for domain in domains if not self.is_within((domain,))]
        if not domains:
            return False
        looks = f".{_skeleton(self.name)}."
        return any(f".{_skeleton(domain)}." in looks for domain in domains)


def read_host(written: str) -> Host:
    """Return the host that is meant; what cannot be a name is disguised."""
    bare = written.translate(_DOTS).rstrip(".")
    if bare.isascii() and "%" not in bare and "xn--" not in bare.lower():
        return Host(bare.lower()[:LONGEST])
    decoded = unquote(bare)[:LONGEST]
    visible = "".join(char for char in decoded if unicodedata.category(char) != "Cf")
    try:
        name = idna.uts46_remap(visible, std3_rules=False, transitional=False)
    except (idna.IDNAError, ValueError):
        return Host(visible.lower(), is_disguised=True)
    name = ".".join(map(_decoded, name.rstrip(".").split(".")))
    # Small and capital letters, and composed and decomposed ones, look alike to anybody.
    plain = unicodedata.normalize("NFC", bare).lower()
    return Host(name, is_disguised="xn--" not in plain and name != plain)


def is_related(one: Host, other: Host) -> bool:
    """Whether two hosts are the same, or one is a subdomain of the other; `www` is no matter."""
    names = [host.name.removeprefix("www.") for host in (one, other)]
    return any(Host(a).is_within((b,)) for a, b in (names, reversed(names)))


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").lower()
    except (UnicodeError, OverflowError):
        return label


def _is_mixed(label: str) -> bool:
    scripts = {_script(char) for char in label} - {""}
    return len(scripts) > 1 and not scripts <= _EAST_ASIAN


def _is_twin(label: str) -> bool:
    letters = [char for char in label if char.isalpha()]
    return bool(letters) and all(char in _TWINS for char in letters)


@lru_cache(maxsize=4_096)
def _script(char: str) -> str:
    """Return the first word of a letter's name; phonetic letters are a script of their own."""
    if not char.isalpha():
        return ""
    if "\u0250" <= char <= "\u02af":
        return "PHONETIC"
    return unicodedata.name(char, "").partition(" ")[0]


@lru_cache(maxsize=4_096)
def _skeleton(name: str) -> str:
    return Skeleton(normalise(name).text, leetspeak=True).text
