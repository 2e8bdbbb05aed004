"""Find characters that nobody sees but a model reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Literal, get_args

from pydantic import Field

from filters import Canary, Filter, Finding, Item, Options, Range, Unit, in_thread
from filters._text.edges import Edges, Span
from filters._text.joiners import legitimate, reads_right_to_left
from filters._text.normalise import as_written

Kind = Literal[
    "tag",
    "variation_selector",
    "bidi",
    "zero_width",
    "control",
    "blank",
    "private_use",
    "soft_hyphen",
]

LONG_TEXT = 4_000
"""Longer texts with something invisible in them are read beside the event loop."""

HIDDEN_RUN = 8
"""From this many in a row on, invisible characters carry a message: each scores 1."""

NEARBY = 24
"""A mark of direction belongs to right-to-left letters no further away than this."""

_CHARACTERS: Mapping[Kind, tuple[float, str]] = {
    "tag": (1.0, "\U000e0000-\U000e00ff"),
    "variation_selector": (0.9, "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"),
    "bidi": (0.8, "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"),
    "zero_width": (
        0.7,
        "\u034f\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\ufeff\ufff0-\ufffb"
        "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e01f0-\U000e0fff",
    ),
    "control": (0.7, "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"),
    "blank": (0.6, "\u115f\u1160\u2800\u3164\uffa0"),
    "private_use": (0.6, "\ue000-\uf8ff\U000f0000-\U0010ffff"),
    "soft_hyphen": (0.5, "\u00ad"),
}
"""What each kind scores alone, and its characters."""

_PLAIN = re.compile(r"[\n\r\t -~]*")
"""Most texts: nothing invisible, and seen at a glance."""

_OVERRIDES = frozenset("\u202d\u202e")
"""They make any text read backwards, so no text needs them."""


class InvisibleOptions(Options):
    """Which invisible characters count."""

    kinds: tuple[Kind, ...] = Field(get_args(Kind), min_length=1)
    """`tag`: spells ASCII unseen; `variation_selector`: carries bytes behind another character;
    `bidi`: turns text around; `zero_width`; `control`; `blank`: letters without a shape;
    `private_use`; `soft_hyphen`."""
    allow: str = Field("", max_length=1_000)
    """Characters that are never found."""


class Invisible(Filter):
    """Scores by the worst kind of invisible character that stands where none belongs.

    Joiners in emoji and in scripts that need them, marks of direction near right-to-left letters,
    flags, forms of Han signs and hyphenation are left alone. A rewrite removes all others.
    """

    options_model = InvisibleOptions
    options: InvisibleOptions
    unit = Unit.window(768, grows=True)

    def __init__(self, options: InvisibleOptions) -> None:
        super().__init__(options)
        self._allowed = frozenset(options.allow)
        classes = {kind: _CHARACTERS[kind][1] for kind in options.kinds}
        named = (f"(?P<{kind}>[{characters}]+)" for kind, characters in classes.items())
        self._invisible = re.compile("|".join(named))
        self._any = re.compile(f"[{''.join(classes.values())}]")

    async def check(self, item: Item) -> Finding | None:
        if _PLAIN.fullmatch(item.text) or not self._any.search(item.text):
            return None
        if len(item.text) > LONG_TEXT:
            return await in_thread(self._look, item)
        return self._look(item)

    def _look(self, item: Item) -> Finding | None:
        ranges = tuple(self._ranges(item))
        if not ranges:
            return None
        worst = max(ranges, key=lambda found: found.score)
        return Finding(worst.score, worst.label, ranges)

    def canaries(self) -> Sequence[Canary]:
        samples: Mapping[Kind, str] = {
            "tag": "\U000e0068\U000e0069",
            "variation_selector": "x\ufe03\ufe04",
            "bidi": "\u202e",
            "zero_width": "\u200b",
            "control": "\x08",
            "blank": "\u3164",
            "private_use": "\ue000",
            "soft_hyphen": "k\u00ad",
        }
        bad = (f"Hello{samples[kind]}, world." for kind in self.options.kinds)
        good = "Привет, नमस्ते, سلام, 👩\u200d🚀!"
        found = [Canary(text, bad=True) for text in bad if not self._allowed & set(text)]
        return [*found, Canary(good, bad=False)]

    def _ranges(self, item: Item) -> Iterator[Range]:
        edges, plain = Edges.of(item), as_written(item.text)
        for run in _runs(self._pieces(item)):
            hidden = run[-1][0][1] - run[0][0][0] >= HIDDEN_RUN
            for (start, end), kind in run:
                # Marks of direction are judged by their neighbours, all others by themselves.
                margin = NEARBY if kind == "bidi" and end - start < HIDDEN_RUN else 0
                if edges.keeps((start, end), plain, margin):
                    score = 1.0 if hidden else _CHARACTERS[kind][0]
                    yield Range(start, end, kind, score, replacement="")

    def _pieces(self, item: Item) -> Iterator[tuple[Span, Kind]]:
        """Yield stretches of one kind that have no business where they are."""
        text = item.text
        fine = legitimate(text)
        if item.start == 0 and text[0] == "\ufeff":
            fine.add(0)  # a byte order mark
        for match in self._invisible.finditer(text):
            kind: Kind = match.lastgroup  # type: ignore[assignment]  # one of the kinds it is made of
            start, end = match.span()
            if kind == "bidi" and reads_right_to_left(text[max(0, start - NEARBY) : end + NEARBY]):
                fine.update(p for p in range(start, end) if text[p] not in _OVERRIDES)
            places = range(start, end)
            if self._allowed or not fine.isdisjoint(places):
                kept = [p for p in places if p not in fine and text[p] not in self._allowed]
            else:
                kept = list(places)
            for _, group in groupby(enumerate(kept), lambda pair: pair[1] - pair[0]):
                some = [place for _, place in group]
                yield (some[0], some[-1] + 1), kind


def _runs(pieces: Iterator[tuple[Span, Kind]]) -> Iterator[list[tuple[Span, Kind]]]:
    """Yield pieces that follow each other without a gap together."""
    run: list[tuple[Span, Kind]] = []
    for piece in pieces:
        if run and piece[0][0] != run[-1][0][1]:
            yield run
            run = []
        run.append(piece)
    if run:
        yield run
