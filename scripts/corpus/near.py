"""Near duplicates: rows that say almost the same in almost the same words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

from datasketch import MinHash, MinHashLSH

from scripts.corpus.row import Row, plain

BANDS, ROWS = 6, 10
"""Two rows are near if a band of their signatures is equal: half of the pairs are found whose
shingles are equal to 0.82, nearly all above 0.9."""
PERMUTATIONS = BANDS * ROWS
SHINGLE = 3
SEED = 1


class NearIndex:
    """Remembers rows and tells whether a new one is almost one of them."""

    def __init__(self) -> None:
        self._lsh = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS))
        self._count = 0

    def add(self, signature: MinHash) -> None:
        """Remember a row."""
        self._lsh.insert(str(self._count), signature)
        self._count += 1

    def knows(self, signature: MinHash) -> bool:
        """Whether a remembered row is near."""
        return bool(self._lsh.query(signature))


def index_of(rows: Iterable[Row]) -> NearIndex:
    """Return an index that knows all the rows."""
    index = NearIndex()
    for signature in signatures(list(rows)):
        index.add(signature)
    return index


def signatures(rows: Sequence[Row]) -> Iterator[MinHash]:
    """Yield each row's signature; the share of equal places is the share of common shingles."""
    shingled = [_shingles(row) for row in rows]
    yield from MinHash.generator(shingled, num_perm=PERMUTATIONS, seed=SEED)


def _shingles(row: Row) -> list[bytes]:
    """Cut what is asked or claimed into word triples; its passage, as one word, weighs as much.

    Claims about one passage share nearly all their text and are no duplicates, and neither is
    one question about two passages.
    """
    if row.pair is None:
        return _triples(row.text)
    said, passage = (row.pair, row.text) if row.labels else (row.text, row.pair)
    triples = _triples(said)
    whole = hashlib.sha256(plain(passage).encode()).hexdigest()
    return [*triples, *(f"{whole}{at}".encode() for at in range(len(triples)))]


def _triples(text: str) -> list[bytes]:
    # Numbers weigh more: with another number it is another statement.
    words = re.sub(r"(\d+)", r" \1 \1 \1 ", plain(text)).split()
    last = max(1, len(words) - SHINGLE + 1)
    return [" ".join(words[at : at + SHINGLE]).encode() for at in range(last)]
