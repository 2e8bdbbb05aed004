from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import structlog

from app.telemetry import configure_logs

Lines = Callable[[], list[str]]


@pytest.fixture
def configure() -> Generator[Callable[..., Lines]]:
    """Configure the log for one test, and put everything back."""
    root = logging.getLogger()
    names = ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio", "alembic", "httpx", "pypdf")
    before = {
        name: (logger.handlers[:], logger.level, logger.propagate)
        for name in ("", *names)
        for logger in [logging.getLogger(name or None)]
    }
    raise_exceptions = logging.raiseExceptions

    def start(
        level: str = "info", log_format: str = "json", stream: io.StringIO | None = None
    ) -> Lines:
        stream = stream or io.StringIO()
        writer = configure_logs(level, log_format, stream)

        def lines() -> list[str]:
            writer.close()
            return stream.getvalue().splitlines()

        return lines

    yield start
    structlog.reset_defaults()
    for name, (handlers, level, propagate) in before.items():
        logger = logging.getLogger(name) if name else root
        logger.handlers[:] = handlers
        logger.level, logger.propagate = level, propagate
    logging.raiseExceptions = raise_exceptions


def only(lines: Lines) -> dict[str, Any]:
    (line,) = lines()
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_an_event_is_one_json_object(configure: Callable[..., Lines]) -> None:
    lines = configure()
    structlog.get_logger("x").info("draining", signal="SIGTERM")

    event = only(lines)
    assert (event["event"], event["level"], event["signal"]) == ("draining", "info", "SIGTERM")
    assert event["timestamp"].endswith("Z")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_text_and_a_pipe_gets_json(configure: Callable[..., Lines]) -> None:
    piped = configure(log_format="auto")
    structlog.get_logger().info("ready")
    assert only(piped)["event"] == "ready"

    shown = configure(log_format="auto", stream=Terminal())
    structlog.get_logger().info("ready")
    (line,) = shown()
    assert line.endswith("info    ready")


def test_text_cannot_forge_a_line(configure: Callable[..., Lines]) -> None:
    lines = configure()
    structlog.get_logger().warning('a\r\n{"event": "forged"}\x1b[2J\u2028', user="\n\nb\ud800")

    event = only(lines)
    assert event["event"].startswith("a\r\n{")
    assert event["user"] == "\n\nb\ud800"


def test_text_cannot_forge_a_readable_line_either(configure: Callable[..., Lines]) -> None:
    lines = configure(log_format="text")
    structlog.get_logger().warning("a\nb\x1b[2J", user="\r\nc")

    (line,) = lines()
    assert line.endswith("a\\x0ab\\x1b[2J user=\\x0d\\x0ac")


def test_secrets_do_not_reach_the_log(configure: Callable[..., Lines]) -> None:
    lines = configure()
    structlog.get_logger().error("connect", url="postgresql://u:secret@db/x", key="psk_secret")

    (line,) = lines()
    assert "secret" not in line


def test_what_libraries_log_looks_the_same(configure: Callable[..., Lines]) -> None:
    lines = configure()
    try:
        int("the prompt")
    except ValueError:
        logging.getLogger("some.library").exception("failed for %s", "psk_abc")

    event = only(lines)
    assert (event["event"], event["logger"]) == ("failed for psk_***", "some.library")
    assert event["exception"][0]["type"] == "ValueError"
    assert "the prompt" not in json.dumps(event)


def test_a_record_that_cannot_be_formatted_breaks_nothing(configure: Callable[..., Lines]) -> None:
    lines = configure()
    logging.getLogger("some.library").warning("%d", "no number")

    assert lines() == []


def test_chatty_libraries_are_heard_from_warning_on(configure: Callable[..., Lines]) -> None:
    lines = configure()
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("uvicorn.error").warning("odd")

    assert only(lines)["event"] == "odd"


def test_the_level_holds(configure: Callable[..., Lines]) -> None:
    lines = configure("warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("some.library").info("quiet")

    assert lines() == []


def test_exceptions_are_readable_in_text(configure: Callable[..., Lines]) -> None:
    lines = configure("debug", "text")
    try:
        Path("/nowhere").read_text()
    except OSError:
        structlog.get_logger().exception("failed")

    heading, cause, *frames = lines()
    assert " error   failed" in heading
    assert "OSError: [Errno 2] No such file" not in heading
    assert cause.strip().startswith("FileNotFoundError: [Errno 2]")
    assert "test_logs.py" in frames[0]
