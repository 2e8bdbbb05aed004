"""Rules that tell secrets by their form, read from settings as Gitleaks and its kin write them."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import re2

from filters._text.patterns import compile_pattern

MOST_RULES = 2_000
MOST_MATCHES = 1_000
"""Of one rule in one unit: each search may read to the end, and their sum shall stay linear."""

LARGEST_FILE = 4_000_000
"""Bytes of a file of rules."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a secret stands, the whole match around it, and the rule that says so."""

    start: int
    end: int
    match: tuple[int, int]
    rule: str
    score: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret."""

    id: str
    pattern: re2._Regexp
    group: int
    """The group that is the secret; 0 takes the first that matched anything."""
    keywords: tuple[str, ...]
    entropy: float
    score: float
    harmless: tuple[re2._Regexp, ...]
    stopwords: tuple[str, ...]

    def find(self, text: str, lowered: str) -> Iterator[Found]:
        """Yield the secrets of this kind; `lowered` is the text in lower case."""
        for match in islice(self.pattern.finditer(text), MOST_MATCHES):
            if self.keywords and not any(keyword in lowered for keyword in self.keywords):
                return
            group = self.group or next(
                (n for n in range(1, self.pattern.groups + 1) if match[n]), 0
            )
            secret = match[group]
            if secret and self._is_secret(secret):
                start, end = match.span(group)
                yield Found(start, end, match.span(), self.id, self.score)

    def _is_secret(self, secret: str) -> bool:
        if self.entropy and entropy(secret) < self.entropy:
            return False
        lowered = secret.lower()
        if any(word in lowered for word in self.stopwords):
            return False
        return not any(pattern.search(secret) for pattern in self.harmless)


class Rules:
    """Several rules at once: one look tells whether a text holds anything for them."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._always = [rule for rule in rules if not rule.keywords]
        self._named = [rule for rule in rules if rule.keywords]
        words = sorted({re2.escape(word) for rule in self._named for word in rule.keywords})
        self._any = (
            compile_pattern("|".join(words), "keywords", case_sensitive=False) if words else None
        )

    def find(self, text: str) -> Iterator[Found]:
        """Yield what the rules find, in no order."""
        lowered = text.lower()
        for rule in self._always:
            yield from rule.find(text, lowered)
        if self._any and self._any.search(text):
            for rule in self._named:
                yield from rule.find(text, lowered)


def entropy(text: str) -> float:
    """Return Shannon's entropy of a text's characters, in bits for each of them."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values())


def read_rules(path: Path) -> list[Rule]:
    """Return the rules of a file that judge text; those for names of files are left out.

    Raises:
        ValueError: the file cannot be read, or a rule of it is none.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f"the rules {path} are larger than {LARGEST_FILE} bytes")
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"the rules {path} cannot be read: {error}") from error
    rules = written.get("rules", [])
    if not isinstance(rules, list) or not 0 < len(rules) <= MOST_RULES:
        raise ValueError(f"the rules {path} hold no [[rules]], or more than {MOST_RULES}")
    everywhere = _allowlists(written)
    try:
        return [_rule(one, everywhere) for one in rules if one.get("regex") and not one.get("path")]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the rules {path}: {error}") from error


def _rule(written: Mapping[str, Any], everywhere: Sequence[Mapping[str, Any]]) -> Rule:
    name = str(written["id"])
    allowed = [*_allowlists(written), *everywhere]
    if "filter" in written:
        raise ValueError(f"rule {name!r} decides by an expression, which cannot be read here")
    return Rule(
        id=name,
        pattern=compile_pattern(written["regex"], f"rule {name!r}", case_sensitive=True),
        group=int(written.get("secretGroup", 0)),
        keywords=tuple(str(word).lower() for word in written.get("keywords", ())),
        entropy=float(written.get("entropy", 0.0)),
        score=float(written.get("score", 1.0)),
        harmless=tuple(
            compile_pattern(pattern, f"an allowlist of rule {name!r}", case_sensitive=True)
            for one in allowed
            for pattern in one.get("regexes", ())
        ),
        stopwords=tuple(str(w).lower() for one in allowed for w in one.get("stopwords", ())),
    )


def _allowlists(written: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what is no secret: of the kinds that say so of the secret itself, wherever it stands."""
    plain = written.get("allowlist")
    lists = [*written.get("allowlists", ()), *([plain] if plain else ())]
    return [
        one
        for one in lists
        if one.get("regexTarget", "secret") == "secret"
        and not (one.get("condition") == "AND" and (one.get("paths") or one.get("commits")))
        and not one.get("targetRules")
    ]
