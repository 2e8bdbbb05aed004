"""What is left of a secret that is longer than two windows share, and began in the one before.

Only that one could see what it is. Its rest is known by its looks: the letters of a token, or the lines
of a key in whatever quotes, indents and escapes they stand. Pictures have longer lines, or none.
"""

from __future__ import annotations

import re

from filters.secrets.rules import entropy

_TOKEN = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_TOKEN_ENTROPY = 5.0
"""More than words without spaces have, and less than random base64."""

_KEY = re.compile(
    r"""
    [a-z0-9+/]{0,70}                                         # the rest of a line
    (?: (?:\\[nrt]|[\s"'`>|+,;*\#.\\]){1,40}
        (?:[a-z0-9+/]{70}|[a-z0-9+/]{64}) (?![a-z0-9+/]) ){4,}   # OpenSSH writes 70, all others 64
    (?: (?:\\[nrt]|[\s"'`>|+,;*\#.\\]){1,40} [a-z0-9+/]{1,70} ={0,2} )?
    (?: (?:\\[nrt]|[\s"'`>|+,;*\#.\\=a-z0-9/]){0,40} -----END\ (?P<of>[A-Z\ ]{1,40})----- )?
    """,
    re.VERBOSE | re.IGNORECASE,
)


def rest_of_secret(text: str, seen: int) -> int:
    """Return where the secret ends whose middle this text begins with; 0 if there is none.

    Args:
        text: a window that is not the first one.
        seen: how much of it the window before has seen as well.
    """
    token, key = _TOKEN.match(text), _KEY.match(text)
    if token and token.end() > seen and entropy(token[0]) >= _TOKEN_ENTROPY:
        return token.end()
    if key and key.end() > seen and "PRIVATE KEY" in (key["of"] or "PRIVATE KEY"):
        return key.end()
    return 0
