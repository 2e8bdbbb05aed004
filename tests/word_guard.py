"""A child of the benchmark of guards: it stops texts with a word, or fails where it is told to."""

from __future__ import annotations

from typing import Any

from scripts.benchmarks.peers.guard_child import in_pieces, serve


class WordGuard:
    """Reads whole texts once, and streams once a piece."""

    cases = ("rules", "stream")

    def __init__(self, rules: dict[str, Any]) -> None:
        self._word = rules["words"][0]
        if self._word == "missing":
            raise ModuleNotFoundError(name="some_guard")

    async def judge(self, case: str, text: str) -> bool:
        """See Guard."""
        return self._word not in text

    async def scanned(self, case: str, text: str) -> int:
        """See Guard."""
        pieces = [piece async for piece in in_pieces(text, 4)]
        return len(text) * (len(pieces) if case == "stream" else 1)


if __name__ == "__main__":
    serve(WordGuard)
