"""Addresses as they stand in documentation, and addresses that deceive."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from app.evaluation.labelled import Labelled
from scripts.labelled.installed import descriptions

_ADDRESS = re.compile(r"https?://\S+|www\.\S+")
_HOST = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,6})/")
_TWINS = str.maketrans("aeopcxyi", "аеорсхуі")  # noqa: RUF001 (Cyrillic letters on purpose)
SENTENCES = ("Please sign in at {} today.", "{}", "See {} for more.", "The invoice is under {}.")


def rows(most: int) -> Iterator[Labelled]:
    """Yield lines of installed packages' descriptions that hold addresses, then deceiving ones."""
    draw = random.Random(7)  # noqa: S311 (texts for a measurement)
    lines = _lines()
    hosts = sorted({found[1] for line in lines for found in [_HOST.search(line)] if found})
    for text in draw.sample(lines, min(8 * most, len(lines))):
        yield Labelled(text=text, bad=False, group="documentation")
    for kind, make in TRICKS.items():
        for _ in range(most):
            yield Labelled(
                text=draw.choice(SENTENCES).format(make(hosts, draw)), bad=True, group=kind
            )


def _lines() -> list[str]:
    lines = {line.strip() for text in descriptions() for line in text.splitlines()}
    return sorted(line for line in lines if _ADDRESS.search(line) and len(line) < 400)


def _other(hosts: Sequence[str], draw: random.Random) -> str:
    return f"{draw.choice(['login', 'account', 'secure'])}.{draw.choice(['example', 'test'])}-{draw.randint(1, 99)}.net"


def _mixed(hosts: Sequence[str], draw: random.Random) -> str:
    host = draw.choice([one for one in hosts if set(one.partition(".")[0]) & set("aeopcxyi")])
    at = draw.choice([at for at, char in enumerate(host.partition(".")[0]) if char in "aeopcxyi"])
    return f"https://{host[:at]}{host[at].translate(_TWINS)}{host[at + 1 :]}/login"


def _puny(hosts: Sequence[str], draw: random.Random) -> str:
    host = _mixed(hosts, draw).split("/")[2]
    labels = (
        one if one.isascii() else "xn--" + one.encode("punycode").decode()
        for one in host.split(".")
    )
    return f"https://{'.'.join(labels)}/login"


TRICKS: Mapping[str, Callable[[Sequence[str], random.Random], str]] = {
    "another script's letter": _mixed,
    "the same in punycode": _puny,
    "name before an @": lambda hosts, draw: (
        f"https://{draw.choice(hosts)}@{_other(hosts, draw)}/pay"
    ),
    "other words in Markdown": lambda hosts, draw: (
        f"[{draw.choice(hosts)}](https://{_other(hosts, draw)}/x)"
    ),
    "other words in HTML": lambda hosts, draw: (
        f'<a href="https://{_other(hosts, draw)}/">https://{draw.choice(hosts)}/</a>'
    ),
    "number for a name": lambda _, draw: (
        f"http://{draw.randint(11, 99)}.{draw.randint(0, 255)}.{draw.randint(0, 255)}.7/login"
    ),
    "one number for a name": lambda _, draw: f"http://{draw.randint(2**24 * 11, 2**24 * 99)}/login",
    "percent signs": lambda hosts, draw: (
        "https://" + "".join(f"%{ord(char):02x}" for char in _other(hosts, draw)) + "/"
    ),
    "code": lambda _, draw: draw.choice(
        ["javascript:alert(1)", "data:text/html;base64,PHNjcmlwdD4="]
    ),
}
