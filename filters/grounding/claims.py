"""Which sentences claim something, and what of them is markup."""

from __future__ import annotations

import re

_MARKUP = re.compile(
    r"""
      ^[ \t]*(?:[-*+•>]|\#{1,6}|\d{1,3}[.)])[ \t]+   # bullets, quotes, headings, numbers of a list
    | \[\d{1,3}\]                                    # [1], a citation
    | !?\[([^\[\]\n]{0,200})\]\([^()\n]{0,500}\)     # a link keeps its text
    | [*_`~]{1,3} (?=\S) | (?<=\S) [*_`~]{1,3}       # emphasis and code
    """,
    re.VERBOSE | re.MULTILINE,
)
_OPENER = re.compile(
    r"^(?:sure|of course|certainly|yes|no|well|okay|ok|thanks|great question|good question)\b[,.!: ]*",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"""(?:
      (?:hello|hi|hey|welcome|goodbye|bye|cheers|greetings|good\ (?:morning|evening|day))\b(?:\W+\w+){0,3}
    | (?:thank\ you|thanks|you(?:'re|\ are)\ welcome|my\ pleasure|no\ problem)\b(?:\W+\w+){0,6}
    | (?:i'?m|i\ am|we'?re|we\ are)\ (?:sorry|afraid|happy|glad|here)\b(?:\W+\w+){0,8}
    | i\ hope\ (?:this|that|it)\ helps\b(?:\W+\w+){0,3}
    | (?:please\ )?(?:let\ me\ know|feel\ free)\b(?:\W+\w+){0,12}
    | (?:i|we)\ (?:can'?t|cannot|could\ not|couldn'?t|do\ not|don'?t|did\ not|didn'?t)
      \ (?:know|find|tell|answer|help|say)\b(?:\W+\w+){0,14}
    | (?:source|sources|see|see\ also|reference|references)\s*:.{0,200}
    | (?:here|these|the\ following)\b[^.!?]{0,80}:
    )\W*""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_SMUGGLED = re.compile(r"\b(?:but|however|although|because|since)\b|\d", re.IGNORECASE)
_QUESTION = re.compile(r"[?\uff1f][\"'\u201d\u2019)\]*_ ]*$")


def blank_markup(text: str) -> str:
    """Return the text with spaces where Markdown signs and citations stood; places stay."""
    return _MARKUP.sub(_blank, text)


def is_claim(sentence: str) -> bool:
    """Whether a sentence, freed of markup, says something that can be true or false."""
    body = _OPENER.sub("", " ".join(sentence.split())).strip()
    if not any(map(str.isalnum, body)) or _QUESTION.search(body):
        return False
    return not _COURTESY.fullmatch(body) or _SMUGGLED.search(body) is not None


def _blank(mark: re.Match[str]) -> str:
    if mark[1] is None:
        return " " * len(mark[0])
    before, after = mark.start(1) - mark.start(), mark.end() - mark.end(1)
    return " " * before + mark[1] + " " * after
