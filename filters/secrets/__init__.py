"""Find keys, tokens, passwords and private keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from pydantic import Field

from filters import Canary, Filter, Finding, Item, Options, Range, Unit, in_thread
from filters._text.edges import Edges
from filters._text.surest import surest
from filters._text.visible import visible
from filters.secrets.rest import rest_of_secret
from filters.secrets.rules import Found, Rules, entropy, read_rules

LONG_TEXT = 2_000
"""Longer texts are searched beside the event loop."""

OWN_RULES = Path(__file__).with_name("rules.toml")

_RANDOM = re.compile(r"(?<![\w+/=-])[\w+/-]{32,512}={0,2}(?![\w+/=-])")
_RANDOM_ENTROPY = 4.5
_RANDOM_SCORE = 0.6
_CONTINUED_SCORE = 0.6


class SecretsOptions(Options):
    """Which secrets are looked for."""

    exclude: tuple[str, ...] = ()
    """Kinds that do not count: `jwt`, `password`, …; they are the labels of the findings."""
    rule_files: tuple[Path, ...] = ()
    """Further rules, in files as Gitleaks has them (`gitleaks.toml`): `id`, `regex`,
    `secretGroup`, `keywords`, `entropy` and allowlists count, and a `score` of their own."""
    own_rules: bool = True
    """Whether the rules that come along count as well."""
    random: bool = False
    """Also find long random texts that nothing names: 32 characters or more of both cases with
    digits, of 4.5 bits each."""
    allow: tuple[str, ...] = ()
    """Secrets that are none, as they are written: keys of examples."""
    label: str | None = Field(None, min_length=1, max_length=64)
    """One label for all kinds, in place of the rule's name."""


class Secrets(Filter):
    """Scores 1 for secrets of a known form, 0.7 for what only its name makes one.

    With `random`, 0.6 for what neither does.
    """

    options_model = SecretsOptions
    options: SecretsOptions
    unit = Unit.window(6_144)

    def __init__(self, options: SecretsOptions) -> None:
        super().__init__(options)
        paths = [*([OWN_RULES] if options.own_rules else ()), *options.rule_files]
        rules = list(chain.from_iterable(map(read_rules, paths)))
        if unknown := set(options.exclude) - {rule.id for rule in rules}:
            raise ValueError(f"exclude: there is no rule {min(unknown)!r}")
        rules = [rule for rule in rules if rule.id not in options.exclude]
        if not rules:
            raise ValueError("the secrets filter needs own_rules or rule_files")
        self._rules = Rules(rules)
        self._names = frozenset(rule.id for rule in rules)
        self._allowed = frozenset(options.allow)

    async def check(self, item: Item) -> Finding | None:
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item)
        return self._look(item)

    def canaries(self) -> Sequence[Canary]:
        good = Canary("The password must be longer than 12 characters.", bad=False)
        if not self._names >= {"private_key", "github_token"}:
            return [good]
        return [
            Canary(
                "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----", bad=True
            ),
            Canary("Use ghp_" + "x7Kq2mVb9TzR4nWs" * 2 + "Yp3L to push.", bad=True),
            good,
        ]

    def _look(self, item: Item) -> Finding | None:
        plain = visible(item.text)
        text = plain.text
        edges = Edges.of(item)
        ranges: list[Range] = []
        for found in [*self._found(text), *self._continued(text, edges)]:
            around = plain.original_range(*found.match)
            if edges.keeps(around, plain) and text[found.start : found.end] not in self._allowed:
                label = self.options.label or found.rule
                ranges.append(
                    Range(*plain.original_range(found.start, found.end), label, found.score)
                )
        ranges = list(surest(ranges))
        if not ranges:
            return None
        top = max(ranges, key=lambda found: found.score)
        return Finding(top.score, top.label, tuple(ranges))

    def _found(self, text: str) -> Iterator[Found]:
        yield from self._rules.find(text)
        if self.options.random:
            for match in _RANDOM.finditer(text):
                if _is_random(match[0]):
                    yield Found(*match.span(), match.span(), "random", _RANDOM_SCORE)

    def _continued(self, text: str, edges: Edges) -> Iterator[Found]:
        """Yield the rest of a secret that began before this window, in a run longer than the overlap."""
        end = rest_of_secret(text, edges.left) if edges.left else 0
        if end:
            yield Found(0, end, (0, end), "continued", _CONTINUED_SCORE)


def _is_random(text: str) -> bool:
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, text)) for kind in kinds) and entropy(text) >= _RANDOM_ENTROPY
