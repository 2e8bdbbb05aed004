"""Checks of what filters hand over. Messages name the field, never the value: it may be a text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real


def texts(owner: str, *values: object) -> None:
    """Refuse what is no string, such as a path or a plain enum.

    Raises:
        TypeError: one is none.
    """
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{owner} holds a {type(value).__name__} where a str belongs")


def positions(owner: str, *values: object) -> None:
    """Refuse what is no whole number; numpy's count as such.

    Raises:
        TypeError: one is none.
    """
    for value in values:
        if type(value) is not int and not isinstance(value, Integral):
            raise TypeError(f"{owner} holds a {type(value).__name__} where an int belongs")


def number(owner: str, value: object) -> None:
    """Refuse what is no finite number.

    Raises:
        TypeError: it is no number.
        ValueError: it is NaN or infinite.
    """
    if not math.isfinite(_real(owner, value)):
        raise ValueError(f"{owner} holds a number that is not finite")


def score(owner: str, value: object) -> None:
    """Refuse what is no number in [0, 1].

    Raises:
        TypeError: it is no number.
        ValueError: it lies outside.
    """
    if not 0.0 <= _real(owner, value) <= 1.0:
        raise ValueError(f"{owner} holds a score outside of [0, 1]")


def scores(owner: str, values: object) -> None:
    """Refuse what is no mapping of labels to scores.

    Raises:
        TypeError: the mapping, a label or a score has the wrong type.
        ValueError: a score lies outside of [0, 1].
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"{owner} holds a {type(values).__name__} where a mapping belongs")
    texts(owner, *values)
    for value in values.values():
        score(owner, value)


def members(owner: str, values: object, kind: type) -> None:
    """Refuse what is no tuple of `kind` itself; a subclass could hold what cannot be recorded.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(values, tuple) or any(type(value) is not kind for value in values):
        raise TypeError(f"{owner} holds something else than a tuple of {kind.__name__}")


def _real(owner: str, value: object) -> float:
    if type(value) is not float and not isinstance(value, Real):
        raise TypeError(f"{owner} holds a {type(value).__name__} where a float belongs")
    return value  # type: ignore[return-value]  # it behaves like one, numpy's scalars do too
