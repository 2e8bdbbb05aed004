"""Long lists of the keyword filter: how long they load, and how fast texts are searched."""

from __future__ import annotations

import gc
import random
import re
import time
from collections.abc import Callable, Iterator

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from filters._text.edges import NO_EDGES
from filters.keyword.wordlist import WordList
from scripts.benchmarks.memory import rss_mb
from scripts.benchmarks.rules import english

PIECE = 16_384
"""Characters of a text; what they are and where they are cut does not change the rate."""

PIECES = 40
ROUNDS = 5
PHRASES = {"words": 0.0, "40 % phrases": 0.4}
_OTHER = re.compile("[^a-z ,.]+")


class Searched(BaseModel):
    """What one list took, in processor time; the rates are of the best of some rounds."""

    list: str
    load_s: float
    rss_mb: float
    normalised_mb_s: float
    """English in small letters, with nothing but spaces, commas and full stops between words."""
    written_mb_s: float
    """English as it is written about programs: with code, numbers, brackets and quotes."""
    worst: str
    """The slowest of the texts that nearly match everywhere."""
    worst_ms: float
    """What 16 KiB of it take."""


def measure(words: int) -> list[Searched]:
    """Load lists of that many entries, and search texts with each."""
    written = english()
    normalised = " ".join(_OTHER.sub(" ", written.lower()).split())
    found = {word for word in re.findall(r"[a-z]+", normalised) if len(word) > 2}
    vocabulary = sorted(found)
    return [
        _measure(name, _absent(_entries(vocabulary, words, share), normalised), normalised, written)
        for name, share in PHRASES.items()
    ]


def show(searched: list[Searched]) -> None:
    """Print a table."""
    table = Table(
        "list", "load s", "RSS MB", "normalised MB/s", "as written MB/s", "16 KiB at worst"
    )
    for one in searched:
        figures = f"{one.load_s:.2f}", f"{one.rss_mb:.0f}"
        rates = f"{one.normalised_mb_s:.0f}", f"{one.written_mb_s:.0f}"
        table.add_row(one.list, *figures, *rates, f"{one.worst_ms:.1f} ms: {one.worst}")
    Console().print(table)


def _entries(vocabulary: list[str], count: int, phrases: float) -> list[str]:
    """Return words that begin like those of the texts, and phrases of two or three of those."""
    draw = random.Random(1)  # noqa: S311  words, no secrets
    made: dict[str, None] = {}
    while len(made) < count:
        is_phrase = draw.random() < phrases
        some = draw.choices(vocabulary, k=draw.choice((2, 2, 3)) if is_phrase else 2)
        made[(" " if is_phrase else "").join(some)] = None
    return list(made)


def _absent(entries: list[str], text: str) -> list[str]:
    """Return the entries without those that stand in a text: what is listed is rare."""
    standing = {text[start:end] for start, end in WordList(entries).find(text)}
    return [entry for entry in entries if entry not in standing]


def _measure(name: str, entries: list[str], normalised: str, written: str) -> Searched:
    gc.collect()
    before, started = rss_mb(), time.process_time()
    words = WordList(entries)
    load_s = time.process_time() - started
    grown_mb = rss_mb() - before
    near = {kind: _seconds(words, [text]) for kind, text in _near_matches(entries)}
    worst = max(near, key=lambda kind: near[kind])
    return Searched(
        list=name,
        load_s=load_s,
        rss_mb=grown_mb,
        normalised_mb_s=_rate(words, normalised),
        written_mb_s=_rate(words, written),
        worst=worst,
        worst_ms=near[worst] * 1e3,
    )


def _near_matches(entries: list[str]) -> Iterator[tuple[str, str]]:
    draw = random.Random(2)  # noqa: S311  texts, no secrets
    digits = str.maketrans("aeios", "43105")
    ways: dict[str, Callable[[str], str]] = {
        "all but the last letter": lambda entry: entry[:-1] + " ",
        "within longer words": lambda entry: f"x{entry}x ",
        "without a space between": lambda entry: entry,
        "first words": lambda entry: f"{entry.split()[0]} {entry.split()[0]} ",
        "in disguise, but for the last letter": lambda entry: entry.translate(digits)[:-1] + " ",
        "in disguise": lambda entry: entry.translate(digits) + " ",
        "stretched": lambda entry: re.sub("([aeiou])", r"\1\1\1", entry)[:-1] + " ",
        "letters apart": lambda entry: " ".join(entry[:-1].replace(" ", "")) + " .. ",
        "blotted out": lambda entry: f"{entry[:2]}**{entry[-2:]} ",
        "listed": lambda entry: f"{entry} ",
    }
    for kind, write in ways.items():
        yield kind, "".join(map(write, draw.choices(entries, k=4_000)))[:PIECE]


def _rate(words: WordList, text: str) -> float:
    pieces = [text[at : at + PIECE] for at in range(0, len(text) - PIECE, PIECE)][:PIECES]
    return len(pieces) * PIECE / _seconds(words, pieces) / 1e6


def _seconds(words: WordList, texts: list[str]) -> float:
    took = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for text in texts:
            for _span in words.find(text, NO_EDGES):
                pass
        took.append(time.process_time() - started)
    return min(took)
