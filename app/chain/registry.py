"""Find filters by name and build them from their options, at start and never while serving."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import ValidationError

import filters
from app.chain.contract import check_class, check_instance, named
from app.errors import FilterError
from app.settings.source import did_you_mean
from filters import Filter

GROUP = "penstock.filters"

_BROKEN = (Exception, SystemExit)
"""What a module may raise while it is imported; a script without a guard ends itself."""
_LISTS = dict.fromkeys(
    ("tuple_type", "list_type", "set_type", "frozen_set_type"), 'it must be a list: ["a", "b"]'
)
"""What is said of an option that pydantic names by the type that the filter keeps it in."""


def filter_names() -> list[str]:
    """Return the names of all filters: files of `filters/` and installed plug-ins."""
    return sorted(_built_in() | {plugin.name for plugin in entry_points(group=GROUP)})


def filter_class(name: str) -> type[Filter]:
    """Return the filter class called `name`.

    Raises:
        FilterError: there is no such filter, there are two, it cannot be imported, or it has not the
            form of the contract.
    """
    plugins = entry_points(group=GROUP, name=name)
    found = len(plugins) + (name in _built_in())
    if found == 0:
        known = filter_names()
        meant = did_you_mean(name, known)
        raise FilterError(f"There is no filter {name!r}{meant or '.'} Known: {', '.join(known)}.")
    if found > 1:
        raise FilterError(
            f"Two filters are called {name!r} ({filter_origin(name)}); uninstall one of the packages."
        )
    cls = _from_plugin(next(iter(plugins))) if plugins else _from_file(name)
    check_class(cls, name)
    return cls


def filter_origin(name: str) -> str:
    """Return where a filter comes from: its file, or the package that brings it, with its version."""
    plugins = [plugin for plugin in entry_points(group=GROUP, name=name) if plugin.dist]
    packages = [f"{plugin.dist.name} {plugin.dist.version}" for plugin in plugins if plugin.dist]
    files = [f"filters/{name}"] if name in _built_in() else []
    return ", ".join(files + packages)


def build(name: str, options: Mapping[str, Any]) -> Filter:
    """Make a filter with checked options.

    Raises:
        FilterError: as `filter_class`, or an option is unknown or malformed.
    """
    cls = filter_class(name)
    try:
        judge = cls(cls.options_model.model_validate(options))
    except ValidationError as error:
        raise FilterError(_described(error, name, cls)) from error
    except (ValueError, OSError) as error:
        raise FilterError(str(error)) from error
    except Exception as error:
        raise FilterError(f"Filter {name!r} cannot be made ({named(error)}).") from error
    check_instance(judge, name)
    return judge


def _described(error: ValidationError, name: str, cls: type[Filter]) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "options"
    known = cls.options_model.model_fields
    if first["type"] == "extra_forbidden":
        reason = f"unknown option {where!r}{did_you_mean(where, known)}"
    else:
        reason = f"{where}: {_LISTS.get(first['type'], first['msg'])}"
    return f"{reason} (options of {name}: {', '.join(known) or 'none'})."


def _built_in() -> set[str]:
    return {m.name for m in pkgutil.iter_modules(filters.__path__) if not m.name.startswith("_")}


def _from_file(name: str) -> type[Filter]:
    try:
        module = importlib.import_module(f"filters.{name}")
    except _BROKEN as error:
        raise FilterError(f"filters/{name}.py cannot be imported ({named(error)}).") from error
    classes = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Filter) and member.__module__.startswith(module.__name__)
    ]
    if len(classes) != 1:
        raise FilterError(f"filters/{name}.py must hold exactly one Filter, not {len(classes)}.")
    return classes[0]


def _from_plugin(plugin: EntryPoint) -> type[Filter]:
    try:
        cls = plugin.load()
    except _BROKEN as error:
        reason = named(error)
        raise FilterError(f"Filter plug-in {plugin.value} cannot be loaded ({reason}).") from error
    if not (inspect.isclass(cls) and issubclass(cls, Filter)):
        raise FilterError(f"Filter plug-in {plugin.value} is not a subclass of filters.Filter.")
    return cls
