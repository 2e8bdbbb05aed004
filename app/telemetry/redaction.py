"""Keep secrets, request text and control characters out of the log."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

from app.errors import PenstockError

MAX_FRAMES = 30

# A key as it is shown once, and the user part of a database URL.
_SECRETS = re.compile(r"\bpsk_[A-Za-z0-9_-]+|(?<=://)[^\s/@\"']+(?=@)")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# Messages of these are written by us or by the operating system. Any other exception may quote
# the text it stumbled over.
_PLAIN_MESSAGES = (PenstockError, OSError)

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def mask_secrets(line: str) -> str:
    """Replace API keys and the credentials in URLs."""
    return _SECRETS.sub(lambda found: "psk_***" if found[0].startswith("psk_") else "***", line)


def escape_controls(text: str) -> str:
    r"""Write control and direction characters as `\xNN` or `\uNNNN`."""
    return _CONTROLS.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


class ExceptionFrames:
    """A structlog step that turns `exc_info` into class names and frames.

    The messages are left out, unless they cannot hold request text or `with_messages` is set.
    """

    def __init__(self, *, with_messages: bool) -> None:
        self._with_messages = with_messages

    def __call__(
        self, logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Replace the event's `exc_info`, if it has one."""
        error = _exception(event.pop("exc_info", None))
        if error is not None:
            event["exception"] = [self._describe(cause) for cause in _causes(error)]
        return event

    def _describe(self, error: BaseException) -> dict[str, Any]:
        described: dict[str, Any] = {"type": type(error).__name__}
        if self._with_messages or isinstance(error, _PLAIN_MESSAGES):
            described["message"] = str(error)
        stack = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
        described["frames"] = [f"{f.filename}:{f.lineno} {f.name}" for f in stack]
        return described


def _exception(exc_info: BaseException | ExcInfo | bool | None) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1]
    if exc_info:
        return sys.exc_info()[1]
    return None


def _causes(error: BaseException) -> list[BaseException]:
    """Return the exception and what led to it, newest first."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain and len(chain) < 8:
        chain.append(current)
        if isinstance(current, BaseExceptionGroup):
            chain += [e for e in current.exceptions if e not in chain]
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return chain
