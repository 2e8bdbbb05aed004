"""What nobody takes is kept as a file, for a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.recorder import dead_letters
from app.recorder.dead_letters import DeadLetters


def test_keeps_the_bytes_as_they_were(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path)

    letters.add(b"\0\xff\n")
    letters.add(b"second")

    kept = sorted(tmp_path.iterdir())
    assert [path.read_bytes() for path in kept] == [b"\0\xff\n", b"second"]
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600, 0o600]
    assert len(letters) == 2


def test_there_is_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "MAX_LETTERS", 1)
    letters = DeadLetters(tmp_path)
    letters.add(b"first")

    with pytest.raises(OSError, match="too many"):
        letters.add(b"second")
