"""Logging: one JSON object (or one readable line) an event, the same for every library."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from app.telemetry.redaction import ExceptionFrames, escape_controls, mask_secrets
from app.telemetry.writer import LineWriter

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
# Libraries that say at `info` what the service says itself.
_QUIET = ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio", "alembic", "httpx", "pypdf")


def configure_logs(
    level: str, log_format: str, stream: TextIO | None = None, *, with_messages: bool = False
) -> LineWriter:
    """Send the log of the whole process to `stream`, by default standard error.

    Args:
        level: `debug`, `info`, `warning` or `error`; at `debug` exceptions keep their messages,
            which may quote request text.
        log_format: `json`, `text`, or `auto`: text if `stream` is a terminal.
        stream: where the lines go.
        with_messages: let exceptions keep their messages at every level.
    """
    stream = stream or sys.stderr
    if log_format == "auto":
        log_format = "text" if stream.isatty() else "json"
    writer = LineWriter(stream)
    steps = _steps(log_format, with_messages=with_messages or level == "debug")
    structlog.configure(
        processors=steps,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_: _LineLogger(writer),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_LibraryLog(steps, writer)]
    root.setLevel(_LEVELS[level])
    for name in _QUIET:
        library = logging.getLogger(name)
        library.handlers[:] = []
        library.propagate = True
        library.setLevel(max(_LEVELS[level], logging.WARNING))
    logging.raiseExceptions = False
    return writer


def _steps(log_format: str, *, with_messages: bool) -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        ExceptionFrames(with_messages=with_messages),
        _as_json if log_format == "json" else _as_text,
    ]


def _as_json(logger: Any, method: str, event: EventDict) -> str:
    # Control characters and everything outside ASCII are escaped by JSON itself.
    return mask_secrets(json.dumps(event, default=str, ensure_ascii=True))


def _as_text(logger: Any, method: str, event: EventDict) -> str:
    time, level, name = (event.pop(key, "") for key in ("timestamp", "level", "event"))
    causes = event.pop("exception", [])
    pairs = " ".join(f"{key}={escape_controls(str(value))}" for key, value in event.items())
    line = f"{time} {level:<7} {escape_controls(str(name))} {pairs}".rstrip()
    for cause in causes:
        heading = f"{cause['type']}: {cause.get('message', '')}".rstrip(": ")
        line += f"\n    {escape_controls(heading)}"
        line += "".join(f"\n        {escape_controls(frame)}" for frame in cause["frames"])
    return mask_secrets(line)


class _LineLogger:
    """The end of structlog's chain: takes the finished line."""

    def __init__(self, writer: LineWriter) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = writer.write
        self.exception = self.msg = writer.write


class _LibraryLog(logging.Handler):
    """Takes what libraries log through `logging` the same way."""

    def __init__(self, steps: list[Processor], writer: LineWriter) -> None:
        super().__init__()
        self._steps: list[Callable[..., Any]] = list(steps)
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Format one record and hand it over; a record that cannot be formatted is dropped."""
        try:
            event: MutableMapping[str, Any] = {"event": record.getMessage(), "logger": record.name}
            event["exc_info"] = record.exc_info
            line: Any = event
            for step in self._steps:
                line = step(None, record.levelname.lower(), line)
            self._writer.write(line)
        except Exception:  # noqa: BLE001  logging must never break what is being logged
            self._writer.num_dropped += 1
