"""Harmless strings that look like secrets or personal data, in sentences and lines as they occur."""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Callable, Iterator, Mapping

SENTENCES = (
    "Could you look at {} for me?",
    "As I said on the phone, it is {}, and nothing else.",
    "We noted {} in the minutes of the meeting.",
    "- see also: {}",
    "Please compare {} with what you have.",
    '{{"value": "{}", "count": 3}}',
)
"""Around a piece of text; what stands in them is not looked for."""


def hard(most: int, draw: random.Random) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) pairs, `most` of each kind."""
    for kind, make in MAKERS.items():
        for _ in range(most):
            yield kind, draw.choice(SENTENCES).format(make(draw))


def digits(draw: random.Random, count: int) -> str:
    """Return so many digits, the first of which is not 0."""
    return str(draw.randint(10 ** (count - 1), 10**count - 1))


def letters(draw: random.Random, alphabet: str, count: int) -> str:
    """Return so many characters of an alphabet."""
    return "".join(draw.choices(alphabet, k=count))


def _git_hash(draw: random.Random) -> str:
    return f"commit {draw.randbytes(20).hex()}"


def _short_hash(draw: random.Random) -> str:
    return f"{draw.randbytes(4).hex()[:7]}..{draw.randbytes(4).hex()[:7]}"


def _digest(draw: random.Random) -> str:
    return f"sha256:{draw.randbytes(32).hex()}"


def _integrity(draw: random.Random) -> str:
    return "integrity sha512-" + base64.b64encode(draw.randbytes(64)).decode()


def _uuid(draw: random.Random) -> str:
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))


def _order(draw: random.Random) -> str:
    return draw.choice(["order {}", "ticket #{}", "invoice no. {}", "tracking number {}"]).format(
        digits(draw, draw.choice([7, 8, 9, 10, 12, 13]))
    )


def _isbn(draw: random.Random) -> str:
    body = "978" + digits(draw, 9)
    check = -sum(int(one) * (1, 3)[at % 2] for at, one in enumerate(body)) % 10
    return f"ISBN {body[:3]}-{body[3]}-{body[4:8]}-{body[8:]}-{check}"


def _version(draw: random.Random) -> str:
    return f"version {draw.randint(0, 120)}.{draw.randint(0, 40)}.{draw.randint(0, 9999)}.{draw.randint(0, 99)}"


def _timestamp(draw: random.Random) -> str:
    second = draw.randint(1_500_000_000, 1_799_999_999)
    return draw.choice(
        [f"at {second}", f"ts={second}{digits(draw, 3)}", "2024-03-17T09:41:07.123Z"]
    )


def _date(draw: random.Random) -> str:
    year, month, day = draw.randint(1950, 2026), draw.randint(1, 12), draw.randint(1, 28)
    return draw.choice(
        [f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}", f"{month}/{day}/{year}"]
    )


def _price(draw: random.Random) -> str:
    amount = draw.randint(1_000, 99_999_999)
    return draw.choice(
        [f"$ {amount:,}.{draw.randint(10, 99)}", f"EUR {amount}.00", f"{amount:,} yen"]
    )


def _table(draw: random.Random) -> str:
    return " ".join(digits(draw, draw.choice([2, 3, 4])) for _ in range(8))


def _private_ip(draw: random.Random) -> str:
    return (
        f"{draw.choice(['10.0', '192.168', '127.0'])}.{draw.randint(0, 255)}.{draw.randint(0, 255)}"
    )


def _place(draw: random.Random) -> str:
    return f"{draw.uniform(-89, 89):.6f}, {draw.uniform(-179, 179):.6f}"


def _placeholder(draw: random.Random) -> str:
    return draw.choice(
        [
            "api_key = os.environ['SERVICE_API_KEY']",
            "password: <your-password>",
            "token = ${{ secrets.DEPLOY_TOKEN }}",
            "API_KEY=your-api-key-here",
            "password = getpass.getpass()",
            "secret: !Ref DatabaseSecret",
            "the password must have at least 12 characters",
            "Authorization: Bearer $TOKEN",
            "postgres://USER:PASSWORD@localhost/db",
            "passwort: ********",
        ]
    )


MAKERS: Mapping[str, Callable[[random.Random], str]] = {
    "git hash": _git_hash,
    "short hash": _short_hash,
    "digest": _digest,
    "integrity": _integrity,
    "uuid": _uuid,
    "order number": _order,
    "isbn": _isbn,
    "version": _version,
    "timestamp": _timestamp,
    "date": _date,
    "price": _price,
    "table": _table,
    "private ip": _private_ip,
    "coordinates": _place,
    "placeholder": _placeholder,
}
