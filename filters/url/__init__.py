"""Find addresses of the web that are not welcome or not what they seem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from filters import Canary, Filter, Finding, Item, Options, Range, Unit, in_thread
from filters._text.sentences import MAX_SENTENCE_CHARS
from filters.url.entities import read_entities
from filters.url.hosts import Host, read_host
from filters.url.links import Found, mismatches, urls

LONG_TEXT = 4_000
"""Longer texts are read beside the event loop."""

CODE_SCHEMES = frozenset({"javascript", "vbscript", "livescript", "data", "file", "view-source"})
"""They run code or read files, so they never lead to a place on the web."""

SCORES: Mapping[str, float] = {
    "denied": 1.0,
    "scheme": 1.0,
    "not_allowed": 1.0,
    "imitation": 1.0,
    "homograph": 0.9,
    "disguised_host": 0.9,
    "credentials": 0.9,
    "mismatch": 0.9,
    "ip_host": 0.7,
}
"""What each flaw scores, the gravest first."""

_CLUES = frozenset(".:\u3002\uff0e\uff61")


class UrlOptions(Options):
    """Which addresses are welcome. A domain stands for its subdomains as well."""

    allow: tuple[str, ...] = ()
    """Domains that may be named; all others score 1. None means all."""
    deny: tuple[str, ...] = ()
    """Domains that may not be named; `*` means any address at all."""
    protect: tuple[str, ...] = ()
    """Domains whose imitations score 1: `examp1e.com`, `example.com.other.net`, `example.com`
    with a Cyrillic letter."""
    schemes: tuple[str, ...] = ()
    """Schemes a URL may have. None means all but those that run code or read files: `javascript`,
    `vbscript`, `data`, `file`."""
    flaws: tuple[
        Literal["homograph", "disguised_host", "credentials", "mismatch", "ip_host"], ...
    ] = ("homograph", "disguised_host", "credentials", "mismatch", "ip_host")
    """What else counts. `homograph` (0.9): a name of mixed scripts, or of another script's twins of
    Latin letters. `disguised_host` (0.9): written with percent signs, invisible or full-width
    characters. `credentials` (0.9): `user@` before the host. `mismatch` (0.9): a link in Markdown or
    HTML whose words name another host. `ip_host` (0.7): a number in place of a name, but for this
    machine's own: 127.0.0.1, [::1]."""
    replacement: str = "[link removed]"
    """What stands in place of an address when the chain rewrites."""
    unit: Literal["sentence", "document"] = "sentence"
    """`document` also compares link and words where a sentence ends between them."""


class Url(Filter):
    """Scores the gravest flaw of an address: denied, imitated, misleading."""

    options_model = UrlOptions
    options: UrlOptions

    def __init__(self, options: UrlOptions) -> None:
        super().__init__(options)
        self._any = "*" in options.deny
        self._allow = _domains("allow", options.allow)
        self._deny = _domains("deny", [domain for domain in options.deny if domain != "*"])
        self._protect = _domains("protect", options.protect)
        self._schemes = frozenset(map(str.lower, options.schemes))
        self.unit = Unit.sentence() if options.unit == "sentence" else Unit.document()

    async def check(self, item: Item) -> Finding | None:
        if _CLUES.isdisjoint(item.text):
            return None
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item.text)
        return self._look(item.text)

    def canaries(self) -> Sequence[Canary]:
        bad = "See javascript:alert(1) now." if not self._schemes else "See unheard-of://x.example."
        return [Canary(bad, bad=True), Canary("See the file main.rs, e.g. line 3.", bad=False)]

    def _look(self, text: str) -> Finding | None:
        flawed: dict[tuple[int, int], str] = {}
        plain = read_entities(text)
        is_cut = self.unit.kind == "sentence" and len(text) == MAX_SENTENCE_CHARS
        for found, label in self._flaws(plain.text, is_cut):
            place = plain.original_range(found.start, found.end)
            if place not in flawed or SCORES[label] > SCORES[flawed[place]]:
                flawed[place] = label
        if not flawed:
            return None
        ranges = tuple(
            Range(start, end, label, SCORES[label], self.options.replacement)
            for (start, end), label in sorted(flawed.items())
        )
        worst = max(ranges, key=lambda found: found.score)
        return Finding(worst.score, worst.label, ranges)

    def _flaws(self, text: str, is_cut: bool) -> Iterator[tuple[Found, str]]:
        for found in urls(text, self._is_listed):
            label = self._flaw(found)
            at_cut = is_cut and len(text) - found.end < 2  # a dot at the end is no part of it
            if label is None and at_cut and (self._allow or self._deny):
                label = "disguised_host"  # a border of our own hides what the host goes on with
            if label:
                yield found, label
        if "mismatch" in self.options.flaws and ("](" in text or "<" in text):
            yield from ((found, "mismatch") for found in mismatches(text))

    def _flaw(self, found: Found) -> str | None:
        """Return the gravest flaw of an address, if it has any."""
        host = found.host
        checks = {
            "denied": self._any or (host is not None and host.may_be_within(self._deny)),
            "scheme": bool(found.scheme) and not self._may_have(found.scheme),
            "not_allowed": bool(self._allow) and not (host and host.is_within(self._allow)),
            "imitation": host is not None and host.imitates(self._protect),
            "homograph": host is not None and host.is_homograph,
            "disguised_host": host is not None and host.is_disguised,
            "credentials": found.has_credentials,
            "ip_host": host is not None and host.is_address and not host.is_loopback,
        }
        sought = ("denied", "scheme", "not_allowed", "imitation", *self.options.flaws)
        return next((label for label in checks if checks[label] and label in sought), None)

    def _may_have(self, scheme: str) -> bool:
        return scheme in self._schemes if self._schemes else scheme not in CODE_SCHEMES

    def _is_listed(self, host: Host) -> bool:
        return host.may_be_within(self._deny) or host.imitates(self._protect)


def _domains(name: str, written: Sequence[str]) -> frozenset[str]:
    """Return domains in the form in which hosts are compared.

    Raises:
        ValueError: one is no domain.
    """
    for number, domain in enumerate(written, 1):
        if not domain.strip(".") or any(char in domain for char in " /:@*?#"):
            raise ValueError(f"{name}: entry {number} is no domain, such as example.com")
    return frozenset(read_host(domain.lower().lstrip(".")).name for domain in written)
