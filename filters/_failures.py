"""What a filter raises to say why it cannot judge; everything else is an error of its own."""

from __future__ import annotations


class Busy(Exception):
    """What the filter asks is at its limit: its threads, or a service that answers 429."""


class Unavailable(Exception):
    """What the filter asks is away: a service that refuses connections, hangs up or answers 5xx."""
