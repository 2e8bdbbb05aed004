"""Where invisible characters belong: in emoji, in flags, and in the scripts that need them."""

from __future__ import annotations

import re

from filters._text.emoji import PICTURES

_SIGNS = (
    PICTURES + "\u00a9\u00ae\u2122\u2139\u2190-\u21ff\u24c2\u25a0-\u25ff\u2934\u2935"
    "\u3030\u303d\u3297\u3299\U0001f100-\U0001f1ff"
)
"""What can be shown as a picture or as a sign."""

_TONES = "\U0001f3fb-\U0001f3ff"

_JOINED = (
    "\u0600-\u07ff\u0840-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1a20-\u1aaf\u1b00-\u1bff"
    "\ua800-\ua8ff\ua980-\uaadf\ufb50-\ufdcf\ufe70-\ufefc\U00011000-\U00011fff"
)
"""Scripts in which a joiner, or its absence, makes another letter: Arabic to the Indic ones."""

_UNSPACED = "\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u2e80-\u9fff"
"""Scripts without spaces, in which a mark says where a line may break."""

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_STYLED = "0\u1000-\u109f\u2190-\u22ff\u2a00-\u2aff\u3000-\u303f\ua840-\ua87f\uff00-\uff60"
"""What has a second form: a zero with a stroke, operators, punctuation."""

_SELECTOR = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_LETTER = r"[^\W\d_]"

_LEGITIMATE = re.compile(
    f"""
      \U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{{3,6}}\U000e007f  # flag of Wales
    | (?<=[{_SIGNS}\ufe0f{_TONES}])\u200d(?=[{_SIGNS}])                 # a family, an astronaut
    | (?<=[{_SIGNS}])[\ufe0e\ufe0f](?![{_SELECTOR}])
    | (?<=[\\#*0-9])\ufe0f(?=\u20e3)                                     # a key
    | (?<=[{_HAN}])[\ufe00-\ufe02\U000e0100-\U000e01ef](?![{_SELECTOR}])
    | (?<=[\u1800-\u18af])[\u180b-\u180f](?![{_SELECTOR}])              # Mongolian
    | (?<=[{_STYLED}])[\ufe00-\ufe02](?![{_SELECTOR}])
    | (?<=[{_JOINED}])[\u200c\u200d](?![\u200b-\u200d\u2060])
    | (?<=[{_UNSPACED}])[\u200b\u2060](?![\u200b-\u200d\u2060])
    | (?<=[\u0590-\u06ff])\u034f(?!\u034f)                              # the order of marks
    | (?<={_LETTER}{_LETTER})\u00ad(?={_LETTER}{_LETTER})               # hyphenation
    """,
    re.VERBOSE,
)

_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"
    "\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


def legitimate(text: str) -> set[int]:
    """Return the places of invisible characters that belong where they are."""
    if text.isascii():
        return set()
    return {place for match in _LEGITIMATE.finditer(text) for place in range(*match.span())}


def reads_right_to_left(text: str) -> bool:
    """Whether some of a text reads from right to left."""
    return _RIGHT_TO_LEFT.search(text) is not None
