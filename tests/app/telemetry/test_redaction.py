from __future__ import annotations

import pytest

from app.errors import Unavailable
from app.telemetry.redaction import ExceptionFrames, escape_controls, mask_secrets


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("key psk_Ab3-x_9 used", "key psk_*** used"),
        ("postgresql://me:pa$$w0rd@db:5432/x", "postgresql://***@db:5432/x"),
        ("postgresql://me@db/x failed", "postgresql://***@db/x failed"),
        ("https://example.org/a@b", "https://example.org/a@b"),
        ("nothing here", "nothing here"),
    ],
)
def test_secrets_are_masked(line: str, masked: str) -> None:
    assert mask_secrets(line) == masked


def test_characters_that_steer_a_terminal_are_written_out() -> None:
    text = "a\r\nFAKE\x1b[31m\x00\u202e\u2028\ud800é😀"

    assert escape_controls(text) == "a\\x0d\\x0aFAKE\\x1b[31m\\x00\\u202e\\u2028\\ud800é😀"


def describe(error: Exception, *, with_messages: bool = False) -> list[dict[str, object]]:
    def fail() -> None:
        raise error

    def wrap() -> None:
        try:
            fail()
        except Exception as caught:
            raise RuntimeError("while telling the prompt") from caught

    with pytest.raises(RuntimeError) as raised:
        wrap()
    frames = ExceptionFrames(with_messages=with_messages)
    event = frames(None, "error", {"exc_info": raised.value})
    assert "exc_info" not in event
    described: list[dict[str, object]] = event["exception"]
    return described


def test_an_exception_may_quote_the_prompt_so_its_message_is_left_out() -> None:
    outer, inner = describe(ValueError("the prompt itself"))

    assert (outer["type"], inner["type"]) == ("RuntimeError", "ValueError")
    assert "message" not in {**outer, **inner}
    assert "test_redaction.py" in str(inner["frames"])


def test_messages_of_our_own_errors_stay() -> None:
    _, inner = describe(Unavailable("The database is down."))

    assert inner["message"] == "The database is down."


def test_messages_can_be_switched_on() -> None:
    outer, inner = describe(ValueError("detail"), with_messages=True)

    assert (outer["message"], inner["message"]) == ("while telling the prompt", "detail")


def test_the_current_exception_is_found() -> None:
    try:
        int("x")
    except ValueError:
        event = ExceptionFrames(with_messages=False)(None, "error", {"exc_info": True})

    assert event["exception"][0]["type"] == "ValueError"


def test_a_group_shows_what_is_in_it() -> None:
    group = ExceptionGroup("several", [ValueError("a"), OSError("b")])
    event = ExceptionFrames(with_messages=False)(None, "error", {"exc_info": group})

    assert [cause["type"] for cause in event["exception"]] == [
        "ExceptionGroup",
        "ValueError",
        "OSError",
    ]


def test_an_event_without_exception_stays_as_it_is() -> None:
    assert ExceptionFrames(with_messages=False)(None, "info", {"event": "x"}) == {"event": "x"}
