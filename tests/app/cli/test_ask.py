import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from app.cli.server import address
from app.settings import Settings
from tests.app.cli.server import Prepared, serving
from tests.commands import penstock, succeed

ANSWER: dict[str, Any] = {
    "id": "0190-id",
    "model": "answer",
    "model_version": "1",
    "outcome": "completed",
    "completion": "Write a class.",
    "citations": [
        {
            "source": "docs/filters.md",
            "title": "Adding one",
            "sentence": "First write a class.",
            "start": 10,
            "end": 30,
            "answer_start": 16,
            "answer_end": 29,
        }
    ],
    "verdicts": [
        {
            "id": "grounding",
            "stage": "output",
            "action": "flag",
            "mode": "shadow",
            "score": 0.75,
            "label": "un\x1bsure",
        }
    ],
    "timings": {"total": 12.3},
}


def stream(answer: dict[str, Any], *texts: str) -> bytes:
    pieces = [("delta", {"text": text}) for text in texts] + [("done", answer)]
    return "".join(f"event: {n}\ndata: {json.dumps(c)}\n\n" for n, c in pieces).encode()


@pytest.fixture
def server() -> Generator[Prepared]:
    with serving(Prepared(body=stream(ANSWER, "Write ", "a cl\x1bass."))) as prepared:
        yield prepared


def test_the_answer_is_shown_with_source_and_verdicts(server: Prepared) -> None:
    shown = succeed("ask", "How?", "--url", server.url, "--key", "psk_x")

    assert shown.startswith("Write a cl\\x1bass.\n")
    assert "docs/filters.md · Adding one\n  “First write a class.”\n" in shown
    assert "flag    output    grounding         0.75  un\\x1bsure (shadow)\n" in shown
    assert "answer@1 · completed · 12 ms · 0190-id\n" in shown
    assert "\x1b" not in shown
    assert server.asked == [{"prompt": "How?", "stream": True}]


def test_a_blocked_answer_says_so() -> None:
    blocked = ANSWER | {"outcome": "blocked", "completion": "", "citations": []}

    with serving(Prepared(body=stream(blocked))) as prepared:
        shown = succeed("ask", "How?", "--url", prepared.url, "--key", "psk_x")

    assert "Blocked: the filters let nothing through." in shown


def test_json_is_the_whole_answer(server: Prepared) -> None:
    shown = succeed("ask", "How?", "--url", server.url, "--key", "psk_x", "--json")

    assert json.loads(shown) == ANSWER


def test_the_first_key_is_found(server: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("var").mkdir()
    Path("var/first-key").write_text("psk_first\n")
    monkeypatch.setenv("PENSTOCK_URL", server.url)

    succeed("ask", "How?")
    monkeypatch.setenv("PENSTOCK_KEY", "psk_other")
    succeed("ask", "How?")

    assert server.keys == ["Bearer psk_first", "Bearer psk_other"]


def test_a_first_key_that_was_revoked_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("var").mkdir()
    Path("var/first-key").write_text("psk_first\n")
    with serving(Prepared(401, b'{"error": {"message": "No."}}')) as prepared:
        monkeypatch.setenv("PENSTOCK_URL", prepared.url)
        found, given = penstock("ask", "How?"), penstock("ask", "How?", "--key", "psk_other")

    assert found.stderr == (
        "The key in var/first-key is not valid any more; use --key or PENSTOCK_KEY.\n"
    )
    assert given.stderr == "The server answered 401: No.\n"
    assert found.exit_code == given.exit_code == 1


def test_the_question_may_come_from_stdin_and_name_a_model(server: Prepared) -> None:
    result = penstock(
        "ask", "-", "--url", server.url, "--key", "k", "--model", "m@2", input="Long?\n"
    )

    assert result.exit_code == 0
    assert server.asked == [{"prompt": "Long?\n", "stream": True, "model": "m@2"}]


def test_what_is_not_utf_8_is_told(server: Prepared) -> None:
    options = "--url", server.url, "--key", "k"
    piped = penstock("ask", "-", *options, input=b"caf\xe9")
    given = penstock("ask", os.fsdecode(b"caf\xe9"), *options)

    for result in (piped, given):
        assert (result.exit_code, result.stderr) == (1, "The question is not written in UTF-8.\n")
    assert server.asked == []


def test_a_missing_key_is_told() -> None:
    result = penstock("ask", "How?")

    assert result.exit_code == 1
    assert "There is no key in var/first-key." in result.stderr


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104
        ("::", "http://[::1]:8000"),
        ("fd00::1", "http://[fd00::1]:8000"),
        ("example.org", "http://example.org:8000"),
    ],
)
def test_the_server_of_the_settings_is_asked(host: str, url: str) -> None:
    assert address(Settings(host=host)) == url
