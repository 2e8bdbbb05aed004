"""Whether a filter of anybody's has the form that the contract asks for, before it judges anything."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_args

from app.errors import FilterError
from filters import Canary, Filter, Isolation, Options, Placeholders, Stage, Unit


def check_class(cls: type[Filter], name: str) -> None:
    """Accept a class that can be asked to judge.

    Raises:
        FilterError: an attribute or a method is not what the contract says.
    """
    for fault in _faults(cls):
        raise FilterError(f"Filter {name!r}: {fault}.")


def check_instance(judge: Filter, name: str) -> None:
    """Accept what an instance may set for itself.

    Raises:
        FilterError: its unit or its placeholders are none.
    """
    for fault in _faults_of_values(judge):
        raise FilterError(f"Filter {name!r}: {fault}.")


def canaries_of(judge: Filter) -> tuple[Canary, ...]:
    """Return the canaries of an instance.

    Raises:
        FilterError: they cannot be made, or are something else.
    """
    try:
        canaries = tuple(judge.canaries())
    except Exception as error:
        raise FilterError(f"its canaries cannot be made ({named(error)})") from error
    if not all(isinstance(one, Canary) for one in canaries):
        raise FilterError("`canaries` must return Canary objects: Canary(text, bad=True)")
    return canaries


def named(error: BaseException) -> str:
    """Return what somebody else's exception says, with its name; its words alone may say nothing."""
    return f"{type(error).__name__}: {error}"


def _faults(cls: type[Filter]) -> Iterator[str]:
    if cls.check is Filter.check:
        yield "it has no `check` method and would judge nothing"
    yield from _hook(cls.check, "check", "item")
    yield from _hook(cls.setup, "setup", "resources")
    yield from _hook(cls.close, "close")
    if inspect.iscoroutinefunction(cls.canaries):
        yield "`canaries` must be a `def`; it is called without a loop"
    if not _are_options(cls.options_model):
        yield "`options_model` must be a subclass of filters.Options, which refuses unknown options"
    if not _are_stages(cls.stages):
        yield "`stages` must be stages: frozenset({Stage.INPUT})"
    if cls.isolation not in get_args(Isolation):
        yield f"`isolation` must be one of {', '.join(get_args(Isolation))}"
    if not isinstance(cls.version, str):
        yield "`version` must be a str"
    if not isinstance(cls.unit, property):
        yield from _faults_of_values(cls)


def _faults_of_values(owner: Filter | type[Filter]) -> Iterator[str]:
    if not isinstance(owner.unit, Unit):
        yield "`unit` must be a Unit: Unit.sentence(), Unit.document() or Unit.window(size)"
    if not isinstance(owner.placeholders, Placeholders | property | None):
        yield "`placeholders` must be Placeholders() or None"


def _hook(function: Callable[..., Any], name: str, *parameters: str) -> Iterator[str]:
    """Yield what is wrong with one of the methods that the chain awaits."""
    written = f"`async def {name}({', '.join(('self', *parameters))})`"
    if not inspect.iscoroutinefunction(function):
        yield f"`{name}` must be an `async def`: {written}"
        return
    try:
        inspect.signature(function).bind(None, *parameters)
    except TypeError:
        yield f"`{name}` must be {written}"


def _are_options(model: object) -> bool:
    return inspect.isclass(model) and issubclass(model, Options)


def _are_stages(stages: object) -> bool:
    if not isinstance(stages, frozenset | set) or not stages:
        return False
    return all(isinstance(one, Stage) for one in stages)
