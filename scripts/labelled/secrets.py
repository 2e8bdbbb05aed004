"""Secrets made by the forms that their issuers publish, and what only looks like them."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from app.evaluation.labelled import Labelled
from scripts.labelled.harmless import SENTENCES, digits, hard, letters
from scripts.labelled.installed import harmless

LETTERS = string.ascii_letters + string.digits


def rows(most: int) -> Iterator[Labelled]:
    """Yield texts with a secret, hard ones without, code and prose."""
    draw = random.Random(7)  # noqa: S311 (texts for a measurement)
    for kind, make in SECRETS.items():
        for _ in range(most):
            text = draw.choice(SENTENCES).format(make(draw))
            yield Labelled(text=text, bad=True, group=kind)
    for kind, text in chain(hard(most, draw), harmless(most, draw)):
        yield Labelled(text=text, bad=False, group=kind)


def _jwt(draw: random.Random) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": digits(draw, 10), "iat": 1_700_000_000})
    coded = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts
    ]
    signature = base64.urlsafe_b64encode(draw.randbytes(32)).decode().rstrip("=")
    return ".".join([*coded, signature])


def _private_key(draw: random.Random) -> str:
    body = base64.b64encode(draw.randbytes(300)).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    kind = draw.choice(["", "RSA ", "EC ", "OPENSSH "])
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


def _password(draw: random.Random) -> str:
    word = letters(draw, LETTERS + "!#%&*+-", draw.randint(12, 20))
    return draw.choice(["password: {}", "DB_PASSWORD={}", 'pwd = "{}"', "PASSWD={}"]).format(word)


def _named_key(draw: random.Random) -> str:
    word = letters(draw, LETTERS, draw.randint(24, 48))
    return draw.choice(["api_key = '{}'", "SERVICE_TOKEN={}", "client_secret: {}"]).format(word)


def _address(draw: random.Random) -> str:
    scheme = draw.choice(["postgres", "mysql", "mongodb+srv", "redis", "amqp", "https"])
    return f"{scheme}://app:{letters(draw, LETTERS, 16)}@db.internal:5432/main"


SECRETS: Mapping[str, Callable[[random.Random], str]] = {
    "aws": lambda draw: "AKIA" + letters(draw, string.ascii_uppercase + "234567", 16),
    "google": lambda draw: "AIza" + letters(draw, LETTERS + "-_", 35),
    "github": lambda draw: "ghp_" + letters(draw, LETTERS, 36),
    "gitlab": lambda draw: "glpat-" + letters(draw, LETTERS + "-_", 20),
    "slack": lambda draw: (
        f"xoxb-{digits(draw, 12)}-{digits(draw, 13)}-{letters(draw, LETTERS, 24)}"
    ),
    "stripe": lambda draw: "sk_live_" + letters(draw, LETTERS, 24),
    "openai": lambda draw: "sk-proj-" + letters(draw, LETTERS + "-_", 48),
    "huggingface": lambda draw: "hf_" + letters(draw, string.ascii_letters, 34),
    "npm": lambda draw: "npm_" + letters(draw, LETTERS, 36),
    "jwt": _jwt,
    "private key": _private_key,
    "password": _password,
    "named key": _named_key,
    "address with a password": _address,
}
