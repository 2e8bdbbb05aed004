"""Find patterns of the operator's own, each under a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from pydantic import Field, field_validator

from filters import Canary, Filter, Finding, Item, Options, Range, Unit, in_thread
from filters._text.edges import Edges, unit_for
from filters._text.normalise import Normalised, as_written
from filters._text.patterns import compile_pattern, width

LONGEST_PATTERN = 2_000
"""Characters in one pattern."""

MOST_MATCHES = 1_000
"""Of one pattern in one unit: each search may read to the end, and their sum shall stay linear.
With one more, all from there on counts as found."""

LONG_TEXT = 4_000
"""Longer texts are searched beside the event loop."""

TARGET = "range"
"""A group of this name is what counts; the rest of the match is only its surroundings."""

_REFERENCE = re.compile(r"\\(?:(\d+)|g<(\w+)>|(.?))", re.DOTALL)


class RegexOptions(Options):
    """Which patterns are looked for, and what each of them means."""

    patterns: Mapping[str, str] = Field(min_length=1, max_length=500)
    """Label to regular expression, in RE2 syntax: no look-around, no back-references, and no
    text that makes it slow. A group named `range`, as in `password: (?P<range>\\S+)`, is what
    counts of a match; else all of it."""
    scores: Mapping[str, float] = Field(default_factory=dict)
    """Per label, what a match is worth; else 1."""
    replacements: Mapping[str, str] = Field(default_factory=dict)
    """Per label, what stands in place of a match when the chain rewrites; else the label in
    brackets. `\\1` and `\\g<name>` bring in a group, `\\\\` is a backslash."""
    case_sensitive: bool = True
    """Whether case counts; `(?i)` in a pattern says so for that one alone."""
    examples: Mapping[str, str] = Field(default_factory=dict)
    """Per label, a text in which its pattern must match; tried at start."""
    harmless: tuple[str, ...] = ()
    """Texts in which no pattern may match; tried at start."""
    expect: Literal["absent", "present"] = "absent"
    """`present` turns it around: a text in which no pattern matches scores 1, with the whole text
    as its range."""
    pattern_width: int | None = Field(None, gt=0)
    """Most characters a pattern is meant to match. Without it, one such as `a.*b`, whose width
    has no bound, makes the filter wait for the whole text."""

    @field_validator("scores")
    @classmethod
    def _scores_are_shares(cls, scores: Mapping[str, float]) -> Mapping[str, float]:
        if not all(0 <= score <= 1 for score in scores.values()):
            raise ValueError("each lies between 0 and 1")
        return scores


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One pattern with all that was said about its label."""

    label: str
    compiled: Any
    group: int | str
    score: float
    replacement: str | None

    def ranges(self, text: str, plain: Normalised, edges: Edges) -> Iterator[Range]:
        """Yield where it matches in `plain`, which is the text without what cannot be encoded."""
        matches = self.compiled.finditer(plain.text)
        for match in islice(matches, MOST_MATCHES):
            start, end = match.span(self.group)
            if start < end and edges.keeps(match.span(), plain):
                yield Range(start, end, self.label, self.score, self._replacement(match))
        if (one_more := next(matches, None)) is not None:
            yield Range(one_more.start(), len(text), self.label, self.score)

    def _replacement(self, match: Any) -> str | None:
        if self.replacement is None:
            return None
        return _REFERENCE.sub(lambda found: _group(match, found), self.replacement)


class Regex(Filter):
    """Scores 1, or what its label says, where one of several named patterns matches."""

    options_model = RegexOptions
    options: RegexOptions

    def __init__(self, options: RegexOptions) -> None:
        super().__init__(options)
        for name in "scores", "replacements", "examples":
            for label in getattr(options, name):
                if label not in options.patterns:
                    raise ValueError(f"{name}.{label}: there is no pattern of this label")
        self._patterns = [_pattern(options, label) for label in options.patterns]
        self.unit = _unit(options)
        self._try_examples()

    async def check(self, item: Item) -> Finding | None:
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item)
        return self._look(item)

    def canaries(self) -> Sequence[Canary]:
        inverted = self.options.expect == "present"
        bad = [Canary(text, bad=not inverted) for text in self.options.examples.values()]
        return [*bad, *(Canary(text, bad=inverted) for text in self.options.harmless)]

    def _try_examples(self) -> None:
        for one in self._patterns:
            example = self.options.examples.get(one.label)
            if example is not None and not one.compiled.search(as_written(example).text):
                raise ValueError(f"examples.{one.label}: its pattern does not match it")
            for number, text in enumerate(self.options.harmless, 1):
                if one.compiled.search(as_written(text).text):
                    raise ValueError(f"harmless text {number}: patterns.{one.label} matches it")

    def _look(self, item: Item) -> Finding | None:
        plain = as_written(item.text)
        if self.options.expect == "present":
            return self._absent(plain)
        if not plain.text:
            return None
        edges = Edges.of(item)
        ranges = [r for one in self._patterns for r in one.ranges(item.text, plain, edges)]
        if not ranges:
            return None
        scores: dict[str, float] = {}
        for found in ranges:
            scores[found.label] = max(found.score, scores.get(found.label, 0.0))
        label = max(scores, key=lambda name: scores[name])
        ordered = sorted(ranges, key=lambda found: (found.start, -found.end))
        return Finding(scores[label], label, tuple(ordered), scores=scores)

    def _absent(self, plain: Normalised) -> Finding | None:
        if any(one.compiled.search(plain.text) for one in self._patterns):
            return None
        whole = (Range(0, len(plain.text), "no_match"),) if plain.text else ()
        return Finding(1.0, "no_match", whole)


def _pattern(options: RegexOptions, label: str) -> _Pattern:
    name, pattern = f"patterns.{label}", options.patterns[label]
    if not 0 < len(label) <= 64:
        raise ValueError("a label has 1 to 64 characters")
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"{name} is longer than {LONGEST_PATTERN} characters")
    compiled = compile_pattern(pattern, name, case_sensitive=options.case_sensitive)
    replacement = options.replacements.get(label)
    _check_template(replacement or "", compiled, f"replacements.{label}")
    target = compiled.groupindex.get(TARGET, 0)
    return _Pattern(label, compiled, target, options.scores.get(label, 1.0), replacement)


def _check_template(template: str, compiled: Any, name: str) -> None:
    for found in _REFERENCE.finditer(template):
        number, group, other = found.groups()
        if number is not None and int(number) > compiled.groups:
            raise ValueError(rf"{name}: the pattern has no group \{number}")
        if group is not None and group not in compiled.groupindex:
            raise ValueError(f"{name}: the pattern has no group {group!r}")
        if other is not None and other != "\\":
            raise ValueError(rf"{name}: a backslash stands before a number, g<name> or another \ ")


def _group(match: Any, reference: re.Match[str]) -> str:
    number, name, other = reference.groups()
    if number is not None:
        return match.group(int(number)) or ""
    return (match.group(name) or "") if name is not None else other


def _unit(options: RegexOptions) -> Unit:
    if options.expect == "present":
        return Unit.document(blank=True)
    widest = max(map(width, options.patterns.values()))
    return unit_for(2 * (options.pattern_width or widest))
