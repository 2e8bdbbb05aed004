"""Where the sentences of running text end.

One rule for all who cut: the chain cuts a stream into units by it, filters cut their item, the
index cuts long paragraphs. Whether a sentence ends is known one character later at the latest,
so a text that arrives in pieces is cut like the whole.
"""

from __future__ import annotations

import re

MAX_SENTENCE_CHARS = 1_000
"""A longer sentence is cut at a space, so that a text without full stops still flows."""

RESCAN_CHARS = 8
"""How far back to look again when text was added: more than a boundary with its look-ahead."""

_BOUNDARY = re.compile(
    r"""
    [.!?…\u3002\uff01\uff1f\n]        # one set of characters in front is found twelve times as fast
    (?: (?<=[.!?…]) [.!?…]*+ ["'\u201d\u2019)\]]{0,6}+ (?=\s)               # an end, then white space
      | (?<=[\u3002\uff01\uff1f]) [\u3002\uff01\uff1f]*+ ["\u201d\u300d]{0,6}+ (?=.)   # scripts that write none
      | (?<=\n) (?= [\r\n#>*|•-] )                           # a blank line, or a list's item
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_GOES_ON = re.compile(
    r"""
      (?:^|[\s(\["'\u201c\u2018])
      (?: [A-Z] | (?i: al|approx|ca|cf|dr|e\.g|eq|etc|fig|i\.e|inc|incl|jr|ltd|mr|mrs|ms|no|nr|p|pp
                     |prof|resp|sec|sr|st|vol|vs ) )$           # an initial, an abbreviation
    | (?:^|\n) [ \t]* \d{1,3}$                                 # the number of a list's item
    """,
    re.VERBOSE,
)
_LONGEST = 12
"""Characters in front of a full stop that can show that it ends no sentence."""


def sentence_end(text: str, start: int, scanned: int = 0) -> int | None:
    """Return where the sentence that begins at `start` ends, or None if more text must come.

    Args:
        text: the text so far.
        start: where the sentence begins.
        scanned: no sentence ends before this position.
    """
    limit = start + MAX_SENTENCE_CHARS
    for match in _BOUNDARY.finditer(text, max(start, scanned), limit + 1):
        goes_on = _CONTINUATIONS.get(match[0])
        if goes_on is None or not goes_on(text, start, match.start()):
            return match.end()
    if len(text) <= limit:
        return None
    space = text.rfind(" ", start + 1, limit)
    return space + 1 if space > start else limit


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return `[start, end)` of each sentence, without the white space around it."""
    spans: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = sentence_end(text, start) or len(text)
        body = text[start:end]
        if body.strip():
            lead = len(body) - len(body.lstrip())
            spans.append((start + lead, start + len(body.rstrip())))
        start = end
    return spans


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, without the white space around them."""
    return [text[start:end] for start, end in sentence_spans(text)]


def _goes_on(text: str, start: int, stop: int) -> bool:
    before = text[max(start, stop - _LONGEST) : stop]
    # A slice that begins inside the sentence must not look like its beginning.
    return bool(_GOES_ON.search(before if stop - start <= _LONGEST else f"x{before}"))


def _is_in_a_name(text: str, start: int, stop: int) -> bool:
    """Whether a full stop of East Asia stands in an address: browsers read `example\u3002com` as one."""
    around = text[stop - 1 : stop] + text[stop + 1 : stop + 2]
    return stop > start and around.isascii() and len(around) == 2 and around.isalnum()


_CONTINUATIONS = {".": _goes_on, "\u3002": _is_in_a_name}
"""Says of a single full stop whether the sentence goes on behind it."""
