"""Where the sentences of a text stand."""

from __future__ import annotations

import re

_END = re.compile(
    r"""
      [.!?…] ["'\u201d\u2019)\]]* (?=\s)    # a sentence's end, then white space
    | [\u3002\uff01\uff1f]+                 # scripts that write no space
    | \n [ \t\r]{0,80} \n                    # a blank line
    | \n (?= [ \t]{0,80} (?: [-*•>|\#] | \d+[.)] ) )   # the next item of a list, row or heading
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|(?i:al|approx|ca|cf|dr|e\.g|eq|fig|i\.e|incl|mr|mrs|ms|prof|st|vs))\.$"
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return `[start, end)` of each sentence, without the white space around it."""
    spans: list[tuple[int, int]] = []
    start = 0
    ends = [match.end() for match in _END.finditer(text)]
    for end in [*ends, len(text)]:
        if end < len(text) and _ABBREVIATION.search(text, max(start, end - 12), end):
            continue
        body = text[start:end]
        if body.strip():
            lead = len(body) - len(body.lstrip())
            spans.append((start + lead, start + len(body.rstrip())))
        start = end
    return spans
