"""Asking engines and collecting what they say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.engine import ChatMessage, Delta, Engine, Prompt, SamplingParameters

Open = Callable[..., Awaitable[Engine]]
"""Opens a bundle's engine by name."""


def ask(question: str, *passages: str, parameters: SamplingParameters | None = None) -> Prompt:
    """Make a prompt of one user message."""
    return Prompt((ChatMessage("user", question),), passages, parameters or SamplingParameters())


async def collect(engine: Engine, prompt: Prompt) -> list[Delta]:
    """Return all pieces of a completion; only the last one has a finish reason."""
    pieces = [piece async for piece in engine.stream(prompt)]
    assert [bool(piece.finish_reason) for piece in pieces] == [*[False] * (len(pieces) - 1), True]
    return pieces


def text_of(pieces: list[Delta]) -> str:
    """Join the texts of a completion's pieces."""
    return "".join(piece.text for piece in pieces)
