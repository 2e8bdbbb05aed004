"""Times as people type them: a moment, or how long from now."""

from __future__ import annotations

import datetime as dt
import re

import typer

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(\d{1,6})([smhdw])")

HINT = "30m, 12h, 7d, 2w, or a moment such as 2026-11-30T08:00"


def ago(text: str) -> dt.datetime:
    """Read a moment; a span counts back from now.

    Raises:
        BadParameter: it is neither.
    """
    return _read(text, -1)


def ahead(text: str) -> dt.datetime:
    """Read a moment to come; a span counts on from now.

    Raises:
        BadParameter: it is neither, or it is past.
    """
    moment = _read(text, 1)
    if moment <= _now():
        raise typer.BadParameter("That time is past.")
    return moment


def shown(moment: dt.datetime | None, otherwise: str = "") -> str:
    """Write a moment in the reader's own time zone."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else otherwise


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _read(text: str, direction: int) -> dt.datetime:
    try:
        span = _SPAN.fullmatch(text)
        if span:
            return _now() + direction * dt.timedelta(**{_UNITS[span[2]]: int(span[1])})
        return dt.datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"Not a time. Write {HINT}.") from None
