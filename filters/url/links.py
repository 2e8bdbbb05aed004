"""Find URLs, bare hosts, and links whose words name another host than they lead to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from filters.url.domains import FILES, MEMBERS, OWNERS
from filters.url.endings import TOP_LEVEL
from filters.url.hosts import Host, is_related, read_host

LONGEST = 2_048
"""Characters of a URL; what follows them is not read."""

_LABEL = "[^\\W_](?:[\\w\u00ad\u200b-\u200d\u2060\ufeff-]{0,62}+)"
_DOT = "[.\u3002\uff0e\uff61]"
_TAIL = "(?:[^\\s<>\"'`\\\\^{}|\u3001\u3002\uff0c\u300d\u300f\uff09\u3011\u201d\u2019]|\u3002(?=[0-9a-z]))"

_DATA = r"data(?!:(?:image/(?!svg)|audio/|video/|font/))(?=:[\w/+.;=-]{0,100},)"
"""What is written out in place of an address, but for pictures and sounds, which run nothing."""

_URL = re.compile(
    rf"""
      (?<![\w+.-])(?:
        (?P<scheme>[a-z][a-z0-9+.-]{{1,30}}+) :[\\/]{{2}}[\\/]*+ {_TAIL}{{1,{LONGEST}}}+
      | (?P<special>https?|wss?|ftp) :[\\/]?(?![\\/]){_TAIL}{{1,{LONGEST}}}+
      | (?P<inline>javascript|vbscript|livescript|{_DATA}) :{_TAIL}{{1,{LONGEST}}}+
      | (?P<mail>mailto) :[^\s<>"'()@]{{1,64}}@(?P<at>[\w.-]{{1,253}}+)
      )
    | (?:(?<![\w@.\\/+-])|(?<=//)|(?<=\A/)) (?P<bare>{_LABEL}(?:{_DOT}{_LABEL}){{1,20}}+) (?![\w@-])
      (?P<more>(?: :\d{{2,5}})?+ (?:[/?\#]{_TAIL}{{0,{LONGEST}}}+)?+)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NETWORK = re.compile(r"/\d{1,3}[.,;:!?)\]]*")
"""Behind an address, how many of its bits name a network: `10.0.0.0/8`."""

_CHUNK = re.compile("(?<!\\S)[^\\s.:/\u3002\uff0e\uff61]*+[.:/\u3002\uff0e\uff61]\\S++")
"""What may hold an address: no white space, but a dot or a colon that goes on."""

_ELLIPSES = ".\u2026"
"""Stand where a name is left out: `http://…/path`."""

_NEED_A_HOST = frozenset({"http", "https", "ws", "wss", "ftp"})
"""Of these a URL without anything behind it is a way of speaking; `javascript://` may run on."""

_AUTHORITY = re.compile(r"[a-z0-9+.-]*:[\\/]*(?P<authority>[^\\/?#]*)", re.IGNORECASE)

_LINK = re.compile(
    r"""
      \[(?P<words>[^\[\]\n]{1,500}+)\]\(\s{0,3}<?(?P<target>[^\s<>]{1,2048}+)
    | <a\s[^<>]{0,200}?href\s{0,3}=\s{0,3}["']?(?P<href>[^\s<>"']{1,2048}+)[^<>]{0,500}+>
      (?P<shown>[^<]{1,500}+)</a
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A URL or a bare host, and where it stands."""

    start: int
    end: int
    scheme: str
    """In small letters; empty for a bare host."""
    host: Host | None
    has_credentials: bool = False


def urls(text: str, is_listed: Callable[[Host], bool]) -> Iterator[Found]:
    """Yield the URLs of a text; bare hosts where their ending is known or they are listed."""
    for match in _matches(text):
        if match["bare"]:
            found = _bare(match, is_listed)
        elif match["inline"]:
            found = Found(*_place(match), match["inline"].lower(), None)
        elif match["mail"]:
            found = Found(*_place(match), "mailto", read_host(match["at"]))
        else:
            found = _with_host(match)
        if found:
            yield found


def _matches(text: str) -> Iterator[re.Match[str]]:
    for chunk in _CHUNK.finditer(text):
        yield from _URL.finditer(text, *chunk.span())


def mismatches(text: str) -> Iterator[Found]:
    """Yield links whose words are the address of one host, while they lead to another."""
    for match in _LINK.finditer(text):
        words, target = match["words"] or match["shown"], match["target"] or match["href"]
        shown = next((found.host for found in urls(words, _nothing)), None)
        led_to = next((found.host for found in urls(target, _anything)), None)
        if shown and led_to and not is_related(shown, led_to):
            start = match.start("target" if match["target"] else "href")
            yield Found(start, start + len(_without_marks(target)), "", led_to)


def _nothing(host: Host) -> bool:
    return False


def _anything(host: Host) -> bool:
    return True


def _with_host(match: re.Match[str]) -> Found | None:
    start, end = _place(match)
    authority = _AUTHORITY.match(match[0][: end - start])
    if authority is None:
        return None
    user, _, host = authority["authority"].rpartition("@")
    name, bracket, _ = host.partition("]" if host.startswith("[") else ":")
    host = f"{name}]" if bracket == "]" else name
    scheme = (match["scheme"] or match["special"]).lower()
    if scheme in _NEED_A_HOST and authority.span("authority") == (end - start, end - start):
        return None
    is_host = bool(host.strip(_ELLIPSES))
    return Found(start, end, scheme, read_host(host) if is_host else None, bool(user))


def _bare(match: re.Match[str], is_listed: Callable[[Host], bool]) -> Found | None:
    host = read_host(match["bare"])
    ending = host.name.rpartition(".")[2]
    if host.is_address and _NETWORK.fullmatch(match["more"]) and not is_listed(host):
        return None
    written = re.split(_DOT, match["bare"])[-1]
    is_certain = match["more"].startswith(("/", ":")) or host.name.startswith("www.")
    is_host = ending in TOP_LEVEL if is_certain else _looks_like_host(match, ending, written)
    if not (is_host or (host.is_address and is_certain) or is_listed(host)):
        return None
    return Found(*_place(match), "", host)


def _looks_like_host(match: re.Match[str], ending: str, written: str) -> bool:
    """Whether it is neither a file, nor part of a program, nor a full stop without a space."""
    if ending not in TOP_LEVEL or ending in FILES or ending in MEMBERS:
        return False
    if match["bare"].partition(".")[0] in OWNERS:
        return False
    if written[:1].isupper() and not written.isupper():
        return False
    return match.string[match.end() : match.end() + 1] not in ("(", "[", "=")


def _place(match: re.Match[str]) -> tuple[int, int]:
    """Return where a URL stands, without the punctuation of the sentence around it."""
    return match.start(), match.start() + len(_without_marks(match[0]))


def _without_marks(url: str) -> str:
    while url and (url[-1] in ".,;:!?*_\u2026" or (url[-1] in ")]" and _is_unopened(url))):
        url = url[:-1]
    return url


def _is_unopened(url: str) -> bool:
    opening = {")": "(", "]": "["}[url[-1]]
    return url.count(url[-1]) > url.count(opening)
