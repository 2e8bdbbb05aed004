"""Text that no checkpoint was exported with: what variants are compared and measured on."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from scripts.corpus import docstrings

WINDOW = 256
"""Tokens that are read in one go."""
MOST_OTHERS = 32


class NoText(Exception):
    """There is less text than one window needs."""


@dataclass(frozen=True, slots=True)
class HeldText:
    """Windows of tokens, all of one length."""

    name: str
    sha256: str
    windows: tuple[tuple[int, ...], ...]
    others: tuple[tuple[int, ...], ...]
    """Windows of the same text from between them, for what must be measured before."""

    @property
    def num_tokens(self) -> int:
        """All tokens together."""
        return sum(map(len, self.windows))


def held_text(tokenizer: Tokenizer, tokens: int, file: Path | None = None) -> HeldText:
    """Return windows of about so many tokens together, spread over a text.

    Args:
        tokenizer: of the checkpoint; what it puts before a text begins each window.
        tokens: how many to take.
        file: UTF-8 text; without one, the docstrings of Python's own library.

    Raises:
        NoText: there is not enough.
    """
    paragraphs = _of_file(file) if file else [text for _, text in docstrings.paragraphs()]
    name = file.name if file else f"docstrings of Python {platform.python_version()}"
    begin = tokenizer.encode("").ids
    wanted = max(1, tokens // WINDOW)
    room = WINDOW - len(begin)
    encoded = tokenizer.encode_batch_fast(
        [f"{text}\n\n" for text in paragraphs], add_special_tokens=False
    )
    stream = [token for one in encoded for token in one.ids]
    starts = range(0, len(stream) - room + 1, max(room, len(stream) // wanted))[:wanted]
    if not starts:
        raise NoText(f"{name} has fewer than {room} tokens")
    between = [start + starts.step // 2 for start in starts[:MOST_OTHERS]]
    windows, others = (
        tuple((*begin, *stream[start : start + room]) for start in places)
        for places in (
            starts,
            [start for start in between if start + room <= len(stream)] or starts,
        )
    )
    return HeldText(name, hashlib.sha256(repr(windows).encode()).hexdigest(), windows, others)


def _of_file(file: Path) -> Sequence[str]:
    return file.read_text(encoding="utf-8").split("\n\n")
